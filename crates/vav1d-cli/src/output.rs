//! Standard output is data, standard error is for people.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::shared_args::{Common, When};
use vav1d::pixels::Picture;
use vav1d::sink::{Begun, Shown, Sink, StreamInfo, Wants};

/// What is said on standard error.
#[derive(Clone, Copy, Debug)]
pub struct Notices {
    quiet: bool,
    silent: bool,
    color: bool,
    results: Paint,
}

/// Colours for words of results, or none. What they say is said by the words, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    /// As it should be.
    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Something to look at.
    pub fn odd(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Something to be done about.
    pub fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Notices {
    /// As the common options ask; also starts the log.
    pub fn new(common: &Common) -> Self {
        let on = |is_terminal: bool| match common.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
                is_terminal && !dumb && !no_color
            }
        };
        let color = on(io::stderr().is_terminal());
        start_log(common, color);
        let results = Paint(on(io::stdout().is_terminal()));
        Self { quiet: common.quiet, silent: false, color, results }
    }

    /// Errors without colour, and no log.
    pub fn plain() -> Self {
        Self { quiet: false, silent: false, color: false, results: Paint(false) }
    }

    /// Says nothing at all.
    pub fn silent() -> Self {
        Self { quiet: true, silent: true, color: false, results: Paint(false) }
    }

    /// Colours for standard error.
    pub fn paint(&self) -> Paint {
        Paint(self.color)
    }

    /// Colours for results on standard output.
    pub fn results(&self) -> Paint {
        self.results
    }

    /// Something that the user should know, and that is no fault.
    pub fn notice(&self, text: &str) {
        if !self.quiet {
            self.line("", "vav1d", text);
        }
    }

    /// A fault.
    pub fn error(&self, text: &str) {
        if self.silent {
            return;
        }
        self.line("\x1b[1;31m", "vav1d: error", text);
    }

    /// A closed standard error is nobody's concern.
    fn line(&self, style: &str, who: &str, text: &str) {
        let mut err = io::stderr().lock();
        let _ = if self.color && !style.is_empty() {
            writeln!(err, "{style}{who}\x1b[0m: {text}")
        } else {
            writeln!(err, "{who}: {text}")
        };
    }

    /// A progress bar over `total` of `unit` (0 if unknown): on a terminal only, not before half a
    /// second, and never with `-q`.
    pub fn progress(&self, total: u64, unit: &str) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let form = if total == 0 {
            format!("{{spinner}} {{pos}} {unit}, {{per_sec}}")
        } else {
            format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left")
        };
        if let Ok(style) = ProgressStyle::with_template(&form) {
            bar.set_style(style);
        }
        bar
    }
}

fn start_log(common: &Common, color: bool) {
    let default = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "info",
        (_, 2) => "debug",
        _ => "trace",
    };
    // A Wayland window without a desktop's settings is no fault of anybody's.
    let default = format!("{default},sctk_adwaita=off");
    let env = env_logger::Env::new().filter_or("VAV1D_LOG", default);
    let style = if color { env_logger::WriteStyle::Always } else { env_logger::WriteStyle::Never };
    // A second start in one process (tests) keeps the first log.
    let _ = env_logger::Builder::from_env(env)
        .write_style(style)
        .format_timestamp(None)
        .format_target(false)
        .try_init();
}

/// What became of a report: whoever stops reading it gets the exit code all the same.
///
/// # Errors
/// It could not be written, but for a reader that went away.
pub fn told(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::output),
    }
}

/// Makes the file `path` for output, unless it is one of `inputs`, by whatever name.
///
/// # Errors
/// It is one of them (exit 2), or cannot be made; the file is named.
pub fn create(path: &Path, inputs: &[&Path]) -> Result<File> {
    if let Some(input) = inputs.iter().find(|input| is_same(path, input)) {
        let what = "the output would be written over the input";
        return Err(Failure::new(Exit::Usage, format!("{}: {what}", input.display())));
    }
    File::create(path).map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", path.display())))
}

/// Whether two paths lead to one regular file, by links of any kind.
fn is_same(a: &Path, b: &Path) -> bool {
    let (Ok(one), Ok(other)) = (std::fs::metadata(a), std::fs::metadata(b)) else { return false };
    #[cfg(unix)]
    let same = {
        use std::os::unix::fs::MetadataExt;
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    };
    #[cfg(not(unix))]
    let same = a.canonicalize().ok() == b.canonicalize().ok();
    one.is_file() && other.is_file() && same
}

/// Where records go in place of standard output: `--records`.
static RECORDS: OnceLock<File> = OnceLock::new();

/// Data goes into `path` from now on. Standard output is left to whatever else writes there: a
/// driver, say.
///
/// # Errors
/// The file cannot be opened for writing.
pub fn records(path: &Path) -> io::Result<()> {
    let file = File::options().write(true).create(true).truncate(true).open(path)?;
    // A second call in one process keeps the first file.
    let _ = RECORDS.set(file);
    Ok(())
}

/// Where data goes: standard output, or the file of `--records`.
#[derive(Debug)]
pub enum Data {
    /// Standard output.
    Stdout(io::Stdout),
    /// The file of `--records`.
    Records(&'static File),
}

impl Write for Data {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Records(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Records(file) => file.flush(),
        }
    }
}

/// Where data goes, buffered; the last line is flushed when it is dropped or at the end.
pub fn stdout() -> BufWriter<Data> {
    BufWriter::new(match RECORDS.get() {
        Some(file) => Data::Records(file),
        None => Data::Stdout(io::stdout()),
    })
}

/// A sink that counts on a progress bar and stops when the user interrupts.
pub struct Watched<'a> {
    inner: &'a mut dyn Sink,
    bar: ProgressBar,
    interrupted: Arc<AtomicBool>,
    started: std::time::Instant,
}

impl<'a> Watched<'a> {
    /// Watches `inner`.
    pub fn new(inner: &'a mut dyn Sink, bar: ProgressBar, interrupted: Arc<AtomicBool>) -> Self {
        Self { inner, bar, interrupted, started: std::time::Instant::now() }
    }
}

impl Watched<'_> {
    /// Picture `index` comes.
    fn watch(&self, index: u64) -> io::Result<()> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.started.elapsed() > Duration::from_millis(500) {
            self.bar.set_position(index);
        }
        Ok(())
    }
}

impl Sink for Watched<'_> {
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        self.inner.begin(info)
    }

    fn wants(&self) -> Wants {
        self.inner.wants()
    }

    fn keeps_core(&self) -> bool {
        self.inner.keeps_core()
    }

    fn begin_parts(&mut self, info: &StreamInfo) -> io::Result<()> {
        self.inner.begin_parts(info)
    }

    fn start(&mut self, picture: &Begun) -> io::Result<()> {
        self.watch(picture.index)?;
        self.inner.start(picture)
    }

    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.part(bytes)
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.take(shown.clone()).map(|_| ())
    }

    fn take(&mut self, shown: Shown) -> io::Result<Option<Picture>> {
        self.watch(shown.index)?;
        self.inner.take(shown)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        self.inner.finish()
    }
}

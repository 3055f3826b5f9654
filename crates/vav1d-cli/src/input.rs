//! Opens the input.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use super::args::{InputArgs, InputFormat};
use super::exit::Exit;
use super::failure::{Failure, Result};
use vav1d::container::{self, Format, Source, Wish};
use vav1d::error::Error;
use vav1d::limits::Limits;
use vav1d_lab::watch::tail;

/// How often one looks whether a file has grown.
const LOOK: Duration = Duration::from_millis(20);

/// A file that is still being written: its end is where nothing comes any more.
struct Followed {
    file: File,
    /// How long is waited.
    patience: Duration,
}

impl Read for Followed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let begun = Instant::now();
        loop {
            let got = self.file.read(to)?;
            if got > 0 || to.is_empty() || begun.elapsed() > self.patience {
                return Ok(got);
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// The file at `path`, and whether one can seek in it.
fn file(path: &Path) -> io::Result<(File, bool)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    match metadata.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok((file, metadata.is_file())),
    }
}

/// The stream that a path means: of a capture (`session-N.jsonl`, or without an extension) the one
/// beside it, and what a killed application left of it is put in its place.
pub(super) fn stream_of(path: &Path) -> io::Result<Cow<'_, Path>> {
    let is_records = path.extension().is_some_and(|extension| extension == "jsonl");
    let is_capture = || path.extension().is_none() && path.with_extension("jsonl").is_file();
    let stream = path.with_extension("obu");
    let named = match is_records || (!path.exists() && is_capture()) {
        true if stream.is_file() => Cow::Owned(stream),
        _ => Cow::Borrowed(path),
    };
    complete(&named)?;
    Ok(named)
}

/// Puts what a killed application left of a capture in its place, if the stream is one's.
pub(super) fn complete(stream: &Path) -> io::Result<()> {
    match stream.extension().is_some_and(|extension| extension == "obu") {
        true => tail::complete(stream),
        false => Ok(()),
    }
}

/// The source that the arguments name.
pub(super) fn open(args: &InputArgs) -> Result<Box<dyn Source>> {
    source(args).map_err(Error::from).map_err(|error| {
        let exit = Exit::of(&error);
        Failure { exit, error: anyhow::Error::from(error).context(args.file.display().to_string()) }
    })
}

/// The same, with the demuxer's error.
pub(super) fn source(args: &InputArgs) -> container::error::Result<Box<dyn Source>> {
    let format = match args.container.input_format {
        InputFormat::Auto => None,
        InputFormat::Ivf => Some(Format::Ivf),
        InputFormat::Section5 => Some(Format::Section5),
        InputFormat::Annexb => Some(Format::AnnexB),
        InputFormat::Matroska => Some(Format::Matroska),
        InputFormat::Mp4 => Some(Format::Mp4),
    };
    let (limits, wish) = (Limits::default(), Wish { format, track: args.container.track });
    let mut source = match args.file.as_os_str() == "-" {
        true => container::open(Box::new(io::stdin()), wish, limits)?,
        false => match (file(&stream_of(&args.file)?)?, args.container.follow) {
            ((file, true), Some(patience)) => {
                let patience = Duration::from_secs_f64(patience);
                container::open(Box::new(Followed { file, patience }), wish, limits)?
            }
            ((file, true), None) => container::open_file(Box::new(file), wish, limits)?,
            ((file, false), _) => container::open(Box::new(file), wish, limits)?,
        },
    };
    if args.container.ignore_editlist {
        source.ignore_edit_list();
    }
    Ok(source)
}

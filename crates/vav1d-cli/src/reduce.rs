//! `vav1d reduce`: the smallest stream that still fails the same way.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::reduce_args::ReduceArgs;
use super::reduce_judge::{Children, beside};
use super::stop::Stop;
use super::{input, options, rewrite};
use av1_rewrite::stream::Stream;
use vav1d_lab::compare::Graph;
use vav1d_lab::conform::runner;
use vav1d_lab::reduce::{Reduced, reduce};

/// A folder that is removed at the end.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn run(
    args: &ReduceArgs,
    words: &[OsString],
    json: bool,
    notices: &Notices,
) -> Result<Exit> {
    let file = &args.pipeline.input.file;
    if file.as_os_str() == "-" {
        let why = "reduce reads its input more than once: a file is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    let unwritten = |path: &Path| {
        let path = path.display().to_string();
        move |e: io::Error| Failure::new(Exit::Output, format!("{path}: {e}"))
    };
    let stream = rewrite::stream(&args.pipeline.input)?;
    // It is looked before anything else whether the result can be written.
    drop(output::create(&args.output, &[file])?);
    let folder = Folder(runner::scratch(&std::env::temp_dir()));
    std::fs::create_dir_all(&folder.0).map_err(unwritten(&folder.0))?;
    let journal = beside(&args.output, ".judged");
    let stop = Stop::by_signals();
    let mut judge = Children::new(args, words, (&folder.0, &journal), &stop, notices)?;
    let reduced = reduced(&stream, args, &mut judge);
    judge.ends();
    let interrupted = reduced.as_ref().is_err_and(|failure| failure.exit == Exit::Interrupted);
    if !matches!(reduced, Ok(Some(_))) {
        // Nothing was written to the one; the other is for the next run.
        let _ = std::fs::remove_file(&args.output);
        let _ = if interrupted { Ok(()) } else { std::fs::remove_file(&journal) };
    }
    let Some(reduced) = reduced? else {
        let why =
            format!("{}: it does not fail, so there is nothing to make smaller", file.display());
        return Err(Failure::new(Exit::No, why));
    };
    std::fs::write(&args.output, &reduced.file).map_err(unwritten(&args.output))?;
    let hashes = beside(&args.output, ".framemd5");
    let sound = hashed(&args.output, &hashes)?;
    let _ = std::fs::remove_file(&journal);
    let told = Told::new(args, &stream, reduced, &judge, sound)?;
    output::told(match json {
        true => told.write_json(),
        false => told.write_text(&mut output::stdout()),
    })?;
    Ok(Exit::Done)
}

/// The reduction of `stream`; a crash is looked at once more with one frame in flight, which says
/// which frame it was.
fn reduced(
    stream: &Stream,
    args: &ReduceArgs,
    judge: &mut Children<'_>,
) -> Result<Option<Reduced>> {
    use vav1d_lab::reduce::Judge as _;
    let point = args.pipeline.layers.operating_point;
    let unwritten = |why| {
        let file = args.pipeline.input.file.display();
        Failure::new(Exit::Unsupported, format!("{file}: it cannot be written again: {why}"))
    };
    let file = vav1d_lab::reduce::file(stream).map_err(unwritten)?;
    let Some(failing) = judge.judge(stream, &file)? else { return Ok(None) };
    for code in [Exit::Usage, Exit::NoInput, Exit::Unsupported] {
        if args.check.is_none() && failing.class == format!("exit {}", code.code()) {
            let why = format!("`{}` says why", judge.command(&args.pipeline.input.file));
            return Err(Failure::new(code, format!("it cannot be judged: {why}")));
        }
    }
    if args.check.is_none() && failing.origin.is_none() && judge.one_at_a_time() {
        let again = judge.judge(stream, &file)?;
        if again.is_none_or(|again| again.class != failing.class) {
            judge.several_at_a_time();
        }
    }
    reduce(stream, point, judge)?.map_err(unwritten)
}

/// Writes the MD5s that a right decoder has of `file`; whether there is nothing wrong with it.
fn hashed(file: &Path, hashes: &Path) -> Result<bool> {
    let own = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
    let output = Command::new(own)
        .args(["-q", "md5", "--device", "soft", "--force", "--"])
        .arg(file)
        .output()
        .map_err(|e| Failure::new(Exit::Fault, e))?;
    std::fs::write(hashes, &output.stdout)
        .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", hashes.display())))?;
    Ok(output.status.success())
}

/// What there is to say.
struct Told<'a> {
    args: &'a ReduceArgs,
    reduced: Reduced,
    /// Frames and bytes of the whole.
    whole: (usize, u64),
    judged: u32,
    command: String,
    /// The number of the first wrong frame in the reduced stream.
    frame: Option<usize>,
    graph: Graph,
    sound: bool,
}

impl<'a> Told<'a> {
    fn new(
        args: &'a ReduceArgs,
        stream: &Stream,
        reduced: Reduced,
        judge: &Children<'_>,
        sound: bool,
    ) -> Result<Self> {
        let mut input = super::args::InputArgs::of(&args.output);
        input.container.input_format = super::args::InputFormat::Ivf;
        let mut source = input::open(&input)?;
        let graph = Graph::of(&mut *source, options::planner(&args.pipeline.layers), None);
        let bytes = std::fs::metadata(&args.pipeline.input.file).map_or(0, |file| file.len());
        let is_it = |frame: u64| Some(frame) == reduced.failing.origin;
        let frame = reduced.stream.frames().position(|(_, frame)| is_it(frame.origin));
        Ok(Self {
            args,
            whole: (stream.frames().count(), bytes),
            judged: judge.judged,
            command: judge.command(&args.output),
            frame,
            graph,
            sound,
            reduced,
        })
    }

    /// Frame types, sizes, tiles, features: what a driver is to look at.
    fn remains(&self) -> String {
        let nodes = &self.graph.nodes;
        let types: Vec<_> = nodes.iter().map(|node| node.header.frame_type.to_string()).collect();
        let sizes: BTreeSet<_> = nodes.iter().map(vav1d_lab::compare::Node::size).collect();
        let sizes: Vec<_> = sizes.iter().map(|(w, h)| format!("{w}x{h}")).collect();
        let tiles: BTreeSet<_> = nodes
            .iter()
            .map(|node| {
                let tiles = &node.header.tile_info;
                (tiles.mi_col_starts.len().max(2) - 1) * (tiles.mi_row_starts.len().max(2) - 1)
            })
            .collect();
        let tiles: Vec<_> = tiles.iter().map(usize::to_string).collect();
        let features: BTreeSet<_> = nodes.iter().flat_map(|node| &node.features).copied().collect();
        let features: Vec<_> = features.into_iter().collect();
        let depth = nodes.first().map_or(0, |node| node.format().bit_depth);
        let (count, types, sizes, tiles, features) = (
            nodes.len(),
            types.join(" "),
            sizes.join(", "),
            tiles.join(" or "),
            features.join(" "),
        );
        format!("{count} frames ({types}), {sizes}, {depth} bit, tiles: {tiles}; {features}")
    }

    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let Reduced { failing, closure, file, .. } = &self.reduced;
        let (frames, bytes) = self.whole;
        let count = self.reduced.stream.frames().count();
        let output = self.args.output.display();
        writeln!(
            out,
            "{output}: {count} of {frames} frames, {} of {bytes} bytes; {} streams were judged",
            file.len(),
            self.judged
        )?;
        match (self.frame, failing.origin) {
            (Some(frame), Some(origin)) => writeln!(
                out,
                "it fails as before: {} in frame {frame} (frame {origin} of the whole)",
                failing.class
            )?,
            _ => writeln!(out, "it fails as before: {}", failing.class)?,
        }
        let list = closure.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        writeln!(out, "in the whole that frame needs {} frames: {list}", closure.len())?;
        if self.reduced.aimed {
            writeln!(out, "names of references point to other frames than in the whole")?;
        }
        writeln!(out, "what remains: {}", self.remains())?;
        if !self.reduced.without.is_empty() {
            writeln!(out, "switched off without effect: {}", self.reduced.without.join(", "))?;
        }
        if !self.reduced.needs.is_empty() {
            writeln!(out, "it does not fail without: {}", self.reduced.needs.join(", "))?;
        }
        match self.sound {
            true => writeln!(out, "what it should be: {output}.framemd5")?,
            false => writeln!(out, "softvk does not decode all of it: see {output}.framemd5")?,
        }
        writeln!(out, "again: {}", self.command)?;
        out.flush()
    }

    fn write_json(&self) -> io::Result<()> {
        let Reduced { failing, closure, file, without, needs, aimed, .. } = &self.reduced;
        let mut lines = Lines(output::stdout());
        lines.begin("reduce", Some(&self.args.pipeline.input.file), None)?;
        lines.write(&Record::Reduced(json!({
            "output": self.args.output.display().to_string(),
            "class": failing.class,
            "frame": self.frame,
            "origin": failing.origin,
            "frames": self.reduced.stream.frames().count(),
            "bytes": file.len(),
            "frames_before": self.whole.0,
            "bytes_before": self.whole.1,
            "closure": closure,
            "aimed": aimed,
            "without": without,
            "needs": needs,
            "remains": self.remains(),
            "judged": self.judged,
            "sound": self.sound,
            "command": self.command,
        })))?;
        lines.0.flush()
    }
}

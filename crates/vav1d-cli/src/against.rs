//! What a decode is compared with: another device's pictures, or those of a file, one by one.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use super::args::{FilmGrain, PipelineArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::Notices;
use super::pipeline::Pipeline;
use super::shape::ShapeArgs;
use vav1d::pixels::{Chroma, Picture};
use vav1d_lab::compare::trace::Wanted;
use vav1d_lab::compare::{Graph, Next, Node};
use vav1d_lab::conform::files::without_bom;
use vav1d_lab::conform::options::REFERENCE;
use vav1d_lab::conform::{Expected, oracle};
use vav1d_lab::watch::capture::Capture;

/// Pictures that wait for the other side, at most.
const AHEAD: usize = 4;

/// What is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// What this device decodes.
    Device(String),
    /// What is in a file: output pictures.
    File(PathBuf),
    /// A file with one MD5 of all that is output.
    Total(PathBuf, String),
}

/// One right picture, or what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// The picture.
    Picture(Picture),
    /// Its MD5.
    Md5(String),
}

impl Against {
    /// A file where there is one of this name, else a device.
    ///
    /// # Errors
    /// The file's name says that it has hashes, and it has none that are understood; or nothing
    /// says what it has.
    pub(super) fn of(text: &str) -> Result<Self> {
        let path = Path::new(text);
        // A device's name has no folders, and none of these endings, whatever files there are;
        // softvk's words may.
        let is_soft =
            text.strip_prefix(REFERENCE).is_some_and(|s| s.is_empty() || s.starts_with(':'));
        let is_path = path.components().count() > 1 || Form::of(path).is_some();
        if is_soft || !is_path {
            return Ok(Self::Device(text.to_owned()));
        }
        if !path.is_file() {
            return Err(Failure::new(Exit::NoInput, format!("{text}: there is no such file")));
        }
        match Form::of(path) {
            Some(Form::Md5) => match expected(path)? {
                Expected::Total(md5) => Ok(Self::Total(path.to_owned(), md5)),
                Expected::Frames(_) | Expected::Refused => Ok(Self::File(path.to_owned())),
            },
            Some(_) => Ok(Self::File(path.to_owned())),
            None => {
                let why =
                    "is no reference that can be read: .yuv, .y4m, .md5, .framemd5 or a capture";
                Err(Failure::new(Exit::Usage, format!("{text}: {why}")))
            }
        }
    }

    /// Starts to bring pictures, as `wanted` (of files: what is output), in order.
    pub(super) fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        args: &PipelineArgs,
        wanted: Wanted,
        graph: &'scope Graph,
    ) -> Rights<'scope> {
        let (sender, receiver) = sync_channel(AHEAD);
        let thread = match self {
            Self::Device(device) => {
                let args = reference(args, device, wanted);
                scope.spawn(move || decode(&args, wanted, &sender))
            }
            Self::File(path) | Self::Total(path, _) => {
                let limited = args.limit.is_some();
                scope.spawn(move || read(path, graph, limited, &sender))
            }
        };
        Rights { receiver, thread }
    }
}

/// How the right pictures are decoded: as simply as it goes.
pub(super) fn reference(args: &PipelineArgs, device: &str, wanted: Wanted) -> PipelineArgs {
    let film_grain = match (args.film_grain, wanted) {
        (_, Wanted::Decoded) => FilmGrain::Cpu,
        (FilmGrain::Off, _) => FilmGrain::Off,
        _ => FilmGrain::On,
    };
    PipelineArgs {
        device: device.to_owned(),
        film_grain,
        force: true,
        validate: false,
        plant: None,
        retry_device: false,
        spare_plants: true,
        keep_failed: false,
        journal: None,
        overwritable: false,
        shape: ShapeArgs::default(),
        ..args.clone()
    }
}

/// Right pictures on their way.
pub(super) struct Rights<'scope> {
    receiver: Receiver<Right>,
    thread: ScopedJoinHandle<'scope, Result<()>>,
}

impl Rights<'_> {
    /// The next one; `None` if there are no more.
    pub(super) fn next(&self) -> Option<Right> {
        self.receiver.recv().ok()
    }

    /// Wants no more.
    /// # Errors
    /// Why there were not as many as there should be.
    pub(super) fn finish(self) -> Result<()> {
        drop(self.receiver);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(Failure::new(Exit::Fault, "the reference's thread ended")))
    }
}

fn decode(args: &PipelineArgs, wanted: Wanted, sender: &SyncSender<Right>) -> Result<()> {
    let quiet = Notices::silent();
    let pipeline = Pipeline::judged(args, &quiet)?;
    let traced = pipeline.trace(args, wanted, &mut |traced| match sender
        .send(Right::Picture(traced.picture))
    {
        Ok(()) => Next::Go,
        Err(_) => Next::Stop,
    });
    traced.map(|_| ())
}

/// What is in a file, by its ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Md5,
    Y4m,
    Yuv,
}

impl Form {
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            "md5" | "framemd5" | "jsonl" => Some(Self::Md5),
            "y4m" => Some(Self::Y4m),
            "yuv" | "i420" | "raw" => Some(Self::Yuv),
            _ => None,
        }
    }
}

/// The hashes of a file: libaom's lines, ffmpeg's framemd5, one hash of all, or those of a capture.
fn expected(path: &Path) -> Result<Expected> {
    if path.extension().is_some_and(|extension| extension == "jsonl") {
        return captured(path);
    }
    let fail = |why: String| Failure::new(Exit::NoInput, format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    oracle::parse(without_bom(&text)).map(|(_, expected)| expected).map_err(fail)
}

/// The pictures of a capture, as the application's own device decoded them.
fn captured(path: &Path) -> Result<Expected> {
    let fail = |why: String| Failure::new(Exit::NoInput, format!("{}: {why}", path.display()));
    let capture = Capture::read(path).map_err(|why| Failure::new(Exit::NoInput, why))?;
    // What could not be coded is not in the stream.
    let coded = capture.frames().filter(|frame| frame.fault.is_none());
    let md5 = |number: u64| {
        let found = capture.pictures.get(&number).cloned();
        found.ok_or_else(|| fail(format!("frame {number} has no picture (vav1d watch --pictures)")))
    };
    Ok(Expected::Frames(coded.map(|frame| md5(frame.number)).collect::<Result<_>>()?))
}

fn read(path: &Path, graph: &Graph, limited: bool, sender: &SyncSender<Right>) -> Result<()> {
    let fail = |e: io::Error| Failure::new(Exit::NoInput, format!("{}: {e}", path.display()));
    let wanted = graph.outputs.len();
    let open = || File::open(path).map(BufReader::new).map_err(fail);
    let (had, more) = match Form::of(path) {
        Some(Form::Md5) => {
            let frames = match expected(path)? {
                Expected::Frames(frames) => frames,
                Expected::Total(md5) => vec![md5],
                // No file of hashes says so.
                Expected::Refused => Vec::new(),
            };
            let n = frames.len();
            for md5 in frames {
                if sender.send(Right::Md5(md5)).is_err() {
                    break;
                }
            }
            (n, n > wanted)
        }
        Some(Form::Y4m) => {
            let mut file = open()?;
            let mut header = Vec::new();
            file.read_until(b'\n', &mut header).map_err(fail)?;
            fits(&header, graph).map_err(|why| fail(io::Error::other(why)))?;
            let had = pictures(&mut file, graph, true, sender).map_err(fail)?;
            (had, !file.fill_buf().map_err(fail)?.is_empty())
        }
        Some(Form::Yuv) | None => {
            let mut file = open()?;
            let had = pictures(&mut file, graph, false, sender).map_err(fail)?;
            (had, !file.fill_buf().map_err(fail)?.is_empty())
        }
    };
    let path = path.display();
    if had < wanted {
        let why = format!("{path}: it has {had} pictures, the stream outputs {wanted}");
        return Err(Failure::new(Exit::NoInput, why));
    }
    match more && !limited {
        true => {
            let why = format!("{path}: it has more pictures than the {wanted} of the stream");
            Err(Failure::new(Exit::NoInput, why))
        }
        false => Ok(()),
    }
}

/// Whether a Y4M header is of the stream's first output picture.
fn fits(header: &[u8], graph: &Graph) -> std::result::Result<(), String> {
    let text = String::from_utf8_lossy(header);
    let mut words = text.trim_end().split(' ');
    if words.next() != Some("YUV4MPEG2") {
        return Err("no Y4M header".to_owned());
    }
    let words: Vec<&str> = words.collect();
    let value = |name: char| words.iter().find_map(|word| word.strip_prefix(name));
    let shown = graph.outputs.first().and_then(|shown| graph.node(shown.frame));
    let Some(node) = shown else { return Ok(()) };
    let (width, height) = node.size();
    let format = node.format();
    let chroma = match format.chroma {
        Chroma::Monochrome => "mono",
        Chroma::Yuv420 => "420",
        Chroma::Yuv422 => "422",
        Chroma::Yuv444 => "444",
    };
    // 420jpeg, 420p10, mono12: the subsampling, then where chroma lies, then bits above 8.
    let is = value('C').unwrap_or("420");
    let depth = is.strip_prefix(chroma).map(|rest| {
        let digits = rest.strip_prefix('p').unwrap_or(rest);
        digits.parse().unwrap_or(8)
    });
    let same = depth == Some(format.bit_depth);
    let (w, h) = (value('W').unwrap_or("?"), value('H').unwrap_or("?"));
    if w.parse() == Ok(width) && h.parse() == Ok(height) && same {
        return Ok(());
    }
    let depth = format.bit_depth;
    Err(format!("it is {w}x{h} C{is}, the stream outputs {width}x{height} {chroma} {depth} bit"))
}

/// Raw pictures of the sizes that the stream's output has; with `frames`, a line before each. How
/// many there are.
fn pictures(
    file: &mut dyn BufRead,
    graph: &Graph,
    frames: bool,
    sender: &SyncSender<Right>,
) -> io::Result<usize> {
    let mut had = 0;
    for node in graph.outputs.iter().filter_map(|shown| graph.node(shown.frame)) {
        if file.fill_buf()?.is_empty() {
            break;
        }
        if frames {
            let mut line = Vec::new();
            file.read_until(b'\n', &mut line)?;
            if !line.starts_with(b"FRAME") {
                return Err(io::Error::other("no FRAME where one should begin"));
            }
        }
        let picture = picture(file, node).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other(format!("it ends in picture {had}")),
            _ => error,
        })?;
        had += 1;
        if sender.send(Right::Picture(picture)).is_err() {
            // Nobody wants the rest, and nobody is told how much there is.
            return Ok(graph.outputs.len());
        }
    }
    Ok(had)
}

fn picture(file: &mut dyn BufRead, node: &Node) -> io::Result<Picture> {
    let (width, height) = node.size();
    let mut picture = Picture::new(node.format(), width, height);
    file.read_exact(&mut picture.data)?;
    Ok(picture)
}

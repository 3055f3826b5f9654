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
use crate::compare::trace::Wanted;
use crate::compare::{Graph, Next, Node};
use crate::pixels::Picture;

/// Pictures that wait for the other side, at most.
const AHEAD: usize = 4;

/// What is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// What this device decodes.
    Device(String),
    /// What is in a file: output pictures.
    File(PathBuf),
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
    pub(super) fn of(text: &str) -> Self {
        match Path::new(text).is_file() {
            true => Self::File(text.into()),
            false => Self::Device(text.to_owned()),
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
            Self::File(path) => scope.spawn(move || read(path, graph, &sender)),
        };
        Rights { receiver, thread }
    }
}

/// How the right pictures are decoded: as simply as it goes.
fn reference(args: &PipelineArgs, device: &str, wanted: Wanted) -> PipelineArgs {
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
        spare_plants: true,
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

fn read(path: &Path, graph: &Graph, sender: &SyncSender<Right>) -> Result<()> {
    let fail = |e: io::Error| Failure::new(Exit::NoInput, format!("{}: {e}", path.display()));
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut file = BufReader::new(File::open(path).map_err(fail)?);
    match extension.as_str() {
        "md5" | "framemd5" => md5s(&mut file, sender).map_err(fail),
        "y4m" => {
            let mut header = Vec::new();
            file.read_until(b'\n', &mut header).map_err(fail)?;
            if !header.starts_with(b"YUV4MPEG2 ") {
                return Err(fail(io::Error::other("no Y4M header")));
            }
            pictures(&mut file, graph, true, sender).map_err(fail)
        }
        _ => pictures(&mut file, graph, false, sender).map_err(fail),
    }
}

/// MD5s of libaom's, or of ffmpeg's framemd5: `#` lines are comments; the hash is the word of 32
/// hexadecimal digits.
fn md5s(file: &mut dyn BufRead, sender: &SyncSender<Right>) -> io::Result<()> {
    for line in file.lines() {
        let line = line?;
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let words = line.split([',', ' ', '\t']).map(str::trim);
        let is_md5 = |w: &&str| w.len() == 32 && w.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(md5) = words.into_iter().find(is_md5) else {
            return Err(io::Error::other(format!("no MD5 in the line `{line}`")));
        };
        if sender.send(Right::Md5(md5.to_lowercase())).is_err() {
            break;
        }
    }
    Ok(())
}

/// Raw pictures of the sizes that the stream's output has; with `frames`, a line before each.
fn pictures(
    file: &mut dyn BufRead,
    graph: &Graph,
    frames: bool,
    sender: &SyncSender<Right>,
) -> io::Result<()> {
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
        let picture = picture(file, node)?;
        if sender.send(Right::Picture(picture)).is_err() {
            break;
        }
    }
    Ok(())
}

fn picture(file: &mut dyn BufRead, node: &Node) -> io::Result<Picture> {
    let (width, height) = node.size();
    let mut picture = Picture::new(node.format(), width, height);
    file.read_exact(&mut picture.data)?;
    Ok(picture)
}

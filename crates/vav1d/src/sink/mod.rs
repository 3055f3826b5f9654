//! Outputs. One file a format; a sink takes pictures in output order.

mod beside;
mod hash;
mod hashes;
mod null;
mod y4m;
mod yuv;

use std::io::{self, Write};
use std::path::Path;

use crate::pixels::Picture;

pub use beside::{Batches, Beside};
pub use hash::{Hash, Hasher, md5_hex};
pub use hashes::{FrameHashes, TotalHash};
pub use null::Null;
pub use y4m::Y4m;
pub use yuv::Yuv;

/// A kind of sink: a row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Name, as `--output-format` takes it.
    pub name: &'static str,
    /// Extension of its files, without the dot.
    pub extension: &'static str,
    open: fn(Box<dyn Write + Send>) -> Box<dyn Sink>,
}

impl Kind {
    /// A sink of this kind that writes to `out`.
    pub fn open(&self, out: Box<dyn Write + Send>) -> Box<dyn Sink> {
        (self.open)(out)
    }
}

/// All kinds.
const KINDS: &[Kind] = &[
    DEFAULT,
    Kind { name: "y4m", extension: "y4m", open: |out| Box::new(Y4m::new(out)) },
    Kind { name: "md5", extension: "md5", open: |out| total(out, Hash::Md5) },
    Kind { name: "framemd5", extension: "framemd5", open: |out| frames(out, Hash::Md5) },
    Kind { name: "null", extension: "null", open: |_| Box::new(Null) },
];

/// Raw planes, where neither a name nor an extension says otherwise.
pub const DEFAULT: Kind =
    Kind { name: "yuv", extension: "yuv", open: |out| Box::new(Yuv::new(out)) };

/// A line with the `hash` of each picture.
pub fn frames(out: Box<dyn Write + Send>, hash: Hash) -> Box<dyn Sink> {
    Box::new(Beside::new(FrameHashes::new(out, hash)))
}

/// One line with the `hash` of all pictures together.
pub fn total(out: Box<dyn Write + Send>, hash: Hash) -> Box<dyn Sink> {
    Box::new(Beside::new(TotalHash::new(out, hash)))
}

/// Names of all kinds.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// The kind called `name`.
pub fn by_name(name: &str) -> Option<Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}

/// The kind whose files are called like `path`.
pub fn by_extension(path: &Path) -> Option<Kind> {
    let extension = path.extension()?.to_str()?.to_lowercase();
    KINDS.iter().find(|kind| kind.extension == extension).copied()
}

/// A picture on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The picture.
    pub picture: Picture,
    /// Output index, from 0, counted before `--skip` and `--limit`.
    pub index: u64,
    /// Presentation time in the stream's time base, if known.
    pub pts: Option<i64>,
}

/// What a sink knows before the first picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Seconds of one tick of `pts`: (numerator, denominator).
    pub time_base: (u32, u32),
    /// Pictures a second, as a ratio.
    pub frame_rate: (u32, u32),
    /// Size of the first picture in luma samples.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// RenderWidth and RenderHeight of the first picture.
    pub render_size: (u32, u32),
    /// `chroma_sample_position` of 5.5.2.
    pub chroma_sample_position: u8,
    /// `color_range`: full range.
    pub color_range: bool,
    /// Sample format of the first picture.
    pub format: crate::pixels::Format,
}

/// What a sink can do with the samples of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// It has to have them in one piece.
    Pictures,
    /// It takes them one part after the other, too.
    Parts,
    /// It looks at none.
    Nothing,
}

/// A picture that comes in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// As [`Shown::index`].
    pub index: u64,
    /// As [`Shown::pts`].
    pub pts: Option<i64>,
    /// Sample format.
    pub format: crate::pixels::Format,
    /// Width and height in luma samples.
    pub size: (u32, u32),
}

/// One output. It gets either pictures ([`Sink::begin`], then [`Sink::take`]), or, if it
/// [wants](Sink::wants) no pictures and they need not be in one piece, each in parts
/// ([`Sink::begin_parts`], then [`Sink::start`] and [`Sink::part`]).
pub trait Sink {
    /// What it can do with samples.
    fn wants(&self) -> Wants {
        Wants::Pictures
    }
    /// Whether a part or a picture takes it about as long as decoding takes: a core of a processor
    /// that decodes is better left to it.
    fn keeps_core(&self) -> bool {
        false
    }
    /// Called once, before the first picture.
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()>;
    /// The same, of pictures that come in parts.
    fn begin_parts(&mut self, info: &StreamInfo) -> io::Result<()> {
        self.begin(info)
    }
    /// The next picture in output order begins, of which parts come.
    fn start(&mut self, _picture: &Begun) -> io::Result<()> {
        Ok(())
    }
    /// The next bytes of a picture. A sink that wants nothing gets none.
    fn part(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
    /// One picture, in output order.
    fn picture(&mut self, shown: &Shown) -> io::Result<()>;
    /// The same, and the sink may keep the picture; one that is done with, this or an earlier one,
    /// for its memory.
    fn take(&mut self, shown: Shown) -> io::Result<Option<Picture>> {
        self.picture(&shown)?;
        Ok(Some(shown.picture))
    }
    /// Called once, after the last picture, also after an error in the stream.
    fn finish(&mut self) -> io::Result<()>;
}

/// The shape of a sample, (width, height) in lowest terms: what the render size makes of the
/// picture's own.
fn sample_aspect_ratio(info: &StreamInfo) -> (u64, u64) {
    let (render_width, render_height) = info.render_size;
    let num = u64::from(render_width) * u64::from(info.height);
    let den = u64::from(render_height) * u64::from(info.width);
    let (mut divisor, mut rest) = (num, den);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    match (num.checked_div(divisor), den.checked_div(divisor)) {
        (Some(num), Some(den)) => (num, den),
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests;

//! MD5 of pictures: framemd5 version 2 as ffmpeg writes it, and one for a whole stream.

use std::fmt::Write as _;
use std::io::{self, Write};

use md5::Digest;

use super::{Shown, Sink, StreamInfo, sample_aspect_ratio};

/// An MD5 in the making.
#[derive(Clone, Default)]
pub struct Md5(md5::Md5);

impl Md5 {
    /// Hashes `bytes` too.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// 32 hexadecimal digits.
    pub fn finish(self) -> String {
        let mut text = String::with_capacity(32);
        for byte in self.0.finalize() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// The MD5 of `bytes`: 32 hexadecimal digits.
pub fn md5_hex(bytes: &[u8]) -> String {
    let mut md5 = Md5::default();
    md5.update(bytes);
    md5.finish()
}

/// One line for each picture, in the form of ffmpeg's framemd5 (version 2, bit exact).
pub struct Framemd5 {
    out: Box<dyn Write>,
    rows: i64,
}

impl Framemd5 {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write>) -> Self {
        Self { out, rows: 0 }
    }
}

impl Sink for Framemd5 {
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        let (num, den) = info.time_base;
        let (aspect_num, aspect_den) = sample_aspect_ratio(info);
        writeln!(self.out, "#format: frame checksums")?;
        writeln!(self.out, "#version: 2")?;
        writeln!(self.out, "#hash: MD5")?;
        writeln!(self.out, "#tb 0: {num}/{den}")?;
        writeln!(self.out, "#media_type 0: video")?;
        writeln!(self.out, "#codec_id 0: rawvideo")?;
        writeln!(self.out, "#dimensions 0: {}x{}", info.width, info.height)?;
        writeln!(self.out, "#sar 0: {aspect_num}/{aspect_den}")?;
        writeln!(self.out, "#stream#, dts,        pts, duration,     size, hash")
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        let pts = shown.pts.unwrap_or(self.rows);
        self.rows += 1;
        let data = &shown.picture.data;
        writeln!(self.out, "0, {pts:10}, {pts:10}, {:8}, {:8}, {}", 1, data.len(), md5_hex(data))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// One line: the MD5 of all pictures one after the other.
pub struct TotalMd5 {
    out: Box<dyn Write>,
    md5: Md5,
}

impl TotalMd5 {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write>) -> Self {
        Self { out, md5: Md5::default() }
    }
}

impl Sink for TotalMd5 {
    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.md5.update(&shown.picture.data);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        writeln!(self.out, "{}", std::mem::take(&mut self.md5).finish())?;
        self.out.flush()
    }
}

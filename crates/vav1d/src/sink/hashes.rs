//! Hashes of pictures: framehash version 2 as ffmpeg writes it, and one for a whole stream.

use std::io::{self, Write};
use std::time::Duration;

use super::beside::Batches;
use super::{Hash, Hasher, Shown, StreamInfo, sample_aspect_ratio};

/// One line for each picture, in the form of ffmpeg's framehash (version 2, bit exact); with MD5
/// that of its framemd5.
pub struct FrameHashes {
    out: Box<dyn Write + Send>,
    hash: Hash,
    rows: i64,
}

impl FrameHashes {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, hash: Hash) -> Self {
        Self { out, hash, rows: 0 }
    }
}

impl Batches for FrameHashes {
    const LARGEST: usize = Hash::LANES;
    const SMALLEST: usize = Hash::LANES / 4;

    fn patience(&self) -> Duration {
        Duration::MAX
    }

    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        let (num, den) = info.time_base;
        let (aspect_num, aspect_den) = sample_aspect_ratio(info);
        writeln!(self.out, "#format: frame checksums")?;
        writeln!(self.out, "#version: 2")?;
        writeln!(self.out, "#hash: {}", self.hash.name())?;
        writeln!(self.out, "#tb 0: {num}/{den}")?;
        writeln!(self.out, "#media_type 0: video")?;
        writeln!(self.out, "#codec_id 0: rawvideo")?;
        writeln!(self.out, "#dimensions 0: {}x{}", info.width, info.height)?;
        writeln!(self.out, "#sar 0: {aspect_num}/{aspect_den}")?;
        writeln!(self.out, "#stream#, dts,        pts, duration,     size, hash")
    }

    fn pictures(&mut self, batch: &[Shown]) -> io::Result<()> {
        let bytes: Vec<_> = batch.iter().map(|shown| &*shown.picture.data).collect();
        for ((shown, bytes), hash) in batch.iter().zip(&bytes).zip(self.hash.many(&bytes)) {
            let pts = shown.pts.unwrap_or(self.rows);
            self.rows += 1;
            let size = bytes.len();
            writeln!(self.out, "0, {pts:10}, {pts:10}, {:8}, {size:8}, {hash}", 1)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// One line: the hash of all pictures one after the other.
pub struct TotalHash {
    out: Box<dyn Write + Send>,
    hash: Hash,
    hasher: Hasher,
}

impl TotalHash {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, hash: Hash) -> Self {
        Self { out, hash, hasher: Hasher::new(hash) }
    }
}

impl Batches for TotalHash {
    const LARGEST: usize = 1;
    const SMALLEST: usize = 1;
    const PARTS: bool = true;

    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn pictures(&mut self, batch: &[Shown]) -> io::Result<()> {
        batch.iter().for_each(|shown| self.part(&shown.picture.data));
        Ok(())
    }

    /// One MD5 has 0.7 GB a second; the others are faster by far.
    fn keeps_core(&self) -> bool {
        self.hash == Hash::Md5
    }

    fn part(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn finish(&mut self) -> io::Result<()> {
        let hasher = std::mem::replace(&mut self.hasher, Hasher::new(self.hash));
        writeln!(self.out, "{}", hasher.finish())?;
        self.out.flush()
    }
}

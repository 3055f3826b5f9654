//! The file as blocks are read from it, and as the demuxer sees it.

use std::cell::RefCell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use crate::container::ReadSeek;

/// A buffered file that keeps its buffer when one goes to what is in it.
pub(super) struct Buffered {
    reader: BufReader<Box<dyn ReadSeek>>,
    position: u64,
}

impl Buffered {
    /// A file at its start.
    pub(super) fn new(reader: Box<dyn ReadSeek>) -> Self {
        Self { reader: BufReader::new(reader), position: 0 }
    }

    /// Where it is.
    pub(super) fn position(&self) -> u64 {
        self.position
    }
}

impl Read for Buffered {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let got = self.reader.read(to)?;
        self.position += got as u64;
        Ok(got)
    }
}

impl Seek for Buffered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(at) if at.abs_diff(self.position) < i64::MAX as u64 => {
                self.reader.seek_relative(at.wrapping_sub(self.position).cast_signed())?;
                at
            }
            other => self.reader.seek(other)?,
        };
        Ok(self.position)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.position)
    }
}

/// The file with some of its bytes changed.
pub(super) struct Patched {
    /// The file, which is taken back from the demuxer.
    pub(super) reader: Rc<RefCell<Buffered>>,
    /// Positions, and what is there.
    pub(super) patches: Vec<(u64, u8)>,
}

impl Read for Patched {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.borrow_mut();
        let at = reader.position();
        let got = reader.read(to)?;
        let read = to.get_mut(..got).unwrap_or_default();
        for (patched, byte) in &self.patches {
            let index = patched.checked_sub(at).and_then(|index| usize::try_from(index).ok());
            index.and_then(|index| read.get_mut(index)).into_iter().for_each(|to| *to = *byte);
        }
        Ok(got)
    }
}

impl Seek for Patched {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.reader.borrow_mut().seek(to)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.reader.borrow().position())
    }
}

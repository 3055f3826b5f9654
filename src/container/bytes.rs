//! A byte stream that can be looked ahead in: files and pipes alike.

use std::io::{self, Read};

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// A buffered reader that knows its position and never allocates what a file merely claims.
pub(super) struct Bytes {
    reader: Box<dyn Read>,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been taken.
    taken: usize,
    /// Position in the file of the first byte that has not been taken.
    position: u64,
    ended: bool,
}

impl Bytes {
    pub(super) fn new(reader: Box<dyn Read>) -> Self {
        Self { reader, buffer: Vec::new(), taken: 0, position: 0, ended: false }
    }

    /// Position in the file.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next `n` bytes without taking them, or as many as there are.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        if self.taken > CHUNK && self.taken > self.buffer.len() / 2 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        while !self.ended && self.buffer.len() - self.taken < n {
            let len = self.buffer.len();
            let want = (n - (len - self.taken)).clamp(CHUNK, 16 * CHUNK);
            self.buffer.resize(len + want, 0);
            let got = match self.reader.read(self.buffer.get_mut(len..).unwrap_or_default()) {
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.buffer.truncate(len);
                    continue;
                }
                Err(error) => {
                    self.buffer.truncate(len);
                    return Err(error);
                }
            };
            self.buffer.truncate(len + got);
            self.ended = got == 0;
        }
        let end = self.buffer.len().min(self.taken + n);
        Ok(self.buffer.get(self.taken..end).unwrap_or_default())
    }

    /// Takes the next `n` bytes; fewer at the end.
    pub(super) fn take(&mut self, n: usize) -> io::Result<&[u8]> {
        let got = self.peek(n)?.len();
        let start = self.taken;
        self.taken += got;
        self.position += got as u64;
        Ok(self.buffer.get(start..start + got).unwrap_or_default())
    }

    /// Whether nothing is left.
    pub(super) fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.peek(1)?.is_empty())
    }
}

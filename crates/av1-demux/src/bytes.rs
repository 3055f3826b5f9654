//! A byte stream that can be looked ahead in: files and pipes alike.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::ReadSeek;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;
/// Bytes read at a time of a file: who looks for heads only passes over the rest.
const FILE_CHUNK: usize = 16 << 10;

/// A buffered reader that knows its position and never allocates what a file merely claims.
pub(super) struct Bytes {
    reader: BufReader<Input>,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been taken.
    taken: usize,
    /// Position in the file of the first byte that has not been taken.
    position: u64,
    /// Position from which on bytes that have been taken are kept.
    kept: u64,
    ended: bool,
}

/// Where bytes come from.
enum Input {
    Pipe(Box<dyn Read>),
    File(Box<dyn ReadSeek>),
}

impl Read for Input {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Pipe(reader) => reader.read(to),
            Self::File(reader) => reader.read(to),
        }
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Pipe(_) => Err(io::ErrorKind::NotSeekable.into()),
            Self::File(reader) => reader.seek(to),
        }
    }
}

impl Bytes {
    /// What can be read once.
    pub(super) fn new(reader: Box<dyn Read>) -> Self {
        Self::of(Input::Pipe(reader))
    }

    /// What one can go back in, from its start.
    pub(super) fn of_file(reader: Box<dyn ReadSeek>) -> Self {
        Self::of(Input::File(reader))
    }

    fn of(input: Input) -> Self {
        let chunk = if matches!(input, Input::File(_)) { FILE_CHUNK } else { CHUNK };
        let reader = BufReader::with_capacity(chunk, input);
        Self { reader, buffer: Vec::new(), taken: 0, position: 0, kept: u64::MAX, ended: false }
    }

    /// Whether one can go back.
    pub(super) fn is_seekable(&self) -> bool {
        matches!(self.reader.get_ref(), Input::File(_))
    }

    /// Bytes of the file; `None` of what is read once.
    pub(super) fn length(&mut self) -> io::Result<Option<u64>> {
        if !self.is_seekable() {
            return Ok(None);
        }
        let length = self.reader.seek(SeekFrom::End(0))?;
        self.reader.seek(SeekFrom::Start(self.buffered_to()))?;
        Ok(Some(length))
    }

    /// Keeps what is taken from byte `position` of the file on, as long as nothing is passed over
    /// that is not in the buffer.
    pub(super) fn keep(&mut self, position: u64) {
        self.kept = position;
    }

    /// Goes back to byte `position`, or as far as there are bytes in the buffer.
    pub(super) fn go_back(&mut self, position: u64) {
        let back = self.position.saturating_sub(position).min(self.taken as u64);
        self.position -= back;
        self.taken -= back as usize;
    }

    /// Position of the first byte that is not in the buffer.
    fn buffered_to(&self) -> u64 {
        self.position + (self.buffer.len() - self.taken) as u64
    }

    /// Goes to byte `position` of the file.
    pub(super) fn seek(&mut self, position: u64) -> io::Result<()> {
        let start = self.position - self.taken as u64;
        let within = position.checked_sub(start).and_then(|at| usize::try_from(at).ok());
        match within.filter(|at| *at <= self.buffer.len()) {
            Some(at) => self.taken = at,
            None => {
                let here = self.buffered_to();
                match position.abs_diff(here) < i64::MAX as u64 {
                    // What the reader has read ahead is kept.
                    true => self.reader.seek_relative(position.wrapping_sub(here).cast_signed())?,
                    false => drop(self.reader.seek(SeekFrom::Start(position))?),
                }
                self.buffer.clear();
                self.taken = 0;
            }
        }
        (self.position, self.ended) = (position, false);
        Ok(())
    }

    /// Passes over the next `n` bytes, without keeping them; in a file also over its end.
    pub(super) fn skip(&mut self, n: u64) -> io::Result<()> {
        if self.is_seekable() {
            return self.seek(self.position.saturating_add(n));
        }
        let held = (self.buffer.len() - self.taken) as u64;
        let mut left = n.saturating_sub(held);
        self.take(n.min(held) as usize)?;
        while left > 0 && !self.ended {
            let got = match self.reader.fill_buf() {
                Ok(bytes) => left.min(bytes.len() as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.reader.consume(got as usize);
            self.ended = got == 0;
            (left, self.position) = (left - got, self.position + got);
        }
        if n > held {
            self.buffer.clear();
            self.taken = 0;
        }
        Ok(())
    }

    /// Position in the file.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next `n` bytes without taking them, or as many as there are.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        let kept = self.position.saturating_sub(self.kept).min(self.taken as u64);
        let done = self.taken - kept as usize;
        if done > CHUNK && done > self.buffer.len() / 2 {
            self.buffer.drain(..done);
            self.taken -= done;
            // A key frame is many times as large as those after it.
            let wanted = self.buffer.len().max(self.taken + n).max(CHUNK);
            if self.buffer.capacity() / 4 > wanted {
                self.buffer.shrink_to(2 * wanted);
            }
        }
        while !self.ended && self.buffer.len() - self.taken < n {
            let got = match self.reader.fill_buf() {
                Ok(bytes) => {
                    self.buffer.extend_from_slice(bytes);
                    bytes.len()
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.reader.consume(got);
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_one_large_piece_takes_is_given_back() {
        let all: Vec<u8> = (0..4_000_000_u32).map(|i| (i / 7) as u8).collect();
        let mut bytes = Bytes::of_file(Box::new(Cursor::new(all.clone())));
        assert_eq!(bytes.take(1_500_000).expect("bytes"), &all[..1_500_000]);
        let mut at = 1_500_000;
        while at < 3_000_000 {
            assert_eq!(bytes.take(50_000).expect("bytes"), &all[at..at + 50_000]);
            at += 50_000;
        }
        assert!(bytes.buffer.capacity() < 800_000, "{}", bytes.buffer.capacity());
        bytes.keep(bytes.position());
        assert_eq!(bytes.take(900_000).expect("bytes"), &all[at..at + 900_000]);
        bytes.go_back(at as u64);
        assert_eq!(bytes.take(1_000_000).expect("bytes"), &all[at..]);
        assert!(bytes.at_end().expect("an end"));
    }
}

//! Where the bytes of a file come from: anywhere in it, or in order, through a pipe.

use std::io::SeekFrom;

use super::super::bytes::Bytes;
use super::super::{ReadSeek, fault};
use crate::error::{LimitError, Result};

/// Bytes of a pipe that are passed over at a time.
const STRIDE: u64 = 1 << 20;

/// See the module.
pub(super) enum Input {
    /// A file of so many bytes.
    File(Box<dyn ReadSeek>, u64),
    /// A pipe, of which so many bytes are held at most, and where it has ended.
    Pipe(Bytes, u64, Option<u64>),
}

impl Input {
    pub(super) fn file(mut reader: Box<dyn ReadSeek>) -> Result<Self> {
        let end = reader.seek(SeekFrom::End(0))?;
        Ok(Self::File(reader, end))
    }

    pub(super) fn pipe(bytes: Bytes, limit: u64) -> Self {
        Self::Pipe(bytes, limit, None)
    }

    pub(super) fn is_pipe(&self) -> bool {
        matches!(self, Self::Pipe(..))
    }

    /// Where it ends; `None` for a pipe that has not ended yet.
    pub(super) fn end(&self) -> Option<u64> {
        match self {
            Self::File(_, end) => Some(*end),
            Self::Pipe(_, _, end) => *end,
        }
    }

    /// `bytes` bytes from `at` on; fewer where it ends.
    ///
    /// # Errors
    /// It cannot be read, or what is asked for is gone, or too far ahead to be held.
    pub(super) fn read(&mut self, at: u64, bytes: u64) -> Result<Vec<u8>> {
        match self {
            Self::File(reader, end) => {
                let mut data = vec![0; bytes.min(end.saturating_sub(at)) as usize];
                reader.seek(SeekFrom::Start(at))?;
                reader.read_exact(&mut data)?;
                Ok(data)
            }
            Self::Pipe(pipe, limit, end) => {
                let Some(ahead) = at.checked_sub(pipe.position()) else {
                    let what = "what is to be read now has gone by in the pipe";
                    return Err(fault(what, at, None).into());
                };
                let value = ahead.saturating_add(bytes);
                if value > *limit {
                    let what = "bytes of a piped file";
                    return Err(LimitError { what, value, limit: *limit }.into());
                }
                let position = pipe.position();
                let held = pipe.peek(value as usize)?;
                if (held.len() as u64) < value {
                    *end = Some(position + held.len() as u64);
                }
                Ok(held.get(ahead as usize..).unwrap_or_default().to_vec())
            }
        }
    }

    /// Whether there are `bytes` bytes from `at` on, as far as one can tell without reading.
    pub(super) fn has(&self, at: u64, bytes: u64) -> bool {
        let last = at.checked_add(bytes);
        last.is_some_and(|last| self.end().is_none_or(|end| last <= end))
    }

    /// Nothing before `at` is needed any more.
    pub(super) fn forget(&mut self, at: u64) -> Result<()> {
        if let Self::Pipe(pipe, ..) = self {
            loop {
                let left = at.saturating_sub(pipe.position()).min(STRIDE);
                if left == 0 || pipe.take(left as usize)?.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }
}

//! The boxes of a file, one after the other; where there is none, the next fragment is looked for.

use super::boxes::{self, Header, Kind};
use super::input::Input;
use crate::error::Result;

/// Bytes that are looked through at a time, at first and at most.
const WINDOWS: (u64, u64) = (4 << 10, 1 << 20);

/// A box that is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// Where its header is.
    pub(super) at: u64,
    /// Where its body is, and where that ends; at the end of the file at the latest.
    pub(super) body: u64,
    pub(super) end: u64,
    /// Whether the file ends in it.
    pub(super) is_cut: bool,
}

/// What is next in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Box(Found),
    /// From here up to there are no boxes, or not those that there should be.
    Gap(u64, u64),
    /// Here the file ends in the header of a box.
    Cut(u64),
}

/// How far a file was walked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walk {
    /// Where the next box is.
    at: u64,
    /// Where the body of the box before begins: its size may be wrong.
    before: u64,
    ended: bool,
    is_given_up: bool,
    /// Whether a pipe may forget what was walked over.
    is_forgetful: bool,
    /// From where on it may not, as long as no fragment has said whose the media there is.
    held: Option<u64>,
}

impl Walk {
    /// The next box; `None` at the end.
    pub(super) fn next(&mut self, input: &mut Input) -> Result<Option<Next>> {
        if self.ended {
            return Ok(None);
        }
        let at = self.at;
        let head = input.read(at, Header::MAX as u64)?;
        let header = match Header::read(&head) {
            Some(header) if header.is_plausible() || is_followed(&header, at, input)? => {
                Some(header)
            }
            _ => None,
        };
        match header {
            Some(header) if !is_misplaced(header.kind) => {
                let mut found = found(&header, at, input.end());
                // Its name may be damaged, or may say that it is free, and what is in it not.
                let is_known = super::FIRST.contains(&&found.kind);
                let is_free = matches!(&found.kind, b"free" | b"skip");
                match head.get(12..16) {
                    Some(b"mfhd") if !is_known => found.kind = *b"moof",
                    Some(b"mvhd") if !is_known || is_free => found.kind = *b"moov",
                    _ => {}
                }
                self.before = found.body;
                self.at = found.end;
                self.ended = header.bytes.is_none();
                Ok(Some(Next::Box(found)))
            }
            // Less than a box is nothing, and so are zeros that something else has left.
            _ if head.len() < 8 => {
                self.ended = true;
                Ok(is_beginning(&head).then_some(Next::Cut(at)))
            }
            _ => self.look(input, at),
        }
    }

    /// Where the next box is.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// What was walked over is not needed any more, nor will be.
    pub(super) fn forget(&mut self, input: &mut Input) -> Result<()> {
        self.is_forgetful = self.held.is_none();
        input.forget(self.held.unwrap_or(self.at))
    }

    /// What is from `at` on is needed until [`Self::release`].
    pub(super) fn hold(&mut self, at: u64) {
        self.held.get_or_insert(at);
    }

    /// A fragment has said what of it is needed.
    pub(super) fn release(&mut self) {
        self.held = None;
    }

    /// Goes no further.
    pub(super) fn give_up(&mut self) {
        (self.ended, self.is_given_up) = (true, true);
    }

    /// Goes on at the next fragment or movie in the body of `found`, if there is one: its size is
    /// not to be trusted.
    pub(super) fn look_inside(&mut self, input: &mut Input, found: &Found) -> Result<bool> {
        if self.is_given_up {
            return Ok(false);
        }
        let next = look(input, found.body, false)?;
        if let Some(next) = next {
            (self.at, self.ended) = (next, false);
        }
        Ok(next.is_some())
    }

    /// Looks for what comes after damage that was found at `at`.
    fn look(&mut self, input: &mut Input, at: u64) -> Result<Option<Next>> {
        let from = match input {
            Input::File(..) => self.before,
            Input::Pipe(..) => at,
        };
        let Some(next) = look(input, from, self.is_forgetful)? else {
            self.ended = true;
            return Ok(None);
        };
        self.at = next;
        Ok(Some(Next::Gap(at.min(next), next)))
    }
}

/// Whether `head`, the last bytes of a file, look like the beginning of a box that has media.
fn is_beginning(head: &[u8]) -> bool {
    let Some((size, kind)) = head.split_at_checked(4) else { return false };
    let kinds: [&Kind; 4] = [b"moof", b"mdat", b"styp", b"sidx"];
    size != [0; 4] && kinds.iter().any(|known| known.starts_with(kind))
}

fn found(header: &Header, at: u64, file: Option<u64>) -> Found {
    let body = at.saturating_add(header.header);
    let end = header.bytes.map_or(u64::MAX, |bytes| at.saturating_add(bytes));
    let is_cut = header.bytes.is_some() && file.is_some_and(|file| end > file);
    let end = end.min(file.unwrap_or(u64::MAX));
    Found { kind: header.kind, at, body: body.min(end), end, is_cut }
}

/// Whether another box follows on the one at `at`, so that its kind may be as odd as it likes.
fn is_followed(header: &Header, at: u64, input: &mut Input) -> Result<bool> {
    let Some(next) = header.bytes.and_then(|bytes| at.checked_add(bytes)) else {
        return Ok(false);
    };
    if header.bytes.is_some_and(|bytes| bytes > WINDOWS.1) || !input.has(next, 8) {
        return Ok(false);
    }
    let next = Header::read(&input.read(next, Header::MAX as u64)?);
    Ok(next.is_some_and(|next| next.is_plausible()))
}

/// Whether `kind` is that of boxes that are only in others: what was around it was cut short.
fn is_misplaced(kind: Kind) -> bool {
    const INSIDE: [&Kind; 16] = [
        b"mfhd", b"traf", b"tfhd", b"tfdt", b"trun", b"mvhd", b"trak", b"tkhd", b"mdia", b"mdhd",
        b"minf", b"stbl", b"stsd", b"stsz", b"stco", b"mvex",
    ];
    INSIDE.contains(&&kind)
}

/// Where the next fragment or movie is, from `from` on.
fn look(input: &mut Input, from: u64, forgets: bool) -> Result<Option<u64>> {
    let (mut at, mut window) = (from, WINDOWS.0);
    loop {
        let data = input.read(at, window)?;
        let hit = data.windows(16).position(is_start);
        if let Some(hit) = hit {
            return Ok(Some(at + hit as u64));
        }
        if (data.len() as u64) < window {
            return Ok(None);
        }
        at += window - 15;
        window = (2 * window).min(WINDOWS.1);
        if forgets {
            input.forget(at)?;
        }
    }
}

/// Whether `data` starts with a movie or a movie fragment, whose headers come first in them.
fn is_start(data: &[u8]) -> bool {
    let kind = data.get(4..8).unwrap_or_default();
    let inside = data.get(12..16).unwrap_or_default();
    match kind {
        b"moof" if inside == b"mfhd" => {}
        b"moov" if inside == b"mvhd" => {}
        _ => return false,
    }
    boxes::Header::read(data).is_some_and(|header| header.bytes.is_some_and(|bytes| bytes > 16))
}

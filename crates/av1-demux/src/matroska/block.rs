//! A block's header and its lacing (RFC 9559, 10): which frames it holds, and where.

use super::ebml::{number, signed_number};

/// Bytes of track, time and flags, at most.
pub(super) const HEADER: usize = 8 + 2 + 1;
/// Bytes of the header of a block with lacing: of those, as many sizes as there can be, of frames
/// that are not large.
pub(super) const LACED_HEADER: usize = 64 << 10;

/// The header of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) track: u64,
    /// Time from that of the cluster on, in ticks.
    pub(super) time: i16,
    /// The flag of a SimpleBlock.
    pub(super) is_key: bool,
    /// Bytes before the first frame.
    pub(super) length: usize,
    /// Bytes of the frames but the last, which has the rest.
    sizes: Vec<u64>,
}

impl Header {
    /// Whether a block that starts with `bytes`, [`HEADER`] of them, has lacing.
    pub(super) fn has_lacing(bytes: &[u8]) -> bool {
        let flags = number(bytes).and_then(|(_, length)| bytes.get(length + 2));
        flags.is_some_and(|flags| flags & 6 != 0)
    }

    /// Of a block of `size` bytes that starts with `bytes`: [`HEADER`] of them, or [`LACED_HEADER`],
    /// unless there are fewer. `None` if it is broken.
    pub(super) fn read(bytes: &[u8], size: u64) -> Option<Self> {
        let (track, length) = number(bytes)?;
        let time = i16::from_be_bytes(bytes.get(length..length + 2)?.try_into().ok()?);
        let flags = *bytes.get(length + 2)?;
        let mut header =
            Self { track, time, is_key: flags & 0x80 != 0, length: length + 3, sizes: Vec::new() };
        let lacing = (flags >> 1) & 3;
        if lacing > 0 {
            let others = *bytes.get(header.length)?;
            header.length += 1;
            header.lace(lacing, others, bytes, size)?;
        }
        let frames = header.sizes.iter().try_fold(0_u64, |sum, size| sum.checked_add(*size))?;
        (size.checked_sub(header.length as u64)? >= frames).then_some(header)
    }

    /// Reads the sizes of the first `others` frames.
    fn lace(&mut self, lacing: u8, others: u8, bytes: &[u8], size: u64) -> Option<()> {
        let count = u64::from(others) + 1;
        match lacing {
            1 => {
                for _ in 0..others {
                    let mut sum = 0;
                    loop {
                        let byte = *bytes.get(self.length)?;
                        self.length += 1;
                        sum += u64::from(byte);
                        if byte < 255 {
                            break;
                        }
                    }
                    self.sizes.push(sum);
                }
            }
            2 => {
                let all = size.checked_sub(self.length as u64)?;
                self.sizes.resize(others.into(), all / count);
            }
            _ => {
                let mut last: u64 = 0;
                for i in 0..others {
                    let rest = bytes.get(self.length..)?;
                    let (value, length) = match i {
                        0 => number(rest)?,
                        _ => {
                            let (more, length) = signed_number(rest)?;
                            (last.checked_add_signed(more)?, length)
                        }
                    };
                    last = value;
                    self.length += length;
                    self.sizes.push(value);
                }
            }
        }
        Some(())
    }

    /// Where each frame starts in a block of `size` bytes, and its bytes.
    pub(super) fn frames(&self, size: u64) -> Vec<(u64, u64)> {
        let mut at = self.length as u64;
        let mut frames = Vec::with_capacity(self.sizes.len() + 1);
        for bytes in &self.sizes {
            frames.push((at, *bytes));
            at += bytes;
        }
        frames.push((at, size.saturating_sub(at)));
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(flags: u8, rest: &[u8], size: u64) -> Option<Vec<(u64, u64)>> {
        let bytes = [&[0x81, 0xff, 0xfe, flags][..], rest].concat();
        let header = Header::read(&bytes, size)?;
        assert_eq!((header.track, header.time), (1, -2));
        Some(header.frames(size))
    }

    #[test]
    fn every_lacing_gives_the_sizes_of_its_frames() {
        assert_eq!(frames(0, &[], 10), Some(vec![(4, 6)]));
        // Xiph: 300 and 5, and 40 that are left.
        assert_eq!(frames(2, &[2, 255, 45, 5], 353), Some(vec![(8, 300), (308, 5), (313, 40)]));
        assert_eq!(frames(4, &[2], 5 + 33), Some(vec![(5, 11), (16, 11), (27, 11)]));
        // EBML: the example of RFC 9559, 10.3.3: 800, 500, and 1000.
        let ebml = [2, 0x43, 0x20, 0x5e, 0xd3];
        assert_eq!(frames(6, &ebml, 9 + 2300), Some(vec![(9, 800), (809, 500), (1309, 1000)]));
    }

    #[test]
    fn frames_are_within_their_block() {
        assert_eq!(frames(2, &[1, 200], 100), None);
        assert_eq!(frames(6, &[2, 0x81, 0x80], 100), None, "a negative size");
        assert_eq!(frames(0, &[], 3), None);
        assert_eq!(Header::read(&[], 0), None);
    }
}

//! Whether the host writes into a bitstream that was submitted: its bytes when it was submitted,
//! when it is decoded, and after that. What the host writes in between and takes back is not seen.

use std::collections::VecDeque;

use super::op::DecodeOp;
use crate::access::buffer::writes;

/// Those of the decodes of a command buffer, in their order.
pub(crate) type Snapshots = VecDeque<Option<Snapshot>>;

/// The bitstream range of a decode at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    hash: u64,
    /// Writes of the device to the buffer so far.
    writes: u64,
}

impl Snapshot {
    /// As it is now; `None` if the range is not in the buffer.
    pub(crate) fn of(op: &DecodeOp) -> Option<Self> {
        let end = op.src_offset.checked_add(op.src_range).filter(|end| *end <= op.src.size)?;
        let (mut at, mut hash) = (op.src_offset, 0);
        let mut bytes = [0; 4096];
        while at < end {
            let count = (end - at).min(bytes.len() as u64) as usize;
            op.src.binding.read(at, bytes.get_mut(..count)?).then_some(())?;
            hash = mix(hash, &bytes[..count]);
            at += count as u64;
        }
        Some(Self { hash, writes: writes(&op.src) })
    }

    /// Whether other bytes are there than `before`, and the device has not written them.
    pub(crate) fn is_overwritten(&self, before: &Self) -> bool {
        self.hash != before.hash && self.writes == before.writes
    }
}

/// `hash` and `bytes` as one.
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let step =
        |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    // One after the other they would wait for each other.
    let mut lanes = [hash, 1, 2, 3];
    let (blocks, rest) = bytes.as_chunks::<32>();
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = step(*lane, u64::from_le_bytes(*word));
        }
    }
    let (words, rest) = rest.as_chunks::<8>();
    let last = rest.iter().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word)).chain([last]);
    lanes.into_iter().chain(words).fold(0, step)
}

#[cfg(test)]
mod tests {
    use super::{Snapshot, mix};

    #[test]
    fn what_the_device_writes_is_no_overwriting() {
        let before = Snapshot { hash: 1, writes: 3 };
        assert!(Snapshot { hash: 2, writes: 3 }.is_overwritten(&before));
        assert!(!Snapshot { hash: 2, writes: 4 }.is_overwritten(&before));
        assert!(!before.is_overwritten(&before));
    }

    #[test]
    fn every_byte_counts() {
        let bytes: Vec<u8> = (0..77).collect();
        let hash = mix(0, &bytes);
        for i in 0..bytes.len() {
            let mut other = bytes.clone();
            other[i] ^= 1;
            assert_ne!(mix(0, &other), hash, "{i}");
        }
        assert_ne!(mix(0, &bytes[..76]), hash);
        assert_ne!(mix(0, &[0]), mix(0, &[0, 0]));
    }
}

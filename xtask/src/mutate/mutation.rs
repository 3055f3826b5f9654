//! Streams that are damaged on purpose: what is changed, and from which temporal unit on.

use anyhow::{Context, Result};

/// Reproducible random numbers (xorshift64).
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 0 to `n` - 1; 0 for none.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % n.max(1) as u64) as usize
    }
}

/// Bytes of an IVF file header.
const FILE_HEADER: usize = 32;
/// Bytes of an IVF frame header.
const FRAME_HEADER: usize = 12;

/// An IVF file in parts.
#[derive(Clone)]
pub(super) struct Ivf {
    header: Vec<u8>,
    /// Presentation time and bytes of each temporal unit.
    pub(super) units: Vec<(u64, Vec<u8>)>,
}

impl Ivf {
    /// Takes `bytes` apart.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let (header, mut rest) = bytes.split_at_checked(FILE_HEADER).context("no IVF header")?;
        let mut units = Vec::new();
        while let Some((head, data)) = rest.split_at_checked(FRAME_HEADER) {
            let size = u32::from_le_bytes(head[..4].try_into()?) as usize;
            let pts = u64::from_le_bytes(head[4..].try_into()?);
            let (unit, after) = data.split_at_checked(size).context("a unit is cut short")?;
            units.push((pts, unit.to_vec()));
            rest = after;
        }
        Ok(Self { header: header.to_vec(), units })
    }

    /// The file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.clone();
        for (pts, unit) in &self.units {
            bytes.extend((unit.len() as u32).to_le_bytes());
            bytes.extend(pts.to_le_bytes());
            bytes.extend(unit);
        }
        bytes
    }
}

/// A damaged stream.
pub(super) struct Mutated {
    pub(super) bytes: Vec<u8>,
    /// What was done.
    pub(super) what: &'static str,
    /// Index of the first temporal unit that is not the original's.
    pub(super) first: usize,
}

/// Damages `original`; `other` gives units to splice in.
pub(super) fn mutate(original: &Ivf, other: &Ivf, random: &mut Random) -> Mutated {
    let mut ivf = original.clone();
    let first = random.below(ivf.units.len());
    let what = match random.below(6) {
        0 => flip(&mut ivf.units[first].1, usize::MAX, 1, random),
        1 => {
            let flips = 2 + random.below(30);
            flip(&mut ivf.units[first].1, usize::MAX, flips, random)
        }
        // The headers are at the start: lengths stay what they are.
        2 => {
            flip(&mut ivf.units[first].1, 24, 1, random);
            "a bit of the headers is flipped"
        }
        3 => {
            let unit = &mut ivf.units[first].1;
            unit.truncate(random.below(unit.len()));
            "a unit is cut short"
        }
        4 => {
            let from = random.below(other.units.len());
            ivf.units[first].1.clone_from(&other.units[from].1);
            "a unit is another stream's"
        }
        _ => {
            let bytes = ivf.bytes();
            let before: usize = original.units[..first].iter().map(|(_, u)| 12 + u.len()).sum();
            let start = FILE_HEADER + before;
            let end = start + random.below(bytes.len() - start);
            return Mutated { bytes: bytes[..end].to_vec(), what: "the file is cut short", first };
        }
    };
    Mutated { bytes: ivf.bytes(), what, first }
}

/// Flips `n` bits of the first `within` bytes.
fn flip(unit: &mut [u8], within: usize, n: usize, random: &mut Random) -> &'static str {
    for _ in 0..n {
        let at = random.below(unit.len().min(within));
        if let Some(byte) = unit.get_mut(at) {
            *byte ^= 1 << random.below(8);
        }
    }
    if n == 1 { "a bit is flipped" } else { "bits are flipped" }
}

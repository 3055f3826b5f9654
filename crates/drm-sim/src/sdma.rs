//! The copy engine of AMD chips (SDMA): packets that copy, fill and write memory.

use crate::bytes::Bytes;
use crate::memory::Space;
use crate::swizzle;

/// Operations, bits 0..8 of a packet's first word, and those of COPY, bits 8..16.
const NOP: u32 = 0;
const COPY: u32 = 1;
const WRITE: u32 = 2;
const FENCE: u32 = 5;
const TRAP: u32 = 6;
const POLL: u32 = 8;
const FILL: u32 = 11;
const CACHES: u32 = 17;
const LINEAR: u32 = 0;
const LINEAR_WINDOW: u32 = 4;
const TILED_WINDOW: u32 = 5;
const TILED_TO_TILED: u32 = 6;

/// Most bytes of one plain copy at a time.
const PIECE: u64 = 1 << 20;

/// A place of a window: texel (x, y) of a plane with rows of `pitch` texels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    address: u64,
    x: u64,
    y: u64,
    z: u64,
    pitch: u64,
    slice: u64,
}

/// Runs the packets of a command buffer for an engine of version `major`; what was not done.
pub(crate) fn run(space: &Space, commands: &Bytes, major: u32) -> Vec<String> {
    let mut left_out = Vec::new();
    let mut at = 0;
    while at + 4 <= commands.0.len() {
        let packet = Packet { commands, at, major };
        match packet.run(space) {
            Ok(words) => at += words * 4,
            Err(reason) => {
                left_out.push(reason);
                match packet.words() {
                    Some(words) => at += words * 4,
                    None => break,
                }
            }
        }
    }
    left_out
}

/// One packet.
struct Packet<'a> {
    commands: &'a Bytes,
    /// Byte at which it begins.
    at: usize,
    major: u32,
}

impl Packet<'_> {
    fn word(&self, index: usize) -> u32 {
        self.commands.u32(self.at + index * 4)
    }

    fn address(&self, index: usize) -> u64 {
        self.commands.u64(self.at + index * 4)
    }

    /// (operation, operation of its kind).
    fn kind(&self) -> (u32, u32) {
        (self.word(0) & 0xFF, self.word(0) >> 8 & 0xFF)
    }

    /// Its length in words, if its kind is known.
    fn words(&self) -> Option<usize> {
        let compressed = self.word(0) >> 19 & 1 == 1;
        let metadata = match (compressed, self.major >= 7) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 3,
        };
        Some(match self.kind() {
            (NOP, _) => 1 + (self.word(0) >> 16 & 0x3FFF) as usize,
            (COPY, LINEAR) => 7 + if self.major >= 7 { metadata } else { 0 },
            (COPY, LINEAR_WINDOW) => 13 + if self.major >= 7 { metadata } else { 0 },
            (COPY, TILED_WINDOW) => 14 + metadata,
            (COPY, TILED_TO_TILED) => 15 + metadata,
            (WRITE, 0) => 4 + (self.word(3) as usize & 0xF_FFFF) + 1,
            (FENCE, _) => 4,
            (TRAP, _) => 2,
            (POLL, _) => 6,
            (FILL, _) => 5,
            (CACHES, _) => 5,
            _ => return None,
        })
    }

    /// Does what it says; its length in words.
    fn run(&self, space: &Space) -> Result<usize, String> {
        let (operation, kind) = self.kind();
        let words =
            self.words().ok_or(format!("SDMA operation {operation}, {kind} is not known"))?;
        if self.at + words * 4 > self.commands.0.len() {
            return Err("an SDMA packet is cut off".into());
        }
        match self.kind() {
            (COPY, LINEAR) => self.copy(space)?,
            (COPY, LINEAR_WINDOW) => self.window(space)?,
            (COPY, TILED_WINDOW) => self.tiled(space)?,
            (COPY, TILED_TO_TILED) => {
                return Err("a copy between tiled images: its bytes are not made".into());
            }
            (WRITE, 0) => {
                let data = self.commands.0.get(self.at + 16..self.at + words * 4);
                store(space, self.address(1), data.unwrap_or_default())?;
            }
            (FENCE, _) => store(space, self.address(1), &self.word(3).to_le_bytes())?,
            (FILL, _) => self.fill(space)?,
            _ => {}
        }
        Ok(words)
    }

    fn copy(&self, space: &Space) -> Result<(), String> {
        let size = u64::from(self.word(1) & 0x3FFF_FFFF) + 1;
        let (from, to) = (self.address(3), self.address(5));
        for at in (0..size).step_by(PIECE as usize) {
            let bytes = load(space, from.wrapping_add(at), PIECE.min(size - at))?;
            store(space, to.wrapping_add(at), &bytes)?;
        }
        Ok(())
    }

    fn fill(&self, space: &Space) -> Result<(), String> {
        let size = u64::from(self.word(4) & 0x3FFF_FFFF) + 1;
        let pattern: Vec<u8> = self.word(3).to_le_bytes().repeat(PIECE as usize / 4);
        for at in (0..size).step_by(PIECE as usize) {
            let piece = &pattern[..PIECE.min(size - at) as usize];
            store(space, self.address(1).wrapping_add(at), piece)?;
        }
        Ok(())
    }

    /// One side of a copy between windows, whose words begin at `index`.
    fn side(&self, index: usize) -> Window {
        let shift = if self.major >= 7 { 16 } else { 13 };
        let (place, depth) = (self.word(index + 2), self.word(index + 3));
        Window {
            address: self.address(index),
            x: u64::from(place & 0xFFFF),
            y: u64::from(place >> 16),
            z: u64::from(depth & ((1 << shift) - 1)),
            pitch: u64::from(depth >> shift) + 1,
            slice: u64::from(self.word(index + 4)) + 1,
        }
    }

    /// A copy between a tiled image, whose rows lie one after another here, and a linear one.
    fn tiled(&self, space: &Space) -> Result<(), String> {
        let texel = 1 << (self.word(6) & 7);
        let mode = self.word(6) >> 3 & 0x1F;
        let block = swizzle::block(mode, texel, self.major >= 7);
        let (across, bytes) = block.ok_or(format!("a copy of swizzle mode {mode}"))?;
        let corner = |word: u32| (u64::from(word & 0xFFFF), u64::from(word >> 16));
        let pitch = (u64::from(self.word(4) >> 16) + 1).next_multiple_of(across);
        let ((x, y), (to_x, to_y)) = (corner(self.word(3)), corner(self.word(9)));
        // The lower bits of the address mix the pipes.
        let address = self.address(1) & !(bytes - 1);
        let image = Window { address, x, y, z: 0, pitch, slice: 0 };
        let linear = Window {
            address: self.address(7),
            x: to_x,
            y: to_y,
            z: 0,
            pitch: u64::from(self.word(10) >> 16) + 1,
            slice: 0,
        };
        let detile = self.word(0) >> 31 == 1;
        let (from, to) = if detile { (image, linear) } else { (linear, image) };
        let (width, height) = corner(self.word(12));
        for row in 0..=height {
            let bytes = load(space, from.row(row, 0, texel), (width + 1) * texel)?;
            store(space, to.row(row, 0, texel), &bytes)?;
        }
        Ok(())
    }

    fn window(&self, space: &Space) -> Result<(), String> {
        let texel = 1 << (self.word(0) >> 29);
        let (from, to) = (self.side(1), self.side(6));
        let (width, height) = (self.word(11) & 0xFFFF, self.word(11) >> 16);
        let depth = self.word(12) & 0x1FFF;
        let row = u64::from(width + 1) * texel;
        for z in 0..=u64::from(depth) {
            for y in 0..=u64::from(height) {
                let bytes = load(space, from.row(y, z, texel), row)?;
                store(space, to.row(y, z, texel), &bytes)?;
            }
        }
        Ok(())
    }
}

impl Window {
    /// Address of the first texel of row `y` of slice `z` of the window.
    fn row(&self, y: u64, z: u64, texel: u64) -> u64 {
        let texels = (self.z + z) * self.slice + (self.y + y) * self.pitch + self.x;
        self.address.wrapping_add(texels * texel)
    }
}

fn load(space: &Space, address: u64, size: u64) -> Result<Vec<u8>, String> {
    space.read(address, size).ok_or(format!("SDMA reads {size} bytes at {address:#x}: not mapped"))
}

fn store(space: &Space, address: u64, bytes: &[u8]) -> Result<(), String> {
    let size = bytes.len();
    space
        .write(address, bytes)
        .ok_or(format!("SDMA writes {size} bytes at {address:#x}: not mapped"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    /// A space with 64 KiB at 0x10000, which are 0, 1, 2 and so on.
    fn space() -> std::io::Result<Space> {
        let mut memory = Memory::new()?;
        let buffer = memory.create(1 << 16).and_then(|handle| memory.buffer(handle));
        let Some(buffer) = buffer else { return Err(std::io::ErrorKind::OutOfMemory.into()) };
        memory.map(0, 0x1_0000, 1 << 16, buffer.offset);
        let space = memory.space(0);
        let bytes: Vec<u8> = (0..1 << 16).map(|i| i as u8).collect();
        space.write(0x1_0000, &bytes).ok_or(std::io::ErrorKind::Other)?;
        Ok(space)
    }

    fn words(words: &[u32]) -> Bytes {
        Bytes(words.iter().flat_map(|word| word.to_le_bytes()).collect())
    }

    #[test]
    fn a_window_is_copied_with_either_place_of_the_pitch() -> std::io::Result<()> {
        for (major, shift) in [(6, 13), (7, 16)] {
            let space = space()?;
            // Two texels of two bytes in two rows, from (1, 2) of rows of 16 to (0, 1) of rows of 4.
            let packet = words(&[
                0x0000_0401 | 1 << 29,
                0x1_0000,
                0,
                1 | 2 << 16,
                15 << shift,
                255,
                0x1_8000,
                0,
                1 << 16,
                3 << shift,
                15,
                1 | 1 << 16,
                0,
            ]);
            assert_eq!(run(&space, &packet, major), [""; 0]);
            let found = space.read(0x1_8000 + 8, 16).unwrap_or_default();
            assert_eq!(found[..5], [66, 67, 68, 69, 12]);
            assert_eq!(found[8..13], [98, 99, 100, 101, 20]);
        }
        Ok(())
    }

    #[test]
    fn a_tiled_image_has_the_pitch_of_its_blocks() -> std::io::Result<()> {
        let space = space()?;
        // 2 texels of 2 bytes in 2 rows from (3, 1) of an image of 100 texels, whose blocks are 64
        // texels wide, to (0, 0) of rows of 4.
        let packet = words(&[
            0x8000_0501,
            0x1_0000 | 5 << 8,
            0,
            3 | 1 << 16,
            99 << 16,
            9,
            1 | 22 << 3 | 1 << 9,
            0x1_8000,
            0,
            0,
            3 << 16,
            15,
            1 | 1 << 16,
            0,
        ]);
        assert_eq!(run(&space, &packet, 6), [""; 0]);
        let found = space.read(0x1_8000, 12).unwrap_or_default();
        assert_eq!(found[..4], [6, 7, 8, 9]);
        assert_eq!(found[8..], [6, 7, 8, 9]);
        assert_eq!(run(&space, &packet, 7), ["a copy of swizzle mode 22"]);
        Ok(())
    }

    #[test]
    fn memory_is_copied_filled_and_written_and_the_rest_is_named() -> std::io::Result<()> {
        let space = space()?;
        let packets = words(&[
            // Three words of nothing.
            2 << 16,
            9,
            9,
            // 5 bytes from 0x10001 to 0x18000.
            0x0000_0001,
            4,
            0,
            0x1_0001,
            0,
            0x1_8000,
            0,
            // 8 bytes of a pattern.
            0x0000_000B,
            0x1_8010,
            0,
            0xAABB_CCDD,
            7,
            // One word written, one as a fence.
            0x0000_0002,
            0x1_8020,
            0,
            0,
            0x0102_0304,
            0x0000_0005,
            0x1_8024,
            0,
            0x0506_0708,
            // To where nothing is.
            0x0000_0005,
            0x9_0000,
            0,
            1,
            0x0000_00FE,
        ]);
        let left_out = run(&space, &packets, 6);
        assert_eq!(left_out.len(), 2, "{left_out:?}");
        assert!(left_out[0].contains("0x90000") && left_out[1].contains("254"), "{left_out:?}");
        let read = |at, size| space.read(at, size).unwrap_or_default();
        assert_eq!(read(0x1_8000, 6), [1, 2, 3, 4, 5, 5]);
        assert_eq!(read(0x1_8010, 9), [0xDD, 0xCC, 0xBB, 0xAA, 0xDD, 0xCC, 0xBB, 0xAA, 0x18]);
        assert_eq!(read(0x1_8020, 8), [4, 3, 2, 1, 8, 7, 6, 5]);
        Ok(())
    }
}

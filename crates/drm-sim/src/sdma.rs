//! The copy engine of AMD chips (SDMA): packets that copy, fill and write memory.

use crate::bytes::Bytes;
use crate::image::{self, Image};
use crate::memory::Space;
use crate::swizzle::Family;

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

/// What differs between the engines of chips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sdma {
    /// The engine's version.
    pub(crate) major: u32,
    /// The chip's tiled images, if they are imitated.
    pub(crate) family: Option<Family>,
}

/// Runs the packets of a command buffer; what was not done.
pub(crate) fn run(space: &Space, commands: &Bytes, sdma: Sdma) -> Vec<String> {
    let mut left_out = Vec::new();
    let mut at = 0;
    while at + 4 <= commands.0.len() {
        let packet = Packet { commands, at, sdma };
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
    sdma: Sdma,
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
        let metadata = match (compressed, self.sdma.major >= 7) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 3,
        };
        Some(match self.kind() {
            (NOP, _) => 1 + (self.word(0) >> 16 & 0x3FFF) as usize,
            (COPY, LINEAR) => 7 + if self.sdma.major >= 7 { metadata } else { 0 },
            (COPY, LINEAR_WINDOW) => 13 + if self.sdma.major >= 7 { metadata } else { 0 },
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
            (COPY, TILED_TO_TILED) => self.tiled_to_tiled(space)?,
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
        let shift = if self.sdma.major >= 7 { 16 } else { 13 };
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

    /// A tiled image whose words begin at `index`, and the place of its first texel.
    fn image(&self, index: usize) -> Result<(Image, [u64; 3]), String> {
        let words = std::array::from_fn(|at| self.word(index + at));
        Image::new(words, self.sdma.family, self.sdma.major)
    }

    /// Columns, rows and slices of a copy of tiled images, in two words from `index` on.
    fn extent(&self, index: usize) -> [u64; 3] {
        let (size, depth) = (self.word(index), self.word(index + 1) & 0x1FFF);
        [size & 0xFFFF, size >> 16, depth].map(|less_one| u64::from(less_one) + 1)
    }

    /// A copy between a tiled image and a linear one.
    fn tiled(&self, space: &Space) -> Result<(), String> {
        let (image, [x, y, z]) = self.image(1)?;
        let (place, depth) = (self.word(9), self.word(10));
        let linear = Window {
            address: self.address(7),
            x: u64::from(place & 0xFFFF),
            y: u64::from(place >> 16),
            z: u64::from(depth & 0x1FFF),
            pitch: u64::from(depth >> 16) + 1,
            slice: u64::from(self.word(11)) + 1,
        };
        let [width, height, slices] = self.extent(12);
        let (texel, row) = (image.texel(), width * image.texel());
        let is_detiled = self.word(0) >> 31 == 1;
        for slice in 0..slices {
            let window = image::Window { x, y, z: z + slice, width, height };
            if is_detiled {
                let rows = image.read(space, &window)?;
                for (at, bytes) in (0..).zip(rows.chunks(row as usize)) {
                    store(space, linear.row(at, slice, texel), bytes)?;
                }
            } else {
                image.size(&window)?;
                let mut rows = Vec::new();
                for at in 0..height {
                    rows.extend(load(space, linear.row(at, slice, texel), row)?);
                }
                image.write(space, &window, &rows)?;
            }
        }
        Ok(())
    }

    /// A copy from a tiled image to another.
    fn tiled_to_tiled(&self, space: &Space) -> Result<(), String> {
        let ((from, [x, y, z]), (to, [to_x, to_y, to_z])) = (self.image(1)?, self.image(7)?);
        if from.texel() != to.texel() {
            return Err("a copy between tiled images with other texels".into());
        }
        let [width, height, slices] = self.extent(13);
        for slice in 0..slices {
            let window = image::Window { x, y, z: z + slice, width, height };
            let rows = from.read(space, &window)?;
            let window = image::Window { x: to_x, y: to_y, z: to_z + slice, ..window };
            to.write(space, &window, &rows)?;
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

    const GFX11: Sdma = Sdma { major: 6, family: Some(Family::Gfx11Pipes8) };

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
            let sdma = Sdma { major, family: None };
            assert_eq!(run(&space, &packet, sdma), [""; 0]);
            let found = space.read(0x1_8000 + 8, 16).unwrap_or_default();
            assert_eq!(found[..5], [66, 67, 68, 69, 12]);
            assert_eq!(found[8..13], [98, 99, 100, 101, 20]);
        }
        Ok(())
    }

    /// The six words of an image of 100 by 70 texels of 2 bytes in mode `mode` at `address`, from
    /// texel (3, 41) on.
    fn image(address: u32, mode: u32) -> [u32; 6] {
        [address, 0, 3 | 41 << 16, 99 << 16, 69, 1 | mode << 3 | 1 << 9]
    }

    /// A copy of 2 texels in 2 rows between an image and (1, 1) of rows of 4 at 0x18000.
    fn tiled(from_image: bool, image: [u32; 6]) -> Bytes {
        let mut packet = vec![0x501 | u32::from(from_image) << 31];
        packet.extend(image);
        packet.extend([0x1_8000, 0, 1 | 1 << 16, 3 << 16, 15, 1 | 1 << 16, 0]);
        words(&packet)
    }

    #[test]
    fn texels_of_tiled_images_come_from_their_places() -> std::io::Result<()> {
        let space = space()?;
        // 4KB_D_X: blocks of 64 by 32 texels, two in a row. Column 3 has x0 and x1, bits 1 and 3, and
        // column 4 x2, bit 5; rows 41 and 42 have y0, bit 2, and y1, bit 4, and both y3 and y5, bits
        // 8 and 9.
        let address = 0x1_0000 + 2 * 4096 + (1 << 8 | 1 << 9);
        let place = |x, y| {
            address + if x == 3 { 1 << 1 | 1 << 3 } else { 1 << 5 } + if y == 41 { 4 } else { 16 }
        };
        let texels = [(3, 41), (4, 41), (3, 42), (4, 42)];
        for (number, (x, y)) in (1_u8..).zip(texels) {
            assert!(space.write(place(x, y), &[number, number + 100]).is_some());
        }
        let packet = tiled(true, image(0x1_0000, 22));
        assert_eq!(run(&space, &packet, GFX11), [""; 0]);
        let read = |at, size| space.read(at, size).unwrap_or_default();
        assert_eq!(read(0x1_8000 + 10, 4), [1, 101, 2, 102]);
        assert_eq!(read(0x1_8000 + 18, 4), [3, 103, 4, 104]);
        // Back, to an image whose address flips bit 8.
        let packet = tiled(false, image(0x1_4000 | 1 << 8, 22));
        assert_eq!(run(&space, &packet, GFX11), [""; 0]);
        for (number, (x, y)) in (1_u8..).zip(texels) {
            assert_eq!(read((place(x, y) ^ 1 << 8) + 0x4000, 2), [number, number + 100]);
        }
        Ok(())
    }

    #[test]
    fn tiled_images_are_copied_to_tiled_images() -> std::io::Result<()> {
        let space = space()?;
        let linear = |texels: [u8; 4]| {
            assert!(space.write(0x1_8000 + 10, &texels).is_some());
            assert!(space.write(0x1_8000 + 18, &texels.map(|byte| byte + 4)).is_some());
        };
        linear([1, 2, 3, 4]);
        assert_eq!(run(&space, &tiled(false, image(0x1_0000, 22)), GFX11), [""; 0]);
        let mut packet = vec![0x601];
        packet.extend(image(0x1_0000, 22));
        packet.extend(image(0x1_9000, 6));
        packet.extend([1 | 1 << 16, 0]);
        assert_eq!(run(&space, &words(&packet), GFX11), [""; 0]);
        linear([0; 4]);
        assert_eq!(run(&space, &tiled(true, image(0x1_9000, 6)), GFX11), [""; 0]);
        let found = [10, 18].map(|at| space.read(0x1_8000 + at, 4).unwrap_or_default());
        assert_eq!(found, [[1, 2, 3, 4], [5, 6, 7, 8]]);
        Ok(())
    }

    #[test]
    fn what_no_image_is_has_a_reason() -> std::io::Result<()> {
        let space = space()?;
        let fault = |sdma, change: (usize, u32)| {
            let mut image = image(0x1_0000, 22);
            image[change.0] ^= change.1;
            run(&space, &tiled(true, image), sdma).join("; ")
        };
        assert_eq!(fault(GFX11, (0, 0)), "");
        let unknown = "a copy of swizzle mode 22 with texels of 2 bytes";
        assert_eq!(fault(Sdma { major: 7, family: Some(Family::Gfx12) }, (0, 0)), unknown);
        assert_eq!(fault(Sdma { major: 6, family: None }, (0, 0)), unknown);
        assert_eq!(fault(GFX11, (5, 3 << 9)), "a copy of an image in three dimensions");
        assert_eq!(fault(GFX11, (5, 1 << 16)), "a copy of an image with mip levels");
        assert_eq!(fault(GFX11, (2, 1 << 7)), "a copy beyond the rows of an image");
        let unmapped = fault(GFX11, (1, 1));
        assert!(unmapped.starts_with("SDMA reads ") && unmapped.ends_with(": not mapped"));
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
        let left_out = run(&space, &packets, GFX11);
        assert_eq!(left_out.len(), 2, "{left_out:?}");
        assert!(left_out[0].contains("0x90000") && left_out[1].contains("254"), "{left_out:?}");
        let read = |at, size| space.read(at, size).unwrap_or_default();
        assert_eq!(read(0x1_8000, 6), [1, 2, 3, 4, 5, 5]);
        assert_eq!(read(0x1_8010, 9), [0xDD, 0xCC, 0xBB, 0xAA, 0xDD, 0xCC, 0xBB, 0xAA, 0x18]);
        assert_eq!(read(0x1_8020, 8), [4, 3, 2, 1, 8, 7, 6, 5]);
        Ok(())
    }
}

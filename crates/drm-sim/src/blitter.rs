//! The copy engine of Intel chips: rectangles copied between linear and tiled surfaces
//! (XY_BLOCK_COPY_BLT).

use crate::batch::Command;
use crate::intel::ADDRESS;
use crate::memory::Space;
use crate::tiling::Tiling;

/// Client and opcode of the copy, bits 22.. of a command's first word.
const BLOCK_COPY: u32 = 2 << 7 | 0x41;
/// Client of all blits, bits 29...
const BLITS: u32 = 2;
/// Bytes of a texel by its code, bits 19 to 21 of the first word.
const TEXEL: [u64; 8] = [1, 2, 4, 8, 12, 16, 0, 0];
/// Most bytes of one surface.
const MOST: u64 = 1 << 30;

/// One side of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Side {
    address: u64,
    tiling: Tiling,
    /// Bytes from row to row.
    pitch: u64,
    /// First texel.
    x: u64,
    y: u64,
}

/// Runs the commands of a batch; what was not done.
pub(crate) fn run(space: &Space, commands: &[Command]) -> Vec<String> {
    let mut left_out = Vec::new();
    for command in commands {
        if command[0] >> 22 == BLOCK_COPY {
            left_out.extend(copy(space, command).err());
        } else if command[0] >> 29 == BLITS {
            left_out
                .push(format!("the blit {:#x}: its bytes are not made", command[0] >> 22 & 0x7F));
        }
    }
    left_out
}

/// The side whose pitch and tiling are in `pitch`, whose corner is in `corner`, and whose address
/// and offset begin at word `address`.
fn side(command: &[u32], pitch: usize, corner: usize, address: usize) -> Result<Side, String> {
    let word = |at: usize| command.get(at).copied().unwrap_or(0);
    let (tiling, unit) = match word(pitch) >> 30 {
        0 => (Tiling::Linear, 1),
        1 => (Tiling::TileY, 4),
        2 => (Tiling::Tile4, 4),
        _ => return Err("a blit of Tile 64: its bytes are not made".into()),
    };
    let (corner, offset) = (word(corner), word(address + 2));
    Ok(Side {
        address: (u64::from(word(address + 1)) << 32 | u64::from(word(address))) & ADDRESS,
        tiling,
        pitch: u64::from((word(pitch) & 0x3_FFFF) + 1) * unit,
        x: u64::from(corner & 0xFFFF) + u64::from(offset & 0x3FFF),
        y: u64::from(corner >> 16) + u64::from(offset >> 16 & 0x3FFF),
    })
}

fn copy(space: &Space, command: &[u32]) -> Result<(), String> {
    let word = |at: usize| u64::from(command.get(at).copied().unwrap_or(0));
    let texel = TEXEL[(command[0] >> 19 & 7) as usize];
    let width = (word(3) & 0xFFFF).saturating_sub(word(2) & 0xFFFF);
    let height = (word(3) >> 16).saturating_sub(word(2) >> 16);
    let (to, from) = (side(command, 1, 2, 4)?, side(command, 8, 7, 9)?);
    let row = usize::try_from(width * texel).map_err(|_| "a blit too large".to_owned())?;
    let source = from.load(space, height)?;
    let mut target = to.load(space, height)?;
    for y in 0..height {
        let place = |side: &Side| (side.x * texel, side.y + y);
        let bytes = from.tiling.get(&source, from.pitch, place(&from), row);
        to.tiling.put(&mut target, to.pitch, place(&to), &bytes);
    }
    space.write(to.address, &target).ok_or("a blit to what is not mapped".into())
}

impl Side {
    /// The bytes of the surface as far as `height` rows from the first one.
    fn load(&self, space: &Space, height: u64) -> Result<Vec<u8>, String> {
        let size = self.tiling.size(self.pitch, self.y + height).filter(|&size| size <= MOST);
        let size = size.ok_or("a blit of a surface too large, or with a pitch that cuts tiles")?;
        // The last row of a buffer may end with its last texel.
        let bytes = match self.tiling {
            Tiling::Linear => space.read_some(self.address, size),
            Tiling::TileY | Tiling::Tile4 | Tiling::Swizzled(_) => {
                space.read(self.address, size).unwrap_or_default()
            }
        };
        match bytes.is_empty() && size > 0 {
            true => Err(format!("a blit of {size} bytes at {:#x}: not mapped", self.address)),
            false => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    #[test]
    fn a_rectangle_of_a_tiled_surface_becomes_linear() -> std::io::Result<()> {
        let mut memory = Memory::new()?;
        let buffer = memory.create(1 << 16).and_then(|handle| memory.buffer(handle));
        let Some(buffer) = buffer else { return Err(std::io::ErrorKind::OutOfMemory.into()) };
        memory.map(0, 0x1_0000, 1 << 16, buffer.offset);
        let space = memory.space(0);
        let mut tiled = vec![0; 256 * 32];
        for y in 0..32 {
            let row: Vec<u8> = (0..=255).map(|x: u8| x ^ (y as u8) << 3).collect();
            Tiling::Tile4.put(&mut tiled, 256, (0, y), &row);
        }
        assert!(space.write(0x1_0000, &tiled).is_some());
        // 20 by 10 texels of two bytes from (50, 7) to (3, 1) of rows of 64 bytes.
        let copy = vec![
            0x5048_0014,
            63,
            3 | 1 << 16,
            23 | 11 << 16,
            0x1_8000,
            0,
            0,
            50 | 7 << 16,
            2 << 30 | 63,
            0x1_0000,
            0,
            0,
        ];
        assert_eq!(run(&space, &[copy.clone(), vec![0x0500_0000]]), [""; 0]);
        for y in 0..10_u64 {
            let row = space.read(0x1_8000 + 64 * (1 + y) + 6, 40).unwrap_or_default();
            let expected: Vec<u8> = (100..140).map(|x: u8| x ^ ((y + 7) as u8) << 3).collect();
            assert_eq!(row, expected, "row {y}");
        }
        assert_eq!(space.read(0x1_8000 + 64 + 5, 1), Some(vec![0]));
        // Where nothing is, and what is not known.
        let nowhere = [&copy[..9], &[0x90_0000, 0, 0]].concat();
        assert_eq!(run(&space, &[nowhere, vec![0x5100_0001, 0, 0]]).len(), 2);
        Ok(())
    }
}

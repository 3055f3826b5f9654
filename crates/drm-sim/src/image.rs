//! Images of AMD chips as the packets of the copy engine describe them.

use crate::memory::Space;
use crate::swizzle::{Family, Swizzle};

/// A tiled image in two dimensions, or an array of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    /// GPU address of the first slice.
    address: u64,
    swizzle: Swizzle,
    /// Bytes from row to row, before tiling, and from slice to slice.
    pitch: u64,
    slice: u64,
}

/// Texels of an image: the first one's place, and how many in a row, and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Column, row and slice.
    pub(crate) x: u64,
    pub(crate) y: u64,
    pub(crate) z: u64,
    pub(crate) width: u64,
    pub(crate) height: u64,
}

/// Most bytes that a window's blocks have.
const MOST: u64 = 1 << 30;
/// The code of images in three dimensions.
const DEPTH: u32 = 2;

impl Image {
    /// The image in six words of a packet of an engine of version `major`: address, first texel,
    /// extent and format; and the place of that texel, as column, row and slice.
    ///
    /// # Errors
    /// What has no equation.
    pub(crate) fn new(
        words: [u32; 6],
        family: Option<Family>,
        major: u32,
    ) -> Result<(Self, [u64; 3]), String> {
        let [low, high, corner, depth, extent, format] = words;
        let (texel, mode) = (1 << (format & 7), format >> 3 & 0x1F);
        let swizzle = family.and_then(|family| Swizzle::new(family, mode, texel));
        let swizzle =
            swizzle.ok_or(format!("a copy of swizzle mode {mode} with texels of {texel} bytes"))?;
        if major < 7 && format >> 9 & 3 == DEPTH {
            return Err("a copy of an image in three dimensions".into());
        }
        if format >> 16 & 0xF != 0 {
            return Err("a copy of an image with mip levels".into());
        }
        let (address, swizzle) = swizzle.at(u64::from(high) << 32 | u64::from(low));
        let pitch = swizzle.pitch(u64::from(depth >> 16) + 1);
        let slice = swizzle.size(pitch, u64::from(extent & 0xFFFF) + 1);
        let slice = slice.ok_or("a copy of an image beyond numbers")?;
        let place = [corner & 0xFFFF, corner >> 16, depth & 0x1FFF].map(u64::from);
        Ok((Self { address, swizzle, pitch, slice }, place))
    }

    /// Bytes of a texel.
    pub(crate) fn texel(&self) -> u64 {
        self.swizzle.texel()
    }

    /// The rows of a window, one after another.
    ///
    /// # Errors
    /// What is not mapped.
    pub(crate) fn read(&self, space: &Space, window: &Window) -> Result<Vec<u8>, String> {
        let (_, swizzle, bytes) = self.blocks(space, window)?;
        let row = (window.width * self.texel()) as usize;
        let mut rows = vec![0; row * window.height as usize];
        for (y, row) in (window.y..).zip(rows.chunks_mut(row.max(1))) {
            swizzle.get(&bytes, self.pitch, (window.x * self.texel(), y), row);
        }
        Ok(rows)
    }

    /// Writes the rows of a window. What lies beside them stays as it is.
    ///
    /// # Errors
    /// What is not mapped.
    pub(crate) fn write(&self, space: &Space, window: &Window, rows: &[u8]) -> Result<(), String> {
        let (address, swizzle, mut bytes) = self.blocks(space, window)?;
        let row = (window.width * self.texel()) as usize;
        for (y, row) in (window.y..).zip(rows.chunks(row.max(1))) {
            swizzle.put(&mut bytes, self.pitch, (window.x * self.texel(), y), row);
        }
        let size = bytes.len();
        let outside = || format!("SDMA writes {size} bytes at {address:#x}: not mapped");
        space.write(address, &bytes).ok_or_else(outside)
    }

    /// Bytes of the rows of blocks that a window touches.
    ///
    /// # Errors
    /// A window that is not within the image's rows, or has too many bytes.
    pub(crate) fn size(&self, window: &Window) -> Result<u64, String> {
        if (window.x + window.width) * self.texel() > self.pitch {
            return Err("a copy beyond the rows of an image".into());
        }
        let (from, _) = self.swizzle.since_row(self.pitch, window.y);
        let end = self.swizzle.size(self.pitch, window.y + window.height);
        let size = end.and_then(|end| end.checked_sub(from)).filter(|&size| size <= MOST);
        size.ok_or("a copy of too many bytes at once".into())
    }

    /// The rows of blocks that a window touches: address, places and bytes.
    fn blocks(&self, space: &Space, window: &Window) -> Result<(u64, Swizzle, Vec<u8>), String> {
        let size = self.size(window)?;
        let (from, swizzle) = self.swizzle.slice(window.z).since_row(self.pitch, window.y);
        let address = self.address.wrapping_add(window.z.wrapping_mul(self.slice) + from);
        let outside = || format!("SDMA reads {size} bytes at {address:#x}: not mapped");
        let bytes = space.read(address, size).ok_or_else(outside)?;
        Ok((address, swizzle, bytes))
    }
}

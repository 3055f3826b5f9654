//! Owned copies of the Std structures, which can be kept, compared and printed: every member by its
//! name, what pointers point to in place of the pointers, and flags as truth values.
//!
//! Whoever reads them from an application follows the pointers; `of` copies the rest.

mod member;
mod structures;
#[cfg(test)]
mod tests;

pub use member::{Item, Member, Members, Numbers};
pub use structures::{
    Cdef, ColorConfig, FilmGrain, GlobalMotion, LoopFilter, LoopRestoration, PictureInfo,
    Quantization, ReferenceInfo, Segmentation, SequenceHeader, TileInfo, TimingInfo,
};

/// An order-dependent hash of the bytes of a frame's tiles: what two captures of one stream have in
/// common, whatever was made of the headers.
pub fn tile_hash<'a>(tiles: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = 0_u64;
    let mut mix = |value: u64| hash = (hash.rotate_left(23) ^ value).wrapping_mul(PRIME);
    for tile in tiles {
        let (words, rest) = tile.as_chunks::<8>();
        words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        mix(u64::from_le_bytes(last));
        mix(tile.len() as u64);
    }
    hash ^ hash >> 29
}

//! Std structures with all members 0, to be filled member by member: they have no `Default`.
#![allow(unsafe_code, reason = "bit fields have no other constructor")]

use ash::vk::native as std_av1;

/// A Std structure of which all bytes zero is a value.
pub trait Plain: Sized {
    /// Every number 0, every flag off, every pointer null.
    fn zero() -> Self;
}

macro_rules! plain {
    ($($name:ident)*) => { $(
        impl Plain for std_av1::$name {
            fn zero() -> Self {
                // SAFETY: it is made of integers, bit fields and pointers, for which zero is a value.
                unsafe { std::mem::zeroed() }
            }
        }
    )* };
}
plain! {
    StdVideoAV1SequenceHeader StdVideoAV1ColorConfig StdVideoAV1TileInfo
    StdVideoDecodeAV1PictureInfo StdVideoAV1Quantization StdVideoAV1Segmentation
    StdVideoAV1LoopFilter StdVideoAV1CDEF StdVideoAV1LoopRestoration StdVideoAV1GlobalMotion
    StdVideoAV1FilmGrain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_set() {
        let header = std_av1::StdVideoAV1SequenceHeader::zero();
        assert!(header.pColorConfig.is_null());
        assert_eq!(header.flags.enable_cdef(), 0);
        assert_eq!(std_av1::StdVideoAV1GlobalMotion::zero().gm_params, [[0; 6]; 8]);
    }
}

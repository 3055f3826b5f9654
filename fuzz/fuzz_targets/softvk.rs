//! Any bytes as the StdVideo structures of a few decodes: the driver decodes or refuses, and does
//! not panic. The pointers of the structures are null, as where the driver has copied them.
#![no_main]
#![allow(unsafe_code, reason = "the structures are bindings without another way to fill them")]

use std::sync::Arc;

use ash::vk::native as std_av1;
use av1_engine::job::{Chroma, FrameJob, PictureInfo, Profile, SequenceHeader, TileInfo};
use av1_engine::{Fault, Reconstructor};
use libfuzzer_sys::fuzz_target;

/// Bytes that are used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn some(&mut self, n: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }

    /// A structure of the next bytes, and zeros.
    ///
    /// # Safety
    /// Any bytes are a value of `T`.
    unsafe fn structure<T>(&mut self) -> T {
        let mut value = std::mem::MaybeUninit::<T>::zeroed();
        let bytes = self.some(size_of::<T>());
        // SAFETY: as many bytes as there are, at most those of the value, which is our own.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), value.as_mut_ptr().cast(), bytes.len());
        }
        // SAFETY: the promise of the caller.
        unsafe { value.assume_init() }
    }

    fn optional<T>(&mut self) -> Option<T> {
        // SAFETY: the callers ask for Std structures: integers, bit fields and pointers.
        (self.byte() & 7 != 0).then(|| unsafe { self.structure() })
    }
}

fn sequence(bytes: &mut Bytes<'_>) -> SequenceHeader {
    // SAFETY: integers, bit fields and pointers.
    let mut std: std_av1::StdVideoAV1SequenceHeader = unsafe { bytes.structure() };
    std.pColorConfig = std::ptr::null();
    std.pTimingInfo = std::ptr::null();
    SequenceHeader { std, color_config: bytes.optional() }
}

fn tile_info(bytes: &mut Bytes<'_>) -> TileInfo {
    // SAFETY: integers, bit fields and pointers.
    let mut std: std_av1::StdVideoAV1TileInfo = unsafe { bytes.structure() };
    std.pMiColStarts = std::ptr::null();
    std.pMiRowStarts = std::ptr::null();
    std.pWidthInSbsMinus1 = std::ptr::null();
    std.pHeightInSbsMinus1 = std::ptr::null();
    let mut sizes = |n: u8| (0..n).map(|_| u16::from(bytes.byte())).collect();
    let (width_in_sbs_minus_1, height_in_sbs_minus_1) = (sizes(std.TileCols), sizes(std.TileRows));
    TileInfo { std, width_in_sbs_minus_1, height_in_sbs_minus_1, last_mi_starts: (0, 0) }
}

fn picture(bytes: &mut Bytes<'_>) -> PictureInfo {
    // SAFETY: integers, bit fields and pointers.
    let mut std: std_av1::StdVideoDecodeAV1PictureInfo = unsafe { bytes.structure() };
    std.pTileInfo = std::ptr::null();
    std.pQuantization = std::ptr::null();
    std.pSegmentation = std::ptr::null();
    std.pLoopFilter = std::ptr::null();
    std.pCDEF = std::ptr::null();
    std.pLoopRestoration = std::ptr::null();
    std.pGlobalMotion = std::ptr::null();
    std.pFilmGrain = std::ptr::null();
    let loop_restoration = bytes.optional();
    PictureInfo {
        std,
        tile_info: (bytes.byte() & 7 != 0).then(|| tile_info(bytes)),
        quantization: bytes.optional(),
        segmentation: bytes.optional(),
        loop_filter: bytes.optional(),
        cdef: bytes.optional(),
        loop_restoration,
        global_motion: bytes.optional(),
        film_grain: bytes.optional(),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (kind, depth) = (bytes.byte(), bytes.byte());
    let chromas = [Chroma::Yuv420, Chroma::Yuv420, Chroma::Yuv444, Chroma::Monochrome];
    let profile = Profile {
        std_profile: u32::from(kind >> 2 & 3),
        chroma: chromas[usize::from(kind & 3)],
        bit_depth: [8, 8, 10, 12][usize::from(depth & 3)],
        film_grain_support: depth & 4 != 0,
    };
    let Ok(mut driver) = Reconstructor::with_threads(profile, 9, 1) else { return };
    let mut header = Arc::new(sequence(&mut bytes));
    for _ in 0..4 {
        if bytes.0.is_empty() {
            break;
        }
        let control = bytes.byte();
        match control & 15 {
            0 => driver.reset(),
            1 => driver.deactivate(u32::from(bytes.byte() % 10)),
            2 => header = Arc::new(sequence(&mut bytes)),
            _ => {}
        }
        let n = usize::from(bytes.byte() & 7);
        let tiles: Vec<_> = (0..n).map(|_| usize::from(bytes.byte())).collect();
        let tiles: Vec<_> = tiles.into_iter().map(|size| bytes.some(size)).collect();
        let job = FrameJob {
            sequence: Arc::clone(&header),
            picture: picture(&mut bytes),
            coded_extent: (u32::from(bytes.byte()), u32::from(bytes.byte())),
            setup_slot: (control & 16 != 0).then(|| u32::from(bytes.byte() % 10)),
            reference_name_slot_indices: std::array::from_fn(|_| i32::from(bytes.byte() % 11) - 1),
            tile_offsets: vec![0; n],
            tile_sizes: tiles.iter().map(|tile| tile.len() as u32).collect(),
        };
        let slices: Vec<_> = tiles.iter().map(Vec::as_slice).collect();
        let decoded = driver.decode(&job, &slices);
        assert!(!matches!(decoded, Err(Fault::Panicked)), "the decoder panicked");
    }
});

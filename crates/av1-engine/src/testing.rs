//! Helpers of the tests in this folder: random numbers, a bit reader, jobs with random tiles.

use std::sync::Arc;

use ash::vk::native as std_av1;

use crate::job::{Chroma, FrameJob, PictureInfo, Profile, SequenceHeader, TileInfo};

/// Reproducible random numbers (xorshift64).
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    /// 0..n.
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(super) fn flag(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// True once in `n` times.
    pub(super) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }
}

/// Bits in, as spec 4.10 reads them.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    pub(super) position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// `f(n)`, spec 4.10.2.
    pub(super) fn f(&mut self, n: u32) -> u32 {
        (0..n).fold(0, |x, _| {
            let bit = self.bytes[self.position / 8] >> (7 - self.position % 8) & 1;
            self.position += 1;
            2 * x + u32::from(bit)
        })
    }

    /// `su(n)`, spec 4.10.6.
    pub(super) fn su(&mut self, n: u32) -> i32 {
        let value = self.f(n) as i32;
        let sign_mask = 1 << (n - 1);
        if value & sign_mask != 0 { value - 2 * sign_mask } else { value }
    }

    /// `ns(n)`, spec 4.10.7.
    pub(super) fn ns(&mut self, n: u32) -> u32 {
        let mut w = 0;
        let mut x = n;
        while x != 0 {
            x >>= 1;
            w += 1;
        }
        let m = (1 << w) - n;
        let v = self.f(w - 1);
        if v < m {
            return v;
        }
        (v << 1) - m + self.f(1)
    }
}

/// A profile without film grain.
pub(super) fn profile(chroma: Chroma, bit_depth: u8) -> Profile {
    let std_profile = match (chroma, bit_depth) {
        (_, 12) | (Chroma::Yuv422, _) => 2,
        (Chroma::Yuv444, _) => 1,
        _ => 0,
    };
    Profile { std_profile, chroma, bit_depth, film_grain_support: false }
}

macro_rules! flags {
    ($name:ident) => {
        std_av1::$name { _bitfield_align_1: [], _bitfield_1: Default::default() }
    };
}
pub(super) use flags;

/// A sequence header with all flags 0 and 8 bits of order hint.
pub(super) fn sequence_header() -> SequenceHeader {
    SequenceHeader {
        std: std_av1::StdVideoAV1SequenceHeader {
            flags: flags!(StdVideoAV1SequenceHeaderFlags),
            seq_profile: 0,
            frame_width_bits_minus_1: 15,
            frame_height_bits_minus_1: 15,
            max_frame_width_minus_1: 63,
            max_frame_height_minus_1: 63,
            delta_frame_id_length_minus_2: 0,
            additional_frame_id_length_minus_1: 0,
            order_hint_bits_minus_1: 7,
            seq_force_integer_mv: 2,
            seq_force_screen_content_tools: 2,
            reserved1: [0; 5],
            pColorConfig: std::ptr::null(),
            pTimingInfo: std::ptr::null(),
        },
        color_config: None,
    }
}

/// The form that jobs share a header in.
#[allow(clippy::arc_with_non_send_sync, reason = "the job's type; its null pointers are not Send")]
pub(super) fn shared(header: SequenceHeader) -> Arc<SequenceHeader> {
    Arc::new(header)
}

/// A picture of one tile, everything else 0.
pub(super) fn picture_info(frame_type: u32) -> PictureInfo {
    let mut tile_flags = flags!(StdVideoAV1TileInfoFlags);
    tile_flags.set_uniform_tile_spacing_flag(1);
    PictureInfo {
        std: std_av1::StdVideoDecodeAV1PictureInfo {
            flags: flags!(StdVideoDecodeAV1PictureInfoFlags),
            frame_type,
            current_frame_id: 0,
            OrderHint: 0,
            primary_ref_frame: 7,
            refresh_frame_flags: 0,
            reserved1: 0,
            interpolation_filter: 0,
            TxMode: 1,
            delta_q_res: 0,
            delta_lf_res: 0,
            SkipModeFrame: [0; 2],
            coded_denom: 0,
            reserved2: [0; 3],
            OrderHints: [0; 8],
            expectedFrameId: [0; 8],
            pTileInfo: std::ptr::null(),
            pQuantization: std::ptr::null(),
            pSegmentation: std::ptr::null(),
            pLoopFilter: std::ptr::null(),
            pCDEF: std::ptr::null(),
            pLoopRestoration: std::ptr::null(),
            pGlobalMotion: std::ptr::null(),
            pFilmGrain: std::ptr::null(),
        },
        tile_info: Some(TileInfo {
            last_mi_starts: (0, 0),
            std: std_av1::StdVideoAV1TileInfo {
                flags: tile_flags,
                TileCols: 1,
                TileRows: 1,
                context_update_tile_id: 0,
                tile_size_bytes_minus_1: 3,
                reserved1: [0; 7],
                pMiColStarts: std::ptr::null(),
                pMiRowStarts: std::ptr::null(),
                pWidthInSbsMinus1: std::ptr::null(),
                pHeightInSbsMinus1: std::ptr::null(),
            },
            width_in_sbs_minus_1: Vec::new(),
            height_in_sbs_minus_1: Vec::new(),
        }),
        quantization: Some(std_av1::StdVideoAV1Quantization {
            flags: flags!(StdVideoAV1QuantizationFlags),
            base_q_idx: 100,
            DeltaQYDc: 0,
            DeltaQUDc: 0,
            DeltaQUAc: 0,
            DeltaQVDc: 0,
            DeltaQVAc: 0,
            qm_y: 0,
            qm_u: 0,
            qm_v: 0,
        }),
        segmentation: None,
        loop_filter: None,
        cdef: None,
        loop_restoration: None,
        global_motion: None,
        film_grain: None,
    }
}

/// A 64x64 frame of one tile.
pub(super) fn job(sequence: &Arc<SequenceHeader>, picture: PictureInfo) -> FrameJob {
    FrameJob {
        sequence: Arc::clone(sequence),
        picture,
        coded_extent: (64, 64),
        setup_slot: None,
        reference_name_slot_indices: [-1; 7],
        tile_offsets: vec![0],
        tile_sizes: vec![1],
    }
}

/// Film grain parameters within their ranges.
pub(super) fn film_grain(rng: &mut Rng) -> std_av1::StdVideoAV1FilmGrain {
    let mut flags = flags!(StdVideoAV1FilmGrainFlags);
    flags.set_chroma_scaling_from_luma(u32::from(rng.once_in(3)));
    flags.set_overlap_flag(u32::from(rng.flag()));
    flags.set_clip_to_restricted_range(u32::from(rng.flag()));
    flags.set_update_grain(1);
    let num_y_points = rng.below(15) as u8;
    let num_cb_points = rng.below(11) as u8;
    let num_cr_points = if num_cb_points == 0 { 0 } else { 1 + rng.below(10) as u8 };
    std_av1::StdVideoAV1FilmGrain {
        flags,
        grain_scaling_minus_8: rng.below(4) as u8,
        ar_coeff_lag: rng.below(4) as u8,
        ar_coeff_shift_minus_6: rng.below(4) as u8,
        grain_scale_shift: rng.below(4) as u8,
        grain_seed: rng.next() as u16,
        film_grain_params_ref_idx: 0,
        num_y_points,
        point_y_value: rising(rng),
        point_y_scaling: std::array::from_fn(|_| rng.byte()),
        num_cb_points,
        point_cb_value: rising(rng),
        point_cb_scaling: std::array::from_fn(|_| rng.byte()),
        num_cr_points,
        point_cr_value: rising(rng),
        point_cr_scaling: std::array::from_fn(|_| rng.byte()),
        ar_coeffs_y_plus_128: std::array::from_fn(|_| rng.byte() as i8),
        ar_coeffs_cb_plus_128: std::array::from_fn(|_| rng.byte() as i8),
        ar_coeffs_cr_plus_128: std::array::from_fn(|_| rng.byte() as i8),
        cb_mult: rng.byte(),
        cb_luma_mult: rng.byte(),
        cb_offset: rng.below(512) as u16,
        cr_mult: rng.byte(),
        cr_luma_mult: rng.byte(),
        cr_offset: rng.below(512) as u16,
    }
}

/// Rising bytes.
fn rising<const N: usize>(rng: &mut Rng) -> [u8; N] {
    let mut values = std::collections::BTreeSet::new();
    while values.len() < N {
        values.insert(rng.byte());
    }
    let mut values = values.into_iter();
    std::array::from_fn(|_| values.next().unwrap_or(255))
}

//! What RADV writes for the video engine of an AMD chip (VCN): packages in a command buffer, a
//! message with named parts, and the part for AV1 field by field.

use crate::bytes::Bytes;
use crate::memory::Space;

/// How a field's values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
}
use Kind::{I8, I16, I32, U8, U16, U32};

impl Kind {
    const fn size(self) -> usize {
        match self {
            U8 | I8 => 1,
            U16 | I16 => 2,
            U32 | I32 => 4,
        }
    }

    fn read(self, bytes: &Bytes, at: usize) -> i64 {
        match self {
            U8 => i64::from(bytes.u8(at)),
            I8 => i64::from(bytes.u8(at) as i8),
            U16 => i64::from(bytes.u16(at)),
            I16 => i64::from(bytes.u16(at) as i16),
            U32 => i64::from(bytes.u32(at)),
            I32 => i64::from(bytes.u32(at) as i32),
        }
    }
}

/// One field of a message's part: name, how it is stored, how many values.
pub(crate) type Layout = [(&'static str, Kind, usize)];

/// The part that every decode has.
pub(crate) const DECODE: &Layout = &[
    ("stream_type", U32, 1),
    ("decode_flags", U32, 1),
    ("width_in_samples", U32, 1),
    ("height_in_samples", U32, 1),
    ("bsd_size", U32, 1),
    ("dpb_size", U32, 1),
    ("dt_size", U32, 1),
    ("sct_size", U32, 1),
    ("sc_coeff_size", U32, 1),
    ("hw_ctxt_size", U32, 1),
    ("sw_ctxt_size", U32, 1),
    ("pic_param_size", U32, 1),
    ("mb_cntl_size", U32, 1),
    ("reserved0", U32, 4),
    ("decode_buffer_flags", U32, 1),
    ("db_pitch", U32, 1),
    ("db_aligned_height", U32, 1),
    ("db_tiling_mode", U32, 1),
    ("db_swizzle_mode", U32, 1),
    ("db_array_mode", U32, 1),
    ("db_field_mode", U32, 1),
    ("db_surf_tile_config", U32, 1),
    ("dt_pitch", U32, 1),
    ("dt_uv_pitch", U32, 1),
    ("dt_tiling_mode", U32, 1),
    ("dt_swizzle_mode", U32, 1),
    ("dt_array_mode", U32, 1),
    ("dt_field_mode", U32, 1),
    ("dt_out_format", U32, 1),
    ("dt_surf_tile_config", U32, 1),
    ("dt_uv_surf_tile_config", U32, 1),
    ("dt_luma_top_offset", U32, 1),
    ("dt_luma_bottom_offset", U32, 1),
    ("dt_chroma_top_offset", U32, 1),
    ("dt_chroma_bottom_offset", U32, 1),
];

/// The part for a picture buffer of separate images ("tier 2"): one pitch, height and size for all
/// of them, and their addresses in the order of `ref_frame_map`.
pub(crate) const DPB: &Layout = &[
    ("config_flags", U32, 1),
    ("luma_pitch", U32, 1),
    ("luma_aligned_height", U32, 1),
    ("luma_aligned_size", U32, 1),
    ("chroma_pitch", U32, 1),
    ("chroma_aligned_height", U32, 1),
    ("chroma_aligned_size", U32, 1),
    ("array_size", U32, 1),
    ("current_low", U32, 1),
    ("current_high", U32, 1),
    ("address_low", U32, 16),
    ("address_high", U32, 16),
];

/// An entry of the list of references that comes beside the message where outputs are the picture
/// buffer ("tier 3"): each has pitches, heights and sizes of its own.
pub(crate) const REFERENCE: &Layout = &[
    ("index", U32, 1),
    ("luma_pitch", U32, 1),
    ("luma_aligned_height", U32, 1),
    ("luma_aligned_size", U32, 1),
    ("luma_high", U32, 1),
    ("luma_low", U32, 1),
    ("chroma_pitch", U32, 1),
    ("chroma_aligned_height", U32, 1),
    ("chroma_aligned_size", U32, 1),
    ("chroma_high", U32, 1),
    ("chroma_low", U32, 1),
    ("reserved", U32, 5),
];

/// Bytes of [`REFERENCE`].
const REFERENCE_BYTES: usize = 64;

/// Bytes of [`DPB`]: the part of a picture buffer in one allocation is shorter.
pub(crate) const DPB_BYTES: usize = 168;

/// The part for AV1, as far as the tiles.
pub(crate) const AV1: &Layout = &[
    ("frame_header_flags", U32, 1),
    ("current_frame_id", U32, 1),
    ("frame_offset", U32, 1),
    ("profile", U8, 1),
    ("is_annexb", U8, 1),
    ("frame_type", U8, 1),
    ("primary_ref_frame", U8, 1),
    ("curr_pic_idx", U8, 1),
    ("sb_size", U8, 1),
    ("interp_filter", U8, 1),
    ("filter_level", U8, 2),
    ("filter_level_u", U8, 1),
    ("filter_level_v", U8, 1),
    ("sharpness_level", U8, 1),
    ("ref_deltas", I8, 8),
    ("mode_deltas", I8, 2),
    ("base_qindex", U8, 1),
    ("y_dc_delta_q", I8, 1),
    ("u_dc_delta_q", I8, 1),
    ("v_dc_delta_q", I8, 1),
    ("u_ac_delta_q", I8, 1),
    ("v_ac_delta_q", I8, 1),
    ("qm_y", I8, 1),
    ("qm_u", I8, 1),
    ("qm_v", I8, 1),
    ("delta_q_res", I8, 1),
    ("delta_lf_res", I8, 1),
    ("tile_cols", U8, 1),
    ("tile_rows", U8, 1),
    ("tx_mode", U8, 1),
    ("reference_mode", U8, 1),
    ("chroma_format", U8, 1),
    ("tile_size_bytes", U32, 1),
    ("context_update_tile_id", U32, 1),
    ("tile_col_start_sb", U32, 65),
    ("tile_row_start_sb", U32, 65),
    ("max_width", U32, 1),
    ("max_height", U32, 1),
    ("width", U32, 1),
    ("height", U32, 1),
    ("superres_upscaled_width", U32, 1),
    ("superres_scale_denominator", U8, 1),
    ("order_hint_bits", U8, 1),
    ("ref_frame_map", U8, 8),
    ("ref_frame_offset", U32, 8),
    ("frame_refs", U8, 7),
    ("ref_frame_sign_bias", U8, 7),
    ("bit_depth_luma_minus8", U8, 1),
    ("bit_depth_chroma_minus8", U8, 1),
    ("feature_data", I32, 64),
    ("feature_mask", U8, 8),
    ("cdef_damping", U8, 1),
    ("cdef_bits", U8, 1),
    ("cdef_strengths", U16, 16),
    ("cdef_uv_strengths", U16, 16),
    ("frame_restoration_type", U8, 3),
    ("log2_restoration_unit_size_minus5", U8, 3),
    ("p010_mode", U8, 1),
    ("msb_mode", U8, 1),
    ("luma_10to8", U8, 1),
    ("chroma_10to8", U8, 1),
    ("preskip_segid", U8, 1),
    ("last_active_segid", U8, 1),
    ("seg_lossless_flag", U8, 1),
    ("coded_lossless", U8, 1),
    // Film grain is a structure of its own, which begins at an even byte.
    ("", U16, 0),
    ("film_grain.apply_grain", U8, 1),
    ("film_grain.scaling_points_y", U8, 28),
    ("film_grain.num_y_points", U8, 1),
    ("film_grain.scaling_points_cb", U8, 20),
    ("film_grain.num_cb_points", U8, 1),
    ("film_grain.scaling_points_cr", U8, 20),
    ("film_grain.num_cr_points", U8, 1),
    ("film_grain.scaling_shift", U8, 1),
    ("film_grain.ar_coeff_lag", U8, 1),
    ("film_grain.ar_coeffs_y", I8, 24),
    ("film_grain.ar_coeffs_cb", I8, 25),
    ("film_grain.ar_coeffs_cr", I8, 25),
    ("film_grain.ar_coeff_shift", U8, 1),
    ("film_grain.cb_mult", U8, 1),
    ("film_grain.cb_luma_mult", U8, 1),
    ("film_grain.cb_offset", U16, 1),
    ("film_grain.cr_mult", U8, 1),
    ("film_grain.cr_luma_mult", U8, 1),
    ("film_grain.cr_offset", U16, 1),
    ("film_grain.overlap_flag", U8, 1),
    ("film_grain.clip_to_restricted_range", U8, 1),
    ("film_grain.bit_depth_minus_8", U8, 1),
    ("film_grain.chroma_scaling_from_luma", U8, 1),
    ("film_grain.grain_scale_shift", U8, 1),
    ("film_grain.random_seed", U16, 1),
    ("uncompressed_header_size", U32, 1),
    ("global_motion.0", I32, 9),
    ("global_motion.0.shear", I16, 4),
    ("global_motion.1", I32, 9),
    ("global_motion.1.shear", I16, 4),
    ("global_motion.2", I32, 9),
    ("global_motion.2.shear", I16, 4),
    ("global_motion.3", I32, 9),
    ("global_motion.3.shear", I16, 4),
    ("global_motion.4", I32, 9),
    ("global_motion.4.shear", I16, 4),
    ("global_motion.5", I32, 9),
    ("global_motion.5.shear", I16, 4),
    ("global_motion.6", I32, 9),
    ("global_motion.6.shear", I16, 4),
    ("global_motion.7", I32, 9),
    ("global_motion.7.shear", I16, 4),
    // Offset and size of each tile.
    ("tile_info", U32, 512),
];

/// Bits of `frame_header_flags`, from bit 0.
pub(crate) const FLAGS: [&str; 32] = [
    "show_frame",
    "disable_cdf_update",
    "refresh_frame_context",
    "intra_only",
    "allow_intrabc",
    "allow_high_precision_mv",
    "monochrome",
    "skip_mode_flag",
    "using_qmatrix",
    "enable_filter_intra",
    "enable_intra_edge_filter",
    "enable_interintra_compound",
    "enable_masked_compound",
    "allow_warped_motion",
    "enable_dual_filter",
    "enable_order_hint",
    "enable_jnt_comp",
    "allow_ref_frame_mvs",
    "allow_screen_content_tools",
    "cur_frame_force_integer_mv",
    "mode_ref_delta_enabled",
    "mode_ref_delta_update",
    "delta_q_present_flag",
    "delta_lf_present_flag",
    "reduced_tx_set_used",
    "segmentation_enabled",
    "segmentation_update_map",
    "segmentation_temporal_update",
    "delta_lf_multi",
    "switchable_skip_mode",
    "skip_reference_update",
    "disable_ref_frame_mvs",
];

/// A part's fields with their values, each aligned to its own size.
pub(crate) fn fields(layout: &'static Layout, bytes: &Bytes) -> Vec<(&'static str, Vec<i64>)> {
    let mut at = 0usize;
    let mut fields = Vec::with_capacity(layout.len());
    for &(name, kind, count) in layout {
        at = at.next_multiple_of(kind.size());
        if count > 0 {
            fields
                .push((name, (0..count).map(|i| kind.read(bytes, at + i * kind.size())).collect()));
        }
        at += count * kind.size();
    }
    fields
}

/// Adds `delta` to value `index` of a part's field; whether it has such.
pub(crate) fn add(
    layout: &'static Layout,
    bytes: &mut Bytes,
    (name, index): (&str, usize),
    delta: i64,
) -> bool {
    let mut at = 0usize;
    for &(field, kind, count) in layout {
        at = at.next_multiple_of(kind.size());
        if field == name && index < count {
            return bytes.add(at + index * kind.size(), kind.size(), delta);
        }
        at += count * kind.size();
    }
    false
}

/// The parts of a message and the buffers beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// 0 create, 1 decode, 2 destroy.
    pub(crate) kind: u32,
    /// Which stream of the engine.
    pub(crate) stream: u32,
    /// Parts by their number: 1 create, 2 decode, 0x10 picture buffer, 0x11 AV1.
    pub(crate) parts: Vec<(u32, Bytes)>,
    /// Entries of [`REFERENCE`], where the message comes with such a list.
    pub(crate) references: Option<Vec<Bytes>>,
    /// GPU addresses.
    pub(crate) target: u64,
    pub(crate) bitstream: u64,
}

impl Message {
    /// Whether it decodes an AV1 picture.
    pub(crate) fn decodes(&self) -> bool {
        self.kind == 1 && self.part(0x11).is_some()
    }

    /// A part by its number.
    pub(crate) fn part(&self, number: u32) -> Option<&Bytes> {
        self.parts.iter().find(|part| part.0 == number).map(|part| &part.1)
    }
}

/// Most bytes of a message: real ones have about 8 KiB.
const MOST: u64 = 1 << 16;
/// Package that names the buffers of a decode.
const DECODE_BUFFER: u32 = 1;
/// Package with the list of references of the decode before it.
const REFERENCES: u32 = 0xC;

/// Every message of a unified engine's command buffer, in order.
pub(crate) fn unified(space: &Space, commands: &Bytes) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut at = 0;
    while at + 8 <= commands.0.len() {
        let (size, kind) = (commands.u32(at) as usize, commands.u32(at + 4));
        if size < 8 {
            break;
        }
        if kind == DECODE_BUFFER {
            // After the package's header and the flags, addresses as (high, low).
            let address = |i: usize| {
                let place = at + 12 + i * 8;
                u64::from(commands.u32(place)) << 32 | u64::from(commands.u32(place + 4))
            };
            messages.extend(message(space, address(0), address(2), address(4)));
        }
        if kind == REFERENCES {
            // After the package's header the list's size and how many entries it has.
            let package = commands.0.get(at + 16..(at + size).min(commands.0.len()));
            let entries = package.unwrap_or_default().chunks_exact(REFERENCE_BYTES);
            let count = commands.u32(at + 12) as usize;
            if let Some(message) = messages.last_mut() {
                let entries = entries.take(count).map(|entry| Bytes(entry.to_vec()));
                message.references = Some(entries.collect());
            }
        }
        at += size;
    }
    messages
}

/// Every message of a decode engine's command buffer before VCN 4: pairs of (register, value),
/// where a command register's write takes the two data registers as an address.
pub(crate) fn registers(space: &Space, commands: &Bytes) -> Vec<Message> {
    let mut written: Vec<(u32, u32)> = Vec::new();
    let mut addresses: Vec<(u32, u64)> = Vec::new();
    let mut messages = Vec::new();
    for at in (0..commands.0.len()).step_by(8) {
        let (register, value) = (commands.u32(at), commands.u32(at + 4));
        match written.as_slice() {
            [.., low, high] if high.0 == low.0 + 1 && register & 0xFFFF < low.0 & 0xFFFF => {
                addresses.push((value >> 1, u64::from(high.1) << 32 | u64::from(low.1)));
                written.clear();
            }
            _ => written.push((register, value)),
        }
    }
    // Each message comes with the buffers that follow it.
    for group in addresses.chunk_by(|_, next| next.0 != 0) {
        let of = |kind| group.iter().find(|a| a.0 == kind).map_or(0, |a| a.1);
        messages.extend(message(space, of(0), of(2), of(0x100)));
    }
    messages
}

/// The message at an address.
fn message(space: &Space, address: u64, target: u64, bitstream: u64) -> Option<Message> {
    let header = Bytes(space.read(address, 24)?);
    let all = Bytes(space.read(address, u64::from(header.u32(4)).min(MOST))?);
    let mut parts = Vec::new();
    for index in 0..(header.u32(8) as usize).min(16) {
        let at = 24 + index * 16;
        let (number, from, size) =
            (all.u32(at), all.u32(at + 4) as usize, all.u32(at + 8) as usize);
        let end = from.checked_add(size).filter(|&end| end <= all.0.len())?;
        parts.push((number, Bytes(all.0[from..end].to_vec())));
    }
    let (kind, stream) = (header.u32(12), header.u32(16));
    Some(Message { kind, stream, parts, references: None, target, bitstream })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_aligned_to_their_size() {
        let layout: &Layout =
            &[("a", U8, 1), ("b", I16, 2), ("", U32, 0), ("c", I8, 1), ("d", U32, 1)];
        let bytes = Bytes(vec![1, 9, 0xFF, 0xFF, 2, 0, 9, 9, 0xFE, 9, 9, 9, 4, 0, 0, 0]);
        let found = fields(layout, &bytes);
        let expected = vec![("a", vec![1]), ("b", vec![-1, 2]), ("c", vec![-2]), ("d", vec![4])];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_part_of_a_picture_buffer_is_as_long_as_the_engines() {
        let bytes = |layout: &Layout| layout.iter().map(|f| f.1.size() * f.2).sum::<usize>();
        assert_eq!(bytes(DPB), DPB_BYTES);
        assert_eq!(bytes(REFERENCE), REFERENCE_BYTES);
    }

    #[test]
    fn the_av1_part_is_as_long_as_the_engines() {
        let end =
            AV1.iter().fold(0usize, |at, f| at.next_multiple_of(f.1.size()) + f.2 * f.1.size());
        // Then three reserved bytes and one word.
        assert_eq!(end % 4, 0);
        assert_eq!(FLAGS.len(), 32);
    }
}

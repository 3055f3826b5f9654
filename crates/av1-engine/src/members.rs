//! The members of the Std structures of a decode, one by one, by their own names.

use ash::vk::native as std_av1;

use crate::job::{PictureInfo, SequenceHeader, TileInfo};
use crate::plain::Plain;

/// One member, or one entry of an array, with its value. Flags are 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// `StdVideoDecodeAV1PictureInfo`.
    pub structure: &'static str,
    /// `OrderHint`, `UsesLr`, `gm_params`.
    pub name: &'static str,
    /// Which entry of an array.
    pub entry: Entry,
    /// What it is.
    pub value: i64,
    /// The number of bits of its type; 1 for a flag.
    pub bits: u8,
}

/// Which entry of an array a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    /// It is no array.
    Alone,
    /// `[i]`
    At(usize),
    /// `[i][j]`
    AtBoth(usize, usize),
}

impl Member {
    /// Its name as one writes it: `gm_params[1][0]`.
    pub fn path(&self) -> String {
        match self.entry {
            Entry::Alone => self.name.to_owned(),
            Entry::At(i) => format!("{}[{i}]", self.name),
            Entry::AtBoth(i, j) => format!("{}[{i}][{j}]", self.name),
        }
    }

    /// Whether `path` names it: an array's name without an index stands for every entry.
    pub fn is_called(&self, path: &str) -> bool {
        self.name == path || (self.entry != Entry::Alone && self.path() == path)
    }
}

/// What is done with each member: the answer is its new value, which is cut to its type.
pub type Each<'a> = &'a mut dyn FnMut(Member) -> Option<i64>;

/// Goes through all members that are there. `reserved` ones and pointers are left out.
pub fn walk(sequence: &mut SequenceHeader, picture: &mut PictureInfo, each: Each<'_>) {
    sequence_header(sequence, each);
    picture_info(&mut picture.std, each);
    if let Some(tiles) = &mut picture.tile_info {
        tile_info(tiles, each);
    }
    if let Some(quantization) = &mut picture.quantization {
        quantization_members(quantization, each);
    }
    if let Some(segmentation) = &mut picture.segmentation {
        segmentation_members(segmentation, each);
    }
    if let Some(filter) = &mut picture.loop_filter {
        loop_filter(filter, each);
    }
    if let Some(cdef) = &mut picture.cdef {
        cdef_members(cdef, each);
    }
    if let Some(restoration) = &mut picture.loop_restoration {
        restoration_members(restoration, each);
    }
    if let Some(motion) = &mut picture.global_motion {
        global_motion(motion, each);
    }
    if let Some(grain) = &mut picture.film_grain {
        film_grain(grain, each);
    }
}

/// All members that are there, in the order of [`walk`].
pub fn list(sequence: &SequenceHeader, picture: &PictureInfo) -> Vec<Member> {
    let (mut sequence, mut picture) = (sequence.clone(), picture.clone());
    let mut all = Vec::new();
    walk(&mut sequence, &mut picture, &mut |member| {
        all.push(member);
        None
    });
    all
}

/// Whether some structure has a member that `path` names, whether a frame has it or not.
pub fn is_known(path: &str) -> bool {
    let color_config = Some(std_av1::StdVideoAV1ColorConfig::zero());
    let sequence = SequenceHeader { std: Plain::zero(), color_config };
    list(&sequence, &everything()).iter().any(|member| member.is_called(path))
}

/// A picture with all structures, all of zeros.
fn everything() -> PictureInfo {
    let tiles = TileInfo {
        std: Plain::zero(),
        width_in_sbs_minus_1: vec![0; 64],
        height_in_sbs_minus_1: vec![0; 64],
        last_mi_starts: (0, 0),
    };
    PictureInfo {
        std: Plain::zero(),
        tile_info: Some(tiles),
        quantization: Some(Plain::zero()),
        segmentation: Some(Plain::zero()),
        loop_filter: Some(Plain::zero()),
        cdef: Some(Plain::zero()),
        loop_restoration: Some(Plain::zero()),
        global_motion: Some(Plain::zero()),
        film_grain: Some(Plain::zero()),
    }
}

/// A number that a member can be.
trait Number: Copy {
    const BITS: u8;
    fn wide(self) -> i64;
    fn cut(value: i64) -> Self;
}

macro_rules! number {
    ($($kind:ty)*) => { $(
        impl Number for $kind {
            const BITS: u8 = <$kind>::BITS as u8;
            fn wide(self) -> i64 {
                self.into()
            }
            fn cut(value: i64) -> Self {
                value as Self
            }
        }
    )* };
}
number! { u8 i8 u16 i16 u32 i32 }

/// A member of a type that is read entry by entry.
trait Entries {
    fn each(&mut self, structure: &'static str, name: &'static str, each: Each<'_>);
}

impl<N: Number> Entries for N {
    fn each(&mut self, structure: &'static str, name: &'static str, each: Each<'_>) {
        one(self, structure, name, Entry::Alone, each);
    }
}

impl<N: Number, const LEN: usize> Entries for [N; LEN] {
    fn each(&mut self, structure: &'static str, name: &'static str, each: Each<'_>) {
        for (i, number) in self.iter_mut().enumerate() {
            one(number, structure, name, Entry::At(i), each);
        }
    }
}

impl<N: Number, const ROWS: usize, const LEN: usize> Entries for [[N; LEN]; ROWS] {
    fn each(&mut self, structure: &'static str, name: &'static str, each: Each<'_>) {
        for (i, row) in self.iter_mut().enumerate() {
            for (j, number) in row.iter_mut().enumerate() {
                one(number, structure, name, Entry::AtBoth(i, j), each);
            }
        }
    }
}

impl<N: Number> Entries for Vec<N> {
    fn each(&mut self, structure: &'static str, name: &'static str, each: Each<'_>) {
        for (i, number) in self.iter_mut().enumerate() {
            one(number, structure, name, Entry::At(i), each);
        }
    }
}

fn one<N: Number>(
    number: &mut N,
    structure: &'static str,
    name: &'static str,
    entry: Entry,
    each: Each<'_>,
) {
    let member = Member { structure, name, entry, value: number.wide(), bits: N::BITS };
    if let Some(value) = each(member) {
        *number = N::cut(value);
    }
}

/// `members!(each, "Structure", place; flags: getter/setter ...; names ...)`.
macro_rules! members {
    ($each:ident, $structure:literal, $std:expr;
     $($flag:ident/$set:ident)*; $($name:ident)*) => {
        $(
            let entry = Entry::Alone;
            let value = i64::from($std.flags.$flag());
            let name = stringify!($flag);
            let member = Member { structure: $structure, name, entry, value, bits: 1 };
            if let Some(value) = $each(member) {
                $std.flags.$set(u32::from(value & 1 != 0));
            }
        )*
        $( Entries::each(&mut $std.$name, $structure, stringify!($name), $each); )*
    };
}

fn sequence_header(sequence: &mut SequenceHeader, each: Each<'_>) {
    members!(each, "StdVideoAV1SequenceHeader", sequence.std;
        still_picture/set_still_picture
        reduced_still_picture_header/set_reduced_still_picture_header
        use_128x128_superblock/set_use_128x128_superblock
        enable_filter_intra/set_enable_filter_intra
        enable_intra_edge_filter/set_enable_intra_edge_filter
        enable_interintra_compound/set_enable_interintra_compound
        enable_masked_compound/set_enable_masked_compound
        enable_warped_motion/set_enable_warped_motion
        enable_dual_filter/set_enable_dual_filter
        enable_order_hint/set_enable_order_hint
        enable_jnt_comp/set_enable_jnt_comp
        enable_ref_frame_mvs/set_enable_ref_frame_mvs
        frame_id_numbers_present_flag/set_frame_id_numbers_present_flag
        enable_superres/set_enable_superres
        enable_cdef/set_enable_cdef
        enable_restoration/set_enable_restoration
        film_grain_params_present/set_film_grain_params_present
        timing_info_present_flag/set_timing_info_present_flag
        initial_display_delay_present_flag/set_initial_display_delay_present_flag;
        seq_profile frame_width_bits_minus_1 frame_height_bits_minus_1 max_frame_width_minus_1
        max_frame_height_minus_1 delta_frame_id_length_minus_2 additional_frame_id_length_minus_1
        order_hint_bits_minus_1 seq_force_integer_mv seq_force_screen_content_tools);
    if let Some(color) = &mut sequence.color_config {
        members!(each, "StdVideoAV1ColorConfig", color;
            mono_chrome/set_mono_chrome
            color_range/set_color_range
            separate_uv_delta_q/set_separate_uv_delta_q
            color_description_present_flag/set_color_description_present_flag;
            BitDepth subsampling_x subsampling_y color_primaries transfer_characteristics
            matrix_coefficients chroma_sample_position);
    }
}

fn picture_info(info: &mut std_av1::StdVideoDecodeAV1PictureInfo, each: Each<'_>) {
    members!(each, "StdVideoDecodeAV1PictureInfo", info;
        error_resilient_mode/set_error_resilient_mode
        disable_cdf_update/set_disable_cdf_update
        use_superres/set_use_superres
        render_and_frame_size_different/set_render_and_frame_size_different
        allow_screen_content_tools/set_allow_screen_content_tools
        is_filter_switchable/set_is_filter_switchable
        force_integer_mv/set_force_integer_mv
        frame_size_override_flag/set_frame_size_override_flag
        buffer_removal_time_present_flag/set_buffer_removal_time_present_flag
        allow_intrabc/set_allow_intrabc
        frame_refs_short_signaling/set_frame_refs_short_signaling
        allow_high_precision_mv/set_allow_high_precision_mv
        is_motion_mode_switchable/set_is_motion_mode_switchable
        use_ref_frame_mvs/set_use_ref_frame_mvs
        disable_frame_end_update_cdf/set_disable_frame_end_update_cdf
        allow_warped_motion/set_allow_warped_motion
        reduced_tx_set/set_reduced_tx_set
        reference_select/set_reference_select
        skip_mode_present/set_skip_mode_present
        delta_q_present/set_delta_q_present
        delta_lf_present/set_delta_lf_present
        delta_lf_multi/set_delta_lf_multi
        segmentation_enabled/set_segmentation_enabled
        segmentation_update_map/set_segmentation_update_map
        segmentation_temporal_update/set_segmentation_temporal_update
        segmentation_update_data/set_segmentation_update_data
        UsesLr/set_UsesLr
        usesChromaLr/set_usesChromaLr
        apply_grain/set_apply_grain;
        frame_type current_frame_id OrderHint primary_ref_frame refresh_frame_flags
        interpolation_filter TxMode delta_q_res delta_lf_res SkipModeFrame coded_denom OrderHints
        expectedFrameId);
}

fn tile_info(tiles: &mut TileInfo, each: Each<'_>) {
    let structure = "StdVideoAV1TileInfo";
    members!(each, "StdVideoAV1TileInfo", tiles.std;
        uniform_tile_spacing_flag/set_uniform_tile_spacing_flag;
        TileCols TileRows context_update_tile_id tile_size_bytes_minus_1);
    tiles.width_in_sbs_minus_1.each(structure, "pWidthInSbsMinus1", each);
    tiles.height_in_sbs_minus_1.each(structure, "pHeightInSbsMinus1", each);
}

fn quantization_members(std: &mut std_av1::StdVideoAV1Quantization, each: Each<'_>) {
    members!(each, "StdVideoAV1Quantization", std;
        using_qmatrix/set_using_qmatrix diff_uv_delta/set_diff_uv_delta;
        base_q_idx DeltaQYDc DeltaQUDc DeltaQUAc DeltaQVDc DeltaQVAc qm_y qm_u qm_v);
}

fn segmentation_members(std: &mut std_av1::StdVideoAV1Segmentation, each: Each<'_>) {
    let structure = "StdVideoAV1Segmentation";
    std.FeatureEnabled.each(structure, "FeatureEnabled", each);
    std.FeatureData.each(structure, "FeatureData", each);
}

fn loop_filter(std: &mut std_av1::StdVideoAV1LoopFilter, each: Each<'_>) {
    members!(each, "StdVideoAV1LoopFilter", std;
        loop_filter_delta_enabled/set_loop_filter_delta_enabled
        loop_filter_delta_update/set_loop_filter_delta_update;
        loop_filter_level loop_filter_sharpness update_ref_delta loop_filter_ref_deltas
        update_mode_delta loop_filter_mode_deltas);
}

fn cdef_members(std: &mut std_av1::StdVideoAV1CDEF, each: Each<'_>) {
    let structure = "StdVideoAV1CDEF";
    std.cdef_damping_minus_3.each(structure, "cdef_damping_minus_3", each);
    std.cdef_bits.each(structure, "cdef_bits", each);
    std.cdef_y_pri_strength.each(structure, "cdef_y_pri_strength", each);
    std.cdef_y_sec_strength.each(structure, "cdef_y_sec_strength", each);
    std.cdef_uv_pri_strength.each(structure, "cdef_uv_pri_strength", each);
    std.cdef_uv_sec_strength.each(structure, "cdef_uv_sec_strength", each);
}

fn restoration_members(std: &mut std_av1::StdVideoAV1LoopRestoration, each: Each<'_>) {
    let structure = "StdVideoAV1LoopRestoration";
    std.FrameRestorationType.each(structure, "FrameRestorationType", each);
    std.LoopRestorationSize.each(structure, "LoopRestorationSize", each);
}

fn global_motion(std: &mut std_av1::StdVideoAV1GlobalMotion, each: Each<'_>) {
    let structure = "StdVideoAV1GlobalMotion";
    std.GmType.each(structure, "GmType", each);
    std.gm_params.each(structure, "gm_params", each);
}

fn film_grain(std: &mut std_av1::StdVideoAV1FilmGrain, each: Each<'_>) {
    members!(each, "StdVideoAV1FilmGrain", std;
        chroma_scaling_from_luma/set_chroma_scaling_from_luma
        overlap_flag/set_overlap_flag
        clip_to_restricted_range/set_clip_to_restricted_range
        update_grain/set_update_grain;
        grain_scaling_minus_8 ar_coeff_lag ar_coeff_shift_minus_6 grain_scale_shift grain_seed
        film_grain_params_ref_idx num_y_points point_y_value point_y_scaling num_cb_points
        point_cb_value point_cb_scaling num_cr_points point_cr_value point_cr_scaling
        ar_coeffs_y_plus_128 ar_coeffs_cb_plus_128 ar_coeffs_cr_plus_128 cb_mult cb_luma_mult
        cb_offset cr_mult cr_luma_mult cr_offset);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence() -> SequenceHeader {
        SequenceHeader { std: Plain::zero(), color_config: Some(Plain::zero()) }
    }

    /// A value goes to the member of its name, and to no other.
    #[test]
    fn each_member_is_its_own() {
        let all = list(&sequence(), &everything());
        let mut paths: Vec<_> = all.iter().map(Member::path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), all.len(), "names are unique over all structures");
        for (at, wanted) in all.iter().enumerate() {
            let (mut sequence, mut picture) = (sequence(), everything());
            let mut number = 0;
            walk(&mut sequence, &mut picture, &mut |_| {
                number += 1;
                (number == at + 1).then_some(1)
            });
            let changed: Vec<_> =
                list(&sequence, &picture).into_iter().filter(|m| m.value != 0).collect();
            assert_eq!(changed, [Member { value: 1, ..*wanted }]);
        }
    }

    #[test]
    fn members_are_named_as_the_structures_name_them() {
        for path in ["OrderHint", "UsesLr", "TileCols", "gm_params[1][0]", "gm_params", "BitDepth"]
        {
            assert!(is_known(path), "{path}");
        }
        for path in ["orderhint", "gm_params[8][0]", "UsesLr[0]", "reserved1", "flags", ""] {
            assert!(!is_known(path), "{path}");
        }
    }

    #[test]
    fn values_are_signed_where_the_type_is() {
        let (mut sequence, mut picture) = (sequence(), everything());
        walk(&mut sequence, &mut picture, &mut |m| m.is_called("DeltaQUAc").then_some(-3));
        assert_eq!(picture.quantization.map(|q| q.DeltaQUAc), Some(-3));
        let all = list(&sequence, &picture);
        assert_eq!(all.iter().find(|m| m.name == "DeltaQUAc").map(|m| m.value), Some(-3));
    }
}

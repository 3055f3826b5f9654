//! What the writer of streams normalises, and the rules for it.

use av1_std::owned::{PictureInfo, SequenceHeader};

use super::{Check, Frame, rules};

/// Whether the member of a sequence header does not come back from the normalised one.
pub(super) fn is_normalised_in_sequence(member: &str, reduced: bool, film_grain: bool) -> bool {
    // What of inter frames is off in a reduced header.
    let off = [
        "flags.enable_interintra_compound",
        "flags.enable_masked_compound",
        "flags.enable_warped_motion",
        "flags.enable_dual_filter",
        "flags.enable_order_hint",
        "flags.enable_jnt_comp",
        "flags.enable_ref_frame_mvs",
        "order_hint_bits_minus_1",
    ];
    match member {
        "flags.still_picture"
        | "flags.reduced_still_picture_header"
        | "flags.timing_info_present_flag"
        | "flags.initial_display_delay_present_flag"
        | "flags.frame_id_numbers_present_flag"
        | "frame_width_bits_minus_1"
        | "frame_height_bits_minus_1"
        | "delta_frame_id_length_minus_2"
        | "additional_frame_id_length_minus_1"
        | "seq_force_integer_mv"
        | "seq_force_screen_content_tools" => true,
        "flags.film_grain_params_present" => !film_grain,
        _ => member.starts_with("pTimingInfo") || (reduced && off.contains(&member)),
    }
}

/// Gives `right`, which comes from a normalised header, what the writer leaves out of `given`.
pub(super) fn denormalise(given: &PictureInfo, right: &mut PictureInfo) {
    // Shown KEY_FRAMEs are there as INTRA_ONLY_FRAME, SWITCH_FRAMEs as INTER_FRAME.
    let hidden_key = given.frame_type == 0 && right.frame_type == 2;
    let switch = given.frame_type == 3 && right.frame_type == 1;
    if hidden_key || switch {
        right.frame_type = given.frame_type;
    }
    right.error_resilient_mode = given.error_resilient_mode;
    right.render_and_frame_size_different = given.render_and_frame_size_different;
    right.frame_size_override_flag = given.frame_size_override_flag;
    right.buffer_removal_time_present_flag = given.buffer_removal_time_present_flag;
    right.frame_refs_short_signaling = given.frame_refs_short_signaling;
    right.segmentation_update_data = given.segmentation_update_data;
    right.current_frame_id = given.current_frame_id;
    right.expectedFrameId = given.expectedFrameId;
    right.refresh_frame_flags = given.refresh_frame_flags;
    if let (Some(given), Some(right)) = (&given.pLoopFilter, &mut right.pLoopFilter) {
        right.loop_filter_delta_update = given.loop_filter_delta_update;
        right.update_ref_delta = given.update_ref_delta;
        right.update_mode_delta = given.update_mode_delta;
    }
    if let (Some(given), Some(right)) = (&given.pTileInfo, &mut right.pTileInfo) {
        right.tile_size_bytes_minus_1 = given.tile_size_bytes_minus_1;
    }
    if let (Some(given), Some(right)) = (&given.pQuantization, &mut right.pQuantization) {
        right.diff_uv_delta = given.diff_uv_delta;
    }
    if let (Some(given), Some(right)) = (&given.pFilmGrain, &mut right.pFilmGrain) {
        right.update_grain = given.update_grain;
        right.film_grain_params_ref_idx = given.film_grain_params_ref_idx;
    }
}

impl Check<'_> {
    /// What contradicts what was handed over before, or what the header's own rules say.
    pub(super) fn by_rules(
        &mut self,
        frame: &Frame,
        info: &PictureInfo,
        sequence: &SequenceHeader,
    ) {
        let number = Some(frame.number);
        for (member, given, right) in self.state.contradictions(frame) {
            let harmless = rules::harmless(&member, info, info, sequence);
            let section = rules::section(&member);
            self.finding(number, member, given, right, section, harmless);
        }
        self.flags(frame, info, sequence);
        self.size(frame, info, sequence);
        let intra = matches!(info.frame_type, 0 | 2);
        for (i, slot) in frame.names.iter().enumerate().filter(|_| !intra) {
            let member = format!("referenceNameSlotIndices[{i}]");
            match self.state.frame_in(*slot) {
                None => {
                    let right = "a slot that holds a picture";
                    self.finding(number, member, slot, right, "7.20", None);
                }
                Some(held) if self.state.is_referable(held) == Some(false) => {
                    let given = format!("{slot}, frame {held}");
                    let right = "a frame that refresh_frame_flags have left in the buffers";
                    self.finding(number, member, given, right, "7.20", None);
                }
                Some(_) => {}
            }
        }
    }

    /// Flags that follow from the type of the frame, and from the sequence.
    fn flags(&mut self, frame: &Frame, info: &PictureInfo, sequence: &SequenceHeader) {
        let number = Some(frame.number);
        let reduced = sequence.reduced_still_picture_header;
        let mut must = |member: &str, given: i64, right: i64| {
            if given != right {
                let harmless = rules::harmless(member, info, info, sequence);
                self.finding(number, member, given, right, rules::section(member), harmless);
            }
        };
        if reduced || info.frame_type == 3 {
            must("flags.error_resilient_mode", info.error_resilient_mode.into(), 1);
            must("refresh_frame_flags", info.refresh_frame_flags.into(), 0xff);
        }
        if reduced {
            must("frame_type", info.frame_type.into(), 0);
            must("flags.frame_size_override_flag", info.frame_size_override_flag.into(), 0);
        }
        let tools = sequence.seq_force_screen_content_tools;
        if tools < 2 {
            let given = info.allow_screen_content_tools.into();
            must("flags.allow_screen_content_tools", given, tools.into());
        }
        let integer = sequence.seq_force_integer_mv;
        if integer < 2 && info.allow_screen_content_tools && !matches!(info.frame_type, 0 | 2) {
            must("flags.force_integer_mv", info.force_integer_mv.into(), integer.into());
        }
        if info.frame_type == 2 && info.refresh_frame_flags == 0xff {
            let right = "not all buffers, of an INTRA_ONLY_FRAME";
            self.finding(number, "refresh_frame_flags", 0xff, right, "5.9.2", None);
        }
        let independent = info.frame_type == 3 || info.error_resilient_mode;
        if independent && info.primary_ref_frame != 7 {
            let given = info.primary_ref_frame;
            self.finding(number, "primary_ref_frame", given, 7, "5.9.2", None);
        }
        if info.refresh_frame_flags != 0 && frame.setup.is_none() && self.capture.slots() > 0 {
            let right = "a slot, as refresh_frame_flags is not 0";
            self.finding(number, "pSetupReferenceSlot", "NULL", right, "Vulkan", None);
        }
    }

    /// The frame's size against the sequence's.
    fn size(&mut self, frame: &Frame, info: &PictureInfo, sequence: &SequenceHeader) {
        let number = Some(frame.number);
        let most = (
            u32::from(sequence.max_frame_width_minus_1) + 1,
            u32::from(sequence.max_frame_height_minus_1) + 1,
        );
        let extent = frame.dst.extent;
        let shown = |(width, height): (u32, u32)| format!("{width}x{height}");
        if !info.frame_size_override_flag && info.frame_type != 3 && extent != most {
            let member = "dstPictureResource.codedExtent";
            let section = rules::section("codedExtent");
            self.finding(number, member, shown(extent), shown(most), section, None);
        } else if extent.0 > most.0 || extent.1 > most.1 {
            let member = "max_frame_width_minus_1, max_frame_height_minus_1";
            let given = shown(most);
            self.finding(
                number,
                member,
                given,
                format!("{} at least", shown(extent)),
                "5.9.5",
                None,
            );
        }
    }
}

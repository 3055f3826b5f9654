//! The Std structures of AV1 decoding, member by member.
#![allow(non_snake_case, reason = "the members' names are Vulkan's")]

use ash::vk::native as std_av1;

use super::member::{Item, Member, Members, Numbers, whole};

/// Declares an owned structure: flags by their bits, members, arrays that pointers point to, and
/// structures that pointers point to.
macro_rules! structure {
    (
        $(#[$doc:meta])*
        $name:ident of $std:ident {
            $(flags $flags:ident { $($flag:ident),* $(,)? })?
            members { $($member:ident: $type:ty),* $(,)? }
            $(arrays { $($array:ident),* $(,)? })?
            $(structures { $($pointer:ident: $pointed:ident),* $(,)? })?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[allow(missing_docs, reason = "members are those of the Std structure")]
        pub struct $name {
            $($(pub $flag: bool,)* pub reserved_flags: u32,)?
            $(pub $member: $type,)*
            $($(pub $array: Option<Vec<u16>>,)*)?
            $($(pub $pointer: Option<$pointed>,)*)?
        }

        impl $name {
            /// A copy of all but what pointers point to.
            pub fn of(std: &std_av1::$std) -> Self {
                #[allow(unused_mut, clippy::needless_update, reason = "not all have flags or pointers")]
                let mut copy = Self { $($member: std.$member,)* ..Self::default() };
                $(
                    let bits = &std.flags._bitfield_1;
                    let mut bit = 0;
                    $(copy.$flag = bits.get_bit(bit); bit += 1;)*
                    copy.reserved_flags = bits.get(bit, (32 - bit) as u8) as u32;
                )?
                copy
            }

            /// The Std structure with NULL pointers.
            pub fn std(&self) -> std_av1::$std {
                $(
                    let mut flags = std_av1::$flags {
                        _bitfield_align_1: [],
                        _bitfield_1: Default::default(),
                    };
                    let mut bit = 0;
                    $(flags._bitfield_1.set_bit(bit, self.$flag); bit += 1;)*
                    if self.reserved_flags != 0 {
                        let reserved = u64::from(self.reserved_flags);
                        flags._bitfield_1.set(bit, (32 - bit) as u8, reserved);
                    }
                )?
                std_av1::$std {
                    $(flags: { let flags: std_av1::$flags = flags; flags },)?
                    $($member: self.$member,)*
                    $($($array: std::ptr::null(),)*)?
                    $($($pointer: std::ptr::null(),)*)?
                }
            }
        }

        impl Members for $name {
            fn own(&self, zeros: bool, see: &mut dyn FnMut(Item<'_>)) {
                let mut values = Numbers::default();
                $($(
                    if zeros || self.$flag {
                        see(Item::Values {
                            name: concat!("flags.", stringify!($flag)),
                            dims: &[],
                            values: &[i64::from(self.$flag)],
                        });
                    }
                )*
                if zeros || self.reserved_flags != 0 {
                    see(Item::Values {
                        name: "flags.reserved",
                        dims: &[],
                        values: &[i64::from(self.reserved_flags)],
                    });
                })?
                $(
                    if zeros || !self.$member.is_zero() {
                        values.clear();
                        self.$member.put(&mut values);
                        let dims = <$type as Member>::DIMS;
                        let name = stringify!($member);
                        see(Item::Values { name, dims, values: values.as_slice() });
                    }
                )*
                $($(
                    let name = stringify!($array);
                    match &self.$array {
                        None => see(Item::Null(name)),
                        Some(array) => {
                            values.clear();
                            array.iter().for_each(|&value| values.push(i64::from(value)));
                            see(Item::Values { name, dims: &[0], values: values.as_slice() });
                        }
                    }
                )*)?
            }

            #[allow(unused_variables, reason = "not all have pointers")]
            fn pointed(&self, see: &mut dyn FnMut(&'static str, Option<&dyn Members>)) {
                $($(
                    let pointed = self.$pointer.as_ref();
                    see(stringify!($pointer), pointed.map(|pointed| pointed as &dyn Members));
                )*)?
            }

            fn set(&mut self, path: &str, values: &[i64]) -> bool {
                match path {
                    $($(
                        concat!("flags.", stringify!($flag)) => {
                            whole(values).map(|flag| self.$flag = flag).is_some()
                        }
                    )*
                    "flags.reserved" => {
                        whole(values).map(|bits| self.reserved_flags = bits).is_some()
                    })?
                    $(
                        stringify!($member) => {
                            whole(values).map(|member| self.$member = member).is_some()
                        }
                    )*
                    $($(
                        stringify!($array) => {
                            let array = values.iter().map(|&v| u16::try_from(v).ok());
                            self.$array = array.collect();
                            self.$array.is_some()
                        }
                    )*)?
                    $($(
                        stringify!($pointer) => {
                            self.$pointer.get_or_insert_default();
                            values.is_empty()
                        }
                    )*)?
                    _ => match path.split_once('.') {
                        $($(
                            Some((stringify!($pointer), rest)) => {
                                self.$pointer.get_or_insert_default().set(rest, values)
                            }
                        )*)?
                        _ => false,
                    },
                }
            }
        }
    };
}

structure! {
    /// StdVideoAV1ColorConfig.
    ColorConfig of StdVideoAV1ColorConfig {
        flags StdVideoAV1ColorConfigFlags {
            mono_chrome, color_range, separate_uv_delta_q, color_description_present_flag,
        }
        members {
            BitDepth: u8, subsampling_x: u8, subsampling_y: u8, reserved1: u8,
            color_primaries: u32, transfer_characteristics: u32, matrix_coefficients: u32,
            chroma_sample_position: u32,
        }
    }
}
structure! {
    /// StdVideoAV1TimingInfo.
    TimingInfo of StdVideoAV1TimingInfo {
        flags StdVideoAV1TimingInfoFlags { equal_picture_interval }
        members {
            num_units_in_display_tick: u32, time_scale: u32, num_ticks_per_picture_minus_1: u32,
        }
    }
}
structure! {
    /// StdVideoAV1SequenceHeader.
    SequenceHeader of StdVideoAV1SequenceHeader {
        flags StdVideoAV1SequenceHeaderFlags {
            still_picture, reduced_still_picture_header, use_128x128_superblock,
            enable_filter_intra, enable_intra_edge_filter, enable_interintra_compound,
            enable_masked_compound, enable_warped_motion, enable_dual_filter, enable_order_hint,
            enable_jnt_comp, enable_ref_frame_mvs, frame_id_numbers_present_flag, enable_superres,
            enable_cdef, enable_restoration, film_grain_params_present, timing_info_present_flag,
            initial_display_delay_present_flag,
        }
        members {
            seq_profile: u32, frame_width_bits_minus_1: u8, frame_height_bits_minus_1: u8,
            max_frame_width_minus_1: u16, max_frame_height_minus_1: u16,
            delta_frame_id_length_minus_2: u8, additional_frame_id_length_minus_1: u8,
            order_hint_bits_minus_1: u8, seq_force_integer_mv: u8,
            seq_force_screen_content_tools: u8, reserved1: [u8; 5],
        }
        structures { pColorConfig: ColorConfig, pTimingInfo: TimingInfo }
    }
}
structure! {
    /// StdVideoAV1TileInfo.
    TileInfo of StdVideoAV1TileInfo {
        flags StdVideoAV1TileInfoFlags { uniform_tile_spacing_flag }
        members {
            TileCols: u8, TileRows: u8, context_update_tile_id: u16, tile_size_bytes_minus_1: u8,
            reserved1: [u8; 7],
        }
        arrays { pMiColStarts, pMiRowStarts, pWidthInSbsMinus1, pHeightInSbsMinus1 }
    }
}
structure! {
    /// StdVideoAV1Quantization.
    Quantization of StdVideoAV1Quantization {
        flags StdVideoAV1QuantizationFlags { using_qmatrix, diff_uv_delta }
        members {
            base_q_idx: u8, DeltaQYDc: i8, DeltaQUDc: i8, DeltaQUAc: i8, DeltaQVDc: i8,
            DeltaQVAc: i8, qm_y: u8, qm_u: u8, qm_v: u8,
        }
    }
}
structure! {
    /// StdVideoAV1Segmentation.
    Segmentation of StdVideoAV1Segmentation {
        members { FeatureEnabled: [u8; 8], FeatureData: [[i16; 8]; 8] }
    }
}
structure! {
    /// StdVideoAV1LoopFilter.
    LoopFilter of StdVideoAV1LoopFilter {
        flags StdVideoAV1LoopFilterFlags { loop_filter_delta_enabled, loop_filter_delta_update }
        members {
            loop_filter_level: [u8; 4], loop_filter_sharpness: u8, update_ref_delta: u8,
            loop_filter_ref_deltas: [i8; 8], update_mode_delta: u8,
            loop_filter_mode_deltas: [i8; 2],
        }
    }
}
structure! {
    /// StdVideoAV1CDEF.
    Cdef of StdVideoAV1CDEF {
        members {
            cdef_damping_minus_3: u8, cdef_bits: u8, cdef_y_pri_strength: [u8; 8],
            cdef_y_sec_strength: [u8; 8], cdef_uv_pri_strength: [u8; 8],
            cdef_uv_sec_strength: [u8; 8],
        }
    }
}
structure! {
    /// StdVideoAV1LoopRestoration.
    LoopRestoration of StdVideoAV1LoopRestoration {
        members { FrameRestorationType: [u32; 3], LoopRestorationSize: [u16; 3] }
    }
}
structure! {
    /// StdVideoAV1GlobalMotion.
    GlobalMotion of StdVideoAV1GlobalMotion {
        members { GmType: [u8; 8], gm_params: [[i32; 6]; 8] }
    }
}
structure! {
    /// StdVideoAV1FilmGrain.
    FilmGrain of StdVideoAV1FilmGrain {
        flags StdVideoAV1FilmGrainFlags {
            chroma_scaling_from_luma, overlap_flag, clip_to_restricted_range, update_grain,
        }
        members {
            grain_scaling_minus_8: u8, ar_coeff_lag: u8, ar_coeff_shift_minus_6: u8,
            grain_scale_shift: u8, grain_seed: u16, film_grain_params_ref_idx: u8,
            num_y_points: u8, point_y_value: [u8; 14], point_y_scaling: [u8; 14],
            num_cb_points: u8, point_cb_value: [u8; 10], point_cb_scaling: [u8; 10],
            num_cr_points: u8, point_cr_value: [u8; 10], point_cr_scaling: [u8; 10],
            ar_coeffs_y_plus_128: [i8; 24], ar_coeffs_cb_plus_128: [i8; 25],
            ar_coeffs_cr_plus_128: [i8; 25], cb_mult: u8, cb_luma_mult: u8, cb_offset: u16,
            cr_mult: u8, cr_luma_mult: u8, cr_offset: u16,
        }
    }
}
structure! {
    /// StdVideoDecodeAV1PictureInfo.
    PictureInfo of StdVideoDecodeAV1PictureInfo {
        flags StdVideoDecodeAV1PictureInfoFlags {
            error_resilient_mode, disable_cdf_update, use_superres,
            render_and_frame_size_different, allow_screen_content_tools, is_filter_switchable,
            force_integer_mv, frame_size_override_flag, buffer_removal_time_present_flag,
            allow_intrabc, frame_refs_short_signaling, allow_high_precision_mv,
            is_motion_mode_switchable, use_ref_frame_mvs, disable_frame_end_update_cdf,
            allow_warped_motion, reduced_tx_set, reference_select, skip_mode_present,
            delta_q_present, delta_lf_present, delta_lf_multi, segmentation_enabled,
            segmentation_update_map, segmentation_temporal_update, segmentation_update_data,
            UsesLr, usesChromaLr, apply_grain,
        }
        members {
            frame_type: u32, current_frame_id: u32, OrderHint: u8, primary_ref_frame: u8,
            refresh_frame_flags: u8, reserved1: u8, interpolation_filter: u32, TxMode: u32,
            delta_q_res: u8, delta_lf_res: u8, SkipModeFrame: [u8; 2], coded_denom: u8,
            reserved2: [u8; 3], OrderHints: [u8; 8], expectedFrameId: [u32; 8],
        }
        structures {
            pTileInfo: TileInfo, pQuantization: Quantization, pSegmentation: Segmentation,
            pLoopFilter: LoopFilter, pCDEF: Cdef, pLoopRestoration: LoopRestoration,
            pGlobalMotion: GlobalMotion, pFilmGrain: FilmGrain,
        }
    }
}
structure! {
    /// StdVideoDecodeAV1ReferenceInfo.
    ReferenceInfo of StdVideoDecodeAV1ReferenceInfo {
        flags StdVideoDecodeAV1ReferenceInfoFlags {
            disable_frame_end_update_cdf, segmentation_enabled,
        }
        members {
            frame_type: u8, RefFrameSignBias: u8, OrderHint: u8, SavedOrderHints: [u8; 8],
        }
    }
}

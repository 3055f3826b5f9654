//! Values that no stream can have: reported by structure, member and value, before the decoder has
//! its say.

use ash::vk::native::*;

use crate::record::{Decode, first, inter_frame, key_frame, right, second};
use crate::rig::Rig;

/// What is said of a key frame with a mistake.
fn key(wrong: impl FnOnce(&mut StdVideoDecodeAV1PictureInfo)) -> Vec<String> {
    let mut info = key_frame();
    wrong(&mut info);
    Rig::new().decode_all(&[&Decode { info: Some(info), ..right() }])
}

/// What is said of an inter frame with a mistake.
fn inter(wrong: impl FnOnce(&mut StdVideoDecodeAV1PictureInfo)) -> Vec<String> {
    let key = first(0);
    let mut decode = second(inter_frame(1, 0), &key);
    decode.info.iter_mut().for_each(wrong_once(wrong));
    Rig::new().decode_all(&[&key, &decode])
}

fn wrong_once<T>(wrong: impl FnOnce(&mut T)) -> impl FnMut(&mut T) {
    let mut wrong = Some(wrong);
    move |at| wrong.take().into_iter().for_each(|wrong| wrong(at))
}

/// `text`, said of decode `n`, is among what is said.
#[track_caller]
fn named(said: &[String], text: &str) {
    assert!(said.iter().any(|line| line.ends_with(text)), "{text}: {said:#?}");
}

/// A structure of zeros with changes, that lives on.
macro_rules! structure {
    ($name:ident, $change:expr) => {{
        // SAFETY: integers and pointers that may be null.
        let mut made: $name = unsafe { std::mem::zeroed() };
        let change: fn(&mut $name) = $change;
        change(&mut made);
        std::ptr::from_ref(Box::leak(Box::new(made)))
    }};
}

#[test]
fn nothing_is_said_of_frames_that_are_right() {
    assert_eq!(key(|_| ()), [""; 0]);
    assert_eq!(inter(|_| ()), [""; 0]);
}

#[test]
fn of_the_picture() {
    named(&inter(|i| i.OrderHint = 128), "OrderHint is 128, not 0 to 127 (5.9.2)");
    named(&key(|i| i.primary_ref_frame = 2), "primary_ref_frame is 2, not 7 (5.9.2)");
    named(&inter(|i| i.primary_ref_frame = 8), "primary_ref_frame is 8, not 0 to 7 (6.8.2)");
    named(&key(|i| i.TxMode = 0), "TxMode is 0, not 1 to 2 (5.9.21)");
    named(&key(|i| i.frame_type = 4), "frame_type is 4, not 0 to 3 (6.8.2)");
    named(&key(|i| i.frame_type = 2), "255 in an intra-only frame (6.8.2)");
    named(&inter(|i| i.interpolation_filter = 5), "is 5, not 0 to 4 (6.8.9)");
    let superres = |i: &mut StdVideoDecodeAV1PictureInfo| {
        i.flags.set_use_superres(1);
        i.coded_denom = 8;
    };
    named(&key(superres), "coded_denom is 8, not 0 to 7 (5.9.8)");
    let deltas = |i: &mut StdVideoDecodeAV1PictureInfo| {
        i.flags.set_delta_q_present(1);
        i.flags.set_delta_lf_present(1);
        (i.delta_q_res, i.delta_lf_res) = (4, 5);
    };
    named(&key(deltas), "delta_q_res is 4, not 0 to 3 (5.9.17)");
    named(&key(deltas), "delta_lf_res is 5, not 0 to 3 (5.9.18)");
    named(&key(|i| i.flags.set_disable_cdf_update(1)), "disable_cdf_update is 1 (5.9.2)");
    named(&inter(|i| i.flags.set_use_ref_frame_mvs(1)), "that stands alone (5.9.2)");
    named(&inter(|i| i.flags.set_skip_mode_present(1)), "or reference_select (5.9.22)");
    named(&key(|i| i.flags.set_allow_intrabc(1)), "without allow_screen_content_tools (5.9.2)");
    named(
        &key(|i| i.flags.set_UsesLr(1)),
        "StdVideoDecodeAV1PictureInfo::pLoopRestoration is NULL, though UsesLr is 1 (5.9.20)",
    );
    named(
        &key(|i| {
            i.flags.set_segmentation_enabled(1);
            i.flags.set_segmentation_update_map(1);
            i.flags.set_segmentation_update_data(1);
        }),
        "pSegmentation is NULL, though segmentation_enabled is 1 (5.9.14)",
    );
    named(
        &key(|i| i.flags.set_segmentation_enabled(1)),
        "StdVideoDecodeAV1PictureInfo::flags.segmentation_update_map is 0, not 1 (5.9.14)",
    );
}

#[test]
fn of_its_parts() {
    named(
        &key(|i| {
            i.pQuantization = structure!(StdVideoAV1Quantization, |q| {
                (q.base_q_idx, q.DeltaQUAc, q.DeltaQVAc) = (100, -65, -65);
            });
        }),
        "StdVideoAV1Quantization::DeltaQUAc is -65, not -64 to 63 (5.9.13)",
    );
    named(
        &key(|i| {
            i.flags.set_segmentation_enabled(1);
            i.flags.set_segmentation_update_map(1);
            i.flags.set_segmentation_update_data(1);
            i.pSegmentation = structure!(StdVideoAV1Segmentation, |s| {
                (s.FeatureEnabled[3], s.FeatureData[3][1]) = (2, 64);
            });
        }),
        "StdVideoAV1Segmentation::FeatureData[3][1] is 64, not -63 to 63 (5.9.14)",
    );
    named(
        &key(|i| {
            i.pLoopFilter = structure!(StdVideoAV1LoopFilter, |l| l.loop_filter_level[2] = 64);
        }),
        "StdVideoAV1LoopFilter::loop_filter_level[2] is 64, not 0 to 63 (5.9.11)",
    );
    named(
        &key(|i| {
            i.flags.set_UsesLr(1);
            i.pLoopRestoration = structure!(StdVideoAV1LoopRestoration, |l| {
                l.FrameRestorationType[0] = 1;
                l.LoopRestorationSize = [4; 3];
            });
        }),
        "StdVideoAV1LoopRestoration::LoopRestorationSize[0] is 4, not 1 to 3 (5.9.20)",
    );
}

#[test]
fn of_motion_and_tiles() {
    named(
        &inter(|i| {
            i.pGlobalMotion = structure!(StdVideoAV1GlobalMotion, |g| {
                g.GmType[5] = 2;
                g.gm_params[5] = [0, 0, 1 << 16, 3, 0, 1 << 16];
            });
        }),
        "gm_params[5][3] is 3, not a multiple of 2 from its default by 8192 at most (5.9.25)",
    );
    named(
        &key(|i| {
            i.pTileInfo = structure!(StdVideoAV1TileInfo, |t| {
                t.flags.set_uniform_tile_spacing_flag(1);
                (t.TileCols, t.TileRows) = (2, 1);
            });
        }),
        "StdVideoAV1TileInfo::TileCols is 2, which 1 superblocks are not in tiles of equal size \
         (5.9.15)",
    );
    named(
        &key(|i| {
            i.pTileInfo = structure!(StdVideoAV1TileInfo, |t| (t.TileCols, t.TileRows) = (1, 1));
        }),
        "StdVideoAV1TileInfo::pWidthInSbsMinus1 is NULL without uniform spacing (5.9.15)",
    );
}

#[test]
fn of_film_grain() {
    let rig = Rig::with_film_grain();
    let said = |grain: *const StdVideoAV1FilmGrain| {
        let mut info = key_frame();
        info.flags.set_apply_grain(1);
        info.pFilmGrain = grain;
        rig.decode_all(&[&Decode { info: Some(info), ..right() }])
    };
    let grain = structure!(StdVideoAV1FilmGrain, |g| {
        (g.num_y_points, g.point_y_value[1], g.ar_coeff_lag) = (3, 9, 4);
        g.point_y_value[2] = 9;
    });
    let heard = said(grain);
    named(&heard, "StdVideoAV1FilmGrain::ar_coeff_lag is 4, not 0 to 3 (5.9.30)");
    named(&heard, "point_y_value[2] is 9, not above 9, the one before it (6.8.20)");
    let grain = structure!(StdVideoAV1FilmGrain, |g| {
        (g.num_y_points, g.num_cb_points) = (1, 1);
    });
    named(&said(grain), "num_cr_points 0: in 4:2:0 both are 0 or none (6.8.20)");
}

#[test]
fn of_sizes_against_the_sequence() {
    let rig = Rig::new();
    let (_, heard) = rig.decode(|d| {
        *d = right();
        (d.extent.width, d.bound_extent.width) = (48, 48);
    });
    named(
        &heard,
        "StdVideoAV1SequenceHeader::max_frame_width_minus_1 and max_frame_height_minus_1 are those \
         of 64x64, codedExtent is 48x64, though frame_size_override_flag is 0 (5.9.5)",
    );
    let (_, heard) = rig.decode(|d| {
        *d = right();
        (d.extent.width, d.bound_extent.width) = (48, 48);
        d.info.iter_mut().for_each(|info| info.flags.set_frame_size_override_flag(1));
    });
    assert_eq!(heard, [""; 0]);
}

#[test]
fn a_frame_that_the_decoder_does_not_take() {
    // Twice as many tiles are said to be there as there are.
    let said = key(|i| {
        i.pTileInfo = structure!(StdVideoAV1TileInfo, |t| {
            t.flags.set_uniform_tile_spacing_flag(1);
            (t.TileCols, t.TileRows) = (1, 2);
        });
    });
    named(&said, "tile_info() cannot be written: TileRows [driver]");
    named(&said, "TileRows is 2, which 1 superblocks are not in tiles of equal size (5.9.15)");
}

/// A source of bytes: all ones, or anything (xorshift).
#[derive(Clone, Copy)]
enum Bytes {
    Ones,
    Any(u64),
}

impl Bytes {
    fn next(&mut self) -> u8 {
        match self {
            Self::Ones => 0xff,
            Self::Any(state) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                (*state >> 24) as u8
            }
        }
    }

    /// A structure of the next bytes, but for what `change` makes of it.
    ///
    /// # Safety
    /// Of integers, and of pointers that `change` replaces or nobody follows.
    unsafe fn made<T>(&mut self, change: impl FnOnce(&mut T)) -> *const T {
        let mut made = Box::new(std::mem::MaybeUninit::<T>::zeroed());
        for i in 0..size_of::<T>() {
            // SAFETY: inside the structure.
            unsafe { made.as_mut_ptr().cast::<u8>().add(i).write(self.next()) };
        }
        // SAFETY: the caller's promise.
        let made = Box::leak(unsafe { made.assume_init() });
        change(made);
        made
    }
}

/// Structures of `bytes`.
fn structures(
    mut bytes: Bytes,
) -> (StdVideoDecodeAV1PictureInfo, &'static StdVideoAV1SequenceHeader) {
    let null = std::ptr::null();
    // SAFETY: every pointer is replaced.
    unsafe {
        let tiles = bytes.made(|t: &mut StdVideoAV1TileInfo| {
            (t.pMiColStarts, t.pMiRowStarts) = (null, null);
            (t.pWidthInSbsMinus1, t.pHeightInSbsMinus1) = (null, null);
        });
        let (quantization, segmentation) = (bytes.made(|_| ()), bytes.made(|_| ()));
        let (filter, cdef, restoration) =
            (bytes.made(|_| ()), bytes.made(|_| ()), bytes.made(|_| ()));
        let (motion, grain, color) = (bytes.made(|_| ()), bytes.made(|_| ()), bytes.made(|_| ()));
        let info = bytes.made(|i: &mut StdVideoDecodeAV1PictureInfo| {
            (i.pTileInfo, i.pQuantization, i.pSegmentation) = (tiles, quantization, segmentation);
            (i.pLoopFilter, i.pCDEF, i.pLoopRestoration) = (filter, cdef, restoration);
            (i.pGlobalMotion, i.pFilmGrain) = (motion, grain);
        });
        let header = bytes.made(|h: &mut StdVideoAV1SequenceHeader| {
            h.flags.set_reduced_still_picture_header(0);
            (h.pColorConfig, h.pTimingInfo) = (color, std::ptr::null());
        });
        (*info, &*header)
    }
}

/// Decodes by `bytes`, as frames of all types and some sizes: the driver says what it likes.
fn survives(rig: &Rig, bytes: Bytes) {
    let (mut info, header) = structures(bytes);
    let key = first(0);
    for (frame_type, wrong_header) in [(0, true), (1, true), (2, false), (3, false), (1, false)] {
        info.frame_type = frame_type;
        let with = wrong_header.then(|| rig.parameters_of(header));
        for extent in [(u32::MAX, u32::MAX), (0, 0), (64, 64)] {
            rig.decode_all(&[&key]);
            let extent = ash::vk::Extent2D { width: extent.0, height: extent.1 };
            let setup_info = key.setup_info;
            rig.decode_all(&[&Decode { extent, setup_info, with, ..second(info, &key) }]);
        }
        with.into_iter().for_each(|with| rig.destroy_parameters(with));
    }
    // The queue is alive.
    assert_eq!(rig.decode_all(&[&right()]), [""; 0]);
}

#[test]
fn nonsense_does_no_harm() {
    let (rig, grain) = (Rig::new(), Rig::with_film_grain());
    survives(&rig, Bytes::Ones);
    for seed in 1..60_u64 {
        let bytes = Bytes::Any(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        survives(if seed % 4 == 0 { &grain } else { &rig }, bytes);
    }
}

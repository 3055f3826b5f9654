//! `vav1d sim-diff`: two recordings of `sim`, field by field.

use std::io::{self, Write};
use std::path::Path;

use super::args::SimDiffArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output;
use vav1d_lab::recording::{Difference, Recording};
use vav1d_lab::words::count;

/// Fields of RADV's message and of ANV's commands by their beginning, and what of the Vulkan structures they come from.
/// The first that fits counts.
const SOURCES: &[(&str, &str)] = &[
    ("tile.", "VkVideoDecodeAV1PictureInfoKHR::pTileOffsets, pTileSizes, or the bytes there"),
    ("av1.tile_info", "VkVideoDecodeAV1PictureInfoKHR::pTileOffsets, pTileSizes"),
    ("av1.tile_", "StdVideoAV1TileInfo"),
    ("av1.context_update_tile_id", "StdVideoAV1TileInfo"),
    ("av1.frame_refs", "VkVideoDecodeAV1PictureInfoKHR::referenceNameSlotIndices"),
    ("av1.ref_frame_sign_bias", "StdVideoDecodeAV1ReferenceInfo::RefFrameSignBias"),
    ("av1.frame_offset", "StdVideoDecodeAV1PictureInfo::OrderHint"),
    ("av1.ref_frame_offset", "StdVideoDecodeAV1PictureInfo::OrderHints"),
    ("av1.global_motion", "StdVideoAV1GlobalMotion"),
    ("av1.film_grain", "StdVideoAV1FilmGrain"),
    ("av1.filter_level", "StdVideoAV1LoopFilter"),
    ("av1.sharpness_level", "StdVideoAV1LoopFilter"),
    ("av1.ref_deltas", "StdVideoAV1LoopFilter::loop_filter_ref_deltas"),
    ("av1.mode_deltas", "StdVideoAV1LoopFilter::loop_filter_mode_deltas"),
    ("av1.mode_ref_delta", "StdVideoAV1LoopFilter::flags"),
    ("av1.base_qindex", "StdVideoAV1Quantization"),
    ("av1.y_", "StdVideoAV1Quantization"),
    ("av1.u_", "StdVideoAV1Quantization"),
    ("av1.v_", "StdVideoAV1Quantization"),
    ("av1.qm_", "StdVideoAV1Quantization"),
    ("av1.using_qmatrix", "StdVideoAV1Quantization::flags"),
    ("av1.feature_", "StdVideoAV1Segmentation"),
    ("av1.preskip_segid", "StdVideoAV1Segmentation"),
    ("av1.last_active_segid", "StdVideoAV1Segmentation"),
    ("av1.segmentation_", "StdVideoDecodeAV1PictureInfo::flags"),
    ("av1.cdef_", "StdVideoAV1CDEF"),
    ("av1.frame_restoration_type", "StdVideoAV1LoopRestoration::FrameRestorationType"),
    ("av1.log2_restoration", "StdVideoAV1LoopRestoration::LoopRestorationSize"),
    ("av1.enable_", "StdVideoAV1SequenceHeader::flags"),
    ("av1.order_hint_bits", "StdVideoAV1SequenceHeader"),
    ("av1.profile", "StdVideoAV1SequenceHeader"),
    ("av1.sb_size", "StdVideoAV1SequenceHeader::flags"),
    ("av1.max_", "StdVideoAV1SequenceHeader"),
    ("av1.bit_depth", "StdVideoAV1ColorConfig"),
    ("av1.monochrome", "StdVideoAV1ColorConfig::flags"),
    ("av1.chroma_format", "StdVideoAV1ColorConfig"),
    ("av1.width", "VkVideoPictureResourceInfoKHR::codedExtent"),
    ("av1.height", "VkVideoPictureResourceInfoKHR::codedExtent"),
    ("av1.", "StdVideoDecodeAV1PictureInfo"),
    ("avp.references", "VkVideoDecodeAV1PictureInfoKHR::referenceNameSlotIndices"),
    ("avp.motion", "VkVideoDecodeAV1PictureInfoKHR::referenceNameSlotIndices"),
    ("avp.cdf_source", "StdVideoDecodeAV1PictureInfo::primary_ref_frame"),
    ("avp.cdf_kept", "StdVideoDecodeAV1PictureInfo::flags.disable_frame_end_update_cdf"),
    ("avp.grain_output", "VkVideoDecodeInfoKHR::dstPictureResource"),
    ("avp.surface.", "images of the DPB"),
    ("avp.film_grain.", "StdVideoAV1FilmGrain"),
    ("avp.inter.saved_order_hints", "StdVideoDecodeAV1ReferenceInfo::SavedOrderHints"),
    ("avp.inter.", "StdVideoDecodeAV1ReferenceInfo"),
    ("avp.segment.", "StdVideoAV1Segmentation"),
    ("avp.filter.cdef_", "StdVideoAV1CDEF"),
    ("avp.filter.deblocker_filter_ref_deltas", "StdVideoAV1LoopFilter::loop_filter_ref_deltas"),
    ("avp.filter.deblocker_filter_mode_deltas", "StdVideoAV1LoopFilter::loop_filter_mode_deltas"),
    ("avp.filter.deblocker_filter_delta_", "StdVideoDecodeAV1PictureInfo::flags"),
    ("avp.filter.deblocker_delta_", "StdVideoDecodeAV1PictureInfo::delta_lf_res"),
    ("avp.filter.super_res_", "StdVideoDecodeAV1PictureInfo::coded_denom"),
    ("avp.filter.luma_plane", "StdVideoDecodeAV1PictureInfo::coded_denom"),
    ("avp.filter.chroma_plane", "StdVideoDecodeAV1PictureInfo::coded_denom"),
    ("avp.filter.frame_loop_restoration", "StdVideoAV1LoopRestoration::FrameRestorationType"),
    ("avp.filter.loop_restoration", "StdVideoAV1LoopRestoration::LoopRestorationSize"),
    ("avp.filter.use_same_loop", "StdVideoAV1LoopRestoration::LoopRestorationSize"),
    ("avp.filter.", "StdVideoAV1LoopFilter"),
    ("avp.pic.reference_frame_order_hint", "StdVideoDecodeAV1ReferenceInfo::OrderHint"),
    ("avp.pic.reference_frame_si", "StdVideoDecodeAV1ReferenceInfo::OrderHint"),
    ("avp.pic.current_frame_order_hint", "StdVideoDecodeAV1PictureInfo::OrderHint"),
    ("avp.pic.global_motion", "StdVideoAV1GlobalMotion"),
    ("avp.pic.warp_parameters", "StdVideoAV1GlobalMotion"),
    ("avp.pic.base_qindex", "StdVideoAV1Quantization"),
    ("avp.pic.y_", "StdVideoAV1Quantization"),
    ("avp.pic.u_", "StdVideoAV1Quantization"),
    ("avp.pic.v_", "StdVideoAV1Quantization"),
    ("avp.pic.last_active_", "StdVideoAV1Segmentation"),
    ("avp.pic.pre_skip_", "StdVideoAV1Segmentation"),
    ("avp.pic.frame_level_loop_restoration", "StdVideoAV1LoopRestoration::FrameRestorationType"),
    ("avp.pic.frame_width", "VkVideoPictureResourceInfoKHR::codedExtent"),
    ("avp.pic.frame_height", "VkVideoPictureResourceInfoKHR::codedExtent"),
    ("avp.pic.enable_", "StdVideoAV1SequenceHeader::flags"),
    ("avp.pic.superblock", "StdVideoAV1SequenceHeader::flags"),
    ("avp.pic.order_hint_bits", "StdVideoAV1SequenceHeader"),
    ("avp.pic.pixel_bit_depth", "StdVideoAV1ColorConfig"),
    ("avp.pic.chroma_sub", "StdVideoAV1ColorConfig"),
    ("avp.pic.", "StdVideoDecodeAV1PictureInfo"),
    ("raw.av1.curr_pic_idx", "VkVideoDecodeInfoKHR::pSetupReferenceSlot"),
    ("raw.av1.ref_frame_map", "VkVideoDecodeInfoKHR::pReferenceSlots"),
    ("raw.", "memory"),
    ("decode.dt_", "VkVideoDecodeInfoKHR::dstPictureResource"),
    ("decode.db_", "images of the DPB"),
    ("dpb.", "images of the DPB"),
    ("decode.", "VkVideoDecodeInfoKHR"),
];

/// Where a field comes from.
fn source(field: &str) -> &'static str {
    SOURCES
        .iter()
        .find(|(start, _)| field.starts_with(start))
        .map_or("the sequence of commands", |s| s.1)
}

/// Reads one recording.
fn read(path: &Path) -> Result<Recording> {
    let no_input = |why: String| Failure::new(Exit::NoInput, why);
    let text =
        std::fs::read_to_string(path).map_err(|e| no_input(format!("{}: {e}", path.display())))?;
    Recording::parse(path, &text).map_err(no_input)
}

pub(super) fn run(args: &SimDiffArgs, json: bool) -> Result<Exit> {
    let (first, second) = (read(&args.first)?, read(&args.second)?);
    if first.chip != second.chip {
        let why = format!("recordings of two chips, {} and {}", first.chip, second.chip);
        return Err(Failure::new(Exit::Usage, why));
    }
    let differences = first.compare(&second, args.raw);
    let written = match json {
        true => write_json(args, &differences),
        false => write_text(&mut output::stdout(), &first, &differences),
    };
    written.map_err(Failure::output)?;
    let open = differences.iter().any(|difference| difference.explained.is_none());
    Ok(if open { Exit::No } else { Exit::Done })
}

fn write_text(
    out: &mut impl Write,
    first: &Recording,
    differences: &[Difference],
) -> io::Result<()> {
    for d in differences {
        writeln!(
            out,
            "{}: {} of {}, first in picture {}",
            d.field,
            d.count,
            count(first.pictures.len(), "picture"),
            d.picture
        )?;
        writeln!(out, "    A {}\n    B {}\n    from {}", d.first, d.second, source(&d.field))?;
        if let Some(why) = d.explained {
            writeln!(out, "    no matter: {why}")?;
        }
    }
    let open = differences.iter().filter(|d| d.explained.is_none()).count();
    writeln!(
        out,
        "{} on {}: {} {}, {} more without consequence",
        count(first.pictures.len(), "picture"),
        first.chip,
        count(open, "field"),
        if open == 1 { "differs" } else { "differ" },
        differences.len() - open
    )?;
    out.flush()
}

fn write_json(args: &SimDiffArgs, differences: &[Difference]) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("sim-diff", Some(&args.first), None)?;
    for d in differences {
        lines.write(&Record::Difference(serde_json::json!({
            "field": d.field,
            "pictures": d.count,
            "first_picture": d.picture,
            "a": d.first,
            "b": d.second,
            "source": source(&d.field),
            "explained": d.explained,
        })))?;
    }
    lines.0.flush()
}

//! Headers as owned structures: what an application that has parsed a stream hands over.

use av1_syntax::syntax::frame::FrameHeader;

use crate::owned::{PictureInfo, ReferenceInfo, SequenceHeader, TileInfo};
use crate::picture::{PictureParts, picture_parts, reference_info};
use crate::sequence::sequence_parts;

/// The sequence header, with all that it points to.
pub fn sequence(s: &av1_syntax::syntax::sequence::SequenceHeader) -> SequenceHeader {
    let parts = sequence_parts(s);
    SequenceHeader {
        pColorConfig: Some(crate::owned::ColorConfig::of(&parts.color_config)),
        pTimingInfo: Some(crate::owned::TimingInfo::of(&parts.timing_info)),
        ..SequenceHeader::of(&parts.header)
    }
}

/// The picture information of `h`, with all that it points to; `apply_grain`: whether the driver is
/// to apply its film grain. Arrays of tiles have what the specification wants of them: TileCols and
/// TileRows entries.
pub fn picture(h: &FrameHeader, apply_grain: bool) -> PictureInfo {
    let parts = picture_parts(h, apply_grain);
    PictureInfo {
        pTileInfo: Some(tile_info(&parts)),
        pQuantization: Some(crate::owned::Quantization::of(&parts.quantization)),
        pSegmentation: Some(crate::owned::Segmentation::of(&parts.segmentation)),
        pLoopFilter: Some(crate::owned::LoopFilter::of(&parts.loop_filter)),
        pCDEF: Some(crate::owned::Cdef::of(&parts.cdef)),
        pLoopRestoration: Some(crate::owned::LoopRestoration::of(&parts.loop_restoration)),
        pGlobalMotion: Some(crate::owned::GlobalMotion::of(&parts.global_motion)),
        pFilmGrain: parts.film_grain.as_ref().map(crate::owned::FilmGrain::of),
        ..PictureInfo::of(&parts.info)
    }
}

fn tile_info(parts: &PictureParts) -> TileInfo {
    let info = TileInfo::of(&parts.tile_info);
    let cols = usize::from(info.TileCols);
    let rows = usize::from(info.TileRows);
    let first = |all: &[u16], count: usize| all.get(..count).map(<[u16]>::to_vec);
    TileInfo {
        pMiColStarts: first(&parts.mi_col_starts, cols),
        pMiRowStarts: first(&parts.mi_row_starts, rows),
        pWidthInSbsMinus1: first(&parts.width_in_sbs_minus_1, cols),
        pHeightInSbsMinus1: first(&parts.height_in_sbs_minus_1, rows),
        ..info
    }
}

/// What later frames must know of the frame of `h`.
pub fn reference(h: &FrameHeader) -> ReferenceInfo {
    ReferenceInfo::of(&reference_info(h))
}

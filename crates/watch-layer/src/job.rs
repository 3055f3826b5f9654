//! Owned Std structures as the frame parameters that streams are written from.

use std::sync::Arc;

use av1_engine::job;
use av1_std::owned::{PictureInfo, SequenceHeader, TileInfo};

/// The sequence header.
pub(crate) fn sequence(header: &SequenceHeader) -> Arc<job::SequenceHeader> {
    let color_config = header.pColorConfig.as_ref().map(|color| color.std());
    Arc::new(job::SequenceHeader { std: header.std(), color_config })
}

/// The picture information: a structure that the flags say is not to be read is left out.
pub(crate) fn picture(info: &PictureInfo) -> job::PictureInfo {
    let segmentation = info.pSegmentation.as_ref().filter(|_| info.segmentation_enabled);
    let restoration = info.pLoopRestoration.as_ref().filter(|_| info.UsesLr);
    let film_grain = info.pFilmGrain.as_ref().filter(|_| info.apply_grain);
    job::PictureInfo {
        std: info.std(),
        tile_info: info.pTileInfo.as_ref().map(tile_info),
        quantization: info.pQuantization.as_ref().map(|q| q.std()),
        segmentation: segmentation.map(|s| s.std()),
        loop_filter: info.pLoopFilter.as_ref().map(|l| l.std()),
        cdef: info.pCDEF.as_ref().map(|c| c.std()),
        loop_restoration: restoration.map(|r| r.std()),
        global_motion: info.pGlobalMotion.as_ref().map(|g| g.std()),
        film_grain: film_grain.map(|g| g.std()),
    }
}

fn tile_info(info: &TileInfo) -> job::TileInfo {
    let explicit = |sizes: &Option<Vec<u16>>| match info.uniform_tile_spacing_flag {
        true => Vec::new(),
        false => sizes.clone().unwrap_or_default(),
    };
    let last = |starts: &Option<Vec<u16>>| {
        starts.as_ref().and_then(|starts| starts.last().copied()).unwrap_or(0)
    };
    job::TileInfo {
        std: info.std(),
        width_in_sbs_minus_1: explicit(&info.pWidthInSbsMinus1),
        height_in_sbs_minus_1: explicit(&info.pHeightInSbsMinus1),
        last_mi_starts: (last(&info.pMiColStarts), last(&info.pMiRowStarts)),
    }
}

//! Frames that are handed over exactly as an application has: its Std structures, slots and extents
//! in place of those that follow from a plan.

use ash::vk::native::StdVideoDecodeAV1ReferenceInfo;

use super::record::{DecodeCommand, Nulls};
use av1_std::owned::{PictureInfo, ReferenceInfo, TileInfo};
use av1_std::picture::{PictureParts, TILE_STARTS};

/// What an application has handed over for one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// pStdPictureInfo.
    pub info: PictureInfo,
    /// codedExtent of the output.
    pub extent: (u32, u32),
    /// slotIndex and pStdReferenceInfo of pSetupReferenceSlot.
    pub setup: Option<(i32, ReferenceInfo)>,
    /// slotIndex, codedExtent and pStdReferenceInfo of each of pReferenceSlots.
    pub references: Vec<(i32, (u32, u32), ReferenceInfo)>,
    /// referenceNameSlotIndices.
    pub names: [i32; 7],
}

impl Handed {
    /// pStdReferenceInfo of the setup slot, if there is one.
    pub(super) fn setup_info(&self) -> Option<StdVideoDecodeAV1ReferenceInfo> {
        self.setup.as_ref().map(|(_, info)| info.std())
    }

    /// Puts the application's structures in place of the plan's.
    pub(super) fn apply(&self, command: &mut DecodeCommand) {
        command.parts = parts(&self.info);
        command.nulls = Nulls {
            quantization: self.info.pQuantization.is_none(),
            segmentation: self.info.pSegmentation.is_none(),
            loop_filter: self.info.pLoopFilter.is_none(),
            cdef: self.info.pCDEF.is_none(),
            loop_restoration: self.info.pLoopRestoration.is_none(),
            global_motion: self.info.pGlobalMotion.is_none(),
        };
        command.reference_name_slot_indices = self.names;
        command.dst.extent = self.extent;
    }
}

/// The parts that pointers of a picture point to.
fn parts(info: &PictureInfo) -> PictureParts {
    let tiles: TileInfo = info.pTileInfo.clone().unwrap_or_default();
    let padded = |values: &Option<Vec<u16>>| {
        let mut all = [0; TILE_STARTS];
        let given = values.as_deref().unwrap_or_default();
        all.iter_mut().zip(given).for_each(|(to, from)| *to = *from);
        all
    };
    PictureParts {
        info: info.std(),
        tile_info: tiles.std(),
        mi_col_starts: padded(&tiles.pMiColStarts),
        mi_row_starts: padded(&tiles.pMiRowStarts),
        width_in_sbs_minus_1: padded(&tiles.pWidthInSbsMinus1),
        height_in_sbs_minus_1: padded(&tiles.pHeightInSbsMinus1),
        quantization: info.pQuantization.clone().unwrap_or_default().std(),
        segmentation: info.pSegmentation.clone().unwrap_or_default().std(),
        loop_filter: info.pLoopFilter.clone().unwrap_or_default().std(),
        cdef: info.pCDEF.clone().unwrap_or_default().std(),
        loop_restoration: info.pLoopRestoration.clone().unwrap_or_default().std(),
        global_motion: info.pGlobalMotion.clone().unwrap_or_default().std(),
        film_grain: info.pFilmGrain.as_ref().map(|grain| grain.std()),
    }
}

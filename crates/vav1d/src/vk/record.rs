//! One `Decode` step -> the commands of one command buffer.
#![allow(unsafe_code, reason = "Vulkan calls, and pointers in Std structures")]

use ash::vk;
use ash::vk::native::{
    StdVideoAV1TileInfo, StdVideoDecodeAV1PictureInfo, StdVideoDecodeAV1ReferenceInfo,
};

use super::device::Device;
use super::features::InlineSessionParameters;
use super::planted::{PlantedFault, PlantedValue};
use av1_std::picture::PictureParts;
use av1_std::sequence::SequenceParts;

/// A picture as video commands name it.
#[derive(Clone, Copy)]
pub(super) struct Resource {
    /// View of its layer.
    pub(super) view: vk::ImageView,
    /// codedExtent.
    pub(super) extent: (u32, u32),
}

impl Resource {
    fn info(&self) -> vk::VideoPictureResourceInfoKHR<'static> {
        vk::VideoPictureResourceInfoKHR::default()
            .coded_offset(vk::Offset2D { x: 0, y: 0 })
            .coded_extent(vk::Extent2D { width: self.extent.0, height: self.extent.1 })
            .base_array_layer(0)
            .image_view_binding(self.view)
    }
}

/// A DPB slot with its picture.
#[derive(Clone, Copy)]
pub(super) struct SlotUse {
    /// slotIndex.
    pub(super) index: i32,
    /// The picture.
    pub(super) resource: Resource,
    /// What the driver has to know of it.
    pub(super) info: StdVideoDecodeAV1ReferenceInfo,
}

/// How a decode's status is queried.
#[derive(Clone, Copy)]
pub(super) struct Query {
    pub(super) pool: vk::QueryPool,
    pub(super) index: u32,
    /// By the decode command itself.
    pub(super) inline: bool,
}

/// What of a picture's structures is NULL, though `PictureParts` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nulls {
    pub(super) quantization: bool,
    pub(super) segmentation: bool,
    pub(super) loop_filter: bool,
    pub(super) cdef: bool,
    pub(super) loop_restoration: bool,
    pub(super) global_motion: bool,
}

/// Everything that a decode command needs.
pub(super) struct DecodeCommand {
    pub(super) session: vk::VideoSessionKHR,
    /// Null if the sequence header comes with the decode.
    pub(super) parameters: vk::VideoSessionParametersKHR,
    pub(super) inline_sequence: Option<SequenceParts>,
    /// The session was never reset.
    pub(super) reset: bool,
    /// Barriers before the coding scope.
    pub(super) barriers: Vec<vk::ImageMemoryBarrier2<'static>>,
    pub(super) bitstream: vk::Buffer,
    /// srcBufferOffset and srcBufferRange.
    pub(super) offset: u64,
    pub(super) range_bytes: u64,
    pub(super) frame_header_offset: u32,
    /// Readable beyond their count.
    pub(super) tile_offsets: Vec<u32>,
    pub(super) tile_sizes: Vec<u32>,
    pub(super) n_tiles: u32,
    pub(super) parts: PictureParts,
    pub(super) nulls: Nulls,
    pub(super) dst: Resource,
    /// `None` in sessions without DPB slots.
    pub(super) setup: Option<SlotUse>,
    /// Each slot once.
    pub(super) references: Vec<SlotUse>,
    pub(super) reference_name_slot_indices: [i32; 7],
    pub(super) query: Option<Query>,
}

impl DecodeCommand {
    /// Plants `fault`, if this is the command of its frame, `frame`. Whether it did.
    #[must_use]
    pub(super) fn plant(&mut self, fault: PlantedFault, frame: u64) -> bool {
        if frame != fault.frame {
            return false;
        }
        let parts = &mut self.parts;
        match fault.value {
            PlantedValue::OrderHint => parts.info.OrderHint = parts.info.OrderHint.wrapping_add(1),
            PlantedValue::Slot => {
                let names = &mut self.reference_name_slot_indices;
                let other = names.iter().copied().find(|slot| *slot >= 0 && *slot != names[0]);
                let Some(other) = other else { return false };
                names[0] = other;
            }
            PlantedValue::LoopFilterDelta => parts.loop_filter.loop_filter_ref_deltas[1] += 1,
            PlantedValue::TileOffset => match self.tile_offsets.first_mut() {
                Some(offset) => *offset += 1,
                None => return false,
            },
            PlantedValue::GrainSeed => match &mut parts.film_grain {
                Some(grain) => grain.grain_seed ^= 1,
                None => return false,
            },
            PlantedValue::GlobalMotion => parts.global_motion.gm_params[1][0] += 4096,
        }
        true
    }
}

/// Records `decode` into `commands`.
///
/// # Safety
/// `commands` is recording, for the decode family; all handles are alive until it has been
/// executed, and the slots are in the state that `references` says by then.
pub(super) unsafe fn decode(device: &Device, commands: vk::CommandBuffer, decode: &DecodeCommand) {
    let memory = [super::barriers::decode_after_decode()];
    let dependency = vk::DependencyInfo::default()
        .memory_barriers(&memory)
        .image_memory_barriers(&decode.barriers);
    // SAFETY: recording, outside a coding scope.
    unsafe { device.table().cmd_pipeline_barrier2(device.raw(), commands, &dependency) };
    if let Some(Query { pool, index, .. }) = decode.query {
        // SAFETY: outside a coding scope (VUID-vkCmdResetQueryPool-None-02841: not active).
        unsafe { device.raw().cmd_reset_query_pool(commands, pool, index, 1) };
    }
    // SAFETY: the caller's promise.
    unsafe { scope(device, commands, decode) };
}

/// The coding scope.
///
/// # Safety
/// As [`decode`].
unsafe fn scope(device: &Device, commands: vk::CommandBuffer, decode: &DecodeCommand) {
    let resources: Vec<_> = decode.references.iter().map(|r| r.resource.info()).collect();
    let setup_resource = decode.setup.map(|setup| setup.resource.info());
    let bound = |(slot, resource): (&SlotUse, _)| {
        vk::VideoReferenceSlotInfoKHR::default().slot_index(slot.index).picture_resource(resource)
    };
    let mut slots: Vec<_> = decode.references.iter().zip(&resources).map(bound).collect();
    // The picture to be set up is bound without a slot.
    slots.extend(setup_resource.as_ref().map(|resource| {
        vk::VideoReferenceSlotInfoKHR::default().slot_index(-1).picture_resource(resource)
    }));
    let begin = vk::VideoBeginCodingInfoKHR::default()
        .video_session(decode.session)
        .video_session_parameters(decode.parameters)
        .reference_slots(&slots);
    // SAFETY: the caller's promise; the chain is of locals.
    unsafe { device.table().cmd_begin_video_coding(commands, &begin) };
    if decode.reset {
        // SAFETY: inside the scope.
        unsafe { device.table().cmd_reset_video_coding(commands) };
    }
    let around = decode.query.filter(|query| !query.inline);
    if let Some(Query { pool, index, .. }) = around {
        let flags = vk::QueryControlFlags::empty();
        // SAFETY: the query was reset above; one decode follows.
        unsafe { device.raw().cmd_begin_query(commands, pool, index, flags) };
    }
    // SAFETY: inside the scope.
    unsafe { decode_video(device, commands, decode) };
    if let Some(Query { pool, index, .. }) = around {
        // SAFETY: begun above.
        unsafe { device.raw().cmd_end_query(commands, pool, index) };
    }
    // SAFETY: begun above.
    unsafe { device.table().cmd_end_video_coding(commands) };
}

/// vkCmdDecodeVideoKHR, with all chains and Std pointers joined from locals.
///
/// # Safety
/// As [`decode`], inside the scope.
unsafe fn decode_video(device: &Device, commands: vk::CommandBuffer, decode: &DecodeCommand) {
    let tile_info = tile_info(&decode.parts);
    let info = picture_info(&decode.parts, &tile_info, decode.nulls);
    let resources: Vec<_> = decode.references.iter().map(|r| r.resource.info()).collect();
    let mut dpb: Vec<_> = decode.references.iter().map(|slot| dpb_slot_info(&slot.info)).collect();
    let references: Vec<_> = decode
        .references
        .iter()
        .zip(&resources)
        .zip(&mut dpb)
        .map(|((slot, resource), dpb)| reference_slot(slot.index, resource, dpb))
        .collect();

    let setup_parts = decode.setup.map(|setup| (setup.index, setup.resource.info(), setup.info));
    let mut setup_dpb = setup_parts.as_ref().map(|(_, _, info)| dpb_slot_info(info));
    let setup = setup_parts
        .as_ref()
        .zip(setup_dpb.as_mut())
        .map(|((index, resource, _), dpb)| reference_slot(*index, resource, dpb));

    let mut av1 = vk::VideoDecodeAV1PictureInfoKHR::default()
        .std_picture_info(&info)
        .reference_name_slot_indices(decode.reference_name_slot_indices)
        .frame_header_offset(decode.frame_header_offset)
        .tile_offsets(&decode.tile_offsets)
        .tile_sizes(&decode.tile_sizes);
    // The arrays are longer than what counts, since some drivers read beyond it.
    av1.tile_count = decode.n_tiles;
    let mut command = vk::VideoDecodeInfoKHR::default()
        .src_buffer(decode.bitstream)
        .src_buffer_offset(decode.offset)
        .src_buffer_range(decode.range_bytes)
        .dst_picture_resource(decode.dst.info())
        .reference_slots(&references)
        .push_next(&mut av1);
    let inline_query = decode.query.filter(|query| query.inline);
    let mut inline_query = inline_query.map(|query| {
        vk::VideoInlineQueryInfoKHR::default()
            .query_pool(query.pool)
            .first_query(query.index)
            .query_count(1)
    });
    if let Some(query) = &mut inline_query {
        command = command.push_next(query);
    }
    let header = decode.inline_sequence.as_ref().map(SequenceParts::joined);
    let inline_header = header.as_ref().map(|h| InlineSessionParameters::new(h, command.p_next));
    if let Some(inline) = &inline_header {
        command.p_next = std::ptr::from_ref(inline).cast();
    }
    if let Some(setup) = &setup {
        command = command.setup_reference_slot(setup);
    }
    // SAFETY: the caller's promise; all that is pointed to are locals and `decode`.
    unsafe { device.table().cmd_decode_video(commands, &command) };
}

/// pTileInfo, with pointers to `parts`.
fn tile_info(parts: &PictureParts) -> StdVideoAV1TileInfo {
    let mut info = parts.tile_info;
    info.pMiColStarts = parts.mi_col_starts.as_ptr();
    info.pMiRowStarts = parts.mi_row_starts.as_ptr();
    info.pWidthInSbsMinus1 = parts.width_in_sbs_minus_1.as_ptr();
    info.pHeightInSbsMinus1 = parts.height_in_sbs_minus_1.as_ptr();
    info
}

/// pStdPictureInfo, with pointers to `parts` and `tile_info`.
fn picture_info(
    parts: &PictureParts,
    tile_info: &StdVideoAV1TileInfo,
    nulls: Nulls,
) -> StdVideoDecodeAV1PictureInfo {
    fn unless<T>(null: bool, part: &T) -> *const T {
        if null { std::ptr::null() } else { part }
    }
    let mut info = parts.info;
    info.pTileInfo = tile_info;
    info.pQuantization = unless(nulls.quantization, &parts.quantization);
    info.pSegmentation = unless(nulls.segmentation, &parts.segmentation);
    info.pLoopFilter = unless(nulls.loop_filter, &parts.loop_filter);
    info.pCDEF = unless(nulls.cdef, &parts.cdef);
    info.pLoopRestoration = unless(nulls.loop_restoration, &parts.loop_restoration);
    info.pGlobalMotion = unless(nulls.global_motion, &parts.global_motion);
    info.pFilmGrain = parts.film_grain.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    info
}

fn dpb_slot_info(info: &StdVideoDecodeAV1ReferenceInfo) -> vk::VideoDecodeAV1DpbSlotInfoKHR<'_> {
    vk::VideoDecodeAV1DpbSlotInfoKHR::default().std_reference_info(info)
}

fn reference_slot<'a>(
    index: i32,
    resource: &'a vk::VideoPictureResourceInfoKHR<'a>,
    dpb: &'a mut vk::VideoDecodeAV1DpbSlotInfoKHR<'a>,
) -> vk::VideoReferenceSlotInfoKHR<'a> {
    vk::VideoReferenceSlotInfoKHR::default()
        .slot_index(index)
        .picture_resource(resource)
        .push_next(dpb)
}

//! Video sessions, parameters and commands: everything that the application points to is copied.
#![allow(clippy::missing_safety_doc, reason = "see the top of the folder")]

use std::sync::{Arc, Weak};

use ash::vk::{self, native as std_av1};

use super::commands::recorder;
use super::common::{profile, requirements};
use super::device::{Device, Kind};
use super::{Row, table};
use crate::beyond::Av1InlineSessionParameters;
use crate::chain;
use crate::command::Command;
use crate::handle::{array, get, put, release, share, shared};
use crate::image::ImageView;
use crate::video::create;
use crate::video::op::{BeginOp, DecodeOp, Parameters, Picture, Resource, Slot};
use crate::video::session::{Limits, Session};
use av1_engine::job::{PictureInfo, SequenceHeader, TileInfo};

pub(crate) const TABLE: &[Row] = table! {
    c"vkCreateVideoSessionKHR" => create_video_session,
    c"vkDestroyVideoSessionKHR" => destroy_video_session,
    c"vkGetVideoSessionMemoryRequirementsKHR" => get_video_session_memory_requirements,
    c"vkBindVideoSessionMemoryKHR" => bind_video_session_memory,
    c"vkCreateVideoSessionParametersKHR" => create_video_session_parameters,
    c"vkUpdateVideoSessionParametersKHR" => update_video_session_parameters,
    c"vkDestroyVideoSessionParametersKHR" => destroy_video_session_parameters,
    c"vkCmdBeginVideoCodingKHR" => cmd_begin_video_coding,
    c"vkCmdControlVideoCodingKHR" => cmd_control_video_coding,
    c"vkCmdEndVideoCodingKHR" => cmd_end_video_coding,
    c"vkCmdDecodeVideoKHR" => cmd_decode_video,
};

/// Bytes of session memory that the driver asks for, so that clients bind some. Unused.
const SESSION_MEMORY: u64 = 4096;

unsafe extern "system" fn create_video_session(
    device: vk::Device,
    p_info: *const vk::VideoSessionCreateInfoKHR<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_session: *mut vk::VideoSessionKHR,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let profile = match profile(unsafe { &*info.p_video_profile }, &device.config) {
        Ok(profile) => profile,
        Err(result) => return result,
    };
    // SAFETY: as above.
    let version = unsafe { info.p_std_header_version.as_ref() };
    if version.is_some_and(|version| version.spec_version > 1 << 22) {
        return vk::Result::ERROR_VIDEO_STD_VERSION_NOT_SUPPORTED_KHR;
    }
    create::session(&device.messages, info, &profile, &device.config);
    let session = Session::new(profile, Limits::new(info, &device.config), device.config.clone());
    device.made(Kind::VideoSession);
    // SAFETY: as above.
    unsafe { put(p_session, share(Arc::new(session))) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn destroy_video_session(
    device: vk::Device,
    session: vk::VideoSessionKHR,
    _: *const vk::AllocationCallbacks<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { get::<Device, _>(device) }.gone(Kind::VideoSession, session);
    // SAFETY: as above.
    unsafe { release::<Session, _>(session) };
}

unsafe extern "system" fn get_video_session_memory_requirements(
    _: vk::Device,
    session: vk::VideoSessionKHR,
    p_count: *mut u32,
    p_requirements: *mut vk::VideoSessionMemoryRequirementsKHR<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let Some(session) = (unsafe { shared::<Session, _>(session) }) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    let indexes = session.memory_indexes();
    // SAFETY: as above.
    let count = unsafe { &mut *p_count };
    if p_requirements.is_null() {
        *count = indexes.len() as u32;
        return vk::Result::SUCCESS;
    }
    let n = indexes.len().min(*count as usize);
    for (i, index) in indexes.iter().take(n).enumerate() {
        // SAFETY: as above: `i` is below the count.
        let at = unsafe { p_requirements.add(i) };
        // SAFETY: as above.
        let to = unsafe { &mut *at };
        to.memory_bind_index = *index;
        to.memory_requirements = requirements(SESSION_MEMORY);
    }
    *count = n as u32;
    if n < indexes.len() { vk::Result::INCOMPLETE } else { vk::Result::SUCCESS }
}

unsafe extern "system" fn bind_video_session_memory(
    device: vk::Device,
    session: vk::VideoSessionKHR,
    count: u32,
    p_infos: *const vk::BindVideoSessionMemoryInfoKHR<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { get::<Device, _>(device) };
    // SAFETY: as above.
    let Some(session) = (unsafe { shared::<Session, _>(session) }) else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: as above.
    for info in unsafe { array(p_infos, count) } {
        if !session.bind_memory(info.memory_bind_index) {
            device.messages.error(
                "VUID-vkBindVideoSessionMemoryKHR-pBindSessionMemoryInfos-07197",
                &format!("memory is bound to index {}", info.memory_bind_index),
            );
            return vk::Result::ERROR_INITIALIZATION_FAILED;
        }
    }
    vk::Result::SUCCESS
}

fn sequence_header(header: &std_av1::StdVideoAV1SequenceHeader) -> SequenceHeader {
    let mut std = *header;
    // SAFETY: see the top of the folder.
    let color_config = unsafe { std.pColorConfig.as_ref() }.copied();
    std.pColorConfig = std::ptr::null();
    std.pTimingInfo = std::ptr::null();
    SequenceHeader { std, color_config }
}

unsafe extern "system" fn create_video_session_parameters(
    device: vk::Device,
    p_info: *const vk::VideoSessionParametersCreateInfoKHR<'_>,
    _: *const vk::AllocationCallbacks<'_>,
    p_parameters: *mut vk::VideoSessionParametersKHR,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    let device = unsafe { get::<Device, _>(device) };
    // SAFETY: as above.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let av1 =
        unsafe { chain::find::<vk::VideoDecodeAV1SessionParametersCreateInfoKHR<'_>>(info.p_next) };
    if info.video_session_parameters_template != vk::VideoSessionParametersKHR::null() {
        device.messages.error(
            "VUID-VkVideoSessionParametersCreateInfoKHR-videoSession-09258",
            "AV1 session parameters have no template",
        );
    }
    let Some(av1) = av1 else {
        device.messages.error(
            "VUID-VkVideoSessionParametersCreateInfoKHR-videoSession-09259",
            "session parameters without VkVideoDecodeAV1SessionParametersCreateInfoKHR",
        );
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: as above.
    let Some(header) = (unsafe { av1.p_std_sequence_header.as_ref() }) else {
        device.messages.error(
            "VUID-VkVideoDecodeAV1SessionParametersCreateInfoKHR-pStdSequenceHeader-parameter",
            "session parameters whose pStdSequenceHeader is NULL",
        );
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: as above.
    let session = unsafe { shared::<Session, _>(info.video_session) };
    device.made(Kind::VideoSessionParameters);
    let session = session.map_or_else(Weak::new, |session| Arc::downgrade(&session));
    let parameters = Parameters { header: Arc::new(sequence_header(header)), session };
    // SAFETY: as above.
    unsafe { put(p_parameters, share(Arc::new(parameters))) };
    vk::Result::SUCCESS
}

unsafe extern "system" fn update_video_session_parameters(
    device: vk::Device,
    _: vk::VideoSessionParametersKHR,
    _: *const vk::VideoSessionParametersUpdateInfoKHR<'_>,
) -> vk::Result {
    // SAFETY: see the top of the folder.
    unsafe { get::<Device, _>(device) }.messages.error(
        "VUID-vkUpdateVideoSessionParametersKHR-videoSessionParameters-09260",
        "AV1 session parameters cannot be updated",
    );
    vk::Result::ERROR_INVALID_VIDEO_STD_PARAMETERS_KHR
}

unsafe extern "system" fn destroy_video_session_parameters(
    device: vk::Device,
    parameters: vk::VideoSessionParametersKHR,
    _: *const vk::AllocationCallbacks<'_>,
) {
    // SAFETY: see the top of the folder.
    unsafe { get::<Device, _>(device) }.gone(Kind::VideoSessionParameters, parameters);
    // SAFETY: as above.
    unsafe { release::<Parameters, _>(parameters) };
}

fn resource(info: &vk::VideoPictureResourceInfoKHR<'_>) -> Option<Resource> {
    // SAFETY: see the top of the folder.
    let view = unsafe { shared::<ImageView, _>(info.image_view_binding) }?;
    Some(Resource {
        layer: view.base_layer.saturating_add(info.base_array_layer),
        extent: (info.coded_extent.width, info.coded_extent.height),
        offset: (info.coded_offset.x, info.coded_offset.y),
        view,
    })
}

fn slot(info: &vk::VideoReferenceSlotInfoKHR<'_>) -> Slot {
    // SAFETY: see the top of the folder.
    let picture = unsafe { info.p_picture_resource.as_ref() };
    // SAFETY: as above.
    let dpb = unsafe { chain::find::<vk::VideoDecodeAV1DpbSlotInfoKHR<'_>>(info.p_next) };
    let std = dpb.and_then(|dpb| copied(dpb.p_std_reference_info));
    Slot { index: info.slot_index, resource: picture.and_then(resource), info: std }
}

unsafe extern "system" fn cmd_begin_video_coding(
    to: vk::CommandBuffer,
    p_info: *const vk::VideoBeginCodingInfoKHR<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let Some(session) = (unsafe { shared::<Session, _>(info.video_session) }) else { return };
    // SAFETY: as above.
    let parameters = unsafe { shared(info.video_session_parameters) };
    // SAFETY: as above.
    let slots = unsafe { array(info.p_reference_slots, info.reference_slot_count) };
    let slots = slots.iter().map(slot).collect();
    recorder(to).push(Command::BeginVideo(Box::new(BeginOp { session, parameters, slots })));
}

unsafe extern "system" fn cmd_control_video_coding(
    to: vk::CommandBuffer,
    p_info: *const vk::VideoCodingControlInfoKHR<'_>,
) {
    // SAFETY: see the top of the folder.
    if unsafe { &*p_info }.flags.contains(vk::VideoCodingControlFlagsKHR::RESET) {
        recorder(to).push(Command::ResetVideo);
    }
}

unsafe extern "system" fn cmd_end_video_coding(
    to: vk::CommandBuffer,
    _: *const vk::VideoEndCodingInfoKHR<'_>,
) {
    recorder(to).push(Command::EndVideo);
}

unsafe extern "system" fn cmd_decode_video(
    to: vk::CommandBuffer,
    p_info: *const vk::VideoDecodeInfoKHR<'_>,
) {
    // SAFETY: see the top of the folder.
    let info = unsafe { &*p_info };
    // SAFETY: as above.
    let Some(src) = (unsafe { shared(info.src_buffer) }) else { return };
    // SAFETY: as above.
    let setup = unsafe { info.p_setup_reference_slot.as_ref() };
    // SAFETY: as above.
    let references = unsafe { array(info.p_reference_slots, info.reference_slot_count) };
    // SAFETY: as above.
    let picture = unsafe { chain::find::<vk::VideoDecodeAV1PictureInfoKHR<'_>>(info.p_next) };
    // SAFETY: as above.
    let query = unsafe { chain::find::<vk::VideoInlineQueryInfoKHR<'_>>(info.p_next) };
    // SAFETY: as above.
    let inline = unsafe { chain::find::<Av1InlineSessionParameters>(info.p_next) };
    // SAFETY: as above.
    let inline = inline.and_then(|inline| unsafe { inline.p_std_sequence_header.as_ref() });
    let picture = picture.and_then(self::picture).map(Box::new);
    let names = picture.as_ref().map_or([-1; 7], |p| p.reference_name_slot_indices);
    let recorded =
        recorder(to).session().map(|s| s.record(setup.map_or(-1, |s| s.slot_index), &names));
    // SAFETY: as above.
    let pool = |q: &vk::VideoInlineQueryInfoKHR<'_>| unsafe { shared(q.query_pool) };
    let decode = DecodeOp {
        src,
        src_offset: info.src_buffer_offset,
        src_range: info.src_buffer_range,
        dst: resource(&info.dst_picture_resource),
        setup: setup.map(slot),
        references: references.iter().map(slot).collect(),
        picture,
        inline_sequence: inline.map(|header| Arc::new(sequence_header(header))),
        recorded: recorded.unwrap_or_default(),
        inline_query: query.and_then(|q| Some((pool(q)?, q.first_query))),
    };
    recorder(to).push(Command::Decode(Box::new(decode)));
}

fn picture(info: &vk::VideoDecodeAV1PictureInfoKHR<'_>) -> Option<Picture> {
    // SAFETY: see the top of the folder.
    let std = unsafe { info.p_std_picture_info.as_ref() }?;
    // SAFETY: as above.
    let tile_offsets = unsafe { array(info.p_tile_offsets, info.tile_count) }.to_vec();
    // SAFETY: as above.
    let tile_sizes = unsafe { array(info.p_tile_sizes, info.tile_count) }.to_vec();
    Some(Picture {
        info: picture_info(std),
        reference_name_slot_indices: info.reference_name_slot_indices,
        frame_header_offset: info.frame_header_offset,
        tile_offsets,
        tile_sizes,
    })
}

/// `*pointer`, if there is one.
fn copied<T: Copy>(pointer: *const T) -> Option<T> {
    // SAFETY: see the top of the folder.
    unsafe { pointer.as_ref() }.copied()
}

fn picture_info(info: &std_av1::StdVideoDecodeAV1PictureInfo) -> PictureInfo {
    let flags = &info.flags;
    let (segmentation, lr, grain) =
        (flags.segmentation_enabled() != 0, flags.UsesLr() != 0, flags.apply_grain() != 0);
    let mut std = *info;
    std.pTileInfo = std::ptr::null();
    std.pQuantization = std::ptr::null();
    std.pSegmentation = std::ptr::null();
    std.pLoopFilter = std::ptr::null();
    std.pCDEF = std::ptr::null();
    std.pLoopRestoration = std::ptr::null();
    std.pGlobalMotion = std::ptr::null();
    std.pFilmGrain = std::ptr::null();
    PictureInfo {
        std,
        tile_info: copied(info.pTileInfo).map(tile_info),
        quantization: copied(info.pQuantization),
        segmentation: copied(info.pSegmentation).filter(|_| segmentation),
        loop_filter: copied(info.pLoopFilter),
        cdef: copied(info.pCDEF),
        loop_restoration: copied(info.pLoopRestoration).filter(|_| lr),
        global_motion: copied(info.pGlobalMotion),
        film_grain: copied(info.pFilmGrain).filter(|_| grain),
    }
}

/// Tile columns or rows at most: no more entries are read.
const MAX_TILES: u8 = 64;

fn tile_info(mut std: std_av1::StdVideoAV1TileInfo) -> TileInfo {
    let entries = |data: *const u16, count: u8| {
        if std.flags.uniform_tile_spacing_flag() != 0 {
            return Vec::new();
        }
        // SAFETY: see the top of the folder: as many entries as there are columns or rows.
        unsafe { array(data, count.min(MAX_TILES).into()) }.to_vec()
    };
    let width_in_sbs_minus_1 = entries(std.pWidthInSbsMinus1, std.TileCols);
    let height_in_sbs_minus_1 = entries(std.pHeightInSbsMinus1, std.TileRows);
    let last = |data: *const u16, count: u8| {
        // SAFETY: see the top of the folder: as many entries as there are columns or rows.
        unsafe { array(data, count.min(MAX_TILES).into()) }.last().copied().unwrap_or(0)
    };
    let last_mi_starts =
        (last(std.pMiColStarts, std.TileCols), last(std.pMiRowStarts, std.TileRows));
    std.pMiColStarts = std::ptr::null();
    std.pMiRowStarts = std::ptr::null();
    std.pWidthInSbsMinus1 = std::ptr::null();
    std.pHeightInSbsMinus1 = std::ptr::null();
    TileInfo { std, width_in_sbs_minus_1, height_in_sbs_minus_1, last_mi_starts }
}

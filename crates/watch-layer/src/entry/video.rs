//! Video sessions, their parameters, and the commands of a coding scope.

use ash::vk;
use ash::vk::Handle;
use av1_engine::job::{Chroma, Profile};

use super::bytes;
use super::chain::{InlineSessionParameters, array, find, pointed};
use super::device::{self, Device};
use super::{copies, read};
use crate::capture::{About, Session};
use crate::settings::settings;
use crate::state::{Decode, Op};

/// The profile of AV1 decoding, if it is one.
fn profile(info: &vk::VideoProfileInfoKHR<'_>) -> Option<Profile> {
    if info.video_codec_operation != vk::VideoCodecOperationFlagsKHR::DECODE_AV1 {
        return None;
    }
    let av1 = find::<vk::VideoDecodeAV1ProfileInfoKHR<'_>>(info.p_next)?;
    Some(Profile {
        std_profile: av1.std_profile,
        chroma: match info.chroma_subsampling {
            vk::VideoChromaSubsamplingFlagsKHR::MONOCHROME => Chroma::Monochrome,
            vk::VideoChromaSubsamplingFlagsKHR::TYPE_420 => Chroma::Yuv420,
            vk::VideoChromaSubsamplingFlagsKHR::TYPE_422 => Chroma::Yuv422,
            vk::VideoChromaSubsamplingFlagsKHR::TYPE_444 => Chroma::Yuv444,
            _ => return None,
        },
        bit_depth: match info.luma_bit_depth {
            vk::VideoComponentBitDepthFlagsKHR::TYPE_8 => 8,
            vk::VideoComponentBitDepthFlagsKHR::TYPE_10 => 10,
            vk::VideoComponentBitDepthFlagsKHR::TYPE_12 => 12,
            _ => return None,
        },
        film_grain_support: av1.film_grain_support == vk::TRUE,
    })
}

pub(super) unsafe extern "system" fn create_session(
    handle: vk::Device,
    info: *const vk::VideoSessionCreateInfoKHR<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    session: *mut vk::VideoSessionKHR,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, create)) = device.and_then(|d| Some((d.clone(), d.next.create_session?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { create(handle, info, allocator, session) };
    if let (vk::Result::SUCCESS, Some(info), Some(session)) =
        (result, pointed(info), pointed(session))
    {
        let made = super::note(|| capture(&device, info)).flatten();
        device.note(|state| {
            if let Some(made) = made {
                state.sessions.insert(session.as_raw(), made);
            }
        });
    }
    result
}

/// The capture of a session of AV1.
fn capture(device: &Device, info: &vk::VideoSessionCreateInfoKHR<'_>) -> Option<Session> {
    let settings = settings().filter(|_| device.is_watched())?;
    let profile_info = pointed(info.p_video_profile)?;
    let about = About {
        profile: profile(profile_info)?,
        info,
        device: &|line| bytes::device(device, line),
        capabilities: &|line| bytes::capabilities(device, profile_info, line),
    };
    // A folder that cannot be written is no fault of the application's.
    Session::create(&settings.folder, &about).ok()
}

pub(super) unsafe extern "system" fn destroy_session(
    handle: vk::Device,
    session: vk::VideoSessionKHR,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    super::note(|| copies::finish(&device, true));
    device.note(|state| {
        if let Some(mut session) = state.sessions.remove(&session.as_raw()) {
            session.end();
        }
    });
    if let Some(destroy) = device.next.destroy_session {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, session, allocator) };
    }
}

pub(super) unsafe extern "system" fn create_parameters(
    handle: vk::Device,
    info: *const vk::VideoSessionParametersCreateInfoKHR<'_>,
    allocator: *const vk::AllocationCallbacks<'_>,
    parameters: *mut vk::VideoSessionParametersKHR,
) -> vk::Result {
    let device = device::find(handle);
    let Some((device, create)) = device.and_then(|d| Some((d.clone(), d.next.create_parameters?)))
    else {
        return vk::Result::ERROR_INITIALIZATION_FAILED;
    };
    // SAFETY: the application's arguments.
    let result = unsafe { create(handle, info, allocator, parameters) };
    if let (vk::Result::SUCCESS, Some(info), Some(parameters)) =
        (result, pointed(info), pointed(parameters))
    {
        type Av1<'a> = vk::VideoDecodeAV1SessionParametersCreateInfoKHR<'a>;
        let header =
            find::<Av1<'_>>(info.p_next).and_then(|av1| pointed(av1.p_std_sequence_header));
        device.note(|state| {
            if let Some(header) = header {
                let made = state.parameters(read::sequence(header));
                state.parameters.insert(parameters.as_raw(), made);
            }
        });
    }
    result
}

pub(super) unsafe extern "system" fn destroy_parameters(
    handle: vk::Device,
    parameters: vk::VideoSessionParametersKHR,
    allocator: *const vk::AllocationCallbacks<'_>,
) {
    let Some(device) = device::find(handle) else { return };
    device.note(|state| {
        state.parameters.remove(&parameters.as_raw());
    });
    if let Some(destroy) = device.next.destroy_parameters {
        // SAFETY: the application's arguments.
        unsafe { destroy(handle, parameters, allocator) };
    }
}

pub(super) unsafe extern "system" fn begin(
    commands: vk::CommandBuffer,
    info: *const vk::VideoBeginCodingInfoKHR<'_>,
) {
    let Some(device) = device::of_commands(commands) else { return };
    if let Some(info) = pointed(info) {
        device.note(|state| {
            let session = info.video_session.as_raw();
            let parameters = state.parameters.get(&info.video_session_parameters.as_raw()).cloned();
            let slots = array(info.p_reference_slots, info.reference_slot_count);
            let slots = slots.iter().map(read::bound).collect();
            if state.sessions.contains_key(&session) {
                state.record(commands.as_raw(), Op::Begin { session, parameters, slots });
            }
        });
    }
    if let Some(begin) = device.next.cmd_begin_video {
        // SAFETY: the application's arguments.
        unsafe { begin(commands, info) };
    }
}

pub(super) unsafe extern "system" fn control(
    commands: vk::CommandBuffer,
    info: *const vk::VideoCodingControlInfoKHR<'_>,
) {
    let Some(device) = device::of_commands(commands) else { return };
    let reset = vk::VideoCodingControlFlagsKHR::RESET;
    if pointed(info).is_some_and(|info| info.flags.contains(reset)) {
        device.note(|state| state.record(commands.as_raw(), Op::Reset));
    }
    if let Some(control) = device.next.cmd_control_video {
        // SAFETY: the application's arguments.
        unsafe { control(commands, info) };
    }
}

pub(super) unsafe extern "system" fn decode(
    commands: vk::CommandBuffer,
    info: *const vk::VideoDecodeInfoKHR<'_>,
) {
    let Some(device) = device::of_commands(commands) else { return };
    if let Some(info) = pointed(info) {
        device.note(|state| {
            let inline = find::<InlineSessionParameters>(info.p_next)
                .and_then(|inline| pointed(inline.p_std_sequence_header))
                .map(|header| state.parameters(read::sequence(header)));
            let picture = find::<vk::VideoDecodeAV1PictureInfoKHR<'_>>(info.p_next);
            let query = find::<vk::VideoInlineQueryInfoKHR<'_>>(info.p_next);
            let inline_query = query.map(|query| (query.query_pool.as_raw(), query.first_query));
            let active = state.active_queries.get(&commands.as_raw()).copied();
            let references = array(info.p_reference_slots, info.reference_slot_count);
            let recorded = state.recorded;
            state.recorded += 1;
            let decode = Decode {
                recorded,
                buffer: info.src_buffer.as_raw(),
                offset: info.src_buffer_offset,
                range: info.src_buffer_range,
                dst: read::resource(&info.dst_picture_resource),
                setup: pointed(info.p_setup_reference_slot).map(read::slot),
                references: references.iter().map(read::slot).collect(),
                picture: picture.and_then(read::picture),
                inline,
                query: inline_query.or(active),
                inline_query: inline_query.is_some(),
            };
            state.record_decode(commands.as_raw(), decode);
        });
    }
    if let Some(decode) = device.next.cmd_decode_video {
        // SAFETY: the application's arguments.
        unsafe { decode(commands, info) };
    }
}

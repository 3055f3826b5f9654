//! The objects of a rig, made as they have to be.

use std::ffi::c_char;

use ash::vk;
use ash::vk::native::StdVideoAV1SequenceHeader;

use crate::rig::{BITSTREAM, DECODES, FILM_GRAIN, Kind, LAYERS, MAX_SIZE, SIZE, with_profile};

/// 64x64, 4:2:0, 8 bit, with 7 bits of order hint, superres and loop restoration.
pub fn sequence_header() -> StdVideoAV1SequenceHeader {
    // SAFETY: all zero is a value of this structure: integers and pointers that may be null.
    let mut header: StdVideoAV1SequenceHeader = unsafe { std::mem::zeroed() };
    header.frame_width_bits_minus_1 = 5;
    header.frame_height_bits_minus_1 = 5;
    header.max_frame_width_minus_1 = 63;
    header.max_frame_height_minus_1 = 63;
    header.flags.set_enable_order_hint(1);
    header.order_hint_bits_minus_1 = 6;
    header.flags.set_enable_superres(1);
    header.flags.set_enable_restoration(1);
    header
}

pub unsafe fn allocate(device: &ash::Device, size: u64, kind: u32) -> vk::DeviceMemory {
    let info = vk::MemoryAllocateInfo::default().allocation_size(size).memory_type_index(kind);
    // SAFETY: the caller's promise.
    unsafe { device.allocate_memory(&info, None) }.expect("memory")
}

/// The version of the std header that the driver has.
pub fn std_header() -> vk::ExtensionProperties {
    let name = b"VK_STD_vulkan_video_codec_av1_decode";
    let mut version = vk::ExtensionProperties {
        spec_version: vk::make_api_version(0, 1, 0, 0),
        ..Default::default()
    };
    for (to, from) in version.extension_name.iter_mut().zip(name) {
        *to = *from as c_char;
    }
    version
}

/// What the session of a rig is made of.
pub fn session_info<'a>(
    profile: &'a vk::VideoProfileInfoKHR<'a>,
    version: &'a vk::ExtensionProperties,
) -> vk::VideoSessionCreateInfoKHR<'a> {
    vk::VideoSessionCreateInfoKHR::default()
        .queue_family_index(DECODES)
        .video_profile(profile)
        .picture_format(vk::Format::G8_B8R8_2PLANE_420_UNORM)
        .reference_picture_format(vk::Format::G8_B8R8_2PLANE_420_UNORM)
        .max_coded_extent(MAX_SIZE)
        .max_dpb_slots(2)
        .max_active_reference_pictures(1)
        .std_header_version(version)
}

pub unsafe fn session(
    device: &ash::Device,
    fns: &ash::khr::video_queue::DeviceFn,
) -> (vk::VideoSessionKHR, Vec<vk::DeviceMemory>) {
    let version = std_header();
    with_profile(|profile| {
        let info = session_info(profile, &version);
        let mut session = vk::VideoSessionKHR::null();
        // SAFETY: the caller's promise.
        unsafe {
            let call = fns.create_video_session_khr;
            call(device.handle(), &info, std::ptr::null(), &mut session)
                .result()
                .expect("a session");
            let mut count = 0;
            let list = fns.get_video_session_memory_requirements_khr;
            list(device.handle(), session, &mut count, std::ptr::null_mut())
                .result()
                .expect("count");
            let mut needs = vec![vk::VideoSessionMemoryRequirementsKHR::default(); count as usize];
            list(device.handle(), session, &mut count, needs.as_mut_ptr()).result().expect("list");
            let mut memories = Vec::new();
            for need in &needs {
                let requirements = need.memory_requirements;
                let kind = requirements.memory_type_bits.trailing_zeros();
                let memory = allocate(device, requirements.size, kind);
                let bind = vk::BindVideoSessionMemoryInfoKHR::default()
                    .memory_bind_index(need.memory_bind_index)
                    .memory(memory)
                    .memory_size(requirements.size);
                let call = fns.bind_video_session_memory_khr;
                call(device.handle(), session, 1, &bind).result().expect("bound");
                memories.push(memory);
            }
            (session, memories)
        }
    })
}

pub unsafe fn parameters(
    device: &ash::Device,
    fns: &ash::khr::video_queue::DeviceFn,
    session: vk::VideoSessionKHR,
    header: &StdVideoAV1SequenceHeader,
) -> vk::VideoSessionParametersKHR {
    let mut av1 =
        vk::VideoDecodeAV1SessionParametersCreateInfoKHR::default().std_sequence_header(header);
    let info = vk::VideoSessionParametersCreateInfoKHR::default()
        .video_session(session)
        .push_next(&mut av1);
    let mut parameters = vk::VideoSessionParametersKHR::null();
    let call = fns.create_video_session_parameters_khr;
    // SAFETY: the caller's promise.
    unsafe { call(device.handle(), &info, std::ptr::null(), &mut parameters) }
        .result()
        .expect("parameters");
    parameters
}

pub unsafe fn image(
    device: &ash::Device,
    kind: Kind,
) -> (vk::Image, Vec<vk::ImageView>, vk::DeviceMemory) {
    let before = FILM_GRAIN.replace(kind.film_grain.unwrap_or(FILM_GRAIN.get()));
    let made = with_profile(|profile| {
        let profiles = [*profile];
        let mut list = vk::VideoProfileListInfoKHR::default().profiles(&profiles);
        let info = vk::ImageCreateInfo::default()
            .image_type(vk::ImageType::TYPE_2D)
            .format(kind.format)
            .extent(SIZE.into())
            .mip_levels(1)
            .array_layers(LAYERS)
            .samples(vk::SampleCountFlags::TYPE_1)
            .usage(kind.usage);
        let info = if kind.listed { info.push_next(&mut list) } else { info };
        // SAFETY: the caller's promise.
        unsafe {
            let image = device.create_image(&info, None).expect("an image");
            let needs = device.get_image_memory_requirements(image);
            let memory = allocate(device, needs.size, needs.memory_type_bits.trailing_zeros());
            device.bind_image_memory(image, memory, 0).expect("bound");
            let view = |layer| {
                let info = vk::ImageViewCreateInfo::default()
                    .image(image)
                    .view_type(vk::ImageViewType::TYPE_2D)
                    .format(kind.format)
                    .subresource_range(vk::ImageSubresourceRange {
                        aspect_mask: vk::ImageAspectFlags::COLOR,
                        base_mip_level: 0,
                        level_count: 1,
                        base_array_layer: layer,
                        layer_count: 1,
                    });
                device.create_image_view(&info, None).expect("a view")
            };
            (image, (0..LAYERS).map(view).collect(), memory)
        }
    });
    FILM_GRAIN.set(before);
    made
}

pub unsafe fn buffer(device: &ash::Device) -> (vk::Buffer, vk::DeviceMemory) {
    with_profile(|profile| {
        let profiles = [*profile];
        let mut list = vk::VideoProfileListInfoKHR::default().profiles(&profiles);
        let info = vk::BufferCreateInfo::default()
            .size(BITSTREAM * 2)
            .usage(vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR | vk::BufferUsageFlags::TRANSFER_DST)
            .push_next(&mut list);
        // SAFETY: the caller's promise.
        unsafe {
            let buffer = device.create_buffer(&info, None).expect("a buffer");
            let needs = device.get_buffer_memory_requirements(buffer);
            let memory = allocate(device, needs.size, needs.memory_type_bits.trailing_zeros());
            device.bind_buffer_memory(buffer, memory, 0).expect("bound");
            (buffer, memory)
        }
    })
}

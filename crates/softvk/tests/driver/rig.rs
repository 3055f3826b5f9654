//! A device with all that one decode needs.

use std::ffi::{c_char, c_void};
use std::sync::{Mutex, PoisonError};

use ash::vk;
use ash::vk::native::{
    StdVideoAV1SequenceHeader, StdVideoDecodeAV1PictureInfo, StdVideoDecodeAV1ReferenceInfo,
};

/// What the driver said to a messenger.
type Heard = Mutex<Vec<String>>;

/// A device with a session, one picture, one buffer and one query.
pub struct Rig {
    heard: Box<Heard>,
    utils: ash::ext::debug_utils::Instance,
    messenger: vk::DebugUtilsMessengerEXT,
    pub instance: ash::Instance,
    pub device: ash::Device,
    queue_fns: ash::khr::video_queue::DeviceFn,
    decode_fns: ash::khr::video_decode_queue::DeviceFn,
    session: vk::VideoSessionKHR,
    parameters: vk::VideoSessionParametersKHR,
    session_memory: Vec<vk::DeviceMemory>,
    image: vk::Image,
    view: vk::ImageView,
    buffer: vk::Buffer,
    memory: [vk::DeviceMemory; 2],
    pool: vk::CommandPool,
    commands: vk::CommandBuffer,
    queries: vk::QueryPool,
}

const FAMILY: u32 = 1;
const SIZE: vk::Extent2D = vk::Extent2D { width: 64, height: 64 };
/// Of the session: larger than its pictures.
const MAX_SIZE: vk::Extent2D = vk::Extent2D { width: 128, height: 128 };
pub const BITSTREAM: u64 = 4096;

/// Calls `f` with the profile that all objects share.
fn with_profile<R>(f: impl FnOnce(&vk::VideoProfileInfoKHR<'_>) -> R) -> R {
    let mut av1 = vk::VideoDecodeAV1ProfileInfoKHR {
        std_profile: vk::native::StdVideoAV1Profile_STD_VIDEO_AV1_PROFILE_MAIN,
        ..Default::default()
    };
    let profile = vk::VideoProfileInfoKHR::default()
        .video_codec_operation(vk::VideoCodecOperationFlagsKHR::DECODE_AV1)
        .chroma_subsampling(vk::VideoChromaSubsamplingFlagsKHR::TYPE_420)
        .luma_bit_depth(vk::VideoComponentBitDepthFlagsKHR::TYPE_8)
        .chroma_bit_depth(vk::VideoComponentBitDepthFlagsKHR::TYPE_8)
        .push_next(&mut av1);
    f(&profile)
}

unsafe extern "system" fn hear(
    _: vk::DebugUtilsMessageSeverityFlagsEXT,
    _: vk::DebugUtilsMessageTypeFlagsEXT,
    data: *const vk::DebugUtilsMessengerCallbackDataEXT<'_>,
    user: *mut c_void,
) -> vk::Bool32 {
    let text = |text: *const c_char| {
        if text.is_null() {
            return String::new();
        }
        // SAFETY: a string of the driver.
        unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned()
    };
    // SAFETY: `user` is the `Heard` of a `Rig`, `data` a structure of the driver.
    let (heard, data) = unsafe { (&*user.cast::<Heard>(), &*data) };
    let line = format!("{} {}", text(data.p_message_id_name), text(data.p_message));
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    vk::FALSE
}

/// 64x64, 4:2:0, 8 bit.
fn sequence_header() -> StdVideoAV1SequenceHeader {
    // SAFETY: all zero is a value of this structure: integers and pointers that may be null.
    let mut header: StdVideoAV1SequenceHeader = unsafe { std::mem::zeroed() };
    header.frame_width_bits_minus_1 = 5;
    header.frame_height_bits_minus_1 = 5;
    header.max_frame_width_minus_1 = 63;
    header.max_frame_height_minus_1 = 63;
    header
}

/// An instance whose messenger writes its errors into `heard`.
///
/// # Safety
///
/// `heard` outlives the messenger.
unsafe fn instance(
    heard: &Heard,
) -> (ash::Instance, ash::ext::debug_utils::Instance, vk::DebugUtilsMessengerEXT) {
    // SAFETY: every structure is filled as its Valid Usage says.
    unsafe {
        let entry = ash::Entry::from_static_fn(ash::StaticFn {
            get_instance_proc_addr: softvk::get_instance_proc_addr,
        });
        let messenger = vk::DebugUtilsMessengerCreateInfoEXT::default()
            .message_severity(vk::DebugUtilsMessageSeverityFlagsEXT::ERROR)
            .message_type(
                vk::DebugUtilsMessageTypeFlagsEXT::GENERAL
                    | vk::DebugUtilsMessageTypeFlagsEXT::VALIDATION,
            )
            .pfn_user_callback(Some(hear))
            .user_data(std::ptr::from_ref(heard).cast_mut().cast());
        let app = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
        let names = [ash::ext::debug_utils::NAME.as_ptr()];
        let info = vk::InstanceCreateInfo::default()
            .application_info(&app)
            .enabled_extension_names(&names);
        let instance = entry.create_instance(&info, None).expect("an instance");
        let utils = ash::ext::debug_utils::Instance::new(&entry, &instance);
        let messenger = utils.create_debug_utils_messenger(&messenger, None).expect("a messenger");
        (instance, utils, messenger)
    }
}

impl Rig {
    pub fn new() -> Self {
        // SAFETY: all of it: every structure is filled as its Valid Usage says.
        unsafe {
            let heard = Box::new(Heard::default());
            let (instance, utils, messenger) = instance(&heard);
            let physical = instance.enumerate_physical_devices().expect("devices")[0];
            let queues = [vk::DeviceQueueCreateInfo::default()
                .queue_family_index(FAMILY)
                .queue_priorities(&[1.0])];
            let names = [
                ash::khr::video_queue::NAME.as_ptr(),
                ash::khr::video_decode_queue::NAME.as_ptr(),
                ash::khr::video_decode_av1::NAME.as_ptr(),
            ];
            let info = vk::DeviceCreateInfo::default()
                .queue_create_infos(&queues)
                .enabled_extension_names(&names);
            let device = instance.create_device(physical, &info, None).expect("a device");
            let load = |name: &std::ffi::CStr| {
                let function = instance.get_device_proc_addr(device.handle(), name.as_ptr());
                function.map_or(std::ptr::null(), |f| f as *const c_void)
            };
            let queue_fns = ash::khr::video_queue::DeviceFn::load(load);
            let decode_fns = ash::khr::video_decode_queue::DeviceFn::load(load);
            let (session, session_memory) = session(&device, &queue_fns);
            let parameters = parameters(&device, &queue_fns, session);
            let (image, view, image_memory) = image(&device);
            let (buffer, buffer_memory) = buffer(&device);
            let info = vk::CommandPoolCreateInfo::default().queue_family_index(FAMILY);
            let pool = device.create_command_pool(&info, None).expect("a pool");
            let info =
                vk::CommandBufferAllocateInfo::default().command_pool(pool).command_buffer_count(1);
            let commands = device.allocate_command_buffers(&info).expect("a command buffer")[0];
            let queries = with_profile(|profile| {
                let mut profile = *profile;
                let mut info = vk::QueryPoolCreateInfo::default()
                    .query_type(vk::QueryType::RESULT_STATUS_ONLY_KHR)
                    .query_count(1);
                info.p_next = std::ptr::from_mut(&mut profile).cast();
                device.create_query_pool(&info, None).expect("a query pool")
            });
            Self {
                heard,
                utils,
                messenger,
                instance,
                device,
                queue_fns,
                decode_fns,
                session,
                parameters,
                session_memory,
                image,
                view,
                buffer,
                memory: [image_memory, buffer_memory],
                pool,
                commands,
                queries,
            }
        }
    }

    /// Records a scope that resets (or not) and decodes, and returns the status and what was said.
    pub fn decode(&self, reset: bool, wrong: impl FnOnce(&mut Decode)) -> (i32, Vec<String>) {
        let mut decode = Decode::default();
        wrong(&mut decode);
        // SAFETY: as in `new`, but for the mistake of `wrong`, which the driver has to survive.
        unsafe {
            let begin = vk::CommandBufferBeginInfo::default();
            self.device.begin_command_buffer(self.commands, &begin).expect("begun");
            self.device.cmd_reset_query_pool(self.commands, self.queries, 0, 1);
            let resource = vk::VideoPictureResourceInfoKHR::default()
                .coded_extent(decode.extent)
                .image_view_binding(self.view);
            let bound = [vk::VideoReferenceSlotInfoKHR::default()
                .slot_index(-1)
                .picture_resource(&resource)];
            let info = vk::VideoBeginCodingInfoKHR::default()
                .video_session(self.session)
                .video_session_parameters(self.parameters)
                .reference_slots(&bound);
            (self.queue_fns.cmd_begin_video_coding_khr)(self.commands, &info);
            if reset {
                let info = vk::VideoCodingControlInfoKHR::default()
                    .flags(vk::VideoCodingControlFlagsKHR::RESET);
                (self.queue_fns.cmd_control_video_coding_khr)(self.commands, &info);
            }
            let flags = vk::QueryControlFlags::empty();
            self.device.cmd_begin_query(self.commands, self.queries, 0, flags);
            self.record(&decode, &resource);
            self.device.cmd_end_query(self.commands, self.queries, 0);
            let end = vk::VideoEndCodingInfoKHR::default();
            (self.queue_fns.cmd_end_video_coding_khr)(self.commands, &end);
            self.device.end_command_buffer(self.commands).expect("ended");
            let queue = self.device.get_device_queue(FAMILY, 0);
            let commands = [self.commands];
            let submits = [vk::SubmitInfo::default().command_buffers(&commands)];
            self.device.queue_submit(queue, &submits, vk::Fence::null()).expect("submitted");
            self.device.queue_wait_idle(queue).expect("idle");
            let mut status = [0_i32];
            let flags = vk::QueryResultFlags::WITH_STATUS_KHR | vk::QueryResultFlags::WAIT;
            self.device
                .get_query_pool_results(self.queries, 0, &mut status, flags)
                .expect("a status");
            (status[0], self.heard())
        }
    }

    /// What was said since the last call.
    pub fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The picture's first row of luma, read from its memory behind the driver's back.
    pub fn first_row(&self) -> Vec<u8> {
        let (device, memory) = (&self.device, self.memory[0]);
        // SAFETY: the queue is idle; the memory is host visible and not mapped; planes of an image
        // of this driver start at offset 0.
        unsafe {
            let flags = vk::MemoryMapFlags::empty();
            let start = device.map_memory(memory, 0, vk::WHOLE_SIZE, flags).expect("mapped");
            let row = std::slice::from_raw_parts(start.cast::<u8>(), SIZE.width as usize).to_vec();
            device.unmap_memory(memory);
            row
        }
    }

    /// vkCmdDecodeVideoKHR.
    ///
    /// # Safety
    /// Inside a scope.
    unsafe fn record(&self, decode: &Decode, resource: &vk::VideoPictureResourceInfoKHR<'_>) {
        let setup_info = decode.setup_info;
        let mut setup_dpb =
            vk::VideoDecodeAV1DpbSlotInfoKHR::default().std_reference_info(&setup_info);
        let setup = vk::VideoReferenceSlotInfoKHR::default()
            .slot_index(decode.setup_slot)
            .picture_resource(resource)
            .push_next(&mut setup_dpb);
        let mut av1 = vk::VideoDecodeAV1PictureInfoKHR::default()
            .reference_name_slot_indices(decode.names)
            .tile_offsets(&decode.tile_offsets)
            .tile_sizes(&decode.tile_sizes);
        av1.p_std_picture_info = decode.info.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let mut info = vk::VideoDecodeInfoKHR::default()
            .src_buffer(self.buffer)
            .src_buffer_offset(decode.src_offset)
            .src_buffer_range(decode.src_range)
            .dst_picture_resource(*resource)
            .setup_reference_slot(&setup);
        if decode.chain {
            info.p_next = std::ptr::from_mut(&mut av1).cast();
        }
        // SAFETY: the caller's promise.
        unsafe { (self.decode_fns.cmd_decode_video_khr)(self.commands, &info) };
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // SAFETY: the queue is idle after each `decode`; children go before parents.
        unsafe {
            let device = self.device.handle();
            self.device.destroy_query_pool(self.queries, None);
            self.device.destroy_command_pool(self.pool, None);
            self.device.destroy_image_view(self.view, None);
            self.device.destroy_image(self.image, None);
            self.device.destroy_buffer(self.buffer, None);
            let none = std::ptr::null();
            (self.queue_fns.destroy_video_session_parameters_khr)(device, self.parameters, none);
            (self.queue_fns.destroy_video_session_khr)(device, self.session, none);
            for memory in self.memory.iter().chain(&self.session_memory) {
                self.device.free_memory(*memory, None);
            }
            self.device.destroy_device(None);
            self.utils.destroy_debug_utils_messenger(self.messenger, None);
            self.instance.destroy_instance(None);
        }
    }
}

/// A decode command's parts.
pub struct Decode {
    pub info: Option<StdVideoDecodeAV1PictureInfo>,
    setup_info: StdVideoDecodeAV1ReferenceInfo,
    pub setup_slot: i32,
    pub extent: vk::Extent2D,
    pub names: [i32; 7],
    pub tile_offsets: Vec<u32>,
    pub tile_sizes: Vec<u32>,
    pub src_offset: u64,
    pub src_range: u64,
    pub chain: bool,
}

impl Default for Decode {
    /// Nothing but zeros: a key frame without a tile layout, quantiser and filters.
    fn default() -> Self {
        Self {
            // SAFETY: integers and pointers that may be null.
            info: Some(unsafe { std::mem::zeroed() }),
            // SAFETY: as above.
            setup_info: unsafe { std::mem::zeroed() },
            setup_slot: 0,
            extent: SIZE,
            names: [-1; 7],
            tile_offsets: vec![0],
            tile_sizes: vec![16],
            src_offset: 0,
            src_range: BITSTREAM,
            chain: true,
        }
    }
}

unsafe fn allocate(device: &ash::Device, size: u64, kind: u32) -> vk::DeviceMemory {
    let info = vk::MemoryAllocateInfo::default().allocation_size(size).memory_type_index(kind);
    // SAFETY: the caller's promise.
    unsafe { device.allocate_memory(&info, None) }.expect("memory")
}

unsafe fn session(
    device: &ash::Device,
    fns: &ash::khr::video_queue::DeviceFn,
) -> (vk::VideoSessionKHR, Vec<vk::DeviceMemory>) {
    let name = b"VK_STD_vulkan_video_codec_av1_decode";
    let mut version = vk::ExtensionProperties {
        spec_version: vk::make_api_version(0, 1, 0, 0),
        ..Default::default()
    };
    for (to, from) in version.extension_name.iter_mut().zip(name) {
        *to = *from as c_char;
    }
    with_profile(|profile| {
        let info = vk::VideoSessionCreateInfoKHR::default()
            .queue_family_index(FAMILY)
            .video_profile(profile)
            .picture_format(vk::Format::G8_B8R8_2PLANE_420_UNORM)
            .reference_picture_format(vk::Format::G8_B8R8_2PLANE_420_UNORM)
            .max_coded_extent(MAX_SIZE)
            .max_dpb_slots(2)
            .max_active_reference_pictures(1)
            .std_header_version(&version);
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

unsafe fn parameters(
    device: &ash::Device,
    fns: &ash::khr::video_queue::DeviceFn,
    session: vk::VideoSessionKHR,
) -> vk::VideoSessionParametersKHR {
    let header = sequence_header();
    let mut av1 =
        vk::VideoDecodeAV1SessionParametersCreateInfoKHR::default().std_sequence_header(&header);
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

unsafe fn image(device: &ash::Device) -> (vk::Image, vk::ImageView, vk::DeviceMemory) {
    with_profile(|profile| {
        let profiles = [*profile];
        let mut list = vk::VideoProfileListInfoKHR::default().profiles(&profiles);
        let info = vk::ImageCreateInfo::default()
            .image_type(vk::ImageType::TYPE_2D)
            .format(vk::Format::G8_B8R8_2PLANE_420_UNORM)
            .extent(SIZE.into())
            .mip_levels(1)
            .array_layers(1)
            .samples(vk::SampleCountFlags::TYPE_1)
            .usage(
                vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR
                    | vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR,
            )
            .push_next(&mut list);
        // SAFETY: the caller's promise.
        unsafe {
            let image = device.create_image(&info, None).expect("an image");
            let needs = device.get_image_memory_requirements(image);
            let memory = allocate(device, needs.size, needs.memory_type_bits.trailing_zeros());
            device.bind_image_memory(image, memory, 0).expect("bound");
            let info = vk::ImageViewCreateInfo::default()
                .image(image)
                .view_type(vk::ImageViewType::TYPE_2D)
                .format(vk::Format::G8_B8R8_2PLANE_420_UNORM)
                .subresource_range(vk::ImageSubresourceRange {
                    aspect_mask: vk::ImageAspectFlags::COLOR,
                    base_mip_level: 0,
                    level_count: 1,
                    base_array_layer: 0,
                    layer_count: 1,
                });
            (image, device.create_image_view(&info, None).expect("a view"), memory)
        }
    })
}

unsafe fn buffer(device: &ash::Device) -> (vk::Buffer, vk::DeviceMemory) {
    with_profile(|profile| {
        let profiles = [*profile];
        let mut list = vk::VideoProfileListInfoKHR::default().profiles(&profiles);
        let info = vk::BufferCreateInfo::default()
            .size(BITSTREAM)
            .usage(vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR)
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

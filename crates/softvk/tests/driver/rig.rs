//! A device with all that one decode needs.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use ash::vk;
use ash::vk::native::StdVideoAV1SequenceHeader;

/// What the driver said to a messenger.
pub type Heard = Mutex<Vec<String>>;

/// A device with a session, two images of two layers, a buffer and a query.
pub struct Rig {
    pub heard: Arc<Heard>,
    utils: ash::ext::debug_utils::Instance,
    messenger: vk::DebugUtilsMessengerEXT,
    pub instance: ash::Instance,
    pub device: ash::Device,
    pub queue_fns: ash::khr::video_queue::DeviceFn,
    pub decode_fns: ash::khr::video_decode_queue::DeviceFn,
    pub session: vk::VideoSessionKHR,
    pub parameters: vk::VideoSessionParametersKHR,
    session_memory: Vec<vk::DeviceMemory>,
    pub images: Vec<vk::Image>,
    views: Vec<vk::ImageView>,
    pub buffer: vk::Buffer,
    memory: Vec<vk::DeviceMemory>,
    /// For the families 0 and 1.
    pools: [vk::CommandPool; 2],
    pub commands: [vk::CommandBuffer; 2],
    pub queries: vk::QueryPool,
}

/// The family that copies, and the one that decodes.
pub const COPIES: u32 = 0;
pub const DECODES: u32 = 1;
const LAYERS: u32 = 2;
pub const SIZE: vk::Extent2D = vk::Extent2D { width: 64, height: 64 };
/// Of the session: larger than its pictures.
const MAX_SIZE: vk::Extent2D = vk::Extent2D { width: 128, height: 128 };
pub const BITSTREAM: u64 = 4096;

/// What an image is like.
#[derive(Clone, Copy)]
pub struct Kind {
    pub format: vk::Format,
    pub usage: vk::ImageUsageFlags,
    /// It has a list of profiles.
    pub listed: bool,
    /// filmGrainSupport of its profile, if not that of the session.
    pub film_grain: Option<bool>,
}

impl Kind {
    /// As it has to be for outputs and reference pictures of the session.
    pub const RIGHT: Self = Self {
        format: vk::Format::G8_B8R8_2PLANE_420_UNORM,
        usage: vk::ImageUsageFlags::from_raw(
            vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR.as_raw()
                | vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR.as_raw()
                | vk::ImageUsageFlags::TRANSFER_SRC.as_raw(),
        ),
        listed: true,
        film_grain: None,
    };
}

thread_local! {
    static FILM_GRAIN: Cell<bool> = const { Cell::new(false) };
}

/// Calls `f` with the profile that all objects share.
pub fn with_profile<R>(f: impl FnOnce(&vk::VideoProfileInfoKHR<'_>) -> R) -> R {
    let mut av1 = vk::VideoDecodeAV1ProfileInfoKHR {
        std_profile: vk::native::StdVideoAV1Profile_STD_VIDEO_AV1_PROFILE_MAIN,
        film_grain_support: FILM_GRAIN.get().into(),
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
        Self::with("")
    }

    /// A device of this configuration.
    pub fn with(config: &str) -> Self {
        softvk::set_config(Some(config));
        let rig = Self::make();
        softvk::set_config(None);
        rig
    }

    /// A device with a session for film grain.
    pub fn with_film_grain() -> Self {
        FILM_GRAIN.set(true);
        let rig = Self::make();
        FILM_GRAIN.set(false);
        rig
    }

    fn make() -> Self {
        // SAFETY: all of it: every structure is filled as its Valid Usage says.
        unsafe {
            let heard = Arc::new(Heard::default());
            let (instance, utils, messenger) = instance(&heard);
            let physical = instance.enumerate_physical_devices().expect("devices")[0];
            let queues = [COPIES, DECODES].map(|family| {
                vk::DeviceQueueCreateInfo::default()
                    .queue_family_index(family)
                    .queue_priorities(&[1.0])
            });
            let names = [
                ash::khr::video_queue::NAME.as_ptr(),
                ash::khr::video_decode_queue::NAME.as_ptr(),
                ash::khr::video_decode_av1::NAME.as_ptr(),
            ];
            let mut timeline =
                vk::PhysicalDeviceTimelineSemaphoreFeatures::default().timeline_semaphore(true);
            let info = vk::DeviceCreateInfo::default()
                .queue_create_infos(&queues)
                .enabled_extension_names(&names)
                .push_next(&mut timeline);
            let device = instance.create_device(physical, &info, None).expect("a device");
            let load = |name: &std::ffi::CStr| {
                let function = instance.get_device_proc_addr(device.handle(), name.as_ptr());
                function.map_or(std::ptr::null(), |f| f as *const c_void)
            };
            let queue_fns = ash::khr::video_queue::DeviceFn::load(load);
            let decode_fns = ash::khr::video_decode_queue::DeviceFn::load(load);
            let (session, session_memory) = session(&device, &queue_fns);
            let parameters = parameters(&device, &queue_fns, session);
            let (one, other) = (image(&device, Kind::RIGHT), image(&device, Kind::RIGHT));
            let (buffer, buffer_memory) = buffer(&device);
            let pools = [COPIES, DECODES].map(|family| {
                let info = vk::CommandPoolCreateInfo::default().queue_family_index(family);
                device.create_command_pool(&info, None).expect("a pool")
            });
            let commands = pools.map(|pool| {
                let info = vk::CommandBufferAllocateInfo::default()
                    .command_pool(pool)
                    .command_buffer_count(1);
                device.allocate_command_buffers(&info).expect("a command buffer")[0]
            });
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
                images: vec![one.0, other.0],
                views: one.1.into_iter().chain(other.1).collect(),
                buffer,
                memory: vec![one.2, buffer_memory, other.2],
                pools,
                commands,
                queries,
            }
        }
    }

    /// One more image; its number.
    pub fn add_image(&mut self, kind: Kind) -> usize {
        // SAFETY: a living device; the mistakes are on purpose.
        let (image, views, memory) = unsafe { image(&self.device, kind) };
        self.images.push(image);
        self.views.extend(views);
        self.memory.push(memory);
        self.images.len() - 1
    }

    /// The view of one layer of an image.
    pub fn view(&self, image: usize, layer: u32) -> vk::ImageView {
        self.views[image * LAYERS as usize + layer as usize]
    }

    /// Runs what `record` records for `family`, and waits for its end.
    pub fn run(&self, family: u32, record: impl FnOnce(vk::CommandBuffer)) {
        self.submit(family, &mut vk::TimelineSemaphoreSubmitInfo::default(), &[], record);
        // SAFETY: a queue of this device.
        unsafe { self.device.queue_wait_idle(self.queue(family)) }.expect("idle");
    }

    /// Submits what `record` records for `family`, to wait for `waits` of the values in `values`.
    pub fn submit(
        &self,
        family: u32,
        values: &mut vk::TimelineSemaphoreSubmitInfo<'_>,
        waits: &[vk::Semaphore],
        record: impl FnOnce(vk::CommandBuffer),
    ) {
        let commands = self.commands[family as usize];
        // SAFETY: as in `make`; the mistakes are those of `record`.
        unsafe {
            let begin = vk::CommandBufferBeginInfo::default();
            self.device.begin_command_buffer(commands, &begin).expect("begun");
            record(commands);
            self.device.end_command_buffer(commands).expect("ended");
            let commands = [commands];
            let stages = vec![vk::PipelineStageFlags::ALL_COMMANDS; waits.len()];
            let submits = [vk::SubmitInfo::default()
                .command_buffers(&commands)
                .wait_semaphores(waits)
                .wait_dst_stage_mask(&stages)
                .push_next(values)];
            let fence = vk::Fence::null();
            self.device.queue_submit(self.queue(family), &submits, fence).expect("submitted");
        }
    }

    pub fn queue(&self, family: u32) -> vk::Queue {
        // SAFETY: the family has a queue.
        unsafe { self.device.get_device_queue(family, 0) }
    }

    /// What was said since the last call.
    pub fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The picture's first row of luma, read from its memory behind the driver's back.
    pub fn first_row(&self) -> Vec<u8> {
        self.bytes(self.memory[0], SIZE.width as usize)
    }

    /// The buffer, of which the second half is where pictures are copied to.
    pub fn copied(&self) -> Vec<u8> {
        self.bytes(self.memory[1], 2 * BITSTREAM as usize).split_off(BITSTREAM as usize)
    }

    /// Writes `bytes` into the buffer, as the host does.
    pub fn write(&self, offset: u64, bytes: &[u8]) {
        let (device, memory) = (&self.device, self.memory[1]);
        // SAFETY: the memory is host visible and not mapped, the bytes are inside it.
        unsafe {
            let flags = vk::MemoryMapFlags::empty();
            let start = device.map_memory(memory, 0, vk::WHOLE_SIZE, flags).expect("mapped");
            let to = start.cast::<u8>().add(offset as usize);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
            device.unmap_memory(memory);
        }
    }

    fn bytes(&self, memory: vk::DeviceMemory, count: usize) -> Vec<u8> {
        let device = &self.device;
        // SAFETY: the queue is idle; the memory is host visible and not mapped; planes of an image
        // of this driver start at offset 0.
        unsafe {
            let flags = vk::MemoryMapFlags::empty();
            let start = device.map_memory(memory, 0, vk::WHOLE_SIZE, flags).expect("mapped");
            let row = std::slice::from_raw_parts(start.cast::<u8>(), count).to_vec();
            device.unmap_memory(memory);
            row
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // SAFETY: the queue is idle after each `decode`; children go before parents.
        unsafe {
            let device = self.device.handle();
            self.device.destroy_query_pool(self.queries, None);
            for pool in self.pools {
                self.device.destroy_command_pool(pool, None);
            }
            for view in &self.views {
                self.device.destroy_image_view(*view, None);
            }
            for image in &self.images {
                self.device.destroy_image(*image, None);
            }
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

unsafe fn allocate(device: &ash::Device, size: u64, kind: u32) -> vk::DeviceMemory {
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

unsafe fn session(
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

unsafe fn image(
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

unsafe fn buffer(device: &ash::Device) -> (vk::Buffer, vk::DeviceMemory) {
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

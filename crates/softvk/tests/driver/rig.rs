//! A device with all that one decode needs.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};

use ash::vk;

use crate::make::{buffer, image, parameters, sequence_header, session};

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
pub const LAYERS: u32 = 2;
pub const SIZE: vk::Extent2D = vk::Extent2D { width: 64, height: 64 };
/// Of the session: larger than its pictures.
pub const MAX_SIZE: vk::Extent2D = vk::Extent2D { width: 128, height: 128 };
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
    pub static FILM_GRAIN: Cell<bool> = const { Cell::new(false) };
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
    severity: vk::DebugUtilsMessageSeverityFlagsEXT,
    kind: vk::DebugUtilsMessageTypeFlagsEXT,
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
    let is_error = severity == vk::DebugUtilsMessageSeverityFlagsEXT::ERROR;
    let whose = match is_error && kind == vk::DebugUtilsMessageTypeFlagsEXT::GENERAL {
        true => " [driver]",
        false => "",
    };
    let line = format!("{} {}{whose}", text(data.p_message_id_name), text(data.p_message));
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    vk::FALSE
}

/// An instance whose messenger writes what it is told into `heard`, errors of the driver marked.
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
            .message_severity(
                vk::DebugUtilsMessageSeverityFlagsEXT::ERROR
                    | vk::DebugUtilsMessageSeverityFlagsEXT::WARNING,
            )
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
            let parameters = parameters(&device, &queue_fns, session, &sequence_header());
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

    /// Session parameters of `header`.
    pub fn parameters_of(
        &self,
        header: &vk::native::StdVideoAV1SequenceHeader,
    ) -> vk::VideoSessionParametersKHR {
        // SAFETY: a living device and its session.
        unsafe { parameters(&self.device, &self.queue_fns, self.session, header) }
    }

    /// Ends what `parameters_of` has made.
    pub fn destroy_parameters(&self, made: vk::VideoSessionParametersKHR) {
        let destroy = self.queue_fns.destroy_video_session_parameters_khr;
        // SAFETY: the queue is idle.
        unsafe { destroy(self.device.handle(), made, std::ptr::null()) };
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

    /// Submits what `record` records for the family that decodes, to wait until `meanwhile` is over.
    pub fn gated(
        &self,
        meanwhile: impl FnOnce(&Self),
        record: impl FnOnce(&Self, vk::CommandBuffer),
    ) {
        let mut kind =
            vk::SemaphoreTypeCreateInfo::default().semaphore_type(vk::SemaphoreType::TIMELINE);
        let info = vk::SemaphoreCreateInfo::default().push_next(&mut kind);
        // SAFETY: a device with timeline semaphores.
        let gate = unsafe { self.device.create_semaphore(&info, None) }.expect("a semaphore");
        let values = [1];
        let mut at_one = vk::TimelineSemaphoreSubmitInfo::default().wait_semaphore_values(&values);
        self.submit(DECODES, &mut at_one, &[gate], |c| record(self, c));
        meanwhile(self);
        let signal = vk::SemaphoreSignalInfo::default().semaphore(gate).value(1);
        // SAFETY: as above; the queue is idle before the semaphore goes.
        unsafe {
            self.device.signal_semaphore(&signal).expect("signalled");
            self.device.queue_wait_idle(self.queue(DECODES)).expect("idle");
            self.device.destroy_semaphore(gate, None);
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

//! A Vulkan program whose bitstreams are in memory that only the device sees: three key frames, each
//! uploaded by one queue and decoded by another.
#![allow(unsafe_code, clippy::multiple_unsafe_ops_per_block, reason = "a program of Vulkan calls")]

use std::ffi::CStr;

use ash::vk;
use ash::vk::native::{
    StdVideoAV1Quantization, StdVideoAV1SequenceHeader, StdVideoAV1TileInfo,
    StdVideoDecodeAV1PictureInfo, StdVideoDecodeAV1ReferenceInfo,
};

/// softvk's family that copies, and the one that decodes.
const FAMILIES: [u32; 2] = [0, 1];
const SIZE: vk::Extent2D = vk::Extent2D { width: 64, height: 64 };
/// Bytes of a frame's part of the buffer, and of its tile.
const PART: u64 = 4096;
const TILE: usize = 900;
pub const FRAMES: usize = 3;

/// How the program goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Uploads are submitted before decodes, and families share buffer and image.
    Shared,
    /// One family at a time has the buffer and the image.
    Exclusive,
    /// Decodes are submitted before the uploads that they wait for.
    Ahead,
    /// As `Shared`, and nothing is destroyed at the end.
    Leaves,
}

/// The bytes of a frame's tile.
pub fn tile(frame: usize) -> Vec<u8> {
    (0..TILE).map(|i| (i * 37 + frame * 11 + i / 7) as u8 | 1).collect()
}

/// All that it has.
struct Client {
    device: ash::Device,
    queue: ash::khr::video_queue::DeviceFn,
    decode: ash::khr::video_decode_queue::DeviceFn,
    how: How,
}

/// The profile of all objects.
fn with_profile<R>(f: impl FnOnce(&vk::VideoProfileInfoKHR<'_>) -> R) -> R {
    let mut av1 = vk::VideoDecodeAV1ProfileInfoKHR::default();
    let profile = vk::VideoProfileInfoKHR::default()
        .video_codec_operation(vk::VideoCodecOperationFlagsKHR::DECODE_AV1)
        .chroma_subsampling(vk::VideoChromaSubsamplingFlagsKHR::TYPE_420)
        .luma_bit_depth(vk::VideoComponentBitDepthFlagsKHR::TYPE_8)
        .chroma_bit_depth(vk::VideoComponentBitDepthFlagsKHR::TYPE_8)
        .push_next(&mut av1);
    f(&profile)
}

/// Runs it on the first device of the system's loader.
pub fn run(how: How) {
    // SAFETY: the loader and what it loads keep to the Vulkan specification; every structure is
    // filled as its Valid Usage says.
    unsafe {
        let entry = ash::Entry::load().expect("a loader");
        let app = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
        let info = vk::InstanceCreateInfo::default().application_info(&app);
        let instance = entry.create_instance(&info, None).expect("an instance");
        let physical = instance.enumerate_physical_devices().expect("devices")[0];
        let queues = FAMILIES.map(|family| {
            vk::DeviceQueueCreateInfo::default().queue_family_index(family).queue_priorities(&[1.0])
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
        let load = |name: &CStr| {
            let function = instance.get_device_proc_addr(device.handle(), name.as_ptr());
            function.map_or(std::ptr::null(), |f| f as *const std::ffi::c_void)
        };
        let client = Client {
            queue: ash::khr::video_queue::DeviceFn::load(load),
            decode: ash::khr::video_decode_queue::DeviceFn::load(load),
            device,
            how,
        };
        client.all();
        client.device.destroy_device(None);
        instance.destroy_instance(None);
    }
}

impl Client {
    fn sharing(&self) -> (vk::SharingMode, &'static [u32]) {
        match self.how {
            How::Exclusive => (vk::SharingMode::EXCLUSIVE, &[]),
            How::Shared | How::Ahead | How::Leaves => (vk::SharingMode::CONCURRENT, &FAMILIES),
        }
    }

    /// Memory of a type that has `wanted`, and not the host's sight unless that is wanted.
    unsafe fn memory(&self, size: u64, host: bool) -> vk::DeviceMemory {
        // softvk's type 0 is the device's alone, type 1 the host's, too.
        let info = vk::MemoryAllocateInfo::default()
            .allocation_size(size)
            .memory_type_index(u32::from(host));
        // SAFETY: a living device.
        unsafe { self.device.allocate_memory(&info, None) }.expect("memory")
    }

    unsafe fn buffer(&self, bitstream: bool) -> (vk::Buffer, vk::DeviceMemory) {
        with_profile(|profile| {
            let profiles = [*profile];
            let mut list = vk::VideoProfileListInfoKHR::default().profiles(&profiles);
            let info = vk::BufferCreateInfo::default().size(PART * FRAMES as u64);
            let (mode, families) = self.sharing();
            let info = match bitstream {
                true => info
                    .usage(
                        vk::BufferUsageFlags::VIDEO_DECODE_SRC_KHR
                            | vk::BufferUsageFlags::TRANSFER_DST,
                    )
                    .sharing_mode(mode)
                    .queue_family_indices(families)
                    .push_next(&mut list),
                false => info.usage(vk::BufferUsageFlags::TRANSFER_SRC),
            };
            // SAFETY: a living device.
            unsafe {
                let buffer = self.device.create_buffer(&info, None).expect("a buffer");
                let needs = self.device.get_buffer_memory_requirements(buffer);
                let memory = self.memory(needs.size, !bitstream);
                self.device.bind_buffer_memory(buffer, memory, 0).expect("bound");
                (buffer, memory)
            }
        })
    }

    unsafe fn image(&self) -> (vk::Image, vk::ImageView, vk::DeviceMemory) {
        let format = vk::Format::G8_B8R8_2PLANE_420_UNORM;
        with_profile(|profile| {
            let profiles = [*profile];
            let mut list = vk::VideoProfileListInfoKHR::default().profiles(&profiles);
            let (mode, families) = self.sharing();
            let info = vk::ImageCreateInfo::default()
                .image_type(vk::ImageType::TYPE_2D)
                .format(format)
                .extent(SIZE.into())
                .mip_levels(1)
                .array_layers(1)
                .samples(vk::SampleCountFlags::TYPE_1)
                .usage(
                    vk::ImageUsageFlags::VIDEO_DECODE_DST_KHR
                        | vk::ImageUsageFlags::VIDEO_DECODE_DPB_KHR
                        | vk::ImageUsageFlags::TRANSFER_SRC,
                )
                .sharing_mode(mode)
                .queue_family_indices(families)
                .push_next(&mut list);
            // SAFETY: a living device.
            unsafe {
                let image = self.device.create_image(&info, None).expect("an image");
                let needs = self.device.get_image_memory_requirements(image);
                let memory = self.memory(needs.size, false);
                self.device.bind_image_memory(image, memory, 0).expect("bound");
                let info = vk::ImageViewCreateInfo::default()
                    .image(image)
                    .view_type(vk::ImageViewType::TYPE_2D)
                    .format(format)
                    .subresource_range(range());
                let view = self.device.create_image_view(&info, None).expect("a view");
                (image, view, memory)
            }
        })
    }

    unsafe fn session(
        &self,
    ) -> (vk::VideoSessionKHR, vk::VideoSessionParametersKHR, Vec<vk::DeviceMemory>) {
        let device = self.device.handle();
        // SAFETY: integers and pointers that may be null.
        let mut header: StdVideoAV1SequenceHeader = unsafe { std::mem::zeroed() };
        (header.frame_width_bits_minus_1, header.frame_height_bits_minus_1) = (5, 5);
        (header.max_frame_width_minus_1, header.max_frame_height_minus_1) = (63, 63);
        let version = std_header();
        let format = vk::Format::G8_B8R8_2PLANE_420_UNORM;
        with_profile(|profile| {
            let info = vk::VideoSessionCreateInfoKHR::default()
                .queue_family_index(FAMILIES[1])
                .video_profile(profile)
                .picture_format(format)
                .reference_picture_format(format)
                .max_coded_extent(SIZE)
                .max_dpb_slots(2)
                .max_active_reference_pictures(1)
                .std_header_version(&version);
            let none = std::ptr::null();
            let (mut session, mut count) = (vk::VideoSessionKHR::null(), 0);
            let mut parameters = vk::VideoSessionParametersKHR::null();
            let mut memories = Vec::new();
            // SAFETY: a living device.
            unsafe {
                let create = self.queue.create_video_session_khr;
                create(device, &info, none, &mut session).result().expect("a session");
                let list = self.queue.get_video_session_memory_requirements_khr;
                list(device, session, &mut count, std::ptr::null_mut()).result().expect("a count");
                let mut needs =
                    vec![vk::VideoSessionMemoryRequirementsKHR::default(); count as usize];
                list(device, session, &mut count, needs.as_mut_ptr()).result().expect("a list");
                for need in &needs {
                    let size = need.memory_requirements.size;
                    let host = need.memory_requirements.memory_type_bits & 1 == 0;
                    let memory = self.memory(size, host);
                    let bind = vk::BindVideoSessionMemoryInfoKHR::default()
                        .memory_bind_index(need.memory_bind_index)
                        .memory(memory)
                        .memory_size(size);
                    let call = self.queue.bind_video_session_memory_khr;
                    call(device, session, 1, &bind).result().expect("bound");
                    memories.push(memory);
                }
                let mut av1 = vk::VideoDecodeAV1SessionParametersCreateInfoKHR::default()
                    .std_sequence_header(&header);
                let info = vk::VideoSessionParametersCreateInfoKHR::default()
                    .video_session(session)
                    .push_next(&mut av1);
                let create = self.queue.create_video_session_parameters_khr;
                create(device, &info, none, &mut parameters).result().expect("parameters");
            }
            (session, parameters, memories)
        })
    }

    /// Everything, from objects to their end.
    unsafe fn all(&self) {
        // SAFETY: the caller's promise.
        unsafe {
            let device = &self.device;
            // Both are known before the first submission, whichever that is to.
            let _queues = FAMILIES.map(|family| device.get_device_queue(family, 0));
            let (staging, staged) = self.buffer(false);
            let (buffer, buffer_memory) = self.buffer(true);
            let (image, view, image_memory) = self.image();
            let (session, parameters, memories) = self.session();
            let flags = vk::MemoryMapFlags::empty();
            let at = device.map_memory(staged, 0, vk::WHOLE_SIZE, flags).expect("mapped");
            for frame in 0..FRAMES {
                let to = at.cast::<u8>().add(frame * PART as usize);
                std::ptr::copy_nonoverlapping(tile(frame).as_ptr(), to, TILE);
            }
            let pools = FAMILIES.map(|family| {
                let info = vk::CommandPoolCreateInfo::default().queue_family_index(family);
                device.create_command_pool(&info, None).expect("a pool")
            });
            let mut kind =
                vk::SemaphoreTypeCreateInfo::default().semaphore_type(vk::SemaphoreType::TIMELINE);
            let info = vk::SemaphoreCreateInfo::default().push_next(&mut kind);
            let semaphore = device.create_semaphore(&info, None).expect("a semaphore");
            for frame in 0..FRAMES {
                let upload = || self.upload(pools[0], (staging, buffer), semaphore, frame);
                let decode = || {
                    let objects = (session, parameters, buffer, image, view);
                    self.decodes(pools[1], objects, semaphore, frame);
                };
                if self.how == How::Ahead {
                    decode();
                    upload();
                } else {
                    upload();
                    decode();
                }
                let (semaphores, values) = ([semaphore], [2 * frame as u64 + 2]);
                let wait = vk::SemaphoreWaitInfo::default().semaphores(&semaphores).values(&values);
                device.wait_semaphores(&wait, u64::MAX).expect("waited");
            }
            device.device_wait_idle().expect("idle");
            if self.how == How::Leaves {
                std::process::exit(0);
            }
            device.destroy_semaphore(semaphore, None);
            pools.iter().for_each(|pool| device.destroy_command_pool(*pool, None));
            device.destroy_image_view(view, None);
            device.destroy_image(image, None);
            device.destroy_buffer(buffer, None);
            device.destroy_buffer(staging, None);
            let none = std::ptr::null();
            (self.queue.destroy_video_session_parameters_khr)(device.handle(), parameters, none);
            (self.queue.destroy_video_session_khr)(device.handle(), session, none);
            let others = [staged, buffer_memory, image_memory];
            others.iter().chain(&memories).for_each(|memory| device.free_memory(*memory, None));
        }
    }

    /// Submits what `record` records, to wait for a value and to signal the next one.
    unsafe fn submit(
        &self,
        (family, pool): (u32, vk::CommandPool),
        (semaphore, waits): (vk::Semaphore, u64),
        record: impl FnOnce(vk::CommandBuffer),
    ) {
        let device = &self.device;
        let info =
            vk::CommandBufferAllocateInfo::default().command_pool(pool).command_buffer_count(1);
        // SAFETY: the caller's promise.
        unsafe {
            let commands = device.allocate_command_buffers(&info).expect("commands");
            let begin = vk::CommandBufferBeginInfo::default();
            device.begin_command_buffer(commands[0], &begin).expect("begun");
            record(commands[0]);
            device.end_command_buffer(commands[0]).expect("ended");
            let semaphores = [semaphore];
            let (before, after) = ([waits], [waits + 1]);
            let mut values = vk::TimelineSemaphoreSubmitInfo::default()
                .wait_semaphore_values(&before)
                .signal_semaphore_values(&after);
            let submit = vk::SubmitInfo::default()
                .wait_semaphores(&semaphores)
                .wait_dst_stage_mask(&[vk::PipelineStageFlags::ALL_COMMANDS])
                .command_buffers(&commands)
                .signal_semaphores(&semaphores)
                .push_next(&mut values);
            let queue = device.get_device_queue(family, 0);
            device.queue_submit(queue, &[submit], vk::Fence::null()).expect("submitted");
        }
    }

    unsafe fn upload(
        &self,
        pool: vk::CommandPool,
        (staging, buffer): (vk::Buffer, vk::Buffer),
        semaphore: vk::Semaphore,
        frame: usize,
    ) {
        let at = PART * frame as u64;
        let region = vk::BufferCopy::default().src_offset(at).dst_offset(at).size(PART);
        // SAFETY: the caller's promise.
        unsafe {
            self.submit((FAMILIES[0], pool), (semaphore, 2 * frame as u64), |commands| {
                self.device.cmd_copy_buffer(commands, staging, buffer, &[region]);
                self.own(commands, buffer, (FAMILIES[0], FAMILIES[1]));
            });
        }
    }

    /// Gives the buffer to another family, on either side.
    unsafe fn own(&self, commands: vk::CommandBuffer, buffer: vk::Buffer, of: (u32, u32)) {
        if self.how != How::Exclusive {
            return;
        }
        let barrier = vk::BufferMemoryBarrier::default()
            .src_access_mask(vk::AccessFlags::MEMORY_WRITE)
            .dst_access_mask(vk::AccessFlags::MEMORY_READ)
            .src_queue_family_index(of.0)
            .dst_queue_family_index(of.1)
            .buffer(buffer)
            .size(vk::WHOLE_SIZE);
        let all = vk::PipelineStageFlags::ALL_COMMANDS;
        let flags = vk::DependencyFlags::empty();
        // SAFETY: the caller's promise.
        unsafe {
            self.device.cmd_pipeline_barrier(commands, all, all, flags, &[], &[barrier], &[])
        };
    }

    unsafe fn decodes(
        &self,
        pool: vk::CommandPool,
        objects: (
            vk::VideoSessionKHR,
            vk::VideoSessionParametersKHR,
            vk::Buffer,
            vk::Image,
            vk::ImageView,
        ),
        semaphore: vk::Semaphore,
        frame: usize,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            self.submit((FAMILIES[1], pool), (semaphore, 2 * frame as u64 + 1), |commands| {
                self.own(commands, objects.2, (FAMILIES[0], FAMILIES[1]));
                self.frame(commands, objects, frame);
            });
        }
    }

    unsafe fn frame(
        &self,
        commands: vk::CommandBuffer,
        (session, parameters, buffer, image, view): (
            vk::VideoSessionKHR,
            vk::VideoSessionParametersKHR,
            vk::Buffer,
            vk::Image,
            vk::ImageView,
        ),
        frame: usize,
    ) {
        // SAFETY: integers and pointers that may be null.
        let (mut info, mut tiles, mut quantization, reference): (
            StdVideoDecodeAV1PictureInfo,
            StdVideoAV1TileInfo,
            StdVideoAV1Quantization,
            StdVideoDecodeAV1ReferenceInfo,
        ) = unsafe { std::mem::zeroed() };
        info.flags.set_error_resilient_mode(1);
        (info.primary_ref_frame, info.refresh_frame_flags, info.TxMode) = (7, 0xff, 1);
        tiles.flags.set_uniform_tile_spacing_flag(1);
        (tiles.TileCols, tiles.TileRows) = (1, 1);
        quantization.base_q_idx = 100;
        (info.pTileInfo, info.pQuantization) = (&tiles, &quantization);
        let barrier = to_dpb(image);
        let all = vk::PipelineStageFlags::ALL_COMMANDS;
        let picture =
            vk::VideoPictureResourceInfoKHR::default().coded_extent(SIZE).image_view_binding(view);
        let bound =
            [vk::VideoReferenceSlotInfoKHR::default().slot_index(-1).picture_resource(&picture)];
        let begin = vk::VideoBeginCodingInfoKHR::default()
            .video_session(session)
            .video_session_parameters(parameters)
            .reference_slots(&bound);
        let reset =
            vk::VideoCodingControlInfoKHR::default().flags(vk::VideoCodingControlFlagsKHR::RESET);
        let mut slot = vk::VideoDecodeAV1DpbSlotInfoKHR::default().std_reference_info(&reference);
        let setup = vk::VideoReferenceSlotInfoKHR::default()
            .slot_index(0)
            .picture_resource(&picture)
            .push_next(&mut slot);
        let (offsets, sizes) = ([0], [TILE as u32]);
        let mut av1 = vk::VideoDecodeAV1PictureInfoKHR::default()
            .std_picture_info(&info)
            .reference_name_slot_indices([-1; 7])
            .tile_offsets(&offsets)
            .tile_sizes(&sizes);
        let decode = vk::VideoDecodeInfoKHR::default()
            .src_buffer(buffer)
            .src_buffer_offset(PART * frame as u64)
            .src_buffer_range(PART)
            .dst_picture_resource(picture)
            .setup_reference_slot(&setup)
            .push_next(&mut av1);
        let flags = vk::DependencyFlags::empty();
        // SAFETY: the caller's promise.
        unsafe {
            self.device.cmd_pipeline_barrier(commands, all, all, flags, &[], &[], &[barrier]);
            (self.queue.cmd_begin_video_coding_khr)(commands, &begin);
            (self.queue.cmd_control_video_coding_khr)(commands, &reset);
            (self.decode.cmd_decode_video_khr)(commands, &decode);
            let end = vk::VideoEndCodingInfoKHR::default();
            (self.queue.cmd_end_video_coding_khr)(commands, &end);
        }
    }
}

fn range() -> vk::ImageSubresourceRange {
    vk::ImageSubresourceRange {
        aspect_mask: vk::ImageAspectFlags::COLOR,
        base_mip_level: 0,
        level_count: 1,
        base_array_layer: 0,
        layer_count: 1,
    }
}

/// The version of the std header that softvk has.
fn std_header() -> vk::ExtensionProperties {
    let mut version =
        vk::ExtensionProperties::default().spec_version(vk::make_api_version(0, 1, 0, 0));
    let name = b"VK_STD_vulkan_video_codec_av1_decode";
    let places = version.extension_name.iter_mut().zip(name);
    places.for_each(|(to, from)| *to = *from as std::ffi::c_char);
    version
}

/// From UNDEFINED to where it is decoded.
fn to_dpb(image: vk::Image) -> vk::ImageMemoryBarrier<'static> {
    vk::ImageMemoryBarrier::default()
        .dst_access_mask(vk::AccessFlags::MEMORY_WRITE)
        .old_layout(vk::ImageLayout::UNDEFINED)
        .new_layout(vk::ImageLayout::VIDEO_DECODE_DPB_KHR)
        .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
        .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
        .image(image)
        .subresource_range(range())
}

//! Thin calls over the extensions' function tables: nothing but calls. ash 0.38 has no methods for
//! the video extensions, and this picks core or KHR names for what Vulkan 1.2 and 1.3 took in.
#![allow(unsafe_code, reason = "calls through tables of function pointers")]

use ash::prelude::VkResult;
use ash::vk;

/// Instance-level video calls.
pub(super) struct InstanceTable(ash::khr::video_queue::Instance);

impl InstanceTable {
    pub(super) fn new(entry: &ash::Entry, instance: &ash::Instance) -> Self {
        Self(ash::khr::video_queue::Instance::new(entry, instance))
    }

    /// vkGetPhysicalDeviceVideoCapabilitiesKHR.
    ///
    /// # Safety
    /// The device has VK_KHR_video_queue and VK_KHR_video_decode_av1, `profile` has the AV1 profile
    /// in its chain, `caps` the decode and the AV1 capabilities (VUID 07183, 09257).
    pub(super) unsafe fn capabilities(
        &self,
        device: vk::PhysicalDevice,
        profile: &vk::VideoProfileInfoKHR<'_>,
        caps: &mut vk::VideoCapabilitiesKHR<'_>,
    ) -> VkResult<()> {
        let call = self.0.fp().get_physical_device_video_capabilities_khr;
        // SAFETY: the caller's promise.
        unsafe { call(device, profile, caps) }.result()
    }

    /// vkGetPhysicalDeviceVideoFormatPropertiesKHR, count and list.
    ///
    /// # Safety
    /// The device has VK_KHR_video_queue; `info` has a profile list in its chain (VUID 06812).
    pub(super) unsafe fn formats(
        &self,
        device: vk::PhysicalDevice,
        info: &vk::PhysicalDeviceVideoFormatInfoKHR<'_>,
    ) -> VkResult<Vec<vk::VideoFormatPropertiesKHR<'static>>> {
        let call = self.0.fp().get_physical_device_video_format_properties_khr;
        loop {
            let mut count = 0;
            // SAFETY: the caller's promise; a null list asks for the count.
            unsafe { call(device, info, &mut count, std::ptr::null_mut()) }.result()?;
            let mut list = vec![vk::VideoFormatPropertiesKHR::default(); count as usize];
            // SAFETY: `list` has `count` initialised elements.
            match unsafe { call(device, info, &mut count, list.as_mut_ptr()) } {
                vk::Result::INCOMPLETE => {}
                result => {
                    list.truncate(count as usize);
                    return result.result_with_success(list);
                }
            }
        }
    }
}

/// Calls that core Vulkan has from some version on, and an extension before it.
enum Promoted<E> {
    Core,
    Extension(E),
}

/// Device-level calls of the video extensions, of synchronization2 and of timeline semaphores.
pub(super) struct DeviceTable {
    video: ash::khr::video_queue::Device,
    decode: ash::khr::video_decode_queue::Device,
    sync2: Promoted<ash::khr::synchronization2::Device>,
    timeline: Promoted<ash::khr::timeline_semaphore::Device>,
}

impl DeviceTable {
    /// The tables of `device`, which can use Vulkan `api_version`.
    pub(super) fn new(instance: &ash::Instance, device: &ash::Device, api_version: u32) -> Self {
        Self {
            video: ash::khr::video_queue::Device::new(instance, device),
            decode: ash::khr::video_decode_queue::Device::new(instance, device),
            sync2: if api_version >= vk::API_VERSION_1_3 {
                Promoted::Core
            } else {
                Promoted::Extension(ash::khr::synchronization2::Device::new(instance, device))
            },
            timeline: if api_version >= vk::API_VERSION_1_2 {
                Promoted::Core
            } else {
                Promoted::Extension(ash::khr::timeline_semaphore::Device::new(instance, device))
            },
        }
    }

    /// vkCreateVideoSessionKHR.
    ///
    /// # Safety
    /// `info` is valid, its profile chain included.
    pub(super) unsafe fn create_video_session(
        &self,
        info: &vk::VideoSessionCreateInfoKHR<'_>,
    ) -> VkResult<vk::VideoSessionKHR> {
        let mut raw = vk::VideoSessionKHR::null();
        let call = self.video.fp().create_video_session_khr;
        // SAFETY: the caller's promise; `raw` is a place for one handle.
        unsafe { call(self.video.device(), info, std::ptr::null(), &mut raw) }
            .result_with_success(raw)
    }

    /// vkDestroyVideoSessionKHR.
    ///
    /// # Safety
    /// `session` is of this device and not in use (VUID 07192).
    pub(super) unsafe fn destroy_video_session(&self, session: vk::VideoSessionKHR) {
        let call = self.video.fp().destroy_video_session_khr;
        // SAFETY: the caller's promise.
        unsafe { call(self.video.device(), session, std::ptr::null()) }
    }

    /// vkGetVideoSessionMemoryRequirementsKHR, count and list.
    ///
    /// # Safety
    /// `session` is of this device.
    pub(super) unsafe fn memory_requirements(
        &self,
        session: vk::VideoSessionKHR,
    ) -> VkResult<Vec<vk::VideoSessionMemoryRequirementsKHR<'static>>> {
        let call = self.video.fp().get_video_session_memory_requirements_khr;
        loop {
            let mut count = 0;
            let device = self.video.device();
            // SAFETY: the caller's promise; a null list asks for the count.
            unsafe { call(device, session, &mut count, std::ptr::null_mut()) }.result()?;
            let mut list = vec![vk::VideoSessionMemoryRequirementsKHR::default(); count as usize];
            // SAFETY: `list` has `count` initialised elements.
            match unsafe { call(device, session, &mut count, list.as_mut_ptr()) } {
                vk::Result::INCOMPLETE => {}
                result => {
                    list.truncate(count as usize);
                    return result.result_with_success(list);
                }
            }
        }
    }

    /// vkBindVideoSessionMemoryKHR.
    ///
    /// # Safety
    /// Each of `binds` names a requirement of `session` once, with memory that fulfils it
    /// (VUID 07195 to 07201).
    pub(super) unsafe fn bind_memory(
        &self,
        session: vk::VideoSessionKHR,
        binds: &[vk::BindVideoSessionMemoryInfoKHR<'_>],
    ) -> VkResult<()> {
        let call = self.video.fp().bind_video_session_memory_khr;
        // SAFETY: the caller's promise.
        unsafe { call(self.video.device(), session, binds.len() as u32, binds.as_ptr()) }.result()
    }

    /// vkCreateVideoSessionParametersKHR.
    ///
    /// # Safety
    /// `info` has the AV1 sequence header in its chain (VUID 09259), no template (09258).
    pub(super) unsafe fn create_parameters(
        &self,
        info: &vk::VideoSessionParametersCreateInfoKHR<'_>,
    ) -> VkResult<vk::VideoSessionParametersKHR> {
        let mut raw = vk::VideoSessionParametersKHR::null();
        let call = self.video.fp().create_video_session_parameters_khr;
        // SAFETY: the caller's promise; `raw` is a place for one handle.
        unsafe { call(self.video.device(), info, std::ptr::null(), &mut raw) }
            .result_with_success(raw)
    }

    /// vkDestroyVideoSessionParametersKHR.
    ///
    /// # Safety
    /// `parameters` is of this device and not in use (VUID 07212).
    pub(super) unsafe fn destroy_parameters(&self, parameters: vk::VideoSessionParametersKHR) {
        let call = self.video.fp().destroy_video_session_parameters_khr;
        // SAFETY: the caller's promise.
        unsafe { call(self.video.device(), parameters, std::ptr::null()) }
    }

    /// vkCmdBeginVideoCodingKHR.
    ///
    /// # Safety
    /// `commands` is recording, outside a coding scope; `info` is valid.
    pub(super) unsafe fn cmd_begin_video_coding(
        &self,
        commands: vk::CommandBuffer,
        info: &vk::VideoBeginCodingInfoKHR<'_>,
    ) {
        let call = self.video.fp().cmd_begin_video_coding_khr;
        // SAFETY: the caller's promise.
        unsafe { call(commands, info) }
    }

    /// vkCmdControlVideoCodingKHR with RESET.
    ///
    /// # Safety
    /// `commands` is recording, inside a coding scope.
    pub(super) unsafe fn cmd_reset_video_coding(&self, commands: vk::CommandBuffer) {
        let info =
            vk::VideoCodingControlInfoKHR::default().flags(vk::VideoCodingControlFlagsKHR::RESET);
        let call = self.video.fp().cmd_control_video_coding_khr;
        // SAFETY: the caller's promise.
        unsafe { call(commands, &info) }
    }

    /// vkCmdEndVideoCodingKHR.
    ///
    /// # Safety
    /// `commands` is recording, inside a coding scope.
    pub(super) unsafe fn cmd_end_video_coding(&self, commands: vk::CommandBuffer) {
        let call = self.video.fp().cmd_end_video_coding_khr;
        // SAFETY: the caller's promise.
        unsafe { call(commands, &vk::VideoEndCodingInfoKHR::default()) }
    }

    /// vkCmdDecodeVideoKHR.
    ///
    /// # Safety
    /// `commands` is recording, inside a coding scope that binds all pictures of `info`.
    pub(super) unsafe fn cmd_decode_video(
        &self,
        commands: vk::CommandBuffer,
        info: &vk::VideoDecodeInfoKHR<'_>,
    ) {
        let call = self.decode.fp().cmd_decode_video_khr;
        // SAFETY: the caller's promise.
        unsafe { call(commands, info) }
    }

    /// vkCmdPipelineBarrier2.
    ///
    /// # Safety
    /// `commands` is recording; `info` names stages that its queue family has.
    pub(super) unsafe fn cmd_pipeline_barrier2(
        &self,
        device: &ash::Device,
        commands: vk::CommandBuffer,
        info: &vk::DependencyInfo<'_>,
    ) {
        match &self.sync2 {
            // SAFETY: the caller's promise.
            Promoted::Core => unsafe { device.cmd_pipeline_barrier2(commands, info) },
            // SAFETY: the caller's promise.
            Promoted::Extension(khr) => unsafe { khr.cmd_pipeline_barrier2(commands, info) },
        }
    }

    /// vkQueueSubmit2 without a fence.
    ///
    /// # Safety
    /// Nobody else uses `queue` now; command buffers and semaphores of `submits` are valid.
    pub(super) unsafe fn queue_submit2(
        &self,
        device: &ash::Device,
        queue: vk::Queue,
        submits: &[vk::SubmitInfo2<'_>],
    ) -> VkResult<()> {
        let fence = vk::Fence::null();
        match &self.sync2 {
            // SAFETY: the caller's promise.
            Promoted::Core => unsafe { device.queue_submit2(queue, submits, fence) },
            // SAFETY: the caller's promise.
            Promoted::Extension(khr) => unsafe { khr.queue_submit2(queue, submits, fence) },
        }
    }

    /// vkWaitSemaphores.
    ///
    /// # Safety
    /// The semaphores of `info` are timeline semaphores of this device.
    pub(super) unsafe fn wait_semaphores(
        &self,
        device: &ash::Device,
        info: &vk::SemaphoreWaitInfo<'_>,
        timeout_ns: u64,
    ) -> VkResult<()> {
        match &self.timeline {
            // SAFETY: the caller's promise.
            Promoted::Core => unsafe { device.wait_semaphores(info, timeout_ns) },
            // SAFETY: the caller's promise.
            Promoted::Extension(khr) => unsafe { khr.wait_semaphores(info, timeout_ns) },
        }
    }

    /// vkGetSemaphoreCounterValue.
    ///
    /// # Safety
    /// `semaphore` is a timeline semaphore of this device.
    pub(super) unsafe fn semaphore_value(
        &self,
        device: &ash::Device,
        semaphore: vk::Semaphore,
    ) -> VkResult<u64> {
        match &self.timeline {
            // SAFETY: the caller's promise.
            Promoted::Core => unsafe { device.get_semaphore_counter_value(semaphore) },
            // SAFETY: the caller's promise.
            Promoted::Extension(khr) => unsafe { khr.get_semaphore_counter_value(semaphore) },
        }
    }
}

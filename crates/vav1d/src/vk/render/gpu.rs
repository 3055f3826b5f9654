//! The device that draws: one queue for graphics, compute and copies, and perhaps swapchains.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::ffi::CStr;
use std::sync::Arc;

use ash::vk;

use crate::error::{Result, Unsupported};
use crate::vk::adapter::{Adapter, QueueFamily};
use crate::vk::device::Device;
use crate::vk::failed;
use crate::vk::features::Features;
use crate::vk::instance::Instance;
use crate::vk::options::ExecutorOptions;
use crate::vk::shared::SharedDevice;

impl Adapter {
    /// Whether pictures can be drawn with it: Vulkan 1.3, a queue for graphics and compute, and
    /// something to draw to (softvk says GRAPHICS to whom it must).
    pub fn draws(&self) -> bool {
        self.usable_version() >= vk::API_VERSION_1_3
            && self.drawing_families().next().is_some()
            && self.color_attachments > 0
    }

    /// Families whose queues draw.
    pub(super) fn drawing_families(&self) -> impl Iterator<Item = QueueFamily> {
        let wanted = vk::QueueFlags::GRAPHICS | vk::QueueFlags::COMPUTE;
        self.queue_families.iter().copied().filter(move |f| f.flags.contains(wanted))
    }
}

impl SharedDevice {
    /// Opens `adapter` for executors with `options`, and for swapchains if it is to `present`.
    ///
    /// # Errors
    /// `Unsupported` if it does not decode AV1, draw and, where it is to, present; `Device` for its
    /// failures.
    pub fn open(
        instance: &Arc<Instance>,
        adapter: &Adapter,
        options: &ExecutorOptions,
        present: bool,
    ) -> Result<Self> {
        let drawing = family(adapter)?;
        let extensions = extensions(adapter, present)?;
        let features = Features::wanted(options);
        let device = Device::open_to_draw(instance, adapter, features, drawing, &extensions)?;
        Ok(Self { device, adapter: adapter.clone() })
    }
}

/// The family of `adapter` that draws, if nothing is presented.
pub(super) fn family(adapter: &Adapter) -> Result<QueueFamily> {
    let lacks = || Unsupported::Device {
        device: adapter.name.clone(),
        what: "no queue for graphics and compute".to_owned(),
    };
    Ok(adapter.drawing_families().next().ok_or_else(lacks)?)
}

/// What drawing, and presenting if it is to `present`, need of `adapter`.
///
/// # Errors
/// `Unsupported` if it lacks that.
fn extensions(adapter: &Adapter, present: bool) -> Result<Vec<&'static CStr>> {
    let lacks =
        |what: &str| Unsupported::Device { device: adapter.name.clone(), what: what.to_owned() };
    if !adapter.draws() {
        return Err(lacks("it cannot draw (Vulkan 1.3 and a graphics queue)").into());
    }
    if !present {
        return Ok(Vec::new());
    }
    if !adapter.has_extension(ash::khr::swapchain::NAME) {
        return Err(lacks("no VK_KHR_swapchain").into());
    }
    let mut extensions = vec![ash::khr::swapchain::NAME];
    if adapter.has_extension(ash::ext::hdr_metadata::NAME) {
        extensions.push(ash::ext::hdr_metadata::NAME);
    }
    Ok(extensions)
}

/// Opens `adapter` with a queue of `family`, for swapchains where `present` is set.
///
/// # Errors
/// `Unsupported` if it lacks what drawing needs.
pub(super) fn open(
    instance: &Arc<Instance>,
    adapter: &Adapter,
    family: QueueFamily,
    present: bool,
) -> Result<Arc<Device>> {
    let extensions: Vec<_> = extensions(adapter, present)?.into_iter().map(CStr::as_ptr).collect();
    // Vulkan 1.3 has all of these (VUID-VkDeviceCreateInfo-pNext: required features of 1.3).
    let mut timeline =
        vk::PhysicalDeviceTimelineSemaphoreFeatures::default().timeline_semaphore(true);
    let mut sync2 = vk::PhysicalDeviceSynchronization2Features::default().synchronization2(true);
    let mut rendering =
        vk::PhysicalDeviceDynamicRenderingFeatures::default().dynamic_rendering(true);
    // What is sampled as a whole needs this one, which is not part of it.
    let mut ycbcr = vk::PhysicalDeviceSamplerYcbcrConversionFeatures::default();
    let mut all = vk::PhysicalDeviceFeatures2::default().push_next(&mut ycbcr);
    // SAFETY: the adapter is of the instance; the structure is of Vulkan 1.1.
    unsafe { instance.raw().get_physical_device_features2(adapter.raw(), &mut all) };
    let queues = [vk::DeviceQueueCreateInfo::default()
        .queue_family_index(family.index)
        .queue_priorities(&[1.0])];
    let info = vk::DeviceCreateInfo::default()
        .queue_create_infos(&queues)
        .enabled_extension_names(&extensions)
        .push_next(&mut timeline)
        .push_next(&mut sync2)
        .push_next(&mut rendering)
        .push_next(&mut ycbcr);
    // SAFETY: the family and the extensions are the device's; the features are part of its version.
    let raw = unsafe { instance.raw().create_device(adapter.raw(), &info, None) }
        .map_err(failed("vkCreateDevice"))?;
    // SAFETY: just made, with this queue; a device that only draws decodes and copies nothing else.
    Ok(unsafe { Device::of_raw(instance, adapter, raw, (family, 0), (family, 0)) })
}

#[cfg(all(test, feature = "soft"))]
mod tests {
    use crate::vk::{Driver, Instance, InstanceOptions};

    #[test]
    fn a_graphics_bit_is_not_enough_to_draw() {
        let driver = Driver::Soft { config: Some("graphics-bit".into()) };
        let instance = Instance::new(driver, InstanceOptions::default()).expect("softvk");
        let adapter = instance.adapters().expect("adapters").remove(0);
        assert!(adapter.drawing_families().next().is_some());
        assert!(!adapter.draws());
    }
}

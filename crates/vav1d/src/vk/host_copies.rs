//! Copies out of images by the host: VK_EXT_host_image_copy.
#![allow(unsafe_code, reason = "Vulkan calls")]

use ash::vk;

use super::device::Device;

/// vkCopyImageToMemoryEXT, and the layouts that it takes.
pub(super) struct HostCopies {
    pub(super) functions: ash::ext::host_image_copy::Device,
    /// pCopySrcLayouts.
    pub(super) layouts: Vec<vk::ImageLayout>,
}

impl HostCopies {
    /// Those of `device`, which was opened with hostImageCopy.
    pub(super) fn new(device: &Device, adapter: vk::PhysicalDevice) -> Self {
        let instance = device.instance().raw();
        let mut layouts = vec![vk::ImageLayout::UNDEFINED; MOST_LAYOUTS];
        let mut host = vk::PhysicalDeviceHostImageCopyPropertiesEXT {
            copy_src_layout_count: MOST_LAYOUTS as u32,
            p_copy_src_layouts: layouts.as_mut_ptr(),
            ..Default::default()
        };
        let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut host);
        // SAFETY: the adapter is of the instance and knows the structure; the array is as long as
        // its count says.
        unsafe { instance.get_physical_device_properties2(adapter, &mut properties) };
        layouts.truncate(host.copy_src_layout_count as usize);
        let functions = ash::ext::host_image_copy::Device::new(instance, device.raw());
        Self { functions, layouts }
    }
}

/// More layouts than there are.
const MOST_LAYOUTS: usize = 64;

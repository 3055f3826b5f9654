//! The Vulkan calls: images that the host writes, and the memory that they lie in.
#![allow(unsafe_code, clippy::multiple_unsafe_ops_per_block, reason = "a program of Vulkan calls")]

use std::ffi::CStr;

use ash::vk;

/// A device with host copies.
pub(crate) struct Device {
    instance: ash::Instance,
    physical: vk::PhysicalDevice,
    device: ash::Device,
    copies: ash::ext::host_image_copy::DeviceFn,
    /// Keeps the loader.
    _entry: ash::Entry,
}

/// What became of an image.
pub(crate) struct Image {
    /// Width, height and slices.
    pub(crate) extent: (u32, u32, u32),
    /// The memory, after each pass of [`texel`]s.
    pub(crate) passes: Vec<Vec<u8>>,
}

/// What texel `number` is in a pass: the bytes of its number, `bytes` at a time, so that no two are
/// the same in all passes, and none is where nothing was written.
pub(crate) fn texel(number: u64, pass: usize, bytes: usize) -> [u8; 8] {
    (number + 1).checked_shr((8 * bytes * pass) as u32).unwrap_or(0).to_le_bytes()
}

impl Image {
    /// Bytes of its memory.
    pub(crate) fn bytes(&self) -> usize {
        self.passes.first().map_or(0, Vec::len)
    }

    /// Its texels.
    pub(crate) fn texels(&self) -> usize {
        let (width, height, slices) = self.extent;
        [width, height, slices].map(|side| side as usize).iter().product()
    }
}

impl Device {
    /// The first device of the system's loader, if it has host copies.
    pub(crate) fn open() -> Option<Self> {
        // SAFETY: the loader and what it loads keep to the Vulkan specification; every structure is
        // filled as its Valid Usage says.
        unsafe {
            let entry = ash::Entry::load().ok()?;
            let app = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
            let info = vk::InstanceCreateInfo::default().application_info(&app);
            let instance = entry.create_instance(&info, None).ok()?;
            let physical = *instance.enumerate_physical_devices().ok()?.first()?;
            let names =
                [ash::ext::host_image_copy::NAME, ash::ext::image_drm_format_modifier::NAME];
            let offered = instance.enumerate_device_extension_properties(physical).ok()?;
            let has = |name: &CStr| offered.iter().any(|o| o.extension_name_as_c_str() == Ok(name));
            if !names.into_iter().all(has) {
                return None;
            }
            let queues = [vk::DeviceQueueCreateInfo::default().queue_priorities(&[1.0])];
            let names = names.map(CStr::as_ptr);
            let mut copies =
                vk::PhysicalDeviceHostImageCopyFeaturesEXT::default().host_image_copy(true);
            let info = vk::DeviceCreateInfo::default()
                .queue_create_infos(&queues)
                .enabled_extension_names(&names)
                .push_next(&mut copies);
            let device = instance.create_device(physical, &info, None).ok()?;
            let copies = ash::ext::host_image_copy::DeviceFn::load(|name| {
                let function = instance.get_device_proc_addr(device.handle(), name.as_ptr());
                function.map_or(std::ptr::null(), |f| f as *const std::ffi::c_void)
            });
            Some(Self { instance, physical, device, copies, _entry: entry })
        }
    }

    /// The modifiers that the driver offers for a format.
    pub(crate) fn modifiers(&self, format: vk::Format) -> Vec<u64> {
        let mut found = vec![vk::DrmFormatModifierPropertiesEXT::default(); 64];
        let mut list = vk::DrmFormatModifierPropertiesListEXT::default()
            .drm_format_modifier_properties(&mut found);
        let mut properties = vk::FormatProperties2::default().push_next(&mut list);
        // SAFETY: the list has room for as many as it says.
        unsafe {
            self.instance.get_physical_device_format_properties2(
                self.physical,
                format,
                &mut properties,
            );
        }
        let count = list.drm_format_modifier_count as usize;
        found.truncate(count);
        found.iter().map(|modifier| modifier.drm_format_modifier).collect()
    }

    /// Makes an image of OPTIMAL tiling, or with a modifier, writes numbered texels of `bytes` bytes
    /// to it by host copies, and reads its memory after each.
    pub(crate) fn image(
        &self,
        format: vk::Format,
        bytes: usize,
        extent: (u32, u32, u32),
        modifier: Option<u64>,
    ) -> Result<Image, String> {
        let (width, height, slices) = extent;
        let mut image = Image { extent, passes: Vec::new() };
        let numbers = image.texels() as u64 + 1;
        let modifiers = modifier.map(|modifier| [modifier]);
        let mut list = vk::ImageDrmFormatModifierListCreateInfoEXT::default();
        let mut info = vk::ImageCreateInfo::default()
            .image_type(vk::ImageType::TYPE_2D)
            .format(format)
            .extent(vk::Extent3D { width, height, depth: 1 })
            .mip_levels(1)
            .array_layers(slices)
            .samples(vk::SampleCountFlags::TYPE_1)
            .usage(vk::ImageUsageFlags::HOST_TRANSFER_EXT | vk::ImageUsageFlags::SAMPLED);
        if let Some(modifiers) = &modifiers {
            list = list.drm_format_modifiers(modifiers);
            info = info.tiling(vk::ImageTiling::DRM_FORMAT_MODIFIER_EXT).push_next(&mut list);
        }
        let fault = |result| format!("{format:?} {width}x{height}, {slices} slices: {result}");
        // SAFETY: as in `open`; the mapping is as long as the memory, and is read after the copies.
        unsafe {
            let handle = self.device.create_image(&info, None).map_err(fault)?;
            let (memory, size) = self.memory(handle).map_err(fault)?;
            let whole = vk::MemoryMapFlags::empty();
            let mapped = self.device.map_memory(memory, 0, vk::WHOLE_SIZE, whole).map_err(fault)?;
            self.device.bind_image_memory(handle, memory, 0).map_err(fault)?;
            let mapped = std::slice::from_raw_parts_mut(mapped.cast::<u8>(), size);
            for pass in 0..8 {
                if (8 * bytes * pass) as u32 >= u64::BITS - numbers.leading_zeros() {
                    break;
                }
                mapped.fill(0);
                let texels = (0..numbers - 1)
                    .flat_map(|number| texel(number, pass, bytes).into_iter().take(bytes));
                self.write(handle, extent, &texels.collect::<Vec<u8>>()).map_err(fault)?;
                image.passes.push(mapped.to_vec());
            }
            self.device.destroy_image(handle, None);
            self.device.free_memory(memory, None);
        }
        Ok(image)
    }

    /// Memory for an image that the host sees, and its size.
    unsafe fn memory(&self, image: vk::Image) -> Result<(vk::DeviceMemory, usize), vk::Result> {
        // SAFETY: the caller's image is alive.
        unsafe {
            let needs = self.device.get_image_memory_requirements(image);
            let all = self.instance.get_physical_device_memory_properties(self.physical);
            let types = all.memory_types_as_slice().iter().enumerate();
            let visible = types
                .filter(|(_, kind)| {
                    kind.property_flags.contains(vk::MemoryPropertyFlags::HOST_VISIBLE)
                })
                .find(|(index, _)| needs.memory_type_bits >> index & 1 == 1);
            let (index, _) = visible.ok_or(vk::Result::ERROR_OUT_OF_DEVICE_MEMORY)?;
            let info = vk::MemoryAllocateInfo::default()
                .allocation_size(needs.size)
                .memory_type_index(index as u32);
            let memory = self.device.allocate_memory(&info, None)?;
            Ok((memory, needs.size as usize))
        }
    }

    /// Writes all texels of an image.
    unsafe fn write(
        &self,
        image: vk::Image,
        (width, height, slices): (u32, u32, u32),
        texels: &[u8],
    ) -> Result<(), vk::Result> {
        let colour = vk::ImageAspectFlags::COLOR;
        let transition = vk::HostImageLayoutTransitionInfoEXT::default()
            .image(image)
            .old_layout(vk::ImageLayout::UNDEFINED)
            .new_layout(vk::ImageLayout::GENERAL)
            .subresource_range(vk::ImageSubresourceRange {
                aspect_mask: colour,
                base_mip_level: 0,
                level_count: 1,
                base_array_layer: 0,
                layer_count: slices,
            });
        let mut region = vk::MemoryToImageCopyEXT::default()
            .image_subresource(vk::ImageSubresourceLayers {
                aspect_mask: colour,
                mip_level: 0,
                base_array_layer: 0,
                layer_count: slices,
            })
            .image_extent(vk::Extent3D { width, height, depth: 1 });
        region.p_host_pointer = texels.as_ptr().cast();
        let regions = [region];
        let copy = vk::CopyMemoryToImageInfoEXT::default()
            .dst_image(image)
            .dst_image_layout(vk::ImageLayout::GENERAL)
            .regions(&regions);
        // SAFETY: the caller's image is alive, and there are as many texels as the region has.
        unsafe {
            let device = self.device.handle();
            (self.copies.transition_image_layout_ext)(device, 1, &transition).result()?;
            (self.copies.copy_memory_to_image_ext)(device, &copy).result()
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: every image of it was destroyed, and nothing of it is used after this.
        unsafe {
            self.device.destroy_device(None);
            self.instance.destroy_instance(None);
        }
    }
}

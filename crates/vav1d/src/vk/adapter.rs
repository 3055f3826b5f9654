//! Physical devices as plain data: identity, queues, extensions; video capabilities on request.
#![allow(unsafe_code, reason = "queries")]

use std::fmt;
use std::sync::Arc;

use ash::vk;

use super::failed;
use super::instance::Instance;
use crate::error::Result;

/// The codec operation of this program.
pub(super) const DECODE_AV1: vk::VideoCodecOperationFlagsKHR =
    vk::VideoCodecOperationFlagsKHR::DECODE_AV1;

/// One family of queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFamily {
    /// Its index.
    pub index: u32,
    /// What its queues can do.
    pub flags: vk::QueueFlags,
    /// How many queues it has.
    pub queues: u32,
    /// Codecs of its video queues.
    pub codecs: vk::VideoCodecOperationFlagsKHR,
    /// Whether decode commands report a status to queries.
    pub status_queries: bool,
    /// Smallest unit of image copies; (0, 0, 0) allows whole images only.
    pub transfer_granularity: (u32, u32, u32),
}

impl QueueFamily {
    /// Whether its queues decode AV1.
    pub fn decodes_av1(&self) -> bool {
        self.flags.contains(vk::QueueFlags::VIDEO_DECODE_KHR) && self.codecs.contains(DECODE_AV1)
    }

    /// Whether its queues copy: graphics and compute imply transfer.
    pub fn copies(&self) -> bool {
        let any = vk::QueueFlags::TRANSFER | vk::QueueFlags::GRAPHICS | vk::QueueFlags::COMPUTE;
        self.flags.intersects(any)
    }
}

/// A physical device.
#[derive(Clone)]
pub struct Adapter {
    /// Index in the instance's order.
    pub index: usize,
    /// The device's name.
    pub name: String,
    /// deviceUUID.
    pub uuid: [u8; 16],
    /// The driver's name.
    pub driver_name: String,
    /// The driver's version, as it likes to put it.
    pub driver_info: String,
    /// The driver's identity.
    pub driver_id: vk::DriverId,
    /// Version of the conformance tests that it passed: major, minor, subminor, patch.
    pub conformance: [u8; 4],
    /// Vulkan version of the device, encoded.
    pub api_version: u32,
    /// The driver's version, encoded in its own way.
    pub driver_version: u32,
    /// PCI vendor.
    pub vendor_id: u32,
    /// PCI device.
    pub device_id: u32,
    /// What kind of device it is.
    pub device_type: vk::PhysicalDeviceType,
    /// maxColorAttachments: at least 4, where anything can be drawn.
    pub color_attachments: u32,
    /// Queue families, in order.
    pub queue_families: Vec<QueueFamily>,
    /// Names of the extensions, sorted.
    pub extensions: Vec<String>,
    raw: vk::PhysicalDevice,
    instance: Arc<Instance>,
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter")
            .field("index", &self.index)
            .field("name", &self.name)
            .field("uuid", &self.uuid)
            .field("driver_name", &self.driver_name)
            .field("driver_info", &self.driver_info)
            .field("conformance", &self.conformance)
            .field("api_version", &self.api_version)
            .field("driver_version", &self.driver_version)
            .field("vendor_id", &self.vendor_id)
            .field("device_id", &self.device_id)
            .field("device_type", &self.device_type)
            .field("color_attachments", &self.color_attachments)
            .field("queue_families", &self.queue_families)
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}

impl Adapter {
    /// Whether the device decodes AV1 at all: extensions and a queue family.
    pub fn decodes_av1(&self) -> bool {
        let wanted = [
            ash::khr::video_queue::NAME,
            ash::khr::video_decode_queue::NAME,
            ash::khr::video_decode_av1::NAME,
        ];
        wanted.iter().all(|name| self.has_extension(name))
            && self.queue_families.iter().any(QueueFamily::decodes_av1)
    }

    /// Whether its instance is under the validation layer.
    pub(super) fn is_validated(&self) -> bool {
        self.instance.validates()
    }

    /// `api_version` as "major.minor.patch".
    pub fn api_version_text(&self) -> String {
        let v = self.api_version;
        let (major, minor) = (vk::api_version_major(v), vk::api_version_minor(v));
        format!("{major}.{minor}.{}", vk::api_version_patch(v))
    }

    /// What kind of device it is, in a word.
    pub fn device_type_text(&self) -> &'static str {
        match self.device_type {
            vk::PhysicalDeviceType::INTEGRATED_GPU => "integrated",
            vk::PhysicalDeviceType::DISCRETE_GPU => "discrete",
            vk::PhysicalDeviceType::VIRTUAL_GPU => "virtual",
            vk::PhysicalDeviceType::CPU => "cpu",
            _ => "other",
        }
    }

    pub(super) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    pub(super) fn raw(&self) -> vk::PhysicalDevice {
        self.raw
    }

    pub(super) fn has_extension(&self, name: &std::ffi::CStr) -> bool {
        name.to_str().is_ok_and(|n| self.extensions.binary_search_by(|e| e.as_str().cmp(n)).is_ok())
    }

    /// The version that may be used: no higher than the instance's.
    pub(super) fn usable_version(&self) -> u32 {
        self.api_version.min(self.instance.api_version() | 0xfff)
    }
}

impl Instance {
    /// The physical devices, in the implementation's order. Devices below Vulkan 1.1 are left out.
    /// # Errors
    /// `DeviceError::Call` if a query fails.
    pub fn adapters(self: &Arc<Self>) -> Result<Vec<Adapter>> {
        // SAFETY: the instance is alive.
        let devices = unsafe { self.raw().enumerate_physical_devices() }
            .map_err(failed("vkEnumeratePhysicalDevices"))?;
        let mut adapters = Vec::with_capacity(devices.len());
        for (index, raw) in devices.into_iter().enumerate() {
            // SAFETY: `raw` is of this instance.
            let properties = unsafe { self.raw().get_physical_device_properties(raw) };
            if properties.api_version >= vk::API_VERSION_1_1 {
                adapters.push(adapter(self, index, raw, properties.api_version)?);
            }
        }
        Ok(adapters)
    }
}

fn adapter(
    instance: &Arc<Instance>,
    index: usize,
    raw: vk::PhysicalDevice,
    api_version: u32,
) -> Result<Adapter> {
    let extensions = extensions(instance, raw)?;
    let mut id = vk::PhysicalDeviceIDProperties::default();
    let mut driver = vk::PhysicalDeviceDriverProperties::default();
    let mut properties = vk::PhysicalDeviceProperties2::default().push_next(&mut id);
    let known = |e: &String| e == "VK_KHR_driver_properties";
    if extensions.iter().any(known) || api_version >= vk::API_VERSION_1_2 {
        properties = properties.push_next(&mut driver);
    }
    // SAFETY: `raw` is of this instance, of Vulkan 1.1; the chain is of locals.
    unsafe { instance.raw().get_physical_device_properties2(raw, &mut properties) };
    let base = properties.properties;
    let text = |c: Result<&std::ffi::CStr, _>| -> String {
        c.map(|c: &std::ffi::CStr| c.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let c = driver.conformance_version;
    Ok(Adapter {
        index,
        name: text(base.device_name_as_c_str()),
        uuid: id.device_uuid,
        driver_name: text(driver.driver_name_as_c_str()),
        driver_info: text(driver.driver_info_as_c_str()),
        driver_id: driver.driver_id,
        conformance: [c.major, c.minor, c.subminor, c.patch],
        api_version: base.api_version,
        driver_version: base.driver_version,
        vendor_id: base.vendor_id,
        device_id: base.device_id,
        device_type: base.device_type,
        color_attachments: base.limits.max_color_attachments,
        queue_families: queue_families(instance, raw, &extensions),
        extensions,
        raw,
        instance: instance.clone(),
    })
}

fn extensions(instance: &Instance, raw: vk::PhysicalDevice) -> Result<Vec<String>> {
    // SAFETY: `raw` is of this instance.
    let list = unsafe { instance.raw().enumerate_device_extension_properties(raw) }
        .map_err(failed("vkEnumerateDeviceExtensionProperties"))?;
    let name = |e: &vk::ExtensionProperties| {
        e.extension_name_as_c_str().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let mut names: Vec<String> = list.iter().map(name).collect();
    names.sort_unstable();
    Ok(names)
}

fn queue_families(
    instance: &Instance,
    raw: vk::PhysicalDevice,
    extensions: &[String],
) -> Vec<QueueFamily> {
    let has_video = extensions.iter().any(|e| e == "VK_KHR_video_queue");
    // SAFETY: `raw` is of this instance.
    let count = unsafe { instance.raw().get_physical_device_queue_family_properties2_len(raw) };
    let mut codecs = vec![vk::QueueFamilyVideoPropertiesKHR::default(); count];
    let mut status = vec![vk::QueueFamilyQueryResultStatusPropertiesKHR::default(); count];
    let mut families: Vec<_> = codecs
        .iter_mut()
        .zip(&mut status)
        .map(|(codecs, status)| {
            let family = vk::QueueFamilyProperties2::default();
            if has_video { family.push_next(codecs).push_next(status) } else { family }
        })
        .collect();
    // SAFETY: `raw` is of this instance; `families` has as many elements as the device families.
    unsafe {
        instance.raw().get_physical_device_queue_family_properties2(raw, &mut families);
    }
    let base: Vec<_> = families.iter().map(|f| f.queue_family_properties).collect();
    drop(families);
    let parts = base.into_iter().zip(codecs).zip(status);
    parts
        .zip(0..)
        .map(|(((base, codecs), status), index)| {
            let unit = base.min_image_transfer_granularity;
            QueueFamily {
                index,
                flags: base.queue_flags,
                queues: base.queue_count,
                codecs: codecs.video_codec_operations,
                status_queries: status.query_result_status_support != vk::FALSE,
                transfer_granularity: (unit.width, unit.height, unit.depth),
            }
        })
        .collect()
}

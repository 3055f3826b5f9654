//! What else a device says of itself, for reports: nothing that tells one machine from another of its
//! kind.
#![allow(unsafe_code, reason = "queries")]

use super::adapter::Adapter;

impl Adapter {
    /// Names and values: driver, versions, memory, extensions. No UUID, which may be one board's.
    pub fn facts(&self) -> Vec<(String, String)> {
        let [major, minor, subminor, patch] = self.conformance;
        let mut facts: Vec<(String, String)> = [
            ("device", self.name.clone()),
            ("deviceType", self.device_type_text().to_owned()),
            ("vendorID", format!("{:#06x}", self.vendor_id)),
            ("deviceID", format!("{:#06x}", self.device_id)),
            ("apiVersion", self.api_version_text()),
            ("driverID", format!("{:?} ({})", self.driver_id, self.driver_id.as_raw())),
            ("driverName", self.driver_name.clone()),
            ("driverInfo", self.driver_info.clone()),
            ("driverVersion", format!("{:#010x}", self.driver_version)),
            ("conformanceVersion", format!("{major}.{minor}.{subminor}.{patch}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let memory = self.memory_properties();
        for (index, heap) in memory.memory_heaps_as_slice().iter().enumerate() {
            let value = format!("{} MiB {:?}", heap.size >> 20, heap.flags).trim_end().to_owned();
            facts.push((format!("memory heap {index}"), value));
        }
        for (index, kind) in memory.memory_types_as_slice().iter().enumerate() {
            let value = format!("heap {} {:?}", kind.heap_index, kind.property_flags);
            facts.push((format!("memory type {index}"), value));
        }
        for family in &self.queue_families {
            let (w, h, d) = family.transfer_granularity;
            let value = format!(
                "{:?}, {} queues, codecs {}, status queries {}, copies in units of {w}x{h}x{d}",
                family.flags,
                family.queues,
                codecs(family.codecs),
                family.status_queries
            );
            facts.push((format!("queue family {}", family.index), value));
        }
        facts.extend(self.extensions.iter().map(|name| ("extension".to_owned(), name.clone())));
        facts
    }

    pub(super) fn memory_properties(&self) -> ash::vk::PhysicalDeviceMemoryProperties {
        // SAFETY: the device is of the instance, which `self` keeps alive.
        unsafe { self.instance().raw().get_physical_device_memory_properties(self.raw()) }
    }
}

/// VK_VIDEO_CODEC_OPERATION_DECODE_VP9_BIT_KHR, which `ash` has no name for.
const DECODE_VP9: u32 = 8;

/// Names of video codec operations.
fn codecs(flags: ash::vk::VideoCodecOperationFlagsKHR) -> String {
    let named = ash::vk::VideoCodecOperationFlagsKHR::from_raw(flags.as_raw() & !DECODE_VP9);
    let vp9 = (flags.as_raw() & DECODE_VP9 != 0).then(|| "DECODE_VP9".to_owned());
    let all: Vec<String> =
        (!named.is_empty()).then(|| format!("{named:?}")).into_iter().chain(vp9).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" | ") }
}

#[cfg(test)]
mod tests {
    use super::codecs;
    use ash::vk::VideoCodecOperationFlagsKHR as Codecs;

    #[test]
    fn codecs_have_names() {
        assert_eq!(codecs(Codecs::NONE), "none");
        let both = Codecs::from_raw(Codecs::DECODE_AV1.as_raw() | 8);
        assert_eq!(codecs(both), "DECODE_AV1 | DECODE_VP9");
    }
}

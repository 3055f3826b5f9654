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
            let value = format!("{} MiB {:?}", heap.size >> 20, heap.flags);
            facts.push((format!("memory heap {index}"), value));
        }
        for (index, kind) in memory.memory_types_as_slice().iter().enumerate() {
            let value = format!("heap {} {:?}", kind.heap_index, kind.property_flags);
            facts.push((format!("memory type {index}"), value));
        }
        for family in &self.queue_families {
            let (w, h, d) = family.transfer_granularity;
            let value = format!(
                "{:?}, {} queues, codecs {:?}, status queries {}, copies in units of {w}x{h}x{d}",
                family.flags, family.queues, family.codecs, family.status_queries
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

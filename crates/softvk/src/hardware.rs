//! What the device says of itself beside video: driver, memory, formats. Drivers of hardware differ
//! in these, and clients go by them.

use ash::vk;

use crate::away::Away;

/// The words of [`crate::config::Config`] that are not about video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// `driverID`, as VkDriverId counts; 0 is none.
    pub driver_id: i32,
    /// `conformanceVersion`: major, minor, subminor, patch.
    pub conformance: [u8; 4],
    /// It says that it is a graphics card.
    pub discrete: bool,
    /// The memory types.
    pub memory: MemoryLayout,
    /// Video formats list MUTABLE_FORMAT.
    pub mutable: bool,
    /// Query pools can be made.
    pub query_pools: bool,
    /// Minor version of the Std headers that the driver says it knows.
    pub std_minor: u32,
    /// VK_EXT_host_image_copy.
    pub host_copies: HostCopies,
    /// Video formats are there with LINEAR tiling, too, behind those of OPTIMAL.
    pub linear: bool,
    /// After a loss there is no device for a while.
    pub away: Option<Away>,
}

/// VK_EXT_host_image_copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostCopies {
    /// No word was said: it is not offered by an ICD, and is in all layouts where it is embedded.
    Unsaid,
    /// It is not offered.
    No,
    /// It is, but not out of the layouts of video: as of ANV.
    NotOfVideoLayouts,
    /// It is, in all layouts that pictures have: as of RADV.
    Yes,
}

impl Default for Hardware {
    fn default() -> Self {
        Self {
            driver_id: 0,
            conformance: [0; 4],
            discrete: false,
            memory: MemoryLayout::Unified,
            mutable: true,
            query_pools: true,
            std_minor: 0,
            host_copies: HostCopies::Unsaid,
            linear: false,
            away: None,
        }
    }
}

/// Which memory types there are: two in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLayout {
    /// Memory of the device alone; and all that the host could wish for.
    Unified,
    /// Write-combined; and cached, but not coherent: Intel's i915 without a cache in common.
    NoLlc,
    /// Memory of the device alone; and write-combined: nothing that the host reads well.
    WriteCombined,
    /// The host's, cached; and so many bytes of the device that the host sees, write-combined.
    Window(u64),
}

/// nonCoherentAtomSize where there is memory that is not coherent.
const ATOM: u64 = 64;

impl Hardware {
    /// Takes the word `name` or `name=value`; `None` if it is none of these.
    pub(crate) fn word(&mut self, name: &str, value: &str) -> Option<()> {
        match (name, value) {
            ("driver-id", n) => self.driver_id = n.parse().ok().filter(|n| *n >= 0)?,
            ("conformance", version) => self.conformance = four(version)?,
            ("discrete", "") => self.discrete = true,
            ("memory", "no-llc") => self.memory = MemoryLayout::NoLlc,
            ("memory", "write-combined") => self.memory = MemoryLayout::WriteCombined,
            ("window", kib) => {
                let kib: u32 = kib.parse().ok()?;
                self.memory = MemoryLayout::Window(u64::from(kib) << 10);
            }
            ("host-image-copy", "") => self.host_copies = HostCopies::Yes,
            ("no-host-image-copy", "") => self.host_copies = HostCopies::No,
            ("host-image-copy", "general") => self.host_copies = HostCopies::NotOfVideoLayouts,
            ("linear", "") => self.linear = true,
            ("away", path) => self.away = Some(Away::of(path)?),
            ("no-mutable", "") => self.mutable = false,
            ("no-query-pools", "") => self.query_pools = false,
            ("std-minor", n) => self.std_minor = n.parse().ok().filter(|n| *n < 1 << 10)?,
            _ => return None,
        }
        Some(())
    }

    /// What no word was said of: it is for a driver that is `embedded`, or for an ICD.
    pub(crate) fn settle(&mut self, embedded: bool) {
        if self.host_copies == HostCopies::Unsaid {
            self.host_copies = if embedded { HostCopies::Yes } else { HostCopies::No };
        }
    }

    /// Whether there is a device now: not while it is away.
    pub(crate) fn is_there(&self) -> bool {
        self.away.as_ref().is_none_or(Away::is_there)
    }

    /// Whether VK_EXT_host_image_copy is offered.
    pub(crate) fn copies_by_host(&self) -> bool {
        matches!(self.host_copies, HostCopies::NotOfVideoLayouts | HostCopies::Yes)
    }

    /// What kind of device it is said to be.
    pub(crate) fn device_type(&self) -> vk::PhysicalDeviceType {
        match self.discrete {
            true => vk::PhysicalDeviceType::DISCRETE_GPU,
            false => vk::PhysicalDeviceType::CPU,
        }
    }

    /// nonCoherentAtomSize.
    pub(crate) fn atom_bytes(&self) -> u64 {
        if self.memory == MemoryLayout::NoLlc { ATOM } else { 1 }
    }

    /// Whether the host's view of memory of type `index` must be flushed and invalidated.
    pub(crate) fn needs_flush(&self, index: u32) -> bool {
        self.memory == MemoryLayout::NoLlc && index == 1
    }

    /// How many bytes of type `index` there are, if they are few.
    pub(crate) fn budget(&self, index: u32) -> Option<u64> {
        match self.memory {
            MemoryLayout::Window(bytes) if index == 1 => Some(bytes),
            _ => None,
        }
    }

    /// The memory types and their heaps.
    pub(crate) fn memory_properties(&self) -> vk::PhysicalDeviceMemoryProperties {
        use vk::MemoryPropertyFlags as P;
        let mut memory = vk::PhysicalDeviceMemoryProperties {
            memory_type_count: 2,
            memory_heap_count: 1,
            ..Default::default()
        };
        let combined = P::HOST_VISIBLE | P::HOST_COHERENT;
        let types = match self.memory {
            MemoryLayout::Unified => [P::DEVICE_LOCAL, P::DEVICE_LOCAL | combined | P::HOST_CACHED],
            MemoryLayout::NoLlc => {
                [P::DEVICE_LOCAL | combined, P::DEVICE_LOCAL | P::HOST_VISIBLE | P::HOST_CACHED]
            }
            MemoryLayout::WriteCombined => [P::DEVICE_LOCAL, P::DEVICE_LOCAL | combined],
            MemoryLayout::Window(_) => [combined | P::HOST_CACHED, P::DEVICE_LOCAL | combined],
        };
        for (to, property_flags) in memory.memory_types.iter_mut().zip(types) {
            *to = vk::MemoryType { property_flags, heap_index: 0 };
        }
        let local = vk::MemoryHeapFlags::DEVICE_LOCAL;
        memory.memory_heaps[0] = vk::MemoryHeap { size: 1 << 36, flags: local };
        if let MemoryLayout::Window(size) = self.memory {
            memory.memory_heap_count = 2;
            memory.memory_types[1].heap_index = 1;
            memory.memory_heaps[0].flags = vk::MemoryHeapFlags::empty();
            memory.memory_heaps[1] = vk::MemoryHeap { size, flags: local };
        }
        memory
    }
}

/// `A.B.C.D`.
fn four(version: &str) -> Option<[u8; 4]> {
    let parts: Vec<u8> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let mut hardware = Hardware::default();
        for (name, value) in [
            ("driver-id", "4"),
            ("conformance", "1.3.8.2"),
            ("discrete", ""),
            ("window", "64"),
            ("no-mutable", ""),
            ("std-minor", "1"),
        ] {
            assert_eq!(hardware.word(name, value), Some(()), "{name}={value}");
        }
        assert_eq!((hardware.driver_id, hardware.conformance), (4, [1, 3, 8, 2]));
        assert_eq!((hardware.budget(0), hardware.budget(1)), (None, Some(64 << 10)));
        for (name, value) in
            [("driver-id", "-1"), ("conformance", "1.3.8"), ("memory", "much"), ("discrete", "1")]
        {
            assert_eq!(hardware.word(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn every_layout_has_memory_of_the_host_and_of_the_device() {
        use vk::MemoryPropertyFlags as P;
        let window = MemoryLayout::Window(1 << 20);
        for memory in
            [MemoryLayout::Unified, MemoryLayout::NoLlc, MemoryLayout::WriteCombined, window]
        {
            let properties = Hardware { memory, ..Default::default() }.memory_properties();
            let types = &properties.memory_types[..properties.memory_type_count as usize];
            for wanted in [P::DEVICE_LOCAL, P::HOST_VISIBLE | P::HOST_COHERENT] {
                let has = |t: &vk::MemoryType| t.property_flags.contains(wanted);
                assert!(types.iter().any(has), "{memory:?}: {wanted:?}");
            }
        }
    }
}

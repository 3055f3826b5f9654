//! What some drivers need beside what they say of themselves. Each is a fault of theirs, seen in
//! what they give to the hardware; docs/real-drivers.md and docs/real-gpu.md tell how.

use ash::vk;

use super::adapter::{Adapter, QueueFamily};
use super::device::VIDEO_ENCODE;
use super::options::{ExecutorOptions, GrainMode, OrderHints, ReadbackWay, TileStarts};

/// What a driver is known by.
struct Driver<'a> {
    /// The device's name.
    name: &'a str,
    id: vk::DriverId,
    /// `driverVersion`.
    version: u32,
    /// `conformanceVersion`: major, minor, subminor, patch.
    conformance: [u8; 4],
    /// The validation layer is there.
    is_validated: bool,
    /// It decodes on the processor.
    is_cpu: bool,
    /// VK_EXT_host_image_copy is offered.
    is_host_copied: bool,
}

/// Frames in flight that hardware gets.
const FRAMES: u32 = 4;
/// Frames in the making on a processor at most: as many as its decoder has at a time.
const MOST_MAKING: u32 = 8;
/// Frames in flight beyond those: one that is done and is read, and one that waits, so that the
/// decoder does not.
const BEYOND: u32 = 2;

/// How many frames a device is to be busy with.
fn frames_in_flight(is_cpu: bool, cores: usize) -> u32 {
    if !is_cpu {
        return FRAMES;
    }
    let making = (1..MOST_MAKING).find(|n| (n * n) as usize >= cores).unwrap_or(MOST_MAKING);
    FRAMES.max(making + BEYOND)
}

/// Mesa's `driverVersion` is packed like an API version.
fn mesa_version(driver: u32) -> (u32, u32) {
    (vk::api_version_major(driver), vk::api_version_minor(driver))
}

/// What switches video decoding on in a driver that hides it otherwise, in some versions.
fn switch(driver: vk::DriverId) -> Option<&'static str> {
    match driver {
        vk::DriverId::INTEL_OPEN_SOURCE_MESA => {
            Some("ANV_DEBUG=video-decode (older Mesa: ANV_VIDEO_DECODE=1)")
        }
        vk::DriverId::MESA_RADV => {
            Some("RADV_EXPERIMENTAL=video_decode (older Mesa: RADV_PERFTEST=video_decode)")
        }
        _ => None,
    }
}

impl Adapter {
    /// How video decoding is switched on where the driver is known to hide it, and does: variables
    /// of its environment, of which the first is not set.
    pub fn hidden_video(&self) -> Option<&'static str> {
        let switch = switch(self.driver_id)?;
        let is_set = switch.split('=').next().is_some_and(|name| std::env::var_os(name).is_some());
        (!self.decodes_av1() && !is_set).then_some(switch)
    }
}

/// Changes what in `options` is left to choose, for the driver of `adapter`.
pub(super) fn settle(adapter: &Adapter, options: &mut ExecutorOptions) {
    let driver = Driver {
        name: &adapter.name,
        id: adapter.driver_id,
        version: adapter.driver_version,
        conformance: adapter.conformance,
        is_validated: adapter.is_validated(),
        is_cpu: adapter.device_type == vk::PhysicalDeviceType::CPU,
        is_host_copied: adapter.has_extension(ash::ext::host_image_copy::NAME),
    };
    settle_for(&driver, options);
    let integrated = adapter.device_type == vk::PhysicalDeviceType::INTEGRATED_GPU;
    let no_engine = !has_copy_engine(&adapter.queue_families);
    options.prefer_host |= integrated && driver.is_host_copied && no_engine;
}

/// Whether there is a queue family that only copies.
fn has_copy_engine(families: &[QueueFamily]) -> bool {
    let others = vk::QueueFlags::GRAPHICS
        | vk::QueueFlags::COMPUTE
        | vk::QueueFlags::VIDEO_DECODE_KHR
        | vk::QueueFlags::from_raw(VIDEO_ENCODE);
    families.iter().any(|family| family.copies() && !family.flags.intersects(others))
}

fn settle_for(driver: &Driver<'_>, options: &mut ExecutorOptions) {
    if options.frames_in_flight == 0 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        options.frames_in_flight = frames_in_flight(driver.is_cpu, cores);
    }
    if driver.is_cpu {
        // By the host it is one copy, of what is wanted, when it is wanted; and a reference picture
        // stays as it is. Else frames are decoded beside each other as long as none waits for a copy.
        options.prefer_host |= driver.is_host_copied;
        let may = matches!(options.readback, None | Some(ReadbackWay::Host));
        options.prefer_distinct |= !(driver.is_host_copied && may);
    }
    let anv = driver.id == vk::DriverId::INTEL_OPEN_SOURCE_MESA;
    let radv = driver.id == vk::DriverId::MESA_RADV;
    if anv || radv {
        // Both take them for that in Mesa 25.0, and do not read them in Mesa 26.2.
        options.tile_starts.get_or_insert(TileStarts::Superblocks);
    }
    if radv {
        // Chips with firmware for it offer COINCIDE too (VCN 5), and nobody has run that much.
        options.prefer_distinct = true;
    }
    let old = mesa_version(driver.version) <= (25, 0);
    if anv && old && options.film_grain == GrainMode::Driver {
        // It offers the profile, applies none, and refers to pictures that it never wrote.
        log::info!("{}: film grain is not left to ANV up to Mesa 25.0", driver.name);
        options.film_grain = GrainMode::Host;
    }
    let nvidia = driver.id == vk::DriverId::NVIDIA_PROPRIETARY;
    if nvidia && !driver.is_validated {
        // It lists no flags of images, and supports this one (VUID-VkImageCreateInfo-pNext-06811).
        options.unlisted_mutable = true;
    }
    if nvidia && has_shifted_hints(driver.conformance) {
        // Drivers 555 to 565, made for conformance tests that wrote them so.
        log::info!("{}: order hints are written one entry lower (NVIDIA 555 to 565)", driver.name);
        options.order_hints.get_or_insert(OrderHints::Shifted);
    }
}

/// Whether an NVIDIA driver that passed this version of the conformance tests reads order hints
/// one entry too low: 1.3.8.0 to 1.3.8.2.
fn has_shifted_hints(conformance: [u8; 4]) -> bool {
    matches!(conformance, [1, 3, 8, 0..=2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(id: vk::DriverId, version: u32, conformance: [u8; 4]) -> ExecutorOptions {
        let mut options = ExecutorOptions::default();
        let is_validated = false;
        let (is_cpu, is_host_copied) = (false, false);
        let name = "a device";
        let driver =
            Driver { name, id, version, conformance, is_validated, is_cpu, is_host_copied };
        settle_for(&driver, &mut options);
        options
    }

    #[test]
    fn what_a_processor_decodes_the_host_copies_where_it_can() {
        let settled = |is_host_copied, readback| {
            let mut options = ExecutorOptions { readback, ..ExecutorOptions::default() };
            let driver = Driver {
                name: "a processor",
                id: vk::DriverId::MESA_LLVMPIPE,
                version: 0,
                conformance: [0; 4],
                is_validated: false,
                is_cpu: true,
                is_host_copied,
            };
            settle_for(&driver, &mut options);
            (options.prefer_host, options.prefer_distinct)
        };
        assert_eq!(settled(true, None), (true, false));
        assert_eq!(settled(true, Some(ReadbackWay::Host)), (true, false));
        assert_eq!(settled(true, Some(ReadbackWay::Copy)), (true, true));
        assert_eq!(settled(false, None), (false, true));
    }

    #[test]
    fn order_hints_are_shifted_for_nvidia_555_to_565_alone() {
        let nvidia = vk::DriverId::NVIDIA_PROPRIETARY;
        let hints = |id, conformance| settled(id, 0, conformance).order_hints;
        for (patch, expected) in
            [(0, Some(OrderHints::Shifted)), (2, Some(OrderHints::Shifted)), (3, None)]
        {
            assert_eq!(hints(nvidia, [1, 3, 8, patch]), expected, "1.3.8.{patch}");
        }
        // 550, 570.
        assert_eq!((hints(nvidia, [1, 3, 7, 2]), hints(nvidia, [1, 4, 1, 0])), (None, None));
        assert_eq!(hints(vk::DriverId::MESA_RADV, [1, 3, 8, 2]), None);
        let mut options =
            ExecutorOptions { order_hints: Some(OrderHints::Named), ..Default::default() };
        let (version, conformance) = (0, [1, 3, 8, 1]);
        let (is_validated, is_cpu, is_host_copied) = (true, false, false);
        let (name, id) = ("", nvidia);
        let driver =
            Driver { name, id, version, conformance, is_validated, is_cpu, is_host_copied };
        settle_for(&driver, &mut options);
        assert_eq!(options.order_hints, Some(OrderHints::Named));
        // What the layer would report is not done under it.
        assert!(!options.unlisted_mutable && settled(nvidia, 0, conformance).unlisted_mutable);
    }

    #[test]
    fn radv_decodes_beside_the_reference_picture_where_it_can() {
        let prefers = |id| settled(id, 0, [0; 4]).prefer_distinct;
        assert!(prefers(vk::DriverId::MESA_RADV));
        // ANV 25.0 offers it, and writes no reference picture then.
        assert!(!prefers(vk::DriverId::INTEL_OPEN_SOURCE_MESA));
    }

    #[test]
    fn a_processor_gets_frames_for_its_cores() {
        let frames = |cores| frames_in_flight(true, cores);
        assert_eq!([1, 2, 4, 8, 16, 64, 200].map(frames), [4, 4, 4, 5, 6, 10, 10]);
        assert_eq!(frames_in_flight(false, 64), 4);
        assert_eq!(settled(vk::DriverId::MESA_RADV, 0, [0; 4]).frames_in_flight, 4);
    }

    #[test]
    fn drivers_that_hide_video_have_a_switch() {
        let anv = switch(vk::DriverId::INTEL_OPEN_SOURCE_MESA);
        assert!(anv.is_some_and(|text| text.contains("ANV_DEBUG=video-decode")));
        let radv = switch(vk::DriverId::MESA_RADV).unwrap_or_default();
        assert!(radv.contains("RADV_PERFTEST=") && radv.contains("RADV_EXPERIMENTAL="));
        assert_eq!(switch(vk::DriverId::NVIDIA_PROPRIETARY), None);
    }

    #[test]
    fn mesa_takes_superblocks_and_its_first_anv_no_film_grain() {
        let version = |major: u32, minor: u32| vk::make_api_version(0, major, minor, 0);
        let anv = vk::DriverId::INTEL_OPEN_SOURCE_MESA;
        let old = settled(anv, version(25, 0), [1, 4, 0, 0]);
        assert_eq!(old.tile_starts, Some(TileStarts::Superblocks));
        assert_eq!(old.film_grain, GrainMode::Host);
        let mut asked =
            ExecutorOptions { film_grain: GrainMode::DriverAlways, ..Default::default() };
        let driver = Driver {
            name: "",
            id: anv,
            version: version(25, 0),
            conformance: [1, 4, 0, 0],
            is_validated: false,
            is_cpu: false,
            is_host_copied: false,
        };
        settle_for(&driver, &mut asked);
        assert_eq!(asked.film_grain, GrainMode::DriverAlways);
        assert_eq!(settled(anv, version(26, 2), [1, 4, 0, 0]).film_grain, GrainMode::Driver);
        let other = settled(vk::DriverId::NVIDIA_PROPRIETARY, version(25, 0), [1, 4, 0, 0]);
        assert_eq!((other.tile_starts, other.film_grain), (None, GrainMode::Driver));
    }
}

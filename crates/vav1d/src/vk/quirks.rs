//! What some drivers need beside what they say of themselves. Each is a fault of theirs, seen in
//! what they give to the hardware; docs/real-drivers.md tells how.

use ash::vk;

use super::adapter::Adapter;
use super::options::{ExecutorOptions, GrainMode, TileStarts};

/// Mesa's `driverVersion` is packed like an API version.
fn version(driver: u32) -> (u32, u32) {
    (vk::api_version_major(driver), vk::api_version_minor(driver))
}

/// Changes what in `options` is left to choose, for the driver of `adapter`.
pub(super) fn settle(adapter: &Adapter, options: &mut ExecutorOptions) {
    let (anv, radv) = (
        adapter.driver_id == vk::DriverId::INTEL_OPEN_SOURCE_MESA,
        adapter.driver_id == vk::DriverId::MESA_RADV,
    );
    if anv || radv {
        // Both take them for that in Mesa 25.0, and do not read them in Mesa 26.2.
        options.tile_starts.get_or_insert(TileStarts::Superblocks);
    }
    let old = version(adapter.driver_version) <= (25, 0);
    if anv && old && options.film_grain == GrainMode::Driver {
        // It offers the profile, applies none, and refers to pictures that it never wrote.
        log::info!("{}: film grain is not left to ANV up to Mesa 25.0", adapter.name);
        options.film_grain = GrainMode::Host;
    }
}

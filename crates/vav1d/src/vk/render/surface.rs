//! Surfaces of windows.
#![allow(unsafe_code, reason = "Vulkan calls")]

use std::sync::Arc;

use ash::vk;
use raw_window_handle::{HasDisplayHandle, HasWindowHandle};

use crate::error::{DeviceError, Result};
use crate::vk::adapter::{Adapter, QueueFamily};
use crate::vk::failed;
use crate::vk::instance::Instance;

/// A window, as far as Vulkan is concerned.
pub trait WindowHandles: HasDisplayHandle + HasWindowHandle + Send + Sync {}

impl<W: HasDisplayHandle + HasWindowHandle + Send + Sync> WindowHandles for W {}

/// A window's surface.
pub struct Surface {
    instance: Arc<Instance>,
    fns: ash::khr::surface::Instance,
    raw: vk::SurfaceKHR,
    /// Outlives the surface.
    _window: Arc<dyn WindowHandles>,
}

impl Surface {
    /// The surface of `window`.
    ///
    /// # Errors
    /// `DeviceError::None` if the instance makes no surfaces of such windows.
    pub fn new(instance: &Arc<Instance>, window: Arc<dyn WindowHandles>) -> Result<Self> {
        let none = |why: String| DeviceError::None(format!("no surface for the window: {why}"));
        if !instance.presents() {
            return Err(none("the Vulkan loader has no VK_KHR_surface".into()).into());
        }
        let display = window.display_handle().map_err(|e| none(e.to_string()))?.as_raw();
        let handle = window.window_handle().map_err(|e| none(e.to_string()))?.as_raw();
        let (entry, raw) = (instance.entry(), instance.raw());
        // SAFETY: the handles are of a window that the surface keeps; the extension that makes it
        // is enabled, or the call's function is missing and it says so.
        let made = unsafe { ash_window::create_surface(entry, raw, display, handle, None) };
        let raw = made.map_err(|e| none(e.to_string()))?;
        let fns = ash::khr::surface::Instance::new(instance.entry(), instance.raw());
        Ok(Self { instance: instance.clone(), fns, raw, _window: window })
    }

    pub(super) fn raw(&self) -> vk::SurfaceKHR {
        self.raw
    }

    pub(super) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// The family of `adapter` that draws and presents to the surface.
    pub(super) fn family(&self, adapter: &Adapter) -> Option<QueueFamily> {
        adapter.drawing_families().find(|family| {
            // SAFETY: adapter and surface are of this instance; the index is the adapter's.
            let presents = unsafe {
                self.fns.get_physical_device_surface_support(adapter.raw(), family.index, self.raw)
            };
            presents.unwrap_or(false)
        })
    }

    /// Whether `adapter` draws and presents to the surface.
    pub fn is_served_by(&self, adapter: &Adapter) -> bool {
        adapter.draws()
            && adapter.has_extension(ash::khr::swapchain::NAME)
            && self.family(adapter).is_some()
    }

    pub(super) fn capabilities(&self, adapter: &Adapter) -> Result<vk::SurfaceCapabilitiesKHR> {
        // SAFETY: adapter and surface are of this instance.
        let got =
            unsafe { self.fns.get_physical_device_surface_capabilities(adapter.raw(), self.raw) };
        Ok(got.map_err(failed("vkGetPhysicalDeviceSurfaceCapabilitiesKHR"))?)
    }

    pub(super) fn formats(&self, adapter: &Adapter) -> Result<Vec<vk::SurfaceFormatKHR>> {
        // SAFETY: as above.
        let got = unsafe { self.fns.get_physical_device_surface_formats(adapter.raw(), self.raw) };
        Ok(got.map_err(failed("vkGetPhysicalDeviceSurfaceFormatsKHR"))?)
    }

    pub(super) fn present_modes(&self, adapter: &Adapter) -> Result<Vec<vk::PresentModeKHR>> {
        // SAFETY: as above.
        let got =
            unsafe { self.fns.get_physical_device_surface_present_modes(adapter.raw(), self.raw) };
        Ok(got.map_err(failed("vkGetPhysicalDeviceSurfacePresentModesKHR"))?)
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        // SAFETY: VUID-vkDestroySurfaceKHR-surface-01266: swapchains hold an `Arc` of the surface.
        unsafe { self.fns.destroy_surface(self.raw, None) };
    }
}

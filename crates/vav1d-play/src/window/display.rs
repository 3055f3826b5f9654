//! The window and the screen on it: made, resized, made anew where the surface was lost.

use std::sync::Arc;
use std::time::Duration;

use winit::dpi::PhysicalSize;
use winit::event_loop::ActiveEventLoop;
use winit::window::{Fullscreen, Window};

use super::said::plain;
use super::{Presenter, WindowOptions, layout};
use vav1d::color::Luminance;
use vav1d::error::{DeviceError, Result};
use vav1d::vk::render::{Screen, ScreenOptions, Surface, WindowHandles};

/// Refresh interval of a monitor that does not tell.
const REFRESH: Duration = Duration::from_nanos(16_666_667);

/// A window that is drawn to.
pub(super) struct Display {
    // Dropped first.
    pub(super) screen: Screen,
    pub(super) window: Arc<Window>,
    /// The device that draws.
    pub(super) device: String,
}

impl Display {
    /// A window for pictures of `natural` size.
    pub(super) fn open(
        event_loop: &ActiveEventLoop,
        presenter: &Presenter,
        options: &WindowOptions,
        natural: (u32, u32),
        hdr: Option<Luminance>,
    ) -> Result<Self> {
        let monitor =
            event_loop.primary_monitor().or_else(|| event_loop.available_monitors().next());
        let most =
            monitor.map(|m| (m.size().width, m.size().height)).filter(|(w, h)| *w > 0 && *h > 0);
        let (width, height) = layout::window(natural, options.scale, most);
        let mut attributes = Window::default_attributes()
            .with_title("vav1d")
            .with_inner_size(PhysicalSize::new(width, height));
        if options.fullscreen {
            attributes = attributes.with_fullscreen(Some(Fullscreen::Borderless(None)));
        }
        let window = event_loop
            .create_window(attributes)
            .map_err(|e| DeviceError::None(format!("no window can be opened: {}", plain(&e))))?;
        let window = Arc::new(window);
        let (screen, device) = screen(&window, presenter, options, hdr)?;
        Ok(Self { screen, window, device })
    }

    /// Another screen on the same window, after its surface was lost. A window has one swapchain at a
    /// time, so the old one goes first.
    pub(super) fn renew(
        self,
        presenter: &Presenter,
        options: &WindowOptions,
        hdr: Option<Luminance>,
    ) -> Result<Self> {
        let Self { screen: old, window, .. } = self;
        drop(old);
        let (screen, device) = screen(&window, presenter, options, hdr)?;
        Ok(Self { screen, window, device })
    }

    /// How long the monitor shows one frame.
    pub(super) fn refresh(&self) -> Duration {
        let millihertz = self.window.current_monitor().and_then(|m| m.refresh_rate_millihertz());
        millihertz
            .filter(|rate| *rate > 0)
            .map_or(REFRESH, |rate| Duration::from_nanos(1_000_000_000_000 / u64::from(rate)))
    }

    pub(super) fn toggle_fullscreen(&self) {
        let full = self.window.fullscreen().is_none().then_some(Fullscreen::Borderless(None));
        self.window.set_fullscreen(full);
    }

    /// Makes the window `scale` times as large as pictures of `natural` size.
    pub(super) fn scale(&mut self, natural: (u32, u32), scale: f64) {
        let most = self.window.current_monitor().map(|m| (m.size().width, m.size().height));
        let most = most.filter(|(w, h)| *w > 0 && *h > 0);
        let (width, height) = layout::window(natural, scale, most);
        self.window.set_fullscreen(None);
        // Where the size is set at once, no event tells of it.
        if let Some(size) = self.window.request_inner_size(PhysicalSize::new(width, height)) {
            self.screen.resize((size.width, size.height));
            self.window.request_redraw();
        }
    }
}

fn screen(
    window: &Arc<Window>,
    presenter: &Presenter,
    options: &WindowOptions,
    hdr: Option<Luminance>,
) -> Result<(Screen, String)> {
    let handles: Arc<dyn WindowHandles> = window.clone();
    let surface = Arc::new(Surface::new(&presenter.instance, handles)?);
    let serves = |adapter: &&vav1d::vk::Adapter| surface.is_served_by(adapter);
    let none = || DeviceError::None("no Vulkan device presents to the window".into());
    let adapter = presenter.adapters.iter().find(serves).ok_or_else(none)?;
    let size = window.inner_size();
    let size = (size.width, size.height);
    let screen_options = ScreenOptions {
        mailbox: options.mailbox,
        hdr: hdr.is_some(),
        luminance: hdr.unwrap_or_default(),
    };
    let shared = presenter.shared.as_ref().filter(|shared| shared.is_of(adapter));
    let screen = match shared {
        Some(shared) => Screen::on(&surface, shared, size, screen_options)?,
        None => None,
    };
    let screen = match screen {
        Some(screen) => screen,
        None => Screen::new(&surface, adapter, size, screen_options)?,
    };
    Ok((screen, adapter.name.clone()))
}

//! What the display says: sizes, keys, the mouse.

use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::event::{DeviceEvent, DeviceId, ElementState, WindowEvent};
use winit::event_loop::ActiveEventLoop;
use winit::keyboard::Key;
use winit::window::WindowId;

use super::app::App;
use super::keys;
use super::stop::Wake;

impl ApplicationHandler<Wake> for App {
    fn resumed(&mut self, _event_loop: &ActiveEventLoop) {}

    // Everything else happens before the loop waits, once a turn: a decoder that has something to say
    // all the time must not keep keys from being heard.
    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.take_dropped();
        self.tick(event_loop);
    }

    // Of a notch that is a button (X11: 4 to 7) winit tells twice, of the press and of the release,
    // and does not say which; the device's own events, which come first, do.
    fn device_event(&mut self, _loop: &ActiveEventLoop, _id: DeviceId, event: DeviceEvent) {
        if let DeviceEvent::Button { button: 4..=7, state } = event {
            self.mouse.is_notch_over = state == ElementState::Released;
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _id: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => event_loop.exit(),
            WindowEvent::Resized(size) => {
                if let Some(display) = &mut self.display {
                    display.screen.resize((size.width, size.height));
                }
                self.redraw();
            }
            // A pixel of the picture is one of the display, whatever the desktop scales by.
            WindowEvent::ScaleFactorChanged { mut inner_size_writer, .. } => {
                let shown = self.display.as_ref().filter(|d| d.window.fullscreen().is_none());
                if let Some((width, height)) = shown.map(|display| display.screen.size()) {
                    let size = PhysicalSize::new(width, height);
                    if let Err(error) = inner_size_writer.request_inner_size(size) {
                        log::debug!("the window keeps the size that the display gives it: {error}");
                    }
                }
            }
            WindowEvent::Moved(_) => {
                if let Some(display) = &self.display {
                    self.pacer.set_refresh(display.refresh());
                }
            }
            WindowEvent::RedrawRequested => self.draw(event_loop),
            WindowEvent::ModifiersChanged(modifiers) => self.modifiers = modifiers.state(),
            WindowEvent::KeyboardInput { event, .. } if event.state == ElementState::Pressed => {
                let name = match &event.logical_key {
                    Key::Named(named) => format!("{named:?}"),
                    Key::Character(text) => text.to_string(),
                    _ => return,
                };
                let plain = !self.modifiers.control_key() && !self.modifiers.alt_key();
                let shifted = self.modifiers.shift_key().then(|| format!("Shift+{name}"));
                let action = shifted.and_then(|name| keys::action(&name));
                let action = action.or_else(|| keys::action(&name)).filter(|_| plain);
                match action {
                    Some(action) if event.repeat => self.act_again(event_loop, action),
                    Some(action) => self.act(event_loop, action),
                    None => {}
                }
            }
            WindowEvent::DroppedFile(path) => self.dropped.push(path),
            WindowEvent::CursorMoved { position, .. } => self.moved((position.x, position.y)),
            WindowEvent::CursorLeft { .. } => self.left(),
            WindowEvent::MouseWheel { delta, .. } => self.wheel(event_loop, delta),
            WindowEvent::MouseInput { state, button, .. } => self.button(event_loop, button, state),
            _ => {}
        }
    }
}

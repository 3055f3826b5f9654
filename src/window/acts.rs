//! What keys and clicks do to the player.

use std::time::{Duration, Instant};

use winit::event::MouseButton;
use winit::event_loop::ActiveEventLoop;

use super::app::{App, Shown};
use super::display::Display;
use super::keys::Action;
use super::osd;
use super::picture::{luminance, natural};
use crate::error::Result;
use crate::play::{Repeat, Target};
use crate::vk::GrainMode;
use crate::vk::render::{self, Drawing, Kernel};

/// Two clicks within this are one double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

impl App {
    pub(super) fn act(&mut self, event_loop: &ActiveEventLoop, action: Action) {
        let now = self.now();
        match action {
            Action::Quit => event_loop.exit(),
            Action::Leave => match &self.display {
                Some(d) if d.window.fullscreen().is_some() => d.toggle_fullscreen(),
                _ => event_loop.exit(),
            },
            Action::Pause => {
                match self.pacer.is_paused() {
                    true => self.pacer.resume(now),
                    false => self.pacer.pause(now),
                }
                self.title();
                self.show_bar();
            }
            Action::Step(count) => self.step(count),
            Action::Seek(seconds) => {
                let at = self.pacer.position(now).unwrap_or_default().as_secs_f64() + seconds;
                self.go(Target::Time(Duration::from_secs_f64(at.max(0.0))));
            }
            Action::Start => self.go(Target::Index(0)),
            Action::End => self.go(Target::Index(u64::MAX)),
            Action::Entry(step) => self.entry(step),
            Action::Fullscreen => {
                self.display.iter().for_each(Display::toggle_fullscreen);
            }
            Action::Scale(scale) => self.scale(scale),
            Action::Screenshot => self.screenshot(),
            Action::Repeat | Action::Kernel | Action::Grain | Action::Osd | Action::Keys => {
                self.switch(action);
            }
        }
    }

    fn step(&mut self, count: i64) {
        let now = self.now();
        self.pacer.pause(now);
        self.title();
        // What is decoded ahead is the next picture.
        if count == 1 && self.pacer.queued() > 0 {
            return self.pacer.step(now);
        }
        if let Some(shown) = &self.shown {
            let index = shown.frame.index.saturating_add_signed(count);
            self.go(Target::Index(index));
        }
    }

    fn entry(&mut self, step: i8) {
        match step {
            1 => self.feed.next_entry(),
            _ => self.feed.previous_entry(),
        }
        self.pacer.reset();
        self.at_end = false;
    }

    fn scale(&mut self, scale: f64) {
        if let (Some(display), Some(shown)) = (&mut self.display, &self.shown) {
            display.scale(natural(&shown.frame), scale);
        }
    }

    /// Changes something that can be on or off, or one of a few.
    fn switch(&mut self, action: Action) {
        match action {
            Action::Repeat => {
                self.options.repeat = match self.options.repeat {
                    Repeat::Off => Repeat::Entry,
                    Repeat::Entry => Repeat::Playlist,
                    Repeat::Playlist => Repeat::Off,
                };
                self.feed.set_repeat(self.options.repeat);
                self.say(match self.options.repeat {
                    Repeat::Off => "repeat off",
                    Repeat::Entry => "repeat this file",
                    Repeat::Playlist => "repeat all files",
                });
            }
            Action::Kernel => {
                self.options.look.kernel = match self.options.look.kernel {
                    Kernel::Bicubic => Kernel::Lanczos,
                    Kernel::Lanczos => Kernel::Nearest,
                    Kernel::Nearest => Kernel::Bilinear,
                    Kernel::Bilinear => Kernel::Bicubic,
                };
                self.say(&format!("scaling {:?}", self.options.look.kernel));
            }
            Action::Grain => self.switch_grain(),
            Action::Osd => self.osd = !self.osd,
            _ => self.keys = !self.keys,
        }
        self.redraw();
    }

    fn switch_grain(&mut self) {
        self.options.look.film_grain = !self.options.look.film_grain;
        if let Some(shown) = self.shown.take() {
            let frame = &shown.frame;
            // What the driver applies, or was told not to, needs another decode.
            let is_ours = frame.pending_grain.is_some() || self.options.look.other.is_some();
            if !is_ours && frame.header.film_grain_params.apply_grain {
                let mode = match self.options.look.film_grain {
                    true => GrainMode::Driver,
                    false => GrainMode::None,
                };
                self.feed.set_film_grain(mode, frame.index);
                self.pacer.reset();
            }
            self.show(shown.frame, shown.blocks);
        }
        self.say(if self.options.look.film_grain { "film grain on" } else { "film grain off" });
    }

    /// Saves the picture as it is shown, at its own size.
    fn screenshot(&mut self) {
        let Some(shown) = &self.shown else { return };
        let text = match self.save(shown) {
            Ok(path) => format!("saved {path}"),
            Err(error) => format!("not saved: {error}"),
        };
        self.say(&text);
    }

    fn save(&self, shown: &Shown) -> Result<String> {
        let size = natural(&shown.frame);
        let name = self.display.as_ref().map(|display| display.device.as_str());
        let mut canvas = self.presenter.canvas(name, size)?;
        let color = &shown.frame.sequence.color_config;
        let (picture, grain, luminance) =
            (&*shown.picture, shown.grain.as_deref(), luminance(&shown.frame));
        let frame = render::Frame { picture, color, luminance, grain };
        let view = self.options.look.view(&shown.frame, size);
        let pixels = canvas.draw(&Drawing { frame: Some(frame), view, overlay: None })?;
        let stem = std::path::Path::new(&shown.frame.stream.name);
        let stem = stem.file_stem().map_or_else(|| "vav1d".into(), |s| s.to_string_lossy());
        let name = format!("{stem}-{:06}.png", shown.frame.index);
        let path = self.options.screenshots.join(name);
        crate::compare::images::save_rgba(&path, size, pixels)?;
        Ok(path.display().to_string())
    }

    pub(super) fn pressed(&mut self, event_loop: &ActiveEventLoop, button: MouseButton) {
        let Some(size) = self.display.as_ref().map(|d| d.screen.size()) else { return };
        if button == MouseButton::Right {
            return self.act(event_loop, Action::Pause);
        }
        let (start, length) = osd::bar_track(size);
        let on_bar = self.pointer.1 >= f64::from(size.1.saturating_sub(osd::bar_height(size)));
        let duration = self.shown.as_ref().and_then(|shown| shown.frame.stream.duration);
        if let (true, Some(duration)) = (on_bar && self.bar_until.is_some(), duration) {
            let part = (self.pointer.0 - f64::from(start)) / f64::from(length.max(1));
            return self.go(Target::Time(duration.mul_f64(part.clamp(0.0, 1.0))));
        }
        let now = Instant::now();
        match self.clicked.take() {
            Some(before) if now - before < DOUBLE_CLICK => self.act(event_loop, Action::Fullscreen),
            _ => self.clicked = Some(now),
        }
    }
}

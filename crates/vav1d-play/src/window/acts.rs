//! What keys and clicks do to the player.

use std::time::Duration;

use winit::event_loop::ActiveEventLoop;

use super::aim;
use super::app::{App, Shown};
use super::display::Display;
use super::keys::Action;
use super::osd;
use super::picture::natural;
use crate::{Repeat, Target};
use vav1d::error::Result;
use vav1d::film_grain::FilmGrain;
use vav1d::vk::render::{self, Drawing, Kernel};

/// How slow and how fast things can be played.
const SPEEDS: (f64, f64) = (0.01, 100.0);

impl App {
    pub(super) fn act(&mut self, event_loop: &ActiveEventLoop, action: Action) {
        let now = self.now();
        match action {
            Action::Quit => event_loop.exit(),
            Action::Leave => {
                let full = |d: &&Display| d.window.fullscreen().is_some();
                self.display.iter().filter(full).for_each(Display::toggle_fullscreen);
            }
            Action::Pause => {
                match self.pacer.is_paused() {
                    true => self.pacer.resume(now),
                    false => self.pacer.pause(now),
                }
                self.title();
                self.show_bar();
            }
            Action::Step(count) => self.step(count),
            Action::Seek(seconds) => self.go(Target::Time(self.after(seconds))),
            Action::Speed(factor) => {
                let (low, high) = SPEEDS;
                self.speed(now, (self.pacer.speed() * factor).clamp(low, high));
            }
            Action::Normal => self.speed(now, 1.0),
            Action::Section => self.section(),
            Action::Start => self.go(Target::Index(0)),
            Action::End => {
                // It is to be looked at, not to be played away.
                self.pacer.pause(now);
                self.title();
                self.go(Target::Index(u64::MAX));
            }
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

    /// The time `seconds` after what is shown, or is on its way to the screen.
    fn after(&self, seconds: f64) -> Duration {
        let duration = self.shown.as_ref().and_then(|shown| shown.frame.stream.duration);
        let shown = || self.shown.as_ref().map(|shown| shown.frame.time);
        let from = self.aim.time(duration).or_else(|| self.pacer.position(self.now()));
        aim::moved(from.or_else(shown).unwrap_or_default(), seconds, duration)
    }

    /// The key of `action` is held.
    pub(super) fn act_again(&mut self, event_loop: &ActiveEventLoop, action: Action) {
        match action {
            // Else nothing would be seen before it is let go.
            Action::Seek(seconds) => {
                if let Some(target) = self.aim.drag(self.after(seconds)) {
                    self.go(target);
                }
            }
            action if action.repeats() => self.act(event_loop, action),
            _ => {}
        }
    }

    fn speed(&mut self, now: Duration, speed: f64) {
        self.pacer.set_speed(now, speed);
        self.say(&format!("speed {speed:.2}"));
    }

    /// Sets the first end of what is repeated, then the other, then neither.
    fn section(&mut self) {
        let Some(at) = self.shown.as_ref().map(|shown| shown.frame.time) else { return };
        let text = match self.section {
            (None, _) => {
                self.section = (Some(at), None);
                format!("repeat from {}", osd::clock(at))
            }
            (Some(from), None) if at > from => {
                self.section = (Some(from), Some(at));
                format!("repeat {} to {}", osd::clock(from), osd::clock(at))
            }
            _ => {
                self.section = (None, None);
                "repeat no section".to_owned()
            }
        };
        self.say(&text);
    }

    fn step(&mut self, count: i64) {
        let now = self.now();
        self.pacer.pause(now);
        self.title();
        if self.aim.step(count) {
            return;
        }
        // What is decoded ahead is the next picture.
        if count == 1 && self.pacer.queued() > 0 {
            return self.pacer.step(now);
        }
        if let Some(shown) = &self.shown {
            let index = shown.frame.index.saturating_add_signed(count);
            self.go(Target::Index(index));
        }
    }

    /// Goes to the next entry of the playlist, or the one before: of the one that was asked for last, or
    /// is on the screen. The player itself may be further on.
    fn entry(&mut self, step: i8) {
        let (at, entries) = self.feed.entry();
        let shown = self.shown.as_ref().map(|shown| shown.frame.stream.entry);
        let from = self.entry.or(shown).unwrap_or(at);
        let entries = entries.max(1);
        let to = (from + if step == 1 { 1 } else { entries - 1 }) % entries;
        self.feed.open(to);
        self.entry = Some(to);
        self.pacer.reset();
        self.aim.clear();
        self.section = (None, None);
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
            _ => {
                let pages = self.display.as_ref().map_or(1, |d| osd::pages(d.screen.size()).len());
                let next = self.keys.map_or(0, |page| page + 1);
                self.keys = Some(next).filter(|page| *page < pages);
            }
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
                let look = &self.options.look;
                let wanted = if look.film_grain { FilmGrain::Stream } else { FilmGrain::Off };
                self.feed.set_film_grain(wanted.mode(look.by), frame.index);
                self.pacer.reset();
                // Where it was on its way to is where it goes.
                match self.aim.target() {
                    Some(target) => self.feed.seek(Some(frame.stream.entry), target),
                    None => self.aim.set(Target::Index(frame.index)),
                }
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
            ((&*shown.picture).into(), shown.grain.as_deref(), shown.luminance);
        let frame = render::Content { picture, color, luminance, grain };
        let view = self.options.look.view(&shown.frame, size);
        let pixels = canvas.draw(&Drawing { frame: Some(frame), view, overlay: None })?;
        let stem = std::path::Path::new(&shown.frame.stream.name);
        let stem = stem.file_stem().map_or_else(|| "vav1d".into(), |s| s.to_string_lossy());
        let name = format!("{stem}-{:06}", shown.frame.index);
        // Nothing that was saved before is written over.
        let numbered = (1..).map(|n| format!("{name}-{n}.png"));
        let names = std::iter::once(format!("{name}.png")).chain(numbered);
        let mut paths = names.map(|name| self.options.screenshots.join(name));
        let path = paths.find(|path| !path.exists()).unwrap_or_default();
        crate::image::save_rgba(&path, size, pixels)?;
        Ok(path.display().to_string())
    }
}

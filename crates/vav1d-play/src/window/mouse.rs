//! The pointer: the bar that it seeks on, clicks, and when it is hidden.

use std::time::{Duration, Instant};

use winit::event::{ElementState, MouseButton, MouseScrollDelta};
use winit::event_loop::ActiveEventLoop;

use super::app::App;
use super::keys::Action;
use super::osd;

/// Two clicks within this are one double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// The pointer is hidden when it has rested for so long.
const REST: Duration = Duration::from_secs(1);
/// Seconds that a notch of the wheel seeks.
const NOTCH: f64 = 10.0;
/// Pixels of a touch pad that are a notch.
const PIXELS: f64 = 60.0;

impl App {
    /// The pointer is at `at`; a window that gets it under itself is told so, too.
    pub(super) fn moved(&mut self, at: (f64, f64)) {
        let before = self.mouse.at.replace(at);
        if before.is_none_or(|before| before == at) {
            return;
        }
        self.mouse.until = Some(Instant::now() + REST);
        self.display.iter().for_each(|display| display.window.set_cursor_visible(true));
        self.show_bar();
        let time = if self.mouse.drags { self.time_at(at.0) } else { None };
        if let Some(target) = time.and_then(|time| self.aim.drag(time)) {
            self.go(target);
        }
    }

    /// The pointer has left the window.
    pub(super) fn left(&mut self) {
        self.mouse.at = None;
    }

    /// Hides a pointer that rests. When that is next to be looked at.
    pub(super) fn hide_pointer(&mut self, now: Instant) -> Option<Instant> {
        let until = self.mouse.until?;
        if until > now || self.mouse.drags {
            return Some(until.max(now + REST / 4));
        }
        self.mouse.until = None;
        self.display.iter().for_each(|display| display.window.set_cursor_visible(false));
        None
    }

    /// Whether the bar is held, or the pointer is on it: then it stays.
    pub(super) fn is_on_bar(&self) -> bool {
        let Some(size) = self.display.as_ref().map(|display| display.screen.size()) else {
            return false;
        };
        let top = f64::from(size.1.saturating_sub(osd::bar_height(size)));
        self.mouse.drags || self.mouse.at.is_some_and(|(_, y)| y >= top && y < f64::from(size.1))
    }

    /// The time that the bar has at column `x`.
    fn time_at(&self, x: f64) -> Option<Duration> {
        let size = self.display.as_ref()?.screen.size();
        let duration = self.shown.as_ref()?.frame.stream.duration?;
        let (start, length) = osd::bar_track(size);
        let part = (x - f64::from(start)) / f64::from(length.max(1));
        Some(duration.mul_f64(part.clamp(0.0, 1.0)))
    }

    pub(super) fn button(
        &mut self,
        event_loop: &ActiveEventLoop,
        button: MouseButton,
        state: ElementState,
    ) {
        match (button, state) {
            (MouseButton::Left, ElementState::Released) => self.mouse.drags = false,
            (MouseButton::Left, ElementState::Pressed) => self.pressed(event_loop),
            (MouseButton::Right, ElementState::Pressed) => self.act(event_loop, Action::Pause),
            _ => {}
        }
    }

    fn pressed(&mut self, event_loop: &ActiveEventLoop) {
        let now = Instant::now();
        let clicked = self.mouse.clicked.take();
        let place = self.mouse.at.zip(self.display.as_ref().map(|d| d.screen.size()));
        if let (true, true, Some((at, size))) = (self.is_on_bar(), self.bar_until.is_some(), place)
        {
            let (start, length) = osd::bar_track(size);
            // Left and right of it are the times, which do nothing.
            let on_track = at.0 >= f64::from(start) && at.0 <= f64::from(start + length);
            if let Some(time) = self.time_at(at.0).filter(|_| on_track) {
                self.mouse.drags = true;
                if let Some(target) = self.aim.drag(time) {
                    self.go(target);
                }
            }
            return;
        }
        match clicked {
            Some(before) if now - before < DOUBLE_CLICK => self.act(event_loop, Action::Fullscreen),
            _ => self.mouse.clicked = Some(now),
        }
    }

    /// The wheel seeks: ten seconds a notch.
    pub(super) fn wheel(&mut self, event_loop: &ActiveEventLoop, delta: MouseScrollDelta) {
        if std::mem::take(&mut self.mouse.is_notch_over) {
            return;
        }
        let notches = match delta {
            MouseScrollDelta::LineDelta(x, y) => f64::from(y) + f64::from(x),
            MouseScrollDelta::PixelDelta(by) => (by.y + by.x) / PIXELS,
        };
        let all = self.mouse.rolled + notches;
        self.mouse.rolled = all.fract();
        if all.trunc() != 0.0 {
            self.act(event_loop, Action::Seek(NOTCH * all.trunc()));
        }
    }
}

//! The player's window: events in, pictures out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::keyboard::ModifiersState;

use super::aim::Aim;
use super::blocks::Blocks;
use super::display::Display;
use super::feed::{Fed, Feed, Judged};
use super::picture::{Brightness, window_size};
use super::pointer::Pointer;
use super::said::{left_out, plain};
use super::stop::{Wake, stopped_by_signals};
use super::{OpenFiles, Presenter, Program, Report, WindowOptions};
use crate::{Decision, Frame, Pacer, Player, StreamInfo, Target, Timed};
use vav1d::color::{self, Luminance};
use vav1d::error::{DeviceError, Error, Result};
use vav1d::vk::DecodedPicture;
use vav1d::vk::render::{self, Drawing, Overlay};

/// Frames that wait to be shown at most; the player has more.
const QUEUE: usize = 2;
/// How long messages, and the bar, stay.
const MESSAGE: Duration = Duration::from_secs(2);

/// Plays `program` in a window, until it ends or the window is closed.
///
/// # Errors
/// `Device` where there is no display, nothing presents to its windows, or a device is lost.
pub fn play(program: Program, presenter: Presenter, options: WindowOptions) -> Result<Report> {
    let none = |e| DeviceError::None(format!("no display: {}", plain(&e)));
    let event_loop = EventLoop::<Wake>::with_user_event().build().map_err(none)?;
    let player = |list, device, options| {
        let proxy = event_loop.create_proxy();
        // A loop that has ended needs no waking.
        let wake = Box::new(move || {
            let _ended = proxy.send_event(Wake);
        });
        Player::new(list, device, options, wake)
    };
    let reference = match program.reference {
        Some((list, device)) => Some(player(list, device, program.options.clone())?),
        None => None,
    };
    let names = program.playlist.iter().map(|entry| entry.name.clone()).collect();
    let about =
        About { device_name: program.device_name, names, tell: program.tell, open: program.open };
    let feed = Feed::new(player(program.playlist, program.device, program.options)?, reference);
    let stop = stopped_by_signals(&event_loop);
    let mut app = App::new(feed, about, Arc::clone(&stop), presenter, options);
    let ended = event_loop.run_app(&mut app);
    let App { mut report, failure, pacer, display, .. } = app;
    report.signal = Some(stop.load(Ordering::Relaxed)).filter(|signal| *signal > 0);
    report.statistics = pacer.statistics().clone();
    if let Some(display) = &display {
        report.presenter = format!("{} ({})", display.device, display.screen.description());
    }
    drop(display);
    match failure {
        Some(error) => Err(error),
        None => {
            ended.map_err(|e| DeviceError::None(format!("the display is gone: {}", plain(&e))))?;
            Ok(report)
        }
    }
}

/// What is known of a program beside its pictures.
struct About {
    device_name: String,
    names: Vec<String>,
    tell: Box<dyn Fn(&str)>,
    open: OpenFiles,
}

/// What is shown, and what is known.
pub(super) struct App {
    pub(super) feed: Feed,
    pub(super) device_name: String,
    pub(super) presenter: Presenter,
    pub(super) options: WindowOptions,
    pub(super) display: Option<Display>,
    pub(super) pacer: Pacer<Judged>,
    pub(super) clock: Instant,
    pub(super) stream: Option<Arc<StreamInfo>>,
    pub(super) shown: Option<Shown>,
    /// No frames follow.
    pub(super) at_end: bool,
    pub(super) osd: bool,
    /// The page of keys that is shown.
    pub(super) keys: Option<usize>,
    pub(super) message: Option<(String, Instant)>,
    /// The bar stays until then.
    pub(super) bar_until: Option<Instant>,
    pub(super) mouse: Pointer,
    pub(super) modifiers: ModifiersState,
    /// What is on its way to the screen.
    pub(super) aim: Aim,
    /// The entry of the playlist that was asked for, until something of it is on the screen.
    pub(super) entry: Option<usize>,
    brightness: Brightness,
    /// The section that is repeated: its first end, and the other.
    pub(super) section: (Option<Duration>, Option<Duration>),
    /// Names of the playlist's entries.
    names: Vec<String>,
    tell: Box<dyn Fn(&str)>,
    open: OpenFiles,
    /// What was dropped on the window, and is not played yet.
    pub(super) dropped: Vec<PathBuf>,
    /// The signal that asks for the end, or 0.
    stop: Arc<AtomicUsize>,
    pub(super) report: Report,
    pub(super) failure: Option<Error>,
}

/// The frame on the screen.
pub(super) struct Shown {
    pub(super) frame: Box<Frame>,
    pub(super) picture: Arc<DecodedPicture>,
    pub(super) grain: Option<Box<vav1d::grain::GrainPass>>,
    pub(super) luminance: Luminance,
    /// Where it is wrong, if that is known.
    pub(super) blocks: Option<Blocks>,
    /// The device has it, and draws it again.
    pub(super) is_uploaded: bool,
    /// It was on the screen.
    pub(super) is_drawn: bool,
}

impl App {
    fn new(
        feed: Feed,
        about: About,
        stop: Arc<AtomicUsize>,
        presenter: Presenter,
        options: WindowOptions,
    ) -> Self {
        let About { device_name, names, tell, open } = about;
        let clock = Instant::now();
        let mut pacer = Pacer::new(Duration::from_millis(16));
        if options.paused {
            pacer.pause(Duration::ZERO);
        }
        Self {
            feed,
            device_name,
            presenter,
            pacer,
            clock,
            display: None,
            stream: None,
            shown: None,
            at_end: false,
            osd: options.osd,
            keys: None,
            message: None,
            bar_until: None,
            mouse: Pointer::default(),
            modifiers: ModifiersState::empty(),
            aim: Aim::default(),
            entry: None,
            brightness: Brightness::default(),
            section: (None, None),
            names,
            tell,
            open,
            dropped: Vec::new(),
            stop,
            report: Report::default(),
            failure: None,
            options,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Takes what the player has, and shows what is due: one picture, so that keys are heard also
    /// where drawing takes longer than there is time.
    pub(super) fn tick(&mut self, event_loop: &ActiveEventLoop) {
        if self.stop.load(Ordering::Relaxed) > 0 {
            event_loop.exit();
        }
        self.pull(event_loop);
        let wake = match self.pacer.poll(self.now()) {
            Decision::Wait(wake) => wake,
            Decision::Present(timed) => {
                self.take(timed.what);
                self.draw(event_loop);
                self.landed();
                let now = self.now();
                let held_up = self.display.as_ref().map(|display| display.screen.held_up());
                self.pacer.presented(now, held_up.unwrap_or_default());
                Some(now)
            }
        };
        let end = self.end(event_loop);
        let fade = self.fade().map(|at| at.saturating_duration_since(self.clock));
        let wake = [wake, end, fade].into_iter().flatten().min();
        event_loop.set_control_flow(match wake {
            Some(at) => ControlFlow::WaitUntil(self.clock + at),
            None => ControlFlow::Wait,
        });
    }

    fn pull(&mut self, event_loop: &ActiveEventLoop) {
        while self.pacer.queued() < QUEUE && self.failure.is_none() {
            let Some(fed) = self.feed.next() else { break };
            match fed {
                Fed::Opened(stream) => self.opened(event_loop, stream),
                Fed::Frame(judged) => {
                    let (time, duration) = (judged.frame.time, judged.frame.duration);
                    self.at_end = false;
                    self.pacer.push(Timed { time, duration, what: judged });
                }
                Fed::Preview(frame) => {
                    self.show(frame, None);
                    self.draw(event_loop);
                    self.report.seeks.saw(Instant::now());
                }
                Fed::EndOfStream => self.at_end = true,
                Fed::Fault(error) => {
                    let name = self.stream.as_ref().map(|stream| stream.name.clone());
                    self.fault(&name.unwrap_or_default(), error);
                }
                Fed::Failed(error) => self.failed(event_loop, error),
                Fed::Unjudged(error) => {
                    self.say(&format!("nothing is compared any more: {error}"));
                    self.report.faults.push(error);
                }
            }
        }
    }

    /// A stream was opened: the first one opens the window.
    fn opened(&mut self, event_loop: &ActiveEventLoop, stream: Arc<StreamInfo>) {
        let hdr = color::is_hdr(&stream.sequence.color_config).then(Luminance::default);
        let size = window_size(&stream);
        if self.display.is_none() {
            match Display::open(event_loop, &self.presenter, &self.options, size, hdr) {
                Ok(display) => {
                    self.pacer.set_refresh(display.refresh());
                    self.display = Some(display);
                }
                Err(error) => return self.end_with(event_loop, error),
            }
        }
        if let Some(what) = color::approximation(&stream.sequence.color_config) {
            self.say(what);
        }
        left_out(&stream);
        self.stream = Some(stream);
        self.title();
    }

    pub(super) fn title(&self) {
        // What was opened last is not on the screen yet.
        let shown = self.shown.as_ref().map(|shown| &shown.frame.stream);
        let (Some(display), Some(stream)) = (&self.display, shown.or(self.stream.as_ref())) else {
            return;
        };
        let entries = self.feed.entry().1;
        let place = match entries {
            0 | 1 => String::new(),
            _ => format!(" [{}/{entries}]", stream.entry + 1),
        };
        let paused = if self.pacer.is_paused() { " (paused)" } else { "" };
        let title = format!("{}{place}{paused} - vav1d on {}", stream.name, self.device_name);
        display.window.set_title(&title);
    }

    /// A stream cannot be played: the next one is, if there is one.
    fn failed(&mut self, event_loop: &ActiveEventLoop, error: Error) {
        let (entry, entries) = self.feed.entry();
        if matches!(&error, Error::Device(_)) {
            return self.end_with(event_loop, error);
        }
        let name = self.names.get(entry).cloned().unwrap_or_default();
        self.fault(&name, error);
        if entry + 1 >= entries {
            return event_loop.exit();
        }
        self.feed.next_entry();
        self.entry = Some(self.feed.entry().0);
        self.pacer.reset();
        self.aim.clear();
    }

    /// Says what is wrong with the entry called `name`, once.
    fn fault(&mut self, name: &str, error: Error) {
        let text = if name.is_empty() { error.to_string() } else { format!("{name}: {error}") };
        (self.tell)(&text);
        self.say(&text);
        self.report.faults.push(error);
    }

    fn end_with(&mut self, event_loop: &ActiveEventLoop, error: Error) {
        self.failure.get_or_insert(error);
        event_loop.exit();
    }

    /// When the last picture has been shown for its time; ends the loop if that is over.
    fn end(&mut self, event_loop: &ActiveEventLoop) -> Option<Duration> {
        if !self.at_end || self.pacer.queued() > 0 || self.pacer.is_paused() {
            return None;
        }
        // Nothing comes any more of what was asked for.
        self.aim.clear();
        let Some(shown) = &self.shown else {
            event_loop.exit();
            return None;
        };
        let now = self.now();
        let over = shown.frame.time + shown.frame.duration;
        let left = over.saturating_sub(self.pacer.position(now).unwrap_or(over));
        if !left.is_zero() {
            return Some(now.saturating_add(self.pacer.lasts(left)));
        }
        match self.options.keep_open {
            true => {
                self.pacer.pause(now);
                self.title();
            }
            false => event_loop.exit(),
        }
        None
    }

    /// When the next message or bar goes; takes away what has gone.
    fn fade(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let over = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        let message = self.message.as_ref().map(|(_, until)| *until);
        if self.is_on_bar() && over(self.bar_until) {
            self.bar_until = Some(now + MESSAGE);
        }
        if over(message) || over(self.bar_until) {
            self.message.take_if(|(_, until)| *until <= now);
            self.bar_until.take_if(|until| *until <= now);
            self.redraw();
        }
        let message = self.message.as_ref().map(|(_, until)| *until);
        [message, self.bar_until, self.hide_pointer(now)].into_iter().flatten().min()
    }

    /// A picture is on the screen: goes on to where else was asked for meanwhile, and back to the
    /// begin of a section that is repeated. An image stays until it is told to go.
    fn landed(&mut self) {
        let Some(frame) = self.shown.as_ref().map(|shown| &shown.frame) else { return };
        let (index, time) = (frame.index, frame.time);
        self.report.seeks.land(Instant::now());
        let is_image = frame.sequence.still_picture;
        if let Some(target) = self.aim.landed(index) {
            return self.go(target);
        }
        match self.section {
            (Some(from), Some(to)) if time >= to => return self.go(Target::Time(from)),
            _ => {}
        }
        if is_image && !self.pacer.is_paused() {
            self.pacer.pause(self.now());
            self.title();
        }
    }

    fn take(&mut self, judged: Judged) {
        let Judged { frame, blocks } = judged;
        if let Some(blocks) = &blocks {
            self.report.judge(frame.index, !blocks.corners.is_empty());
        }
        self.show(frame, blocks);
    }

    /// Puts `frame` on the screen, as it is to look now.
    pub(super) fn show(&mut self, frame: Box<Frame>, blocks: Option<Blocks>) {
        let (picture, grain) = self.options.look.picture(&frame);
        let screen = self.display.as_mut().map(|display| &mut display.screen);
        let luminance = self.brightness.of(&frame, screen);
        let (is_uploaded, is_drawn) = (false, false);
        let shown = Shown { frame, picture, grain, luminance, blocks, is_uploaded, is_drawn };
        let stream = Arc::clone(&shown.frame.stream);
        self.entry = None;
        let before = self.shown.replace(shown);
        let is_other = |old: &StreamInfo| (old.entry, &old.name) != (stream.entry, &stream.name);
        if before.is_some_and(|before| is_other(&before.frame.stream)) {
            self.title();
            // Each file gets a window of its size; what the user has made of it is for one file.
            let size = window_size(&stream);
            let scale = self.options.scale;
            if let Some(display) = self.display.as_mut().filter(|d| d.window.fullscreen().is_none())
            {
                display.scale(size, scale);
            }
        }
    }

    /// Plays what was dropped on the window, in place of what was played.
    pub(super) fn take_dropped(&mut self) {
        if self.dropped.is_empty() {
            return;
        }
        let files = std::mem::take(&mut self.dropped);
        let opened = (self.open)(&files).and_then(|list| Ok((list, (self.open)(&files)?)));
        let (playlist, right) = match opened {
            Ok(lists) => lists,
            Err(why) => {
                (self.tell)(&why);
                return self.say(&why);
            }
        };
        self.names = playlist.iter().map(|entry| entry.name.clone()).collect();
        self.feed.replace(playlist, right);
        self.entry = Some(0);
        self.pacer.reset();
        self.pacer.resume(self.now());
        self.aim.clear();
        self.section = (None, None);
        self.at_end = false;
    }

    pub(super) fn redraw(&self) {
        if let Some(display) = &self.display {
            display.window.request_redraw();
        }
    }

    pub(super) fn draw(&mut self, event_loop: &ActiveEventLoop) {
        let Some(size) = self.display.as_ref().map(|d| d.screen.size()) else { return };
        let overlay = self.osd(size).image(size);
        let (Some(display), Some(shown)) = (&mut self.display, &mut self.shown) else { return };
        let (look, luminance) = (&self.options.look, shown.luminance);
        let (picture, color) = ((&*shown.picture).into(), &shown.frame.sequence.color_config);
        let grain = shown.grain.as_deref();
        let frame = render::Content { picture, color, luminance, grain };
        let frame = (!shown.is_uploaded).then_some(frame);
        let overlay = overlay.as_ref().map(|(origin, image)| Overlay {
            origin: *origin,
            size: (image.width, image.height),
            pixels: &image.pixels,
        });
        let drawn = display.screen.draw(|size| Drawing {
            frame,
            view: look.view(&shown.frame, size),
            overlay,
        });
        match drawn {
            Ok(render::Presented::No) => {}
            Ok(render::Presented::Yes) => {
                // What lies on the picture was made for the size that the window had.
                if display.screen.size() != size {
                    display.window.request_redraw();
                }
                shown.is_uploaded = display.screen.keeps_picture();
                let is_new = !std::mem::replace(&mut shown.is_drawn, true);
                let on_device = is_new && display.screen.has(&*shown.picture);
                self.report.on_device += u64::from(on_device);
            }
            Err(Error::Device(error)) if error.is_surface_lost() => {
                let hdr = color::is_hdr(color).then_some(luminance);
                log::warn!("{error}: another is made");
                shown.is_uploaded = false;
                let lost = self.display.take();
                match lost.map(|d| d.renew(&self.presenter, &self.options, hdr)).transpose() {
                    Ok(display) => self.display = display,
                    Err(error) => self.end_with(event_loop, error),
                }
            }
            Err(error) => self.end_with(event_loop, error),
        }
    }

    pub(super) fn say(&mut self, text: &str) {
        self.message = Some((text.to_owned(), Instant::now() + MESSAGE));
        self.redraw();
    }

    pub(super) fn show_bar(&mut self) {
        self.bar_until = Some(Instant::now() + MESSAGE);
        self.redraw();
    }

    pub(super) fn go(&mut self, target: Target) {
        // The player may have gone on to the next file.
        let entry = self.shown.as_ref().map(|shown| shown.frame.stream.entry);
        self.feed.seek(entry, target);
        self.aim.set(target);
        self.report.seeks.begin(Instant::now());
        self.pacer.reset();
        self.at_end = false;
        self.show_bar();
    }
}

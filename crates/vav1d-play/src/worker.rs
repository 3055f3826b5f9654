//! The player's thread: decodes what is wanted next, and does what it is told in between.

use std::collections::HashSet;
use std::time::Instant;

use super::index::AccessPoint;
use super::kept::{Reach, Window};
use super::options::{Entry, OpenDevice, Options};
use super::shared::{Command, End, Rest, Turn};
use super::stream::{Item, Stream};
use super::{Event, Frame, Repeat, Target};
use vav1d::error::{Error, Result, Unsupported};
use vav1d::vk::GrainMode;

/// Faults of one entry that are told; more are those of a stream that is broken throughout.
const MAX_FAULTS: usize = 64;

/// See the module.
pub(super) struct Worker<'e> {
    playlist: Vec<Entry>,
    device: OpenDevice,
    options: Options,
    end: &'e End,
    generation: u64,
    entry: usize,
    stream: Option<Stream>,
    /// The stream was told.
    is_told: bool,
    window: Window,
    goal: Option<Goal>,
    /// When the goal was set, and where decoding of it has begun.
    since: Instant,
    begun: Option<Box<Frame>>,
    /// Number of the first picture that is not wanted any more.
    limit: Option<u64>,
    /// Pictures delivered since the stream was opened, or opened again.
    delivered: u64,
    /// The end was told, when this was to follow it.
    ended: Option<Repeat>,
    /// What was told of the entry.
    faults: HashSet<String>,
}

/// A picture that is being sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Goal {
    target: Target,
    /// How many access points before the last one decoding has begun at.
    back: usize,
    /// Every picture is looked at: what is sought is beyond the end.
    is_thorough: bool,
}

impl<'e> Worker<'e> {
    pub(super) fn new(
        playlist: Vec<Entry>,
        device: OpenDevice,
        mut options: Options,
        end: &'e End,
    ) -> Self {
        options.queue = options.queue.max(1);
        Self {
            window: Window::new(options.kept_bytes, options.queue),
            playlist,
            device,
            options,
            end,
            generation: 0,
            entry: 0,
            stream: None,
            is_told: false,
            goal: None,
            since: Instant::now(),
            begun: None,
            limit: None,
            delivered: 0,
            ended: None,
            faults: HashSet::new(),
        }
    }

    /// Plays until the player is closed.
    pub(super) fn run(mut self) {
        let mut done = self.open(0);
        loop {
            if let Err(error) = done {
                self.fail(error);
            }
            let rest = self.rest();
            let before = Instant::now();
            let turn = self.end.shared().turn(rest);
            if let Some(stream) = self.stream.as_mut().filter(|_| rest.is_some()) {
                stream.idle += before.elapsed();
            }
            done = match turn {
                Turn::Close => return,
                Turn::Command(generation, command) => {
                    self.generation = generation;
                    self.ended = None;
                    self.command(command)
                }
                Turn::GoOn => self.work(),
            };
        }
    }

    fn tell(&self, event: Event) -> bool {
        self.end.tell(self.generation, event)
    }

    /// Tells the stream, before anything of it.
    fn tell_opened(&mut self) {
        let info = self.stream.as_ref().filter(|_| !self.is_told).map(|s| s.info.clone());
        if let Some(info) = info {
            self.is_told = self.tell(Event::Opened(info));
        }
    }

    /// Nothing can be done with the stream any more.
    fn fail(&mut self, error: Error) {
        log::debug!("the player stops: {error}");
        self.stream = None;
        self.goal = None;
        self.window.clear();
        self.tell(Event::Failed(error));
    }

    /// Tells a fault, once.
    fn fault(&mut self, error: Error) {
        log::debug!("fault: {error}");
        if self.faults.len() < MAX_FAULTS && self.faults.insert(error.to_string()) {
            self.tell(Event::Fault(error));
        }
    }

    /// What to wait for, if there is nothing to do.
    fn rest(&self) -> Option<Rest> {
        let Some(stream) = &self.stream else { return Some(Rest::Command) };
        if self.goal.is_some() {
            return None;
        }
        let queue = self.options.queue;
        match (self.is_more(), stream.is_ended()) {
            (true, ended) if ended || self.window.waiting() >= queue => Some(Rest::Room(queue)),
            (false, true) => self.ended.map(Rest::Repeated),
            (false, false) if self.is_limited() => self.ended.map(Rest::Repeated),
            _ => None,
        }
    }

    /// Whether the next picture is one too many.
    fn is_limited(&self) -> bool {
        let next = self.window.peek().map(|frame| frame.index);
        self.limit.zip(next).is_some_and(|(limit, next)| next >= limit)
    }

    /// Whether there is a picture to deliver.
    fn is_more(&self) -> bool {
        self.window.peek().is_some() && !self.is_limited()
    }

    fn command(&mut self, command: Command) -> Result<()> {
        if let Some(playlist) = self.end.shared().take_playlist() {
            self.playlist = playlist;
            // What it had is gone.
            return self.open(0);
        }
        match command {
            Command::Open(entry) => self.open(entry),
            Command::Seek(entry, target) => {
                self.go_to_entry(entry)?;
                self.seek(target)
            }
            Command::FilmGrain(mode, entry, index) => {
                self.go_to_entry(entry)?;
                self.film_grain(mode, index)
            }
        }
    }

    /// Opens `entry` again if playing has gone on to the next one since it was asked for.
    fn go_to_entry(&mut self, entry: usize) -> Result<()> {
        match entry == self.entry {
            true => Ok(()),
            false => self.open(entry),
        }
    }

    /// Plays entry `entry` from its start.
    fn open(&mut self, entry: usize) -> Result<()> {
        (self.stream, self.is_told) = (None, false);
        self.window.clear();
        self.faults.clear();
        (self.entry, self.goal, self.limit, self.delivered) = (entry, None, None, 0);
        let Some(Entry { name, open }) = self.playlist.get_mut(entry) else { return Ok(()) };
        let source = open()?;
        let executor = (self.device)(&self.options.executor)?;
        let stream = Stream::open(source, executor, self.options.planner, (entry, name))?;
        self.stream = Some(stream);
        self.tell_opened();
        self.start().map_or(Ok(()), |start| self.seek(start))
    }

    /// Where an entry begins, if not with its first picture.
    fn start(&self) -> Option<Target> {
        let Some(back) = self.options.before_end else { return self.options.start };
        let info = &self.stream.as_ref()?.info;
        if info.duration.is_none() {
            log::warn!("{}: nothing says where it ends: it is played from its start", info.name);
        }
        Some(Target::Time(info.duration?.saturating_sub(back)))
    }

    /// One thing of what there is to do.
    fn work(&mut self) -> Result<()> {
        if let Some(goal) = self.goal {
            return self.pursue(goal);
        }
        self.stream.iter_mut().for_each(|stream| stream.seek(None));
        self.begun = None;
        let queue = self.options.queue;
        let is_more = self.is_more();
        if is_more && self.end.shared().has_room(queue) {
            self.deliver();
            return Ok(());
        }
        let is_ended = self.stream.as_ref().is_none_or(Stream::is_ended) || self.is_limited();
        match is_ended {
            false if self.window.waiting() < queue => self.advance(),
            true if !is_more => self.at_end(),
            _ => Ok(()),
        }
    }

    fn deliver(&mut self) {
        let Some(mut frame) = self.window.take() else { return };
        frame.generation = self.generation;
        if self.limit.is_none() {
            self.limit = self.options.limit.map(|limit| frame.index.saturating_add(limit));
        }
        self.delivered += 1;
        self.tell_opened();
        self.tell(Event::Frame(Box::new(frame)));
    }

    /// Decodes on.
    fn advance(&mut self) -> Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let mut items = Vec::new();
        let advanced = stream.advance(&mut items);
        for item in items {
            match item {
                Item::Frame(frame) => self.window.push(*frame),
                Item::Gap => self.window.clear(),
                Item::Preview(frame) => self.begun = self.options.preview.and(Some(frame)),
                Item::Fault(error) => self.fault(error),
            }
        }
        if advanced.is_err() {
            // What was decoded before is shown.
            while self.goal.is_none() && self.is_more() {
                self.deliver();
            }
        }
        advanced
    }

    /// There are no more pictures.
    fn at_end(&mut self) -> Result<()> {
        let repeat = self.end.shared().repeat();
        let last = self.entry + 1 >= self.playlist.len();
        // What has no picture would be begun for ever.
        let begins = self.delivered > 0;
        match repeat {
            Repeat::Entry if begins => self.again(),
            Repeat::Playlist if begins && last && self.playlist.len() == 1 => self.again(),
            Repeat::Playlist if begins || !last => self.open(if last { 0 } else { self.entry + 1 }),
            Repeat::Off if !last => self.open(self.entry + 1),
            _ => {
                self.ended = Some(repeat);
                self.tell_opened();
                self.tell(Event::EndOfStream);
                Ok(())
            }
        }
    }

    /// Begins the entry again.
    fn again(&mut self) -> Result<()> {
        self.delivered = 0;
        let start = self.start().unwrap_or(Target::Index(0));
        match self.stream.as_ref().is_some_and(|stream| stream.info.is_seekable) {
            true => self.seek(start),
            false => self.open(self.entry),
        }
    }

    /// Goes to `target`: within what is decoded, or by decoding on, or from an access point on.
    fn seek(&mut self, target: Target) -> Result<()> {
        (self.goal, self.begun, self.since) = (None, None, Instant::now());
        let target = match (target, self.limit) {
            (Target::Index(index), Some(limit)) => Target::Index(index.min(limit.max(1) - 1)),
            (target, _) => target,
        };
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let reach = self.window.go_to(target, stream.is_ended());
        if reach == Reach::Here {
            self.keep_limit();
            return Ok(());
        }
        let next = stream.next_output();
        let goes_on = reach == Reach::Ahead && !stream.is_too_far_for(target);
        let Some(point) = self.access_point(target, 0) else {
            return self.seek_once(target, reach);
        };
        self.goal = Some(Goal { target, back: 0, is_thorough: false });
        // What is under way may come to it sooner.
        match goes_on && point.outputs <= next {
            true => Ok(()),
            false => self.restart(&point),
        }
    }

    /// The access point that decoding of `target` begins at, or one of those before: the start, if
    /// there are fewer. `None` where one cannot go back.
    fn access_point(&mut self, target: Target, back: usize) -> Option<AccessPoint> {
        let end = self.end;
        let points = self.stream.as_mut()?.access_points(target, &|| end.shared().is_asked());
        let point = points.map(|points| points.iter().rev().nth(back).or(points.first()).copied());
        point.unwrap_or_else(|error| {
            self.fault(error);
            None
        })
    }

    fn restart(&mut self, point: &AccessPoint) -> Result<()> {
        self.window.clear();
        self.stream.as_mut().map_or(Ok(()), |stream| stream.restart(point))
    }

    /// Goes to a target that is at `reach`, in what can be read once.
    fn seek_once(&mut self, target: Target, reach: Reach) -> Result<()> {
        let is_ended = self.stream.as_ref().is_none_or(Stream::is_ended);
        match reach {
            Reach::Before => {
                let is_first = self.window.first().is_some_and(|frame| frame.index == 0);
                if !is_first {
                    let what = "going back further than to the pictures that are kept, in an input \
                                that can be read once only";
                    self.fault(Unsupported::Stream(what.into()).into());
                }
                self.window.go_to_first();
            }
            _ if !is_ended => self.goal = Some(Goal { target, back: 0, is_thorough: false }),
            _ => {}
        }
        Ok(())
    }

    /// Comes nearer to a goal.
    fn pursue(&mut self, goal: Goal) -> Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        if stream.is_ended() && stream.has_passed {
            let goal = Goal { is_thorough: true, ..goal };
            self.goal = Some(goal);
            let point = self.access_point(goal.target, goal.back);
            return point.map_or(Ok(()), |point| self.restart(&point));
        }
        match self.window.go_to(goal.target, stream.is_ended()) {
            Reach::Here => {
                self.goal = None;
                self.keep_limit();
                Ok(())
            }
            Reach::Before if stream.from_start => {
                self.goal = None;
                self.window.go_to_first();
                Ok(())
            }
            Reach::Empty if stream.is_ended() && stream.from_start => {
                self.goal = None;
                Ok(())
            }
            // The pictures that come first refer to what is before the access point.
            Reach::Before => self.go_back(goal),
            Reach::Empty if stream.is_ended() => self.go_back(goal),
            Reach::Ahead | Reach::Empty => {
                self.window.pass();
                stream.seek(Some(goal.target).filter(|_| !goal.is_thorough));
                self.preview(goal);
                self.advance()
            }
        }
    }

    /// Tells where decoding of a goal has begun, once, if it takes long.
    fn preview(&mut self, goal: Goal) {
        let is_long = self.options.preview.is_some_and(|wait| self.since.elapsed() >= wait);
        if !is_long || !matches!(goal.target, Target::Time(_)) {
            return;
        }
        if let Some(mut frame) = self.begun.take() {
            frame.generation = self.generation;
            self.tell(Event::Preview(frame));
        }
    }

    /// Begins at an earlier access point.
    fn go_back(&mut self, goal: Goal) -> Result<()> {
        let back = goal.back + 1;
        match self.access_point(goal.target, back) {
            Some(point) => {
                self.goal = Some(Goal { back, ..goal });
                self.restart(&point)
            }
            None => {
                self.goal = None;
                self.window.go_to_first();
                Ok(())
            }
        }
    }

    /// Where a goal was beyond the limit, goes to the last picture before that.
    fn keep_limit(&mut self) {
        if let Some(limit) = self.limit.filter(|_| self.is_limited()) {
            self.goal = Some(Goal {
                target: Target::Index(limit.saturating_sub(1)),
                back: 0,
                is_thorough: false,
            });
        }
    }

    /// Decodes with another mode of film grain, from picture `index` on.
    fn film_grain(&mut self, mode: GrainMode, index: u64) -> Result<()> {
        let target = Target::Index(index);
        let point = self.access_point(target, 0);
        if point.is_none() && self.stream.is_some() {
            let what = "another film grain, in an input that can be read once only";
            self.fault(Unsupported::Stream(what.into()).into());
            return self.seek(target);
        }
        self.options.executor.film_grain = mode;
        let (Some(point), Some(stream)) = (point, &mut self.stream) else { return Ok(()) };
        stream.set_executor((self.device)(&self.options.executor)?);
        self.goal = Some(Goal { target, back: 0, is_thorough: false });
        self.restart(&point)
    }
}

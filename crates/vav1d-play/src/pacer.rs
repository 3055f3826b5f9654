//! When frames are shown: from their times, the clock and the display's refresh interval. Pure:
//! the clock is an argument, a duration since any moment.

use std::collections::VecDeque;
use std::time::Duration;

/// A picture that is later than this, with nothing to replace it, sets the clock back: the decoder
/// has stalled, and dropping what follows would not help.
const STALL: Duration = Duration::from_millis(250);
/// In how many frames an exceptionally long draw is forgotten, nearly.
const MEMORY: u32 = 32;
/// Width of the first buckets of [`Statistics::deviations`].
const BUCKET: Duration = Duration::from_micros(500);
/// How many those are: up to 100 ms.
const FINE: u32 = 200;
/// How much wider each one is behind them: as precise a part of what it holds.
const GROWTH: f64 = 1.0 + 1.0 / 16.0;
/// Buckets in all; the last one begins behind a minute, and holds everything beyond.
const BUCKETS: usize = 308;

/// Something to show, with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed<T> {
    /// When, in the stream's time. Less than the one before: the stream has begun again.
    pub time: Duration,
    /// For how long.
    pub duration: Duration,
    /// What.
    pub what: T,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<T> {
    /// Show this, and tell [`Pacer::presented`] when it was.
    Present(Timed<T>),
    /// Nothing, until this time of the clock, or for ever: until something is pushed or resumed.
    Wait(Option<Duration>),
}

/// What has become of the frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Frames that were shown.
    pub presented: u64,
    /// Frames that were not, since the next one was due.
    pub dropped: u64,
    /// Frames that were shown later than one refresh after they were due.
    pub late: u64,
    /// Times that the clock was set back, since frames did not come in time.
    pub stalls: u64,
    /// Largest |presented - due|.
    pub worst: Duration,
    /// Frames by |presented - due|, in buckets of half a millisecond, and of a sixteenth from 100 ms
    /// on; the last holds the rest.
    deviations: Vec<u64>,
}

/// Where bucket `n`, from 1, ends.
fn bucket_end(n: u32) -> Duration {
    match n.checked_sub(FINE) {
        None | Some(0) => BUCKET * n,
        Some(more) => (BUCKET * FINE).mul_f64(GROWTH.powi(more as i32)),
    }
}

impl Default for Statistics {
    fn default() -> Self {
        let deviations = vec![0; BUCKETS];
        Self { presented: 0, dropped: 0, late: 0, stalls: 0, worst: Duration::ZERO, deviations }
    }
}

impl Statistics {
    /// Frames by |presented - due|, with the upper ends of the buckets.
    pub fn deviations(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        (1..).map(bucket_end).zip(self.deviations.iter().copied())
    }

    /// The deviation that `share` of the frames, 0 to 1, do not exceed, rounded up to a bucket.
    pub fn percentile(&self, share: f64) -> Duration {
        let timed: u64 = self.deviations.iter().sum();
        let wanted = (share.clamp(0.0, 1.0) * timed as f64).ceil() as u64;
        let mut seen = 0;
        let bucket = self.deviations().find(|(_, count)| {
            seen += count;
            seen >= wanted
        });
        // What the last bucket holds has no end but the worst.
        let last = bucket_end(BUCKETS as u32);
        bucket.map_or(
            Duration::ZERO,
            |(end, _)| {
                if end == last { self.worst } else { end.min(self.worst) }
            },
        )
    }

    fn note(&mut self, deviation: Duration) {
        let fine = deviation.as_secs_f64() / BUCKET.as_secs_f64();
        let bucket = match fine < f64::from(FINE) {
            true => fine as usize,
            false => FINE as usize + ((fine / f64::from(FINE)).ln() / GROWTH.ln()) as usize,
        };
        if let Some(count) = self.deviations.get_mut(bucket.min(BUCKETS - 1)) {
            *count += 1;
        }
        self.worst = self.worst.max(deviation);
    }
}

/// A queue of frames that says which is to be shown when.
#[derive(Clone, Debug)]
pub struct Pacer<T> {
    queue: VecDeque<Timed<T>>,
    refresh: Duration,
    clock: Clock,
    /// What was shown last: its time in the stream, its duration.
    shown: Option<(Duration, Duration)>,
    /// What was handed out and is not yet told to be shown.
    pending: Option<Pending>,
    /// How long it takes to draw a frame, of late and rather too much.
    cost: Duration,
    /// Frames to show although the clock stands.
    steps: u64,
    /// Seconds of the stream for each of the clock.
    speed: f64,
    statistics: Statistics,
}

/// A frame that was handed out.
#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Duration,
    /// When it is due, if it has to be.
    due: Option<Duration>,
}

/// The stream's time against the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// The next frame sets it.
    Unset,
    /// This time of the stream is shown at that time of the clock.
    Running { stream: Duration, at: Duration },
    /// It stands at this time of the stream; `None` before the first frame.
    Paused { stream: Option<Duration> },
}

impl<T> Pacer<T> {
    /// For a display that refreshes in intervals of `refresh`.
    pub fn new(refresh: Duration) -> Self {
        Self {
            queue: VecDeque::new(),
            refresh,
            clock: Clock::Unset,
            shown: None,
            pending: None,
            cost: Duration::ZERO,
            steps: 0,
            speed: 1.0,
            statistics: Statistics::default(),
        }
    }

    /// Takes note of another refresh interval.
    pub fn set_refresh(&mut self, refresh: Duration) {
        self.refresh = refresh;
    }

    /// The refresh interval.
    pub fn refresh(&self) -> Duration {
        self.refresh
    }

    /// Appends a frame.
    pub fn push(&mut self, frame: Timed<T>) {
        self.queue.push_back(frame);
    }

    /// Frames that wait to be shown.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Drops what waits: the frames that follow come from elsewhere, and the first of them is shown
    /// at once, even if the clock stands.
    pub fn reset(&mut self) {
        self.queue.clear();
        self.shown = None;
        self.steps = 1;
        self.clock = match self.clock {
            Clock::Paused { .. } => Clock::Paused { stream: None },
            _ => Clock::Unset,
        };
    }

    /// How many times as fast as the stream says frames are shown.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// From `now` on frames are shown `speed` times as fast as the stream says; above 0.
    pub fn set_speed(&mut self, now: Duration, speed: f64) {
        if let Clock::Running { stream, at } = self.clock {
            let stream = stream + now.saturating_sub(at).mul_f64(self.speed);
            self.clock = Clock::Running { stream, at: now };
        }
        self.speed = speed.max(f64::MIN_POSITIVE);
    }

    /// How long `time` of the stream takes.
    pub fn lasts(&self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() / self.speed).unwrap_or(Duration::MAX)
    }

    /// Whether the clock stands.
    pub fn is_paused(&self) -> bool {
        matches!(self.clock, Clock::Paused { .. })
    }

    /// Stops the clock at `now`.
    pub fn pause(&mut self, now: Duration) {
        if self.is_paused() {
            return;
        }
        self.clock = match self.clock {
            Clock::Running { .. } => Clock::Paused { stream: self.position(now) },
            _ => Clock::Paused { stream: None },
        };
        // Without a picture there would be nothing to look at.
        self.steps = u64::from(self.shown.is_none());
    }

    /// Lets the clock go on at `now`.
    pub fn resume(&mut self, now: Duration) {
        if let Clock::Paused { stream } = self.clock {
            self.clock = match stream {
                Some(stream) => Clock::Running { stream, at: now },
                None => Clock::Unset,
            };
        }
    }

    /// Shows one frame more although the clock stands; a running clock is stopped first.
    pub fn step(&mut self, now: Duration) {
        self.pause(now);
        self.steps += 1;
    }

    /// The time of the stream that is shown at `now`, not beyond the end of the frame shown.
    pub fn position(&self, now: Duration) -> Option<Duration> {
        let (time, duration) = self.shown?;
        let position = match self.clock {
            Clock::Unset => time,
            Clock::Running { stream, at } => stream + now.saturating_sub(at).mul_f64(self.speed),
            Clock::Paused { stream } => stream.unwrap_or(time),
        };
        Some(position.clamp(time, time + duration))
    }

    /// What has become of the frames.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Forgets what has become of the frames.
    pub fn reset_statistics(&mut self) {
        self.statistics = Statistics::default();
    }

    /// What to do at `now`.
    pub fn poll(&mut self, now: Duration) -> Decision<T> {
        match self.clock {
            Clock::Paused { .. } => self.step_on(now),
            Clock::Unset => match self.queue.pop_front() {
                Some(first) => {
                    self.clock = Clock::Running { stream: first.time, at: now };
                    self.hand_out(first, now, None)
                }
                None => Decision::Wait(None),
            },
            Clock::Running { .. } => self.play(now),
        }
    }

    /// The frame that was handed out last is on the display since `at`; for `held_up` of that time
    /// the display had no room for it, which an earlier start would not have changed.
    pub fn presented(&mut self, at: Duration, held_up: Duration) {
        let Some(pending) = self.pending.take() else { return };
        self.statistics.presented += 1;
        match pending.due {
            // The first one is due when it comes, and the clock goes by it.
            None => match (self.clock, self.shown) {
                (Clock::Running { stream, .. }, Some((time, _))) if stream == time => {
                    self.clock = Clock::Running { stream, at };
                }
                _ => {}
            },
            Some(due) => {
                let cost = at.saturating_sub(pending.at + held_up);
                self.cost = cost.max(self.cost.saturating_sub(self.cost / MEMORY));
                self.statistics.note(at.abs_diff(due));
                self.statistics.late += u64::from(at > due + self.refresh);
            }
        }
    }

    /// How long before it is due a frame is handed out: so that it is there for the refresh that is
    /// nearest to its time, and earlier where drawing takes longer, but by one refresh at most: it is
    /// not to be shown earlier than that.
    fn lead(&self) -> Duration {
        self.cost.clamp(self.refresh / 2, self.refresh)
    }

    fn hand_out(&mut self, frame: Timed<T>, at: Duration, due: Option<Duration>) -> Decision<T> {
        self.shown = Some((frame.time, frame.duration));
        self.pending = Some(Pending { at, due });
        Decision::Present(frame)
    }

    fn step_on(&mut self, now: Duration) -> Decision<T> {
        if self.steps == 0 {
            return Decision::Wait(None);
        }
        let Some(frame) = self.queue.pop_front() else { return Decision::Wait(None) };
        self.steps -= 1;
        self.clock = Clock::Paused { stream: Some(frame.time) };
        self.hand_out(frame, now, None)
    }

    /// When a frame of `time` is due, with a running clock.
    fn due(&self, time: Duration) -> Duration {
        match self.clock {
            // Without rounding where nothing is faster or slower.
            Clock::Running { stream, at } if self.speed == 1.0 => {
                (at + time).saturating_sub(stream)
            }
            Clock::Running { stream, at } if time >= stream => {
                at.saturating_add(self.lasts(time - stream))
            }
            Clock::Running { stream, at } => at.saturating_sub(self.lasts(stream - time)),
            _ => Duration::ZERO,
        }
    }

    fn play(&mut self, now: Duration) -> Decision<T> {
        let lead = self.lead();
        let reach = now + lead;
        self.begin_again();
        let Some(first) = self.queue.front() else { return Decision::Wait(None) };
        let mut due = self.due(first.time);
        if due > reach {
            return Decision::Wait(Some(due.saturating_sub(lead)));
        }
        let Some(mut frame) = self.queue.pop_front() else { return Decision::Wait(None) };
        while self
            .queue
            .front()
            .is_some_and(|next| next.time >= frame.time && self.due(next.time) <= reach)
        {
            let Some(next) = self.queue.pop_front() else { break };
            self.statistics.dropped += 1;
            frame = next;
            due = self.due(frame.time);
        }
        if now > due + STALL {
            self.statistics.stalls += 1;
            self.clock = Clock::Running { stream: frame.time, at: now };
        }
        self.hand_out(frame, now, Some(due))
    }

    /// Where the next frame is of an earlier time than the last, as after the end of a stream that
    /// is repeated: it is due when the last one has been shown for its duration.
    fn begin_again(&mut self) {
        let (Some(next), Some((time, duration))) = (self.queue.front(), self.shown) else { return };
        if next.time < time {
            self.clock = Clock::Running { stream: next.time, at: self.due(time + duration) };
            self.shown = Some((next.time, Duration::ZERO));
        }
    }
}

#[cfg(test)]
mod tests;

//! Times of output frames, as film grain tables count them.

use std::time::Duration;

use super::table;

/// When a frame is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameTime {
    /// Output frames before it, from the start of the stream.
    pub index: u64,
    /// Time since the first output frame, in ticks of [`table::TICKS_PER_SECOND`].
    pub ticks: u64,
}

impl FrameTime {
    /// The frame with this output `index`, shown `time` after the first.
    pub fn new(index: u64, time: Duration) -> Self {
        let per_tick = 1_000_000_000 / u128::from(table::TICKS_PER_SECOND);
        let ticks = u64::try_from(time.as_nanos() / per_tick).unwrap_or(u64::MAX);
        Self { index, ticks }
    }

    /// How many frames before this one the time `start` is, which is not after it: exact where all
    /// frames last equally long.
    pub(super) fn frames_since(self, start: u64) -> u64 {
        let (index, ticks) = (u128::from(self.index), u128::from(self.ticks.max(1)));
        let first = (index * u128::from(start) + ticks / 2) / ticks;
        self.index.saturating_sub(u64::try_from(first).unwrap_or(u64::MAX))
    }
}

/// Counts the output frames of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    time_base: (u32, u32),
    index: u64,
    first_pts: Option<i64>,
}

impl Clock {
    /// Seconds of a tick (numerator, denominator) where the container does not say it.
    pub const DEFAULT_TIME_BASE: (u32, u32) = (1, 25);

    /// At the start of a stream with this time base, if it has one.
    pub fn new(time_base: Option<(u32, u32)>) -> Self {
        let time_base = time_base.unwrap_or(Self::DEFAULT_TIME_BASE);
        Self { time_base, index: 0, first_pts: None }
    }

    /// Time of the next output frame, whose presentation time is `pts` ticks of the stream. Frames
    /// without one last a tick each. Times count from the first frame, as those of encoders do.
    pub fn frame(&mut self, pts: Option<i64>) -> FrameTime {
        let index = self.index;
        self.index += 1;
        let pts = pts.unwrap_or(i64::try_from(index).unwrap_or(i64::MAX));
        let first = *self.first_pts.get_or_insert(pts);
        let since = u64::try_from(pts.saturating_sub(first)).unwrap_or_default();
        FrameTime { index, ticks: table::ticks(since, self.time_base) }
    }

    /// One tick of the stream in ticks of a table.
    pub fn tick(&self) -> u64 {
        table::ticks(1, self.time_base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_ticks_of_streams_are_the_same_times() {
        for time_base in [(1, 30), (1001, 24000), (1, 25), (1, 90000), (1, 1000)] {
            let mut clock = Clock::new(Some(time_base));
            for pts in 0..5000_u64 {
                let nanos = pts * u64::from(time_base.0) * 1_000_000_000 / u64::from(time_base.1);
                let at = FrameTime::new(pts, Duration::from_nanos(nanos));
                assert_eq!(clock.frame(i64::try_from(pts).ok()), at);
            }
        }
    }
}

//! From the film grain of frames to a table.

use super::clock::FrameTime;
use super::table::{Segment, Table, tabled};
use av1_syntax::syntax::film_grain::FilmGrainParams;

/// When a segment ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seeds {
    /// At the next frame with other values, whatever the seeds: frames in the segment get seeds by
    /// the rule of encoders.
    #[default]
    Merged,
    /// Also where the seed is not what that rule gives: each frame keeps its seed.
    Kept,
}

/// Makes a table of frames in output order.
#[derive(Debug, Default)]
pub struct Timeline {
    seeds: Seeds,
    table: Table,
    /// The frame whose end is not known.
    last: Option<(FrameTime, FilmGrainParams)>,
    /// How long the frame before it lasts.
    duration: Option<u64>,
}

impl Timeline {
    /// No frames.
    pub fn new(seeds: Seeds) -> Self {
        Self { seeds, ..Self::default() }
    }

    /// A frame with `params`, which lasts until the next; of frames at the same time the last
    /// counts.
    pub fn frame(&mut self, at: FrameTime, params: &FilmGrainParams) {
        if let Some((last, params)) = self.last.take().filter(|(last, _)| last.ticks < at.ticks) {
            self.duration = Some(at.ticks - last.ticks);
            self.close(last, at.ticks, &params);
        }
        self.last = Some((at, *params));
    }

    /// The table. The last frame lasts as long as the one before it; an only frame lasts `alone`
    /// ticks.
    pub fn finish(mut self, alone: u64) -> Table {
        if let Some((last, params)) = self.last.take() {
            let duration = self.duration.unwrap_or(alone).max(1);
            self.close(last, last.ticks.saturating_add(duration), &params);
        }
        self.table
    }

    fn close(&mut self, at: FrameTime, end: u64, params: &FilmGrainParams) {
        if !params.apply_grain {
            return;
        }
        let params = tabled(params);
        let seeds = self.seeds;
        let goes_on = |segment: &&mut Segment| {
            let same = FilmGrainParams { grain_seed: segment.params.grain_seed, ..params };
            let seed = seeds == Seeds::Merged || segment.seed(at) == params.grain_seed;
            segment.end == at.ticks && segment.params == same && seed
        };
        match self.table.segments.last_mut().filter(goes_on) {
            Some(segment) => segment.end = end,
            None => self.table.segments.push(Segment { start: at.ticks, end, params }),
        }
    }
}

//! The head of a stream: its first units, and what they say of all of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::StreamInfo;
use vav1d::container::{self, Source, TemporalUnit};
use vav1d::error::{Error, Result, StreamError, StreamFault};
use vav1d::plan::Step;
use vav1d::plan::planner::PlannerOptions;
use vav1d::syntax::sequence::SequenceHeader;
use vav1d::units::Units;

/// How long a picture is shown where nothing says it: 25 a second.
const INTERVAL: Duration = Duration::from_millis(40);
/// Units that are read ahead at the start of a stream.
const HEAD_UNITS: usize = 3;
/// Bytes that are read at most on the way to the first frame.
const HEAD_BYTES: usize = 64 << 20;

/// The first units of a stream, and what they say.
pub(super) struct Head {
    pub(super) units: VecDeque<TemporalUnit>,
    /// Why there are no more.
    pub(super) fault: Option<Error>,
    /// Whether each of them that was decoded shows one picture.
    pub(super) shows_one_each: bool,
    sequence: Arc<SequenceHeader>,
    size: (u32, u32),
    render_size: (u32, u32),
}

impl Head {
    /// Reads the head of `source`.
    ///
    /// # Errors
    /// The source cannot be read, or has no frame that decoding can begin with.
    pub(super) fn read(source: &mut dyn Source, options: PlannerOptions) -> Result<Self> {
        let mut planning = Units::new(source, options);
        let (mut units, mut fault, mut first) = (VecDeque::new(), None, None);
        // A stream may begin with what cannot be decoded.
        let (mut bytes, mut cause, mut shown) = (0, None, 0);
        let mut shows_one_each = true;
        while first.is_none() || fault.is_none() && shown < HEAD_UNITS {
            if bytes >= HEAD_BYTES {
                break;
            }
            let mut steps = Vec::new();
            let Some(planned) = planning.next(&mut steps) else { break };
            match planned.unit {
                Some(unit) => {
                    bytes += unit.data.len();
                    shown += usize::from(!unit.is_hidden);
                    units.push_back(unit);
                    match planned.fault {
                        Some(Error::Stream(error)) => cause = cause.or(Some(error)),
                        Some(error) if first.is_none() => return Err(error),
                        _ => {}
                    }
                }
                None => fault = fault.or(planned.fault),
            }
            let shown = steps.iter().filter(|step| matches!(step, Step::Show(_))).count();
            let decoded = steps.into_iter().find_map(|step| match step {
                Step::Decode(plan) => Some(plan.header),
                _ => None,
            });
            first = first.or(decoded.zip(planning.planner().sequence().cloned()));
            shows_one_each &= first.is_none() || fault.is_some() || shown == 1;
        }
        let Some((header, sequence)) = first else {
            let nothing = || {
                let fault = StreamFault::Rule("there is no frame that decoding can begin with");
                StreamError::new(fault).section("7.6")
            };
            return Err(fault.unwrap_or_else(|| cause.unwrap_or_else(nothing).into()));
        };
        let size = &header.frame_size;
        Ok(Self {
            units,
            fault,
            shows_one_each,
            sequence,
            size: (size.upscaled_width, size.frame_height),
            render_size: (size.render_width, size.render_height),
        })
    }

    /// What is known of the stream by it.
    pub(super) fn info(
        &self,
        source: &dyn Source,
        (entry, name): (usize, &str),
        seekable: bool,
    ) -> StreamInfo {
        let info = source.info();
        let interval = self.interval(info.time_base, info.frame_rate);
        let pictures = if info.grid.is_some() { Some(1) } else { info.unit_count };
        let counted = pictures.and_then(|count| interval.checked_mul(u32::try_from(count).ok()?));
        StreamInfo {
            entry,
            name: name.to_owned(),
            container: info.container,
            size: info.grid.map_or(self.size, |grid| (grid.width, grid.height)),
            render_size: info.grid.map_or(self.render_size, |grid| (grid.width, grid.height)),
            sequence: Arc::clone(&self.sequence),
            time_base: info.time_base,
            interval,
            duration: info.duration.or(counted),
            pixel_aspect: info.pixel_aspect,
            rotation: info.rotation,
            is_mirrored: info.is_mirrored,
            crop: info.crop,
            others: source.others(),
            is_seekable: seekable,
        }
    }

    /// From presentation times to times since the first picture.
    pub(super) fn timing(&self, info: &StreamInfo) -> Timing {
        let (time_base, interval) = (info.time_base, info.interval);
        Timing { origin: self.origin(), time_base, interval }
    }

    /// Presentation time of the first unit, unless the container gives all units the same.
    fn origin(&self) -> Option<i64> {
        let first = self.units.iter().find(|unit| !unit.is_hidden)?.pts;
        let is_same = self.units.iter().all(|unit| unit.pts == first);
        first.filter(|_| self.units.len() < HEAD_UNITS || !is_same)
    }

    /// How long a picture is shown: by `timing_info()` (5.5.3) if all last as long, else by the
    /// first two, as exact as the container's rate is.
    fn interval(&self, time_base: Option<(u32, u32)>, rate: Option<(u32, u32)>) -> Duration {
        let coded = self.sequence.timing_info.and_then(|timing| {
            let ticks = u64::from(timing.num_ticks_per_picture_minus_1?) + 1;
            let units = ticks.checked_mul(u64::from(timing.num_units_in_display_tick))?;
            let seconds = units as f64 / f64::from(timing.time_scale);
            Duration::try_from_secs_f64(seconds).ok()
        });
        let mut times = self.units.iter().filter_map(|unit| unit.pts);
        let between = times.next().zip(times.next()).zip(time_base);
        let seen = between.map(|((a, b), base)| container::ticks(b.saturating_sub(a), base));
        // Times are rounded to ticks; the rate that the container says is not.
        let tick = time_base.map_or(Duration::ZERO, |base| container::ticks(1, base));
        let said = rate.map(|(pictures, seconds)| container::ticks(1, (seconds, pictures)));
        let said = said.filter(|said| seen.is_some_and(|seen| said.abs_diff(seen) <= tick));
        let known = coded.into_iter().chain(said).chain(seen);
        let known = known.into_iter().find(|interval| !interval.is_zero());
        known.unwrap_or(INTERVAL)
    }
}

/// From presentation times to times since the first picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    /// Presentation time of the first unit.
    origin: Option<i64>,
    time_base: Option<(u32, u32)>,
    interval: Duration,
}

impl Timing {
    /// When something of `pts` is shown, before which there are `outputs` pictures.
    pub(super) fn time(&self, pts: Option<i64>, outputs: u64) -> Duration {
        let known = || {
            let (pts, origin) = (pts?, self.origin?);
            Some(container::ticks(pts.saturating_sub(origin), self.time_base?))
        };
        known().unwrap_or_else(|| {
            let nanoseconds = self.interval.as_nanos() * u128::from(outputs);
            Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
        })
    }
}

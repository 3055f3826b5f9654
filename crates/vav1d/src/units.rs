//! A source and a planner: units in, steps out, with one policy for what is wrong.

use crate::container::{Source, TemporalUnit};
use crate::error::{Error, Result};
use crate::plan::Step;
use crate::plan::planner::{Planner, PlannerOptions};

/// What came of one look at the source. Its steps were appended; a fault is behind them.
#[derive(Debug)]
pub struct Planned {
    /// The unit; `None` where what is between two units cannot be read.
    pub unit: Option<TemporalUnit>,
    /// What is wrong.
    pub fault: Option<Error>,
}

/// Plans what a source gave, and says whether there can be more: a fault of the stream ends
/// nothing; what is not supported, a limit that was reached and what cannot be read do.
pub(crate) fn planned(
    planner: &mut Planner,
    read: Result<TemporalUnit>,
    steps: &mut Vec<Step>,
) -> (Planned, bool) {
    match read {
        Ok(unit) => {
            let fault = planner.unit(&unit, steps).map_err(Error::from).err();
            let goes_on = fault.as_ref().is_none_or(|fault| fault.stream().is_some());
            (Planned { unit: Some(unit), fault }, goes_on)
        }
        Err(fault) => {
            let goes_on = planner.lose(fault.stream(), steps);
            (Planned { unit: None, fault: Some(fault) }, goes_on)
        }
    }
}

/// Whether there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Going,
    AtEnd,
    /// Something has ended it before.
    Over,
}

/// The units of a source as they are, for those who plan nothing. A fault of the stream ends nothing,
/// as for [`Units`]; what cannot be read does.
pub struct Reading<'s> {
    source: &'s mut dyn Source,
    is_over: bool,
}

impl<'s> Reading<'s> {
    /// Those of `source`.
    pub fn new(source: &'s mut dyn Source) -> Self {
        Self { source, is_over: false }
    }

    /// The source, which may be gone back in.
    pub fn source(&mut self) -> &mut dyn Source {
        self.source
    }
}

impl Iterator for Reading<'_> {
    type Item = Result<TemporalUnit>;

    fn next(&mut self) -> Option<Result<TemporalUnit>> {
        if self.is_over {
            return None;
        }
        let read = self.source.next_unit().map_err(Error::from).transpose();
        self.is_over = match &read {
            None => true,
            Some(Err(error)) => error.stream().is_none(),
            Some(Ok(_)) => false,
        };
        read
    }
}

/// The units of a source, planned.
pub struct Units<'s> {
    source: &'s mut dyn Source,
    planner: Planner,
    state: State,
    is_thorough: bool,
}

impl<'s> Units<'s> {
    /// Those of `source`.
    pub fn new(source: &'s mut dyn Source, options: PlannerOptions) -> Self {
        let planner = Planner::new(options);
        Self { source, planner, state: State::Going, is_thorough: false }
    }

    /// The same, but a unit that is not supported or over a limit does not end it: for those who
    /// decode nothing.
    pub fn thorough(self) -> Self {
        Self { is_thorough: true, ..self }
    }

    /// The planner.
    pub fn planner(&mut self) -> &mut Planner {
        &mut self.planner
    }

    /// Reads and plans the next unit, or says why there is none; `None` when there is no more.
    pub fn next(&mut self, steps: &mut Vec<Step>) -> Option<Planned> {
        if self.state != State::Going {
            return None;
        }
        let read = match self.source.next_unit() {
            Ok(None) => {
                self.state = State::AtEnd;
                return None;
            }
            Ok(Some(unit)) => Ok(unit),
            Err(error) => Err(error.into()),
        };
        let (planned, goes_on) = planned(&mut self.planner, read, steps);
        if !(goes_on || self.is_thorough && planned.unit.is_some()) {
            self.state = State::Over;
        }
        Some(planned)
    }

    /// Plans what is left when no more is wanted: everything that is still held is shown or
    /// released. The fault, if the source is at its end and the last frame is not whole.
    pub fn finish(&mut self, steps: &mut Vec<Step>) -> Option<Error> {
        let unfinished = self.planner.finish(steps).map_err(Error::from).err();
        let is_at_end = self.state == State::AtEnd;
        self.state = State::Over;
        unfinished.filter(|_| is_at_end)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;

    use super::*;
    use crate::container::{self, Position, SourceInfo};
    use crate::error::{StreamError, StreamFault};
    use crate::limits::Limits;
    use crate::obu::Framing;

    /// A source of what it is given.
    struct Given(VecDeque<container::error::Result<TemporalUnit>>);

    impl Source for Given {
        fn info(&self) -> SourceInfo {
            SourceInfo::new("test")
        }

        fn next_unit(&mut self) -> container::error::Result<Option<TemporalUnit>> {
            self.0.pop_front().transpose()
        }

        fn position(&self) -> Option<Position> {
            None
        }

        fn seek(&mut self, _: Position) -> container::error::Result<()> {
            Err(io::Error::from(io::ErrorKind::Unsupported).into())
        }
    }

    /// A picture of one sample.
    const ONE: [u8; 32] = [
        0x12, 0x00, 0x0a, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x6d, 0x7c, 0xc0, 0x20, 0x32, 0x11,
        0x10, 0x00, 0xc0, 0x00, 0x00, 0x02, 0x80, 0x00, 0x00, 0x00, 0xb0, 0x13, 0x4f, 0xca, 0xfa,
        0x15, 0x80,
    ];
    fn unit(data: &[u8]) -> container::error::Result<TemporalUnit> {
        Ok(TemporalUnit::new(0, data, Framing::Section5))
    }

    fn lost() -> container::error::Result<TemporalUnit> {
        Err(StreamError::new(StreamFault::Container("a hole")).into())
    }

    fn unreadable() -> container::error::Result<TemporalUnit> {
        Err(io::Error::other("no disk").into())
    }

    /// Units, pictures that are shown, and faults.
    fn counts(
        given: Vec<container::error::Result<TemporalUnit>>,
        is_thorough: bool,
    ) -> (usize, usize, Vec<String>) {
        let mut source = Given(given.into());
        let limits = Limits { unit_frames: 1, ..Limits::default() };
        let options = PlannerOptions { limits, ..PlannerOptions::default() };
        let units = Units::new(&mut source, options);
        let mut units = if is_thorough { units.thorough() } else { units };
        let (mut steps, mut count, mut faults) = (Vec::new(), 0, Vec::new());
        while let Some(planned) = units.next(&mut steps) {
            count += usize::from(planned.unit.is_some());
            faults.extend(planned.fault.map(|fault| fault.to_string()));
        }
        assert!(units.next(&mut steps).is_none());
        faults.extend(units.finish(&mut steps).map(|fault| fault.to_string()));
        (count, steps.iter().filter(|s| matches!(s, Step::Show(_))).count(), faults)
    }

    #[test]
    fn faults_of_the_stream_end_nothing_and_others_do() {
        let holes = vec![unit(&ONE), lost(), unit(&ONE), unit(&ONE[..20]), unit(&ONE)];
        let (units, shown, faults) = counts(holes, false);
        assert_eq!((units, shown, faults.len()), (4, 3, 2), "{faults:?}");
        let (units, shown, faults) = counts(vec![unit(&ONE), unreadable(), unit(&ONE)], true);
        assert_eq!((units, shown, faults), (1, 1, vec!["no disk".to_owned()]));
    }

    #[test]
    fn who_plans_nothing_reads_as_far() {
        let given = vec![unit(&ONE), lost(), unit(&ONE), unreadable(), unit(&ONE)];
        let mut source = Given(given.into());
        let read: Vec<_> = Reading::new(&mut source).map(|unit| unit.is_ok()).collect();
        assert_eq!(read, [true, false, true, false]);
    }

    #[test]
    fn a_limit_ends_it_unless_all_is_to_be_seen() {
        // Two frames in a unit, where one is allowed.
        let two = [&ONE[..], &ONE[13..]].concat();
        for (is_thorough, expected) in [(false, (2, 2)), (true, (3, 3))] {
            let given = vec![unit(&ONE), unit(&two), unit(&ONE)];
            let (units, shown, faults) = counts(given, is_thorough);
            assert_eq!((units, shown, faults.len()), (expected.0, expected.1, 1), "{faults:?}");
        }
    }

    #[test]
    fn a_frame_that_is_not_whole_is_said_at_the_end() {
        // The frame header and no tile group.
        let header = [&ONE[..13], &[0x1a, 0x0a][..], &ONE[15..25]].concat();
        let (units, shown, faults) = counts(vec![unit(&header)], false);
        assert_eq!((units, shown), (1, 0));
        assert!(faults.len() == 1, "{faults:?}");
    }
}

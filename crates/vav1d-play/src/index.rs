//! Where decoding can start: random access points (specification 7.6), from the container's index,
//! or found by reading on.

use std::collections::HashSet;

use super::scan::Scanner;
use vav1d::container::{Position, Source};
use vav1d::error::Result;
use vav1d::plan::planner::PlannerOptions;
use vav1d::units::Reading;

/// A unit that decoding can start at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccessPoint {
    pub(super) position: Position,
    pub(super) pts: Option<i64>,
    /// Pictures that are output before it.
    pub(super) outputs: u64,
    /// Frames that are decoded before it, if it is known.
    pub(super) frames: Option<u64>,
}

/// The random access points of a source, as far as they are known.
#[derive(Debug)]
pub(super) struct Index {
    /// In the order of the stream; the first is its start.
    points: Vec<AccessPoint>,
    /// What is not known is found from here on; `None` once all is known.
    scan: Option<Scan>,
    /// Whether the container's index is still to be asked for.
    ask: bool,
    /// The last unit that was read, and the pictures before it.
    last: Option<(Option<i64>, u64)>,
    /// Whether every unit is one picture.
    counts_units: bool,
}

/// How far the stream has been read for its index.
#[derive(Debug)]
struct Scan {
    position: Position,
    scanner: Scanner,
    outputs: u64,
    frames: u64,
    /// Units that the container calls keys.
    keys: HashSet<u64>,
}

impl Index {
    /// Of a source that starts at `start`.
    pub(super) fn new(
        start: Position,
        options: PlannerOptions,
        source: &dyn Source,
        counts_units: bool,
    ) -> Self {
        let scanner = Scanner::new(options);
        let first = AccessPoint { position: start, pts: None, outputs: 0, frames: Some(0) };
        let (outputs, frames, keys) = (0, 0, HashSet::new());
        Self {
            points: vec![first],
            scan: Some(Scan { position: start, scanner, outputs, frames, keys }),
            ask: source.has_index(),
            last: None,
            counts_units,
        }
    }

    /// Whether every unit is one picture, as far as one can tell without reading it: a temporal
    /// unit shows one picture of each spatial layer (7.5), and operating points may leave some out.
    pub(super) fn counts_units(source: &dyn Source, options: &PlannerOptions) -> bool {
        let is_plain = !options.all_layers && options.operating_point == 0;
        source.has_index() && is_plain && source.info().grid.is_none()
    }

    /// The access points up to the first for which `is_beyond` holds, or all; the last of them is
    /// where decoding of what is before that starts. Where `is_asked` says that something else is
    /// wanted, those that are known until then. The source is where it was.
    ///
    /// # Errors
    /// The source cannot be read or gone back in. A fault of the stream ends the index.
    pub(super) fn up_to(
        &mut self,
        source: &mut dyn Source,
        is_beyond: impl Fn(&AccessPoint) -> bool,
        is_asked: &dyn Fn() -> bool,
    ) -> Result<&[AccessPoint]> {
        if std::mem::take(&mut self.ask) {
            self.ask_container(source)?;
        }
        let known = |points: &[AccessPoint]| points.iter().skip(1).position(&is_beyond);
        if known(&self.points).is_none() && self.scan.is_some() {
            let here = source.position();
            let scanned = self.read_on(source, &is_beyond, is_asked);
            if let Some(here) = here {
                source.seek(here)?;
            }
            scanned?;
        }
        let end = known(&self.points).map_or(self.points.len(), |beyond| beyond + 1);
        Ok(self.points.get(..end).unwrap_or_default())
    }

    /// Presentation time of the last unit and the pictures before it, if reading the whole stream
    /// is over before `is_asked` says that something else is wanted. The source is where it was.
    ///
    /// # Errors
    /// As [`Self::up_to`].
    pub(super) fn last(
        &mut self,
        source: &mut dyn Source,
        is_asked: &dyn Fn() -> bool,
    ) -> Result<Option<(Option<i64>, u64)>> {
        self.up_to(source, |_| false, is_asked)?;
        Ok(self.last.filter(|_| self.scan.is_none()))
    }

    fn ask_container(&mut self, source: &mut dyn Source) -> Result<()> {
        let Some(entries) = source.index()? else { return Ok(()) };
        if !self.counts_units {
            let keys = entries.iter().filter(|entry| entry.is_key);
            if let Some(scan) = &mut self.scan {
                scan.keys = keys.map(|entry| entry.position.unit).collect();
            }
            return Ok(());
        }
        let mut outputs = 0;
        for entry in &entries {
            if entry.is_key && entry.position.unit > 0 {
                let (position, pts) = (entry.position, entry.pts);
                self.points.push(AccessPoint { position, pts, outputs, frames: None });
            }
            outputs += u64::from(!entry.is_hidden);
        }
        self.scan = None;
        Ok(())
    }

    /// Reads the source on until a point is beyond, or something else is wanted.
    fn read_on(
        &mut self,
        source: &mut dyn Source,
        is_beyond: impl Fn(&AccessPoint) -> bool,
        is_asked: &dyn Fn() -> bool,
    ) -> Result<()> {
        let Some(mut scan) = self.scan.take() else { return Ok(()) };
        source.seek(scan.position)?;
        // What cannot be read ends the stream here as it does in playing.
        let mut reading = Reading::new(source);
        while let Some(read) = reading.next() {
            let Ok(unit) = read else { continue };
            let facts = scan.scanner.unit(&unit);
            let is_key = facts.is_access_point || scan.keys.contains(&unit.index);
            scan.outputs += facts.before;
            let mut is_enough = false;
            if is_key && unit.index > 0 {
                let point = AccessPoint {
                    position: scan.position,
                    pts: unit.pts,
                    outputs: scan.outputs,
                    frames: Some(scan.frames),
                };
                is_enough = is_beyond(&point);
                self.points.push(point);
            }
            self.last = Some((unit.pts, scan.outputs))
                .filter(|_| facts.outputs > 0 || scan.scanner.is_waiting())
                .or(self.last);
            scan.outputs += facts.outputs;
            scan.frames += facts.frames;
            match reading.source().position() {
                Some(position) => scan.position = position,
                None => break,
            }
            if is_enough || is_asked() {
                self.scan = Some(scan);
                break;
            }
        }
        Ok(())
    }
}

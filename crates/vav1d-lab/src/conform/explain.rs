//! What `vav1d compare` says of a vector with wrong pictures.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::child::{self, Limits, Program, Talk};
use super::record::{Area, Explained, Record};
use crate::compare::State;
use crate::wire::compare::{Comparison, Verdict};
use crate::wire::results;
use crate::words::counted;

/// Runs `vav1d compare` for `record`; images go into `folder`, if there is one. `None` if it cannot be run, or says
/// nothing.
pub fn explain(
    program: &Program,
    record: &Record,
    folder: Option<&Path>,
    stop: &AtomicBool,
) -> Option<Explained> {
    let mut command = child::command(&program.path);
    command.args(["-q", "compare", "--spare-plants", "--device", &program.device]);
    if let Some(folder) = folder {
        command.arg("--png").arg(folder);
    }
    let seconds = program.frame_timeout.as_secs_f64().max(0.001).to_string();
    command.args(["--device-timeout", &seconds]);
    command.args(&record.options).args(&program.arguments).arg("--").arg(&record.input);
    let _turn = program.turns.take();
    let limits = Limits { silence: program.timeout, all: program.timeout };
    let (_, told) = Talk::start(command, None).ok()?.listen(limits, stop, &mut |_| {}).ok()?;
    let verdicts: Vec<Verdict> = told.others("verdict").collect();
    let comparison: Comparison = told.others("comparison").next()?;
    let mut explained = Explained::default();
    for verdict in &verdicts {
        for &index in &verdict.outputs {
            if explained.outputs.len() <= index {
                explained.outputs.resize(index + 1, State::Unjudged.word());
            }
            let grain = verdict.film_grain.as_ref();
            let grained = grain.is_some_and(|grain| grain.outputs.contains(&index));
            let state = if grained { State::Wrong } else { verdict.state };
            *explained.outputs.get_mut(index)? = state.word();
        }
    }
    explained.first = comparison.first_wrong;
    explained.shared = comparison.shared_features.into_iter().map(|s| s.feature).collect();
    if let Some(first) = explained.first {
        let verdict = verdicts.iter().find(|verdict| verdict.frame == first)?;
        explained.text = line(verdict);
        explained.place(verdict);
        let name = |what: &str| format!("frame-{first:04}-{what}.png");
        let images = ["is", "should-be", "difference"].map(name);
        let images = images.iter().filter_map(|name| Some(folder?.join(name)));
        explained.images = images.filter(|path| path.is_file()).collect();
    }
    Some(explained)
}

impl Explained {
    /// What is wrong in the first bad frame, as results have it.
    pub fn difference(&self) -> results::Difference {
        let block = self.block.map(|Area { x, y, size, picture: (width, height) }| {
            results::Block { x, y, size, width, height }
        });
        results::Difference {
            planes: self.planes.clone(),
            film_grain: self.is_film_grain,
            max: self.most,
            block,
            shared_features: self.shared.clone(),
        }
    }

    /// Takes it back from results.
    pub fn with_difference(mut self, difference: results::Difference) -> Self {
        let block = difference.block.map(|results::Block { x, y, size, width, height }| Area {
            x,
            y,
            size,
            picture: (width, height),
        });
        (self.planes, self.shared) = (difference.planes, difference.shared_features);
        (self.is_film_grain, self.most) = (difference.film_grain, difference.max);
        self.block = block;
        self
    }

    /// Takes from `verdict`, of the first wrong frame, what is wrong in it.
    fn place(&mut self, verdict: &Verdict) {
        let (difference, is_grain) = verdict.differs();
        self.is_film_grain = is_grain;
        for plane in difference.iter().flat_map(|difference| difference.planes()) {
            self.planes.push(plane.plane.clone());
            self.most = self.most.max(plane.max.into());
        }
        let first = difference.and_then(|difference| difference.first());
        self.block = first.map(|block| Area {
            x: block.x,
            y: block.y,
            size: block.size,
            picture: (verdict.width, verdict.height),
        });
    }
}

/// Frame, type, plane and block of a wrong frame.
fn line(verdict: &Verdict) -> String {
    let (difference, is_grain) = verdict.differs();
    let what = if is_grain { " (film grain alone)" } else { "" };
    let planes = difference.iter().flat_map(|difference| difference.planes()).map(|plane| {
        let samples = counted(plane.differing, "sample");
        format!("{} {samples} by {} at most", plane.plane, plane.max)
    });
    let planes = planes.collect::<Vec<_>>().join("; ");
    let mut text = format!("frame {}, {}{what}: {planes}", verdict.frame, verdict.frame_type);
    if let Some(first) = difference.and_then(|difference| difference.first()) {
        let (row, column, tile) = (first.row, first.column, first.tile);
        text += &format!("; superblock row {row}, column {column}, tile {tile}");
    }
    text
}

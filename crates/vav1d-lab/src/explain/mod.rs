//! Which single wrong value, and which stage of decoding, makes a driver's wrong picture: the frame
//! is decoded again by the software driver's engine, from right references, with one thing changed
//! at a time. The driver is not asked again: its picture was recorded.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod change;
mod changes;
mod distance;
mod frames;
mod motion;
mod plausible;
mod stage;
pub mod suite;
mod told;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use av1_engine::{Fault, Reconstructor};
use vav1d::container::Source;
use vav1d::pixels::Picture;
use vav1d::plan::planner::PlannerOptions;

use crate::compare::REFERENCE_NAMES;
use change::{Change, Scope};
use distance::Distance;
use frames::Frames;

/// A stage of decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Entropy decoding, prediction and residual.
    Prediction,
    /// The deblocking filter.
    Deblocking,
    /// The constrained directional enhancement filter.
    Cdef,
    /// Upscaling.
    Superres,
    /// Loop restoration.
    Restoration,
    /// Film grain synthesis.
    FilmGrain,
}

impl Stage {
    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prediction => "prediction and residual",
            Self::Deblocking => "deblocking",
            Self::Cdef => "CDEF",
            Self::Superres => "superres",
            Self::Restoration => "restoration",
            Self::FilmGrain => "film grain",
        }
    }
}

/// A picture that is wrong, though what it was decoded from is right.
#[derive(Clone, Copy, Debug)]
pub struct Wrong<'a> {
    /// Frame in decoding order, from 0.
    pub frame: u64,
    /// What the driver made of it.
    pub picture: &'a Picture,
    /// It is right before film grain, and this is with it.
    pub grain: bool,
}

/// A change, and how near it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `StdVideoAV1LoopFilter`.
    pub structure: &'static str,
    /// `loop_filter_ref_deltas[1]`.
    pub member: String,
    /// What it is.
    pub right: String,
    /// What it would be taken as.
    pub taken: String,
    /// `one more`, `that of the frame decoded before`.
    pub why: &'static str,
    /// Where it has its effect.
    pub stage: Stage,
    /// Samples in which the picture with the change differs from the driver's; 0 if it is that.
    pub differing: u64,
}

/// What was found out about a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Frame in decoding order.
    pub frame: u64,
    /// Samples in which the driver's picture differs from the right one.
    pub differing: u64,
    /// Changes that make the driver's picture, to the sample.
    pub exact: Vec<Finding>,
    /// Without such a one: that which comes nearest, and nearer than no change.
    pub nearest: Option<Finding>,
    /// The stage, and what tells it.
    pub stage: Option<(Stage, String)>,
    /// Changes that were tried.
    pub tried: usize,
    /// Those of them that no stream can have, or whose tiles could not be decoded.
    pub refused: usize,
    /// There was time for all of them.
    pub complete: bool,
}

/// Explains `wrong`, a picture of `source`, within `budget`, about. `each` hears how many changes
/// were tried.
///
/// # Errors
/// Why nothing can be said: the frame is not there, or cannot be decoded from right references, or
/// the engine makes the driver's picture.
pub fn explain(
    source: &mut dyn Source,
    planner: PlannerOptions,
    wrong: Wrong<'_>,
    budget: Duration,
    each: &mut dyn FnMut(usize),
) -> Result<Explanation, String> {
    let end = Instant::now() + budget;
    let frames = Frames::read(source, planner, wrong.frame, wrong.grain)
        .ok_or_else(|| format!("frame {} cannot be read again", wrong.frame))?;
    let mut search = Search::new(&frames, wrong).map_err(|fault| {
        format!("softvk does not decode frame {} by itself: {fault}", wrong.frame)
    })?;
    if search.base.differing == 0 {
        return Err(format!(
            "softvk decodes frame {} as the driver did: what it was compared with is another",
            wrong.frame
        ));
    }
    let mut complete = search.all(changes::all(&frames, wrong.grain), end, each);
    // Of what comes near, each other value.
    for path in search.promising() {
        complete &=
            !search.exact.is_empty() || search.all(changes::sweep(&frames, &path), end, each);
    }
    let Search { base, exact, nearest, tried, refused, .. } = search;
    let told = exact.first().map(|found| (found.stage, "by the member".to_owned()));
    let stage = match told {
        Some(told) => Some(told),
        None if wrong.grain => {
            Some((Stage::FilmGrain, "the picture is right before film grain".to_owned()))
        }
        None => {
            each(tried);
            let near = nearest.as_ref().filter(|(sum, _)| sum * 4 < base.sum);
            stage::by_filters(&frames, wrong.picture, near.map(|(_, found)| found))
        }
    };
    let nearest = nearest.filter(|_| exact.is_empty()).map(|(_, found)| found);
    Ok(Explanation {
        frame: wrong.frame,
        differing: base.differing,
        exact,
        nearest,
        stage,
        tried,
        refused,
        complete,
    })
}

/// A search under way.
struct Search<'f> {
    frames: &'f Frames,
    wrong: Wrong<'f>,
    recon: Reconstructor,
    /// Samples in which the right picture differs.
    base: Distance,
    /// By member, how near a picture with another value of it came.
    near: BTreeMap<String, u64>,
    exact: Vec<Finding>,
    /// What came nearest, and how near.
    nearest: Option<(u64, Finding)>,
    tried: usize,
    refused: usize,
}

impl<'f> Search<'f> {
    fn new(frames: &'f Frames, wrong: Wrong<'f>) -> Result<Self, Fault> {
        let mut recon = frames.session()?;
        let right = frames.target.decode(&frames.trial(), &mut recon)?;
        let base = Distance::of(shown(&right), wrong.picture);
        let (exact, nearest, near) = (Vec::new(), None, BTreeMap::new());
        Ok(Self { frames, wrong, recon, base, near, exact, nearest, tried: 0, refused: 0 })
    }

    /// Tries `changes`; whether there was time for all.
    fn all(&mut self, changes: Vec<Change>, end: Instant, each: &mut dyn FnMut(usize)) -> bool {
        for change in changes {
            if Instant::now() > end {
                return false;
            }
            self.attempt(&change);
            each(self.tried);
        }
        true
    }

    /// The members of which another value came nearest.
    fn promising(&self) -> Vec<String> {
        const MOST: usize = 3;
        let mut near: Vec<_> = self.near.iter().filter(|(_, sum)| **sum < self.base.sum).collect();
        near.sort_by_key(|(_, sum)| **sum);
        let near = near.into_iter().take(MOST).map(|(path, _)| path.clone());
        near.chain(["OrderHint".to_owned()]).collect()
    }

    /// Decodes with `change`, and keeps it if it is exact, or nearer than all before.
    fn attempt(&mut self, change: &Change) {
        // What takes many decodes is for when nothing else was found.
        let long = matches!(change.scope, Scope::Sequence | Scope::Reference(_));
        if long && !self.exact.is_empty() {
            return;
        }
        self.tried += 1;
        let decoded = match change.scope {
            Scope::Frame => self.frame(change),
            Scope::Sequence => self.sequence(change),
            Scope::Reference(frame) | Scope::Saved(frame) => self.reference(change, frame),
        };
        let Ok(decoded) = decoded else {
            self.refused += 1;
            return;
        };
        let distance = Distance::of(shown(&decoded), self.wrong.picture);
        let Distance { differing, sum } = distance;
        if change.scope == Scope::Frame {
            let near = self.near.entry(change.member.clone()).or_insert(sum);
            *near = sum.min(*near);
        }
        let found = Finding {
            structure: change.structure,
            member: change.member.clone(),
            right: change.right.clone(),
            taken: change.taken.clone(),
            why: change.why,
            stage: change.stage,
            differing,
        };
        if differing == 0 {
            self.exact.push(found);
        } else if self.nearest.as_ref().map_or(self.base.sum, |(nearest, _)| *nearest) > sum {
            self.nearest = Some((sum, found));
        }
    }

    fn frame(&mut self, change: &Change) -> Result<av1_engine::Decoded, Fault> {
        let mut job = self.frames.trial();
        change.apply(&mut job);
        let decoded = self.frames.target.decode(&job, &mut self.recon);
        if matches!(decoded, Err(Fault::Panicked)) {
            self.recon = self.frames.session()?;
        }
        decoded
    }

    /// All frames have the changed sequence header.
    fn sequence(&self, change: &Change) -> Result<av1_engine::Decoded, Fault> {
        let mut recons = [Reconstructor::with_threads(self.frames.profile, frames::SLOTS, 1)?];
        self.frames.before(&mut recons, |coded, recons| {
            let mut job = coded.job.clone();
            change.apply(&mut job);
            recons.iter_mut().try_for_each(|recon| coded.decode(&job, recon).map(|_| ()))
        })?;
        let mut job = self.frames.trial();
        change.apply(&mut job);
        let [mut recon] = recons;
        self.frames.target.decode(&job, &mut recon)
    }

    /// Frame `reference` has the change, and its right samples all the same.
    fn reference(&self, change: &Change, reference: u64) -> Result<av1_engine::Decoded, Fault> {
        let open = || Reconstructor::with_threads(self.frames.profile, frames::SLOTS, 1);
        let mut recons = [open()?, open()?];
        self.frames.before(&mut recons, |coded, recons| {
            let [right, changed] = recons else { return Ok(()) };
            let decoded = coded.decode(&coded.job, right)?;
            let mut job = coded.job.clone();
            if coded.frame == reference {
                change.apply(&mut job);
            }
            coded.decode(&job, changed)?;
            match coded.job.setup_slot.filter(|_| coded.frame == reference) {
                Some(slot) => changed.overwrite(slot, &distance::samples(&decoded.clean)),
                None => Ok(()),
            }
        })?;
        let [_, mut changed] = recons;
        self.frames.target.decode(&self.frames.trial(), &mut changed)
    }
}

/// What a driver puts out.
fn shown(decoded: &av1_engine::Decoded) -> &av1_engine::Frame {
    decoded.grained.as_ref().unwrap_or(&decoded.clean)
}

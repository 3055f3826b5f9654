//! Which single wrong value, and which stage of decoding, makes a driver's wrong picture: the frame
//! is decoded again by the software driver's engine, from right references, with one thing changed
//! at a time. The driver is not asked again: its picture was recorded.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod changes;
mod distance;
mod frames;
mod motion;
mod plausible;
mod stage;

use std::time::{Duration, Instant};

use av1_engine::{Fault, Reconstructor};
use vav1d::container::Source;
use vav1d::pixels::Picture;
use vav1d::plan::planner::PlannerOptions;

use crate::compare::REFERENCE_NAMES;
use changes::{Change, Scope};
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
    if search.base == 0 {
        return Err(format!(
            "softvk decodes frame {} as the driver did: what it was compared with is another",
            wrong.frame
        ));
    }
    let mut complete = true;
    for change in changes::all(&frames, wrong.grain) {
        if Instant::now() > end {
            complete = false;
            break;
        }
        search.attempt(&change);
        each(search.tried);
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
            stage::by_filters(
                &frames,
                wrong.picture,
                nearest.as_ref().filter(|n| n.differing * 4 < base),
            )
        }
    };
    let nearest = nearest.filter(|_| exact.is_empty());
    Ok(Explanation {
        frame: wrong.frame,
        differing: base,
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
    base: u64,
    exact: Vec<Finding>,
    nearest: Option<Finding>,
    tried: usize,
    refused: usize,
}

impl<'f> Search<'f> {
    fn new(frames: &'f Frames, wrong: Wrong<'f>) -> Result<Self, Fault> {
        let mut recon = frames.session()?;
        let right = frames.target.decode(&frames.trial(), &mut recon)?;
        let base = Distance::of(shown(&right), wrong.picture).differing;
        let (exact, nearest) = (Vec::new(), None);
        Ok(Self { frames, wrong, recon, base, exact, nearest, tried: 0, refused: 0 })
    }

    /// Decodes with `change`, and keeps it if it is exact, or nearer than all before.
    fn attempt(&mut self, change: &Change) {
        // What takes many decodes is for when nothing else was found.
        if change.scope != Scope::Frame && !self.exact.is_empty() {
            return;
        }
        self.tried += 1;
        let decoded = match change.scope {
            Scope::Frame => self.frame(change),
            Scope::Sequence => self.sequence(change),
            Scope::Reference(frame) => self.reference(change, frame),
        };
        let Ok(decoded) = decoded else {
            self.refused += 1;
            return;
        };
        let distance = Distance::of(shown(&decoded), self.wrong.picture);
        let differing = distance.differing;
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
        } else if self.nearest.as_ref().map_or(self.base, |n| n.differing) > differing {
            self.nearest = Some(found);
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

//! `vav1d compare --explain`: what single wrong value, and which stage, makes the first wrong picture.

use std::io::{self, Write};

use serde_json::{Value, json};
use vav1d::pixels::Picture;
use vav1d_lab::compare::{Node, State, Verdict};

/// The first wrong picture, as the driver left it.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "soft"), expect(dead_code, reason = "softvk's engine looks at it"))]
pub(super) struct Kept {
    /// Frame in decoding order.
    pub(super) frame: u64,
    pub(super) picture: Picture,
    /// It is wrong by its film grain.
    pub(super) grain: bool,
}

impl Kept {
    /// Keeps `new` in place of what there is, if it comes earlier in decoding order.
    pub(super) fn keep(there: &mut Option<Self>, new: impl FnOnce() -> Self, frame: u64) {
        if there.as_ref().is_none_or(|kept| frame < kept.frame) {
            *there = Some(new());
        }
    }
}

/// That the picture of `node` may be wrong by references that nobody has looked at.
pub(super) fn doubt(node: &Node, verdicts: &[Verdict]) -> Option<String> {
    let unjudged = |frame: &u64| {
        let verdict = usize::try_from(*frame).ok().and_then(|at| verdicts.get(at));
        verdict.is_some_and(|verdict| verdict.state == State::Unjudged)
    };
    let mut frames: Vec<_> = node.references.into_iter().flatten().filter(unjudged).collect();
    frames.sort_unstable();
    frames.dedup();
    let frames: Vec<_> = frames.iter().map(u64::to_string).collect();
    let (frame, list) = (node.frame, frames.join(", "));
    (!frames.is_empty()).then(|| {
        format!("frame {frame} refers to frame {list}, not judged: its error may come from there")
    })
}

/// An explanation, or why there is none.
#[cfg(feature = "soft")]
pub(super) type Explained = Result<vav1d_lab::explain::Explanation, String>;
/// Why there is none.
#[cfg(not(feature = "soft"))]
pub(super) type Explained = Result<std::convert::Infallible, String>;

/// The picture's explanation; `each` hears of progress.
#[cfg(feature = "soft")]
pub(super) fn of(
    kept: &Kept,
    pipeline: &super::args::PipelineArgs,
    each: &mut dyn FnMut(usize),
) -> Explained {
    use vav1d_lab::explain::{Wrong, explain};
    /// Time for single changes; what tells the stage comes on top.
    const BUDGET: std::time::Duration = std::time::Duration::from_secs(40);
    let mut source = super::input::open(&pipeline.input).map_err(|failure| failure.text())?;
    let wrong = Wrong { frame: kept.frame, picture: &kept.picture, grain: kept.grain };
    explain(&mut *source, super::options::planner(&pipeline.layers), wrong, BUDGET, each)
}

/// The software driver is not in this program.
#[cfg(not(feature = "soft"))]
pub(super) fn of(_: &Kept, _: &super::args::PipelineArgs, _: &mut dyn FnMut(usize)) -> Explained {
    Err("this vav1d is built without softvk, which explains".to_owned())
}

/// Writes it for people.
#[cfg(feature = "soft")]
pub(super) fn write_text(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    use vav1d_lab::explain::Finding;
    let told = match explained {
        Ok(told) => told,
        Err(why) => return writeln!(out, "no explanation: {why}"),
    };
    let text = |found: &Finding| {
        let Finding { structure, member, right, taken, why, .. } = found;
        let why = if why == taken { String::new() } else { format!(" ({why})") };
        format!("{structure}::{member} is {right}, taken as {taken}{why}")
    };
    writeln!(out, "explanation of frame {}:", told.frame)?;
    let mut exact = told.exact.iter();
    if let Some(found) = exact.next() {
        writeln!(out, "   {}: gives exactly the driver's picture", text(found))?;
        for found in exact.by_ref().take(5) {
            writeln!(out, "   so does: {}", text(found))?;
        }
        let more = exact.count();
        if more > 0 {
            writeln!(out, "   and {more} more")?;
        }
    } else {
        writeln!(
            out,
            "   no single wrong value of those that were tried gives the driver's picture"
        )?;
        match &told.nearest {
            Some(found) => writeln!(
                out,
                "   nearest: {}: {} samples differ from the driver's picture; those of the right \
                 picture are {}",
                text(found),
                found.differing,
                told.differing
            )?,
            None => writeln!(out, "   and none comes nearer to it than the right picture")?,
        }
    }
    match &told.stage {
        Some((stage, why)) => writeln!(out, "   stage: {} ({why})", stage.word())?,
        None => writeln!(out, "   stage: cannot be told")?,
    }
    let rest = if told.complete { "" } else { "; there was no time for the others" };
    let (tried, refused) = (told.tried, told.refused);
    writeln!(out, "   {tried} changes tried, of which {refused} cannot be decoded{rest}")
}

/// Writes why there is none.
#[cfg(not(feature = "soft"))]
pub(super) fn write_text(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    match explained {
        Ok(none) => match *none {},
        Err(why) => writeln!(out, "no explanation: {why}"),
    }
}

/// The same for programs.
#[cfg(feature = "soft")]
pub(super) fn to_json(explained: &Explained) -> Value {
    use vav1d_lab::explain::Finding;
    let finding = |found: &Finding| {
        json!({
            "structure": found.structure,
            "member": found.member,
            "right": found.right,
            "taken": found.taken,
            "why": found.why,
            "stage": found.stage.word(),
            "differing": found.differing,
        })
    };
    match explained {
        Err(why) => json!({ "error": why }),
        Ok(told) => json!({
            "frame": told.frame,
            "differing": told.differing,
            "exact": told.exact.iter().map(finding).collect::<Vec<_>>(),
            "nearest": told.nearest.as_ref().map(finding),
            "stage": told.stage.as_ref().map(|(stage, _)| stage.word()),
            "stage_by": told.stage.as_ref().map(|(_, why)| why),
            "tried": told.tried,
            "refused": told.refused,
            "complete": told.complete,
        }),
    }
}

/// Why there is none.
#[cfg(not(feature = "soft"))]
pub(super) fn to_json(explained: &Explained) -> Value {
    match explained {
        Ok(none) => match *none {},
        Err(why) => json!({ "error": why }),
    }
}

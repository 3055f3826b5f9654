//! `vav1d compare`: which frames, planes and blocks of a decode are wrong, and where it began.

use super::against::{Against, Right, Rights};
use super::args::{CompareArgs, FilmGrain, PipelineArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::Notices;
use super::pipeline::Pipeline;
use super::{compare_report, input, options};
use crate::compare::difference::{Difference, difference};
use crate::compare::shared::shared;
use crate::compare::trace::Wanted;
use crate::compare::{Graph, Judge, Next, Node, State, Traced, Verdict, images};
use crate::sink::md5_hex;
use crate::vk::DecodeStatus;

/// What a comparison found.
pub(super) struct Comparison {
    pub(super) graph: Graph,
    pub(super) verdicts: Vec<Verdict>,
    /// Name of the judged device.
    pub(super) device: String,
    /// What it is compared with.
    pub(super) against: String,
    /// Each frame was decoded from right pictures.
    pub(super) teacher: bool,
    /// Why the judged decode ended early.
    pub(super) failure: Option<Failure>,
}

impl Comparison {
    /// How many frames are in this state.
    pub(super) fn count(&self, state: State) -> usize {
        self.verdicts.iter().filter(|v| v.state == state).count()
    }

    /// Whether anything is not as it should be.
    fn is_bad(&self) -> bool {
        let bad = |v: &Verdict| {
            matches!(v.state, State::Wrong | State::Inherited | State::Missing) || v.grain.is_some()
        };
        self.verdicts.iter().any(bad)
    }
}

pub(super) fn run(args: &CompareArgs, json: bool, notices: &Notices) -> Result<Exit> {
    if args.pipeline.input.file.as_os_str() == "-" {
        let why = "compare reads its input more than once: a file is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    if args.teacher && matches!(Against::of(&args.against), Against::File(_)) {
        let why = "--teacher overwrites hidden frames too, which a file lacks: a device is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    if args.pipeline.film_grain == FilmGrain::Gpu {
        let why = "compare judges decodes: --film-grain gpu is for md5 and decode";
        return Err(Failure::new(Exit::Usage, why));
    }
    if let Some(dir) = &args.png {
        let fail = |e| Failure::new(Exit::Output, format!("{}: {e}", dir.display()));
        std::fs::create_dir_all(dir).map_err(fail)?;
    }
    let comparison = compare(args, notices)?;
    for fault in &comparison.graph.faults {
        notices.error(&format!("{}: {fault}", args.pipeline.input.file.display()));
    }
    let shared = shared(&comparison.graph, &comparison.verdicts);
    compare_report::write(args, &comparison, &shared, json).map_err(Failure::output)?;
    let bad = comparison.is_bad();
    let refused = comparison.verdicts.iter().any(compare_report::failed);
    match comparison.failure {
        Some(failure) => Err(failure),
        None if bad => Ok(Exit::No),
        // What `md5` says of such a frame.
        None if refused => Ok(Exit::Stream),
        None => Ok(comparison.graph.faults.first().map_or(Exit::Done, Exit::of)),
    }
}

fn compare(args: &CompareArgs, notices: &Notices) -> Result<Comparison> {
    let pipeline = &args.pipeline;
    let mut source = input::open(&pipeline.input)?;
    let graph = Graph::of(&mut *source, options::planner(&pipeline.layers), pipeline.limit);
    let against = Against::of(&args.against);
    let mut run = Run { args, graph: &graph, judge: Judge::new(&graph), failure: None, images: 0 };
    let device = match &against {
        Against::Device(_) => {
            let device = run.decoded(&against, notices)?;
            let grain = graph.has_grain() && pipeline.film_grain != FilmGrain::Off;
            if grain && run.failure.is_none() {
                run.outputs(&against, true, notices)?;
            }
            device
        }
        Against::File(_) => run.outputs(&against, false, notices)?,
    };
    let (judge, failure) = (run.judge, run.failure);
    let verdicts = judge.finish();
    let (against, teacher) = (args.against.clone(), args.teacher);
    Ok(Comparison { graph, verdicts, device, against, teacher, failure })
}

/// A comparison under way.
struct Run<'r> {
    args: &'r CompareArgs,
    graph: &'r Graph,
    judge: Judge<'r>,
    failure: Option<Failure>,
    /// Frames of which images were written.
    images: usize,
}

impl Run<'_> {
    /// Every decoded frame, before film grain. The device's name.
    fn decoded(&mut self, against: &Against, notices: &Notices) -> Result<String> {
        let pipeline = PipelineArgs {
            film_grain: FilmGrain::Cpu,
            overwritable: self.args.teacher,
            ..self.args.pipeline.clone()
        };
        let mut next = 0;
        let device = self.side_by_side(against, &pipeline, Wanted::Decoded, notices, {
            |run, traced, right| {
                next = traced.frame + 1;
                run.judge.decoded(traced.frame, traced.status, traced.dpb_slot);
                run.frame(&traced, right)
            }
        })?;
        if self.failure.is_some() {
            (next..self.graph.nodes.len() as u64).for_each(|frame| self.judge.missing(frame));
        }
        Ok(device)
    }

    /// Every picture that is output. With `grain`, the decoded ones are judged already, and what
    /// is new is film grain's. Nothing is overwritten here.
    fn outputs(&mut self, against: &Against, grain: bool, notices: &Notices) -> Result<String> {
        let pipeline = &self.args.pipeline;
        let right_before = match self.args.teacher {
            true => self.judge.sound(),
            false => self.judge.right(),
        };
        let mut index = 0;
        let device =
            self.side_by_side(against, pipeline, Wanted::Output, notices, |run, traced, right| {
                let at = index;
                index += 1;
                if !grain {
                    run.judge.decoded(traced.frame, traced.status, traced.dpb_slot);
                    return match run.judge.state(traced.frame) {
                        Some(State::Unjudged) => run.frame(&traced, right),
                        _ => Ok(Next::Go),
                    };
                }
                let node = run.graph.node(traced.frame);
                let before = usize::try_from(traced.frame).ok().and_then(|at| right_before.get(at));
                if let Some(node) = node.filter(|_| before == Some(&true))
                    && let Some(difference) = differs(node, &traced, &right)
                {
                    run.judge.grain(traced.frame, at, difference);
                }
                Ok(Next::Go)
            })?;
        if self.failure.is_some() {
            let rest = self.graph.outputs.iter().skip(index);
            rest.for_each(|shown| self.judge.missing(shown.frame));
        }
        Ok(device)
    }

    /// Decodes on the judged device, and gives each picture with the right one to `each`.
    fn side_by_side(
        &mut self,
        against: &Against,
        args: &PipelineArgs,
        wanted: Wanted,
        notices: &Notices,
        mut each: impl FnMut(&mut Self, Traced, Right) -> Result<Next>,
    ) -> Result<String> {
        let pipeline = Pipeline::judged(args, notices)?;
        let device = pipeline.device().to_owned();
        let graph = self.graph;
        let mut failed = Ok(());
        let (judged, right) = std::thread::scope(|scope| {
            let rights: Rights<'_> = against.start(scope, args, wanted, graph);
            let judged = pipeline.trace(args, wanted, &mut |traced| {
                let Some(right) = rights.next() else { return Next::Stop };
                each(self, traced, right).unwrap_or_else(|failure| {
                    failed = Err(failure);
                    Next::Stop
                })
            });
            (judged, rights.finish())
        });
        failed?;
        // A reference that ends early is no reference.
        right.map_err(|failure| Failure {
            exit: failure.exit,
            error: failure.error.context(format!("the reference ({})", self.args.against)),
        })?;
        match judged {
            Ok(_) => {}
            Err(failure) if failure.exit == Exit::Unsupported => return Err(failure),
            Err(failure) => self.failure = Some(failure),
        }
        Ok(device)
    }

    /// Compares one frame, and writes images of what is wrong and not inherited.
    fn frame(&mut self, traced: &Traced, right: Right) -> Result<Next> {
        let Some(node) = self.graph.node(traced.frame) else { return Ok(Next::Go) };
        let difference = differs(node, traced, &right);
        let origin = difference.is_some() && !self.judge.inherits(traced.frame);
        // What a driver has in a DPB picture beside the output is not seen.
        let doubtful = difference.is_some() || !traced.coincides;
        let teaches =
            self.args.teacher && doubtful && !matches!(difference, Some(Difference::Shape { .. }));
        self.judge.compared(traced.frame, difference);
        let Right::Picture(right) = right else { return Ok(Next::Go) };
        if let Some(dir) = &self.args.png
            && origin
            && self.images < images::FRAMES
        {
            self.images += 1;
            images::write(dir, node, &traced.picture, &right).map_err(Failure::output)?;
        }
        if !teaches {
            return Ok(Next::Go);
        }
        // Of a failed decode there is nothing beside the samples.
        if !matches!(traced.status, DecodeStatus::Error(_)) {
            self.judge.overwritten(traced.frame);
        }
        Ok(Next::Overwrite(right))
    }
}

fn differs(node: &Node, traced: &Traced, right: &Right) -> Option<Difference> {
    match right {
        Right::Picture(right) => difference(node, &traced.picture, right),
        Right::Md5(md5) => {
            let is = md5_hex(&traced.picture.data);
            (is != *md5).then(|| Difference::Hash { is, should_be: md5.clone() })
        }
    }
}

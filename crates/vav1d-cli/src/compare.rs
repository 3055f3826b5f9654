//! `vav1d compare`: which frames, planes and blocks of a decode are wrong, and where it began.

use std::ffi::OsString;

use super::against::{Against, Right, Rights, reference};
use super::args::{CompareArgs, FilmGrain, PipelineArgs};
use super::compare_report::tell;
use super::comparison::Comparison;
use super::exit::Exit;
use super::explain::Kept;
use super::failure::{Failure, Result};
use super::output::Notices;
use super::pipeline::Pipeline;
use super::progress::{Progress, cause, ended};
use super::{explain, guard, imitated, input, options};
use vav1d::sink::{Hash, Hasher, md5_hex};
use vav1d::vk::DecodeStatus;
use vav1d_lab::compare::difference::{Difference, difference};
use vav1d_lab::compare::trace::Wanted;
use vav1d_lab::compare::{Graph, Judge, Next, Node, Shown, State, Traced, Verdict, images};
use vav1d_lab::conform::options::REFERENCE;

pub(super) fn run(
    args: &CompareArgs,
    words: &[OsString],
    json: bool,
    notices: &Notices,
) -> Result<Exit> {
    if args.pipeline.input.file.as_os_str() == "-" {
        let why = "compare reads its input more than once: a file is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    let against = Against::of(&args.against)?;
    if args.teacher && !matches!(against, Against::Device(_)) {
        let why = "--teacher overwrites hidden frames too, which a file lacks: a device is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    if args.pipeline.limit.is_some() && matches!(against, Against::Total(..)) {
        let why = format!("{}: one hash of all pictures says nothing of --limit", args.against);
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
    let Some(folder) = &args.guarded else { return guard::run(args, words, json, notices) };
    let mut args = args.clone();
    imitated::settle(&mut args.pipeline, notices);
    let args = &args;
    let mut progress = Progress::new(folder, args)?;
    let compared = compare(args, against, &mut progress, notices);
    let ended = compared.and_then(|comparison| tell(args, comparison, json, notices));
    let exit = match &ended {
        Ok(exit) => *exit,
        Err(failure) => failure.exit,
    };
    // An exit code without this is the driver's.
    progress.line(&format!("{} {}", guard::END, exit.code()));
    ended
}

fn compare(
    args: &CompareArgs,
    against: Against,
    progress: &mut Progress,
    notices: &Notices,
) -> Result<Comparison> {
    let pipeline = &args.pipeline;
    let mut source = input::open(&pipeline.input)?;
    let graph = Graph::of(&mut *source, options::planner(&pipeline.layers), pipeline.limit);
    drop(source);
    progress.line("read");
    let first = Run::new(args, &graph, progress).judged(&against, notices)?;
    let failure = first.run.failure.as_ref().filter(|f| f.is_of_a_device_that_gave_up());
    let (run, device, mut notes) = match failure.filter(|_| pipeline.retry_device) {
        Some(failure) => {
            let file = pipeline.input.file.display();
            let why = format!("{file}: {}; once more on the device opened anew", failure.text());
            drop(first);
            notices.notice(&why);
            let Judging { run, device, mut notes } =
                Run::new(args, &graph, progress).judged(&against, notices)?;
            notes.push(format!("the device gave up the first time: {why}"));
            (run, device, notes)
        }
        None => (first.run, first.device, first.notes),
    };
    let Run { judge, failure, broke, unfired, kept, progress, .. } = run;
    let verdicts = judge.finish();
    let mut unshown = 0;
    if !matches!(against, Against::Device(_)) {
        let hidden =
            |v: &&Verdict| v.state == State::Unjudged && graph.outputs_of(v.frame).next().is_none();
        unshown = verdicts.iter().filter(hidden).count();
        if unshown > 0 {
            notes.push(format!("{unshown} frames are never output: {} lacks them", args.against));
        }
    }
    let node = kept.as_ref().and_then(|kept| graph.node(kept.frame));
    notes.extend(node.and_then(|node| explain::doubt(node, &verdicts)));
    let mut each = |tried| progress.line(&format!("tried {tried}"));
    let explained = kept.map(|kept| explain::of(&kept, pipeline, &mut each));
    let ended = failure.as_ref().filter(|_| broke).map(|failure| ended(failure, progress));
    let (against, teacher) = (args.against.clone(), args.teacher);
    Ok(Comparison {
        graph,
        verdicts,
        device,
        against,
        teacher,
        ended,
        notes,
        failure,
        unfired,
        unshown,
        explained,
    })
}

/// A comparison under way.
struct Run<'r> {
    args: &'r CompareArgs,
    graph: &'r Graph,
    judge: Judge<'r>,
    progress: &'r mut Progress,
    failure: Option<Failure>,
    /// The judged decode ended early.
    broke: bool,
    /// Frames of which images were written.
    images: usize,
    /// The first wrong picture, to be explained.
    kept: Option<Kept>,
    /// Planted faults that no decode has applied.
    unfired: Vec<String>,
}

/// A comparison whose pictures are judged.
struct Judging<'r> {
    run: Run<'r>,
    /// The device's name.
    device: String,
    notes: Vec<String>,
}

impl<'r> Run<'r> {
    fn new(args: &'r CompareArgs, graph: &'r Graph, progress: &'r mut Progress) -> Self {
        Self {
            args,
            graph,
            judge: Judge::new(graph),
            progress,
            failure: None,
            broke: false,
            images: 0,
            kept: None,
            unfired: Vec::new(),
        }
    }

    /// Judges all pictures.
    fn judged(mut self, against: &Against, notices: &Notices) -> Result<Judging<'r>> {
        let pipeline = &self.args.pipeline;
        let mut notes = Vec::new();
        let device = match against {
            Against::Device(wish) => {
                let device = self.decoded(against, notices)?;
                let grain = self.graph.has_grain() && pipeline.film_grain != FilmGrain::Off;
                if grain && self.failure.is_none() {
                    self.outputs(against, true, notices)?;
                }
                if wish.starts_with(REFERENCE) && pipeline.device.starts_with(REFERENCE) {
                    notes.push("softvk is compared with itself".to_owned());
                }
                device
            }
            Against::Total(_, md5) => self.total(md5, &mut notes, notices)?,
            Against::File(_) => self.outputs(against, false, notices)?,
        };
        Ok(Judging { run: self, device, notes })
    }
}

impl Run<'_> {
    /// Every decoded frame, before film grain. The device's name.
    fn decoded(&mut self, against: &Against, notices: &Notices) -> Result<String> {
        let pipeline = PipelineArgs {
            film_grain: FilmGrain::Cpu,
            overwritable: self.args.teacher,
            journal: Some(self.progress.journal.clone()),
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
        if self.broke {
            (next..self.graph.nodes.len() as u64).for_each(|frame| self.judge.missing(frame));
        }
        Ok(device)
    }

    /// Every picture that is output. With `grain`, the decoded ones are judged already, and what
    /// is new is film grain's. Nothing is overwritten here.
    fn outputs(&mut self, against: &Against, grain: bool, notices: &Notices) -> Result<String> {
        let pipeline = &PipelineArgs {
            journal: Some(self.progress.journal.clone()),
            ..self.args.pipeline.clone()
        };
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
                let node = node.filter(|_| before == Some(&true));
                if let Some(difference) = node.and_then(|node| differs(node, &traced, &right)) {
                    run.keep(&traced, &difference, true);
                    run.judge.grain(traced.frame, at, difference);
                }
                Ok(Next::Go)
            })?;
        let all = self.graph.outputs.len();
        if self.broke {
            let rest = self.graph.outputs.iter().skip(index);
            rest.for_each(|shown| self.judge.missing(shown.frame));
        } else if grain && index < all && self.failure.is_none() {
            let why = format!("the film grain of {index} of {all} output pictures was compared");
            self.failure = Some(Failure::new(Exit::No, why));
        }
        Ok(device)
    }

    /// Everything that is output, against the hash of all of it. Where that is another one, softvk
    /// says which pictures are wrong, if it agrees with the hash.
    fn total(&mut self, md5: &str, notes: &mut Vec<String>, notices: &Notices) -> Result<String> {
        let pipeline = &PipelineArgs {
            journal: Some(self.progress.journal.clone()),
            ..self.args.pipeline.clone()
        };
        let judged = Pipeline::judged(pipeline, notices)?;
        let device = judged.device().to_owned();
        self.progress.line(&format!("device {device}"));
        let (is, unfired) = match hash_of_all(judged, pipeline) {
            Ok(ran) => ran,
            Err(failure) if failure.exit == Exit::Unsupported => return Err(failure),
            Err(failure) => {
                self.broke = true;
                self.failure = Some(failure);
                self.graph.outputs.iter().for_each(|shown| self.judge.missing(shown.frame));
                return Ok(device);
            }
        };
        self.unfired = unfired;
        if is == md5 {
            notes.push(format!("the MD5 of all {} pictures is {md5}", self.graph.outputs.len()));
            self.graph.outputs.iter().for_each(|shown| self.judge.compared(shown.frame, None));
            return Ok(device);
        }
        notes.push(format!("the MD5 of all pictures is {is}, should be {md5}"));
        let soft = reference(pipeline, REFERENCE, Wanted::Output);
        let right = Pipeline::judged(&soft, &Notices::silent())
            .and_then(|pipeline| hash_of_all(pipeline, &soft));
        if right.is_ok_and(|(right, _)| right == md5) {
            notes
                .push("softvk agrees with the hash, and is what pictures are compared with".into());
            let device = self.outputs(&Against::Device(REFERENCE.to_owned()), false, notices)?;
            let wrong = |shown: &Shown| self.judge.state(shown.frame) != Some(State::Right);
            if self.failure.is_none() && !self.graph.outputs.iter().any(wrong) {
                let why = "the hash was another, and when decoded again all pictures are right: \
                           the output varies";
                self.failure = Some(Failure::new(Exit::No, why));
            }
            return Ok(device);
        }
        let why = "the pictures differ, and which of them cannot be told from one hash";
        self.failure = Some(Failure::new(Exit::No, why));
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
        self.progress.line(&format!("device {device}"));
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
        // A device that ends early is no reference; what a file has is compared.
        let right = right.map_err(|failure| Failure {
            exit: failure.exit,
            error: failure.error.context(format!("the reference ({})", self.args.against)),
        });
        match (right, against) {
            (Ok(()), _) => {}
            (Err(failure), Against::File(_)) => self.failure = Some(failure),
            (Err(failure), _) => return Err(failure),
        }
        match judged {
            // Decoded and output pictures are two decodes.
            Ok(unfired) => self.unfired = unfired,
            Err(failure) if failure.exit == Exit::Unsupported => return Err(failure),
            Err(failure) => {
                // A message of the validation layer comes after the last frame.
                self.broke = cause(&failure).is_some();
                self.failure = Some(failure);
            }
        }
        Ok(device)
    }

    /// Keeps a wrong picture that is to be explained.
    fn keep(&mut self, traced: &Traced, difference: &Difference, grain: bool) {
        let failed = matches!(traced.status, DecodeStatus::Error(_));
        if self.args.explain && !failed && !matches!(difference, Difference::Shape { .. }) {
            let (frame, picture) = (traced.frame, || traced.picture.clone());
            Kept::keep(&mut self.kept, || Kept { frame, picture: picture(), grain }, frame);
        }
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
        let word = if difference.is_some() { "wrong" } else { "right" };
        self.progress.line(&format!("{word} {}", traced.frame));
        if let Some(difference) = difference.as_ref().filter(|_| origin) {
            self.keep(traced, difference, false);
        }
        self.judge.compared(traced.frame, difference);
        let Right::Picture(right) = right else { return Ok(Next::Go) };
        let wanted = origin && self.images < images::FRAMES;
        if let Some(dir) = self.args.png.as_ref().filter(|_| wanted) {
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

/// The MD5 of all that is output, and the planted faults that were not applied.
fn hash_of_all(pipeline: Pipeline, args: &PipelineArgs) -> Result<(String, Vec<String>)> {
    let mut hasher = Hasher::new(Hash::Md5);
    let unfired = pipeline.trace(args, Wanted::Output, &mut |traced| {
        hasher.update(&traced.picture.data);
        Next::Go
    })?;
    Ok((hasher.finish(), unfired))
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

//! `vav1d matrix`: the session shapes that the device takes; does one of them change the output?
//! Each is decoded in a process of its own, and the reference shape is judged by softvk.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;

use super::args::{MatrixArgs, PipelineArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::imitated;
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::pipeline::never_applied;
use super::stop::{self, Stop};
use vav1d_lab::conform::child::{self, End, Program};
use vav1d_lab::conform::options::REFERENCE;
use vav1d_lab::conform::probe::{self, Probe};
use vav1d_lab::conform::turns::Turns;
use vav1d_lab::conform::{Failure as Why, Outcome as Came, evidence, recovery, runner};
use vav1d_lab::matrix::axes::axes;
use vav1d_lab::matrix::survey::{Cause, Effect, Outcome, Point, Survey, survey, with};
use vav1d_lab::words::count;

/// Longest time that one shape may take.
const LONGEST: Duration = Duration::from_secs(600);

pub(super) fn run(args: &MatrixArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let pipeline = &args.pipeline;
    if pipeline.input.file.as_os_str() == "-" {
        let why = "matrix reads its input many times: a file is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    if pipeline.retry_device {
        let why = "--retry-device: a device that gives up is what matrix is to find";
        return Err(Failure::new(Exit::Usage, why));
    }
    // What is wrong with the input is said once.
    drop(super::input::open(&pipeline.input)?);
    let mut shapes = Shapes::new(pipeline)?;
    let done = surveyed(args, &mut shapes, json, notices);
    match shapes.stop.signal() {
        Some(signal) => {
            drop(shapes);
            notices.error("interrupted");
            Ok(stop::end(signal))
        }
        None => done,
    }
}

/// The survey of all shapes, and what it says.
fn surveyed(args: &MatrixArgs, shapes: &mut Shapes, json: bool, notices: &Notices) -> Result<Exit> {
    let pipeline = &args.pipeline;
    let bar = notices.progress(0, "shapes");
    let survey = survey(args.all, |point| {
        bar.inc(1);
        shapes.decode(&shapes.device.clone(), &options(point))
    });
    let survey = survey?;
    bar.finish_and_clear();
    let base = survey.base.and_then(|base| Some((base, survey.outcomes.get(&base)?)));
    let Some((base, reference)) = base else {
        let why = survey.outcomes.values().find_map(|o| match o {
            Outcome::Refused(why) => Some(why.as_str()),
            Outcome::Decoded(..) | Outcome::Failed(_) => None,
        });
        return Err(Failure::new(Exit::Unsupported, why.unwrap_or("no shape is legal")));
    };
    if let (Outcome::Decoded(_, Exit::Unsupported), Some(why)) = (reference, &shapes.refusal) {
        return Err(Failure::new(Exit::Unsupported, format!("not supported: {why}")));
    }
    let judged = shapes.judge(&base, reference)?;
    let report =
        Report { args: pipeline, survey: &survey, reference, judged, device: &shapes.probe };
    let written = match json {
        true => report.json(),
        false => report.text(&mut output::stdout()),
    };
    output::told(written)?;
    let unfired = shapes.unfired.clone().unwrap_or_default();
    if let Some(why) = never_applied(pipeline, &unfired, (shapes.decoded, "shapes")) {
        return Err(Failure::new(Exit::Usage, why));
    }
    Ok(report.exit())
}

/// The command line options of a shape.
fn options(point: &Point) -> Vec<OsString> {
    let pairs = axes().iter().zip(point);
    pairs.map(|(axis, value)| format!("--{}={}", axis.name, axis.tried[*value]).into()).collect()
}

fn text(options: &[OsString]) -> String {
    let words: Vec<_> = options.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// Decodes shapes.
struct Shapes {
    program: Program,
    device: String,
    probe: Probe,
    input: PathBuf,
    folder: PathBuf,
    stop: Stop,
    /// Planted faults that no run has applied so far.
    unfired: Option<Vec<String>>,
    /// Runs of shapes that the device takes.
    decoded: u64,
    /// Why the device does not decode the stream to its end.
    refusal: Option<String>,
}

impl Drop for Shapes {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Shapes {
    fn new(args: &PipelineArgs) -> Result<Self> {
        let path = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
        let stop = Stop::by_signals();
        let probe = probe::probe(&path, &args.device, args.validate, LONGEST, &stop.flag)
            .map_err(|error| super::verify::no_device(error, &args.device, &stop))?;
        let device = super::verify::resolved(&args.device, &probe);
        let program = Program {
            path,
            device: device.clone(),
            arguments: arguments(args),
            frame_timeout: Duration::from_secs_f64(args.device_timeout),
            timeout: LONGEST,
            turns: Turns::new(1),
        };
        let folder = runner::scratch(&std::env::temp_dir());
        let input = args.input.file.clone();
        Ok(Self {
            program,
            device,
            probe,
            input,
            folder,
            stop,
            unfired: None,
            decoded: 0,
            refusal: None,
        })
    }

    /// What a shape gives.
    fn decode(&mut self, device: &str, options: &[OsString]) -> Result<Outcome> {
        let copies = options.iter().any(|word| word == "--readback=copy");
        if device == self.device && copies && imitated::copies_by_shaders() {
            return Ok(Outcome::Refused(imitated::WHY.to_owned()));
        }
        let files = self.folder.join("shape");
        let (asker, flag) = (&self.program.path, &*self.stop.flag);
        let gone = || recovery::wait(device, asker, flag);
        let stop = (flag, &gone as &dyn Fn());
        let ran = child::call(&self.program, device, options, &self.input, &files, stop)
            .map_err(Failure::output)?;
        if ran.end == End::Interrupted {
            return Err(Failure::output(io::ErrorKind::Interrupted.into()));
        }
        let frames = ran.told.frames.clone();
        let outcome = match evidence::whole(&ran) {
            Ok(()) => Outcome::Decoded(frames, Exit::Done),
            Err(Came::Unsupported(why)) if frames.is_empty() => Outcome::Refused(why),
            // The device takes the shape, and not all of the stream.
            Err(Came::Unsupported(why)) => {
                self.refusal.get_or_insert(why);
                Outcome::Decoded(frames, Exit::Unsupported)
            }
            Err(Came::Fail(Why::Parser(_))) if !frames.is_empty() => {
                Outcome::Decoded(frames, Exit::Stream)
            }
            Err(came) => Outcome::Failed(format!("{}: {came}", came.word())),
        };
        if device == self.device && !outcome.refused() {
            self.decoded += 1;
            // A run that did not come to its end cannot say which faults had no effect.
            let unfired = ran.told.summary.map(|_| ran.told.unfired).unwrap_or_default();
            let known = self.unfired.take().unwrap_or_else(|| unfired.clone());
            self.unfired = Some(known.into_iter().filter(|f| unfired.contains(f)).collect());
        }
        Ok(outcome)
    }

    /// What softvk makes of the stream, beside the reference shape's output.
    fn judge(&mut self, base: &Point, reference: &Outcome) -> Result<Judged> {
        let Outcome::Decoded(is, _) = reference else { return Ok(Judged::Not("it fails".into())) };
        let plain = Self::unplanted(&self.program.arguments);
        let own = std::mem::replace(&mut self.program.arguments, plain);
        let right = self.decode(REFERENCE, &[]);
        self.program.arguments = own;
        Ok(match right? {
            Outcome::Decoded(right, _) if right == *is => Judged::Right(is.len()),
            Outcome::Decoded(right, _) => {
                let at = is.iter().zip(&right).take_while(|(a, b)| a == b).count();
                match self.before_grain(base)? {
                    Outcome::Decoded(plain, _) if plain == right => Judged::FilmGrain(at),
                    _ => Judged::Wrong(at),
                }
            }
            Outcome::Refused(why) | Outcome::Failed(why) => Judged::Not(format!("softvk: {why}")),
        })
    }

    /// What the shape `base` gives with film grain by the host.
    fn before_grain(&mut self, base: &Point) -> Result<Outcome> {
        let mut words = options(base);
        words.push(child::BEFORE_GRAIN.into());
        self.decode(&self.device.clone(), &words)
    }

    /// Arguments for softvk: it is asked for nothing but the stream.
    fn unplanted(arguments: &[OsString]) -> Vec<OsString> {
        let left_out = |word: &OsString| {
            let word = word.to_string_lossy();
            word.starts_with("--plant=") || word == "--validate"
        };
        let kept = arguments.iter().filter(|word| !left_out(word)).cloned();
        kept.chain(["--force".into()]).collect()
    }
}

/// The options of `md5` that decode what `matrix` was asked for, but for device and shape.
fn arguments(args: &PipelineArgs) -> Vec<OsString> {
    let mut words = vec![
        format!("--operating-point={}", args.layers.operating_point),
        format!("--skip={}", args.skip),
    ];
    let name = |value: Option<clap::builder::PossibleValue>| {
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    };
    words.push(format!(
        "--input-format={}",
        name(args.input.container.input_format.to_possible_value())
    ));
    words.push(format!("--film-grain={}", name(args.film_grain.to_possible_value())));
    words.extend(args.limit.map(|limit| format!("--limit={limit}")));
    words.extend(args.plant.map(|fault| format!("--plant={fault}")));
    let flags = [
        (args.layers.all_layers, "--all-layers"),
        (args.layers.strict, "--strict"),
        (args.force, "--force"),
        (args.validate, "--validate"),
    ];
    words.extend(flags.iter().filter(|(set, _)| *set).map(|(_, word)| (*word).to_owned()));
    words.into_iter().map(OsString::from).collect()
}

/// What softvk says of the reference shape.
enum Judged {
    /// Equal in so many pictures.
    Right(usize),
    /// Different from this picture on.
    Wrong(usize),
    /// The same, but equal with film grain by the host: it is the driver's film grain that differs.
    FilmGrain(usize),
    /// There is no answer: why.
    Not(String),
}

/// All that is known at the end.
struct Report<'r> {
    args: &'r PipelineArgs,
    survey: &'r Survey,
    reference: &'r Outcome,
    judged: Judged,
    device: &'r Probe,
}

impl Report<'_> {
    fn exit(&self) -> Exit {
        match (&self.judged, self.reference) {
            _ if !self.survey.causes.is_empty() => Exit::No,
            (Judged::Right(1..), Outcome::Decoded(_, exit)) => *exit,
            _ => Exit::No,
        }
    }

    /// Whether softvk was compared with itself.
    fn is_itself(&self) -> bool {
        self.device.is_embedded
    }

    /// What softvk says, in a line.
    fn judgement(&self) -> String {
        let base = self.survey.base.as_ref().map(|base| text(&options(base))).unwrap_or_default();
        let itself = if self.is_itself() { " (softvk against itself)" } else { "" };
        match &self.judged {
            Judged::Right(n) => {
                format!("against softvk: equal in {}{itself}", count(*n, "picture"))
            }
            Judged::Wrong(at) => {
                format!("against softvk: wrong from picture {at}, in the shape {base}")
            }
            Judged::FilmGrain(at) => format!(
                "against softvk: right before film grain; the driver's film grain differs from \
                 picture {at}, in the shape {base}"
            ),
            Judged::Not(why) => format!("against softvk: not judged: {why}"),
        }
    }

    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        let (survey, reference) = (self.survey, self.reference);
        let outcomes = &survey.outcomes;
        writeln!(out, "{:34} {:>6} {:>6} {:>8}", "axis", "equal", "differ", "refused")?;
        for (axis, row) in axes().iter().enumerate() {
            let name = row.name;
            for (value, text) in row.tried.iter().enumerate() {
                let of = || outcomes.iter().filter(|(p, _)| p[axis] == value).map(|(_, o)| o);
                let equal = of().filter(|o| *o == reference).count();
                let no = of().filter(|o| o.refused()).count();
                let differ = of().count() - equal - no;
                writeln!(out, "{:34} {equal:6} {differ:6} {no:8}", format!("--{name}={text}"))?;
                let alone = survey.base.map(|base| with(base, &[(axis, value)]));
                if let Some(Outcome::Refused(why)) = alone.and_then(|point| outcomes.get(&point)) {
                    writeln!(out, "   {why}")?;
                }
            }
        }
        for Cause { values, effect } in &survey.causes {
            let plural = values.len() > 1;
            let what = match effect {
                Effect::Output(picture) => {
                    let verb = if plural { "together change" } else { "changes" };
                    format!("{verb} the output from picture {picture}")
                }
                Effect::Failure(why) => {
                    let verb = if plural { "together end" } else { "ends" };
                    format!("{verb} in a failure: {why}")
                }
            };
            writeln!(out, "{} {what}", value_options(values))?;
        }
        if let Some(base) = survey.base.filter(|_| !survey.causes.is_empty()) {
            writeln!(out, "against: {}", text(&options(&base)))?;
        }
        if let Outcome::Failed(why) = reference {
            writeln!(out, "no shape is decoded: {why}")?;
        }
        writeln!(out, "device: {}", self.device.name)?;
        writeln!(out, "{}", self.judgement())?;
        let (total, differ) = self.counts();
        let differ = if differ == 1 { "1 differs".to_owned() } else { format!("{differ} differ") };
        writeln!(out, "{} decoded, {differ}", count(total, "shape"))?;
        out.flush()
    }

    /// Shapes that were not refused, and those of them that differ from the reference.
    fn counts(&self) -> (usize, usize) {
        let taken = || self.survey.outcomes.values().filter(|o| !o.refused());
        (taken().count(), taken().filter(|o| *o != self.reference).count())
    }

    fn json(&self) -> io::Result<()> {
        let mut lines = Lines(output::stdout());
        lines.begin("matrix", Some(&self.args.input.file), Some(&self.device.name))?;
        for (point, outcome) in &self.survey.outcomes {
            let (result, detail) = match outcome {
                Outcome::Refused(why) => ("refused", why.clone()),
                Outcome::Failed(why) => ("failed", why.clone()),
                Outcome::Decoded(md5s, _) if outcome == self.reference => {
                    ("equal", md5s.len().to_string())
                }
                Outcome::Decoded(md5s, _) => ("differs", md5s.len().to_string()),
            };
            let shape = text(&options(point));
            let value = json!({ "options": shape, "result": result, "detail": detail });
            lines.write(&Record::Shape(value))?;
        }
        for Cause { values, effect } in &self.survey.causes {
            let options = value_options(values);
            let value = match effect {
                Effect::Output(picture) => json!({ "options": options, "picture": picture }),
                Effect::Failure(why) => json!({ "options": options, "failure": why }),
            };
            lines.write(&Record::Cause(value))?;
        }
        let (total, differ) = self.counts();
        let (judged, at) = match &self.judged {
            Judged::Right(_) => ("right", None),
            Judged::Wrong(at) => ("wrong", Some(at)),
            Judged::FilmGrain(at) => ("film-grain", Some(at)),
            Judged::Not(_) => ("unjudged", None),
        };
        lines.write(&Record::Matrix(json!({
            "shapes": total, "differ": differ, "against_softvk": judged, "first_wrong": at,
            "itself": self.is_itself(), "text": self.judgement(),
        })))?;
        lines.0.flush()
    }
}

fn value_options(values: &[(usize, usize)]) -> String {
    let text = |(axis, value): &(usize, usize)| {
        let row = &axes()[*axis];
        format!("--{}={}", row.name, row.tried[*value])
    };
    values.iter().map(text).collect::<Vec<_>>().join(" ")
}

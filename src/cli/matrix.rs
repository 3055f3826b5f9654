//! `vav1d matrix`: the session shapes that the device takes; does one of them change the output?

use std::io::{self, Write};

use clap::Parser;

use super::args::{MatrixArgs, PipelineArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::pipeline::Pipeline;
use super::shape::{AXES, ShapeArgs};
use super::survey::{Cause, Outcome, Point, Survey, survey, with};
use crate::sink::{Shown, Sink, StreamInfo, md5_hex};

pub(super) fn run(args: &MatrixArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let pipeline = &args.pipeline;
    if pipeline.input.file.as_os_str() == "-" {
        let why = "matrix reads its input many times: a file is needed";
        return Err(Failure::new(Exit::Usage, why));
    }
    let quiet = notices.silenced();
    // A driver's messages say nothing about the axes, and come hundreds of times.
    log::set_max_level(log::LevelFilter::Off);
    let bar = notices.progress(0, "shapes");
    let survey = survey(args.all, |point| {
        bar.inc(1);
        decode(&PipelineArgs { shape: shape(point)?, ..pipeline.clone() }, &quiet)
    })?;
    bar.finish_and_clear();
    let reference = survey.base.as_ref().and_then(|base| survey.outcomes.get(base));
    let Some(reference @ Outcome::Decoded(_, exit)) = reference else {
        let why = survey.outcomes.values().find_map(|o| match o {
            Outcome::Refused(why) => Some(why.as_str()),
            Outcome::Decoded(..) => None,
        });
        return Err(Failure::new(Exit::Unsupported, why.unwrap_or("no shape is legal")));
    };
    let written = match json {
        true => write_json(pipeline, &survey, reference),
        false => write_text(&mut output::stdout(), &survey, reference),
    };
    written.map_err(Failure::output)?;
    Ok(if survey.causes.is_empty() { *exit } else { Exit::No })
}

/// The command line options of a shape.
fn options(point: &Point) -> Vec<String> {
    let pairs = AXES.iter().zip(point);
    pairs.map(|((name, values), value)| format!("--{name}={}", values[*value])).collect()
}

fn shape(point: &Point) -> Result<ShapeArgs> {
    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        shape: ShapeArgs,
    }
    let words = std::iter::once("matrix".to_owned()).chain(options(point));
    Ok(Only::try_parse_from(words)?.shape)
}

fn decode(args: &PipelineArgs, notices: &Notices) -> Result<Outcome> {
    let mut sink = Hashes::default();
    let run = Pipeline::judged(args, notices).and_then(|p| p.run(args, &mut sink, notices));
    match run {
        Ok(ran) if ran.exit == Exit::Unsupported && sink.0.is_empty() => {
            let why = ran.summary.faults.first().map(ToString::to_string).unwrap_or_default();
            Ok(Outcome::Refused(why))
        }
        Ok(ran) => Ok(Outcome::Decoded(sink.0, ran.exit)),
        Err(failure) if failure.exit == Exit::Unsupported => {
            Ok(Outcome::Refused(format!("not supported: {}", failure.error.root_cause())))
        }
        Err(failure) => Err(failure),
    }
}

/// MD5s of the output pictures.
#[derive(Default)]
struct Hashes(Vec<String>);

impl Sink for Hashes {
    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.0.push(md5_hex(&shown.picture.data));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_text(out: &mut impl Write, survey: &Survey, reference: &Outcome) -> io::Result<()> {
    let outcomes = &survey.outcomes;
    let refused = |o: &Outcome| matches!(o, Outcome::Refused(_));
    writeln!(out, "{:34} {:>6} {:>6} {:>8}", "axis", "equal", "differ", "refused")?;
    for (axis, (name, values)) in AXES.iter().enumerate() {
        for (value, text) in values.iter().enumerate() {
            let of = || outcomes.iter().filter(|(p, _)| p[axis] == value).map(|(_, o)| o);
            let equal = of().filter(|o| *o == reference).count();
            let no = of().filter(|o| refused(o)).count();
            let differ = of().count() - equal - no;
            writeln!(out, "{:34} {equal:6} {differ:6} {no:8}", format!("--{name}={text}"))?;
            let alone = survey.base.map(|base| with(base, &[(axis, value)]));
            if let Some(Outcome::Refused(why)) = alone.and_then(|point| outcomes.get(&point)) {
                writeln!(out, "   {why}")?;
            }
        }
    }
    let base = survey.base.as_ref().map(options).unwrap_or_default().join(" ");
    for Cause { values, picture } in &survey.causes {
        let verb = if values.len() > 1 { "together change" } else { "changes" };
        writeln!(out, "{} {verb} the output from picture {picture}", value_options(values))?;
    }
    if !survey.causes.is_empty() {
        writeln!(out, "against: {base}")?;
    }
    let differ = outcomes.values().filter(|o| *o != reference && !refused(o)).count();
    let total = outcomes.values().filter(|o| !refused(o)).count();
    writeln!(out, "{total} shapes decoded, {differ} differ")?;
    out.flush()
}

fn value_options(values: &[(usize, usize)]) -> String {
    let text = |(axis, value): &(usize, usize)| {
        let (name, values) = AXES[*axis];
        format!("--{name}={}", values[*value])
    };
    values.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn write_json(args: &PipelineArgs, survey: &Survey, reference: &Outcome) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("matrix", Some(&args.input.file), Some(&args.device))?;
    for (point, outcome) in &survey.outcomes {
        let (result, detail) = match outcome {
            Outcome::Refused(why) => ("refused", why.clone()),
            Outcome::Decoded(md5s, _) if outcome == reference => ("equal", md5s.len().to_string()),
            Outcome::Decoded(md5s, _) => ("differs", md5s.len().to_string()),
        };
        let shape = options(point).join(" ");
        let value = serde_json::json!({ "options": shape, "result": result, "detail": detail });
        lines.write(&Record::Shape(value))?;
    }
    for Cause { values, picture } in &survey.causes {
        let options = value_options(values);
        lines
            .write(&Record::Cause(serde_json::json!({ "options": options, "picture": picture })))?;
    }
    lines.0.flush()
}

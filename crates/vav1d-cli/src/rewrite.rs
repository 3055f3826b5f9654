//! `vav1d rewrite`: a stream in another form. No device is needed.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::args::InputArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::input;
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::rewrite_args::{OutputContainer, RewriteArgs};
use av1_rewrite::change::Step;
use av1_rewrite::container::Container;
use av1_rewrite::error::Error;
use av1_rewrite::random::Random;
use av1_rewrite::stream::Stream;
use av1_rewrite::{Derived, read};

pub(super) fn run(args: &RewriteArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let steps = args.how.iter().filter(|step| !step.is_empty());
    let steps = steps.map(|step| Step::parse(step).map_err(failure)).collect::<Result<Vec<_>>>()?;
    let container = container(args)?;
    let mut stream = stream(&args.input)?;
    let mut random = Random::new(args.seed);
    for step in &steps {
        step.apply(&mut stream, &mut random).map_err(|error| of_file(&args.input.file, error))?;
    }
    let file = container
        .units(&stream, Derived::Checked)
        .and_then(|units| container.file(&units, stream.time_base))
        .map_err(|error| of_file(&args.input.file, error))?;
    let unwritten = |e| Failure::new(Exit::Output, format!("{}: {e}", args.output.display()));
    let mut out = output::create(&args.output, &[&args.input.file])?;
    out.write_all(&file).and_then(|()| out.flush()).map_err(unwritten)?;
    let (frames, shown) = (stream.frames().count(), av1_rewrite::slots::shown(&stream));
    if json {
        let mut lines = Lines(output::stdout());
        let alters = steps.iter().any(|step| step.change.alters_pictures);
        lines.begin("rewrite", Some(&args.input.file), None).map_err(Failure::output)?;
        let record = json!({
            "output": args.output.display().to_string(),
            "how": steps.iter().map(Step::to_string).collect::<Vec<_>>(),
            "seed": args.seed,
            "bytes": file.len(),
            "units": stream.units.len(),
            "frames": frames,
            "shown": shown,
            "alters_pictures": alters,
        });
        lines.write(&Record::Rewritten(record)).map_err(Failure::output)?;
        lines.0.flush().map_err(Failure::output)?;
    }
    let (units, pictures, bytes) = (stream.units.len(), shown.len(), file.len());
    let output = args.output.display();
    notices.notice(&format!(
        "{output}: {units} units, {frames} frames, {pictures} shown, {bytes} bytes"
    ));
    Ok(Exit::Done)
}

/// The container that the arguments ask for.
fn container(args: &RewriteArgs) -> Result<Container> {
    let extension = args.output.extension().unwrap_or_default().to_string_lossy();
    match args.output_container {
        Some(OutputContainer::Ivf) => Ok(Container::Ivf),
        Some(OutputContainer::Section5) => Ok(Container::Section5),
        Some(OutputContainer::Annexb) => Ok(Container::AnnexB),
        Some(OutputContainer::Matroska) => Ok(Container::Matroska),
        Some(OutputContainer::Mp4) => Ok(Container::Mp4),
        None => Container::of_extension(&extension).ok_or_else(|| {
            let text = format!("{}: no container has this extension", args.output.display());
            Failure::new(Exit::Usage, text)
        }),
    }
}

/// The whole stream.
pub(super) fn stream(input: &InputArgs) -> Result<Stream> {
    let mut source = input::open(input)?;
    let mut reader = read::Reader::default();
    let fault = |error: vav1d::error::Error| {
        let exit = Exit::of(&error);
        let error = anyhow::Error::from(error).context(input.file.display().to_string());
        Failure { exit, error }
    };
    while let Some(unit) = source.next_unit().map_err(|error| fault(error.into()))? {
        reader.unit(&unit).map_err(|error| of_file(&input.file, error))?;
    }
    let mut stream = reader.finish().map_err(|error| of_file(&input.file, error))?;
    stream.time_base = source.info().time_base;
    if stream.frames().next().is_none() {
        let text = format!("{}: there is no frame in it", input.file.display());
        return Err(Failure::new(Exit::Stream, text));
    }
    Ok(stream)
}

fn of_file(file: &Path, error: Error) -> Failure {
    let Failure { exit, error } = failure(error);
    Failure { exit, error: error.context(file.display().to_string()) }
}

fn failure(error: Error) -> Failure {
    let exit = match &error {
        Error::Stream(_) => Exit::Stream,
        Error::Wish(_) => Exit::Usage,
        Error::ReadBack { .. } => Exit::Fault,
        _ => Exit::Unsupported,
    };
    Failure { exit, error: error.into() }
}

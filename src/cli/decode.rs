//! `vav1d decode`: pictures to a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::args::DecodeArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::Lines;
use super::options;
use super::output::{self, Notices};
use super::pipeline::{Decoded, Pipeline};
use crate::sink;

pub(super) fn run(args: &DecodeArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let to_stdout = args.output.as_os_str() == "-";
    if json && to_stdout {
        return Err(Failure::new(Exit::Usage, "--json and -o - both want standard output"));
    }
    let kind = match &args.output_format {
        Some(name) => sink::by_name(name).ok_or_else(|| {
            let names = sink::names().collect::<Vec<_>>().join(", ");
            Failure::new(Exit::Usage, format!("--output-format {name}: it is one of {names}"))
        })?,
        None => sink::by_extension(&args.output).unwrap_or(sink::DEFAULT),
    };
    let grain = options::grain(&args.grain, &args.pipeline)?;
    let pipeline = Pipeline::with_grain(&args.pipeline, grain, notices)?;
    let device = pipeline.device().to_owned();
    let out: Box<dyn Write + Send> =
        match to_stdout {
            true => Box::new(BufWriter::new(io::stdout())),
            false => Box::new(BufWriter::new(File::create(&args.output).map_err(|e| {
                Failure::new(Exit::Output, format!("{}: {e}", args.output.display()))
            })?)),
        };
    let mut sink = kind.open(out);
    let Decoded { exit, summary, .. } = pipeline.run(&args.pipeline, &mut *sink, notices)?;
    if json {
        let mut lines = Lines(output::stdout());
        let file = &args.pipeline.input.file;
        lines
            .begin("decode", Some(file), Some(&device))
            .and_then(|()| lines.end(&summary, None))
            .map_err(Failure::output)?;
    }
    Ok(exit)
}

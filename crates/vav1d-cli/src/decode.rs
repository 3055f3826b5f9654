//! `vav1d decode`: pictures to a file.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::args::DecodeArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::Lines;
use super::options;
use super::output::{self, Notices};
use super::pipeline::{Decoded, Pipeline};
use vav1d::sink;

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
        None => by_name_of(&args.output)?,
    };
    let grain = options::grain(&args.grain, &args.pipeline)?;
    let pipeline = Pipeline::with_grain(&args.pipeline, grain, notices)?;
    let device = pipeline.device().to_owned();
    let inputs = [Some(&args.pipeline.input.file), args.grain.grain_table.as_ref()];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().map(PathBuf::as_path).collect();
    let out: Box<dyn Write + Send> = match to_stdout {
        true => Box::new(BufWriter::new(io::stdout())),
        false => Box::new(BufWriter::new(output::create(&args.output, &inputs)?)),
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

/// The kind of output that a file's name says; pipes and devices get raw pictures.
fn by_name_of(path: &Path) -> Result<sink::Kind> {
    let is_file = !path.exists() || path.is_file();
    match sink::by_extension(path) {
        Some(kind) => Ok(kind),
        None if !is_file || path.as_os_str() == "-" => Ok(sink::DEFAULT),
        None => {
            let names = sink::names().map(|name| format!(".{name}")).collect::<Vec<_>>();
            let names = names.join(", ");
            let why = format!("its ending is none of {names}, and there is no --output-format");
            Err(Failure::new(Exit::Usage, format!("-o {}: {why}", path.display())))
        }
    }
}

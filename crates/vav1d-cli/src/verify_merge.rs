//! `vav1d verify-merge`: results of parts and devices as one.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::{self, Notices};
use super::results_args::VerifyMergeArgs;
use super::verify_text;
use vav1d_lab::conform::report::{self, Verdict};
use vav1d_lab::conform::{merge, results};

pub(super) fn run(args: &VerifyMergeArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let no_input = |why: String| Failure::new(Exit::NoInput, why);
    let mut runs = Vec::new();
    for path in &args.results {
        runs.extend(results::read(path).map_err(no_input)?);
    }
    let runs = merge::merge(runs).map_err(no_input)?;
    if let Some(folder) = &args.output {
        if let Some(input) = args.results.iter().find(|path| is_in(path, folder)) {
            let why = format!("{}: the reports would be written over it", input.display());
            return Err(Failure::new(Exit::Usage, why));
        }
        let lock = report::Folder::take(folder).map_err(Failure::output)?;
        merge::write(folder, &runs).map_err(Failure::output)?;
        drop(lock);
    }
    let (records, about) = merge::together(&runs);
    output::told(match json {
        true => {
            let mut out = output::stdout();
            out.write_all(merge::lines(&runs).as_bytes()).and_then(|()| out.flush())
        }
        false => verify_text::write(&records, &about, notices.results()),
    })?;
    let verdict = Verdict::of(&records, &about);
    for run in &runs {
        for missing in &run.about.lacking {
            notices.error(&format!("{missing} is missing ({})", run.configuration()));
        }
    }
    Ok(if verdict.is_success() { Exit::Done } else { Exit::No })
}

/// Whether the result `path` is one of the files that are written into `folder`.
fn is_in(path: &Path, folder: &Path) -> bool {
    let above: PathBuf = match path.is_dir() {
        true => path.to_owned(),
        false => path.parent().map_or_else(PathBuf::new, Path::to_owned),
    };
    let above = if above.as_os_str().is_empty() { PathBuf::from(".") } else { above };
    match (above.canonicalize(), folder.canonicalize()) {
        (Ok(above), Ok(folder)) => above == folder,
        _ => false,
    }
}

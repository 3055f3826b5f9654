//! What is typed behind `vav1d verify-diff` and `vav1d verify-merge`.

use std::path::PathBuf;

use clap::Args;

/// `vav1d verify-diff`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  vav1d verify-diff last-night tonight --html diff.html
  vav1d verify-diff mesa-25/results.jsonl mesa-26/results.jsonl --slower 1.5

Exit codes:
    0  no regression
    1  a regression: new, lost or gone vectors, failures that are worse or begin earlier, or slower
       ones with --slower; or a part of B is missing
    2  the command line cannot be understood
   66  a result cannot be read, is cut short, does not add up, or no stream is in both
   74  the page could not be written")]
pub struct VerifyDiffArgs {
    /// What was: the results.jsonl of verify or verify-merge, or a folder with one
    #[arg(value_name = "A")]
    pub first: PathBuf,
    /// What is
    #[arg(value_name = "B")]
    pub second: PathBuf,
    /// A vector that takes RATIO times as long, or longer, is a regression; without this, those
    /// from 1.5 on are named only
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub slower: Option<f64>,
    /// Write a page with both side by side
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// `vav1d verify-merge`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  vav1d verify-merge out/part-* -o out/all
  vav1d verify-merge radv/results.jsonl anv/results.jsonl -o out/both

Exit codes:
    0  something was judged, and all is as expected
    1  not so; or a part is missing
    2  the command line cannot be understood
   66  a result cannot be read, is cut short, or has what another has
   74  a report could not be written")]
pub struct VerifyMergeArgs {
    /// Results of parts (verify --fraction), devices, drivers or shapes: results.jsonl, or folders
    /// with one
    #[arg(required = true, value_name = "RESULT")]
    pub results: Vec<PathBuf>,
    /// Write the reports of all of them into DIR
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// A ratio above 1.
fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if ratio.is_finite() && ratio > 1.0 => Ok(ratio),
        _ => Err("not a number above 1".to_owned()),
    }
}

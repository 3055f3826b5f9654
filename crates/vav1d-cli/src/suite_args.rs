//! Options of `suite-info`.

use std::path::PathBuf;

use clap::Args;

/// `suite-info`.
#[derive(Clone, Debug, Args)]
pub struct SuiteInfoArgs {
    /// Suites, folders or streams, as `vav1d verify` takes them
    #[arg(required = true, value_name = "SUITE|DIR|FILE")]
    pub suites: Vec<PathBuf>,
    /// List what every vector exercises, not only the whole
    #[arg(long)]
    pub vectors: bool,
    /// Which vectors have ITEM: a feature (using_qmatrix), a value (TxMode=ONLY_4X4), or any value of
    /// an element (qm_y); given several times, those that have all of them
    #[arg(long, value_name = "ITEM", conflicts_with_all = ["cover", "missing_from", "vectors"])]
    pub with: Vec<String>,
    /// The smallest set of vectors that together exercise what all do
    #[arg(long, conflicts_with = "missing_from")]
    pub cover: bool,
    /// What the suites exercise and those of A do not, and which vectors have it; may be given
    /// several times
    #[arg(long, value_name = "A")]
    pub missing_from: Vec<PathBuf>,
}

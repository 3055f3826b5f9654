//! Options of `caps` and `caps-diff`.

use std::path::PathBuf;

use clap::Args;

/// `vav1d caps`.
#[derive(Debug, Args)]
pub struct CapsArgs {
    /// Say what the devices lack for the streams of these suites, folders or files, as `vav1d
    /// verify` takes them; nothing is decoded
    #[arg(value_name = "SUITE|DIR|FILE")]
    pub streams: Vec<PathBuf>,
    /// Only this device: all, or as other commands take it
    #[arg(long, default_value = "all", value_name = "DEVICE")]
    pub device: String,
    /// Name every stream that a device cannot decode, not only how many there are
    #[arg(long, requires = "streams")]
    pub vectors: bool,
    /// Try streams of a level above the device's maxLevel
    #[arg(long, requires = "streams")]
    pub force: bool,
    /// What the device of a capture said to the application that was watched (`vav1d watch`), as
    /// far as that asked; with --json in the form that caps-diff takes
    #[arg(long, value_name = "CAPTURE", conflicts_with_all = ["streams", "soft_configs"])]
    pub seen_by: Option<PathBuf>,
    /// List what soft:CONFIG may be made of, and what the software driver can imitate
    #[arg(long, exclusive = true)]
    pub soft_configs: bool,
    /// The one device that verify, compare and matrix judge
    #[arg(long, hide = true)]
    pub judged: bool,
    /// Everything else that each device says of itself
    #[arg(long, hide = true)]
    pub facts: bool,
    /// It is opened, too: after a hang or a loss that tells whether it is there again
    #[arg(long, hide = true)]
    pub opened: bool,
    /// Under the Khronos validation layer
    #[arg(long, hide = true)]
    pub validate: bool,
}

/// `vav1d caps-diff`.
#[derive(Debug, Args)]
pub struct CapsDiffArgs {
    /// A device, as other commands take it, or a file that `vav1d caps --json` wrote
    #[arg(value_name = "A")]
    pub first: String,
    /// Another
    #[arg(value_name = "B")]
    pub second: String,
}

//! How a suite is run.

use std::path::PathBuf;

use super::child::Program;
use super::reproduce::Reproduce;
use super::settle::Effort;

/// The device that is the reference.
pub const REFERENCE: &str = "soft";

/// How a suite is run.
#[derive(Debug)]
pub struct Options {
    /// The children.
    pub program: Program,
    /// Vectors at a time.
    pub jobs: usize,
    /// How often each is run.
    pub effort: Effort,
    /// The program that asks for the device: vav1d, whatever the children are.
    pub asked: PathBuf,
    /// [`REFERENCE`] as the children are told of it.
    pub reference_device: String,
    /// Where logs and the results so far go.
    pub folder: PathBuf,
    /// Whether softvk is there to be asked what is right.
    pub reference: bool,
    /// Whether vectors with wrong pictures are looked at with `vav1d compare`.
    pub explain: bool,
    /// Whether images of them are kept in the folder.
    pub images: bool,
    /// After so many vectors that something is to be done about, no other is begun.
    pub max_fail: Option<usize>,
    /// How a vector is run again by hand.
    pub reproduce: Reproduce,
}

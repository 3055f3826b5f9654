//! How far a comparison has come: what the process that watches it reads when the driver has ended it.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::CompareArgs;
use super::comparison::Ended;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::guard;
use vav1d::error::{DeviceError, Error};
use vav1d_lab::conform::child::last_of;

/// The library's error behind a failure.
pub(super) fn cause(failure: &Failure) -> Option<&Error> {
    failure.error.chain().find_map(|cause| cause.downcast_ref::<Error>())
}

/// How far the judged decode came before it failed.
pub(super) fn ended(failure: &Failure, progress: &Progress) -> Ended {
    let what = match cause(failure) {
        Some(Error::Device(error)) if error.is_lost() => "device lost".to_owned(),
        Some(Error::Device(DeviceError::Timeout { .. })) => "hang".to_owned(),
        _ => failure.text(),
    };
    let (submitted, done) = last_of(&progress.journal);
    Ended { what, submitted, done }
}

/// What the process that watches this one reads when the driver has ended it.
pub(super) struct Progress {
    file: std::fs::File,
    /// The journal of the judged decode.
    pub(super) journal: PathBuf,
}

impl Progress {
    /// In `folder`: a line for each frame that was judged, and the journal.
    pub(super) fn new(folder: &Path, args: &CompareArgs) -> Result<Self> {
        let path = folder.join(guard::JUDGED);
        let file = std::fs::File::create(&path)
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", path.display())))?;
        Ok(Self { file, journal: guard::journal(folder, args) })
    }

    pub(super) fn line(&mut self, text: &str) {
        // It is for the case that this process dies; without it less is known then.
        let _ = self.file.write_all(format!("{text}\n").as_bytes());
    }
}

//! A journal of what the device was given: what was last in it, after a hang or a crash.

use std::fs::File;
use std::io::{self, Write};

/// Lines `submit FRAME unit UNIT` before a decode is submitted, `done FRAME` once it is known to
/// have ended. Nothing is kept back, so the lines are there when the process is gone.
#[derive(Debug)]
pub struct Journal {
    file: File,
    sync: bool,
}

impl Journal {
    /// Into `file`; with `sync` each `submit` reaches the disk before the device gets the decode,
    /// so that it is there even when the machine is gone.
    pub fn new(file: File, sync: bool) -> Self {
        Self { file, sync }
    }

    pub(super) fn submit(&mut self, frame: u64, unit: u64) -> io::Result<()> {
        self.file.write_all(format!("submit {frame} unit {unit}\n").as_bytes())?;
        if self.sync { self.file.sync_data() } else { Ok(()) }
    }

    pub(super) fn done(&mut self, frame: u64) -> io::Result<()> {
        self.file.write_all(format!("done {frame}\n").as_bytes())
    }
}

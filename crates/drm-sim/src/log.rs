//! The log: what was refused, and what else a user should know.

use std::fs::OpenOptions;
use std::io::{self, Write as _};

/// Writes a line to the log.
pub(crate) fn log(line: &str) {
    let line = format!("drm-sim: {line}\n");
    let file = std::env::var_os("VAV1D_DRM_SIM_LOG")
        .and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
    // A log that cannot be written has nowhere to say so.
    let _ = match file {
        Some(mut file) => file.write_all(line.as_bytes()),
        None => io::stderr().write_all(line.as_bytes()),
    };
}

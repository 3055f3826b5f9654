//! The recording: what was submitted to the video engine, as text.
//!
//! ```text
//! # vav1d drm-sim recording 1
//! chip = navi33
//!
//! submission 0 decode
//! raw.session = 0
//! picture = 0
//! av1.show_frame = 1
//! av1.base_qindex = 120
//! tile.0 = 1234 bytes, fnv1a64 0f1e2d3c4b5a6978
//! ```
//!
//! A line is a name, ` = `, and values separated by blanks. `submission N` counts the video
//! engine's messages; other engines' work is not recorded. What depends on where an allocator put
//! something is written twice: normalised under its name, so that two programs that do the same
//! give the same text, and as it was under `raw.`. Normalised are
//!
//! - reference slots, written as `picture N`: the picture last decoded into that slot, counted
//!   over the recording (`none` for a slot that none was decoded into);
//! - bitstream bytes, as length and hash of each tile.
//!
//! RADV's fields are those of the VCN message, ANV's those of the AVP commands.

mod anv;
mod radv;
mod text;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use self::anv::Anv;
use self::radv::Radv;
pub(crate) use self::text::hash;
use crate::batch::Command;
use crate::chip::Chip;
use crate::memory::Space;
use crate::vcn::Message;

/// Writes the recording.
#[derive(Debug)]
pub(crate) struct Recorder {
    path: Option<PathBuf>,
    chip: &'static str,
    file: Option<File>,
    submissions: usize,
    radv: Radv,
    anv: Anv,
}

impl Recorder {
    /// A recorder that writes to the file named by `VAV1D_DRM_SIM_RECORD`, or nowhere.
    pub(crate) fn new(chip: &Chip) -> Self {
        let path = std::env::var_os("VAV1D_DRM_SIM_RECORD").map(PathBuf::from);
        Self {
            path,
            chip: chip.name,
            file: None,
            submissions: 0,
            radv: Radv::default(),
            anv: Anv::default(),
        }
    }

    /// Appends text to the recording, which begins with the first text: a process that submits no
    /// video makes no file.
    fn write(&mut self, text: &str) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if self.file.is_none() {
            let mut file = create(path)?;
            writeln!(file, "# vav1d drm-sim recording 1\nchip = {}", self.chip)?;
            self.file = Some(file);
        }
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))
    }

    /// Records what the video engine did: its text and what did not fit.
    pub(crate) fn add(&mut self, mut text: String, faults: &[String]) {
        for (index, fault) in faults.iter().enumerate() {
            text::line(&mut text, format_args!("fault.{index}"), fault);
        }
        self.submissions += 1;
        if let Err(reason) = self.write(&text) {
            crate::log::log(&format!("the recording ends here: {reason}"));
            self.path = None;
        }
    }

    /// The text of one message of a VCN engine.
    pub(crate) fn message(&mut self, space: &Space, message: &Message) -> String {
        match self.path {
            Some(_) => self.radv.message(space, message, self.submissions),
            None => String::new(),
        }
    }

    /// The text of each picture in a batch for an AVP engine.
    pub(crate) fn batch(&mut self, space: &Space, commands: &[Command]) -> Vec<String> {
        match self.path {
            Some(_) => self.anv.batch(space, commands, self.submissions),
            None => Vec::new(),
        }
    }
}

/// A new file at `path`. A second process finds one there, and adds its number to the name.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    File::create_new(path).or_else(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => {
            let mut other = path.as_os_str().to_owned();
            other.push(format!(".{}", std::process::id()));
            File::create(other)
        }
        _ => Err(e),
    })
}

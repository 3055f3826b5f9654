//! Opens the input.

use std::fs::File;
use std::io;
use std::path::Path;

use super::args::{InputArgs, InputFormat};
use super::exit::Exit;
use super::failure::{Failure, Result};
use crate::container::{self, Format, Source};
use crate::limits::Limits;

/// The file at `path`, and whether one can seek in it.
fn file(path: &Path) -> io::Result<(File, bool)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    match metadata.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok((file, metadata.is_file())),
    }
}

/// The source that the arguments name.
pub(super) fn open(args: &InputArgs) -> Result<Box<dyn Source>> {
    source(args).map_err(|error| {
        let exit = Exit::of(&error);
        Failure { exit, error: anyhow::Error::from(error).context(args.file.display().to_string()) }
    })
}

/// The same, with the library's error.
pub(super) fn source(args: &InputArgs) -> crate::error::Result<Box<dyn Source>> {
    let format = match args.input_format {
        InputFormat::Auto => None,
        InputFormat::Ivf => Some(Format::Ivf),
        InputFormat::Section5 => Some(Format::Section5),
        InputFormat::Annexb => Some(Format::AnnexB),
        InputFormat::Matroska => Some(Format::Matroska),
        InputFormat::Mp4 => Some(Format::Mp4),
    };
    let limits = Limits::default();
    let mut source = match args.file.as_os_str() == "-" {
        true => container::open(Box::new(io::stdin()), format, limits)?,
        false => match file(&args.file)? {
            (file, true) => container::open_file(Box::new(file), format, limits)?,
            (file, false) => container::open(Box::new(file), format, limits)?,
        },
    };
    if args.ignore_editlist {
        source.ignore_edit_list();
    }
    Ok(source)
}

//! Opens the input.

use std::fs::File;
use std::io::{self, BufReader, Read};

use super::args::{InputArgs, InputFormat};
use super::exit::Exit;
use super::failure::{Failure, Result};
use crate::container::{self, Format, Source};
use crate::limits::Limits;

/// The source that the arguments name.
pub(super) fn open(args: &InputArgs) -> Result<Box<dyn Source>> {
    let name = args.file.display();
    let reader: Box<dyn Read + Send> = if args.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        let file = File::open(&args.file)
            .and_then(|file| match file.metadata()?.is_dir() {
                true => Err(io::ErrorKind::IsADirectory.into()),
                false => Ok(file),
            })
            .map_err(|e| Failure::new(Exit::NoInput, format!("{name}: {e}")))?;
        Box::new(BufReader::new(file))
    };
    let format = match args.input_format {
        InputFormat::Auto => None,
        InputFormat::Ivf => Some(Format::Ivf),
        InputFormat::Section5 => Some(Format::Section5),
        InputFormat::Annexb => Some(Format::AnnexB),
    };
    container::open(reader, format, Limits::default()).map_err(|error| {
        let exit = Exit::of(&error);
        Failure { exit, error: anyhow::Error::from(error).context(name.to_string()) }
    })
}

//! Decodes packets as they come from a network: here those of a file, of which every tenth is lost.
//!
//! `cargo run --release --example packets -- samples/key-frames.ivf`

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use vav1d::container;
use vav1d::error::Error;
use vav1d::{Decoder, Device, Packet};

fn main() -> Result<(), Error> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "samples/key-frames.ivf".into());
    let mut source = container::open_file(Box::new(File::open(name)?), None, Default::default())?;
    let mut decoder = Decoder::builder().device(Device::auto()).build()?;
    while let Some(unit) = source.next_unit()? {
        if unit.index % 10 == 9 {
            decoder.lost()?;
            continue;
        }
        let time = Duration::from_millis(40 * unit.index);
        decoder.send(Packet::new(unit.data).at(time))?;
        receive(&mut decoder)?;
    }
    decoder.flush()?;
    receive(&mut decoder)
}

/// Prints what has been decoded so far.
fn receive(decoder: &mut Decoder) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    loop {
        match decoder.receive() {
            Ok(Some(frame)) => {
                writeln!(out, "{:?}: {:?}", frame.time.unwrap_or_default(), frame.size())?;
                decoder.recycle(frame);
            }
            Ok(None) => return Ok(()),
            // Decoding goes on at the next key frame.
            Err(Error::Stream(fault)) => writeln!(out, "{fault}")?,
            Err(error) => return Err(error),
        }
    }
}

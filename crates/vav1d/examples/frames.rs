//! Decodes a stream on the built-in software driver and prints the MD5 of each frame.
//!
//! `cargo run --release --example frames -- samples/main-420-8.ivf`

use std::fs::File;
use std::io::{self, Write};

use vav1d::container;
use vav1d::decode::{Options, decode};
use vav1d::error::Result;
use vav1d::limits::Limits;
use vav1d::sink::{Shown, Sink, StreamInfo};
use vav1d::vk::{Driver, Executor, ExecutorOptions, Instance, InstanceOptions};

/// Prints a line for each picture.
struct Print(io::Stdout);

impl Sink for Print {
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()> {
        writeln!(self.0, "{}x{}, {} bit", info.width, info.height, info.format.bit_depth)
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        let md5 = vav1d::sink::md5_hex(&shown.picture.data);
        writeln!(self.0, "{} {md5}", shown.index)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "samples/main-420-8.ivf".into());
    let mut source = container::open(Box::new(File::open(name)?), None, Limits::default())?;
    let instance = Instance::new(Driver::Soft { config: None }, InstanceOptions::default())?;
    let adapters = instance.adapters()?;
    let mut executor = Executor::new(&instance, &adapters[0], ExecutorOptions::default())?;
    let summary =
        decode(&mut *source, &mut executor, &mut Print(io::stdout()), Options::default())?;
    summary.faults.into_iter().next().map_or(Ok(()), Err)
}

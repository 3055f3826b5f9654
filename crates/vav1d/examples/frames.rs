//! Decodes a file and prints the MD5 of each frame.
//!
//! `cargo run --release --example frames -- samples/main-420-8.ivf`

use std::io::{self, Write};

use vav1d::error::Error;
use vav1d::sink::md5_hex;

fn main() -> Result<(), Error> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "samples/main-420-8.ivf".into());
    let mut decoder = vav1d::Decoder::builder().device(vav1d::Device::auto()).build()?;
    let mut out = io::stdout().lock();
    for frame in decoder.file(name)? {
        let frame = frame?;
        let ((width, height), depth) = (frame.size(), frame.format().bit_depth);
        let md5 = md5_hex(&frame.read()?.data);
        writeln!(out, "{} {width}x{height} {depth} bit {:?} {md5}", frame.index, frame.time)?;
    }
    out.flush().map_err(Error::from)
}

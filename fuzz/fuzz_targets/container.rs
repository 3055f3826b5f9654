//! Any bytes as a file of any container, or of whichever it looks like; and the same from a pipe.
//! What is wrong does not end it: reading goes on, and has an end.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use vav1d::container::{self, Format, Source};
use vav1d::container::error::Error;
use vav1d::limits::Limits;

const LIMITS: Limits = Limits {
    unit_bytes: 1 << 20,
    pipe_bytes: 1 << 20,
    frame_samples: 142_606_336,
    unit_frames: 4096,
};

fn read(mut source: Box<dyn Source>, bytes: usize) {
    let (mut last, mut faults) = (None, 0);
    loop {
        match source.next_unit() {
            Ok(Some(unit)) => {
                assert!(unit.data.len() as u64 <= LIMITS.unit_bytes);
                assert!(last.is_none_or(|last| unit.index > last));
                last = Some(unit.index);
                if unit.index > 10_000 {
                    return;
                }
            }
            Err(Error::Stream(_)) => {
                faults += 1;
                assert!(faults <= bytes + 16, "{faults} faults in {bytes} bytes");
            }
            Ok(None) | Err(_) => return,
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let format = match first {
        0 => Some(Format::Ivf),
        1 => Some(Format::Section5),
        2 => Some(Format::AnnexB),
        3 => Some(Format::Matroska),
        4 => Some(Format::Mp4),
        _ => None,
    };
    // With a container named, the first byte names it; else it is the file's.
    let file = if format.is_some() { rest } else { data };
    let reader = || Box::new(Cursor::new(file.to_vec()));
    if let Ok(source) = container::open_file(reader(), format, LIMITS) {
        read(source, file.len());
    }
    if let Ok(source) = container::open(reader(), format, LIMITS) {
        read(source, file.len());
    }
});

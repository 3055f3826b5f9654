//! Any bytes as a file of any container, or of whichever it looks like.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use vav1d::container::{self, Format};
use vav1d::limits::Limits;

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
    let limits = Limits { unit_bytes: 1 << 20, pipe_bytes: 1 << 20, ..Limits::default() };
    let reader = Box::new(Cursor::new(file.to_vec()));
    let Ok(mut source) = container::open_file(reader, format, limits) else { return };
    let mut last = None;
    while let Ok(Some(unit)) = source.next_unit() {
        assert!(unit.data.len() as u64 <= limits.unit_bytes);
        assert!(last.is_none_or(|last| unit.index == last + 1));
        last = Some(unit.index);
        if unit.index > 10_000 {
            break;
        }
    }
});

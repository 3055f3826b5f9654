//! Any bytes as a stream that is changed and written: what is written is read again, with the frames
//! that were meant. The last bytes of the input decide the changes.
#![no_main]

use std::collections::BTreeSet;
use std::io::Cursor;

use av1_rewrite::change::{Step, all};
use av1_rewrite::error::Error;
use av1_rewrite::random::Random;
use av1_rewrite::select::{Names, keep};
use av1_rewrite::slots::shown;
use av1_rewrite::stream::Stream;
use av1_rewrite::{Derived, read, write};
use libfuzzer_sys::fuzz_target;
use vav1d::container;
use vav1d::limits::Limits;
use vav1d::obu::Framing;

fuzz_target!(|data: &[u8]| {
    let (data, tail) = data.split_at(data.len() - data.len().min(8));
    let seed = tail.iter().fold(0u64, |seed, byte| seed << 8 | u64::from(*byte));
    let limits = Limits { unit_bytes: 1 << 20, pipe_bytes: 1 << 20, ..Limits::default() };
    let reader = Box::new(Cursor::new(data.to_vec()));
    let Ok(mut source) = container::open(reader, None, limits) else { return };
    let mut reader = read::Reader::default();
    while let Ok(Some(unit)) = source.next_unit() {
        if reader.unit(&unit).is_err() {
            return;
        }
    }
    let Ok(stream) = reader.finish() else { return };
    let mut random = Random::new(seed);
    let mut changed = stream.clone();
    let changes: Vec<_> = all().collect();
    for _ in 0..random.below(4) {
        let Some(change) = random.of(&changes) else { return };
        // A change that cannot be made may be made in part.
        let _ = Step::draw(change, &mut random).apply(&mut changed, &mut random);
    }
    check(&stream, true);
    check(&changed, false);
    // Some of its frames.
    let frames: BTreeSet<_> = (0..changed.frames().count()).filter(|_| random.one_in(2)).collect();
    if let Ok(smaller) = keep(&changed, &frames, Names::Elsewhere) {
        check(&smaller, false);
    }
});

/// What is written of `stream` is it, if it can be written; what was read so can.
fn check(stream: &Stream, was_read: bool) {
    for framing in [Framing::Section5, Framing::AnnexB] {
        let written = match write::write(stream, framing, Derived::Replaced) {
            Ok(written) => written,
            Err(Error::ReadBack { frame, member }) if was_read => panic!("frame {frame}: {member}"),
            Err(_) => continue,
        };
        let back = read::read(&written, None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(back.frames().count(), stream.frames().count());
        assert_eq!(shown(&back).len(), shown(stream).len());
    }
}

//! Any bytes as a stream that is made smaller: every stream that is judged is a whole one, with the
//! frames that were meant. The last bytes of the input decide what fails.
#![no_main]

use std::convert::Infallible;
use std::io::Cursor;

use av1_rewrite::read;
use av1_rewrite::stream::Stream;
use libfuzzer_sys::fuzz_target;
use vav1d::container;
use vav1d::limits::Limits;
use vav1d_lab::reduce::{Failing, Judge, reduce};

/// Says by the bits of a number which streams fail.
struct Bits {
    seed: u64,
    judged: u32,
}

impl Judge for Bits {
    type Error = Infallible;

    fn judge(&mut self, stream: &Stream, file: &[u8]) -> Result<Option<Failing>, Infallible> {
        let read = parts(file).expect("what is judged can be read");
        let frames: Vec<u64> = stream.frames().map(|(_, frame)| frame.origin).collect();
        assert_eq!(read.frames().count(), frames.len());
        self.judged += 1;
        let wrong = frames.iter().find(|frame| self.seed >> (*frame & 31) & 1 == 1);
        let origin = wrong.copied().filter(|_| self.seed >> 40 & 1 == 1);
        Ok(wrong.map(|_| Failing { class: "wrong".to_owned(), origin }))
    }

    fn is_sound(&mut self, _: &[u8], file: &[u8]) -> Result<bool, Infallible> {
        Ok(file.len() as u64 & 3 != self.seed >> 41 & 3)
    }

    fn told(&mut self, _: &str) {}

    fn is_spent(&self) -> bool {
        self.judged >= 40
    }
}

fuzz_target!(|data: &[u8]| {
    let (data, tail) = data.split_at(data.len() - data.len().min(8));
    let seed = tail.iter().fold(0u64, |seed, byte| seed << 8 | u64::from(*byte));
    let Some(stream) = parts(data) else { return };
    let Ok(left) = reduce(&stream, (seed >> 48 & 31) as u8, &mut Bits { seed, judged: 0 });
    if let Ok(Some(left)) = left {
        assert!(left.stream.frames().count() <= stream.frames().count());
        assert!(parts(&left.file).is_some());
    }
});

fn parts(bytes: &[u8]) -> Option<Stream> {
    let limits = Limits { unit_bytes: 1 << 20, pipe_bytes: 1 << 20, ..Limits::default() };
    let mut source = container::open(Box::new(Cursor::new(bytes.to_vec())), None, limits).ok()?;
    let mut reader = read::Reader::default();
    while let Ok(Some(unit)) = source.next_unit() {
        reader.unit(&unit).ok()?;
    }
    reader.finish().ok()
}

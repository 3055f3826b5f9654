//! Damaged streams: an error, or a stream that is written, read and changed like any. Never a panic.

mod common;

use av1_rewrite::change::{Step, all};
use av1_rewrite::error::Error;
use av1_rewrite::random::Random;
use av1_rewrite::{Derived, read, write};
use av1_syntax::obu::Framing;
use av1_syntax::unit::TemporalUnit;

/// `unit` with up to four bytes changed, and sometimes cut.
fn damaged(unit: &TemporalUnit, random: &mut Random) -> TemporalUnit {
    let mut data = unit.data.to_vec();
    for _ in 0..random.below(5) {
        let at = random.below(data.len().min(200) as u64) as usize;
        let flipped = 1 << random.below(8);
        if let Some(byte) = data.get_mut(at) {
            *byte ^= flipped;
        }
    }
    if random.one_in(10) {
        data.truncate(random.below(data.len() as u64) as usize);
    }
    TemporalUnit { data: data.into(), ..unit.clone() }
}

#[test]
fn damaged_streams_do_no_harm() {
    let changes: Vec<_> = all().collect();
    let mut random = Random::new(7);
    let (mut read_of, mut written_of, mut all_of) = (0, 0, 0);
    let samples = common::samples();
    for round in 0..12 {
        for (name, units, _) in &samples {
            all_of += 1;
            let units: Vec<_> = units.iter().map(|unit| damaged(unit, &mut random)).collect();
            let Ok(stream) = read::read(&units, None) else { continue };
            read_of += 1;
            if let Err(error @ Error::ReadBack { .. }) =
                write::write(&stream, Framing::Section5, Derived::Replaced)
            {
                panic!("{name} {round}: {error}");
            }
            let mut changed = stream.clone();
            for _ in 0..random.below(4) {
                let change = random.of(&changes).expect("there are some");
                let step = Step::draw(change, &mut random);
                let _ = step.apply(&mut changed, &mut random);
            }
            for framing in [Framing::Section5, Framing::AnnexB] {
                match write::write(&changed, framing, Derived::Replaced) {
                    Ok(written) => {
                        written_of += 1;
                        let back = read::read(&written, None);
                        let back = back.unwrap_or_else(|e| panic!("{name} {round}: {e}"));
                        assert_eq!(back.frames().count(), changed.frames().count(), "{name}");
                    }
                    // What is written reads back, or it is an error of another kind.
                    Err(Error::Stream(error)) => panic!("{name} {round}: {error}"),
                    Err(_) => {}
                }
            }
        }
    }
    assert!(read_of > all_of / 10, "{read_of} of {all_of} are read");
    assert!(written_of > read_of / 2, "{written_of} of twice {read_of} are written");
}

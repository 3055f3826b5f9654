//! Planted faults: each that was asked for is there, and those that had no effect are named.

use std::sync::{Arc, PoisonError};

use crate::record::{Decode, picture, right, tile_bytes};
use crate::rig::Rig;

/// Status and luma of each of `count` right decodes on a driver of `config`, and what is said until
/// it is gone.
fn decodes(config: &str, count: usize, make: impl Fn(usize) -> Decode) -> Run {
    let rig = Rig::with(config);
    let heard = Arc::clone(&rig.heard);
    rig.write(0, &tile_bytes());
    let decode = |n| {
        let (status, said) = rig.decode(|decode| *decode = make(n));
        (status, rig.luma(picture(0, 0)), said)
    };
    let decoded: Vec<_> = (0..count).map(decode).collect();
    drop(rig);
    let mut said: Vec<_> = decoded.iter().flat_map(|(_, _, said)| said.clone()).collect();
    said.append(&mut heard.lock().unwrap_or_else(PoisonError::into_inner));
    Run { decoded: decoded.into_iter().map(|(status, luma, _)| (status, luma)).collect(), said }
}

struct Run {
    decoded: Vec<(i32, Vec<u8>)>,
    said: Vec<String>,
}

fn key_frames(config: &str, count: usize) -> Run {
    decodes(config, count, |_| right())
}

/// How many samples of the luma differ, and the first of them.
fn differing(a: &[u8], b: &[u8]) -> (usize, Option<usize>) {
    let mut at = (0..a.len().max(b.len())).filter(|i| a.get(*i) != b.get(*i));
    (at.clone().count(), at.next())
}

#[test]
fn a_right_decode_is_right() {
    let run = key_frames("", 2);
    assert_eq!(run.said, [""; 0]);
    assert_eq!([run.decoded[0].0, run.decoded[1].0], [1, 1]);
    assert_eq!(run.decoded[0].1, run.decoded[1].1);
    assert_eq!(run.decoded[0].1.len(), 64 * 64);
}

#[test]
fn several_faults_of_one_kind_and_of_others_all_apply() {
    let run = key_frames("fault=pixel@0,fault=status@3,fault=pixel@2,fault=base-q@4", 5);
    let right = &key_frames("", 1).decoded[0].1;
    let wrong: Vec<_> = run.decoded.iter().map(|(_, luma)| differing(luma, right)).collect();
    let pixel = (1, Some(32 * 64 + 32));
    assert_eq!([wrong[0], wrong[1], wrong[2]], [pixel, (0, None), pixel]);
    assert_eq!(run.decoded.iter().map(|(s, _)| *s).collect::<Vec<_>>(), [1, 1, 1, -1, 1]);
    assert!(wrong[4].0 > 0, "{wrong:?}");
    assert!(!run.said.iter().any(|line| line.contains("never applied")), "{:?}", run.said);
}

#[test]
fn faults_that_never_apply_are_named() {
    // Of these the first three do something. There is no grain, no inter frame, no decode 999, and
    // the layer is 0.
    let config = "fault=pixel@1,fault=status@2,fault=base-q@0,fault=grain-seed@1,fault=slot@1,\
                  fault=cdf@1,fault=pixel@999,fault=hang@998,fault=layer-zero";
    let run = key_frames(config, 3);
    let prefix = " planted fault never applied: ";
    let named: Vec<_> = run.said.iter().filter_map(|line| line.strip_prefix(prefix)).collect();
    let expected = [
        "fault=grain-seed@1",
        "fault=slot@1",
        "fault=cdf@1",
        "fault=pixel@999",
        "fault=hang@998",
        "fault=layer-zero",
    ];
    assert_eq!(named, expected);
    let unfired = softvk::unfired();
    assert!(expected.iter().all(|word| unfired.iter().any(|u| u == word)), "{unfired:?}");
    for fired in ["fault=pixel@1", "fault=status@2", "fault=base-q@0"] {
        assert!(!unfired.iter().any(|word| word == fired), "{unfired:?}");
    }
    // What applies on another device of the process has applied.
    let again = key_frames("fault=pixel@998", 1);
    assert!(again.said.concat().contains("fault=pixel@998"), "{:?}", again.said);
    assert!(softvk::unfired().contains(&"fault=pixel@998".to_owned()));
}

#[test]
fn a_failure_of_the_driver_breaks_no_rule() {
    let run = key_frames("fault=status@0", 1);
    assert!(
        run.said.iter().any(|line| line.ends_with("a planted fault [driver]")),
        "{:?}",
        run.said
    );
}

#[test]
fn a_fault_is_there_when_members_have_a_value() {
    let right = &key_frames("", 1).decoded[0].1;
    // A member that nothing is decoded by.
    let make = |n: usize| {
        let mut decode = crate::record::right();
        if let Some(info) = &mut decode.info {
            info.current_frame_id = if n == 1 { 15 } else { 255 };
        }
        decode
    };
    let on = |config: &str| decodes(config, 3, make);
    let wrong = |run: &Run| -> Vec<bool> {
        run.decoded.iter().map(|(_, luma)| differing(luma, right).0 > 0).collect()
    };
    let run = on("fault=when:current_frame_id=15");
    assert_eq!(wrong(&run), [false, true, false]);
    assert_eq!(run.said, [""; 0]);
    let run = on("fault=status@when:current_frame_id=255+frame_type=0");
    assert_eq!(run.decoded.iter().map(|(s, _)| *s).collect::<Vec<_>>(), [-1, 1, -1]);
    let run = on("fault=pixel@when:current_frame_id=15+frame_type=1");
    let vain = "planted fault never applied: fault=pixel@when:current_frame_id=15+frame_type=1";
    assert!(run.said.concat().contains(vain), "{:?}", run.said);
    assert_eq!(wrong(&run), [false; 3]);
    let run = on("fault=set:base_q_idx=99@2");
    assert_eq!(wrong(&run), [false, false, true]);
}

//! Frames that are kept, with all that they need, are what they were.

mod common;

use std::collections::BTreeSet;

use av1_rewrite::select::{Names, closure, keep, needs, rename};
use av1_rewrite::slots::shown;
use av1_rewrite::stream::{Content, Item, Stream};
use av1_rewrite::{Derived, read, write};
use av1_syntax::obu::Framing;

/// The stream as it is read back.
fn written(stream: &Stream, derived: Derived) -> Result<Stream, String> {
    let units = write::write(stream, Framing::Section5, derived).map_err(|e| e.to_string())?;
    read::read(&units, None).map_err(|e| e.to_string())
}

/// The frames that end in the first `count` pictures.
fn of_pictures(stream: &Stream, count: usize) -> BTreeSet<usize> {
    shown(stream).into_iter().take(count).map(|origin| origin as usize).collect()
}

#[test]
fn a_closure_is_decoded_as_before() {
    for (name, _, stream) in common::samples() {
        let needs = needs(&stream);
        for count in 1..=4 {
            let wanted = of_pictures(&stream, count);
            let mut kept = closure(&needs, wanted.iter().copied());
            // A shown key frame decides what the slots hold for all that comes.
            let is_key = |frame: &&av1_rewrite::stream::Frame| frame.header.ref_frame_idx.is_none();
            let keys = stream.frames().filter(|(_, frame)| is_key(frame));
            kept.extend(keys.map(|(_, frame)| frame.origin as usize).take(1));
            let smaller = keep(&stream, &kept, Names::Kept)
                .unwrap_or_else(|error| panic!("{name} {count}: {error}"));
            let origins: BTreeSet<_> =
                smaller.frames().map(|(_, frame)| frame.origin as usize).collect();
            assert_eq!(origins, kept, "{name} {count}");
            let pictures = shown(&smaller);
            let meant: Vec<_> =
                shown(&stream).into_iter().filter(|o| kept.contains(&(*o as usize))).collect();
            assert_eq!(pictures, meant, "{name} {count}");
            let back = written(&smaller, Derived::Checked)
                .unwrap_or_else(|error| panic!("{name} {count}: {error}"));
            let tiles = |stream: &Stream| -> Vec<_> {
                stream.frames().map(|(_, frame)| frame.tiles.clone()).collect()
            };
            assert!(tiles(&back) == tiles(&smaller), "{name} {count}");
            for unit in &back.units {
                let first = unit.items.first();
                assert!(
                    matches!(first, Some(Item::Obu(_, Content::TemporalDelimiter)))
                        || stream.units.len() == back.units.len(),
                    "{name} {count}"
                );
            }
        }
    }
}

#[test]
fn names_of_frames_that_are_gone() {
    let samples = common::samples();
    let find = |wanted: &str| {
        let found = samples.iter().find(|(name, ..)| name == wanted);
        found.map(|(.., stream)| stream.clone()).expect("the sample is there")
    };
    let stream = find("main-420-8.ivf");
    let all = needs(&stream);
    // The first frame that another one names, and is no key frame.
    let (user, gone) = all
        .iter()
        .enumerate()
        .find_map(|(user, needs)| Some((user, *needs.all().iter().find(|used| **used > 0)?)))
        .expect("a frame names another one than the first");
    let left: BTreeSet<_> = (0..=user).filter(|frame| *frame != gone).collect();
    keep(&stream, &left, Names::Kept).expect_err("one names what is gone");
    let smaller = keep(&stream, &left, Names::Elsewhere).expect("names point elsewhere");
    let back = written(&smaller, Derived::Replaced).expect("it is legal");
    assert_eq!(back.frames().count(), left.len());
    let now = needs(&back);
    let last = now.last().expect("there are frames");
    assert!(last.references.iter().all(Option::is_some), "{last:?}");
}

#[test]
fn a_name_is_pointed_to_another_frame() {
    let (_, _, mut stream) = common::samples()
        .into_iter()
        .find(|(name, ..)| name == "main-420-8.ivf")
        .expect("the sample is there");
    let before = needs(&stream);
    let user = before.len() - 1;
    let to = before[user].references[0].expect("LAST_FRAME is there");
    let old = before[user].references[6];
    rename(&mut stream, user, 6, to).expect("a slot holds it");
    assert_ne!(old, Some(to), "or nothing is tested");
    assert_eq!(needs(&stream)[user].references[6], Some(to));
    written(&stream, Derived::Replaced).expect("it is legal");
    assert!(rename(&mut stream, user, 7, to).is_err(), "there are seven names");
    assert!(rename(&mut stream, 0, 0, to).is_err(), "a key frame has none");
}

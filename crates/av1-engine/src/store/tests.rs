//! The store against a model of the decoder: whatever the order of frames, each finds its own
//! references in the buffers that it is told.

use super::super::headers::IDENTITY;
use super::super::testing::Rng;
use super::*;

/// Eight buffers with the numbers of the pictures in them, and how often was decoded.
#[derive(Default)]
struct Model {
    buffers: [Option<usize>; 8],
    decodes: usize,
}

/// A picture's OBUs: its number and those of its references.
type Kept = (usize, Option<[usize; 7]>);

impl Model {
    fn decode(&mut self, kept: &Kept, indices: Option<[u8; 7]>, refresh: Option<u8>) {
        if let (Some(wanted), Some(indices)) = (kept.1, indices) {
            let found = indices.map(|i| self.buffers[usize::from(i)]);
            assert_eq!(found, wanted.map(Some), "picture {} finds its references", kept.0);
        }
        assert_eq!(kept.1.is_some(), indices.is_some());
        self.decodes += 1;
        if let Some(buffer) = refresh {
            self.buffers[usize::from(buffer)] = Some(kept.0);
        }
    }
}

const SAVED: Saved = Saved { order_hint: 0, upscaled_width: 64, frame_height: 64, gm: IDENTITY };

/// A stream of `frames` over `places`, whose own eight buffers are refreshed at random; how many
/// decodes it took, with the next frame's place known or not.
fn run(seed: u64, frames: usize, places: usize, known: bool) -> usize {
    let mut rng = Rng::new(seed);
    let (mut store, mut model) = (Store::<Kept>::default(), Model::default());
    // The stream's eight buffers: place and number.
    let mut stream: [Option<(u32, usize)>; 8] = [None; 8];
    let mut free: Vec<u32> = (0..places as u32).collect();
    for number in 0..frames {
        let live: Vec<(u32, usize)> = stream.iter().flatten().copied().collect();
        let intra = number == 0 || rng.once_in(20);
        // As encoders do, the newest picture and two others; or any.
        let any = |rng: &mut Rng| live.get(rng.below(live.len().max(1))).copied();
        let newest = live.iter().copied().max_by_key(|picture| picture.1);
        let few = [newest, any(&mut rng), any(&mut rng)];
        let names: [(u32, usize); 7] = std::array::from_fn(|i| {
            let name = if known { any(&mut rng) } else { few[i % 3] };
            name.unwrap_or((0, 0))
        });
        let place = free.remove(0);
        let refresh = (0..8).filter(|_| rng.once_in(6)).collect::<Vec<_>>();
        let refresh = if number == 0 { (0..8).collect() } else { refresh };
        store.open((!refresh.is_empty()).then_some(place));
        let ids = (!intra).then(|| store.named(&names.map(|name| name.0 as i32)));
        let ids = ids.transpose().expect("all are there");
        while let Some(redo) = store.redo(ids.as_ref()).expect("nothing is lost") {
            model.decode(&redo.kept, redo.indices, Some(redo.buffer));
            store.redone(&redo, true);
        }
        let indices = ids.map(|ids| store.references(&ids).expect("in buffers").map(|r| r.0));
        let kept = (number, (!intra).then(|| names.map(|name| name.1)));
        for &at in &refresh {
            stream[at] = Some((place, number));
        }
        let dead = |at: u32| !stream.iter().flatten().any(|other| other.0 == at);
        // Pools give what is free, the oldest or the lowest first.
        let back: Vec<u32> =
            (0..places as u32).filter(|&at| dead(at) && !free.contains(&at)).collect();
        free.extend(back);
        if places > 9 {
            free.sort_unstable();
        }
        if refresh.is_empty() {
            model.decode(&kept, indices, None);
            continue;
        }
        let next = known.then(|| free[0]);
        let target = store.target(place, next);
        model.decode(&kept, indices, target);
        store.insert(place, target, Decoded { kept, bytes: 100, saved: SAVED, references: ids });
    }
    model.decodes
}

#[test]
fn every_frame_finds_its_references() {
    for places in [9, 10, 12] {
        for seed in 0..20 {
            run(seed, 400, places, false);
        }
    }
}

#[test]
fn hardly_anything_is_decoded_twice_where_the_next_place_is_known() {
    for seed in 0..20 {
        let (guessed, known) = (run(seed, 400, 9, false), run(seed, 400, 9, true));
        assert!(known <= 420 && guessed > known, "{guessed} {known}");
    }
}

#[test]
fn what_is_not_there_is_missed() {
    let mut store = Store::<Kept>::default();
    let missing = Err(Fault::ReferenceMissing { name: 1, slot: 3 });
    assert_eq!(store.named(&[3; 7]), missing);
    let node = || Decoded { kept: (0, None), bytes: 1, saved: SAVED, references: None };
    let target = store.target(3, None);
    assert_eq!(target, Some(0));
    store.insert(3, target, node());
    let ids = store.named(&[3; 7]).expect("there");
    assert!(store.redo(Some(&ids)).expect("there").is_none());
    // A failed frame leaves nothing behind, in its place or in the buffer.
    store.spoil(Some(3), Some(0));
    assert_eq!(store.named(&[3; 7]), missing);
    // A picture that was driven out and cannot be decoded again is lost.
    store.insert(4, None, node());
    let ids = store.named(&[4; 7]).expect("there");
    let redo = store.redo(Some(&ids)).expect("kept").expect("in no buffer");
    store.redone(&redo, false);
    assert_eq!(store.redo(Some(&ids)).err(), Some(Fault::ReferenceLost));
}

#[test]
fn old_pictures_are_forgotten() {
    let mut store = Store::<Kept>::default();
    for number in 0..5000 {
        let node = Decoded { kept: (number, None), bytes: 100, saved: SAVED, references: None };
        let target = store.target(number as u32 % 20, None);
        store.insert(number as u32 % 20, target, node);
    }
    assert_eq!(store.nodes.len(), MOST);
    assert_eq!(store.bytes, MOST * 100);
    assert_eq!(store.places.len(), 20);
}

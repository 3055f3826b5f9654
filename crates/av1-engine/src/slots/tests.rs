//! A model of streams and of applications against the scheme: no live picture is ever lost.

use super::super::testing::Rng;
use super::*;

fn saved() -> Saved {
    Saved { order_hint: 0, upscaled_width: 64, frame_height: 64, gm: [[0; 6]; 7] }
}

/// How an application manages its slots.
#[derive(Clone, Copy, Debug)]
enum Habit {
    /// Dead slots are reused, the longest dead first, and never deactivated.
    Oldest,
    /// The lowest dead slot is reused.
    Lowest,
    /// Dead slots are deactivated at once.
    Deactivate,
}

/// A stream, its application and a decoder with eight buffers.
struct World {
    rng: Rng,
    habit: Habit,
    slots: Slots<u64>,
    /// The stream's reference buffers: the picture and whether it is a key frame not shown yet.
    vbi: [Option<(u64, bool)>; 8],
    /// The application's slots: the picture, and since when it is dead.
    app: Vec<(Option<u64>, u64)>,
    /// The decoder's buffers.
    decoder: [Option<u64>; 8],
    time: u64,
    /// Pictures decoded twice.
    refed: usize,
    lost: usize,
}

impl World {
    fn new(seed: u64, slot_count: usize, habit: Habit) -> Self {
        Self {
            rng: Rng::new(seed),
            habit,
            slots: Slots::new(slot_count),
            vbi: [None; 8],
            app: vec![(None, 0); slot_count],
            decoder: [None; 8],
            time: 0,
            refed: 0,
            lost: 0,
        }
    }

    fn live(&self, id: u64) -> bool {
        self.vbi.iter().flatten().any(|(other, _)| *other == id)
    }

    /// The application frees the slots of pictures that left the stream's buffers.
    fn collect(&mut self) {
        for slot in 0..self.app.len() {
            if self.app[slot].0.is_some_and(|id| !self.live(id)) {
                self.app[slot] = (None, self.time);
                if matches!(self.habit, Habit::Deactivate) {
                    self.slots.deactivate(slot);
                }
            }
        }
    }

    fn setup_slot(&mut self) -> usize {
        let free = (0..self.app.len()).filter(|&slot| self.app[slot].0.is_none());
        match self.habit {
            Habit::Oldest => free.min_by_key(|&slot| self.app[slot].1),
            Habit::Lowest | Habit::Deactivate => free.min(),
        }
        .expect("a stream has at most eight live pictures")
    }

    /// One event of the stream.
    fn step(&mut self) {
        self.time += 1;
        let started = self.vbi.iter().all(Option::is_some);
        if started && self.rng.once_in(8) {
            self.show_existing();
            return;
        }
        let key = !started || self.rng.once_in(12);
        let shown = !started || self.rng.flag();
        let refresh_frame_flags = match key && shown {
            true => 0xff,
            // Few bits are what encoders do; any bits are what streams may do.
            false if self.rng.flag() => 1 << self.rng.below(8),
            false => self.rng.byte() & self.rng.byte(),
        };
        // A hidden key frame that refreshes everything tells itself by error_resilient_mode.
        let opening = Opening {
            setup_slot: Some(self.setup_slot()),
            refresh_frame_flags,
            hidden_key: key && !shown,
        };
        self.decode(opening, key, shown);
        self.collect();
    }

    /// `show_existing_frame`: of a key frame it refreshes all buffers, and the driver hears nothing.
    fn show_existing(&mut self) {
        let index = self.rng.below(8);
        if let Some((id, true)) = self.vbi[index] {
            self.vbi = [Some((id, false)); 8];
            self.collect();
        }
    }

    fn decode(&mut self, opening: Opening, key: bool, shown: bool) {
        let id = self.time;
        let names: [i32; 7] = std::array::from_fn(|_| {
            let wanted = self.vbi[self.rng.below(8)].map(|(id, _)| id);
            let slot = self.app.iter().position(|(held, _)| held.is_some() && *held == wanted);
            slot.map_or(-1, |slot| slot as i32)
        });
        let names = (!key).then_some(&names);
        self.slots.open(&opening).expect("the slot exists");
        if let Some(refeed) = self.slots.refeed(&opening, names) {
            self.decoder[usize::from(refeed.buffer)] = Some(refeed.kept);
            self.refed += 1;
            self.slots.refed(refeed.slot, refeed.buffer, true);
        }
        if let Some(names) = names {
            self.check_references(names);
        }
        let target = self.slots.target(&opening);
        if let Target::Buffer(buffer) = target {
            self.decoder[usize::from(buffer)] = Some(id);
        }
        self.slots.close(&opening, Some((target, saved(), Some(id))));
        for (i, entry) in self.vbi.iter_mut().enumerate() {
            if opening.refresh_frame_flags >> i & 1 == 1 {
                *entry = Some((id, key && !shown));
            }
        }
        if let Some(slot) = opening.setup_slot.filter(|_| opening.refresh_frame_flags != 0) {
            self.app[slot].0 = Some(id);
        }
    }

    /// What the driver believes is behind each name must be what the decoder has.
    fn check_references(&mut self, names: &[i32; 7]) {
        match self.slots.references(names) {
            Ok(references) => {
                for (name, (buffer, _)) in names.iter().zip(references) {
                    let wanted = self.app[*name as usize].0;
                    assert_eq!(self.decoder[usize::from(buffer)], wanted, "another picture");
                }
            }
            Err(_) => self.lost += 1,
        }
    }
}

fn run(slot_count: usize, habit: Habit) -> (usize, usize) {
    let mut totals = (0, 0);
    for seed in 0..300 {
        let mut world = World::new(seed, slot_count, habit);
        for _ in 0..300 {
            world.step();
        }
        totals.0 += world.lost;
        totals.1 += world.refed;
    }
    totals
}

#[test]
fn nine_slots_lose_no_live_picture() {
    for habit in [Habit::Oldest, Habit::Lowest, Habit::Deactivate] {
        let (lost, refed) = run(9, habit);
        assert_eq!(lost, 0, "{habit:?}");
        // The model does reach the case that needs a second decode.
        assert!(refed > 0 || matches!(habit, Habit::Deactivate), "{habit:?}");
    }
}

#[test]
fn more_slots_lose_no_live_picture_of_a_tidy_application() {
    for slot_count in [10, 16] {
        assert_eq!(run(slot_count, Habit::Deactivate).0, 0);
        assert_eq!(run(slot_count, Habit::Lowest).0, 0);
    }
}

#[test]
fn a_dead_slot_is_missed() {
    let mut slots: Slots<()> = Slots::new(9);
    let opening = |slot, refresh_frame_flags| Opening {
        setup_slot: Some(slot),
        refresh_frame_flags,
        hidden_key: false,
    };
    let decode = |slots: &mut Slots<()>, opening: Opening, decoded: bool| {
        slots.open(&opening).expect("the slot exists");
        let target = slots.target(&opening);
        slots.close(&opening, decoded.then(|| (target, saved(), None)));
    };
    let missing = |slot| Err(Fault::ReferenceMissing { name: 1, slot });
    let buffers = |slots: &mut Slots<()>, slot| {
        slots.references(&[slot; 7]).map(|references| references[0].0)
    };
    decode(&mut slots, opening(0, 0xff), true);
    assert_eq!(buffers(&mut slots, 0), Ok(0));
    for absent in [-1, i32::MIN, 1, 9, i32::MAX] {
        assert_eq!(buffers(&mut slots, absent), missing(absent));
    }
    decode(&mut slots, opening(1, 1), true);
    decode(&mut slots, opening(1, 2), false);
    assert_eq!(buffers(&mut slots, 1), missing(1), "a failed decode leaves nothing");
    decode(&mut slots, opening(0, 0), true);
    assert_eq!(buffers(&mut slots, 0), missing(0), "nothing was refreshed");
    decode(&mut slots, opening(2, 1), true);
    slots.deactivate(2);
    assert_eq!(buffers(&mut slots, 2), missing(2));
    decode(&mut slots, opening(3, 1), true);
    slots.clear();
    assert_eq!(buffers(&mut slots, 3), missing(3));
    assert_eq!(slots.open(&opening(9, 1)), Err(Fault::SetupSlot(9)));
}

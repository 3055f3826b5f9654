//! An engine that is told places, as a chip is: where a picture goes and where its references are,
//! and not what else the stream may still refer to.

use std::sync::Arc;

use super::decoder::{Decoder, Pace};
use super::headers::{FrameSize, FrameType};
use super::job::{FrameJob, Profile};
use super::reconstructor::Threads;
use super::sequence::Sequence;
use super::store::{self, Store};
use super::unit::{self, Unit};
use super::{Decoded, Fault};

/// Most decodes for the sake of one frame.
const MOST_AGAIN: usize = 2048;

/// The engine of one session. A job's slots are places: as many as its caller likes, and a job's
/// `refresh_frame_flags` are not looked at.
pub struct Engine {
    profile: Profile,
    threads: Threads,
    decoder: Decoder,
    store: Store<Arc<Unit>>,
    /// The sequence header that the decoder has.
    sequence: Option<Sequence>,
    again: u64,
}

impl Engine {
    /// An engine for frames of `profile`, with as many threads as their tiles can use.
    ///
    /// # Errors
    /// `Fault::Profile` if no AV1 stream has that profile.
    pub fn new(profile: Profile) -> Result<Self, Fault> {
        if !matches!(profile.bit_depth, 8 | 10 | 12) {
            return Err(Fault::Profile("bit depth"));
        }
        let threads = Threads::of_this_machine();
        Ok(Self {
            profile,
            threads,
            decoder: Decoder::new(Pace::of_threads(threads.number(1))),
            store: Store::default(),
            sequence: None,
            again: 0,
        })
    }

    /// What it was made for.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Frames that were decoded a second time so far, as the decoder has fewer buffers than there
    /// are places.
    pub fn decoded_again(&self) -> u64 {
        self.again
    }

    /// Reconstructs one frame; `tiles[i]` are the bytes of tile `i`. `next` is the place that the
    /// next frame writes, if that is known, and that frame does not refer to it.
    ///
    /// # Errors
    /// On any fault the place that was to be written has no picture afterwards. After
    /// `Fault::Panicked` no place has.
    pub fn decode(
        &mut self,
        job: &FrameJob,
        tiles: &[&[u8]],
        next: Option<u32>,
    ) -> Result<Decoded, Fault> {
        let outcome = self.reconstruct(job, tiles, next);
        match &outcome {
            Err(Fault::Panicked) => {
                self.store = Store::default();
                self.sequence = None;
            }
            Err(_) => self.store.spoil(job.setup_slot, None),
            Ok(_) => {}
        }
        outcome
    }

    fn reconstruct(
        &mut self,
        job: &FrameJob,
        tiles: &[&[u8]],
        next: Option<u32>,
    ) -> Result<Decoded, Fault> {
        let sequence = Sequence::new(&job.sequence, self.profile)?;
        let film_grain = unit::film_grain(job, &sequence, self.profile)?;
        if self.sequence != Some(sequence) {
            // The decoder drops its references with a new sequence header, as spec 7.5 has it.
            self.store = Store::default();
            self.decoder.set_pace(Pace::of_threads(self.threads.number(tiles.len())));
            self.sequence = Some(sequence);
        }
        self.store.open(job.setup_slot);
        let size = FrameSize::new(job, &sequence)?;
        let intra = FrameType::new(job.picture.std.frame_type)?.is_intra();
        let names = (!intra).then_some(&job.reference_name_slot_indices);
        let ids = names.map(|names| self.store.named(names)).transpose()?;
        self.fill_buffers(ids.as_ref())?;
        let references = ids.map(|ids| unit::scaled(self.store.references(&ids)?, &size));
        let references = references.transpose()?;
        let (unit, saved) =
            Unit::new(job, tiles, &sequence, size, references.as_ref(), film_grain.as_ref())?;
        let target = job.setup_slot.and_then(|place| self.store.target(place, next));
        let refresh = target.map_or(0, |buffer| 1 << buffer);
        let clean = self
            .decoder
            .decode(unit.obus(refresh, None))
            .inspect_err(|_| self.store.spoil(job.setup_slot, target))?;
        if let Some(place) = job.setup_slot {
            let (bytes, kept) = (unit.size_bytes(), Arc::new(unit));
            let decoded = store::Decoded { kept, bytes, saved, references: ids };
            self.store.insert(place, target, decoded);
        }
        let grained = film_grain.map(|params| self.decoder.with_grain(&clean, &params));
        Ok(Decoded { clean, grained })
    }

    /// Puts the pictures behind the reference names, `ids`, into buffers of the decoder.
    fn fill_buffers(&mut self, ids: Option<&[u64; 7]>) -> Result<(), Fault> {
        for _ in 0..MOST_AGAIN {
            let Some(redo) = self.store.redo(ids)? else { return Ok(()) };
            let obus = redo.kept.obus(1 << redo.buffer, redo.indices.as_ref());
            let outcome = self.decoder.decode(obus);
            self.store.redone(&redo, outcome.is_ok());
            self.again += 1;
            if let Err(Fault::Panicked) = outcome {
                return Err(Fault::Panicked);
            }
        }
        Err(Fault::ReferenceLost)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reconstructor;
    use super::super::job::Chroma;
    use super::super::testing::{self, Rng};
    use super::*;

    /// Random tiles over nine or more places decode as they do in a session that is told what each
    /// frame refreshes.
    #[test]
    fn pictures_are_those_of_a_session() {
        for (places, known) in [(9, false), (9, true), (11, false)] {
            let mut rng = Rng::new(7 + places as u64);
            let profile = testing::profile(Chroma::Yuv420, 8);
            let mut session = Reconstructor::with_threads(profile, 9, 1).expect("a session");
            let mut engine = Engine::new(profile).expect("an engine");
            let sequence = testing::shared(testing::sequence_header());
            // The stream's eight buffers, as (slot of the session, place of the engine).
            let mut buffers = [(0, 0_u32); 8];
            let (mut next, mut newest) = (1, 0);
            for number in 0..60 {
                let mut picture = testing::picture_info(u32::from(number > 0));
                picture.std.OrderHint = number;
                let buffer = rng.below(8);
                picture.std.refresh_frame_flags = if number == 0 { 0xff } else { 1 << buffer };
                let mut job = testing::job(&sequence, picture);
                let few = [rng.below(8), rng.below(8), newest];
                let names: [usize; 7] = std::array::from_fn(|i| few[i % 3]);
                let used = |slot: i32| buffers.iter().any(|b| b.0 == slot);
                let slot = (0..9).find(|&slot| !used(slot)).expect("a slot");
                let place = if number == 0 { 0 } else { next };
                let tile = rng.bytes(2000);
                job.setup_slot = Some(slot as u32);
                job.reference_name_slot_indices = names.map(|name| buffers[name].0);
                let expected = session.decode(&job, &[&tile]).expect("decoded by the session");
                job.setup_slot = Some(place);
                job.reference_name_slot_indices = names.map(|name| buffers[name].1 as i32);
                let refreshed = if number == 0 { 0..8 } else { buffer..buffer + 1 };
                buffers[refreshed].fill((slot, place));
                newest = buffer;
                next = (0..places)
                    .map(|i| (place + 1 + i) % places)
                    .find(|place| buffers.iter().all(|b| b.1 != *place))
                    .expect("a place");
                let found = engine.decode(&job, &[&tile], known.then_some(next));
                let found = found.expect("decoded by the engine");
                assert_eq!(found.clean.samples(), expected.clean.samples(), "{places} {number}");
            }
            assert_eq!(engine.decoded_again() == 0, known, "{}", engine.decoded_again());
        }
    }
}

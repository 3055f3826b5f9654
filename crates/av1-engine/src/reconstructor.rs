//! One video session's reconstruction: slots, headers and decoder joined.

use std::collections::VecDeque;
use std::sync::Arc;

use super::decoder::{Decoder, Pace};
use super::flight::Flight;
use super::headers::{FrameSize, FrameType};
use super::rav1d::Filters;
use super::sequence::Sequence;
use super::slots::{Opening, Saved, Slots, Target, opening};
use super::unit::{self, Unit};
use super::{Decoded, Fault, Frame};
use crate::job::{FrameJob, Profile};

/// Threads that a session's decoder has at most if nobody says how many.
const MOST_THREADS: usize = 16;
/// Frames that it works on at most if nobody says how many.
const MOST_DELAY: u32 = 8;
/// Luma samples of frames that are not worth more threads than tiles, if nobody says how many.
const SMALL: u64 = 160 * 90;

/// How many threads the decoder of a session has.
#[derive(Clone, Copy)]
pub(super) enum Threads {
    /// As many as its tiles keep busy on a machine with so many cores.
    Cores(usize),
    /// So many.
    Fixed(u32),
}

impl Threads {
    /// As many as keep this machine busy.
    pub(super) fn of_this_machine() -> Self {
        Self::Cores(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// The number for frames of `tile_count` tiles: one for each, and a second for the filters of a
    /// single one. That has little to do, and of two cores takes the application's, which has the
    /// frames to look at.
    pub(super) fn number(self, tile_count: usize) -> u32 {
        match self {
            Self::Cores(2) if tile_count <= 1 => 1,
            Self::Cores(cores) => tile_count.max(2).min(cores).clamp(1, MOST_THREADS) as u32,
            Self::Fixed(number) => number.clamp(1, 256),
        }
    }
}

/// How many frames the decoder of a session works on at a time.
#[derive(Clone, Copy)]
enum Delay {
    /// One: nobody submits ahead.
    One,
    /// As many as keep its threads busy.
    Chosen,
    /// So many, as far as there are threads.
    Fixed(u32),
}

/// Reconstructs the frames of one video session.
pub struct Reconstructor {
    pub(super) profile: Profile,
    threads: Threads,
    delay: Delay,
    /// Cores that somebody else has.
    taken: usize,
    pub(super) decoder: Decoder,
    pub(super) slots: Slots<Arc<Unit>>,
    /// The picture of each slot.
    pub(super) pictures: Vec<Option<Frame>>,
    /// The sequence header that the decoder has.
    pub(super) sequence: Option<Sequence>,
    /// Frames that were submitted and not taken, the oldest first.
    pub(super) flights: VecDeque<Flight>,
}

impl Reconstructor {
    /// Opens a decoder for a session of `profile` with `max_dpb_slots` slots, and as many threads
    /// as the tiles of its streams can use on this machine.
    ///
    /// # Errors
    /// `Fault::Profile` if no AV1 stream has that profile.
    pub fn new(profile: Profile, max_dpb_slots: u32) -> Result<Self, Fault> {
        Self::open(profile, max_dpb_slots, (Threads::of_this_machine(), Delay::One), Filters::ALL)
    }

    /// The same with a number of decoder threads, at least 1.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_threads(
        profile: Profile,
        max_dpb_slots: u32,
        n_threads: u32,
    ) -> Result<Self, Fault> {
        Self::open(profile, max_dpb_slots, (Threads::Fixed(n_threads), Delay::One), Filters::ALL)
    }

    /// The same, of the in-loop filters with `filters` only: for whoever looks at what a stage does
    /// to a picture. What later frames refer to lacks the others too, unless it is overwritten.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_filters(
        profile: Profile,
        max_dpb_slots: u32,
        n_threads: u32,
        filters: Filters,
    ) -> Result<Self, Fault> {
        Self::open(profile, max_dpb_slots, (Threads::Fixed(n_threads), Delay::One), filters)
    }

    /// The same for who [submits](Self::submit) frames before the last is done: with `n_threads`
    /// threads, of which each may work on a frame of its own, and at most `delay` frames at a time.
    /// 0 of either is what suits this machine and the stream.
    ///
    /// # Errors
    /// As `new`.
    pub fn ahead(
        profile: Profile,
        max_dpb_slots: u32,
        n_threads: u32,
        delay: u32,
    ) -> Result<Self, Fault> {
        let threads = match n_threads {
            0 => Threads::of_this_machine(),
            n_threads => Threads::Fixed(n_threads),
        };
        let delay = match delay {
            0 => Delay::Chosen,
            1 => Delay::One,
            delay => Delay::Fixed(delay),
        };
        Self::open(profile, max_dpb_slots, (threads, delay), Filters::ALL)
    }

    fn open(
        profile: Profile,
        max_dpb_slots: u32,
        (threads, delay): (Threads, Delay),
        filters: Filters,
    ) -> Result<Self, Fault> {
        if !matches!(profile.bit_depth, 8 | 10 | 12) {
            return Err(Fault::Profile("bit depth"));
        }
        Ok(Self {
            profile,
            threads,
            delay,
            taken: 0,
            // That of the first frame is known when it comes.
            decoder: Decoder::with_filters(Pace::of_threads(1), filters),
            flights: VecDeque::new(),
            slots: Slots::new(max_dpb_slots as usize),
            pictures: vec![None; max_dpb_slots as usize],
            sequence: None,
        })
    }

    /// Whoever takes the pictures keeps so many cores busy: where nobody says how many threads there
    /// are to be, nor how many frames at a time, it is what suits the others.
    pub fn leave_cores(&mut self, taken: usize) {
        self.taken = taken;
    }

    /// The threads for frames of `tile_count` tiles and `samples` luma samples.
    fn pace(&self, tile_count: usize, samples: u64) -> Pace {
        let alone = self.threads.number(tile_count);
        let (threads, delay) = match (self.threads, self.delay) {
            (_, Delay::One) => return Pace::of_threads(alone),
            (Threads::Cores(_), Delay::Chosen) if samples <= SMALL => {
                return Pace::of_threads(alone);
            }
            (Threads::Cores(cores), Delay::Chosen) => {
                let left = cores.saturating_sub(self.taken);
                (left.clamp(1, MOST_THREADS) as u32, Delay::Chosen)
            }
            (Threads::Cores(cores), delay) => (cores.clamp(1, MOST_THREADS) as u32, delay),
            (Threads::Fixed(_), delay) => (alone, delay),
        };
        let delay = match delay {
            Delay::Fixed(delay) => delay.min(threads),
            // As dav1d has it: each frame in the making has some threads.
            _ => f64::from(threads).sqrt().ceil().min(f64::from(MOST_DELAY)) as u32,
        };
        if delay > 1 { Pace { threads, delay } } else { Pace::of_threads(alone) }
    }

    /// `VK_VIDEO_CODING_CONTROL_RESET_BIT_KHR`: every slot is inactive.
    pub fn reset(&mut self) {
        self.settle();
        self.slots.clear();
        self.pictures.fill(None);
        self.sequence = None;
        self.decoder.flush();
    }

    /// The picture of `slot` will not be referred to again.
    pub fn deactivate(&mut self, slot: u32) {
        self.slots.deactivate(slot as usize);
        self.set_picture(Some(slot), None);
    }

    /// Makes `planes`, each in tight rows, the samples of the picture of `slot`, which later frames
    /// refer to. Its CDFs, motion vectors and segmentation stay. A slot without a picture stays so.
    ///
    /// # Errors
    /// `Fault::Overwrite` if what was decoded into the slot is still in use, or has another size.
    pub fn overwrite(&mut self, slot: u32, planes: &[Vec<u16>]) -> Result<(), Fault> {
        // What refers to it, or is it, is done by then.
        self.settle();
        match self.pictures.get_mut(slot as usize) {
            Some(Some(picture)) => self.decoder.overwrite(picture, planes),
            _ => Ok(()),
        }
    }

    pub(super) fn set_picture(&mut self, slot: Option<u32>, picture: Option<Frame>) {
        let at = slot.and_then(|slot| self.pictures.get_mut(slot as usize));
        at.into_iter().for_each(|at| at.clone_from(&picture));
    }

    /// Reconstructs one frame, after all that were submitted; `tiles[i]` are the bytes of tile `i`.
    ///
    /// # Errors
    /// On any fault the setup slot, if there is one, is invalid afterwards. After
    /// `Fault::Panicked` every slot is.
    pub fn decode(&mut self, job: &FrameJob, tiles: &[&[u8]]) -> Result<Decoded, Fault> {
        self.settle();
        let opening = opening(job);
        self.slots.open(&opening)?;
        // What this frame refers to, the decoder keeps.
        self.set_picture(job.setup_slot, None);
        let outcome = self.reconstruct(job, tiles, &opening);
        if matches!(outcome, Err(Fault::Panicked)) {
            self.slots.clear();
            self.pictures.fill(None);
            self.sequence = None;
        }
        match outcome {
            Ok((decoded, picture)) => {
                // What is stored nowhere is never referred to.
                let is_stored = picture.0 != Target::Nowhere;
                self.slots.close(&opening, Some(picture));
                self.set_picture(job.setup_slot, is_stored.then(|| decoded.clean.clone()));
                Ok(decoded)
            }
            Err(fault) => {
                self.slots.close(&opening, None);
                self.set_picture(job.setup_slot, None);
                log::debug!("frame not reconstructed: {fault}");
                Err(fault)
            }
        }
    }

    /// The frame between `open` and `close`.
    fn reconstruct(
        &mut self,
        job: &FrameJob,
        tiles: &[&[u8]],
        opening: &Opening,
    ) -> Result<(Decoded, Picture), Fault> {
        let sequence = Sequence::new(&job.sequence, self.profile)?;
        let film_grain = unit::film_grain(job, &sequence, self.profile)?;
        if self.sequence != Some(sequence) {
            // The decoder drops its references with a new sequence header, as spec 7.5 has it.
            self.slots.clear();
            self.pictures.fill(None);
            let (width, height) = job.coded_extent;
            let samples = u64::from(width) * u64::from(height);
            self.decoder.set_pace(self.pace(tiles.len(), samples));
            if self.decoder.delay() > 1 {
                self.decoder.set_blank(unit::blank(job, &sequence)?);
            }
            self.sequence = Some(sequence);
        }
        let frame_type = FrameType::new(job.picture.std.frame_type)?;
        let size = FrameSize::new(job, &sequence)?;
        let names = (!frame_type.is_intra()).then_some(&job.reference_name_slot_indices);
        self.feed_kept(opening, names)?;
        let references = names.map(|names| self.slots.references(names)).transpose()?;
        let references = references.map(|found| unit::scaled(found, &size)).transpose()?;
        let (unit, saved) =
            Unit::new(job, tiles, &sequence, size, references.as_ref(), film_grain.as_ref())?;
        let unit = Arc::new(unit);
        let target = self.slots.target(opening);
        let clean = self.decoder.decode(unit.obus(target.refresh_frame_flags(), None))?;
        let grained = film_grain.map(|params| self.decoder.with_grain(&clean, &params));
        Ok((Decoded { clean, grained }, (target, saved, Some(unit))))
    }

    /// Decodes the kept OBU, if there is one and it is time.
    fn feed_kept(&mut self, opening: &Opening, names: Option<&[i32; 7]>) -> Result<(), Fault> {
        let Some(refeed) = self.slots.refeed(opening, names) else {
            return Ok(());
        };
        let outcome = self.decoder.decode(refeed.kept.obus(1 << refeed.buffer, None));
        self.slots.refed(refeed.slot, refeed.buffer, outcome.is_ok());
        match outcome {
            Err(Fault::Panicked) => Err(Fault::Panicked),
            // A frame that refers to it has a missing reference, the others go on.
            Err(_) => Ok(()),
            Ok(again) => self.same_as_before(refeed.slot, again),
        }
    }

    /// The picture of `slot` was decoded once more: its samples stay what they were, whatever has
    /// been written into it, or into its references, in between.
    fn same_as_before(&mut self, slot: usize, mut again: Frame) -> Result<(), Fault> {
        let Some(picture) = self.pictures.get_mut(slot) else { return Ok(()) };
        if let Some(before) = picture.as_ref() {
            self.decoder.overwrite(&mut again, &before.samples())?;
        }
        *picture = Some(again);
        Ok(())
    }
}

/// What becomes the setup slot's picture.
type Picture = (super::slots::Target, Saved, Option<Arc<Unit>>);

#[cfg(test)]
mod tests;

//! Frames that are submitted before the last one is done. What comes of each is what would come if
//! they were decoded one after the other: whatever cannot be known so early is left to its turn.

use super::decoder::Room;
use super::flight::{Flight, State, missing_name};
use super::headers::{FrameSize, FrameType};
use super::job::FrameJob;
use super::sequence::Sequence;
use super::slots::opening;
use super::slots::{Opening, Saved, Target};
use super::unit::{self, Unit};
use super::{Decoded, Fault, Reconstructor, grain};

/// A frame that was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// A frame that is ready to be sent.
struct Ready {
    unit: Unit,
    saved: Saved,
    target: Target,
    film_grain: Option<grain::Params>,
    id: u64,
    references: Option<([i32; 7], [u64; 7])>,
}

impl Reconstructor {
    /// Whether a frame may be [submitted](Self::submit) now.
    pub fn room(&self) -> Room {
        if self.decoder.delay() > 1 { self.decoder.room() } else { Room::No }
    }

    /// Begins with a frame; `tiles[i]` are the bytes of tile `i`. `None` if that is not possible
    /// before all frames before it are taken, for whatever reason: nothing has happened then, and
    /// [`Self::decode`] will say.
    pub fn submit(&mut self, job: &FrameJob, tiles: &[&[u8]]) -> Option<Ticket> {
        let sequence = Sequence::new(&job.sequence, self.profile).ok()?;
        let begins = self.sequence != Some(sequence);
        if self.decoder.delay() <= 1 || begins || self.slots.keeps_any() {
            return None;
        }
        let before = self.slots.clone();
        let opening = opening(job);
        let ready = match self.ready(job, tiles, &sequence, &opening) {
            Ok(ready) if ready.target != Target::Keep => ready,
            _ => {
                self.slots = before;
                return None;
            }
        };
        let Ready { unit, saved, target, film_grain, id, references } = ready;
        let sent = self.decoder.send(&unit.obus(target.refresh_frame_flags(), None));
        self.slots.close(&opening, Some((target, saved, None)));
        self.set_picture(job.setup_slot, None);
        let (state, setup_slot) = (State::Sent(sent), job.setup_slot);
        self.flights.push_back(Flight { id, state, setup_slot, film_grain, references });
        Some(Ticket(id))
    }

    fn ready(
        &mut self,
        job: &FrameJob,
        tiles: &[&[u8]],
        sequence: &Sequence,
        opening: &Opening,
    ) -> Result<Ready, Fault> {
        self.slots.open(opening)?;
        let film_grain = unit::film_grain(job, sequence, self.profile)?;
        let frame_type = FrameType::new(job.picture.std.frame_type)?;
        let size = FrameSize::new(job, sequence)?;
        let names = (!frame_type.is_intra()).then_some(&job.reference_name_slot_indices);
        let references = names.map(|names| self.slots.references(names)).transpose()?;
        let references = references.map(|found| unit::scaled(found, &size)).transpose()?;
        let (unit, saved) =
            Unit::new(job, tiles, sequence, size, references.as_ref(), film_grain.as_ref())?;
        let (id, ids) = self.slots.ids(names);
        let references = names.copied().zip(ids);
        let target = self.slots.target(opening);
        Ok(Ready { unit, saved, target, film_grain, id, references })
    }

    /// Whether it is known what came of a frame: [`Self::take`] does not wait then.
    pub fn is_over(&self, ticket: Ticket) -> bool {
        match self.flights.iter().find(|flight| flight.id == ticket.0) {
            Some(Flight { state: State::Sent(sent), .. }) => self.decoder.is_over(*sent),
            _ => true,
        }
    }

    /// What came of a frame that was submitted, once; waits for it.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn take(&mut self, ticket: Ticket) -> Result<Decoded, Fault> {
        let Some(at) = self.flights.iter().position(|flight| flight.id == ticket.0) else {
            return Err(Fault::NoPicture);
        };
        (0..=at).for_each(|at| self.settle_one(at));
        match self.flights.remove(at) {
            Some(Flight { state: State::Over(Ok(clean)), film_grain, .. }) => {
                let grained = film_grain.map(|params| self.decoder.with_grain(&clean, &params));
                Ok(Decoded { clean, grained })
            }
            Some(Flight { state: State::Over(Err(fault)), .. }) => {
                log::debug!("frame not reconstructed: {fault}");
                Err(fault)
            }
            _ => Err(Fault::NoPicture),
        }
    }

    /// The picture of a frame that was submitted and taken is not to be referred to, as
    /// [`Self::deactivate`] has it for the slot that the frame was to set up.
    pub fn spoil(&mut self, ticket: Ticket) {
        self.miss(ticket.0);
    }

    /// Waits for all frames that were submitted.
    pub(super) fn settle(&mut self) {
        (0..self.flights.len()).for_each(|at| self.settle_one(at));
    }

    /// Waits for the frame at `at`; those before it are settled.
    fn settle_one(&mut self, at: usize) {
        let Some(flight) = self.flights.get_mut(at) else { return };
        let State::Sent(sent) = flight.state else { return };
        let (id, slot) = (flight.id, flight.setup_slot);
        let outcome = self.decoder.take(sent);
        match &outcome {
            Ok(clean) => {
                if slot.is_some_and(|slot| self.slots.holds(slot as usize, id)) {
                    self.set_picture(slot, Some(clean.clone()));
                }
            }
            Err(Fault::Panicked) => {
                self.slots.clear();
                self.pictures.fill(None);
                self.sequence = None;
            }
            Err(_) => self.miss(id),
        }
        if let Some(flight) = self.flights.get_mut(at) {
            flight.state = State::Over(outcome);
        }
    }

    /// There is no picture of the frame `id`: what refers to it fails, and what refers to that.
    fn miss(&mut self, id: u64) {
        let mut missing = vec![id];
        while let Some(id) = missing.pop() {
            let held = (0..self.pictures.len()).find(|slot| self.slots.holds(*slot, id));
            if let Some(picture) = held.and_then(|slot| self.pictures.get_mut(slot)) {
                *picture = None;
            }
            self.slots.kill(id);
            for at in 0..self.flights.len() {
                let Some(fault) = self.flights.get(at).and_then(|flight| flight.without(id)) else {
                    continue;
                };
                let Some(flight) = self.flights.get_mut(at) else { continue };
                let failed = std::mem::replace(&mut flight.state, State::Over(Err(fault)));
                let id = flight.id;
                match failed {
                    // The first name that is missing is the one that is told of.
                    State::Over(Err(before)) if missing_name(&before) <= flight.missing_name() => {
                        flight.state = State::Over(Err(before));
                    }
                    State::Over(Err(_)) => {}
                    State::Over(Ok(_)) => missing.push(id),
                    State::Sent(sent) => {
                        missing.push(id);
                        // It has to end before anything that its references change with.
                        let _nobody_wants_it = self.decoder.take(sent);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Which reference buffer of the decoder holds which DPB slot's picture.
//!
//! The decoder has eight buffers, an application has nine slots or more, and a frame that is shown
//! again re-points all eight of the stream's buffers without any Vulkan call. The rules:
//!
//! 1. Every picture gets one buffer, chosen here; the application's `refresh_frame_flags` only drive
//!    a shadow of the stream's buffers. A slot that is set up again, deactivated or reset is dead.
//! 2. Only showing a hidden KEY_FRAME again changes the stream's buffers unseen. So while no slot
//!    holds one, the shadow is exact, and a picture in none of its entries is dead. Once the hidden
//!    key frame's own slot is set up again, all entries have been refreshed in the open since.
//! 3. While a slot holds a hidden key frame and no buffer is free, a picture is decoded without
//!    refreshing any buffer, and its OBU is kept. The next setup slot names a picture that is dead
//!    for certain; the kept OBU is decoded again into its buffer before anything else.
//!
//! With nine slots this loses no live picture. With more, rule 3 can end in a guess: the picture that
//! no shadow entry has and that was not used for longest goes. A lost picture is missed with a fault
//! by the frame that refers to it; it is never replaced by another.

use super::Fault;
use super::headers::GmParams;
use crate::job::FrameJob;

/// `NUM_REF_FRAMES`, spec section 3.
const NUM_REF_FRAMES: usize = 8;

/// What later headers need to know of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saved {
    /// `RefOrderHint`.
    pub(crate) order_hint: u8,
    /// `RefUpscaledWidth`.
    pub(crate) upscaled_width: u32,
    /// `RefFrameHeight`.
    pub(crate) frame_height: u32,
    /// `SavedGmParams`.
    pub(crate) gm: GmParams,
}

/// Where a picture's samples and state are.
#[derive(Clone, Debug)]
enum Place<K> {
    /// In this buffer of the decoder.
    Buffer(u8),
    /// Nowhere; the kept OBU makes them again.
    Kept(K),
}

/// A picture that the application may refer to.
#[derive(Clone, Debug)]
struct Held<K> {
    /// Never used twice.
    id: u64,
    saved: Saved,
    place: Place<K>,
    hidden_key: bool,
    /// When it was decoded or referred to last.
    used: u64,
}

/// What becomes of the picture that is about to be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing refers to it.
    Nowhere,
    /// It refreshes this buffer.
    Buffer(u8),
    /// It refreshes none, and its OBU is to be kept.
    Keep,
}

impl Target {
    /// The decoder's `refresh_frame_flags`.
    pub(crate) fn refresh_frame_flags(self) -> u8 {
        match self {
            Self::Buffer(buffer) => 1 << buffer,
            Self::Nowhere | Self::Keep => 0,
        }
    }
}

/// An OBU that must be decoded again now, refreshing `buffer`.
pub(crate) struct Refeed<K> {
    pub(crate) slot: usize,
    pub(crate) buffer: u8,
    pub(crate) kept: K,
}

/// The stream's side of the frame that is being decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) setup_slot: Option<usize>,
    /// The application's, effective.
    pub(crate) refresh_frame_flags: u8,
    /// Whether this is a KEY_FRAME that was not shown when it was decoded.
    pub(crate) hidden_key: bool,
}

impl Opening {
    /// Whether later frames may refer to this one.
    fn is_stored(&self) -> bool {
        self.setup_slot.is_some() && self.refresh_frame_flags != 0
    }
}

/// The slots of one session. `K` is a kept OBU.
#[derive(Clone, Debug)]
pub(crate) struct Slots<K> {
    slots: Vec<Option<Held<K>>>,
    /// The stream's eight reference buffers, as far as the driver can see them.
    shadow: [Option<u64>; NUM_REF_FRAMES],
    /// What the setup slot held, until the frame is closed: the frame may still refer to it.
    retired: Option<(usize, Held<K>)>,
    clock: u64,
}

impl<K: Clone> Slots<K> {
    /// `count` slots, all dead.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            slots: std::iter::repeat_with(|| None).take(count).collect(),
            shadow: [None; NUM_REF_FRAMES],
            retired: None,
            clock: 0,
        }
    }

    /// All slots are dead.
    pub(crate) fn clear(&mut self) {
        self.slots.fill_with(|| None);
        self.shadow = [None; NUM_REF_FRAMES];
        self.retired = None;
    }

    /// One slot is dead.
    pub(crate) fn deactivate(&mut self, slot: usize) {
        if let Some(held) = self.slots.get_mut(slot) {
            *held = None;
        }
    }

    /// The picture that no frame has made any more is dead, wherever it is.
    pub(crate) fn kill(&mut self, id: u64) {
        let is_it = |held: &Option<Held<K>>| held.as_ref().is_some_and(|held| held.id == id);
        self.slots.iter_mut().filter(|held| is_it(held)).for_each(|held| *held = None);
    }

    /// Whether `slot` holds the picture of the frame `id`.
    pub(crate) fn holds(&self, slot: usize, id: u64) -> bool {
        self.slots.get(slot).is_some_and(|held| held.as_ref().is_some_and(|h| h.id == id))
    }

    /// Whether an OBU is kept, to be decoded again.
    pub(crate) fn keeps_any(&self) -> bool {
        let kept = |held: &Held<K>| matches!(held.place, Place::Kept(_));
        self.slots.iter().flatten().any(kept)
    }

    /// Between `open` and `close`: the frame, and the pictures behind its reference names.
    pub(crate) fn ids(&self, names: Option<&[i32; 7]>) -> (u64, Option<[u64; 7]>) {
        let id = |name: i32| {
            let slot = usize::try_from(name).unwrap_or(usize::MAX);
            match &self.retired {
                Some((retired, held)) if *retired == slot => held.id,
                _ => self.slots.get(slot).and_then(|held| held.as_ref()).map_or(0, |h| h.id),
            }
        };
        (self.clock, names.map(|names| names.map(id)))
    }

    /// Begins a frame: what the setup slot held is dead, except for this frame's own references.
    pub(crate) fn open(&mut self, opening: &Opening) -> Result<(), Fault> {
        self.clock += 1;
        self.retired = None;
        if let Some(slot) = opening.setup_slot {
            let held = self.slots.get_mut(slot).ok_or(Fault::SetupSlot(slot as u32))?;
            self.retired = held.take().map(|held| (slot, held));
        }
        Ok(())
    }

    /// The kept OBU, if it is time to decode it. `names` are the frame's references, if it has any.
    ///
    /// It is time before any buffer is overwritten, as the kept OBU refers to them.
    pub(crate) fn refeed(
        &mut self,
        opening: &Opening,
        names: Option<&[i32; 7]>,
    ) -> Option<Refeed<K>> {
        let (slot, kept) = self.slots.iter().enumerate().find_map(|(slot, held)| match held {
            Some(Held { place: Place::Kept(kept), .. }) => Some((slot, kept.clone())),
            _ => None,
        })?;
        let needed = self.needed(names);
        let retired = self.retired_buffer().filter(|_| needed.contains(&self.retired_slot()));
        let free = self.free_buffer().filter(|&buffer| Some(buffer) != retired);
        let buffer = match free {
            Some(buffer) => buffer,
            None if opening.is_stored() || needed.contains(&Some(slot)) => self.evict(&needed)?,
            None => return None,
        };
        Some(Refeed { slot, buffer, kept })
    }

    /// Reports what came of decoding a kept OBU again.
    pub(crate) fn refed(&mut self, slot: usize, buffer: u8, decoded: bool) {
        if let Some(held) = self.slots.get_mut(slot) {
            if decoded {
                if let Some(held) = held {
                    held.place = Place::Buffer(buffer);
                }
            } else {
                *held = None;
            }
        }
    }

    /// The buffer and the saved state behind each reference name.
    pub(crate) fn references(&mut self, names: &[i32; 7]) -> Result<[(u8, Saved); 7], Fault> {
        let mut found = [None; 7];
        for (found, &name) in found.iter_mut().zip(names) {
            *found = self.reference(name);
        }
        let mut references = [None; 7];
        for (i, found) in found.into_iter().enumerate() {
            let missing = Fault::ReferenceMissing { name: i + 1, slot: names[i] };
            references[i] = Some(found.ok_or(missing)?);
        }
        match references {
            [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f), Some(g)] => {
                Ok([a, b, c, d, e, f, g])
            }
            // Each was filled above.
            _ => Err(Fault::ReferenceMissing { name: 0, slot: -1 }),
        }
    }

    fn reference(&mut self, name: i32) -> Option<(u8, Saved)> {
        let clock = self.clock;
        let slot = usize::try_from(name).ok()?;
        let held = match &mut self.retired {
            Some((retired, held)) if *retired == slot => held,
            _ => self.slots.get_mut(slot)?.as_mut()?,
        };
        held.used = clock;
        match held.place {
            Place::Buffer(buffer) => Some((buffer, held.saved)),
            Place::Kept(_) => None,
        }
    }

    /// Chooses where the frame's picture goes.
    pub(crate) fn target(&mut self, opening: &Opening) -> Target {
        if !opening.is_stored() {
            return Target::Nowhere;
        }
        if let Some(buffer) = self.free_buffer() {
            return Target::Buffer(buffer);
        }
        let live = refreshed(self.shadow, opening.refresh_frame_flags, None);
        if opening.refresh_frame_flags == 0xff || !self.holds_hidden_key() {
            let dead = |held: &Held<K>| !live.contains(&Some(held.id));
            if let Some(buffer) = self.evict_oldest(dead) {
                return Target::Buffer(buffer);
            }
        }
        Target::Keep
    }

    /// Ends a frame. `picture` is `None` if it was not decoded; `kept` goes with `Target::Keep`.
    pub(crate) fn close(&mut self, opening: &Opening, picture: Option<(Target, Saved, Option<K>)>) {
        self.retired = None;
        let id = self.clock;
        self.shadow = refreshed(self.shadow, opening.refresh_frame_flags, Some(id));
        if opening.refresh_frame_flags == 0xff {
            // All buffers were refreshed in the open: no earlier picture can be shown again.
            for held in self.slots.iter_mut().flatten() {
                held.hidden_key = false;
            }
        }
        let Some((target, saved, kept)) = picture else {
            return;
        };
        let place = match (target, kept) {
            (Target::Buffer(buffer), _) => Place::Buffer(buffer),
            (Target::Keep, Some(kept)) => Place::Kept(kept),
            _ => return,
        };
        if let Some(slot) = opening.setup_slot.and_then(|slot| self.slots.get_mut(slot)) {
            let hidden_key = opening.hidden_key;
            *slot = Some(Held { id, saved, place, hidden_key, used: self.clock });
        }
    }

    fn retired_slot(&self) -> Option<usize> {
        self.retired.as_ref().map(|(slot, _)| *slot)
    }

    fn retired_buffer(&self) -> Option<u8> {
        match self.retired.as_ref()?.1.place {
            Place::Buffer(buffer) => Some(buffer),
            Place::Kept(_) => None,
        }
    }

    /// The slots that the frame refers to.
    fn needed(&self, names: Option<&[i32; 7]>) -> Vec<Option<usize>> {
        names.into_iter().flatten().map(|&name| usize::try_from(name).ok()).collect()
    }

    /// A buffer that no slot's picture is in.
    fn free_buffer(&self) -> Option<u8> {
        let taken = self.slots.iter().flatten().fold(0u8, |taken, held| match held.place {
            Place::Buffer(buffer) => taken | 1 << buffer,
            Place::Kept(_) => taken,
        });
        (0..NUM_REF_FRAMES as u8).find(|buffer| taken & 1 << buffer == 0)
    }

    fn holds_hidden_key(&self) -> bool {
        self.slots.iter().flatten().any(|held| held.hidden_key)
    }

    /// Guesses a picture that is dead, and takes its buffer.
    fn evict(&mut self, needed: &[Option<usize>]) -> Option<u8> {
        let shadow = self.shadow;
        let needed_ids: Vec<u64> =
            needed.iter().filter_map(|slot| Some(self.slots.get((*slot)?)?.as_ref()?.id)).collect();
        let spare = |held: &Held<K>| !needed_ids.contains(&held.id);
        self.evict_oldest(|held| {
            spare(held) && !held.hidden_key && !shadow.contains(&Some(held.id))
        })
        .or_else(|| self.evict_oldest(spare))
    }

    /// Takes the buffer of the picture among `candidates` that was not used for longest.
    fn evict_oldest(&mut self, candidates: impl Fn(&Held<K>) -> bool) -> Option<u8> {
        let in_buffer = |held: &Held<K>| match held.place {
            Place::Buffer(buffer) => Some(buffer),
            Place::Kept(_) => None,
        };
        let oldest = self
            .slots
            .iter_mut()
            .filter(|slot| {
                slot.as_ref().is_some_and(|held| in_buffer(held).is_some() && candidates(held))
            })
            .min_by_key(|slot| slot.as_ref().map(|held| held.used))?;
        oldest.take().as_ref().and_then(in_buffer)
    }
}

/// What the frame does to the stream's reference buffers.
pub(crate) fn opening(job: &FrameJob) -> Opening {
    const ALL_FRAMES: u8 = 0xff;
    let std = &job.picture.std;
    let reduced = job.sequence.std.flags.reduced_still_picture_header() != 0;
    let (key, switch) = (std.frame_type == 0, std.frame_type == 3);
    let refresh_frame_flags =
        if switch || (key && reduced) { ALL_FRAMES } else { std.refresh_frame_flags };
    // A shown key frame refreshes all buffers and is error resilient; any other one is hidden.
    let shown =
        refresh_frame_flags == ALL_FRAMES && (std.flags.error_resilient_mode() != 0 || reduced);
    Opening {
        setup_slot: job.setup_slot.map(|slot| slot as usize),
        refresh_frame_flags,
        hidden_key: key && !shown,
    }
}

/// The reference frame update process, spec 7.20, on identities.
fn refreshed(
    shadow: [Option<u64>; NUM_REF_FRAMES],
    refresh_frame_flags: u8,
    id: Option<u64>,
) -> [Option<u64>; NUM_REF_FRAMES] {
    std::array::from_fn(|i| if refresh_frame_flags >> i & 1 == 1 { id } else { shadow[i] })
}

#[cfg(test)]
mod tests;

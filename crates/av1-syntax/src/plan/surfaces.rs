//! Birth and last use of surfaces: who holds which, and when `Release` is due.

use super::SurfaceId;
use crate::syntax::{NUM_REF_FRAMES, RefSlot};

/// Which surface stands behind each reference slot.
#[derive(Clone, Debug, Default)]
pub struct Surfaces {
    slots: [Option<SurfaceId>; NUM_REF_FRAMES],
    next: u64,
    live: Vec<SurfaceId>,
}

impl Surfaces {
    /// A new surface, held by nothing yet.
    pub fn create(&mut self) -> SurfaceId {
        let id = SurfaceId(self.next);
        self.next += 1;
        self.live.push(id);
        id
    }

    /// The surface behind `slot`.
    pub fn get(&self, slot: RefSlot) -> Option<SurfaceId> {
        self.slots.get(slot.index()).copied().flatten()
    }

    /// Puts `surface` into the slots of `refresh_frame_flags`.
    pub fn refresh(&mut self, refresh_frame_flags: u8, surface: SurfaceId) {
        for (i, slot) in self.slots.iter_mut().enumerate() {
            if (refresh_frame_flags >> i) & 1 == 1 {
                *slot = Some(surface);
            }
        }
    }

    /// Empties the slots of `refresh_frame_flags`.
    pub fn vacate(&mut self, refresh_frame_flags: u8) {
        for (i, slot) in self.slots.iter_mut().enumerate() {
            if (refresh_frame_flags >> i) & 1 == 1 {
                *slot = None;
            }
        }
    }

    /// A surface that `refresh_frame_flags` takes all slots from, if there is one beside `named`.
    pub fn replaced(
        &self,
        refresh_frame_flags: u8,
        named: impl Iterator<Item = Option<SurfaceId>> + Clone,
    ) -> Option<SurfaceId> {
        let taken = |i: usize| (refresh_frame_flags >> i) & 1 == 1;
        let all = self.slots.iter().enumerate();
        let all_taken = |id| all.clone().all(|(i, slot)| *slot != Some(id) || taken(i));
        let held = all.clone().filter(|(i, _)| taken(*i)).filter_map(|(_, slot)| *slot);
        held.into_iter().find(|id| all_taken(*id) && named.clone().all(|other| other != Some(*id)))
    }

    /// Empties the slots for which `valid` is false.
    pub fn retain_slots(&mut self, valid: impl Fn(RefSlot) -> bool) {
        for (slot, held) in RefSlot::all().zip(self.slots.iter_mut()) {
            if !valid(slot) {
                *held = None;
            }
        }
    }

    /// Gives `each` the surfaces that no slot and not `kept` holds any more, oldest first. They are
    /// forgotten.
    pub fn take_dead(&mut self, kept: Option<SurfaceId>, mut each: impl FnMut(SurfaceId)) {
        let slots = &self.slots;
        self.live.retain(|id| {
            let held = slots.contains(&Some(*id)) || kept == Some(*id);
            if !held {
                each(*id);
            }
            held
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(surfaces: &mut Surfaces, kept: Option<SurfaceId>) -> Vec<SurfaceId> {
        let mut dead = Vec::new();
        surfaces.take_dead(kept, |id| dead.push(id));
        dead
    }

    #[test]
    fn a_surface_dies_when_its_last_slot_is_refreshed() {
        let mut surfaces = Surfaces::default();
        let a = surfaces.create();
        surfaces.refresh(0xff, a);
        let b = surfaces.create();
        surfaces.refresh(0x7f, b);
        assert_eq!(dead(&mut surfaces, None), []);
        let c = surfaces.create();
        surfaces.refresh(0x80, c);
        assert_eq!(dead(&mut surfaces, Some(a)), []);
        assert_eq!(dead(&mut surfaces, None), [a]);
        assert_eq!(RefSlot::all().map(|s| surfaces.get(s)).last(), Some(Some(c)));
    }

    #[test]
    fn a_surface_is_replaced_when_all_its_slots_are_and_nothing_names_it() {
        let mut surfaces = Surfaces::default();
        let (a, b) = (surfaces.create(), surfaces.create());
        surfaces.refresh(0xf0, a);
        surfaces.refresh(0x0f, b);
        let replaced =
            |flags, named: &[SurfaceId]| surfaces.replaced(flags, named.iter().copied().map(Some));
        assert_eq!(replaced(0xf0, &[]), Some(a));
        assert_eq!(replaced(0xff, &[a]), Some(b));
        assert_eq!(
            (replaced(0xe0, &[]), replaced(0xf0, &[a]), replaced(0, &[])),
            (None, None, None)
        );
    }

    #[test]
    fn a_surface_in_no_slot_dies_at_once() {
        let mut surfaces = Surfaces::default();
        let a = surfaces.create();
        assert_eq!(dead(&mut surfaces, Some(a)), []);
        assert_eq!(dead(&mut surfaces, None), [a]);
    }
}

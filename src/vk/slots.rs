//! Which DPB slot holds which surface. Numbers only; `images` owns the pixels.

use crate::plan::SurfaceId;

/// A slot of a video session's decoded picture buffer: Vulkan's `slotIndex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct DpbSlot(u32);

impl DpbSlot {
    /// As `slotIndex`.
    pub(super) fn index(self) -> i32 {
        self.0 as i32
    }

    /// As an index of arrays.
    pub(super) fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// The slots of one session. A surface keeps its slot from its decode to its release.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    owner: Vec<Option<SurfaceId>>,
}

impl Slots {
    /// `count` free slots.
    pub(super) fn new(count: u32) -> Self {
        Self { owner: vec![None; count as usize] }
    }

    /// Gives `surface` the lowest free slot; `None` if all are taken.
    pub(super) fn bind(&mut self, surface: SurfaceId) -> Option<DpbSlot> {
        let free = self.owner.iter().position(Option::is_none)?;
        self.owner[free] = Some(surface);
        Some(DpbSlot(free as u32))
    }

    /// Frees the slot of `surface`, if it has one.
    pub(super) fn release(&mut self, surface: SurfaceId) {
        self.owner.iter_mut().filter(|o| **o == Some(surface)).for_each(|o| *o = None);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lowest_free_slot_is_taken() {
        let mut slots = Slots::new(3);
        let bind = |slots: &mut Slots, id| slots.bind(SurfaceId(id)).map(DpbSlot::index);
        assert_eq!([1, 2, 3, 4].map(|id| bind(&mut slots, id)), [Some(0), Some(1), Some(2), None]);
        slots.release(SurfaceId(2));
        slots.release(SurfaceId(9));
        assert_eq!(bind(&mut slots, 5), Some(1));
        assert_eq!(bind(&mut slots, 6), None);
    }

    proptest! {
        #[test]
        fn no_two_surfaces_share_a_slot(releases in proptest::collection::vec(0u64..40, 0..80)) {
            let mut slots = Slots::new(9);
            let mut held = std::collections::BTreeMap::new();
            for (id, release) in (0u64..).zip(releases) {
                if let Some(slot) = slots.bind(SurfaceId(id)) {
                    prop_assert!(held.values().all(|s| *s != slot));
                    held.insert(id, slot);
                } else {
                    prop_assert_eq!(held.len(), 9);
                }
                slots.release(SurfaceId(release));
                held.remove(&release);
            }
        }
    }
}

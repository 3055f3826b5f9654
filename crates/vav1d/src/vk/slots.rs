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

/// Which free slot a surface gets. Vulkan leaves it to the application: a driver that decodes correctly
/// with one of these policies and not with another is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlotPolicy {
    /// The lowest.
    #[default]
    Lowest,
    /// The next above the one given last, from 0 again after the highest.
    RoundRobin,
    /// Any: the same ones for the same seed.
    Random(u64),
}

/// The slots of one session. A surface keeps its slot from its decode to its release.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    owner: Vec<Option<SurfaceId>>,
    policy: SlotPolicy,
    /// Where the next search begins, or the state of the random numbers.
    next: u64,
}

impl Slots {
    /// `count` free slots.
    pub(super) fn new(count: u32, policy: SlotPolicy) -> Self {
        let next = match policy {
            SlotPolicy::Random(seed) => seed,
            _ => 0,
        };
        Self { owner: vec![None; count as usize], policy, next }
    }

    /// Gives `surface` a free slot; `None` if all are taken.
    pub(super) fn bind(&mut self, surface: SurfaceId) -> Option<DpbSlot> {
        let first = match self.policy {
            SlotPolicy::Lowest => 0,
            SlotPolicy::RoundRobin => self.next as usize,
            SlotPolicy::Random(_) => {
                // A linear congruential generator (Knuth's MMIX); the high bits are the better ones.
                let step = self.next.wrapping_mul(6_364_136_223_846_793_005);
                self.next = step.wrapping_add(1_442_695_040_888_963_407);
                (self.next >> 33) as usize
            }
        };
        let count = self.owner.len();
        let mut order = (0..count).map(|i| (first + i) % count);
        let free = order.find(|slot| self.owner[*slot].is_none())?;
        self.owner[free] = Some(surface);
        if self.policy == SlotPolicy::RoundRobin {
            self.next = free as u64 + 1;
        }
        Some(DpbSlot(free as u32))
    }

    /// Gives `surface` a free slot, or where there is none that of `replaced`.
    pub(super) fn take(
        &mut self,
        surface: SurfaceId,
        replaced: Option<SurfaceId>,
    ) -> Option<DpbSlot> {
        self.bind(surface).or_else(|| replaced.and_then(|old| self.pass_on(old, surface)))
    }

    /// Gives `surface` the slot `index`; `None` if that is taken, or there is none.
    pub(super) fn bind_at(&mut self, surface: SurfaceId, index: i32) -> Option<DpbSlot> {
        let index = u32::try_from(index).ok()?;
        let owner = self.owner.get_mut(index as usize).filter(|owner| owner.is_none())?;
        *owner = Some(surface);
        Some(DpbSlot(index))
    }

    /// Whether no slot is free.
    pub(super) fn is_full(&self) -> bool {
        self.owner.iter().all(Option::is_some)
    }

    /// Gives `surface` the slot that `old` has, if it has one: nothing refers to `old` any more.
    pub(super) fn pass_on(&mut self, old: SurfaceId, surface: SurfaceId) -> Option<DpbSlot> {
        let index = self.owner.iter().position(|owner| *owner == Some(old))?;
        self.owner[index] = Some(surface);
        Some(DpbSlot(index as u32))
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
        let mut slots = Slots::new(3, SlotPolicy::Lowest);
        let bind = |slots: &mut Slots, id| slots.bind(SurfaceId(id)).map(DpbSlot::index);
        assert_eq!([1, 2, 3, 4].map(|id| bind(&mut slots, id)), [Some(0), Some(1), Some(2), None]);
        slots.release(SurfaceId(2));
        slots.release(SurfaceId(9));
        assert_eq!(bind(&mut slots, 5), Some(1));
        assert_eq!(bind(&mut slots, 6), None);
    }

    #[test]
    fn a_slot_is_given_by_its_index() {
        let mut slots = Slots::new(3, SlotPolicy::Lowest);
        let at =
            |slots: &mut Slots, id, index| slots.bind_at(SurfaceId(id), index).map(DpbSlot::index);
        assert_eq!(at(&mut slots, 1, 2), Some(2));
        assert_eq!([2, 3, -1].map(|index| at(&mut slots, 2, index)), [None; 3]);
        slots.release(SurfaceId(1));
        assert_eq!(at(&mut slots, 3, 2), Some(2));
    }

    #[test]
    fn a_slot_is_passed_on_where_none_is_free() {
        let mut slots = Slots::new(2, SlotPolicy::Lowest);
        for id in [1, 2] {
            assert!(!slots.is_full());
            slots.bind(SurfaceId(id));
        }
        assert!(slots.is_full());
        assert_eq!(slots.pass_on(SurfaceId(1), SurfaceId(3)).map(DpbSlot::index), Some(0));
        assert_eq!(slots.pass_on(SurfaceId(1), SurfaceId(4)), None);
        // The old surface is released later, and has no slot then.
        slots.release(SurfaceId(1));
        assert!(slots.is_full());
        slots.release(SurfaceId(3));
        assert_eq!(slots.bind(SurfaceId(5)).map(DpbSlot::index), Some(0));
    }

    #[test]
    fn round_robin_goes_on_behind_the_last() {
        let mut slots = Slots::new(3, SlotPolicy::RoundRobin);
        let bind = |slots: &mut Slots, id| slots.bind(SurfaceId(id)).map(DpbSlot::index);
        assert_eq!([1, 2].map(|id| bind(&mut slots, id)), [Some(0), Some(1)]);
        slots.release(SurfaceId(1));
        assert_eq!(bind(&mut slots, 3), Some(2));
        assert_eq!(bind(&mut slots, 4), Some(0));
        assert_eq!(bind(&mut slots, 5), None);
    }

    proptest! {
        #[test]
        fn no_two_surfaces_share_a_slot(
            releases in proptest::collection::vec(0u64..40, 0..80),
            policy in prop_oneof![
                Just(SlotPolicy::Lowest),
                Just(SlotPolicy::RoundRobin),
                any::<u64>().prop_map(SlotPolicy::Random),
            ],
        ) {
            let mut slots = Slots::new(9, policy);
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

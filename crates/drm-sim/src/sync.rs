//! Synchronisation objects: what `DRM_IOCTL_SYNCOBJ_*` makes, waits for and signals.

use std::collections::BTreeMap;

/// A submission's place in the order of all submissions, from 1. 0 is always complete.
pub(crate) type Fence = u64;

/// One synchronisation object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Object {
    /// The binary payload: `None` until something is submitted or signalled.
    binary: Option<Fence>,
    /// The timeline payload: point to fence.
    points: BTreeMap<u64, Fence>,
}

/// What a wait finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// No such object.
    NoObject,
    /// Nothing was submitted that would signal it.
    NotSubmitted,
    /// Signalled when this fence completes.
    Fence(Fence),
}

/// All synchronisation objects of the node.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    objects: BTreeMap<u32, Object>,
    last: u32,
}

impl Objects {
    /// Makes an object and gives its handle.
    pub(crate) fn create(&mut self, signaled: bool) -> u32 {
        self.last += 1;
        let object = Object { binary: signaled.then_some(0), points: BTreeMap::new() };
        self.objects.insert(self.last, object);
        self.last
    }

    /// Removes an object; whether there was one.
    pub(crate) fn destroy(&mut self, handle: u32) -> bool {
        self.objects.remove(&handle).is_some()
    }

    /// Takes what an object holds away; whether there is such an object.
    pub(crate) fn reset(&mut self, handle: u32) -> bool {
        self.objects.get_mut(&handle).map(|object| *object = Object::default()).is_some()
    }

    /// Lets `fence` signal the object: its binary payload at point 0, otherwise that point.
    pub(crate) fn signal(&mut self, handle: u32, point: u64, fence: Fence) -> bool {
        let Some(object) = self.objects.get_mut(&handle) else { return false };
        if point == 0 {
            object.binary = Some(fence);
        } else {
            object.points.insert(point, fence);
        }
        true
    }

    /// What signals the object: its binary payload at point 0, otherwise that point or a later one.
    pub(crate) fn find(&self, handle: u32, point: u64) -> Found {
        let Some(object) = self.objects.get(&handle) else { return Found::NoObject };
        let fence = if point == 0 {
            object.binary.or_else(|| object.points.values().next_back().copied())
        } else {
            object.points.range(point..).map(|(_, &fence)| fence).min()
        };
        fence.map_or(Found::NotSubmitted, Found::Fence)
    }

    /// The highest point that is signalled once `done` submissions are complete, 0 for none; with
    /// `last_submitted`, the highest that anything was submitted for.
    pub(crate) fn value(&self, handle: u32, done: Fence, last_submitted: bool) -> Option<u64> {
        let object = self.objects.get(&handle)?;
        let reached = object.points.iter().filter(|&(_, &fence)| last_submitted || fence <= done);
        Some(reached.map(|(&point, _)| point).max().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_is_reached_by_its_own_or_a_later_point() {
        let mut objects = Objects::default();
        let handle = objects.create(false);
        assert_eq!(objects.find(handle, 3), Found::NotSubmitted);
        assert!(objects.signal(handle, 2, 10));
        assert!(objects.signal(handle, 5, 11));
        assert_eq!(objects.find(handle, 2), Found::Fence(10));
        assert_eq!(objects.find(handle, 3), Found::Fence(11));
        assert_eq!(objects.find(handle, 6), Found::NotSubmitted);
        assert_eq!(objects.value(handle, 10, false), Some(2));
        assert_eq!(objects.value(handle, 10, true), Some(5));
        assert!(objects.destroy(handle));
        assert_eq!(objects.find(handle, 2), Found::NoObject);
    }
}

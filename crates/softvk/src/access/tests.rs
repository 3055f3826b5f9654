//! What barriers and semaphores order.

use super::*;

const DECODE: Side = Side {
    stages: PipelineStageFlags2::VIDEO_DECODE_KHR,
    access: AccessFlags2::VIDEO_DECODE_WRITE_KHR,
};
const COPY: Side = Side { stages: PipelineStageFlags2::COPY, access: AccessFlags2::TRANSFER_READ };

fn state(what: Access) -> LayerState {
    let none = Side { stages: Default::default(), access: Default::default() };
    let mut state = LayerState::new(ImageLayout::GENERAL);
    state.past.push(Past { queue: 0, batch: 1, what: Some(what), after: none });
    state
}

#[test]
fn a_barrier_orders_what_is_in_both_scopes() {
    let tracker = Tracker::new(&Arc::default(), 0, 1);
    let mut written = state(Access::DecodeWrite);
    assert!(tracker.hazard(&written, Access::CopyRead).is_some());
    tracker.order(&mut written, &COPY, &Side::ALL);
    assert!(tracker.hazard(&written, Access::CopyRead).is_some());
    tracker.order(&mut written, &DECODE, &COPY);
    assert_eq!(tracker.hazard(&written, Access::CopyRead), None);
    assert!(tracker.hazard(&written, Access::DecodeRead).is_some());
    // What was ordered before the copy is ordered before what follows it.
    tracker.order(&mut written, &COPY, &Side::ALL);
    assert_eq!(tracker.hazard(&written, Access::DecodeRead), None);
}

#[test]
fn a_semaphore_orders_queues() {
    let mut tracker = Tracker::new(&Arc::default(), 2, 0);
    let written = state(Access::DecodeWrite);
    assert!(tracker.hazard(&written, Access::CopyRead).is_some());
    tracker.learn(&[1, 0, 0, 0, 0, 0]);
    assert_eq!(tracker.hazard(&written, Access::CopyRead), None);
}

#[test]
fn reads_do_not_conflict() {
    let tracker = Tracker::new(&Arc::default(), 0, 1);
    let read = state(Access::DecodeRead);
    assert_eq!(tracker.hazard(&read, Access::CopyRead), None);
    assert!(tracker.hazard(&read, Access::DecodeWrite).is_some());
}

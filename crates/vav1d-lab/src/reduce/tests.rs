//! Streams that are made smaller are whole streams, whatever the judge says.

use std::io::Cursor;

use av1_rewrite::read;
use av1_rewrite::stream::Stream;
use vav1d::container;
use vav1d::limits::Limits;
use vav1d::plan::planner::PlannerOptions;

use super::*;
use crate::compare::Graph;

fn bytes(name: &str) -> Vec<u8> {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    std::fs::read(samples.join(name)).expect("a sample")
}

fn stream(bytes: Vec<u8>) -> Stream {
    let mut source =
        container::open(Box::new(Cursor::new(bytes)), None, Limits::default()).expect("a stream");
    let mut reader = read::Reader::default();
    while let Some(unit) = source.next_unit().expect("a unit") {
        reader.unit(&unit).expect("parts");
    }
    reader.finish().expect("whole")
}

/// The frames of a file, all of whose references are there.
fn graph(file: &[u8]) -> Graph {
    let source = container::open(Box::new(Cursor::new(file.to_vec())), None, Limits::default());
    let graph = Graph::of(&mut *source.expect("a file"), PlannerOptions::default(), None);
    assert!(graph.faults.is_empty(), "{:?}", graph.faults);
    for node in graph.nodes.iter().filter(|node| node.header.ref_frame_idx.is_some()) {
        assert!(node.references.iter().all(Option::is_some), "frame {}", node.frame);
    }
    graph
}

/// Says that streams fail that have some frames, and now and then that they do not.
struct Mock {
    /// The frame that is wrong, and others without which it is not.
    needs: Vec<u64>,
    /// The frame is not said.
    silent: bool,
    /// Right decoders decode what it is that names point to.
    sound: bool,
    judged: u32,
    most: u32,
}

impl Judge for Mock {
    type Error = std::convert::Infallible;

    fn judge(&mut self, stream: &Stream, file: &[u8]) -> Result<Option<Failing>, Self::Error> {
        self.judged += 1;
        let own = parts::all(stream);
        let layered = stream.frames().any(|(_, frame)| frame.layer().is_some());
        if !layered {
            assert_eq!(graph(file).nodes.len(), own.len(), "the file has these frames");
        }
        let origin = self.needs.first().copied().filter(|_| !self.silent);
        let fails = self.needs.iter().all(|frame| own.contains(frame));
        Ok(fails.then(|| Failing { class: "wrong".into(), origin }))
    }

    fn is_sound(&mut self, _: &[u8], _: &[u8]) -> Result<bool, Self::Error> {
        Ok(self.sound)
    }

    fn told(&mut self, _: &str) {}

    fn is_spent(&self) -> bool {
        self.judged >= self.most
    }
}

fn reduced(name: &str, needs: &[u64], silent: bool, sound: bool) -> (Reduced, u32) {
    let mut mock = Mock { needs: needs.to_vec(), silent, sound, judged: 0, most: 300 };
    let whole = stream(bytes(name));
    let reduced = reduce(&whole, 0, &mut mock).expect("judged").expect("written");
    (reduced.expect("it fails"), mock.judged)
}

#[test]
fn what_a_frame_needs_is_left_and_no_more() {
    for (name, frame) in [
        ("main-420-8.ivf", 5),
        ("main-420-8.ivf", 13),
        ("svt-pyramid.ivf", 9),
        ("forward-key.ivf", 4),
        ("resize-random.ivf", 3),
        ("error-resilient.ivf", 5),
        ("switch-frames.ivf", 6),
        ("intra-only.ivf", 4),
        ("tile-groups.ivf", 2),
        ("grain-hidden.ivf", 3),
        ("sequence-change.ivf", 6),
        ("timing-model.ivf", 3),
    ] {
        let (reduced, judged) = reduced(name, &[frame], false, false);
        let left = parts::all(&reduced.stream);
        assert_eq!(left, reduced.closure, "{name} {frame}");
        assert_eq!(left.last(), Some(&frame), "{name} {frame}");
        assert!(judged < 20, "{name} {frame}: {judged}");
        assert!(!reduced.aimed);
        graph(&reduced.file);
    }
}

#[test]
fn names_that_point_elsewhere_leave_fewer_frames() {
    let (reduced, _) = reduced("main-420-8.ivf", &[13], false, true);
    assert!(reduced.aimed);
    assert_eq!(parts::all(&reduced.stream).len(), 2, "{:?}", parts::all(&reduced.stream));
    graph(&reduced.file);
}

/// A crash does not say which frame it was.
#[test]
fn without_a_frame_it_is_found_by_halves() {
    let (reduced, judged) = reduced("svt-pyramid.ivf", &[9], true, false);
    assert_eq!(parts::all(&reduced.stream).last(), Some(&9));
    assert_eq!(parts::all(&reduced.stream), reduced.closure);
    assert!(judged < 30, "{judged}");
}

/// Frames that a failure takes without being referred to stay.
#[test]
fn frames_beside_the_closure_stay_if_it_takes_them() {
    let (reduced, _) = reduced("main-420-8.ivf", &[4, 2, 5], true, false);
    let left = parts::all(&reduced.stream);
    assert!([4, 2, 5].iter().all(|frame| left.contains(frame)), "{left:?}");
    assert!(left.len() < 14, "{left:?}");
}

#[test]
fn layers_that_are_not_decoded_go() {
    let (reduced, _) = reduced("layers-l2t2.ivf", &[0], false, false);
    assert_eq!(parts::all(&reduced.stream), [0]);
    assert!(reduced.stream.frames().all(|(_, frame)| frame.layer().is_none()));
    graph(&reduced.file);
}

#[test]
fn the_number_of_judgements_is_a_limit() {
    let mut mock = Mock { needs: vec![9], silent: true, sound: true, judged: 0, most: 3 };
    let whole = stream(bytes("svt-pyramid.ivf"));
    let left = reduce(&whole, 0, &mut mock).expect("judged").expect("written").expect("it fails");
    assert!(mock.judged <= 3);
    graph(&left.file);
}

#[test]
fn what_does_not_fail_is_not_made_smaller() {
    let mut mock = Mock { needs: vec![99], silent: false, sound: true, judged: 0, most: 300 };
    let whole = stream(bytes("main-420-8.ivf"));
    assert!(reduce(&whole, 0, &mut mock).expect("judged").expect("written").is_none());
    assert_eq!(mock.judged, 1);
}

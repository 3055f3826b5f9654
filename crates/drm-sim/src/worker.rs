//! The thread that runs what is submitted, in order: so that decoding takes its time beside the
//! program, as it does on a chip, and outside of any request's lock.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::chip::Chip;
use crate::node::{Node, log};
use crate::record::Recorder;
use crate::submission::Submission;

/// What the thread has.
struct Worker {
    recorder: Recorder,
}

/// Starts the thread of `node`.
pub(crate) fn start(node: &'static Node) {
    let body = move || run(node);
    let started = std::thread::Builder::new().name("vav1d-drm-sim".into()).spawn(body);
    if let Err(reason) = started {
        log(&format!("no thread can be made, nothing will complete: {reason}"));
    }
}

fn run(node: &Node) {
    let mut worker = Worker::new(&node.chip);
    loop {
        let (submission, behind) = node.next_submission();
        let ran = catch_unwind(AssertUnwindSafe(|| worker.submission(&submission, &behind)));
        if ran.is_err() {
            log("the imitated chip has hung (a fault of drm-sim's own): it begins anew");
            worker = Worker::new(&node.chip);
        }
        node.finish(&submission);
    }
}

impl Worker {
    fn new(chip: &Chip) -> Self {
        Self { recorder: Recorder::new(chip) }
    }

    fn submission(&mut self, submission: &Submission, behind: &[Submission]) {
        let _ = behind;
        self.recorder.submission(submission);
    }
}

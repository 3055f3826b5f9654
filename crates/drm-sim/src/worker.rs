//! The thread that runs what is submitted, in order: so that decoding takes its time beside the
//! program, as it does on a chip, and outside of any request's lock.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bytes::Bytes;
use crate::chip::{Chip, Kernel};
use crate::engine::{self, Next, Vcn};
use crate::node::{Node, log};
use crate::pictures::Pictures;
use crate::record::Recorder;
use crate::submission::{Commands, Engine, Submission};
use crate::vcn::Message;
use crate::{batch, sdma, vcn};

/// What the thread has.
struct Worker {
    recorder: Recorder,
    pictures: Pictures,
    /// None where nothing is to be decoded.
    vcn: Option<Vcn>,
    /// Version of the copy engine of an AMD chip.
    sdma: u32,
    /// What was said to be left out.
    left_out: BTreeSet<String>,
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
        Self {
            recorder: Recorder::new(chip),
            pictures: Pictures::new(chip),
            vcn: (!engine::is_off()).then(Vcn::default),
            sdma: match chip.kernel {
                Kernel::Amdgpu(amd) => amd.sdma[0],
                Kernel::I915(_) | Kernel::Xe(_) => 0,
            },
            left_out: BTreeSet::new(),
        }
    }

    fn submission(&mut self, submission: &Submission, behind: &[Submission]) {
        for (index, commands) in submission.commands.iter().enumerate() {
            match commands.engine {
                Engine::VcnUnified | Engine::VcnDecode => {
                    let later = submission.commands[index + 1..].iter();
                    let later = later.chain(behind.iter().flat_map(|other| &other.commands));
                    self.vcn(commands, later);
                }
                Engine::Avp => self.avp(commands),
                Engine::Sdma => self.sdma(commands),
                Engine::Other => {
                    self.leave_out("graphics and compute work: its bytes are not made")
                }
                Engine::Blitter => self.leave_out("a copy by the blitter: its bytes are not made"),
            }
        }
    }

    /// Messages of a VCN engine; `later` are the command buffers behind them.
    fn vcn<'a>(&mut self, commands: &Commands, later: impl Iterator<Item = &'a Commands>) {
        let messages = messages(commands);
        let behind = later.flat_map(self::messages).next();
        let next = messages.iter().skip(1).chain(&behind).map(Next::of);
        for (message, next) in messages.iter().zip(next.chain([None])) {
            let text = self.recorder.message(&commands.space, message);
            let vcn = self.vcn.as_mut();
            let outcome = vcn.and_then(|vcn| vcn.message(&commands.space, message, next.as_ref()));
            let outcome = outcome.unwrap_or_default();
            for fault in &outcome.faults {
                log(&format!("the engine: {fault}"));
            }
            if let Some((decoded, facts)) = &outcome.picture {
                self.pictures.add(decoded, facts);
            }
            self.recorder.add(text, &outcome.faults);
        }
    }

    /// Packets of the copy engine.
    fn sdma(&mut self, commands: &Commands) {
        let bytes = commands.space.read(commands.address, commands.size).map(Bytes);
        for what in sdma::run(&commands.space, &bytes.unwrap_or_default(), self.sdma) {
            self.leave_out(&what);
        }
    }

    /// Names what is not done, once each.
    fn leave_out(&mut self, what: &str) {
        if self.vcn.is_some() && self.left_out.insert(what.to_owned()) {
            log(&format!("note: {what}"));
        }
    }

    /// Batches of an AVP engine.
    fn avp(&mut self, commands: &Commands) {
        let found = batch::commands(&commands.space, commands.address);
        for text in self.recorder.batch(&commands.space, &found) {
            self.recorder.add(text, &[]);
        }
    }
}

/// The messages in a command buffer of a VCN engine.
fn messages(commands: &Commands) -> Vec<Message> {
    let read = || commands.space.read(commands.address, commands.size).map(Bytes);
    match commands.engine {
        Engine::VcnUnified => vcn::unified(&commands.space, &read().unwrap_or_default()),
        Engine::VcnDecode => vcn::registers(&commands.space, &read().unwrap_or_default()),
        _ => Vec::new(),
    }
}

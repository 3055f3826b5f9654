//! The thread that runs what is submitted, in order: so that decoding takes its time beside the
//! program, as it does on a chip, and outside of any request's lock.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::alter::Alteration;
use crate::bytes::Bytes;
use crate::chip::{Chip, Kernel};
use crate::engine::{self, Avp, Frame, Next, Outcome, Vcn};
use crate::log::log;
use crate::node::Node;
use crate::pictures::Pictures;
use crate::record::Recorder;
use crate::sdma::{self, Sdma};
use crate::submission::{Commands, Engine, Submission};
use crate::swizzle::Family;
use crate::tiling::Tiling;
use crate::vcn::Message;
use crate::{batch, blitter, vcn};

/// What the thread has.
struct Worker {
    recorder: Recorder,
    pictures: Pictures,
    /// None where nothing is to be decoded.
    vcn: Option<Vcn>,
    avp: Option<Avp>,
    /// Whether there was a picture.
    decoded: bool,
    /// What is to be changed, and how many pictures were looked at.
    alteration: Option<Alteration>,
    seen: usize,
    /// Version of the copy engine of an AMD chip.
    sdma: Sdma,
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
            vcn: (!engine::is_off()).then(|| Vcn::new(family(chip))),
            avp: (!engine::is_off()).then(|| Avp::new(tiling(chip))),
            decoded: false,
            alteration: Alteration::from_environment(),
            seen: 0,
            sdma: Sdma {
                major: match chip.kernel {
                    Kernel::Amdgpu(amd) => amd.sdma[0],
                    Kernel::I915(_) | Kernel::Xe(_) => 0,
                },
                family: family(chip),
            },
            left_out: BTreeSet::new(),
        }
    }

    fn submission(&mut self, submission: &Submission, behind: &[Submission]) {
        for (index, commands) in submission.commands.iter().enumerate() {
            let later = submission.commands[index + 1..].iter();
            let later = later.chain(behind.iter().flat_map(|other| &other.commands));
            match commands.engine {
                Engine::VcnUnified | Engine::VcnDecode => self.vcn(commands, later),
                Engine::Avp => self.avp(commands, later),
                Engine::Sdma => self.sdma(commands),
                Engine::Other => {
                    self.leave_out("graphics and compute work: its bytes are not made")
                }
                Engine::Blitter => self.blitter(commands),
            }
        }
    }

    /// Messages of a VCN engine; `later` are the command buffers behind them.
    fn vcn<'a>(&mut self, commands: &Commands, later: impl Iterator<Item = &'a Commands>) {
        let mut messages = messages(commands);
        for message in &mut messages {
            self.alter(message);
        }
        let behind = later.flat_map(self::messages).next();
        let next = messages.iter().skip(1).chain(&behind).map(Next::of);
        for (message, next) in messages.iter().zip(next.chain([None])) {
            let text = self.recorder.message(&commands.space, message);
            let vcn = self.vcn.as_mut();
            let outcome = vcn.and_then(|vcn| vcn.message(&commands.space, message, next.as_ref()));
            self.note(text, outcome.unwrap_or_default());
        }
    }

    /// Plants the fault that is asked for, if this is its picture.
    fn alter(&mut self, message: &mut Message) {
        if message.decodes() {
            if let Some(alteration) = &self.alteration {
                alteration.message(message, self.seen);
            }
            self.seen += 1;
        }
    }

    /// Packets of the copy engine.
    fn sdma(&mut self, commands: &Commands) {
        let bytes = commands.space.read(commands.address, commands.size).map(Bytes);
        for what in sdma::run(&commands.space, &bytes.unwrap_or_default(), self.sdma) {
            self.leave_out(&what);
        }
    }

    /// Commands of the blitter.
    fn blitter(&mut self, commands: &Commands) {
        let found = batch::commands(&commands.space, commands.address);
        for what in blitter::run(&commands.space, &found) {
            self.leave_out(&what);
        }
    }

    /// Names what is not done, once each.
    fn leave_out(&mut self, what: &str) {
        if self.decoded && self.left_out.insert(what.to_owned()) {
            log(&format!("note: {what}"));
        }
    }

    /// Batches of an AVP engine.
    fn avp<'a>(&mut self, commands: &Commands, later: impl Iterator<Item = &'a Commands>) {
        let mut found = batch::commands(&commands.space, commands.address);
        if let Some(alteration) = &self.alteration {
            self.seen = alteration.batch(&mut found, self.seen);
        }
        let texts = self.recorder.batch(&commands.space, &found);
        let frames = engine::frames(&found);
        let ahead = later.filter(|other| other.engine == Engine::Avp);
        let ahead = ahead.map(|other| batch::commands(&other.space, other.address));
        let behind = ahead.map(|found| engine::frames(&found)).find(|frames| !frames.is_empty());
        let next = behind.iter().flatten();
        let all: Vec<&Frame> = frames.iter().chain(next).collect();
        let mut outcomes = Vec::new();
        for (index, frame) in frames.iter().enumerate() {
            let avp = self.avp.as_mut();
            let next = all.get(index + 1).copied();
            let outcome = avp.map(|avp| avp.frame(&commands.space, frame, next));
            outcomes.push(outcome.unwrap_or_default());
        }
        // What the driver has decoded to nowhere has a text and no outcome.
        let mut outcomes = outcomes.into_iter();
        for text in texts {
            match text.contains(" decode\n") {
                true => self.note(text, outcomes.next().unwrap_or_default()),
                false => self.recorder.add(text, &[]),
            }
        }
        outcomes.for_each(|outcome| self.note(String::new(), outcome));
    }

    /// Takes note of what became of a message or a frame.
    fn note(&mut self, text: String, outcome: Outcome) {
        for fault in &outcome.faults {
            log(&format!("the engine: {fault}"));
        }
        if let Some((decoded, facts)) = &outcome.picture {
            self.pictures.add(decoded, facts);
            self.decoded = true;
        }
        self.recorder.add(text, &outcome.faults);
    }
}

/// The tiled images of an AMD chip.
fn family(chip: &Chip) -> Option<Family> {
    match chip.kernel {
        Kernel::Amdgpu(amd) => Family::of(amd.graphics[0], amd.gb_addr_config),
        Kernel::I915(_) | Kernel::Xe(_) => None,
    }
}

/// The order of bytes in the images of an Intel chip.
fn tiling(chip: &Chip) -> Tiling {
    match chip.kernel {
        Kernel::I915(intel) | Kernel::Xe(intel) if intel.graphics < [12, 50, 0] => Tiling::TileY,
        _ => Tiling::Tile4,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::CHIPS;

    #[test]
    fn the_tiled_images_of_every_amd_chip_are_imitated() {
        for chip in CHIPS {
            let is_amd = matches!(chip.kernel, Kernel::Amdgpu(_));
            assert_eq!(family(&chip).is_some(), is_amd, "{}", chip.name);
        }
    }
}

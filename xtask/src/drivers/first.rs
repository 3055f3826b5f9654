//! What somebody sees who runs vav1d on a chip for the first time: another device where the chip's does
//! not take the stream, and what switches video on where the driver hides it.

use anyhow::Result;

use super::{Bench, sample, text};

/// A stream that no chip here takes.
const REFUSED: &str = "high-444-8";

/// The variables with which ANV offers video, and what must be said without.
const HIDDEN: [&str; 4] = ["-u", "ANV_DEBUG", "-u", "ANV_VIDEO_DECODE"];
const SWITCH: &str = "ANV_DEBUG=video-decode";

/// What every chip takes.
const TAKEN: &str = "tiles-4x2";
/// Chips whose pictures no imitated engine copies: the host reads them, where the driver lets it.
const BY_SHADERS: [&str; 3] = ["adl", "dg2", "mtl"];

impl Bench {
    /// What is wrong with a judgement of the chip: its pictures are right, or are not to be had.
    fn compared(&self) -> Result<Option<String>> {
        let mut sim = self.command();
        sim.args(["sim", &self.chip, "--log", "/dev/null", "--"]).arg(&self.program);
        sim.args(["compare", "-q", "--film-grain", "cpu", "--device", "system"]);
        let output = sim.arg(sample(TAKEN)).output()?;
        let refused = BY_SHADERS.contains(&&*self.chip) && output.status.code() == Some(69);
        let wrong = !refused && !output.status.success();
        Ok(wrong.then(|| {
            let said = text(&output.stdout);
            let line = said.lines().last().unwrap_or_default();
            format!("{}: {TAKEN}: compare: {}: {line}", self.chip, output.status)
        }))
    }

    /// What is wrong with the first sight of the chip, is put with the `faults`.
    pub(super) fn first_sight(&self, faults: &mut Vec<String>) -> Result<()> {
        let stream = sample(REFUSED);
        let of = |device: &str| ["md5", "-q", "--total", "--device", device].map(str::to_owned);
        let decoded = |device: &str| {
            let own = of(device);
            let words: Vec<_> = own.iter().map(String::as_str).chain([&*stream]).collect();
            let (output, _) = self.vav1d(&words, &self.record("first"))?;
            anyhow::Ok((output.status.code(), text(&output.stdout)))
        };
        let (auto, soft) = (decoded("auto")?, decoded("soft")?);
        if auto != soft || soft.0 != Some(0) {
            faults.push(format!("{}: {REFUSED}: auto gives {auto:?}, softvk {soft:?}", self.chip));
        }
        faults.extend(self.compared()?);
        if self.is_amd() {
            return Ok(());
        }
        let program = self.program.to_string_lossy();
        let words = [&HIDDEN[..], &[&*program, "caps", "--device", "0"]].concat();
        let (output, _) = self.sim("env", &words, &self.record("first"))?;
        let said = text(&output.stdout);
        if !said.contains(SWITCH) {
            faults.push(format!("{}: hidden video: nothing says {SWITCH}: {said}", self.chip));
        }
        Ok(())
    }
}

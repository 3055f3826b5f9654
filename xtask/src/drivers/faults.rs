//! Faults of stock drivers that vav1d avoids: with what avoids them switched off, a picture is wrong from
//! the first frame that they touch, and the recording says why.

use std::collections::BTreeMap;
use std::process::ExitStatus;

use anyhow::{Context, Result};

use super::{Bench, sample, text};

/// Exit codes above are those of programs that a signal ended.
const SIGNALS: i32 = 128;

/// A fault.
struct Known {
    driver: &'static str,
    /// How the versions begin that have it.
    version: &'static str,
    /// What brings it out.
    option: &'static str,
    stream: &'static str,
    /// The first picture that it touches, in decoding order.
    picture: usize,
    /// What the recording says of that picture; `None` where the driver crashes there.
    cause: Option<&'static str>,
}

const fn known(
    (driver, version): (&'static str, &'static str),
    option: &'static str,
    (stream, picture): (&'static str, usize),
    cause: Option<&'static str>,
) -> Known {
    Known { driver, version, option, stream, picture, cause }
}

const RADV: (&str, &str) = ("RADV", "Mesa 2");
const OLD_RADV: (&str, &str) = ("RADV", "Mesa 25.0");
const OLD_ANV: (&str, &str) = ("ANV", "Mesa 25.0");
const ANV: (&str, &str) = ("ANV", "Mesa 26.2");

/// See docs/real-drivers.md.
const ALL: [Known; 11] = [
    known(OLD_RADV, "--tile-starts=mi", ("tiles-4x2", 0), Some("as if in units of 4x4 samples")),
    known(RADV, "--dpb-extent=frame", ("layers-l2t2", 1), Some("it was written at")),
    known(RADV, "--dpb-extent=frame", ("layers-l3t1", 2), Some("it was written at")),
    known(RADV, "--dpb-extent=frame", ("size-up", 3), Some("it was written at")),
    known(RADV, "--dpb-extent=frame", ("size-down", 3), Some("it was written at")),
    known(OLD_ANV, "--tile-starts=mi", ("tiles-4x2", 0), Some("as if in units of 4x4 samples")),
    known(OLD_ANV, "--dpb=distinct", ("tiles-4x2", 1), Some("is where no picture was written")),
    known(OLD_ANV, "--dpb-images=layered", ("tiles-4x2", 1), Some("goes to where reference 1 is")),
    known(
        OLD_ANV,
        "--resources=independent",
        ("svt-low-delay", 1),
        Some("the frame begins with probabilities that no picture left"),
    ),
    known(
        OLD_ANV,
        "--film-grain=driver",
        ("grain-420-8", 1),
        Some("is where no picture was written"),
    ),
    known(ANV, "--intra-references=none", ("intra-only", 7), None),
];

/// What came of a stream: the MD5s of its pictures by their number, what the recording says of each,
/// and how the program ended.
struct Run {
    pictures: BTreeMap<usize, String>,
    causes: BTreeMap<usize, Vec<String>>,
    status: ExitStatus,
}

impl Bench {
    /// Switches on each fault that the driver has: the cell of the table.
    pub(super) fn known_faults(&self, faults: &mut Vec<String>) -> Result<String> {
        let mut shown = 0;
        let its = |known: &&Known| {
            known.driver == self.driver() && self.version.starts_with(known.version)
        };
        for known in ALL.iter().filter(its) {
            match self.shows(known)? {
                None => shown += 1,
                Some(why) => faults
                    .push(format!("{}: {} with {}: {why}", self.chip, known.stream, known.option)),
            }
        }
        Ok(format!("{shown} shown"))
    }

    /// What is missing of a fault; `None` if it shows where and as it must.
    fn shows(&self, known: &Known) -> Result<Option<String>> {
        let sound = self.run_with(known, false)?;
        if !sound.causes.is_empty() || !sound.status.success() {
            return Ok(Some(format!("without: {:?}, {}", sound.causes, sound.status)));
        }
        let wrong = self.run_with(known, true)?;
        let differs = |&(number, sum): &(&usize, &String)| wrong.pictures.get(number) != Some(sum);
        let first = sound.pictures.iter().find(differs).map(|(number, _)| *number);
        let Some(cause) = known.cause else {
            // Frames before that one may be on their way when it comes.
            let crashed = wrong.status.code().is_none_or(|code| code > SIGNALS);
            let before = first.is_some_and(|first| first <= known.picture);
            let all = || format!("{}, the first missing picture is {first:?}", wrong.status);
            return Ok((!crashed || !before).then(all));
        };
        if first != Some(known.picture) {
            return Ok(Some(format!("the first wrong picture is {first:?}")));
        }
        let said = wrong.causes.get(&known.picture).map_or(&[][..], Vec::as_slice);
        let named = said.iter().any(|text| text.contains(cause));
        Ok((!named).then(|| format!("picture {}: {said:?}", known.picture)))
    }

    fn run_with(&self, known: &Known, faulty: bool) -> Result<Run> {
        let record = self.record("known");
        let list = record.with_extension("pictures");
        for file in [&record, &list] {
            // What is not there was not written.
            let _ = std::fs::remove_file(file);
        }
        let mut sim = self.command();
        sim.args(["sim", &self.chip, "--log", "/dev/null", "--record"]).arg(&record);
        sim.arg("--pictures").arg(&list).arg("--").arg(&self.program);
        sim.args(["md5", "-q", "--device", "system"]).args(faulty.then_some(known.option));
        let output = sim.arg(sample(known.stream)).output().with_context(|| format!("{sim:?}"))?;
        // Without a picture there is no list.
        let written = std::fs::read_to_string(&list).unwrap_or_default();
        let recorded = std::fs::read_to_string(&record).with_context(|| text(&output.stderr))?;
        let pictures = written.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
        });
        Ok(Run { pictures: pictures.collect(), causes: causes(&recorded), status: output.status })
    }
}

/// What a recording says of each picture that something is wrong with.
fn causes(recording: &str) -> BTreeMap<usize, Vec<String>> {
    let mut all: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for section in recording.split("\n\n") {
        let fields = || section.lines().filter_map(|line| line.split_once(" = "));
        let number = fields().find(|(name, _)| *name == "picture");
        let Some(number) = number.and_then(|(_, number)| number.parse().ok()) else { continue };
        let faults = fields().filter(|(name, _)| name.starts_with("fault."));
        let faults: Vec<String> = faults.map(|(_, what)| what.to_owned()).collect();
        if !faults.is_empty() {
            all.insert(number, faults);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_read_by_their_picture() {
        let recording = "# a comment\n\npicture = 0\nav1.x = 1\n\npicture = 3\nfault.0 = a = b\n\
                         fault.1 = c\n\nfault.0 = of no picture\n";
        let found = causes(recording);
        assert_eq!(found.len(), 1);
        assert_eq!(found[&3], ["a = b", "c"]);
    }
}

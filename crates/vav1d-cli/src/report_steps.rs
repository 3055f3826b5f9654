//! What `vav1d report` runs: the checklist of docs/first-hour.md, as data.

use std::time::Duration;

use super::imitated;

/// A stream that is part of the program.
pub(super) struct Stream {
    pub(super) name: &'static str,
    pub(super) bytes: &'static [u8],
}

/// The streams named here, out of `samples/`, which `streams` links to: a package has them, too.
macro_rules! streams {
    ($($name:literal),* $(,)?) => {
        &[$(Stream {
            name: concat!($name, ".ivf"),
            bytes: include_bytes!(concat!("../streams/", $name, ".ivf")),
        }),*]
    };
}

/// All of them, 264 KiB.
pub(super) const STREAMS: &[Stream] = streams![
    "main-420-8",
    "main-420-10",
    "svt-pyramid",
    "forward-key",
    "intra-only",
    "tiles-4x2",
    "tiles-uneven",
    "sb128",
    "grain-420-8",
    "grain-420-10",
    "layers-l2t2",
    "layers-l3t1",
    "resize-random",
    "size-up",
    "size-down",
    "superres-fixed",
    "segmentation-cyclic",
    "global-motion",
    "error-resilient",
];

/// What the streams decode to, by two other decoders.
const MANIFEST: &str = include_str!("../streams/manifest.toml");

impl Stream {
    /// The MD5 of its output.
    pub(super) fn md5(&self) -> Option<&'static str> {
        let value = |line: &'static str, key: &str| line.strip_prefix(key)?.strip_suffix('"');
        let mut lines = MANIFEST.lines();
        lines.find(|line| value(line, "file = \"") == Some(self.name))?;
        lines.find_map(|line| value(line, "md5 = \""))
    }
}

/// One run of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Name of its file in the archive, without an ending.
    pub(super) name: String,
    /// Arguments, without `--device` and its value.
    pub(super) words: Vec<String>,
    /// The longest time it may take.
    pub(super) longest: Duration,
    /// Steps of one group must print the same.
    pub(super) same_as: Option<&'static str>,
    /// The MD5 that it must print.
    pub(super) right: Option<&'static str>,
    /// Either answer is one: which of several the device takes.
    pub(super) is_question: bool,
    /// The folder that it draws pictures into.
    pub(super) draws: Option<String>,
}

/// Streams that any driver is to decode, in the order in which a fault tells most.
const PLAIN: [&str; 11] = [
    "main-420-8",
    "main-420-10",
    "svt-pyramid",
    "forward-key",
    "intra-only",
    "tiles-4x2",
    "tiles-uneven",
    "sb128",
    "segmentation-cyclic",
    "global-motion",
    "error-resilient",
];
/// Streams whose references are of other sizes.
const SIZES: [&str; 5] = ["layers-l2t2", "layers-l3t1", "resize-random", "size-up", "size-down"];

/// Options whose values must not change the output, with a stream in which they could.
const PAIRS: [(&str, &[&str], &str); 7] = [
    ("--status", &["none", "pool"], "svt-pyramid"),
    ("--sharing", &["concurrent", "exclusive"], "svt-pyramid"),
    ("--copy-queue", &["auto", "decode"], "svt-pyramid"),
    ("--dpb", &["coincide", "distinct"], "svt-pyramid"),
    ("--tile-starts", &["mi", "superblock"], "tiles-uneven"),
    ("--frames-in-flight", &["1", "4"], "main-420-8"),
    ("--film-grain", &["on", "cpu"], "grain-420-10"),
];

/// Options of which a device takes one value, or either, with a stream in which it matters. The last
/// may hang.
const QUESTIONS: [(&str, &[&str], &str); 2] = [
    ("--order-hints", &["named", "shifted"], "svt-pyramid"),
    ("--coded-extent", &["upscaled", "frame"], "superres-fixed"),
];

/// Where pictures are drawn from: they must look the same.
const DRAWN: [&str; 3] = ["host", "auto", "whole"];

/// Seconds that the device has to answer.
const PATIENCE: &str = "5";

/// All steps; what may hang comes last.
pub(super) fn steps() -> Vec<Step> {
    let mut all = vec![
        step("caps", &["caps"]),
        step("caps-json", &["--json", "caps"]),
        step("facts", &["caps", "--facts"]),
    ];
    let file = |name: &str| format!("{name}.ivf");
    for name in PLAIN {
        let words = ["compare", "--film-grain", "cpu", "--device-timeout", PATIENCE];
        all.push(step(&format!("compare-{name}"), &words).with(file(name)));
    }
    for name in SIZES {
        let words = ["compare", "--all-layers", "--device-timeout", PATIENCE];
        all.push(step(&format!("compare-{name}"), &words).with(file(name)));
    }
    for name in ["grain-420-8", "grain-420-10"] {
        let words = ["compare", "--device-timeout", PATIENCE];
        all.push(step(&format!("compare-{name}"), &words).with(file(name)));
    }
    for (option, values, name) in PAIRS {
        for value in values {
            let words = ["-q", "md5", "--total", "--device-timeout", PATIENCE, option, value];
            let mut step = step(&format!("md5{}-{value}", &option[1..]), &words).with(file(name));
            step.right = STREAMS.iter().find(|s| s.name == file(name)).and_then(Stream::md5);
            all.push(step);
        }
    }
    // No imitated chip draws.
    for value in DRAWN.iter().filter(|_| !imitated::is()) {
        let folder = format!("drawn-{value}");
        // What draws, and how, is said.
        let words = ["-v", "play", "--device-timeout", PATIENCE, "--limit", "3"];
        let mut step = step(&format!("draw-{value}"), &words);
        step.words.extend(["--pictures", value, "--render-to", &folder].map(str::to_owned));
        (step.same_as, step.draws) = (Some("--pictures"), Some(folder));
        all.push(step.with(file("main-420-8")));
    }
    let words = ["verify", "-j", "1", "--frame-timeout", PATIENCE, "--no-times"];
    all.push(step("verify", &words).with(".".to_owned()).within(1200));
    let words = ["matrix", "--limit", "8", "--device-timeout", PATIENCE];
    all.push(step("matrix", &words).with(file("svt-pyramid")).within(1200));
    let words = ["-q", "md5", "--device-timeout", PATIENCE, "--journal", "journal.txt"];
    all.push(step("md5-journal", &words).with(file("main-420-8")));
    for (option, values, name) in QUESTIONS {
        for value in values {
            let words = ["compare", "--device-timeout", PATIENCE, option, value];
            let mut step = step(&format!("which{}-{value}", &option[1..]), &words).with(file(name));
            step.is_question = true;
            all.push(step);
        }
    }
    // The other steps do so themselves.
    let reads = |step: &&mut Step| step.words.iter().any(|word| word == "md5");
    for step in all.iter_mut().filter(reads) {
        step.words.extend(imitated::option(&[]).map(|word| word.to_string_lossy().into_owned()));
    }
    all
}

fn step(name: &str, words: &[&str]) -> Step {
    Step {
        name: name.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        longest: Duration::from_secs(120),
        same_as: None,
        right: None,
        is_question: false,
        draws: None,
    }
}

impl Step {
    /// With one more argument.
    fn with(mut self, word: String) -> Self {
        self.words.push(word);
        self
    }

    fn within(mut self, seconds: u64) -> Self {
        self.longest = Duration::from_secs(seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_is_used_and_every_name_is_one() {
        let all = steps();
        for stream in STREAMS {
            let used = |step: &Step| step.words.iter().any(|word| word == stream.name);
            assert!(all.iter().any(used), "{}", stream.name);
            assert!(stream.bytes.starts_with(b"DKIF"), "{}", stream.name);
            assert!(stream.md5().is_some_and(|md5| md5.len() == 32), "{}", stream.name);
        }
        let mut names: Vec<_> = all.iter().map(|step| &step.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all.len());
        for step in all.iter().filter(|step| step.words.iter().any(|word| word == "--total")) {
            assert!(step.right.is_some(), "{}", step.name);
        }
    }
}

//! The same work by vav1d and by others: like with like.

use std::path::Path;

use anyhow::{Context, Result};

use super::measure::{Cost, Run, medians};
use super::peers::Peers;
use super::stream;
use crate::say;

/// Streams of a rate, of a kind of sample, with film grain, with tiles.
pub(super) const STREAMS: [&str; 6] = [
    "1920x1080-8bit-1t-1M-120f",
    "1920x1080-8bit-1t-5M-120f",
    "1920x1080-8bit-1t-15M-120f",
    "1920x1080-10bit-1t-15M-120f",
    "1920x1080-8bit-8t-15M-120f",
    "1920x1080-8bit-1t-5M-grain-120f",
];
/// Those of a quick look.
const QUICK: [&str; 2] = ["1920x1080-8bit-1t-15M-120f", "1920x1080-10bit-1t-15M-120f"];
/// Streams of 4K, of which few works are measured.
pub(super) const LARGE: [&str; 4] = [
    "3840x2160-8bit-1t-36f",
    "3840x2160-8bit-4t-36f",
    "3840x2160-10bit-1t-36f",
    "3840x2160-10bit-4t-36f",
];
/// Streams that are decoded with so many threads.
const THREADED: [&str; 3] = [QUICK[0], QUICK[1], "1920x1080-8bit-8t-15M-120f"];
/// The title of the table of all works, in the document.
pub(super) const TITLE: &str = "The same work";

/// The title of the table of threads.
pub(super) const THREADS: &str = "Decoding with so many threads";

/// What one program does to one stream.
type Call = fn(&Peers, &Path) -> Run;

/// A work: its name, vav1d's call, and those of others, by name.
struct Work {
    name: &'static str,
    ours: Call,
    theirs: &'static [(&'static str, Call)],
}

const WORKS: [Work; 5] = [
    Work {
        name: "decode, output nothing",
        ours: |peers, file| {
            peers.ours("soft", &["decode", "--output-format", "null", "-o", "-"], file)
        },
        theirs: &[
            ("dav1d", |peers, file| peers.muxed("null", "/dev/null", file)),
            ("ffmpeg, libdav1d", |peers, file| peers.libdav1d_to(file, &["-f", "null", "-"])),
        ],
    },
    Work {
        name: "one MD5 over all",
        ours: |peers, file| peers.ours("soft", &["md5", "--total"], file),
        theirs: &[("dav1d", |peers, file| peers.muxed("md5", "/dev/null", file))],
    },
    Work {
        name: "an MD5 a picture",
        ours: |peers, file| peers.ours("soft", &["md5"], file),
        theirs: &[
            ("ffmpeg, libdav1d", |peers, file| {
                peers.libdav1d_to(file, &["-f", "framemd5", "-y", "/dev/null"])
            }),
            ("dav1d, a file a picture", |peers, file| {
                peers.muxed("md5", &peers.scratch("%n.md5"), file)
            }),
            ("ffmpeg, Vulkan on softvk", |peers, file| {
                let name = file.to_string_lossy().into_owned();
                Run::of(peers.vulkan(file, &name))
            }),
        ],
    },
    Work {
        name: "samples to /dev/null",
        ours: |peers, file| {
            peers.ours("soft", &["decode", "--output-format", "yuv", "-o", "/dev/null"], file)
        },
        theirs: &[("dav1d", |peers, file| peers.muxed("yuv", "/dev/null", file))],
    },
    Work {
        name: "samples to a pipe",
        ours: |peers, file| {
            peers.ours("soft", &["decode", "--output-format", "yuv", "-o", "-"], file).into_pipe()
        },
        theirs: &[("dav1d", |peers, file| peers.muxed("yuv", "-", file).into_pipe())],
    },
];

/// A row: the work, the stream, the other program, what vav1d takes, and what the other does.
pub(super) struct Row {
    pub(super) work: String,
    pub(super) stream: String,
    pub(super) other: String,
    pub(super) ours: Cost,
    pub(super) theirs: Cost,
}

/// Every work on every stream of `names`, `runs` times.
fn measure(peers: &Peers, names: &[&str], works: &[Work], runs: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for name in names {
        for Work { name: work, ours, theirs } in works {
            say(&format!("{name}: {work}"));
            let file = stream(name);
            let mut calls = vec![ours(peers, &file)];
            calls.extend(theirs.iter().map(|(_, call)| call(peers, &file)));
            let costs = medians(runs, &mut calls)?;
            let (ours, rest) = costs.split_first().context("a cost")?;
            for ((other, _), theirs) in theirs.iter().zip(rest) {
                rows.push(Row {
                    work: (*work).to_owned(),
                    stream: (*name).to_owned(),
                    other: (*other).to_owned(),
                    ours: *ours,
                    theirs: *theirs,
                });
            }
        }
    }
    Ok(rows)
}

/// All of it.
pub(super) fn all(peers: &Peers, runs: usize) -> Result<Vec<Row>> {
    let mut rows = measure(peers, &STREAMS, &WORKS, runs)?;
    rows.extend(measure(peers, &LARGE, &WORKS[..3], runs)?);
    Ok(rows)
}

/// Decoding with 1, 2, 4, 8 and 16 threads, as far as there are cores, beside dav1d with as many.
pub(super) fn threads(peers: &Peers, runs: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for threads in [1, 2, 4, 8, 16].into_iter().filter(|n| *n <= peers.threads) {
        for name in THREADED {
            say(&format!("{name}: {threads} threads"));
            let file = stream(name);
            let device = format!("soft:threads={threads}");
            let decode = ["decode", "--output-format", "null", "-o", "-"];
            let theirs = peers.muxed_with(threads, "null", "/dev/null", &file);
            let mut calls = [peers.ours(&device, &decode, &file), theirs];
            let costs = medians(runs, &mut calls)?;
            let [ours, theirs] = costs.try_into().ok().context("two costs")?;
            let work = format!("decode with {threads} threads");
            let (stream, other) = (name.to_owned(), "dav1d".to_owned());
            rows.push(Row { work, stream, other, ours, theirs });
        }
    }
    Ok(rows)
}

/// A look of under two minutes: the ratios of some works now, beside those of `document`.
pub(super) fn quick(peers: &Peers, document: &str) -> Result<()> {
    const RUNS: usize = 3;
    let rows = measure(peers, &QUICK, &WORKS[..3], RUNS)?;
    say("CPU, wall and peak as multiples of the other's: now, and as docs/benchmarks.md has it");
    for row in rows {
        let ratio = row.ours.over(row.theirs);
        let now = [ratio.cpu, ratio.wall, ratio.peak].map(|figure| format!("{figure:.2}"));
        let before = known(document, &row).unwrap_or_else(|| "not there".to_owned());
        let Row { work, stream, other, .. } = row;
        say(&format!("{work}, {stream}, {other}: {} ({before})", now.join(" ")));
    }
    Ok(())
}

/// The ratios of a row of a document, as text.
fn known(document: &str, row: &Row) -> Option<String> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let wanted = [&row.work, &row.stream, &row.other];
    let mut rows = document.lines().filter(|line| line.starts_with("| ")).map(cells);
    let found = rows.find(|cells| cells.get(1..4).is_some_and(|c| c.iter().eq(wanted)))?;
    let ratios = found.get(7..10)?;
    Some(ratios.join(" "))
}

/// Bytes that are moved between the decoder and a sink for each byte of a picture.
pub(super) struct Moved {
    /// The kind of sample and of image, and the sink.
    pub(super) what: String,
    /// Copied out of the image to memory.
    pub(super) copied: f64,
    /// Written to memory once more, in the order of a picture.
    pub(super) ordered: f64,
    /// Copied out of the image in parts that stay in the processor's cache.
    pub(super) passed: f64,
    /// The least that has to be written to memory.
    pub(super) least: f64,
}

/// What is moved where the host copies, and where a queue does.
pub(super) fn moved(peers: &Peers) -> Result<Vec<Moved>> {
    let sinks: [(&str, &[&str], f64); 2] =
        [("one MD5 over all", &["--total"], 0.0), ("an MD5 a picture", &[], 1.0)];
    let mut rows = Vec::new();
    for (bits, name) in [(8, QUICK[0]), (10, QUICK[1])] {
        for (planes, device) in [(3, "soft:three-plane"), (2, "soft:two-plane")] {
            for (sink, arguments, least) in sinks {
                let what = format!("{bits} bit, {planes} planes, {sink}");
                rows.push(moved_by(peers, (what, least), (device, name, bits), arguments)?);
            }
        }
    }
    let what = ("8 bit, 3 planes, an MD5 a picture, `--readback copy`".to_owned(), 1.0);
    rows.push(moved_by(peers, what, ("soft", QUICK[0], 8), &["--readback", "copy"])?);
    Ok(rows)
}

/// What `md5` with `arguments` moves of a stream.
fn moved_by(
    peers: &Peers,
    (what, least): (String, f64),
    (device, name, bits): (&str, &str, u32),
    arguments: &[&str],
) -> Result<Moved> {
    let md5 = [&["-vv", "md5", "--limit", "10"], arguments].concat();
    let mut command = peers.told(device, &md5, &stream(name));
    let text = command.env_remove("VAV1D_LOG").output()?.stderr;
    let text = String::from_utf8_lossy(&text).into_owned();
    let [pictures, copied, ordered, passed] = moved_of(&text)
        .with_context(|| format!("{command:?}: no word of what was moved: {text}"))?;
    let bytes = pictures * 1920.0 * 1080.0 * 1.5 * if bits > 8 { 2.0 } else { 1.0 };
    let [copied, ordered, passed] = [copied, ordered, passed].map(|moved| moved / bytes);
    Ok(Moved { what, copied, ordered, passed, least })
}

/// Pictures, bytes copied, put in order, and passed in parts, of the line that says so.
fn moved_of(log: &str) -> Option<[f64; 4]> {
    let (_, line) = log.split_once("moved: ")?;
    let mut numbers = line.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_document_are_found_again() {
        let document = "## The same work\n\
            | Work | Stream | Other | CPU s | Wall s | Peak MiB | CPU | Wall | Peak |\n\
            |---|---|---|---|---|---|---|---|---|\n\
            | a | s | dav1d | 1.00 | 2.00 | 30 | 0.50 | 0.60 | 0.70 |\n\
            | b | s | dav1d | 1.00 | 2.00 | 30 | 1.50 | 1.60 | 1.70 |\n";
        let cost = Cost::default();
        let row = |work: &str, other: &str| Row {
            work: work.to_owned(),
            stream: "s".to_owned(),
            other: other.to_owned(),
            ours: cost,
            theirs: cost,
        };
        assert_eq!(known(document, &row("b", "dav1d")).as_deref(), Some("1.50 1.60 1.70"));
        assert_eq!(known(document, &row("b", "ffmpeg")), None);
    }

    #[test]
    fn the_log_says_what_was_moved() {
        let log = "[DEBUG] a\n[DEBUG] moved: 10 pictures, 31104000 bytes copied, 0 put in order, \
                   7 in parts\n";
        assert_eq!(moved_of(log), Some([10.0, 31104000.0, 0.0, 7.0]));
        assert_eq!(moved_of("nothing"), None);
    }
}

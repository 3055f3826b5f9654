//! `cargo xtask containers`: files in which one element of what is said of pictures and sound is
//! changed at random, and files that end anywhere, beside ffmpeg. What ffmpeg plays, plays; no
//! picture is wrong, and what is missing is said.

mod elements;
mod mutation;
mod players;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::mutate::mutation::Random;
use crate::say;
use crate::streams::every;
use elements::Grammar;
use players::{Played, Way};

/// Where files are kept while they are used, and those that failed afterwards.
const FOLDER: &str = "target/containers";

/// What is asked for.
pub(crate) struct Wanted {
    pub(crate) program: PathBuf,
    pub(crate) ffmpeg: PathBuf,
    /// Changed files, and with which seed.
    pub(crate) count: usize,
    pub(crate) seed: u64,
    /// Cuts of each file.
    pub(crate) cuts: usize,
    /// Which files; all of them if there are none.
    pub(crate) files: Vec<String>,
}

/// A file, and the pictures in it.
struct Original {
    name: String,
    data: Vec<u8>,
    grammar: Grammar,
    pictures: Vec<String>,
    /// Whether it does not say how long it is.
    is_endless: bool,
}

/// A file that is not as it was.
struct Case {
    path: PathBuf,
    original: usize,
    what: String,
    is_cut: bool,
}

/// Runs what is asked for.
pub(crate) fn run(wanted: &Wanted) -> Result<()> {
    let folder = crate::root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let originals = originals(wanted, &folder)?;
    let mut cases = Vec::new();
    for number in 0..wanted.count {
        cases.push(mutated(&originals, &folder, wanted.seed, number)?);
    }
    for index in 0..originals.len() {
        for number in 0..wanted.cuts {
            cases.push(cut(&originals, index, &folder, number, wanted.cuts)?);
        }
    }
    let paths: Vec<_> = cases.iter().map(|case| case.path.clone()).collect();
    let find = |path: &Path| cases.iter().find(|case| case.path == path);
    let outcomes = every(&paths, |path| match find(path) {
        Some(case) => judge(wanted, &originals[case.original], case),
        None => Ok(Outcome::default()),
    });
    report(&cases, outcomes)
}

/// What is wrong with a case, in words, and whether ffmpeg has played all, or something.
#[derive(Debug, Default)]
struct Outcome {
    wrong: Option<String>,
    all: bool,
    some: bool,
}

fn report(cases: &[Case], outcomes: Vec<(PathBuf, Result<Outcome>)>) -> Result<()> {
    let (mut failures, mut all, mut some) = (0, 0, 0);
    let count = outcomes.len();
    for (path, outcome) in outcomes {
        let outcome = outcome?;
        all += usize::from(outcome.all);
        some += usize::from(outcome.some);
        match outcome.wrong {
            Some(wrong) => {
                let what = cases.iter().find(|case| case.path == path).map(|case| &*case.what);
                say(&format!("FAIL {}: {}: {wrong}", path.display(), what.unwrap_or_default()));
                failures += 1;
            }
            None => std::fs::remove_file(&path)?,
        }
    }
    say(&format!("containers: {count} files, ffmpeg plays {all} as they were, {some} in part"));
    match failures {
        0 => Ok(()),
        _ => bail!("containers: {failures} of {count} files are not played as they should be"),
    }
}

/// The files of samples/containers, and some that ffmpeg makes with all that a film can have.
fn originals(wanted: &Wanted, folder: &Path) -> Result<Vec<Original>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(crate::root().join("samples/containers"))? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.extend(rich(&wanted.ffmpeg, folder)?);
    let mut originals = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !wanted.files.is_empty() && !wanted.files.contains(&name) {
            continue;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let grammar = match &*extension {
            "mkv" | "webm" => Grammar::Ebml,
            "mp4" | "avif" => Grammar::Boxes,
            _ => continue,
        };
        let played = players::vav1d(&wanted.program, &path, Way::File, &[])?;
        let right = players::ffmpeg(&wanted.ffmpeg, &path, Way::File)?;
        if played.exit != Some(0) || played.pictures.is_empty() {
            bail!("{}: {:?}: {}", path.display(), played.exit, played.said);
        }
        if right.pictures != played.pictures {
            say(&format!("{name} is left out: ffmpeg has {} pictures", right.pictures.len()));
            continue;
        }
        let data = std::fs::read(&path)?;
        let elements = elements::elements(&data, grammar);
        // Of fragments nobody knows how many there are.
        let is_fragmented = data.windows(4).any(|window| window == b"moof");
        let is_endless = is_fragmented || elements.iter().any(|element| !element.is_sized);
        originals.push(Original { name, data, grammar, pictures: played.pictures, is_endless });
    }
    Ok(originals)
}

/// Films with sound, subtitles, chapters, titles, and an attachment or a cover.
fn rich(ffmpeg: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let (subtitles, titles) = (folder.join("rich.srt"), folder.join("rich.txt"));
    let cover = folder.join("rich.png");
    std::fs::write(&subtitles, "1\n00:00:00,000 --> 00:00:01,000\nText\n")?;
    let chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n";
    std::fs::write(&titles, format!(";FFMETADATA1\ntitle=A film\nartist=Someone\n{chapter}"))?;
    let video = crate::root().join("samples/key-frames.ivf");
    let run = |command: &mut Command| match command.status()?.success() {
        true => Ok(()),
        false => bail!("ffmpeg: {command:?}"),
    };
    let ffmpeg = || {
        let mut command = Command::new(ffmpeg);
        command.args(["-nostdin", "-v", "error", "-y", "-bitexact"]);
        command
    };
    let draw = ["-f", "lavfi", "-i", "color=red:size=16x16", "-frames:v", "1"];
    run(ffmpeg().args(draw).arg(&cover))?;
    let tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2.4:sample_rate=48000"];
    let mut made = Vec::new();
    for (name, options) in [
        ("rich.mkv", &["-c:a", "libopus", "-b:a", "16k", "-c:s", "srt"][..]),
        ("rich.mp4", &["-c:a", "aac", "-b:a", "32k", "-c:s", "mov_text"]),
        ("rich-fragments.mp4", &["-c:a", "aac", "-b:a", "32k", "-movflags", "frag_keyframe"]),
    ] {
        let path = folder.join(name);
        let mut command = ffmpeg();
        command.args(tone).arg("-i").arg(&video).arg("-i").arg(&subtitles).arg("-i").arg(&titles);
        command.args(["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-map_metadata", "3"]);
        if !name.contains("fragments") {
            command.args(["-map", "2:s"]);
        }
        if name.ends_with("mkv") {
            command.arg("-attach").arg(&cover).args(["-metadata:s:t", "mimetype=image/png"]);
            command.args(["-cluster_time_limit", "400"]);
        }
        run(command.args(options).arg(&path))?;
        made.push(path);
    }
    Ok(made)
}

fn mutated(originals: &[Original], folder: &Path, seed: u64, number: usize) -> Result<Case> {
    let seed = seed.wrapping_add(number as u64).wrapping_mul(0x2545_f491);
    let mut random = Random::new(seed);
    let original = random.below(originals.len());
    let Original { name, data, grammar, .. } = &originals[original];
    let (data, what) = mutation::mutate(data, *grammar, &mut random);
    let path = folder.join(format!("{number:05}-{name}"));
    std::fs::write(&path, data)?;
    Ok(Case { path, original, what, is_cut: false })
}

/// The first bytes of a file, `number` of `count` parts of it.
fn cut(
    originals: &[Original],
    original: usize,
    folder: &Path,
    number: usize,
    count: usize,
) -> Result<Case> {
    let Original { name, data, .. } = &originals[original];
    let bytes = data.len() * (number + 1) / (count + 1);
    let path = folder.join(format!("cut-{bytes:07}-{name}"));
    std::fs::write(&path, &data[..bytes])?;
    Ok(Case { path, original, what: format!("ends after {bytes} bytes"), is_cut: true })
}

/// What is wrong with what vav1d makes of a case.
fn judge(wanted: &Wanted, original: &Original, case: &Case) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for way in [Way::File, Way::Pipe] {
        let theirs = players::ffmpeg(&wanted.ffmpeg, &case.path, way)?;
        let ours = players::vav1d(&wanted.program, &case.path, way, &[])?;
        if way == Way::File {
            outcome.all = theirs.pictures == original.pictures;
            outcome.some = !outcome.all && !theirs.pictures.is_empty();
        }
        let mut wrong = compare(original, case, &theirs, &ours);
        // What follows lost frames may be wrong, where it is said; not where one waits.
        if wrong.is_some() && ours.exit == Some(65) {
            let waiting = &["--after-loss", "wait"];
            let waiting = players::vav1d(&wanted.program, &case.path, way, waiting)?;
            let is_more = ours.pictures.len() > waiting.pictures.len();
            if is_more && ours.pictures.len() >= theirs.pictures.len() {
                wrong = compare(original, case, &waiting, &waiting);
            }
        }
        // What an edit list leaves out is there all the same; not every ffmpeg leaves it out.
        if wrong.is_some() && original.grammar == Grammar::Boxes {
            let all = &["--ignore-editlist"];
            let all = players::vav1d(&wanted.program, &case.path, way, all)?;
            wrong = wrong.filter(|_| compare(original, case, &theirs, &all).is_some());
        }
        let wrong = wrong.map(|wrong| format!("{way:?}: {wrong}"));
        outcome.wrong = outcome.wrong.or(wrong);
    }
    Ok(outcome)
}

fn compare(original: &Original, case: &Case, theirs: &Played, ours: &Played) -> Option<String> {
    let counts = || {
        let counts = [&ours.pictures, &theirs.pictures, &original.pictures].map(Vec::len);
        let [ours_, theirs, all] = counts;
        let exit = ours.exit;
        format!("{ours_} pictures, {theirs} by ffmpeg, of {all}; {exit:?}: {}", ours.said)
    };
    if !matches!(ours.exit, Some(0 | 65 | 66 | 69)) {
        return Some(format!("ended by {:?}: {}", ours.exit, ours.said));
    }
    let is_right = is_within(&ours.pictures, &original.pictures);
    let are_theirs_right = is_within(&theirs.pictures, &original.pictures);
    // What ffmpeg makes of damage may be wrong, and so may the order that a file gives.
    if !is_right && are_theirs_right {
        return Some(format!("wrong pictures: {}", counts()));
    }
    let is_said = ours.exit == Some(65) && is_right && !ours.pictures.is_empty();
    let is_less = match are_theirs_right {
        // What follows a lost frame is not shown before the next key frame, whatever becomes of it.
        true if !case.is_cut && is_said && theirs.pictures.len() < original.pictures.len() => false,
        true => !is_within(&theirs.pictures, &ours.pictures),
        false => case.is_cut && ours.pictures.len() < theirs.pictures.len(),
    };
    if is_less {
        return Some(format!("fewer: {}", counts()));
    }
    let is_silent = ours.exit == Some(0) && ours.pictures.len() < original.pictures.len();
    // Where nothing says how long it is, it may end behind any element.
    let is_silent = is_silent && !(original.is_endless && ours.pictures == theirs.pictures);
    // An edit list may leave pictures out, and is no damage.
    (is_silent && (case.is_cut || ours.pictures.len() < theirs.pictures.len()))
        .then(|| format!("nothing is said: {}", counts()))
}

/// Whether `few` are some of `all`, in their order.
fn is_within(few: &[String], all: &[String]) -> bool {
    let mut all = all.iter();
    few.iter().all(|picture| all.any(|other| other == picture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_pictures_in_their_order_are_within() {
        let list = |names: &str| names.chars().map(String::from).collect::<Vec<_>>();
        assert!(is_within(&list("ac"), &list("abc")));
        assert!(is_within(&[], &list("a")));
        for few in ["ca", "aa", "d"] {
            assert!(!is_within(&list(few), &list("abc")), "{few}");
        }
    }
}

//! `cargo xtask rewrite`: streams in other forms, by changes drawn at random: dav1d, aomdec and vav1d on
//! softvk give the pictures that were predicted.

mod judges;
pub(crate) mod suite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use av1_rewrite::change::{Change, Step, all};
use av1_rewrite::container::Container;
use av1_rewrite::error::Error;
use av1_rewrite::random::Random;
use av1_rewrite::slots::shown;
use av1_rewrite::stream::{Content, Item, Stream, Unit};
use av1_rewrite::{Derived, read};

use crate::say;
use crate::streams::find_all;
pub(crate) use judges::Judges;

/// Where the streams go.
const FOLDER: &str = "target/rewrite";
/// How many differences are kept and told.
const KEPT: usize = 40;

/// What is wanted.
pub(crate) struct Wanted {
    pub(crate) judges: Judges,
    /// Streams to make.
    pub(crate) count: u64,
    pub(crate) seed: u64,
    /// At a time.
    pub(crate) jobs: usize,
    /// Changes to draw from; none for all.
    pub(crate) only: Vec<String>,
    /// Changes of pictures too.
    pub(crate) altering: bool,
}

/// A stream that is changed, and the MD5 of all its pictures.
pub(crate) struct Original {
    pub(crate) file: PathBuf,
    pub(crate) stream: Stream,
    pub(crate) md5: String,
}

/// A stream that is made.
pub(crate) struct Made {
    pub(crate) file: PathBuf,
    pub(crate) steps: Vec<Step>,
    pub(crate) stream: Stream,
    pub(crate) container: Container,
}

/// What is counted.
#[derive(Default)]
struct Counts {
    made: BTreeMap<&'static str, u64>,
    containers: BTreeMap<String, u64>,
    skipped: u64,
    agreed: u64,
    wrong: Vec<String>,
}

/// Makes the streams, and prints what became of them.
pub(crate) fn run(wanted: &Wanted, streams: &[PathBuf]) -> Result<()> {
    let folder = crate::root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let changes = changes(wanted)?;
    let originals = originals(&wanted.judges, streams, wanted.jobs)?;
    say(&format!("{} streams, each by dav1d, aomdec and vav1d", originals.len()));
    let (next, counts) = (AtomicU64::new(0), Mutex::new(Counts::default()));
    std::thread::scope(|scope| {
        for _ in 0..wanted.jobs {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= wanted.count {
                        break;
                    }
                    let outcome = one(wanted, &originals, &changes, &folder, index);
                    let mut counts = counts.lock().unwrap_or_else(|poison| poison.into_inner());
                    count(&mut counts, outcome);
                    if index % 100 == 99 {
                        let (agreed, wrong) = (counts.agreed, counts.wrong.len());
                        say(&format!("{}: {agreed} agreed, {wrong} wrong", index + 1));
                    }
                }
            });
        }
    });
    report(&counts.into_inner().unwrap_or_else(|poison| poison.into_inner()))
}

/// The changes that are drawn.
fn changes(wanted: &Wanted) -> Result<Vec<&'static Change>> {
    let named = |change: &&Change| {
        wanted.only.is_empty() || wanted.only.iter().any(|name| name == change.name)
    };
    let fits = |change: &&Change| wanted.altering || !change.alters_pictures;
    let changes: Vec<_> = all().filter(named).filter(fits).collect();
    if changes.is_empty() {
        bail!("there are no such changes");
    }
    Ok(changes)
}

/// The streams that all three decode to the same pictures.
pub(crate) fn originals(
    judges: &Judges,
    streams: &[PathBuf],
    jobs: usize,
) -> Result<Vec<Original>> {
    let files = find_all(streams)?;
    let (next, kept) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    match original(judges, file) {
                        Ok(original) => {
                            kept.lock().unwrap_or_else(|p| p.into_inner()).push(original);
                        }
                        Err(why) => say(&format!("{}: left out: {why:#}", file.display())),
                    }
                }
            });
        }
    });
    let mut kept = kept.into_inner().unwrap_or_else(|poison| poison.into_inner());
    kept.sort_by(|a, b| a.file.cmp(&b.file));
    if kept.is_empty() {
        bail!("no stream is decoded alike");
    }
    Ok(kept)
}

fn original(judges: &Judges, file: &Path) -> Result<Original> {
    let md5 = judges.agree(file, file)?;
    let source = std::fs::File::open(file)?;
    let mut source = av1_demux::open_file(Box::new(source), None, Default::default())?;
    let mut reader = read::Reader::default();
    while let Some(unit) = source.next_unit()? {
        reader.unit(&unit)?;
    }
    let mut stream = reader.finish()?;
    stream.time_base = source.info().time_base;
    Ok(Original { file: file.to_owned(), stream, md5 })
}

/// What became of one.
enum Outcome {
    /// As predicted.
    Agreed(Vec<&'static str>, Container),
    /// No change that was drawn applies.
    Skipped,
    /// Not as predicted, and how it is made again.
    Wrong(String),
}

fn one(
    wanted: &Wanted,
    originals: &[Original],
    changes: &[&'static Change],
    folder: &Path,
    index: u64,
) -> Outcome {
    let mut random = Random::new(wanted.seed.wrapping_mul(0x1_0000_0000).wrapping_add(index));
    let Some(original) = originals.get(index as usize % originals.len()) else {
        return Outcome::Skipped;
    };
    let seed = random.next_u64();
    let steps: Vec<_> = (0..=random.below(6))
        .filter_map(|_| Some(Step::draw(random.of(changes)?, &mut random)))
        .collect();
    let container = match random.below(8) {
        0 => Container::Section5,
        1 => Container::AnnexB,
        2 => Container::Matroska,
        3 => Container::Mp4,
        _ => Container::Ivf,
    };
    let made = match make(original, &steps, seed, container, &folder.join(index.to_string())) {
        Ok(Some(made)) => made,
        Ok(None) => return Outcome::Skipped,
        Err(why) => return Outcome::Wrong(again(original, &steps, seed, &why)),
    };
    let judged = judge(&wanted.judges, original, &made);
    match judged {
        Ok(()) => {
            let removed = remove(&made);
            let names = made.steps.iter().map(|step| step.change.name).collect();
            removed.map_or_else(
                |e| Outcome::Wrong(e.to_string()),
                |()| Outcome::Agreed(names, container),
            )
        }
        Err(why) => Outcome::Wrong(again(original, &made.steps, seed, &why)),
    }
}

/// The files of a stream that is made: what dav1d and aomdec cannot read lies beside it in IVF.
fn remove(made: &Made) -> std::io::Result<()> {
    let plain = made.file.with_extension("ivf");
    std::fs::remove_file(&made.file)?;
    if plain.exists() { std::fs::remove_file(plain) } else { Ok(()) }
}

/// What is told of a difference: the command that makes the stream, and what is wrong.
fn again(original: &Original, steps: &[Step], seed: u64, why: &anyhow::Error) -> String {
    let (file, how) = (original.file.display(), steps.iter().map(Step::to_string));
    let how = how.collect::<Vec<_>>().join(",");
    format!("vav1d rewrite {file} --how {how} --seed {seed} -o out.ivf\n    {why:#}")
}

/// Makes the stream; `None` if no step applies. Steps that do not apply are left out.
pub(crate) fn make(
    original: &Original,
    steps: &[Step],
    seed: u64,
    container: Container,
    stem: &Path,
) -> Result<Option<Made>> {
    let mut applied: Vec<Step> = Vec::new();
    let mut stream = original.stream.clone();
    // Steps are made anew from the start, so that the ones that are kept draw the same numbers.
    for step in steps {
        let (mut tried, mut random) = (original.stream.clone(), Random::new(seed));
        let made = applied.iter().chain([step]).try_for_each(|s| s.apply(&mut tried, &mut random));
        match made.err() {
            None => {
                applied.push(step.clone());
                stream = tried;
            }
            Some(Error::NotApplicable { .. }) => {}
            Some(error) => return Err(error).context(step.to_string()),
        }
    }
    if applied.is_empty() {
        return Ok(None);
    }
    let extension = match container {
        Container::Ivf => "ivf",
        Container::Section5 => "obu",
        Container::AnnexB => "annexb.obu",
        Container::Matroska => "mkv",
        Container::Mp4 => "mp4",
    };
    // Packets that are no temporal units are of IVF only.
    let is_whole =
        |unit: &Unit| matches!(unit.items.first(), Some(Item::Obu(_, Content::TemporalDelimiter)));
    let is_split = !stream.units.iter().all(is_whole);
    let (container, extension) =
        if is_split { (Container::Ivf, "ivf") } else { (container, extension) };
    let file = stem.with_extension(extension);
    let units = container.units(&stream, Derived::Checked)?;
    std::fs::write(&file, container.file(&units, stream.time_base)?)?;
    if matches!(container, Container::Matroska | Container::Mp4) {
        let units = Container::Ivf.units(&stream, Derived::Checked)?;
        let plain = Container::Ivf.file(&units, stream.time_base)?;
        std::fs::write(file.with_extension("ivf"), plain)?;
    }
    Ok(Some(Made { file, steps: applied, stream, container }))
}

/// Whether the three give what is predicted.
fn judge(judges: &Judges, original: &Original, made: &Made) -> Result<()> {
    let for_peers = match made.container {
        Container::Matroska | Container::Mp4 => made.file.with_extension("ivf"),
        _ => made.file.clone(),
    };
    let md5 = judges.agree(&made.file, &for_peers)?;
    if made.steps.iter().any(|step| step.change.alters_pictures) {
        return Ok(());
    }
    let (before, after) = (shown(&original.stream), shown(&made.stream));
    if before == after {
        return match md5 == original.md5 {
            true => Ok(()),
            false => bail!("all three agree on other pictures: {md5}, not {}", original.md5),
        };
    }
    let (was, is) = (judges.frames(&original.file)?, judges.frames(&made.file)?);
    let of_origin: BTreeMap<_, _> = before.iter().zip(&was).collect();
    let expected: Vec<_> = after.iter().filter_map(|origin| of_origin.get(origin)).collect();
    match was.len() == before.len() && expected.into_iter().eq(is.iter().collect::<Vec<_>>().iter())
    {
        true => Ok(()),
        false => bail!("the pictures are not those that were predicted"),
    }
}

fn count(counts: &mut Counts, outcome: Outcome) {
    match outcome {
        Outcome::Agreed(names, container) => {
            counts.agreed += 1;
            *counts.containers.entry(format!("{container:?}")).or_default() += 1;
            names.into_iter().for_each(|name| *counts.made.entry(name).or_default() += 1);
        }
        Outcome::Skipped => counts.skipped += 1,
        Outcome::Wrong(what) => {
            if counts.wrong.len() < KEPT {
                say(&what);
            }
            counts.wrong.push(what);
        }
    }
}

fn report(counts: &Counts) -> Result<()> {
    say("| Change | Streams |");
    say("|---|---|");
    for (name, count) in &counts.made {
        say(&format!("| {name} | {count} |"));
    }
    let containers = counts.containers.iter().map(|(name, count)| format!("{name} {count}"));
    say(&format!("containers: {}", containers.collect::<Vec<_>>().join(", ")));
    let (agreed, skipped, wrong) = (counts.agreed, counts.skipped, counts.wrong.len());
    say(&format!("{agreed} as predicted, {skipped} to which nothing applied, {wrong} wrong"));
    match wrong {
        0 => Ok(()),
        _ => bail!("rewrite: {wrong} streams are not as predicted"),
    }
}

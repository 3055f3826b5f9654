//! What the frontend does on one core: parsing and planning, and hashing. Prints JSON Lines for
//! `cargo xtask bench`; its arguments are streams.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use vav1d::container::{self, TemporalUnit};
use vav1d::limits::Limits;
use vav1d::plan::Step;
use vav1d::plan::planner::{Planner, PlannerOptions};
use vav1d::sink::Hash;

/// How long each thing is done.
const TIME: Duration = Duration::from_secs(1);

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    // `cargo bench` and `cargo test` add arguments of their own.
    let streams: Vec<_> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for stream in &streams {
        let units = units(Path::new(stream))?;
        let (frames, seconds, allocations) = plan(&units)?;
        writeln!(
            out,
            r#"{{"plan":"{stream}","frames_per_second":{:.0},"allocations_per_frame":{}}}"#,
            frames as f64 / seconds,
            allocations as f64 / frames as f64,
        )?;
    }
    for hash in [Hash::Md5, Hash::Sha256, Hash::Xxh3, Hash::Crc32] {
        let rate = hash_rate(hash);
        writeln!(out, r#"{{"hash":"{}","bytes_per_second":{rate:.0}}}"#, hash.name())?;
    }
    Ok(())
}

/// All temporal units of a stream.
fn units(path: &Path) -> Result<Vec<TemporalUnit>, Error> {
    let file = Box::new(std::fs::File::open(path)?);
    let mut source = container::open_file(file, None, Limits::default())?;
    let mut units = Vec::new();
    while let Some(unit) = source.next_unit()? {
        units.push(unit);
    }
    Ok(units)
}

/// Frames planned of `units` over and over, the seconds that took, and heap allocations in it.
fn plan(units: &[TemporalUnit]) -> Result<(u64, f64, u64), Error> {
    let mut planner = Planner::new(PlannerOptions::default());
    let mut steps = Vec::new();
    // The first time round, memory grows to what it stays at.
    planned(&mut planner, units, &mut steps)?;
    let (mut frames, started, used) = (0, Instant::now(), cpu_seconds(0.0));
    let mut result = Ok(());
    let info = allocation_counter::measure(|| {
        while result.is_ok() && started.elapsed() < TIME {
            match planned(&mut planner, units, &mut steps) {
                Ok(n) => frames += n,
                Err(error) => result = Err(error),
            }
        }
    });
    let seconds = cpu_seconds(started.elapsed().as_secs_f64()) - used;
    result?;
    Ok((frames, seconds, info.count_total))
}

/// Plans `units`; how many frames are to be decoded.
fn planned(
    planner: &mut Planner,
    units: &[TemporalUnit],
    steps: &mut Vec<Step>,
) -> Result<u64, vav1d::error::Error> {
    let mut frames = 0;
    for unit in units {
        planner.unit(unit, steps)?;
        for step in steps.drain(..) {
            frames += u64::from(matches!(step, Step::Decode(_)));
            planner.recycle(black_box(step));
        }
    }
    Ok(frames)
}

/// Bytes per second over pictures of 1920x1080, as many as are hashed at once.
fn hash_rate(hash: Hash) -> f64 {
    let picture: Vec<u8> = (0..1920 * 1080 * 3 / 2).map(|i: u32| (i * i / 7) as u8).collect();
    let pictures = vec![picture; Hash::LANES];
    let slices: Vec<_> = pictures.iter().map(Vec::as_slice).collect();
    let (mut bytes, started, used) = (0, Instant::now(), cpu_seconds(0.0));
    while started.elapsed() < TIME {
        black_box(hash.many(black_box(&slices)));
        bytes += slices.iter().map(|slice| slice.len()).sum::<usize>();
    }
    bytes as f64 / (cpu_seconds(started.elapsed().as_secs_f64()) - used)
}

/// Seconds that this thread was on a processor, or where the system does not say, `wall`.
fn cpu_seconds(wall: f64) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns: Option<f64> = text.split(' ').next().and_then(|ns| ns.parse().ok());
    ns.map_or(wall, |ns| ns / 1e9)
}

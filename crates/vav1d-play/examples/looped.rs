//! Plays streams on the built-in software driver in a loop, as fast as it decodes, with a seek now
//! and then, and prints once a second how many pictures there were and what memory it takes:
//! `seconds pictures MiB` (Linux). At the end nothing of the driver may be left.
//!
//! `cargo run --release --example looped -- SECONDS samples/*.ivf`

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use vav1d::container;
use vav1d::error::Result;
use vav1d::limits::Limits;
use vav1d::vk::{Driver, Executor, ExecutorOptions, Instance, InstanceOptions, leaked};
use vav1d_play::{Entry, Event, Options, Player, Repeat, Target};

/// Pictures between seeks.
const STRIDE: u64 = 1000;

fn entry(name: String) -> Entry {
    let path = PathBuf::from(&name);
    let open = move || container::open_file(Box::new(File::open(&path)?), None, Limits::default());
    Entry { name, open: Box::new(open) }
}

fn device(options: &ExecutorOptions) -> Result<Executor> {
    let instance = Instance::new(Driver::Soft { config: None }, InstanceOptions::default())?;
    let adapters = instance.adapters()?;
    Executor::new(&instance, &adapters[0], options.clone())
}

/// VmRSS in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() >> 10
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|first| first.parse().ok()).unwrap_or(10);
    let playlist = arguments.map(entry).collect();
    let options = Options { repeat: Repeat::Playlist, ..Options::default() };
    let mut player = Player::new(playlist, Box::new(device), options, Box::new(|| {}))?;
    let (start, mut pictures, mut said) = (Instant::now(), 0_u64, 0);
    while said < seconds {
        match player.try_next() {
            Some(Event::Frame(frame)) => {
                pictures += 1;
                if pictures % STRIDE == 0 {
                    player.seek(Target::Index(frame.index / 2));
                }
            }
            Some(Event::Fault(error) | Event::Failed(error)) => return Err(error),
            Some(_) => {}
            None => std::thread::sleep(Duration::from_micros(200)),
        }
        if start.elapsed().as_secs() > said {
            said += 1;
            writeln!(io::stdout(), "{said} {pictures} {}", resident())?;
        }
    }
    assert!(player.close(Duration::from_secs(10)), "the player ends");
    assert_eq!(leaked(), 0, "objects of the driver that are left");
    Ok(())
}

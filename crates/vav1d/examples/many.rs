//! Decodes many streams one after the other in one process, on the built-in software driver, and
//! prints a line for each: the MD5 of its pictures, their number, and the first fault.
//!
//! `cargo run --release --example many -- samples/*.ivf`; with a number before the streams, as many
//! threads decode all of them at once.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use vav1d::container;
use vav1d::decode::{Options, decode};
use vav1d::error::Result;
use vav1d::limits::Limits;
use vav1d::sink::{Hash, total};
use vav1d::vk::{Adapter, Driver, Executor, ExecutorOptions, Instance, InstanceOptions};

/// A line that is written.
#[derive(Clone, Default)]
struct Line(Arc<Mutex<Vec<u8>>>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn one(instance: &Arc<Instance>, adapter: &Adapter, name: &str) -> Result<String> {
    let mut source = container::open_file(Box::new(File::open(name)?), None, Limits::default())?;
    let mut executor = Executor::new(instance, adapter, ExecutorOptions::default())?;
    let line = Line::default();
    let mut sink = total(Box::new(line.clone()), Hash::Md5);
    let summary = decode(&mut *source, &mut executor, &mut *sink, Options::default())?;
    let fault = summary.faults.first().map(ToString::to_string).unwrap_or_default();
    let hash = line.0.lock().unwrap_or_else(PoisonError::into_inner);
    let hash = String::from_utf8_lossy(&hash);
    Ok(format!("{} {} pictures {fault}", hash.trim(), summary.pictures))
}

fn main() -> Result<()> {
    let mut names: Vec<_> = std::env::args().skip(1).collect();
    let threads = names.first().and_then(|first| first.parse().ok());
    if threads.is_some() {
        names.remove(0);
    }
    let instance = Instance::new(Driver::Soft { config: None }, InstanceOptions::default())?;
    let adapters = instance.adapters()?;
    let all = || -> Result<()> {
        for name in &names {
            let text = one(&instance, &adapters[0], name).unwrap_or_else(|e| e.to_string());
            writeln!(io::stdout(), "{name}: {text}")?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.unwrap_or(1)).map(|_| scope.spawn(all)).collect();
        all()?;
        others.into_iter().try_for_each(|other| other.join().expect("no panic"))
    })
}

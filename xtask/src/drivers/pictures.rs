//! Pixels: what the imitated engine decodes of what a stock driver gives it, against the pictures of
//! the embedded driver.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Bench, text};
use crate::streams::every;

/// What came of one stream.
enum Found {
    /// Not taken by the driver.
    Refused,
    /// Every picture is right, so many of them; and whether the program read them all back.
    Exact(usize, bool),
    /// Wrong, by a fault of the driver that is known.
    Known,
    /// What is wrong.
    Wrong(String),
}

/// What the imitated engine says of ANV, which sends no data of these features (see
/// docs/real-drivers.md).
const KNOWN: &str = "segments have loop filter or reference features, and no data of them";

/// The MD5s in a list of frame checksums.
fn checksums(list: &str) -> Vec<&str> {
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.filter_map(|line| line.rsplit(',').next().map(str::trim)).collect()
}

impl Bench {
    /// Decodes every stream with the imitated engine below the driver: the cell of the table.
    pub(super) fn pictures(&self, streams: &[PathBuf], faults: &mut Vec<String>) -> Result<String> {
        let (mut exact, mut read, mut pictures, mut known) = (0, 0, 0, 0);
        // Where RADV offers both vav1d takes two pictures; one is right as well.
        let ways: &[&[&str]] = match self.is_amd() && self.offers_both {
            true => &[&[], &["--dpb", "coincide"]],
            false => &[&[]],
        };
        for way in ways {
            for (stream, found) in every(streams, |stream| self.decoded(stream, way)) {
                match found? {
                    Found::Refused => {}
                    Found::Known => known += 1,
                    Found::Exact(count, whole) => {
                        exact += 1;
                        pictures += count;
                        read += usize::from(whole);
                    }
                    Found::Wrong(why) => {
                        let name = stream.file_name().unwrap_or_default().to_string_lossy();
                        let way = way.join(" ");
                        faults.push(format!("{}: {name} {way}: {why}", self.chip));
                    }
                }
            }
        }
        // The copy engine of AMD's chips is imitated: there every picture comes back.
        if self.is_amd() && read < exact {
            faults.push(format!("{}: {read} of {exact} streams were read back", self.chip));
        }
        Ok(format!("{pictures} of {exact} streams, {read} read back, {known} known"))
    }

    fn decoded(&self, stream: &Path, way: &[&str]) -> Result<Found> {
        let path = stream.to_string_lossy();
        // ANV has no film grain on some chips and versions: it is left to the program there.
        let grain = if self.is_amd() { "on" } else { "off" };
        let arguments = ["md5", "-q", "--film-grain", grain, "--device"];
        let soft = Command::new(&self.program).args(arguments).args(["soft", &path]).output();
        let soft = soft.context("vav1d md5 --device soft")?;
        let name = path.replace(['/', '.'], "-");
        let list = self.record(&name).with_extension("pictures");
        // What is not there was not written.
        let _ = std::fs::remove_file(&list);
        let mut sim = self.command();
        sim.args(["sim", &self.chip, "--pictures"]).arg(&list).arg("--").arg(&self.program);
        sim.args(arguments).arg("system").args(way).arg(&*path);
        let output = sim.output().with_context(|| format!("{sim:?}"))?;
        if output.status.code() == Some(69) {
            return Ok(Found::Refused);
        }
        let written = std::fs::read_to_string(&list).unwrap_or_default();
        let _ = std::fs::remove_file(&list);
        let decoded: Vec<&str> = written
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(' ').nth(1))
            .collect();
        let (soft, read) = (text(&soft.stdout), text(&output.stdout));
        let (wanted, read) = (checksums(&soft), checksums(&read));
        let missing = wanted.iter().filter(|sum| !decoded.contains(sum)).count();
        Ok(match (missing, wanted.is_empty(), output.status.success()) {
            (0, false, true) => Found::Exact(wanted.len(), wanted == read),
            _ if text(&output.stderr).contains(KNOWN) => Found::Known,
            _ => Found::Wrong(format!(
                "{missing} of {} pictures are not among those that the engine decoded ({}): {}",
                wanted.len(),
                output.status,
                text(&output.stderr).lines().next().unwrap_or_default()
            )),
        })
    }
}

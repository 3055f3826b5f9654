//! `cargo xtask film-grain`: film grain on a GPU against the host's and dav1d's, and tables through
//! encoders, from a Debian sid chroot.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::say;
use crate::streams::find_all;

/// Where tables, pictures and encoded streams lie; the chroot must see it.
const FOLDER: &str = "target/film-grain";

/// Programs.
struct Tools<'a> {
    vav1d: &'a Path,
    /// The folder of the wrappers that `samples/peers.sh` writes.
    sid: &'a Path,
}

/// Checks the streams below `dirs` that have film grain, and prints a table.
pub(crate) fn run(vav1d: &Path, sid: &Path, dirs: &[PathBuf]) -> Result<()> {
    let tools = Tools { vav1d, sid: &std::fs::canonicalize(sid).context("the wrappers")? };
    let folder = crate::root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    say("| Stream | Segments | On a GPU | aomenc | SVT-AV1 |");
    say("|---|---|---|---|---|");
    let (mut n, mut wrong) = (0, 0);
    for stream in find_all(dirs)? {
        let table = tools.table(&stream)?;
        let segments = table.lines().filter(|line| line.starts_with("E ")).count();
        if segments == 0 {
            continue;
        }
        let name = stream.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_exact = tools.is_exact_on_gpu(&stream)?;
        let trips = tools.round_trips(&stream, &table, &folder.join(&name))?;
        let gpu = if is_exact { "exact" } else { "WRONG" };
        say(&format!(
            "| {name} | {segments} | {gpu} | {} | {} |",
            trips[0].text(),
            trips[1].text()
        ));
        n += 1;
        wrong += usize::from(!is_exact || trips.contains(&Trip::Other));
    }
    match wrong {
        0 if n > 0 => Ok(()),
        _ => bail!("film-grain: {wrong} of {n} streams are wrong"),
    }
}

/// What an encoder made of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trip {
    Same,
    /// Seeds are others.
    ButSeeds,
    /// All frames have the first segment's film grain, but for the seed.
    First,
    /// The encoder does not take such pictures.
    Refused,
    /// Not tried.
    None,
    Other,
}

impl Trip {
    fn of(table: &str, came_back: &str) -> Self {
        let first = segments(table).first().map(|(_, parameters)| parameters.clone());
        let back = segments(came_back);
        if table == came_back {
            Self::Same
        } else if segments(table) == back {
            Self::ButSeeds
        } else if back.len() == 1 && back.first().map(|(_, parameters)| parameters.clone()) == first
        {
            Self::First
        } else {
            Self::Other
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::ButSeeds => "same but seeds",
            Self::First => "first segment only",
            Self::Refused => "refused",
            Self::None => "-",
            Self::Other => "OTHER",
        }
    }
}

/// The times and the parameters of each segment, without its seed.
fn segments(table: &str) -> Vec<(String, String)> {
    let mut segments: Vec<(String, String)> = Vec::new();
    for line in table.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        match (words.first(), segments.last_mut()) {
            (Some(&"E"), _) => {
                let times = words.iter().skip(1).take(2).copied().collect::<Vec<_>>().join(" ");
                segments.push((times, String::new()));
            }
            (_, Some((_, parameters))) => {
                parameters.push_str(&words.join(" "));
                parameters.push('\n');
            }
            _ => {}
        }
    }
    segments
}

impl Tools<'_> {
    fn vav1d(&self, arguments: &[&str], stream: &Path) -> Result<String> {
        let mut command = Command::new(self.vav1d);
        text(command.args(arguments).arg("-q").arg(stream).stderr(Stdio::inherit()))
    }

    fn table(&self, stream: &Path) -> Result<String> {
        self.vav1d(&["grain"], stream)
    }

    /// Whether all pictures of all layers are those of the host, and of dav1d.
    fn is_exact_on_gpu(&self, stream: &Path) -> Result<bool> {
        let by = |mode| {
            let options = ["md5", "--total", "--all-layers", "--device", "soft", "--film-grain"];
            self.vav1d(&[&options[..], &[mode]].concat(), stream)
        };
        let dav1d = text(
            Command::new(self.sid.join("sid-dav1d"))
                .args([
                    "-q",
                    "--muxer",
                    "md5",
                    "-o",
                    "-",
                    "--filmgrain",
                    "1",
                    "--alllayers",
                    "1",
                    "-i",
                ])
                .arg(stream),
        )?;
        let (gpu, cpu) = (by("gpu")?, by("cpu")?);
        Ok(gpu == cpu && gpu.trim() == dav1d.trim())
    }

    /// What aomenc and SVT-AV1 make of `table`; their files begin with `base`.
    fn round_trips(&self, stream: &Path, table: &str, base: &Path) -> Result<[Trip; 2]> {
        let info = self.vav1d(&["info"], stream)?;
        let sequences: Vec<_> = info.lines().filter(|line| line.starts_with("sequence ")).collect();
        let [sequence] = sequences[..] else { return Ok([Trip::None; 2]) };
        let file = |end: &str| format!("{}{end}", base.display());
        let (y4m, grain) = (file(".y4m"), file(".txt"));
        std::fs::write(&grain, table)?;
        let decode = ["decode", "--device", "soft", "--film-grain", "off", "-o", &y4m];
        self.vav1d(&decode, stream)?;
        let depths = ["8", "10", "12"];
        let depth = depths.iter().find(|depth| sequence.contains(&format!(" {depth} bit")));
        let depth = depth.context("no bit depth")?;
        let aom = file("-aom.ivf");
        let mut command = Command::new(self.sid.join("sid-aomenc"));
        command.args([&y4m, "-o", &aom, "--ivf", &format!("--film-grain-table={grain}")]);
        command.args([
            "--cpu-used=9",
            "--end-usage=q",
            "--cq-level=40",
            "--disable-warning-prompt",
        ]);
        command.args([format!("--bit-depth={depth}"), format!("--input-bit-depth={depth}")]);
        match sequence {
            s if s.contains("4:2:2") || *depth == "12" => drop(command.arg("--profile=2")),
            s if s.contains("4:4:4") => drop(command.arg("--profile=1")),
            s if s.contains("4:0:0") => drop(command.arg("--monochrome")),
            _ => {}
        }
        let by_aomenc = self.trip(&mut command, table, &aom)?;
        let svt = file("-svt.ivf");
        let mut command = Command::new(self.sid.join("sid-SvtAv1EncApp"));
        command.args(["-i", &y4m, "-b", &svt, "--preset", "10", "--fgs-table", &grain]);
        Ok([by_aomenc, self.trip(&mut command, table, &svt)?])
    }

    /// What the encoder that `command` runs makes of `table` in `out`.
    fn trip(&self, command: &mut Command, table: &str, out: &str) -> Result<Trip> {
        match command.output().with_context(|| format!("{command:?}"))?.status.success() {
            true => Ok(Trip::of(table, &self.table(Path::new(out))?)),
            false => Ok(Trip::Refused),
        }
    }
}

/// Runs `command`, whose output matters only if it fails.
fn finished(command: &mut Command) -> Result<Output> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}

fn text(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8(finished(command)?.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_apart() {
        let two = "filmgrn1\nE 0 9 1 5 1\n\tp 1\nE 9 20 1 6 1\n\tp 2\n";
        assert_eq!(Trip::of(two, two), Trip::Same);
        assert_eq!(Trip::of(two, &two.replace(" 6 1\n", " 8 1\n")), Trip::ButSeeds);
        assert_eq!(Trip::of(two, "filmgrn1\nE 0 20 1 7391 1\n\tp 1\n"), Trip::First);
        assert_eq!(Trip::of(two, "filmgrn1\nE 0 20 1 5 1\n\tp 2\n"), Trip::Other);
        assert_eq!(Trip::of(two, &two.replace("E 9 20", "E 9 21")), Trip::Other);
    }
}

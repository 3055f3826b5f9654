//! `cargo xtask real-drivers`: stock RADV and ANV over `vav1d sim`, on chips that are not here.

mod altered;
mod drawn;
mod faults;
mod first;
mod pictures;
mod places;
mod sim;
mod sizes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

pub(crate) use self::sim::at_hand;
use crate::say;
use crate::streams::{every, find_all};

/// Where programs and recordings lie; a chroot must see it.
const FOLDER: &str = "target/real-drivers";

/// Session shapes that are not compared with the default one: what drivers do anyway, what crashes
/// ANV of Mesa 26.2, and other images than recordings of the default have.
const LEFT_OUT: [&str; 8] = [
    "--dpb-images=separate",
    "--frames-in-flight=4",
    "--tile-starts=superblock",
    "--intra-references=none",
    "--output-tiling=linear",
    "--readback=copy",
    "--readback=host",
    "--readback=linear",
];
/// What a driver says that lets one choose.
const BOTH: [&str; 2] = ["DPB_AND_OUTPUT_COINCIDE_BIT", "DPB_AND_OUTPUT_DISTINCT_BIT"];
/// One that is no axis of `matrix`.
const BESIDE: &str = "--coded-extent=frame";
/// The samples that are decoded in every shape.
const SHAPED: [&str; 3] = ["main-420-8", "grain-420-10", "tiles-4x2"];

/// Values that are handed over wrongly on purpose in the fourth frame of a sample, with the fields
/// in which that must show on RADV and on ANV. `grain-seed` shows only where the driver takes
/// film grain.
const PLANTED: [(&str, &str, &str); 6] = [
    ("order-hint", "av1.frame_offset", "avp.pic.current_frame_order_hint"),
    ("slot", "av1.frame_refs", "avp.references"),
    ("loop-filter-delta", "av1.ref_deltas", "avp.filter.deblocker_filter_ref_deltas"),
    ("tile-offset", "tile.0", "tile.0"),
    ("grain-seed", "av1.film_grain.random_seed", "avp.film_grain.grain_random_seed"),
    ("global-motion", "av1.global_motion.1", "avp.pic.warp_parameters"),
];
const PLANTED_IN: &str = "grain-420-8";

/// Faults of drivers, known and told in docs/real-drivers.md: the shapes in which they are given
/// something else, by driver and the beginning of its version.
const KNOWN: [(&str, &str, &str); 5] = [
    ("ANV", "Mesa 25.0", "--dpb=distinct"),
    ("ANV", "Mesa 25.0", "--dpb-images=layered"),
    ("ANV", "Mesa 25.0", "--resources=independent"),
    ("ANV", "Mesa 25.0", "--tile-starts=mi"),
    ("RADV", "Mesa 25.0", "--tile-starts=mi"),
];

/// What came of a stream.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It ran to the end.
    Ran,
    /// The device lacks what it needs.
    Refused,
    /// Anything else.
    Failed(String),
}

/// What a comparison of two recordings gave.
#[derive(Debug, PartialEq, Eq)]
enum Compared {
    /// No field differs without a known reason; the reasons with their fields.
    Equal(Vec<(String, String)>),
    /// Fields without one.
    Differ(Vec<String>),
    /// The other program does not take the stream.
    Refused,
}

/// Driver, field and reason of differences that are explained, with how often they were seen.
type Reasons = BTreeMap<(&'static str, String, String), usize>;

/// What the chips run with.
#[derive(Clone, Debug, Default)]
pub(crate) struct With {
    /// The folder of the wrappers of a chroot.
    pub(crate) tools: Option<PathBuf>,
    /// The validation layer.
    pub(crate) validate: bool,
    /// The manifest of a driver that is not installed.
    pub(crate) manifest: Option<PathBuf>,
}

/// One chip with the programs that run on it.
struct Bench {
    chip: String,
    program: PathBuf,
    with: With,
    /// DPB and output may be one or two, as one likes.
    offers_both: bool,
    /// What the driver says of its version.
    version: String,
    /// Session shapes in which a driver must be given the same as in the default one.
    shapes: Vec<String>,
}

/// The lines of `vav1d generate WHAT`.
fn generated(program: &Path, what: &str) -> Result<Vec<String>> {
    let output = Command::new(program).args(["generate", what]).output()?;
    if !output.status.success() {
        bail!("vav1d generate {what}: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// The session shapes that are compared with the default one: those of the program's table, but for
/// what is left out here.
fn shapes(program: &Path) -> Result<Vec<String>> {
    let mut shapes = generated(program, "shapes")?;
    if let Some(gone) = LEFT_OUT.iter().find(|shape| !shapes.iter().any(|known| known == *shape)) {
        bail!("{gone}: there is no such session shape any more");
    }
    shapes.retain(|shape| !LEFT_OUT.contains(&shape.as_str()));
    shapes.push(BESIDE.to_owned());
    Ok(shapes)
}

/// Runs everything on every chip; an error if something is not as it must be.
pub(crate) fn run(built: &Path, chips: &[String], with: &With, paths: &[PathBuf]) -> Result<()> {
    let streams = find_all(paths)?;
    let folder = crate::root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let program = folder.join("vav1d");
    std::fs::copy(built, &program)?;
    std::fs::copy(built.with_file_name("libdrm_sim.so"), folder.join("libdrm_sim.so"))?;
    let places = built.with_file_name("examples").join(places::PROGRAM);
    if places.exists() {
        std::fs::copy(places, folder.join(places::PROGRAM))?;
    }
    let all = generated(built, "chips")?;
    let chips = if chips.is_empty() { &all } else { chips };
    let shapes = shapes(built)?;
    let mut faults = Vec::new();
    let mut reasons = Reasons::new();
    let mut table = vec![
        "| Chip | Streams | Ran | Refused | Failed | Compared | Equal | Differ | Shapes | Planted | Drawn | Pictures | Altered | Known faults | Sizes | Places |"
            .to_owned(),
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for chip in chips {
        let mut bench = Bench {
            chip: chip.clone(),
            program: program.clone(),
            with: with.clone(),
            offers_both: false,
            version: String::new(),
            shapes: shapes.clone(),
        };
        match bench.offered()? {
            true => table.push(bench.all(&streams, &mut faults, &mut reasons)?),
            false => say(&format!("{chip}: this machine's driver does not offer AV1 decode on it")),
        }
    }
    if !reasons.is_empty() {
        say("| Driver | Field | Comparisons | Why it may differ |");
        say("|---|---|---|---|");
    }
    for ((driver, field, reason), count) in &reasons {
        say(&format!("| {driver} | {field} | {count} | {reason} |"));
    }
    for line in table.iter().chain(&faults) {
        say(line);
    }
    if !faults.is_empty() || table.len() == 2 {
        bail!("real-drivers: {} faults, {} chips", faults.len(), table.len() - 2);
    }
    Ok(())
}

impl Bench {
    fn is_amd(&self) -> bool {
        !["adl", "dg2", "mtl", "lnl", "bmg"].contains(&self.chip.as_str())
    }

    fn driver(&self) -> &'static str {
        if self.is_amd() { "RADV" } else { "ANV" }
    }

    fn record(&self, name: &str) -> PathBuf {
        crate::root().join(FOLDER).join(format!("{}-{name}.rec", self.chip))
    }

    /// Whether the driver decodes AV1 on this chip; asks for its version.
    fn offered(&mut self) -> Result<bool> {
        let (caps, _) = self.vav1d(&["caps", "--device", "0"], &self.record("offered"))?;
        let said = text(&caps.stdout);
        let version = said.lines().find_map(|line| line.trim().strip_prefix("driver: "));
        let version = version.and_then(|line| line.find("Mesa 2").map(|at| &line[at..]));
        self.version = version.unwrap_or_default().to_owned();
        self.offers_both = BOTH.iter().all(|flag| said.contains(flag));
        let stream = sample(SHAPED[0]);
        let arguments = ["md5", "-q", "--device", "system", &stream];
        let (output, _) = self.vav1d(&arguments, &self.record("offered"))?;
        Ok(!text(&output.stderr).contains("no device of the Vulkan loader decodes AV1"))
    }

    /// Everything on this chip: its row of the table.
    fn all(
        &self,
        streams: &[PathBuf],
        faults: &mut Vec<String>,
        reasons: &mut Reasons,
    ) -> Result<String> {
        let results = every(streams, |stream| self.stream(stream));
        let (mut ran, mut refused, mut failed) = (0, 0, 0);
        let (mut equal, mut differ) = (0, 0);
        for (stream, result) in results {
            let name = stream.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (outcome, compared) = result?;
            match outcome {
                Outcome::Ran => ran += 1,
                Outcome::Refused => refused += 1,
                Outcome::Failed(why) => {
                    failed += 1;
                    faults.push(format!("{}: {name}: {why}", self.chip));
                }
            }
            match compared {
                Some(Compared::Equal(why)) => {
                    equal += 1;
                    for (field, reason) in why {
                        *reasons.entry((self.driver(), field, reason)).or_default() += 1;
                    }
                }
                Some(Compared::Differ(fields)) => {
                    differ += 1;
                    faults.push(format!("{}: {name}: differs in {}", self.chip, fields.join("; ")));
                }
                Some(Compared::Refused) | None => {}
            }
        }
        let shapes = self.shapes(faults)?;
        let planted = self.planted(faults)?;
        let drawn = self.drawn(faults)?;
        let pictures = self.pictures(streams, faults)?;
        let altered = self.altered(faults)?;
        let known = self.known_faults(faults)?;
        let sizes = self.other_sizes(faults)?;
        self.first_sight(faults)?;
        let places = self.places(faults)?;
        Ok(format!(
            "| {} | {} | {ran} | {refused} | {failed} | {} | {equal} | {differ} | {shapes} | {planted} | {drawn} | {pictures} | {altered} | {known} | {sizes} | {places} |",
            self.chip,
            streams.len(),
            equal + differ,
        ))
    }

    /// One stream, and with ffmpeg at hand the comparison.
    fn stream(&self, stream: &Path) -> Result<(Outcome, Option<Compared>)> {
        let path = stream.to_string_lossy();
        // Two streams may share a file's name.
        let name = path.replace(['/', '.'], "-");
        let ours = self.record(&name);
        let outcome = self.decode(&[], &path, &ours)?;
        if self.with.tools.is_none() || outcome != Outcome::Ran {
            return Ok((outcome, None));
        }
        let theirs = self.record(&format!("{name}-ffmpeg"));
        let compared = self.ffmpeg(&path, &ours, &theirs)?;
        for file in [&ours, &theirs] {
            // What is not there was not written.
            let _ = std::fs::remove_file(file);
        }
        Ok((outcome, Some(compared)))
    }

    /// Decodes a stream with options of `md5`.
    fn decode(&self, options: &[&str], stream: &str, record: &Path) -> Result<Outcome> {
        let mut arguments = vec!["md5", "-q", "--device", "system"];
        if self.with.validate {
            arguments.push("--validate");
        }
        arguments.extend(options);
        arguments.push(stream);
        let (output, log) = self.vav1d(&arguments, record)?;
        Ok(match output.status.code() {
            Some(0) if !log.is_empty() => Outcome::Failed(log.trim().to_owned()),
            Some(0) if !record.exists() => Outcome::Failed("nothing was recorded".to_owned()),
            Some(0) => sizes::outcome(record)?,
            Some(69) => Outcome::Refused,
            _ => {
                let said = text(&output.stderr);
                let last = said.lines().last().unwrap_or_default().to_owned();
                Outcome::Failed(format!("{}: {last}", output.status))
            }
        })
    }

    /// ffmpeg's recording of a stream against ours.
    fn ffmpeg(&self, stream: &str, ours: &Path, theirs: &Path) -> Result<Compared> {
        let mut arguments = vec!["-v", "error"];
        if ["adl", "dg2", "mtl"].contains(&self.chip.as_str()) {
            // It asks for a profile with film grain otherwise, which these refuse.
            arguments.extend(["-export_side_data", "film_grain"]);
        }
        arguments.extend(["-init_hw_device", "vulkan=v", "-hwaccel", "vulkan"]);
        arguments.extend(["-hwaccel_output_format", "vulkan", "-i", stream, "-f", "null", "-"]);
        let (output, _) = self.sim("ffmpeg", &arguments, theirs)?;
        if !theirs.exists() {
            return Ok(Compared::Refused);
        }
        let compared = self.compare(ours, theirs)?;
        // Where a stream changes its size ffmpeg's filters may give up.
        let stopped = |fields: &Vec<String>| fields.iter().all(|f| f.starts_with("pictures"));
        Ok(match compared {
            Compared::Differ(fields) if !output.status.success() && stopped(&fields) => {
                Compared::Equal(vec![("pictures".to_owned(), "ffmpeg stopped early".to_owned())])
            }
            compared => compared,
        })
    }

    /// Two recordings, by `sim-diff`.
    fn compare(&self, first: &Path, second: &Path) -> Result<Compared> {
        let output = Command::new(&self.program)
            .args(["--json", "sim-diff"])
            .args([first, second])
            .output()?;
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for line in text(&output.stdout).lines() {
            let record: serde_json::Value = serde_json::from_str(line)?;
            let Some(data) = record.get("data").filter(|_| record["type"] == "difference") else {
                continue;
            };
            let value = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
            match data["explained"].as_str() {
                Some(reason) => known.push((group(&value("field")), reason.to_owned())),
                None => unknown.push(format!(
                    "{} (picture {}: {} | {})",
                    value("field"),
                    data["first_picture"],
                    value("a"),
                    value("b")
                )),
            }
        }
        known.sort();
        known.dedup();
        match (output.status.code(), unknown.is_empty()) {
            (Some(0), true) => Ok(Compared::Equal(known)),
            (Some(1), false) => Ok(Compared::Differ(unknown)),
            _ => bail!("sim-diff: {}: {}", output.status, text(&output.stderr)),
        }
    }

    /// Whether the driver is known to be given something else in a shape.
    fn known(&self, shape: &str) -> bool {
        let driver = self.driver();
        KNOWN
            .iter()
            .any(|known| known.0 == driver && self.version.starts_with(known.1) && known.2 == shape)
    }

    /// Every shape of the session against the default one.
    fn shapes(&self, faults: &mut Vec<String>) -> Result<String> {
        let (mut equal, mut refused, mut known) = (0, 0, 0);
        for name in SHAPED {
            let stream = sample(name);
            let default = self.record("shape-default");
            self.decode(&[], &stream, &default)?;
            for shape in &self.shapes {
                let record = self.record("shape");
                let what = match self.decode(&[shape.as_str()], &stream, &record)? {
                    Outcome::Refused => {
                        refused += 1;
                        continue;
                    }
                    Outcome::Failed(why) => why,
                    Outcome::Ran => match self.compare(&default, &record)? {
                        Compared::Equal(_) => {
                            equal += 1;
                            continue;
                        }
                        Compared::Differ(_) if self.known(shape) => {
                            known += 1;
                            continue;
                        }
                        Compared::Differ(fields) => fields.join("; "),
                        Compared::Refused => "not compared".to_owned(),
                    },
                };
                faults.push(format!("{}: {name} {shape}: {what}", self.chip));
            }
        }
        Ok(format!("{equal} equal, {refused} refused, {known} known"))
    }

    /// Wrong values on purpose, each of which must show under its name in the right picture.
    fn planted(&self, faults: &mut Vec<String>) -> Result<String> {
        let stream = sample(PLANTED_IN);
        let sound = self.record("sound");
        self.decode(&[], &stream, &sound)?;
        let recorded = std::fs::read_to_string(&sound)?;
        let mut found = 0;
        for (fault, radv, anv) in PLANTED {
            let field = if self.is_amd() { radv } else { anv };
            if fault == "grain-seed" && !recorded.contains(field) {
                // Film grain is not this driver's work.
                continue;
            }
            let record = self.record("planted");
            self.decode(&["--plant", &format!("{fault}@3")], &stream, &record)?;
            let shown = match self.compare(&sound, &record)? {
                Compared::Differ(fields) => fields,
                _ => Vec::new(),
            };
            let named = |text: &String| text.starts_with(&format!("{field} (picture 3: "));
            match shown.iter().any(named) {
                true => found += 1,
                false => faults.push(format!("{}: planted {fault}: {shown:?}", self.chip)),
            }
        }
        Ok(format!("{found} shown"))
    }
}

/// A sample's path.
fn sample(name: &str) -> String {
    crate::root().join("samples").join(format!("{name}.ivf")).to_string_lossy().into_owned()
}

/// A field's name without the numbers in it.
fn group(field: &str) -> String {
    let parts = field.split('.').filter(|part| part.parse::<u32>().is_err());
    let plain =
        |part: &str| part.trim_end_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned();
    parts.map(plain).collect::<Vec<_>>().join(".")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

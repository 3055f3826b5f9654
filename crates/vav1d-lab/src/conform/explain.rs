//! What `vav1d compare` says of a vector with wrong pictures.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::child::{self, Limits, Program, Talk};
use super::record::{Area, Explained, Record};
use crate::words::counted;

/// The words of `vav1d compare`, worst last.
const STATES: [&str; 5] = ["unjudged", "right", "missing", "inherited", "wrong"];

/// Runs `vav1d compare` for `record`; images go into `folder`, if there is one. `None` if it cannot be run, or says
/// nothing.
pub fn explain(
    program: &Program,
    record: &Record,
    folder: Option<&Path>,
    stop: &AtomicBool,
) -> Option<Explained> {
    let mut command = child::command(&program.path);
    command.args(["-q", "compare", "--spare-plants", "--device", &program.device]);
    if let Some(folder) = folder {
        command.arg("--png").arg(folder);
    }
    let seconds = program.frame_timeout.as_secs_f64().max(0.001).to_string();
    command.args(["--device-timeout", &seconds]);
    command.args(&record.options).args(&program.arguments).arg("--").arg(&record.input);
    let _turn = program.turns.take();
    let limits = Limits { silence: program.timeout, all: program.timeout };
    let (_, told) = Talk::start(command, None).ok()?.listen(limits, stop, &mut |_| {}).ok()?;
    let records = told.others;
    let of =
        |kind: &'static str| records.iter().filter(move |r| r["type"] == kind).map(|r| &r["data"]);
    let mut explained = Explained::default();
    for verdict in of("verdict") {
        let state = verdict["state"].as_str().unwrap_or_default();
        let state = STATES.into_iter().find(|word| *word == state).unwrap_or("unjudged");
        let grain = verdict["film_grain"]["outputs"].as_array();
        for at in verdict["outputs"].as_array().into_iter().flatten() {
            let index = usize::try_from(at.as_u64()?).ok()?;
            if explained.outputs.len() <= index {
                explained.outputs.resize(index + 1, "unjudged");
            }
            let grained = grain.is_some_and(|outputs| outputs.contains(at));
            *explained.outputs.get_mut(index)? = if grained { "wrong" } else { state };
        }
    }
    explained.first = of("comparison").next()?["first_wrong"].as_u64();
    let shared = of("comparison").next()?["shared_features"].as_array();
    let names = shared.into_iter().flatten().filter_map(|shared| shared["feature"].as_str());
    explained.shared = names.map(str::to_owned).collect();
    if let Some(first) = explained.first {
        let verdict = of("verdict").find(|verdict| verdict["frame"] == first)?;
        explained.text = line(verdict);
        explained.place(verdict);
        let name = |what: &str| format!("frame-{first:04}-{what}.png");
        let images = ["is", "should-be", "difference"].map(name);
        let images = images.iter().filter_map(|name| Some(folder?.join(name)));
        explained.images = images.filter(|path| path.is_file()).collect();
    }
    Some(explained)
}

impl Explained {
    /// What is wrong in the first bad frame, as results have it.
    pub fn difference(&self) -> Value {
        let block = self.block.map(|Area { x, y, size, picture }| {
            json!({ "x": x, "y": y, "size": size, "width": picture.0, "height": picture.1 })
        });
        json!({
            "planes": self.planes, "film_grain": self.is_film_grain, "max": self.most,
            "block": block, "shared_features": self.shared,
        })
    }

    /// Takes it back from results; what is not there stays as it is.
    pub fn with_difference(mut self, data: &Value) -> Self {
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            list.map(str::to_owned).collect()
        };
        self.planes = texts(&data["planes"]);
        self.shared = texts(&data["shared_features"]);
        self.is_film_grain = data["film_grain"] == true;
        self.most = data["max"].as_u64().unwrap_or(0);
        let block = &data["block"];
        self.block = Area::of(block, (&block["width"], &block["height"]));
        self
    }

    /// Takes from `verdict`, of the first wrong frame, what is wrong in it.
    fn place(&mut self, verdict: &Value) {
        let grain = &verdict["film_grain"]["difference"];
        self.is_film_grain = !grain.is_null();
        let difference = if self.is_film_grain { grain } else { &verdict["difference"] };
        let planes = difference["planes"].as_array().into_iter().flatten();
        for plane in planes.filter(|plane| plane["differing"].as_u64() > Some(0)) {
            self.planes.push(plane["plane"].as_str().unwrap_or("?").to_owned());
            self.most = self.most.max(plane["max"].as_u64().unwrap_or(0));
        }
        let first = &difference["superblocks"]["first"];
        self.block = Area::of(first, (&verdict["width"], &verdict["height"]));
    }
}

/// Frame, type, plane and block of a wrong frame.
fn line(verdict: &Value) -> String {
    let grain = &verdict["film_grain"]["difference"];
    let (difference, what) = match grain.is_null() {
        true => (&verdict["difference"], ""),
        false => (grain, " (film grain alone)"),
    };
    let (frame, kind) = (&verdict["frame"], verdict["frame_type"].as_str().unwrap_or_default());
    let planes = difference["planes"].as_array().into_iter().flatten();
    let planes = planes.filter(|plane| plane["differing"].as_u64() > Some(0)).map(|plane| {
        let (name, n, max) =
            (plane["plane"].as_str().unwrap_or("?"), &plane["differing"], &plane["max"]);
        let samples = counted(n.as_u64().unwrap_or(0), "sample");
        format!("{name} {samples} by {max} at most")
    });
    let mut text =
        format!("frame {frame}, {kind}{what}: {}", planes.collect::<Vec<_>>().join("; "));
    let first = &difference["superblocks"]["first"];
    if !first.is_null() {
        let (row, column, tile) = (&first["row"], &first["column"], &first["tile"]);
        text += &format!("; superblock row {row}, column {column}, tile {tile}");
    }
    text
}

//! `vav1d caps-diff`: where two devices, or one at two times, differ in what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::caps_args::CapsDiffArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::{caps_record, select};

/// What tells devices, drivers and their versions apart: it is named, and no difference.
const IDENTITY: [&str; 11] = [
    "index",
    "name",
    "type",
    "uuid",
    "driver_id",
    "driver_name",
    "driver_info",
    "driver_version",
    "vendor_id",
    "device_id",
    "hidden_by",
];

/// A field with its values; `None` where there is none.
#[derive(Clone, Debug, PartialEq)]
struct Differing {
    field: String,
    a: Option<Value>,
    b: Option<Value>,
}

pub(super) fn run(args: &CapsDiffArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let [a, b] = [&args.first, &args.second].map(|side| device(side, notices));
    let (a, b) = (a?, b?);
    let differing = differing(&a, &b);
    let written = match json {
        true => write_json(&a, &b, &differing),
        false => write_text(&a, &b, &differing),
    };
    output::told(written)?;
    Ok(if differing.is_empty() { Exit::Done } else { Exit::No })
}

/// The record of a device that is here, or of a file that has one.
fn device(side: &str, notices: &Notices) -> Result<Value> {
    let path = Path::new(side);
    if path.is_file() {
        return of_file(path);
    }
    let mut devices = select::devices(side, notices)?;
    if matches!(side, "all" | "system" | "auto") {
        devices.truncate(1);
    }
    match &devices[..] {
        [(index, device)] => Ok(caps_record::device(*index, &device.adapter)),
        several => {
            let why = format!("{side}: {} devices are called so", several.len());
            Err(Failure::new(Exit::Usage, why))
        }
    }
}

/// The first device in a file that decodes AV1; of none the first.
fn of_file(path: &Path) -> Result<Value> {
    let fail = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::NoInput, format!("{}: {why}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|e| fail(&e))?;
    let mut devices = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut record: Value = serde_json::from_str(line).map_err(|e| fail(&e))?;
        if record["type"] == "device" && record["data"]["profiles"].is_array() {
            devices.push(record["data"].take());
        }
    }
    let first = devices.iter().position(|device| device["av1_decode"] == true).unwrap_or(0);
    match first < devices.len() {
        true => Ok(devices.swap_remove(first)),
        false => Err(fail(&"no device is in it; `vav1d caps --json` writes them")),
    }
}

fn differing(a: &Value, b: &Value) -> Vec<Differing> {
    let [a, b] = [a, b].map(|device| {
        let mut fields = BTreeMap::new();
        for (name, value) in device.as_object().into_iter().flatten() {
            if !IDENTITY.contains(&name.as_str()) {
                flatten(name, value, &mut fields);
            }
        }
        fields
    });
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |name: &String| Differing {
        field: name.clone(),
        a: a.get(name).cloned(),
        b: b.get(name).cloned(),
    };
    let mut differing: Vec<Differing> =
        names.into_iter().map(of).filter(|differing| differing.a != differing.b).collect();
    // Of a profile or a format that one of them lacks it is enough that it does.
    let lacking = |d: &Differing| d.a.is_none() || d.b.is_none();
    let whole: Vec<String> =
        differing.iter().filter(|d| lacking(d)).map(|d| format!("{}.", d.field)).collect();
    differing.retain(|d| !whole.iter().any(|above| d.field.starts_with(above.as_str())));
    differing
}

/// The fields of `value` below `name`, with names that do not depend on the order of lists: a text
/// in a list is a field of its own.
fn flatten(name: &str, value: &Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                flatten(&format!("{name}.{member}"), value, fields);
            }
        }
        Value::Array(items) if items.iter().all(Value::is_object) && !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                element(&format!("{name}.{}", key(index, item)), item, fields);
            }
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            for item in items.iter().filter_map(Value::as_str) {
                fields.insert(format!("{name}.{item}"), Value::Bool(true));
            }
        }
        Value::Null => {}
        value => {
            fields.insert(name.to_owned(), value.clone());
        }
    }
}

/// Members of an element that its name says already.
const NAMED: [&str; 7] = [
    "index",
    "std_profile",
    "chroma_subsampling",
    "bit_depth",
    "film_grain_support",
    "format",
    "tiling",
];

/// An element of a list: a field that says that it is there, and those below it. A profile that is
/// not supported is not there.
fn element(name: &str, item: &Value, fields: &mut BTreeMap<String, Value>) {
    if item["result"].as_str().is_some_and(|result| result != "VK_SUCCESS") {
        return;
    }
    fields.insert(name.to_owned(), Value::Bool(true));
    for (member, value) in item.as_object().into_iter().flatten() {
        if !NAMED.contains(&member.as_str()) {
            flatten(&format!("{name}.{member}"), value, fields);
        }
    }
}

/// What an element of a list is known by.
fn key(index: usize, item: &Value) -> String {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    if item["std_profile"].is_string() {
        let short = |name: &str, prefix: &str| {
            let text = text(name);
            let text = text.strip_prefix(prefix).unwrap_or(&text);
            text.trim_end_matches("_BIT_KHR").to_owned()
        };
        let grain = if item["film_grain_support"] == true { "+grain" } else { "" };
        return format!(
            "{} {} {}{grain}",
            short("std_profile", "STD_VIDEO_AV1_PROFILE_"),
            short("chroma_subsampling", "VK_VIDEO_CHROMA_SUBSAMPLING_"),
            short("bit_depth", "VK_VIDEO_COMPONENT_BIT_DEPTH_")
        );
    }
    match item["format"].is_string() {
        true if text("tiling") == "VK_IMAGE_TILING_OPTIMAL" => text("format"),
        true => format!("{} {}", text("format"), text("tiling")),
        false => index.to_string(),
    }
}

fn title(device: &Value) -> String {
    let text = |name: &str| device[name].as_str().unwrap_or_default().to_owned();
    format!("{} ({} {})", text("name"), text("driver_name"), text("driver_info"))
}

/// A difference as a line: `name` is what is left of its field.
fn line(name: &str, Differing { a, b, .. }: &Differing) -> String {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (a, b) {
        (Some(a), Some(b)) => format!("  {name}: {} -> {}", plain(a), plain(b)),
        (Some(Value::Bool(true)), None) => format!("- {name}"),
        (None, Some(Value::Bool(true))) => format!("+ {name}"),
        (Some(a), None) => format!("- {name}: {}", plain(a)),
        (None, b) => format!("+ {name}: {}", b.as_ref().map(plain).unwrap_or_default()),
    }
}

fn write_text(a: &Value, b: &Value, differing: &[Differing]) -> io::Result<()> {
    let mut out = output::stdout();
    writeln!(out, "A: {}\nB: {}", title(a), title(b))?;
    // What several profiles have in common is said once.
    let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for difference in differing {
        let rest = difference.field.strip_prefix("profiles.").and_then(|rest| rest.split_once('.'));
        match rest {
            Some((profile, name)) => {
                lines.entry(line(name, difference)).or_default().push(profile);
            }
            None => writeln!(out, "{}", line(&difference.field, difference))?,
        }
    }
    let mut groups: BTreeMap<Vec<&str>, Vec<String>> = BTreeMap::new();
    for (line, profiles) in lines {
        groups.entry(profiles).or_default().push(line);
    }
    for (profiles, mut lines) in groups {
        writeln!(out, "profiles {}:", profiles.join(", "))?;
        lines.sort_by_key(|line| line.get(2..).unwrap_or_default().to_owned());
        for line in lines {
            writeln!(out, "   {line}")?;
        }
    }
    let n = differing.len();
    writeln!(out, "{n} {} differ", if n == 1 { "field" } else { "fields" })?;
    out.flush()
}

fn write_json(a: &Value, b: &Value, differing: &[Differing]) -> io::Result<()> {
    let mut lines = Lines(output::stdout());
    lines.begin("caps-diff", None, None)?;
    for Differing { field, a, b } in differing {
        let record = json!({ "field": field, "a": a, "b": b });
        lines.write(&Record::CapsDifference(record))?;
    }
    let name = |device: &Value| device["name"].clone();
    let summary = json!({ "a": name(a), "b": name(b), "differing": differing.len() });
    lines.write(&Record::CapsComparison(summary))?;
    lines.0.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_compared_by_what_is_in_them() {
        let device = |extensions: &[&str], slots: u32| {
            json!({
                "name": "x", "extensions": extensions,
                "profiles": [{
                    "std_profile": "STD_VIDEO_AV1_PROFILE_MAIN",
                    "chroma_subsampling": "VK_VIDEO_CHROMA_SUBSAMPLING_420_BIT_KHR",
                    "bit_depth": "VK_VIDEO_COMPONENT_BIT_DEPTH_8_BIT_KHR",
                    "film_grain_support": false,
                    "capabilities": { "max_dpb_slots": slots, "granularity": [1, 1] },
                }],
            })
        };
        let all = differing(&device(&["a", "b"], 8), &device(&["c", "b"], 9));
        let fields: Vec<_> = all.iter().map(|d| d.field.as_str()).collect();
        assert_eq!(
            fields,
            ["extensions.a", "extensions.c", "profiles.MAIN 420 8.capabilities.max_dpb_slots"]
        );
        assert_eq!((&all[0].b, &all[1].a), (&None, &None));
        assert_eq!((&all[2].a, &all[2].b), (&Some(json!(8)), &Some(json!(9))));
        assert!(differing(&device(&["a", "b"], 8), &device(&["b", "a"], 8)).is_empty());
    }
}

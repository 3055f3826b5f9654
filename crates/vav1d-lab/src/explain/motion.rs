//! Changes of StdVideoAV1GlobalMotion: parameters move in steps of their own, and the arrays begin
//! with INTRA_FRAME, which some forget.

use std::collections::HashMap;

use super::Stage;
use super::change::Change;
use super::told::Told;

const STRUCTURE: &str = "StdVideoAV1GlobalMotion";
const TRANSLATION: i64 = 1;
/// The parameters that change nothing.
const IDENTITY: [i64; 6] = [0, 0, 1 << 16, 0, 0, 1 << 16];

/// All of them; none if no name has a motion, now or in the frame before.
pub(super) fn changes(told: &Told) -> Vec<Change> {
    let kind = |name: usize| told.values.get(&format!("GmType[{name}]")).copied();
    let mut changes = Vec::new();
    for name in 1..8 {
        let Some(kind) = kind(name).filter(|kind| *kind != 0) else { continue };
        for (j, identity) in IDENTITY.into_iter().enumerate() {
            changes.extend(parameter(told, name, j, (kind, identity)));
        }
    }
    for (by, why) in [(-1, "read one entry too low"), (1, "read one entry too high")] {
        changes.extend(shifted(told, by, why));
    }
    changes
}

fn parameter(told: &Told, name: usize, j: usize, (kind, identity): (i64, i64)) -> Vec<Change> {
    let path = format!("gm_params[{name}][{j}]");
    let Some(value) = told.values.get(&path).copied() else { return Vec::new() };
    let fine = told.values.get("allow_high_precision_mv") == Some(&1);
    let step: i64 = match (j, kind) {
        (2.., TRANSLATION) => return Vec::new(),
        (2.., _) => 1 << 1,
        (_, TRANSLATION) if fine => 1 << 13,
        (_, TRANSLATION) => 1 << 14,
        _ => 1 << 10,
    };
    let stale = told.before.get(&path).copied();
    let mut all = vec![
        (value + step, "a step more"),
        (value - step, "a step less"),
        (identity, "as without motion"),
        (2 * identity - value, "the other sign"),
        (value + 4096, "4096 more"),
        (value - 4096, "4096 less"),
    ];
    all.extend(stale.map(|stale| (stale, "that of the frame decoded before")));
    let offset = value - identity;
    all.extend([1, 2, 3].map(|by| (identity + (offset << by), "shifted left")));
    all.extend([1, 2, 3].map(|by| (identity + (offset >> by), "shifted right")));
    let mut kept: Vec<(i64, &'static str)> = Vec::new();
    for (other, why) in all {
        if other != value && !kept.iter().any(|(known, _)| *known == other) {
            kept.push((other, why));
        }
    }
    let change = |(other, why): (i64, &'static str)| {
        let texts = (value.to_string(), other.to_string());
        let values = HashMap::from([(path.clone(), other)]);
        Change::of_members(Stage::Prediction, (STRUCTURE, path.clone()), texts, why, values)
    };
    kept.into_iter().map(change).collect()
}

/// Both arrays, read by another index.
fn shifted(told: &Told, by: i64, why: &'static str) -> Option<Change> {
    let mut values = HashMap::new();
    for name in 1_i64..8 {
        let from = name + by;
        let kind = told.values.get(&format!("GmType[{from}]")).copied().unwrap_or_default();
        values.insert(format!("GmType[{name}]"), kind);
        for (j, identity) in IDENTITY.into_iter().enumerate() {
            let path = format!("gm_params[{from}][{j}]");
            let value = told.values.get(&path).copied().filter(|_| kind != 0);
            values.insert(format!("gm_params[{name}][{j}]"), value.unwrap_or(identity));
        }
    }
    let differs = |(path, value): (&String, &i64)| {
        path.starts_with("GmType") && told.values.get(path) != Some(value)
    };
    let moves = told.values.iter().any(|(path, value)| path.starts_with("GmType") && *value != 0);
    let texts = ("its own entries".to_owned(), why.to_owned());
    let what = (STRUCTURE, "GmType and gm_params".to_owned());
    (moves && values.iter().any(differs))
        .then(|| Change::of_members(Stage::Prediction, what, texts, why, values))
}

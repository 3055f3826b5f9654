//! Recordings of `sim`: what a driver gave to the video engine, picture by picture.

use std::collections::BTreeMap;
use std::path::Path;

/// The first line of every recording.
const FIRST: &str = "# vav1d drm-sim recording 1";

/// What was submitted for one picture: field to value, both as written.
pub type Picture = BTreeMap<String, String>;

/// A recording.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// The chip that was imitated.
    pub chip: String,
    /// Decodes, in the order of completion.
    pub pictures: Vec<Picture>,
}

/// One field's difference over all pictures.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field, or `pictures` where one recording has more of them.
    pub field: String,
    /// In how many pictures.
    pub count: usize,
    /// The first picture, with both values.
    pub picture: usize,
    /// The value of the first recording.
    pub first: String,
    /// That of the second.
    pub second: String,
    /// Why it makes no difference to the decode, if it does not in any of the pictures.
    pub explained: Option<&'static str>,
}

impl Recording {
    /// Reads a recording's text.
    ///
    /// # Errors
    /// What is wrong with which line.
    pub fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let name = path.display();
        if text.lines().next() != Some(FIRST) {
            return Err(format!("{name}: line 1 is not `{FIRST}`"));
        }
        let mut recording = Self::default();
        let mut decode = false;
        for (number, line) in text.lines().enumerate().skip(1) {
            if let Some(about) = line.strip_prefix("submission ") {
                decode = about.ends_with(" decode");
                if decode {
                    recording.pictures.push(Picture::new());
                }
                continue;
            }
            let Some((field, value)) = line.split_once(" = ") else {
                if line.is_empty() {
                    continue;
                }
                return Err(format!("{name}: line {}: `{line}` is not `name = value`", number + 1));
            };
            match (field, recording.pictures.last_mut()) {
                ("chip", None) => value.clone_into(&mut recording.chip),
                (_, Some(picture)) if decode => {
                    picture.insert(field.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        Ok(recording)
    }

    /// Every field in which `other` differs; fields that depend on allocation only with `raw`.
    pub fn compare(&self, other: &Self, raw: bool) -> Vec<Difference> {
        let mut found: BTreeMap<&str, Difference> = BTreeMap::new();
        for (index, (a, b)) in self.pictures.iter().zip(&other.pictures).enumerate() {
            let fields = a.keys().chain(b.keys().filter(|field| !a.contains_key(*field)));
            for field in fields.filter(|field| raw || !field.starts_with("raw.")) {
                let (first, second) = (a.get(field), b.get(field));
                if first == second {
                    continue;
                }
                let explained = explained(field, index, [self, other]);
                let entry = found.entry(field).or_insert_with(|| Difference {
                    field: field.clone(),
                    count: 0,
                    picture: index,
                    first: first.cloned().unwrap_or_default(),
                    second: second.cloned().unwrap_or_default(),
                    explained,
                });
                entry.count += 1;
                if explained.is_none() && entry.explained.is_some() {
                    // Show the first picture that is not explained.
                    entry.picture = index;
                    entry.first = first.cloned().unwrap_or_default();
                    entry.second = second.cloned().unwrap_or_default();
                    entry.explained = None;
                }
            }
        }
        let mut found: Vec<Difference> = found.into_values().collect();
        let (a, b) = (self.pictures.len(), other.pictures.len());
        if a != b {
            found.push(Difference {
                field: "pictures".to_owned(),
                count: a.abs_diff(b),
                picture: a.min(b),
                first: a.to_string(),
                second: b.to_string(),
                explained: None,
            });
        }
        found
    }
}

/// Whether both pictures have this value in this field.
fn both(at: usize, recordings: [&Recording; 2], field: &str, values: &[&str]) -> bool {
    recordings.iter().all(|r| {
        let value = r.pictures.get(at).and_then(|picture| picture.get(field));
        value.is_some_and(|value| values.contains(&value.as_str()))
    })
}

/// Whether the field says where references are, or follows from that.
fn tells_of_references(field: &str) -> bool {
    field.starts_with("dpb.")
        || ["references", "decode.decode_flags", "decode.decode_buffer_flags"].contains(&field)
}

/// Whether one of the pictures has this field, and the other has not.
fn one_has(at: usize, recordings: [&Recording; 2], field: &str) -> bool {
    let [a, b] = recordings.map(|recording| {
        recording.pictures.get(at).is_some_and(|picture| picture.contains_key(field))
    });
    a != b
}

/// loop_filter_delta_enabled, as each driver has it.
const DELTAS_ENABLED: [&str; 2] =
    ["av1.mode_ref_delta_enabled", "avp.filter.deblocker_filter_mode_ref_delta_enable_flag"];

/// Why a difference in this field of picture `at` changes nothing, if it does not.
fn explained(field: &str, at: usize, recordings: [&Recording; 2]) -> Option<&'static str> {
    let intra = both(at, recordings, "av1.frame_type", &["0", "2"])
        || both(at, recordings, "avp.pic.frame_type", &["0", "2"]);
    match field {
        _ if field.starts_with("raw.") => Some("where an allocator put it"),
        _ if tells_of_references(field) && one_has(at, recordings, "references") => {
            Some("in one of them outputs are the references (DPB_AND_OUTPUT_COINCIDE)")
        }
        "decode.db_pitch" | "decode.db_aligned_height" | "decode.db_swizzle_mode" => {
            Some("the program's choice of size for its DPB images")
        }
        _ if field.starts_with("dpb.luma_") || field.starts_with("dpb.chroma_") => {
            Some("the program's choice of size for its DPB images")
        }
        "decode.dt_pitch" | "decode.dt_uv_pitch" | "decode.dt_swizzle_mode" => {
            Some("the program's choice of size for its output images")
        }
        _ if field.starts_with("avp.surface.") && !field.ends_with("format") => {
            Some("the program's choice of size for its images")
        }
        "avp.references" | "avp.motion" | "avp.pic.reference_frame_order_hint" if intra => {
            Some("an intra frame has no references (AV1 5.9.2)")
        }
        _ if intra && saved_hints(field).is_some() => {
            Some("an intra frame has no references (AV1 5.9.2)")
        }
        _ if saved_hints(field).is_some_and(|name| intra_reference(at, recordings, name)) => {
            Some("order hints of a reference that is an intra frame (AV1 7.9.2)")
        }
        "avp.pic.error_resilient_mode_flag"
            if both(at, recordings, "avp.pic.frame_type", &["0"]) =>
        {
            Some("of no effect in a key frame; not coded in a reduced still picture (AV1 5.9.2)")
        }
        "av1.global_motion.0" => Some("INTRA_FRAME has no global motion (AV1 5.9.24)"),
        "av1.frame_refs" | "av1.ref_frame_sign_bias" if intra => {
            Some("an intra frame has no references (AV1 5.9.2)")
        }
        "av1.ref_frame_sign_bias" if biases(at, recordings) => {
            Some("sign biases of a reference that is an intra frame (AV1 5.9.2)")
        }
        "av1.ref_deltas"
        | "av1.mode_deltas"
        | "avp.filter.deblocker_filter_ref_deltas"
        | "avp.filter.deblocker_filter_mode_deltas"
            if DELTAS_ENABLED.iter().any(|flag| both(at, recordings, flag, &["0"])) =>
        {
            Some("loop_filter_delta_enabled is 0 (AV1 7.14.4)")
        }
        "av1.feature_data" | "av1.feature_mask"
            if both(at, recordings, "av1.segmentation_enabled", &["0"]) =>
        {
            Some("segmentation_enabled is 0 (AV1 5.9.14)")
        }
        "av1.feature_data" if clips(at, recordings) => {
            Some("one is what was coded, before its clip to the feature's limit (AV1 5.9.14)")
        }
        _ => None,
    }
}

/// Whether FeatureData differs only by the clip to `Segmentation_Feature_Max` (AV1 5.9.14).
fn clips(at: usize, recordings: [&Recording; 2]) -> bool {
    const LIMITS: [i64; 8] = [255, 63, 63, 63, 63, 7, 0, 0];
    let [a, b] = recordings.map(|r| {
        let data = values(r, at, "av1.feature_data", " ");
        data.iter().map(|value| value.parse::<i64>()).collect::<Result<Vec<_>, _>>()
    });
    let (Ok(a), Ok(b)) = (a, b) else { return false };
    a.len() == b.len()
        && a.iter().zip(&b).zip(LIMITS.iter().cycle()).all(|((a, b), limit)| {
            let clip = |value: i64| value.clamp(-limit, *limit);
            clip(*a) == clip(*b)
        })
}

/// The reference name, from 0, whose saved order hints the field has.
fn saved_hints(field: &str) -> Option<usize> {
    field.strip_prefix("avp.inter.saved_order_hints_")?.parse().ok()
}

/// Values of a field with something between them.
fn values(r: &Recording, at: usize, field: &str, by: &str) -> Vec<String> {
    let value = r.pictures.get(at).and_then(|picture| picture.get(field));
    value.map(|v| v.split(by).map(str::to_owned).collect()).unwrap_or_default()
}

/// Whether the picture called `picture N` is an intra frame in both recordings.
fn is_intra(recordings: [&Recording; 2], name: &str) -> bool {
    let index = name.strip_prefix("picture ").and_then(|n| n.parse::<usize>().ok());
    let typed = |field| index.is_some_and(|at| both(at, recordings, field, &["0", "2"]));
    typed("av1.frame_type") || typed("avp.pic.frame_type")
}

/// Whether a reference of ANV's picture is the same intra frame in both recordings.
fn intra_reference(at: usize, recordings: [&Recording; 2], name: usize) -> bool {
    let [a, b] = recordings.map(|r| values(r, at, "avp.references", ", "));
    a.get(name).is_some_and(|picture| b.get(name) == Some(picture) && is_intra(recordings, picture))
}

/// Whether the sign biases differ only where the reference is an intra frame: they are those of
/// the reference's own references, and it has none.
fn biases(at: usize, recordings: [&Recording; 2]) -> bool {
    let [a, b] = recordings.map(|r| values(r, at, "av1.ref_frame_sign_bias", " "));
    let references = values(recordings[0], at, "av1.frame_refs", ", ");
    a.len() == b.len()
        && a.len() == references.len()
        && references == values(recordings[1], at, "av1.frame_refs", ", ")
        && a.iter()
            .zip(&b)
            .zip(&references)
            .all(|((a, b), name)| a == b || is_intra(recordings, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(pictures: &[&str]) -> Recording {
        let mut text = format!("{FIRST}\nchip = x\n\nsubmission 0 create\nraw.session = 0\n");
        for (n, picture) in pictures.iter().enumerate() {
            text.push_str(&format!(
                "\nsubmission {} decode\n{}\n",
                n + 1,
                picture.replace("; ", "\n")
            ));
        }
        Recording::parse(Path::new("test"), &text).unwrap_or_default()
    }

    #[test]
    fn a_difference_names_its_field_and_first_picture() {
        let a = recording(&["av1.base_qindex = 1", "av1.base_qindex = 2", "av1.base_qindex = 3"]);
        let b = recording(&["av1.base_qindex = 1", "av1.base_qindex = 5", "av1.base_qindex = 6"]);
        let found = a.compare(&b, false);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].field.as_str(), found[0].count, found[0].picture),
            ("av1.base_qindex", 2, 1)
        );
        assert_eq!((found[0].first.as_str(), found[0].second.as_str()), ("2", "5"));
        assert_eq!(found[0].explained, None);
        assert_eq!(a.compare(&a, true), []);
    }

    #[test]
    fn outputs_may_be_the_references_in_one_of_two() {
        let apart = recording(&["decode.decode_flags = 1; dpb.array_size = 8"]);
        let outputs = |pitch: u32| {
            recording(&[&format!("decode.decode_flags = 512; references = picture 0 {pitch}x64")])
        };
        let found = apart.compare(&outputs(192), false);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|difference| difference.explained.is_some()));
        // Where both have them, they matter.
        assert_eq!(outputs(192).compare(&outputs(256), false)[0].explained, None);
    }

    #[test]
    fn one_unexplained_picture_is_enough() {
        let deltas = ["av1.ref_deltas", "avp.filter.deblocker_filter_mode_deltas"];
        for (enabled, deltas) in DELTAS_ENABLED.into_iter().zip(deltas) {
            let with = |flag: u32, value: u32| format!("{enabled} = {flag}; {deltas} = {value}");
            let a = recording(&[&with(0, 1), &with(1, 1)]);
            let b = recording(&[&with(0, 2), &with(1, 1)]);
            let c = recording(&[&with(0, 2), &with(1, 2)]);
            assert!(a.compare(&b, false)[0].explained.is_some());
            let found = a.compare(&c, false);
            assert_eq!((found[0].picture, found[0].count, found[0].explained), (1, 2, None));
        }
    }

    #[test]
    fn sign_biases_matter_unless_the_reference_is_intra() {
        let key = "av1.frame_type = 0; av1.frame_refs = none, none";
        let inter = |bias: &str| {
            format!(
                "av1.frame_type = 1; av1.frame_refs = picture 0, picture 1; av1.ref_frame_sign_bias = {bias}"
            )
        };
        let a = recording(&[key, &inter("0 0"), &inter("0 0")]);
        let b = recording(&[key, &inter("0 0"), &inter("254 0")]);
        let c = recording(&[key, &inter("0 0"), &inter("0 254")]);
        assert!(a.compare(&b, false)[0].explained.is_some());
        assert_eq!(a.compare(&c, false)[0].explained, None);
    }

    #[test]
    fn feature_data_may_differ_by_its_clip_only() {
        let data = |value: i32| {
            let mut all = vec!["0".to_owned(); 64];
            if let Some(at) = all.get_mut(9) {
                *at = value.to_string();
            }
            recording(&[&format!("av1.feature_data = {}\n", all.join(" "))])
        };
        let why = |a, b| data(a).compare(&data(b), false).first().map(|d| d.explained.is_some());
        assert_eq!(why(-63, -64), Some(true));
        assert_eq!(why(-62, -64), Some(false));
        assert_eq!(why(63, -64), Some(false));
    }

    #[test]
    fn a_missing_picture_and_a_broken_file_are_said() {
        let a = recording(&["x = 1", "x = 1"]);
        let b = recording(&["x = 1"]);
        assert_eq!(a.compare(&b, false)[0].field, "pictures");
        assert!(Recording::parse(Path::new("f"), "hello").is_err());
        let why = Recording::parse(Path::new("f"), &format!("{FIRST}\nbroken")).err();
        assert_eq!(why.as_deref(), Some("f: line 2: `broken` is not `name = value`"));
    }
}

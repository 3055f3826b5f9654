//! What a frame was told, member by member, and changes of single members.

use std::collections::HashMap;

use av1_engine::members::{self, Entry, Member};

use super::Stage;
use super::change::Change;
use super::frames::Frames;
use super::plausible::{self, Around};

/// What the frame is told, and what the one before it was.
pub(super) struct Told {
    pub(super) now: Vec<Member>,
    /// By [`Member::path`].
    pub(super) values: HashMap<String, i64>,
    pub(super) before: HashMap<String, i64>,
}

impl Told {
    pub(super) fn new(frames: &Frames) -> Self {
        let job = &frames.target.job;
        let now = members::list(&job.sequence, &job.picture);
        let by_path = |all: &[Member]| all.iter().map(|m| (m.path(), m.value)).collect();
        let before = frames.before.as_ref().map(|info| members::list(&job.sequence, info));
        let before = before.as_deref().map(by_path).unwrap_or_default();
        Self { values: by_path(&now), now, before }
    }

    /// Those of one member.
    pub(super) fn changes(&self, member: &Member, stage: Stage) -> Vec<Change> {
        if plausible::is_idle(member) || (is_sequences(member) && !decides(member)) {
            return Vec::new();
        }
        if self.is_unread(member) {
            return Vec::new();
        }
        let path = member.path();
        let beside = |entry: Option<Entry>| {
            let path = Member { entry: entry?, ..*member }.path();
            self.values.get(&path).copied()
        };
        let entries = match member.entry {
            Entry::Alone => [None, None],
            Entry::At(i) => [i.checked_sub(1).map(Entry::At), Some(Entry::At(i + 1))],
            Entry::AtBoth(i, j) => {
                [i.checked_sub(1).map(|i| Entry::AtBoth(i, j)), Some(Entry::AtBoth(i + 1, j))]
            }
        };
        let stale = self.before.get(&path).copied();
        let around = Around { entries: entries.map(beside), stale };
        let change = |(value, why): (i64, &'static str)| {
            let values = HashMap::from([(path.clone(), value)]);
            let texts = (member.value.to_string(), value.to_string());
            Change::of_members(stage, (member.structure, path.clone()), texts, why, values)
        };
        plausible::values(member, around).into_iter().map(change).collect()
    }

    /// Entries beyond what another member says that there are.
    fn is_unread(&self, member: &Member) -> bool {
        let value = |name: &str| self.values.get(name).copied().unwrap_or_default();
        let entry = match member.entry {
            Entry::At(i) => i as i64,
            Entry::AtBoth(i, j) => {
                let enabled = value(&format!("FeatureEnabled[{i}]"));
                return member.name == "FeatureData" && enabled >> j & 1 == 0;
            }
            Entry::Alone => return false,
        };
        let lag = value("ar_coeff_lag");
        match member.name {
            name if name.starts_with("cdef_") => entry >= 1 << value("cdef_bits"),
            name if name.starts_with("point_y") => entry >= value("num_y_points"),
            name if name.starts_with("point_cb") => entry >= value("num_cb_points"),
            name if name.starts_with("point_cr") => entry >= value("num_cr_points"),
            name if name.starts_with("ar_coeffs") => entry > 2 * lag * (lag + 1),
            _ => false,
        }
    }

    /// A whole structure is that of the frame before.
    pub(super) fn structure(&self, structure: &'static str) -> Option<Change> {
        let own = self.now.iter().filter(|member| member.structure == structure);
        let stale: HashMap<_, _> = own
            .filter_map(|member| Some((member.path(), *self.before.get(&member.path())?)))
            .filter(|(path, value)| self.values.get(path) != Some(value))
            .collect();
        let first = self.now.iter().find(|member| member.structure == structure)?;
        let texts = ("its own".to_owned(), "that of the frame decoded before".to_owned());
        let what = (structure, "(all members)".to_owned());
        (stale.len() > 1)
            .then(|| Change::of_members(plausible::stage(first), what, texts, "stale", stale))
    }

    /// An array is read one entry too low or too high.
    pub(super) fn shifts(&self) -> Vec<Change> {
        const ARRAYS: [(&str, &str, Stage); 5] = [
            ("StdVideoAV1LoopFilter", "loop_filter_ref_deltas", Stage::Deblocking),
            ("StdVideoAV1LoopFilter", "loop_filter_level", Stage::Deblocking),
            ("StdVideoAV1LoopFilter", "loop_filter_mode_deltas", Stage::Deblocking),
            ("StdVideoAV1LoopRestoration", "FrameRestorationType", Stage::Restoration),
            ("StdVideoAV1Segmentation", "FeatureEnabled", Stage::Prediction),
        ];
        let mut changes = Vec::new();
        for (structure, name, stage) in ARRAYS {
            for (by, why) in [(-1, "read one entry too low"), (1, "read one entry too high")] {
                let entry = |i: i64| self.values.get(&format!("{name}[{i}]")).copied();
                let count = (0..).take_while(|i| entry(*i).is_some()).count() as i64;
                let values: HashMap<_, _> = (0..count)
                    .map(|i| (format!("{name}[{i}]"), entry(i + by).unwrap_or_default()))
                    .collect();
                let texts = ("its own entries".to_owned(), why.to_owned());
                let what = (structure, name.to_owned());
                changes.push(Change::of_members(stage, what, texts, why, values));
            }
        }
        changes
    }

    /// Two members are exchanged.
    pub(super) fn swaps(&self) -> Vec<Change> {
        const PAIRS: [(&str, &str, &str, Stage); 10] = [
            ("StdVideoAV1Quantization", "DeltaQUDc", "DeltaQUAc", Stage::Prediction),
            ("StdVideoAV1Quantization", "DeltaQUDc", "DeltaQVDc", Stage::Prediction),
            ("StdVideoAV1Quantization", "qm_u", "qm_v", Stage::Prediction),
            ("StdVideoAV1LoopFilter", "loop_filter_level[0]", "loop_filter_level[1]", DEBLOCKING),
            ("StdVideoAV1LoopFilter", "loop_filter_level[2]", "loop_filter_level[3]", DEBLOCKING),
            ("StdVideoAV1CDEF", "cdef_y_pri_strength", "cdef_y_sec_strength", Stage::Cdef),
            ("StdVideoAV1CDEF", "cdef_uv_pri_strength", "cdef_uv_sec_strength", Stage::Cdef),
            ("StdVideoAV1CDEF", "cdef_y_pri_strength", "cdef_uv_pri_strength", Stage::Cdef),
            ("StdVideoAV1CDEF", "cdef_y_sec_strength", "cdef_uv_sec_strength", Stage::Cdef),
            ("StdVideoAV1LoopRestoration", TYPES[1], TYPES[2], Stage::Restoration),
        ];
        const DEBLOCKING: Stage = Stage::Deblocking;
        const TYPES: [&str; 3] =
            ["FrameRestorationType[0]", "FrameRestorationType[1]", "FrameRestorationType[2]"];
        let mut changes = Vec::new();
        for (structure, a, b, stage) in PAIRS {
            let mut values = HashMap::new();
            for member in self.now.iter().filter(|m| m.structure == structure) {
                let path = member.path();
                for (from, to) in [(a, b), (b, a)] {
                    let Some(rest) = path.strip_prefix(from) else { continue };
                    if let Some(value) = self.values.get(&format!("{to}{rest}")) {
                        values.insert(path.clone(), *value);
                    }
                }
            }
            if values.iter().any(|(path, value)| self.values.get(path) != Some(value)) {
                let texts = ("as given".to_owned(), "exchanged".to_owned());
                let what = (structure, format!("{a} and {b}"));
                changes.push(Change::of_members(stage, what, texts, "exchanged", values));
            }
        }
        changes
    }
}

/// Whether a sequence header has it.
pub(super) fn is_sequences(member: &Member) -> bool {
    matches!(member.structure, "StdVideoAV1SequenceHeader" | "StdVideoAV1ColorConfig")
}

/// The sequence header's members that decide what is decoded of a frame of it.
fn decides(member: &Member) -> bool {
    let tool = member.name.starts_with("enable_") && member.name != "enable_order_hint";
    tool || matches!(member.name, "use_128x128_superblock" | "order_hint_bits_minus_1")
        || matches!(member.name, "separate_uv_delta_q")
}

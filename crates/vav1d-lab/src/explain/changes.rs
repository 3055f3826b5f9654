//! Single changes of what a frame is told: each is a way in which a driver could be wrong.

use std::collections::HashMap;
use std::sync::Arc;

use av1_engine::job::{FrameJob, SequenceHeader};
use av1_engine::members::{self, Entry, Member};

use super::frames::Frames;
use super::motion;
use super::plausible::{self, Around};
use super::{REFERENCE_NAMES, Stage};

/// What has to be decoded again for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The frame.
    Frame,
    /// All frames, with another sequence header.
    Sequence,
    /// A frame that it refers to, of which the samples stay.
    Reference(u64),
    /// The same, of what a frame saves without any effect on its own picture.
    Saved(u64),
}

/// One change.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) stage: Stage,
    pub(super) structure: &'static str,
    /// The member, or what it is called in the text.
    pub(super) member: String,
    pub(super) right: String,
    pub(super) taken: String,
    pub(super) why: &'static str,
    pub(super) scope: Scope,
    edit: Edit,
}

#[derive(Clone, Debug)]
enum Edit {
    /// Values by [`Member::path`].
    Members(HashMap<String, i64>),
    /// A reference name is another slot.
    Name(usize, i32),
    /// pTileOffsets and pTileSizes.
    Tiles(Vec<u32>, Vec<u32>),
    /// codedExtent.
    Extent((u32, u32)),
}

impl Change {
    /// Makes `job` so.
    pub(super) fn apply(&self, job: &mut FrameJob) {
        match &self.edit {
            Edit::Members(values) => {
                let mut sequence = SequenceHeader::clone(&job.sequence);
                members::walk(&mut sequence, &mut job.picture, &mut |member| {
                    values.get(&member.path()).copied()
                });
                if self.scope == Scope::Sequence {
                    job.sequence = Arc::new(sequence);
                }
            }
            Edit::Name(name, slot) => job.reference_name_slot_indices[*name] = *slot,
            Edit::Tiles(offsets, sizes) => {
                job.tile_offsets.clone_from(offsets);
                job.tile_sizes.clone_from(sizes);
            }
            Edit::Extent(extent) => job.coded_extent = *extent,
        }
    }

    /// The members that `values` has are others.
    pub(super) fn of_members(
        stage: Stage,
        (structure, member): (&'static str, String),
        (right, taken): (String, String),
        why: &'static str,
        values: HashMap<String, i64>,
    ) -> Self {
        let (scope, edit) = (Scope::Frame, Edit::Members(values));
        Self { stage, structure, member, right, taken, why, scope, edit }
    }
}

/// All changes of the frame, the more plausible ones of each member first; with `grain`, those of
/// its film grain alone.
pub(super) fn all(frames: &Frames, grain: bool) -> Vec<Change> {
    let job = &frames.target.job;
    let told = Told::new(frames);
    let mut changes = Vec::new();
    for member in &told.now {
        let stage = plausible::stage(member);
        if (stage == Stage::FilmGrain) == grain && !is_sequences(member) {
            changes.extend(told.changes(member, stage));
        }
    }
    if grain {
        changes.extend(told.structure("StdVideoAV1FilmGrain"));
        return changes;
    }
    for structure in [
        "StdVideoAV1Quantization",
        "StdVideoAV1Segmentation",
        "StdVideoAV1LoopFilter",
        "StdVideoAV1CDEF",
        "StdVideoAV1LoopRestoration",
        "StdVideoAV1GlobalMotion",
    ] {
        changes.extend(told.structure(structure));
    }
    changes.extend(told.shifts());
    changes.extend(told.swaps());
    changes.extend(motion::changes(&told));
    order_hints(&mut changes, frames, &told);
    saved(&mut changes, frames);
    names(&mut changes, frames);
    tiles(&mut changes, job);
    extents(&mut changes, job);
    for member in told.now.iter().filter(|member| is_sequences(member)) {
        let changed = told.changes(member, plausible::stage(member)).into_iter();
        changes.extend(changed.map(|change| Change { scope: Scope::Sequence, ..change }));
    }
    changes
}

/// Every value that the member `path` of the frame can have, or those about its own.
pub(super) fn sweep(frames: &Frames, path: &str) -> Vec<Change> {
    /// Values on either side.
    const ABOUT: i64 = 128;
    let told = Told::new(frames);
    let Some(member) = told.now.iter().find(|member| member.path() == path) else {
        return Vec::new();
    };
    if is_sequences(member) || plausible::is_idle(member) {
        return Vec::new();
    }
    let range = plausible::range(member);
    let (low, high) = (member.value - ABOUT, member.value + ABOUT);
    let bits = told.values.get("order_hint_bits_minus_1").copied().unwrap_or_default() + 1;
    let range = if member.name == "OrderHint" { 0..=(1 << bits) - 1 } else { range };
    let all = range.end() - range.start() <= 2 * ABOUT;
    let about = low.max(*range.start())..=high.min(*range.end());
    let values = if all { range } else { about };
    let change = |value: i64| {
        let texts = (member.value.to_string(), value.to_string());
        let what = (member.structure, member.path());
        let values = HashMap::from([(member.path(), value)]);
        Change::of_members(plausible::stage(member), what, texts, "another value", values)
    };
    values.filter(|value| *value != member.value).map(change).collect()
}

/// Whether a sequence header has it.
fn is_sequences(member: &Member) -> bool {
    matches!(member.structure, "StdVideoAV1SequenceHeader" | "StdVideoAV1ColorConfig")
}

/// The sequence header's members that decide what is decoded of a frame of it.
fn decides(member: &Member) -> bool {
    let tool = member.name.starts_with("enable_") && member.name != "enable_order_hint";
    tool || matches!(member.name, "use_128x128_superblock" | "order_hint_bits_minus_1")
        || matches!(member.name, "separate_uv_delta_q")
}

/// What the frame is told, and what the one before it was.
pub(super) struct Told {
    pub(super) now: Vec<Member>,
    /// By [`Member::path`].
    pub(super) values: HashMap<String, i64>,
    pub(super) before: HashMap<String, i64>,
}

impl Told {
    fn new(frames: &Frames) -> Self {
        let job = &frames.target.job;
        let now = members::list(&job.sequence, &job.picture);
        let by_path = |all: &[Member]| all.iter().map(|m| (m.path(), m.value)).collect();
        let before = frames.before.as_ref().map(|info| members::list(&job.sequence, info));
        let before = before.as_deref().map(by_path).unwrap_or_default();
        Self { values: by_path(&now), now, before }
    }

    /// Those of one member.
    fn changes(&self, member: &Member, stage: Stage) -> Vec<Change> {
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
    fn structure(&self, structure: &'static str) -> Option<Change> {
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
    fn shifts(&self) -> Vec<Change> {
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
    fn swaps(&self) -> Vec<Change> {
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

/// OrderHint as that of another frame; and those of its references.
fn order_hints(changes: &mut Vec<Change>, frames: &Frames, told: &Told) {
    let own = &frames.target.header;
    let bits = told.values.get("order_hint_bits_minus_1").copied().unwrap_or_default() + 1;
    if told.values.get("enable_order_hint") != Some(&1) {
        return;
    }
    let structure = "StdVideoDecodeAV1PictureInfo";
    let hint = i64::from(own.order_hint);
    let most = (1 << bits) - 1;
    let hints = own.order_hints.iter().skip(1).map(|h| (i64::from(*h), "that of a reference"));
    let near = [(hint + 2, "two more"), (hint - 2, "two less")];
    for (value, why) in near.into_iter().chain(hints) {
        let known = |c: &Change| c.member == "OrderHint" && c.taken == value.to_string();
        if value == hint || !(0..=most).contains(&value) || changes.iter().any(known) {
            continue;
        }
        let what = (structure, "OrderHint".to_owned());
        let texts = (hint.to_string(), value.to_string());
        let values = HashMap::from([("OrderHint".to_owned(), value)]);
        changes.push(Change::of_members(Stage::Prediction, what, texts, why, values));
    }
    let mut seen = Vec::new();
    for (name, frame) in frames.target.references.iter().enumerate() {
        let Some(frame) = frame.filter(|frame| !seen.contains(frame)) else { continue };
        seen.push(frame);
        let right = i64::from(own.order_hints[name + 1]);
        for (value, why) in [(right + 1, "one more"), (right - 1, "one less"), (0, "0")] {
            if value != right && (0..=most).contains(&value) {
                let structure = "StdVideoDecodeAV1ReferenceInfo";
                changes.push(of_reference(structure, "OrderHint", frame, (right, value), why));
            }
        }
    }
}

/// What a frame saves for later ones without any effect on its own picture.
fn saved(changes: &mut Vec<Change>, frames: &Frames) {
    let primary = usize::from(frames.target.header.primary_ref_frame);
    let Some(frame) = frames.target.references.get(primary).copied().flatten() else { return };
    let Some(coded) = frames.coded(frame) else { return };
    for member in members::list(&coded.job.sequence, &coded.job.picture) {
        let values = match member.name {
            "disable_frame_end_update_cdf" => 0..=1,
            "context_update_tile_id" => 0..=coded.job.tile_offsets.len() as i64 - 1,
            _ => continue,
        };
        for value in values.filter(|value| *value != member.value) {
            let (structure, texts) = (member.structure, (member.value, value));
            let change = of_reference(structure, member.name, frame, texts, "another value");
            changes.push(Change { scope: Scope::Saved(frame), ..change });
        }
    }
}

/// Another value of `name` in a frame that is referred to.
fn of_reference(
    structure: &'static str,
    name: &str,
    frame: u64,
    (right, value): (i64, i64),
    why: &'static str,
) -> Change {
    let what = (structure, format!("{name} of frame {frame}"));
    let texts = (right.to_string(), value.to_string());
    let values = HashMap::from([(name.to_owned(), value)]);
    let change = Change::of_members(Stage::Prediction, what, texts, why, values);
    Change { scope: Scope::Reference(frame), ..change }
}

/// Each reference name as each other slot.
fn names(changes: &mut Vec<Change>, frames: &Frames) {
    let job = &frames.target.job;
    for (name, own) in job.reference_name_slot_indices.iter().enumerate() {
        let frame_of = |slot: i32| frames.held.iter().find(|(s, _)| *s as i32 == slot);
        let Some((_, right)) = frame_of(*own) else { continue };
        for (slot, frame) in frames.held.iter().filter(|(slot, _)| *slot as i32 != *own) {
            changes.push(Change {
                stage: Stage::Prediction,
                structure: "VkVideoDecodeAV1PictureInfoKHR",
                member: format!(
                    "referenceNameSlotIndices[{name}] ({})",
                    REFERENCE_NAMES.get(name).copied().unwrap_or_default()
                ),
                right: format!("the slot of frame {right}"),
                taken: format!("the slot of frame {frame}"),
                why: "another slot",
                scope: Scope::Frame,
                edit: Edit::Name(name, *slot as i32),
            });
        }
    }
}

/// Tiles that begin elsewhere, are of another size, or come in another order.
fn tiles(changes: &mut Vec<Change>, job: &FrameJob) {
    let (offsets, sizes) = (&job.tile_offsets, &job.tile_sizes);
    let structure = "VkVideoDecodeAV1PictureInfoKHR";
    let mut push = |member: String, texts: (String, String), why, edit| {
        let ((right, taken), stage, scope) = (texts, Stage::Prediction, Scope::Frame);
        changes.push(Change { stage, structure, member, right, taken, why, scope, edit });
    };
    for i in 0..offsets.len().min(16) {
        for (by, why) in
            [(1_i64, "one more"), (-1, "one less"), (4, "four more"), (-4, "four less")]
        {
            let moved = |all: &[u32]| -> Option<(u32, Vec<u32>)> {
                let mut all = all.to_vec();
                let value = u32::try_from(i64::from(*all.get(i)?) + by).ok()?;
                *all.get_mut(i)? = value;
                Some((value, all))
            };
            if let Some((value, moved)) = moved(offsets) {
                let texts = (offsets[i].to_string(), value.to_string());
                let edit = Edit::Tiles(moved, sizes.clone());
                push(format!("pTileOffsets[{i}]"), texts, why, edit);
            }
            if let Some((value, moved)) = moved(sizes) {
                let texts = (sizes[i].to_string(), value.to_string());
                let edit = Edit::Tiles(offsets.clone(), moved);
                push(format!("pTileSizes[{i}]"), texts, why, edit);
            }
        }
        if i + 1 < offsets.len() {
            let (mut o, mut s) = (offsets.clone(), sizes.clone());
            o.swap(i, i + 1);
            s.swap(i, i + 1);
            let texts = ("in order".to_owned(), "exchanged".to_owned());
            push(format!("tiles {i} and {}", i + 1), texts, "exchanged", Edit::Tiles(o, s));
        }
    }
}

/// codedExtent as another size.
fn extents(changes: &mut Vec<Change>, job: &FrameJob) {
    let (w, h) = job.coded_extent;
    for (extent, why) in [
        ((w.saturating_sub(1), h), "a sample narrower"),
        ((w, h.saturating_sub(1)), "a sample lower"),
        ((w + 1, h), "a sample wider"),
        ((w, h + 1), "a sample higher"),
        ((w.next_multiple_of(8), h.next_multiple_of(8)), "up to whole blocks of 8"),
    ] {
        if extent == (w, h) || extent.0 == 0 || extent.1 == 0 {
            continue;
        }
        changes.push(Change {
            stage: Stage::Prediction,
            structure: "VkVideoPictureResourceInfoKHR",
            member: "codedExtent".to_owned(),
            right: format!("{w}x{h}"),
            taken: format!("{}x{}", extent.0, extent.1),
            why,
            scope: Scope::Frame,
            edit: Edit::Extent(extent),
        });
    }
}

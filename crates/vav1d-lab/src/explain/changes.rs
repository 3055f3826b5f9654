//! Single changes of what a frame is told: each is a way in which a driver could be wrong.

use std::collections::HashMap;

use av1_engine::job::FrameJob;
use av1_engine::members;

use super::change::{Change, Edit, Scope};
use super::frames::Frames;
use super::motion;
use super::plausible;
use super::told::{Told, is_sequences};
use super::{REFERENCE_NAMES, Stage};

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

//! What an application has told so far: which frame each slot holds, and what 7.20 has saved.

use std::collections::BTreeMap;

use av1_std::owned::{FilmGrain, LoopFilter, PictureInfo, Segmentation};

use super::capture::{Event, Frame};

/// `setup_past_independence()`, 7.21: loop_filter_ref_deltas.
const REF_DELTAS: [i8; 8] = [1, 0, 0, 0, -1, 0, -1, -1];

/// The slots of a session, and the eight reference buffers of the stream as far as they can be seen.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The frame that each slot holds.
    slots: BTreeMap<i32, u64>,
    buffers: [Option<u64>; 8],
    /// A KEY_FRAME that was hidden can be shown again unseen, which refreshes all buffers.
    uncertain: bool,
    /// A frame that inherits no film grain says that it does: the program leaves `update_grain` out.
    without_update_grain: bool,
    saved: BTreeMap<u64, PictureInfo>,
}

/// Whether a frame leaves `update_grain` out, which is 1 where it is not coded (5.9.30).
fn leaves_update_grain_out(info: &PictureInfo) -> bool {
    let given = info.pFilmGrain.as_ref().filter(|_| info.apply_grain && info.frame_type != 1);
    given.is_some_and(|given| !given.update_grain)
}

/// A member that contradicts what was saved: its path, what was given, and what is right.
pub(super) type Contradiction = (String, i64, i64);

impl State {
    /// The frame that a slot holds.
    pub(super) fn frame_in(&self, slot: i32) -> Option<u64> {
        self.slots.get(&slot).copied()
    }

    /// Whether the stream's reference buffers hold the frame; `None` where that cannot be seen.
    pub(super) fn is_referable(&self, frame: u64) -> Option<bool> {
        (!self.uncertain).then(|| self.buffers.contains(&Some(frame)))
    }

    /// Goes on behind an event.
    pub(super) fn after(&mut self, event: &Event) {
        match event {
            Event::Reset => *self = Self::default(),
            Event::Deactivate(slot) => drop(self.slots.remove(slot)),
            Event::Frame(frame) => self.after_frame(frame),
        }
    }

    fn after_frame(&mut self, frame: &Frame) {
        let Some(info) = &frame.info else { return };
        self.without_update_grain |= leaves_update_grain_out(info);
        let is_key = info.frame_type == 0;
        let refreshed = if info.frame_type == 3 { 0xff } else { info.refresh_frame_flags };
        for (i, buffer) in self.buffers.iter_mut().enumerate() {
            if refreshed >> i & 1 == 1 {
                *buffer = Some(frame.number);
            }
        }
        match refreshed {
            0xff => self.uncertain = is_key && !info.error_resilient_mode,
            0 => {}
            _ => self.uncertain |= is_key,
        }
        let setup = frame.setup.as_ref().filter(|_| refreshed != 0);
        if let Some(setup) = setup {
            self.slots.insert(setup.index, frame.number);
        }
        self.saved.insert(frame.number, info.clone());
        let held: Vec<u64> = self.slots.values().copied().collect();
        let buffers = self.buffers;
        self.saved.retain(|number, _| held.contains(number) || buffers.contains(&Some(*number)));
    }

    /// What the primary reference frame of `frame` has saved.
    fn primary(&self, frame: &Frame, info: &PictureInfo) -> Option<&PictureInfo> {
        let intra = matches!(info.frame_type, 0 | 2);
        let name = frame.names.get(usize::from(info.primary_ref_frame)).filter(|_| !intra)?;
        self.saved.get(&self.frame_in(*name)?)
    }

    /// Members that say they are inherited, and are not what was saved (7.20, 7.21).
    pub(super) fn contradictions(&self, frame: &Frame) -> Vec<Contradiction> {
        let Some(info) = &frame.info else { return Vec::new() };
        let mut found = Vec::new();
        let independent = matches!(info.frame_type, 0 | 2) || info.primary_ref_frame == 7;
        let primary = self.primary(frame, info);
        if primary.is_some() || independent {
            if let Some(filter) = &info.pLoopFilter {
                deltas(&mut found, filter, primary);
            }
        }
        if let (Some(given), true) = (&info.pSegmentation, info.segmentation_enabled) {
            match primary {
                Some(primary) if !info.segmentation_update_data => {
                    segmentation(&mut found, given, primary);
                }
                None if independent => past_independence(&mut found, info),
                _ => {}
            }
        }
        if let (Some(given), true) = (&info.pFilmGrain, info.apply_grain) {
            if leaves_update_grain_out(info) {
                found.push(("pFilmGrain.flags.update_grain".to_owned(), 0, 1));
            }
            let says = !given.update_grain && !self.without_update_grain;
            let inherits = says && info.frame_type == 1 && !self.uncertain;
            let index = usize::from(given.film_grain_params_ref_idx);
            let of = self.buffers.get(index).copied().flatten().filter(|_| inherits);
            let saved = of.and_then(|of| self.saved.get(&of)?.pFilmGrain.as_ref());
            if let Some(saved) = saved {
                grain(&mut found, given, saved);
            }
        }
        found
    }
}

/// Deltas of the loop filter that are not updated.
fn deltas(found: &mut Vec<Contradiction>, given: &LoopFilter, primary: Option<&PictureInfo>) {
    if !given.loop_filter_delta_enabled {
        return;
    }
    let saved = primary.and_then(|primary| primary.pLoopFilter.as_ref());
    if primary.is_some() && saved.is_none() {
        return;
    }
    let refs = saved.map_or(REF_DELTAS, |saved| saved.loop_filter_ref_deltas);
    let modes = saved.map_or([0; 2], |saved| saved.loop_filter_mode_deltas);
    let masks = [given.update_ref_delta, given.update_mode_delta];
    if given.loop_filter_delta_update && masks == [0; 2] {
        // An update of nothing: programs leave the masks out, and the deltas are there.
        let differing = |given: &[i8], saved: &[i8]| {
            let bits =
                given.iter().zip(saved).enumerate().filter(|(_, (given, saved))| given != saved);
            bits.fold(0, |mask, (i, _)| mask | 1 << i)
        };
        let right = [
            ("update_ref_delta", differing(&given.loop_filter_ref_deltas, &refs)),
            ("update_mode_delta", differing(&given.loop_filter_mode_deltas, &modes)),
        ];
        let missing = right.into_iter().filter(|(_, mask)| *mask != 0);
        found.extend(missing.map(|(name, mask)| (format!("pLoopFilter.{name}"), 0, mask)));
        return;
    }
    let updated = |mask: u8, i: usize| given.loop_filter_delta_update && mask >> i & 1 == 1;
    let mut compare = |name: &str, mask: u8, given: &[i8], saved: &[i8]| {
        for (i, (given, saved)) in given.iter().zip(saved).enumerate() {
            if given != saved && !updated(mask, i) {
                let member = format!("pLoopFilter.{name}[{i}]");
                found.push((member, i64::from(*given), i64::from(*saved)));
            }
        }
    };
    let [ref_mask, mode_mask] = masks;
    compare("loop_filter_ref_deltas", ref_mask, &given.loop_filter_ref_deltas, &refs);
    compare("loop_filter_mode_deltas", mode_mask, &given.loop_filter_mode_deltas, &modes);
}

/// Features that are not updated.
fn segmentation(found: &mut Vec<Contradiction>, given: &Segmentation, primary: &PictureInfo) {
    let none = Segmentation::default();
    let saved = match (&primary.pSegmentation, primary.segmentation_enabled) {
        (Some(saved), true) => saved,
        // Frames without segmentation clear it, 5.9.14.
        (_, false) => &none,
        (None, true) => return,
    };
    for difference in av1_std::diff::differences(given, saved) {
        let (Some(given), Some(right)) = (difference.first, difference.second) else { continue };
        found.push((format!("pSegmentation.{}", difference.member), given, right));
    }
}

/// What is inferred without a primary reference frame, 5.9.14.
fn past_independence(found: &mut Vec<Contradiction>, info: &PictureInfo) {
    for (name, given, right) in [
        ("update_map", info.segmentation_update_map, true),
        ("temporal_update", info.segmentation_temporal_update, false),
        ("update_data", info.segmentation_update_data, true),
    ] {
        if given != right {
            let member = format!("flags.segmentation_{name}");
            found.push((member, given.into(), right.into()));
        }
    }
}

/// Film grain of another frame, all but the seed.
fn grain(found: &mut Vec<Contradiction>, given: &FilmGrain, saved: &FilmGrain) {
    for difference in av1_std::diff::differences(given, saved) {
        let own = ["grain_seed", "film_grain_params_ref_idx", "flags.update_grain"];
        let (Some(given), Some(right)) = (difference.first, difference.second) else { continue };
        if !own.contains(&difference.member.as_str()) {
            found.push((format!("pFilmGrain.{}", difference.member), given, right));
        }
    }
}

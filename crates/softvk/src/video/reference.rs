//! What the AV1 structures say of a frame's references, against what was decoded into their slots.
//! Nothing in here is fatal: decoding goes by the driver's own record.

use ash::vk::native::{StdVideoDecodeAV1PictureInfo, StdVideoDecodeAV1ReferenceInfo};

use super::known::Known;
use super::op::{DecodeOp, Picture, Slot};
use super::session::State;
use crate::message::{Messages, report};
use av1_engine::job::SequenceHeader;
use av1_engine::relative_dist;

/// Reference frame names, spec section 3, by their number.
const NAMES: [&str; 8] = [
    "INTRA_FRAME",
    "LAST_FRAME",
    "LAST2_FRAME",
    "LAST3_FRAME",
    "GOLDEN_FRAME",
    "BWDREF_FRAME",
    "ALTREF2_FRAME",
    "ALTREF_FRAME",
];

impl Known {
    /// What `picture` says, decoded with `sequence` while the slots hold what `state` has.
    pub(crate) fn new(state: &State, picture: &Picture, sequence: &SequenceHeader) -> Self {
        let std = &picture.info.std;
        let reduced = sequence.std.flags.reduced_still_picture_header() != 0;
        let enable_order_hint = sequence.std.flags.enable_order_hint() != 0 && !reduced;
        let bits = if enable_order_hint { order_hint_bits(sequence) } else { 0 };
        let mut references = [None; 8];
        if !is_intra(std.frame_type) {
            let slots = picture.reference_name_slot_indices;
            for (to, slot) in references.iter_mut().skip(1).zip(slots) {
                let hint = held(state, slot).map(|held| held.order_hint);
                *to = hint.map(|hint| (hint, relative_dist(bits, hint, std.OrderHint) > 0));
            }
        }
        let never_updates_cdf = std.flags.disable_cdf_update() != 0 || reduced;
        let (flags, frame_type, order_hint) = (std.flags, std.frame_type, std.OrderHint);
        Self { flags, frame_type, order_hint, never_updates_cdf, enable_order_hint, references }
    }

    /// `SavedOrderHints` of 7.20, 0 where it is not known.
    fn saved_order_hints(&self) -> [u8; 8] {
        self.references.map(|reference| reference.map_or(0, |(hint, _)| hint))
    }

    /// Where `info` is not about this frame: each member with both values.
    fn differences(&self, info: &StdVideoDecodeAV1ReferenceInfo) -> Vec<String> {
        let mut found = Vec::new();
        let mut differ = |member: &str, given: u32, known: u32| {
            if given != known {
                found.push(format!("{member} is {given}, not {known}"));
            }
        };
        differ("frame_type", info.frame_type.into(), self.frame_type);
        let flags = &self.flags;
        let (given, known) = (info.flags.segmentation_enabled(), flags.segmentation_enabled());
        differ("flags.segmentation_enabled", given, known);
        let given = info.flags.disable_frame_end_update_cdf();
        if !(self.never_updates_cdf && given == 1) {
            let known = flags.disable_frame_end_update_cdf();
            differ("flags.disable_frame_end_update_cdf", given, known);
        }
        if self.enable_order_hint {
            differ("OrderHint", info.OrderHint.into(), self.order_hint.into());
        }
        // There is no bit of INTRA_FRAME, and those of names without a picture are anybody's.
        let (mut bias, mut known) = (info.RefFrameSignBias & !1, 0);
        for (name, reference) in self.references.iter().enumerate() {
            let Some((hint, backward)) = *reference else { continue };
            bias = bias & !(1 << name) | u8::from(backward) << name;
            known |= 1 << name;
            if self.enable_order_hint {
                let member = format!("SavedOrderHints[{name}] ({})", NAMES[name]);
                differ(&member, info.SavedOrderHints[name].into(), hint.into());
            }
        }
        if (info.RefFrameSignBias ^ bias) & known != 0 {
            let given = info.RefFrameSignBias;
            found.push(format!("RefFrameSignBias is {given:#04x}, not {bias:#04x}"));
        }
        found
    }
}

/// OrderHintBits of a sequence with order hints.
fn order_hint_bits(sequence: &SequenceHeader) -> u32 {
    u32::from(sequence.std.order_hint_bits_minus_1 & 7) + 1
}

/// FrameIsIntra.
fn is_intra(frame_type: u32) -> bool {
    const KEY: u32 = 0;
    const INTRA_ONLY: u32 = 2;
    matches!(frame_type, KEY | INTRA_ONLY)
}

fn held(state: &State, slot: i32) -> Option<&Known> {
    state.known.get(usize::try_from(slot).ok()?)?.as_ref()
}

/// Whether a driver that looks for the hint of each reference one entry too low, in `OrderHints`
/// and in the references' `SavedOrderHints`, finds another one there.
pub(crate) fn misread(state: &State, op: &DecodeOp) -> bool {
    let Some(picture) = &op.picture else { return false };
    let std = &picture.info.std;
    let hints = picture.reference_name_slot_indices.iter().zip(std.OrderHints);
    let wrong = |(slot, read): (&i32, u8)| {
        held(state, *slot).is_some_and(|held| held.enable_order_hint && held.order_hint != read)
    };
    let saved = |slot: &Slot| {
        let (Some(info), Some(held)) = (&slot.info, held(state, slot.index)) else { return false };
        let known = held.references.iter().skip(1).zip(info.SavedOrderHints);
        let mut read = known.filter_map(|(known, read)| Some((known.as_ref()?.0, read)));
        held.enable_order_hint && read.any(|(known, read)| known != read)
    };
    !is_intra(std.frame_type) && (hints.into_iter().any(wrong) || op.references.iter().any(saved))
}

/// A reference slot of `op` and the names that it goes by, for messages.
pub(crate) fn name(op: &DecodeOp, slot: i32) -> String {
    let names = op.picture.iter().flat_map(|p| p.reference_name_slot_indices).zip(&NAMES[1..]);
    let names: Vec<_> = names.filter(|(at, _)| *at == slot).map(|(_, name)| *name).collect();
    format!("reference slot {slot} ({})", names.join(", "))
}

/// Reports what a decode says of its references, and of itself as one, that is not so; of order
/// hints only if `hints` is set.
pub(crate) fn check(
    messages: &Messages,
    frame: u64,
    (state, hints): (&State, bool),
    op: &DecodeOp,
    sequence: &SequenceHeader,
) {
    let Some(picture) = &op.picture else { return };
    // A driver that looks for them elsewhere cannot say where they should be.
    let said =
        |known: Known| Known { enable_order_hint: known.enable_order_hint && hints, ..known };
    let known = said(Known::new(state, picture, sequence));
    for slot in &op.references {
        let Some(held) = held(state, slot.index) else { continue };
        let what = name(op, slot.index);
        let vuid = "VUID-vkCmdDecodeVideoKHR-pNext-09255";
        slot_info(messages, frame, (slot, &what, vuid), &said(*held));
    }
    if let Some(setup) = &op.setup {
        let what = format!("setup slot {}", setup.index);
        let vuid = "VUID-vkCmdDecodeVideoKHR-pDecodeInfo-09254";
        let mut setup = setup.clone();
        // SavedOrderHints are saved after the frame (7.20): clients differ in whether they fill
        // those of the setup slot, and nothing says that they have to.
        if let Some(info) = setup.info.as_mut().filter(|info| info.SavedOrderHints == [0; 8]) {
            info.SavedOrderHints = known.saved_order_hints();
        }
        slot_info(messages, frame, (&setup, &what, vuid), &known);
    }
    let found = picture_info(&picture.info.std, &known, sequence);
    if !found.is_empty() {
        let text = format!("StdVideoDecodeAV1PictureInfo: {}", found.join("; "));
        report(messages, "", Some(frame), &text);
    }
}

fn slot_info(messages: &Messages, frame: u64, (slot, what, vuid): (&Slot, &str, &str), k: &Known) {
    let Some(info) = &slot.info else {
        let text = format!("{what} has no StdVideoDecodeAV1ReferenceInfo");
        return report(messages, vuid, Some(frame), &text);
    };
    let found = k.differences(info);
    if !found.is_empty() {
        let text = format!("{what}: StdVideoDecodeAV1ReferenceInfo: {}", found.join("; "));
        report(messages, "", Some(frame), &text);
    }
}

/// Members of StdVideoDecodeAV1PictureInfo that say what the references are.
fn picture_info(
    std: &StdVideoDecodeAV1PictureInfo,
    known: &Known,
    sequence: &SequenceHeader,
) -> Vec<String> {
    let mut found = Vec::new();
    if !known.enable_order_hint {
        return found;
    }
    for (name, reference) in known.references.iter().enumerate() {
        let Some((hint, _)) = *reference else { continue };
        let given = std.OrderHints[name];
        if given != hint {
            found.push(format!("OrderHints[{name}] ({}) is {given}, not {hint}", NAMES[name]));
        }
    }
    let present = std.flags.skip_mode_present() != 0;
    let bits = order_hint_bits(sequence);
    if let Some(frames) = skip_mode_frames(known, bits).filter(|_| present) {
        let given = std.SkipModeFrame;
        if given != frames {
            found.push(format!("SkipModeFrame is {given:?}, not {frames:?}"));
        }
    }
    found
}

/// `SkipModeFrame`, spec 5.9.22; `None` where it is not allowed, or a reference is not known.
fn skip_mode_frames(known: &Known, bits: u32) -> Option<[u8; 2]> {
    let now = known.order_hint;
    let mut forward: Option<(u8, u8)> = None;
    let mut backward: Option<(u8, u8)> = None;
    for name in 1..8 {
        let (hint, _) = known.references[name]?;
        let newer = |than: Option<(u8, u8)>| than.map(|(_, h)| relative_dist(bits, hint, h));
        let here = Some((name as u8, hint));
        match relative_dist(bits, hint, now) {
            d if d < 0 && newer(forward).is_none_or(|d| d > 0) => forward = here,
            d if d > 0 && newer(backward).is_none_or(|d| d < 0) => backward = here,
            _ => {}
        }
    }
    let (first, first_hint) = forward?;
    let second = match backward {
        Some((name, _)) => name,
        None => second_forward(known, bits, first_hint)?,
    };
    Some([first.min(second), first.max(second)])
}

/// The newest reference that is older than `first`.
fn second_forward(known: &Known, bits: u32, first: u8) -> Option<u8> {
    let mut second: Option<(u8, u8)> = None;
    for name in 1..8 {
        let (hint, _) = known.references[name]?;
        let newer = second.is_none_or(|(_, h)| relative_dist(bits, hint, h) > 0);
        if relative_dist(bits, hint, first) < 0 && newer {
            second = Some((name as u8, hint));
        }
    }
    second.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use ash::vk::native::StdVideoDecodeAV1PictureInfoFlags;

    use super::*;

    /// A frame of hint `now` whose references have `hints`, with 4 bits of order hint.
    fn known(now: u8, hints: [u8; 7]) -> Known {
        let mut references = [None; 8];
        for (to, hint) in references.iter_mut().skip(1).zip(hints) {
            *to = Some((hint, relative_dist(4, hint, now) > 0));
        }
        Known {
            flags: StdVideoDecodeAV1PictureInfoFlags {
                _bitfield_align_1: [],
                _bitfield_1: Default::default(),
            },
            frame_type: 1,
            order_hint: now,
            never_updates_cdf: false,
            enable_order_hint: true,
            references,
        }
    }

    #[test]
    fn skip_mode_frames_are_the_nearest_on_both_sides_or_the_two_before() {
        let frames = |now, hints| skip_mode_frames(&known(now, hints), 4);
        // The first of equal ones; the nearer of those after.
        assert_eq!(frames(8, [7, 6, 7, 4, 12, 10, 10]), Some([1, 6]));
        assert_eq!(frames(8, [10, 10, 9, 7, 7, 6, 5]), Some([3, 4]));
        // None after: the nearest, and the next older.
        assert_eq!(frames(8, [5, 7, 6, 7, 6, 5, 4]), Some([2, 3]));
        assert_eq!(frames(8, [7; 7]), None);
        assert_eq!(frames(8, [9, 10, 9, 8, 9, 9, 9]), None);
        // Hints wrap.
        assert_eq!(frames(1, [15, 14, 0, 14, 3, 2, 4]), Some([3, 6]));
        let mut unknown = known(8, [7; 7]);
        unknown.references[3] = None;
        assert_eq!(skip_mode_frames(&unknown, 4), None);
    }

    #[test]
    fn the_cdf_flag_may_be_inferred() {
        let mut info = StdVideoDecodeAV1ReferenceInfo {
            flags: ash::vk::native::StdVideoDecodeAV1ReferenceInfoFlags {
                _bitfield_align_1: [],
                _bitfield_1: Default::default(),
            },
            frame_type: 1,
            RefFrameSignBias: 0,
            OrderHint: 8,
            SavedOrderHints: [0, 7, 7, 7, 7, 7, 7, 7],
        };
        let mut frame = known(8, [7; 7]);
        assert_eq!(frame.differences(&info), [""; 0]);
        info.flags.set_disable_frame_end_update_cdf(1);
        assert_eq!(frame.differences(&info).len(), 1);
        frame.never_updates_cdf = true;
        assert_eq!(frame.differences(&info), [""; 0]);
        info.flags.set_disable_frame_end_update_cdf(0);
        assert_eq!(frame.differences(&info), [""; 0]);
    }
}

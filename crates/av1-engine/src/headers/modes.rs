//! Small tables: interpolation filter, transform mode, reference mode and skip mode,
//! spec 5.9.10 and 5.9.21 to 5.9.23.

use ash::vk::native::StdVideoDecodeAV1PictureInfo;

use super::super::Fault;
use super::super::obu_writer::BitWriter;
use super::{HeaderInput, Reference};

/// `read_interpolation_filter()`, spec 5.9.10.
pub(super) fn read_interpolation_filter(w: &mut BitWriter, std: &StdVideoDecodeAV1PictureInfo) {
    const SWITCHABLE: u32 = 4;
    // Clients that copy syntax elements leave the filter unset when the flag is set.
    let switchable =
        std.interpolation_filter == SWITCHABLE || std.flags.is_filter_switchable() != 0;
    w.flag(switchable); // is_filter_switchable
    if !switchable {
        w.f(2, std.interpolation_filter);
    }
}

/// `read_tx_mode()`, spec 5.9.21.
pub(super) fn read_tx_mode(w: &mut BitWriter, coded_lossless: bool, tx_mode: u32) {
    const TX_MODE_SELECT: u32 = 2;
    if !coded_lossless {
        w.flag(tx_mode == TX_MODE_SELECT); // tx_mode_select
    }
}

/// `frame_reference_mode()`, spec 5.9.23.
pub(super) fn frame_reference_mode(
    w: &mut BitWriter,
    reference_select: bool,
    references: Option<&[Reference; 7]>,
) {
    if references.is_some() {
        w.flag(reference_select);
    }
}

/// `skip_mode_params()`, spec 5.9.22.
pub(super) fn skip_mode_params(
    w: &mut BitWriter,
    input: &HeaderInput<'_>,
    reference_select: bool,
) -> Result<(), Fault> {
    let skip_mode_present = input.picture.std.flags.skip_mode_present() != 0;
    let allowed = match input.references {
        Some(references) if reference_select => skip_mode_allowed(input, references),
        _ => return Ok(()),
    };
    if allowed {
        w.flag(skip_mode_present);
    } else if skip_mode_present {
        // The tiles would be read without the symbols that they have.
        return Err(Fault::Inexpressible { element: "skip_mode_present", section: "5.9.22" });
    }
    Ok(())
}

/// `skipModeAllowed` of a frame with `reference_select`.
fn skip_mode_allowed(input: &HeaderInput<'_>, references: &[Reference; 7]) -> bool {
    let sequence = input.sequence;
    if sequence.order_hint_bits == 0 {
        return false;
    }
    let order_hint = mask_order_hint(input.picture.std.OrderHint, sequence.order_hint_bits);
    let mut forward_hint: Option<u8> = None;
    let mut backward = false;
    for reference in references {
        let ref_hint = reference.order_hint;
        let dist = sequence.relative_dist(ref_hint, order_hint);
        if dist < 0 {
            if forward_hint.is_none_or(|forward| sequence.relative_dist(ref_hint, forward) > 0) {
                forward_hint = Some(ref_hint);
            }
        } else if dist > 0 {
            backward = true;
        }
    }
    match forward_hint {
        None => false,
        Some(_) if backward => true,
        // A second forward reference, older than the first.
        Some(forward) => references
            .iter()
            .any(|reference| sequence.relative_dist(reference.order_hint, forward) < 0),
    }
}

/// `OrderHint` as `f(OrderHintBits)` carries it.
pub(crate) fn mask_order_hint(order_hint: u8, bits: u32) -> u8 {
    (u32::from(order_hint) & ((1 << bits) - 1)) as u8
}

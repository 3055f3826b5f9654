//! Every change, with every value, on every sample: what is written decodes the same tiles from the
//! same frames with the same parameters, and shows the same pictures.

mod common;

use av1_rewrite::change::{Step, all};
use av1_rewrite::error::Error;
use av1_rewrite::random::Random;
use av1_rewrite::slots::{State, shown};
use av1_rewrite::stream::{Item, Stream};
use av1_rewrite::{Derived, read, write};
use av1_syntax::obu::Framing;
use av1_syntax::syntax::RefSlot;
use av1_syntax::syntax::frame::FrameHeader;
use av1_syntax::syntax::modes::get_relative_dist;

/// What decoding a frame depends on: parameters, tiles, and which frames are where.
#[derive(Debug, PartialEq)]
struct Essence {
    origin: u64,
    tiles: usize,
    bytes: u64,
    /// Origins of the frames that are named, with the distances of their order hints.
    references: Vec<(Option<u64>, i32)>,
    primary: Option<u64>,
    header: FrameHeader,
}

/// `header` without what says where frames are, what they are numbered, and how things are coded.
fn plain(header: &FrameHeader) -> FrameHeader {
    let mut h = header.clone();
    (h.show_frame, h.showable_frame, h.error_resilient_mode) = (true, true, true);
    h.frame_presentation_time = None;
    (h.current_frame_id, h.order_hint, h.refresh_frame_flags) = (0, 0, 0);
    (h.ref_frame_idx, h.delta_frame_id_minus_1, h.ref_order_hint) = (None, None, None);
    (h.expected_frame_id, h.order_hints) = ([0; 7], [0; 8]);
    h.buffer_removal_time.clear();
    h.buffer_removal_time_present_flag = false;
    h.frame_size_override_flag = false;
    h.frame_refs_short_signaling = false;
    h.frame_size.found_ref = None;
    h.frame_size.render_and_frame_size_different = false;
    h.segmentation_params.segmentation_update_data = false;
    let filter = &mut h.loop_filter_params;
    (filter.loop_filter_delta_update, filter.update_ref_delta, filter.update_mode_delta) =
        (false, 0, 0);
    let grain = &mut h.film_grain_params;
    (grain.update_grain, grain.film_grain_params_ref_idx) = (false, 0);
    if !grain.apply_grain {
        *grain = Default::default();
    }
    let tiles = &mut h.tile_info;
    tiles.uniform_tile_spacing_flag = false;
    (tiles.tile_cols_log2, tiles.tile_rows_log2, tiles.tile_size_bytes_minus_1) = (0, 0, 0);
    h
}

fn essences(stream: &Stream) -> Vec<Essence> {
    let (mut state, mut origins, mut all) = (State::default(), Vec::new(), Vec::new());
    for item in stream.units.iter().flat_map(|unit| &unit.items) {
        if let (Item::Frame(frame), Some(sequence)) = (item, &state.sequence) {
            let header = &frame.header;
            let origin_of = |slot: RefSlot| {
                let held = state.get(slot)?;
                let distance =
                    get_relative_dist(sequence, held.header.order_hint, header.order_hint);
                origins.get(held.frame).map(|origin| (*origin, distance))
            };
            let references = header.ref_frame_idx.into_iter().flatten().map(|slot| {
                origin_of(slot).map_or((None, 0), |(origin, distance)| (Some(origin), distance))
            });
            let primary = state.primary(header).and_then(|held| origins.get(held.frame)).copied();
            let bytes = frame.tiles.iter().flat_map(|tile| tile.iter());
            let sum = bytes.fold(0u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte));
            all.push(Essence {
                origin: frame.origin,
                tiles: frame.tiles.len(),
                bytes: sum,
                references: references.collect(),
                primary,
                header: plain(header),
            });
            origins.push(frame.origin);
        }
        state.pass(item);
    }
    all
}

/// Makes `steps`, and says what is wrong with what is written, if anything. Nothing where a step does
/// not apply.
fn judge(stream: &Stream, steps: &[Step], seed: u64) -> Option<Result<(), String>> {
    let (mut changed, mut random) = (stream.clone(), Random::new(seed));
    for step in steps {
        match step.apply(&mut changed, &mut random) {
            Ok(()) => {}
            Err(Error::NotApplicable { .. }) => return None,
            Err(error) => return Some(Err(error.to_string())),
        }
    }
    let written = match write::write(&changed, Framing::Section5, Derived::Checked) {
        Ok(written) => written,
        Err(error) => return Some(Err(error.to_string())),
    };
    let back = match read::read(&written, stream.time_base) {
        Ok(back) => back,
        Err(error) => return Some(Err(error.to_string())),
    };
    let alters = steps.iter().any(|step| step.change.alters_pictures);
    let (is, was) = (essences(&back), essences(stream));
    if !alters && is != was {
        let at = is.iter().zip(&was).position(|(is, was)| is != was);
        let text = at.map(|at| format!("{:?}\n{:?}", is[at], was[at])).unwrap_or_default();
        return Some(Err(format!("frame {at:?} is another\n{text}")));
    }
    let repeats = steps.iter().any(|step| step.change.name == "repeat");
    let mut pictures = shown(&back);
    if pictures != shown(&changed) {
        return Some(Err("other pictures than meant".to_owned()));
    }
    if repeats {
        pictures.dedup();
    }
    let mut expected = shown(stream);
    expected.dedup();
    pictures.dedup();
    Some(if pictures == expected { Ok(()) } else { Err("other pictures".to_owned()) })
}

#[test]
fn every_change_keeps_what_is_decoded() {
    let samples = common::samples();
    let (mut faults, mut never) = (Vec::new(), Vec::new());
    for change in all() {
        let mut applied = 0;
        for value in change.values {
            let step = Step { change, value: (*value).to_owned() };
            for (index, (name, _, stream)) in samples.iter().enumerate() {
                match judge(stream, std::slice::from_ref(&step), index as u64) {
                    None => {}
                    Some(Ok(())) => applied += 1,
                    Some(Err(what)) => faults.push(format!("{name} {step}: {what}")),
                }
            }
        }
        if applied == 0 {
            never.push(change.name);
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(never.is_empty(), "never applied: {never:?}");
}

#[test]
fn changes_go_together() {
    let (samples, changes) = (common::samples(), all().collect::<Vec<_>>());
    let (mut faults, mut applied, mut random) = (Vec::new(), 0, Random::new(25));
    for seed in 0..300 {
        let (name, _, stream) = random.of(&samples).expect("there are some");
        let count = 1 + random.below(6);
        let mut draw = || {
            let change = random.of(&changes).expect("there are some");
            Step::draw(change, &mut random)
        };
        let steps: Vec<_> = (0..count).map(|_| draw()).collect();
        match judge(stream, &steps, seed) {
            None => {}
            Some(Ok(())) => applied += 1,
            Some(Err(what)) => faults.push(format!("{name} {steps:?}: {what}")),
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(applied > 100, "{applied} of 300");
}

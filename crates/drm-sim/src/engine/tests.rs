//! Frames of random tiles as the drivers write them, built field by field: decoded, written where
//! they are wanted, and what does not fit is named.

mod written;

use std::io;

use av1_engine::job::Chroma;

use super::part::Part;
use super::{Avp, Outcome, Vcn, avp_job, frames, vcn_job};
use crate::avp::{self, Field};
use crate::batch::Command;
use crate::bytes::Bytes;
use crate::memory::{Memory, Space};
use crate::swizzle::Family;
use crate::tiling::Tiling;
use crate::vcn::{self, Layout, Message};

mod outputs;

/// Where 16 MiB are mapped, and what lies there.
const BASE: u64 = 0x100_0000;
const BITSTREAM: u64 = BASE;
const TARGET: u64 = BASE + 0x10_0000;
const IMAGES: u64 = BASE + 0x20_0000;
const TABLES: u64 = BASE + 0x40_0000;
const MOTION: u64 = BASE + 0x50_0000;
/// Bytes of a tile.
const TILE: u32 = 3000;

/// Memory with the bytes of a tile in it.
fn space() -> io::Result<Space> {
    let mut memory = Memory::new()?;
    let buffer = memory.create(1 << 24).and_then(|handle| memory.buffer(handle));
    let Some(buffer) = buffer else { return Err(io::ErrorKind::OutOfMemory.into()) };
    memory.map(0, BASE, 1 << 24, buffer.offset);
    let space = memory.space(0);
    let tile: Vec<u8> = (1..=TILE).map(|i| (i.wrapping_mul(i) >> 3) as u8 ^ i as u8).collect();
    space.write(BITSTREAM, &tile).ok_or(io::ErrorKind::Other)?;
    Ok(space)
}

/// A part of a message with these values.
fn part(family: &'static Layout, fields: &[(&str, usize, i64)]) -> Bytes {
    let mut bytes = Bytes(vec![0; 1 << 13]);
    for &(name, index, value) in fields {
        assert!(vcn::add(family, &mut bytes, (name, index), value), "{name}");
    }
    bytes
}

fn flags(names: &[&str]) -> i64 {
    let bit = |name: &&str| vcn::FLAGS.iter().position(|flag| flag == name).expect("a flag");
    names.iter().map(|name| 1_i64 << bit(name)).sum()
}

/// A frame of 64x64 samples in one tile that goes to `slot`, and refers to slot 0 by all names
/// unless it is a key frame.
fn frame(slot: i64, key: bool, more: &[(&str, usize, i64)]) -> Bytes {
    let mut fields = vec![
        ("frame_header_flags", 0, flags(&["refresh_frame_context", "enable_order_hint"])),
        ("frame_type", 0, i64::from(!key)),
        ("primary_ref_frame", 0, if key { 7 } else { 0 }),
        ("curr_pic_idx", 0, slot),
        ("base_qindex", 0, 100),
        ("qm_y", 0, -1),
        ("qm_u", 0, -1),
        ("qm_v", 0, -1),
        ("tile_cols", 0, 1),
        ("tile_rows", 0, 1),
        ("tile_col_start_sb", 1, 1),
        ("tile_row_start_sb", 1, 1),
        ("tx_mode", 0, 1),
        ("width", 0, 64),
        ("height", 0, 64),
        ("superres_upscaled_width", 0, 64),
        ("superres_scale_denominator", 0, 8),
        ("order_hint_bits", 0, 7),
        ("frame_offset", 0, slot),
        ("cdef_damping", 0, 3),
        ("tile_info", 1, i64::from(TILE)),
    ];
    fields.extend(more);
    part(vcn::AV1, &fields)
}

/// The message of a frame whose reference, slot 0, is said to have a pitch of `pitch`.
fn message(slot: i64, av1: Bytes, pitch: i64) -> Message {
    let decode = part(
        vcn::DECODE,
        &[
            ("bsd_size", 0, i64::from(TILE)),
            ("dt_pitch", 0, 256),
            ("dt_uv_pitch", 0, 128),
            ("dt_chroma_top_offset", 0, 0x8000),
        ],
    );
    let image = |slot: i64| IMAGES as i64 + slot * 0x1_0000;
    let dpb = part(
        vcn::DPB,
        &[
            ("luma_pitch", 0, pitch),
            ("luma_aligned_height", 0, 64),
            ("luma_aligned_size", 0, pitch * 64),
            ("chroma_pitch", 0, pitch / 2),
            ("chroma_aligned_size", 0, pitch * 32),
            ("array_size", 0, 1),
            ("current_low", 0, image(slot)),
            ("address_low", 0, image(0)),
        ],
    );
    let parts = vec![(2, decode), (0x10, dpb), (0x11, av1)];
    Message { kind: 1, stream: 5, parts, references: None, target: TARGET, bitstream: BITSTREAM }
}

/// The luma rows that lie at an address.
fn rows(space: &Space, address: u64, pitch: u64, tiling: Tiling) -> Vec<Vec<u8>> {
    let size = tiling.size(pitch, 64).expect("a size");
    let bytes = space.read(address, size).expect("mapped");
    (0..64).map(|y| tiling.get(&bytes, pitch, (0, y), 64)).collect()
}

/// The luma rows of the picture.
fn luma(outcome: &Outcome) -> Vec<Vec<u8>> {
    let (decoded, _) = outcome.picture.as_ref().expect("a picture");
    let planes = decoded.clean.planes();
    let av1_engine::PlaneData::U8(data) = planes[0].data else { panic!("8 bits") };
    data.chunks(planes[0].stride).take(64).map(|row| row[..64].to_vec()).collect()
}

#[test]
fn a_message_is_decoded_to_where_it_says() -> io::Result<()> {
    let space = space()?;
    let mut vcn = Vcn::new(Some(Family::Gfx11Pipes8));
    let key = vcn.message(&space, &message(0, frame(0, true, &[]), 256), None);
    let key = key.expect("it decodes");
    assert_eq!(key.faults, [""; 0]);
    assert_eq!(rows(&space, TARGET, 256, Tiling::Linear), luma(&key));
    let chroma = space.read(TARGET + 0x8000, 2).expect("mapped");
    assert_ne!(chroma, [0, 0]);
    let inter = message(1, frame(1, false, &[]), 256);
    let inter = vcn.message(&space, &inter, None).expect("it decodes");
    assert_eq!(inter.faults, [""; 0]);
    assert_ne!(luma(&inter), luma(&key));
    // After a message that resets the session its reference is gone.
    let reset = Message { kind: 0, stream: 5, ..Message::default() };
    assert!(vcn.message(&space, &reset, None).is_none());
    let inter = message(1, frame(1, false, &[]), 256);
    let lost = vcn.message(&space, &inter, None).expect("it says why not");
    assert!(lost.picture.is_none() && lost.faults[0].contains("no valid picture"));
    assert_eq!(rows(&space, TARGET, 256, Tiling::Linear), vec![vec![0xA5; 64]; 64]);
    Ok(())
}

#[test]
fn what_does_not_fit_a_message_is_named() -> io::Result<()> {
    let space = space()?;
    let fault = |messages: &[Message]| {
        let mut vcn = Vcn::new(Some(Family::Gfx11Pipes8));
        let mut all: Vec<_> =
            messages.iter().map(|message| vcn.message(&space, message, None)).collect();
        all.pop().flatten().expect("a decode").faults.join("; ")
    };
    let key = || message(0, frame(0, true, &[]), 256);
    let inter = || message(1, frame(1, false, &[]), 256);
    assert_eq!(fault(&[key(), inter()]), "");
    let pitch = message(1, frame(1, false, &[]), 512);
    assert!(fault(&[key(), pitch]).contains("pitch 512, 64 rows, swizzle mode 0, chroma at "));
    let mut mode = inter();
    assert!(vcn::add(vcn::DECODE, &mut mode.parts[0].1, ("db_swizzle_mode", 0), 2));
    let mode = fault(&[key(), mode]);
    assert!(mode.contains("64 rows, swizzle mode 2") && mode.contains("64 rows, swizzle mode 0"));
    let unmapped = Message { target: 0x9000_0000, ..key() };
    assert!(fault(&[unmapped]).contains("output: a plane of"));
    let nowhere = Message { bitstream: 0x9000_0000, ..key() };
    assert_eq!(fault(&[nowhere]), "tile 0 is not mapped");
    let tiles = message(0, frame(0, true, &[("tile_cols", 0, 200)]), 256);
    assert!(fault(&[tiles]).contains("201x1 tiles"));
    let mut swizzled = key();
    assert!(vcn::add(vcn::DECODE, &mut swizzled.parts[0].1, ("dt_swizzle_mode", 0), 30));
    assert!(fault(&[swizzled]).contains("swizzle mode 30"));
    let long = message(0, frame(0, true, &[("tile_info", 1, 10)]), 256);
    assert!(fault(&[long]).contains("tile 0 ends at 3010, the bitstream has 3000 bytes"));
    Ok(())
}

#[test]
fn what_is_made_of_references_that_are_read_wrongly_is_no_picture() -> io::Result<()> {
    let space = space()?;
    let mut vcn = Vcn::new(Some(Family::Gfx11Pipes8));
    let mut decode = |slot, key: bool, pitch| {
        let message = message(slot, frame(slot, key, &[]), pitch);
        let outcome = vcn.message(&space, &message, None).expect("a decode");
        let is_poison = rows(&space, TARGET, 256, Tiling::Linear) == vec![vec![0xA5; 64]; 64];
        assert_ne!(outcome.picture.is_some(), is_poison);
        outcome.picture.is_some()
    };
    assert!(decode(0, true, 256));
    assert!(!decode(1, false, 512), "slot 0 has another pitch");
    assert!(!decode(0, false, 512), "and takes a picture that is made of itself");
    assert!(!decode(1, false, 512), "which is read rightly, and is wrong");
    assert!(decode(0, true, 512) && decode(1, false, 512));
    Ok(())
}

#[test]
fn members_come_from_their_fields() {
    let fields = frame(
        3,
        false,
        &[
            ("frame_header_flags", 0, flags(&["segmentation_enabled", "delta_q_present_flag"])),
            ("delta_q_res", 0, 4),
            ("qm_u", 0, 1 - 16 + 6),
            ("superres_scale_denominator", 0, 4),
            ("superres_upscaled_width", 0, 32),
            ("feature_mask", 2, 3),
            ("feature_data", 17, -20),
            ("cdef_strengths", 0, 18),
            ("global_motion.4", 3, 1 << 16),
            ("frame_refs", 0, 0x7F),
            ("film_grain.apply_grain", 0, 1),
            ("film_grain.scaling_points_y", 3, 77),
            ("film_grain.ar_coeffs_cb", 24, -5),
        ],
    );
    let part = Part::new(vcn::AV1, &fields);
    let job = vcn_job::job(&part).expect("a frame");
    assert_eq!((job.setup_slot, job.coded_extent), (Some(3), (96, 64)));
    assert_eq!(job.reference_name_slot_indices[..2], [-1, 0]);
    let std = &job.picture.std;
    assert_eq!((std.delta_q_res, std.coded_denom, std.flags.use_superres()), (2, 3, 1));
    let q = job.picture.quantization.expect("there");
    assert_eq!((q.flags.using_qmatrix(), q.qm_y, q.qm_u), (1, 15, 6));
    let s = job.picture.segmentation.expect("there");
    assert_eq!((s.FeatureEnabled[2], s.FeatureData[2][1]), (3, -20));
    let c = job.picture.cdef.expect("there");
    assert_eq!((c.cdef_y_pri_strength[0], c.cdef_y_sec_strength[0]), (4, 2));
    assert_eq!(job.picture.global_motion.expect("there").gm_params[4][2], 1 << 16);
    let g = job.picture.film_grain.expect("there");
    assert_eq!((g.point_y_scaling[1], g.ar_coeffs_cb_plus_128[24] as u8), (77, 123));
    assert_eq!(vcn_job::profile(&part).chroma, Chroma::Yuv420);
    // Without a setup slot the number means nothing.
    let kept = part_with_flag(&fields, "skip_reference_update");
    assert_eq!(vcn_job::job(&kept).expect("a frame").setup_slot, None);
}

fn part_with_flag(bytes: &Bytes, flag: &str) -> Part {
    let mut bytes = bytes.clone();
    assert!(vcn::add(vcn::AV1, &mut bytes, ("frame_header_flags", 0), flags(&[flag])));
    Part::new(vcn::AV1, &bytes)
}

/// A command of `number` with these values.
fn command(number: u32, words: usize, table: &[Field], fields: &[(&str, i64)]) -> Command {
    let mut command = vec![0; words];
    command[0] = number << 16;
    for &(name, value) in fields {
        let field = table.iter().find(|field| field.name == name).expect("a field");
        assert!(field.add(&mut command, 0, value), "{name}");
    }
    command
}

/// The commands of a frame of 64x64 samples in one tile, which goes to image `image` and refers to
/// image 0 by all names unless it is a key frame. `cdf` is the image whose probabilities it begins
/// with, `motion` the one whose motion vectors belong to its references.
fn batch(image: u64, key: bool, cdf: Option<u64>, motion: u64, more: &[Command]) -> Vec<Command> {
    let mut buffers = vec![0; 68];
    buffers[0] = avp::BUFFERS << 16;
    let mut set = |at: usize, address: u64| {
        (buffers[at], buffers[at + 1]) = (address as u32, (address >> 32) as u32);
    };
    set(avp::AT_OUTPUT, IMAGES + image * 0x1_0000);
    set(avp::AT_CDF_READ, cdf.map_or(TABLES, |image| TABLES + (1 + image) * 0x1000));
    set(avp::AT_CDF_WRITE, TABLES + (1 + image) * 0x1000);
    set(avp::AT_MOTION_WRITE, MOTION + image * 0x1000);
    for name in 0..8 {
        if !key {
            set(avp::AT_REFERENCES + name * 2, IMAGES);
            set(avp::AT_MOTION_READ + name * 2, MOTION + motion * 0x1000);
        }
    }
    let picture = [
        ("frame_width_minus_1", 63),
        ("frame_height_minus_1", 63),
        ("chroma_subsampling_format", 1),
        ("enable_order_hint_flag", 1),
        ("order_hint_bits_minus_1", 6),
        ("frame_type", i64::from(!key)),
        ("primary_reference_frame_idx", if key { 7 } else { 0 }),
        ("base_qindex", 100),
        ("frame_transform_mode", 1),
        ("current_frame_order_hint", image as i64),
        ("use_reference_frame_mv_set_flag", i64::from(!key)),
    ];
    let surface = [("surface_pitch_minus_1", 127), ("y_offset_for_u_cb", 64)];
    let mut commands = vec![
        vec![avp::MODE << 16],
        command(avp::SURFACE, 5, avp::SURFACE_FIELDS, &surface),
        buffers,
        vec![avp::BITSTREAM << 16, BITSTREAM as u32, 0, 0],
        command(avp::PICTURE, 51, avp::PICTURE_FIELDS, &picture),
        command(avp::FILTER, 16, avp::FILTER_FIELDS, &[]),
    ];
    commands.extend((7..15).filter(|_| !key).map(|number| {
        let mut surface = command(avp::SURFACE, 5, avp::SURFACE_FIELDS, &surface);
        surface[1] |= number << 28;
        surface
    }));
    commands.extend(more.iter().cloned());
    commands.push(command(avp::TILE, 7, avp::TILE_FIELDS, &[("is_last_tile_of_frame_flag", 1)]));
    commands.push(vec![avp::OBJECT << 16, TILE, 0]);
    commands
}

/// What becomes of the frames of batches.
fn run(space: &Space, batches: &[Vec<Command>]) -> Vec<Outcome> {
    let mut avp = Avp::new(Tiling::Tile4);
    let all = batches.iter().flat_map(|batch| frames(batch));
    all.map(|frame| avp.frame(space, &frame, None)).collect()
}

#[test]
fn a_batch_is_decoded_to_where_it_says() -> io::Result<()> {
    let space = space()?;
    let key = || batch(0, true, None, 0, &[]);
    let outcomes = run(&space, &[key(), batch(1, false, Some(0), 0, &[])]);
    assert_eq!(outcomes.len(), 2);
    for (image, outcome) in (0..).zip(&outcomes) {
        assert_eq!(outcome.faults, [""; 0]);
        let found = rows(&space, IMAGES + image * 0x1_0000, 128, Tiling::Tile4);
        assert_eq!(found, luma(outcome));
    }
    assert_ne!(luma(&outcomes[0]), luma(&outcomes[1]));
    // A block that a driver decodes to nowhere is no frame.
    let mut nowhere = key();
    nowhere[2].fill(0);
    nowhere[2][0] = avp::BUFFERS << 16;
    assert!(frames(&nowhere).is_empty());
    Ok(())
}

#[test]
fn what_does_not_fit_a_batch_is_named() -> io::Result<()> {
    let space = space()?;
    let fault = |second: Vec<Command>| {
        let outcomes = run(&space, &[batch(0, true, None, 0, &[]), second]);
        outcomes.last().expect("a frame").faults.join("; ")
    };
    assert_eq!(fault(batch(1, false, Some(0), 0, &[])), "");
    let other = fault(batch(1, false, None, 0, &[]));
    assert_eq!(
        other,
        "the frame begins with probabilities that no picture left, its primary reference keeps the \
         probabilities of picture 0"
    );
    let inter = |cdf| {
        let outcomes = run(&space, &[batch(0, true, None, 0, &[]), batch(1, false, cdf, 0, &[])]);
        luma(&outcomes[1])
    };
    assert_ne!(inter(None), inter(Some(0)), "other probabilities are another picture");
    let motion = fault(batch(1, false, Some(0), 7, &[]));
    assert!(motion.contains("its buffer of motion vectors holds nothing"), "{motion}");
    let surface = [("surface_pitch_minus_1", 255), ("y_offset_for_u_cb", 64)];
    let mut pitch = command(avp::SURFACE, 5, avp::SURFACE_FIELDS, &surface);
    pitch[1] |= 7 << 28;
    let pitch = fault(batch(1, false, Some(0), 0, &[pitch]));
    assert!(pitch.contains("reference 1 has a pitch of 256"), "{pitch}");
    let alone = run(&space, &[batch(1, false, None, 0, &[])]);
    assert!(alone[0].faults[0].contains("reference 1 is where no picture was written"));
    let over = fault(batch(0, false, Some(0), 0, &[]));
    assert!(over.contains("the picture goes to where reference 7 is"), "{over}");
    let segment = command(avp::SEGMENT, 4, avp::SEGMENT_FIELDS, &[("feature_mask", 2)]);
    let mut segmented = batch(1, false, Some(0), 0, &[segment]);
    let picture = segmented.iter_mut().find(|command| command[0] >> 16 == avp::PICTURE);
    let field = avp::PICTURE_FIELDS.iter().find(|field| field.name == "segmentation_enable_flag");
    assert!(field.expect("a field").add(picture.expect("there"), 0, 1));
    assert!(fault(segmented).contains("no data of them"));
    Ok(())
}

#[test]
fn a_picture_of_motion_vectors_that_are_not_its_references_own_is_no_picture() -> io::Result<()> {
    let space = space()?;
    let wrong = [batch(0, true, None, 0, &[]), batch(1, false, Some(0), 7, &[])];
    let outcomes = run(&space, &wrong);
    assert!(outcomes[0].picture.is_some() && outcomes[1].picture.is_none());
    let found = rows(&space, IMAGES + 0x1_0000, 128, Tiling::Tile4);
    assert_eq!(found, vec![vec![0xA5; 64]; 64]);
    Ok(())
}

#[test]
fn film_grain_goes_to_an_image_with_a_pitch_of_its_own() -> io::Result<()> {
    let space = space()?;
    let grained = IMAGES + 0x4_0000;
    let surface = [("surface_pitch_minus_1", 255), ("y_offset_for_u_cb", 96)];
    let mut surface = command(avp::SURFACE, 5, avp::SURFACE_FIELDS, &surface);
    surface[1] |= avp::GRAIN_SURFACE << 28;
    let scaling = [
        ("number_of_luma_points", 1),
        ("point_luma_value", 128),
        ("point_luma_scaling", 255),
        ("grain_random_seed", 1000),
    ];
    let grain = command(avp::GRAIN, 30, avp::GRAIN_FIELDS, &scaling);
    let mut commands = batch(0, true, None, 0, &[surface, grain]);
    for command in &mut commands {
        match command[0] >> 16 {
            avp::BUFFERS => command[avp::AT_GRAIN_OUTPUT] = grained as u32,
            avp::PICTURE => {
                let field = avp::PICTURE_FIELDS.iter().find(|f| f.name == "apply_film_grain_flag");
                assert!(field.expect("a field").add(command, 0, 1));
            }
            _ => {}
        }
    }
    let outcomes = run(&space, &[commands]);
    assert_eq!(outcomes[0].faults, [""; 0]);
    let (decoded, _) = outcomes[0].picture.as_ref().expect("a picture");
    let planes = decoded.grained.as_ref().expect("with grain").planes();
    let av1_engine::PlaneData::U8(data) = planes[0].data else { panic!("8 bits") };
    let wanted: Vec<_> =
        data.chunks(planes[0].stride).take(64).map(|row| row[..64].to_vec()).collect();
    assert_eq!(rows(&space, grained, 256, Tiling::Tile4), wanted);
    assert_ne!(wanted, luma(&outcomes[0]), "there is grain");
    assert_eq!(rows(&space, IMAGES, 128, Tiling::Tile4), luma(&outcomes[0]));
    Ok(())
}

#[test]
fn warp_parameters_get_their_lower_bits_back() {
    let motion = [("global_motion_type", 3), ("warp_parameters", -2)];
    let mut commands = batch(0, false, Some(0), 0, &[]);
    let picture = commands.iter_mut().find(|command| command[0] >> 16 == avp::PICTURE);
    let picture = picture.expect("there");
    for (name, value) in motion {
        let field = avp::PICTURE_FIELDS.iter().find(|field| field.name == name);
        assert!(field.expect("a field").add(picture, 0, value));
    }
    let all = frames(&commands);
    let job = avp_job::job(&all[0]).expect("a frame");
    let gm = job.picture.global_motion.expect("there");
    assert_eq!((gm.GmType[1], gm.GmType[2]), (3, 0));
    assert_eq!(gm.gm_params[1], [-2 << 10, 0, 1 << 16, 0, 0, 1 << 16]);
    assert_eq!(gm.gm_params[2], [0, 0, 1 << 16, 0, 0, 1 << 16]);
}

//! Whole frames: the reconstruction against a decoder that is fed the stream as it was coded, and
//! against nonsense.

use ash::vk::native as std_av1;

use super::super::testing::{self, Rng, flags};
use super::super::{Frame, PlaneData};
use super::*;
use crate::headers::Reference;
use crate::job::{Chroma, PictureInfo, SequenceHeader};

fn sequence() -> Arc<SequenceHeader> {
    let mut header = testing::sequence_header();
    let flags = &mut header.std.flags;
    flags.set_enable_filter_intra(1);
    flags.set_enable_interintra_compound(1);
    flags.set_enable_masked_compound(1);
    flags.set_enable_warped_motion(1);
    flags.set_enable_dual_filter(1);
    flags.set_enable_order_hint(1);
    flags.set_enable_jnt_comp(1);
    flags.set_enable_ref_frame_mvs(1);
    flags.set_enable_superres(1);
    flags.set_enable_cdef(1);
    flags.set_enable_restoration(1);
    testing::shared(header)
}

fn samples(frame: &Frame) -> Vec<u16> {
    let mut all = Vec::new();
    for plane in frame.planes() {
        for y in 0..plane.height {
            let row = y * plane.stride..y * plane.stride + plane.width;
            match plane.data {
                PlaneData::U8(data) => all.extend(data[row].iter().map(|&s| u16::from(s))),
                PlaneData::U16(data) => all.extend_from_slice(&data[row]),
            }
        }
    }
    all
}

/// A picture of the stream.
#[derive(Clone)]
struct Coded {
    id: u64,
    saved: Saved,
    key: bool,
    /// A key frame that was not shown yet.
    hidden_key: bool,
    samples: Vec<u16>,
}

/// A stream with random tiles, decoded twice: by a decoder that has the stream's own reference
/// buffers, and by the reconstruction as an application with `slot_count` slots drives it.
struct World {
    rng: Rng,
    sequence: Arc<SequenceHeader>,
    direct: Decoder,
    vbi: [Option<Coded>; 8],
    recon: Reconstructor,
    app: Vec<Option<u64>>,
    next_slot: usize,
    time: u64,
    decoded: usize,
    /// A picture was lost, so the two decoders go apart.
    missed: bool,
}

impl World {
    fn new(seed: u64, slot_count: usize) -> Self {
        let profile = testing::profile(Chroma::Yuv420, 8);
        Self {
            rng: Rng::new(seed),
            sequence: sequence(),
            direct: Decoder::new(Pace::of_threads(1)),
            vbi: Default::default(),
            recon: Reconstructor::with_threads(profile, slot_count as u32, 1)
                .expect("a reconstructor"),
            app: vec![None; slot_count],
            next_slot: 0,
            time: 0,
            decoded: 0,
            missed: false,
        }
    }

    /// The slot that is dead for longest or nearly so.
    fn setup_slot(&mut self) -> usize {
        let live = |id: &u64| self.vbi.iter().flatten().any(|coded| coded.id == *id);
        let dead = |slot: &Option<u64>| !slot.as_ref().is_some_and(live);
        loop {
            self.next_slot = (self.next_slot + 1) % self.app.len();
            if dead(&self.app[self.next_slot]) {
                return self.next_slot;
            }
        }
    }

    fn step(&mut self) {
        self.time += 1;
        let started = self.vbi.iter().all(Option::is_some);
        if started && self.rng.once_in(6) {
            self.show_existing();
        } else if !started || self.rng.once_in(10) {
            let shown = !started || self.rng.flag();
            let mut picture = testing::picture_info(0);
            picture.std.flags.set_error_resilient_mode(u32::from(shown));
            picture.std.refresh_frame_flags = if shown { 0xff } else { 1 << self.rng.below(8) };
            self.decode(picture, None, shown);
        } else if self.rng.once_in(10) {
            let mut picture = testing::picture_info(2);
            picture.std.refresh_frame_flags = 1 << self.rng.below(8);
            self.decode(picture, None, true);
        } else {
            let mut picture = testing::picture_info(1);
            picture.std.refresh_frame_flags = self.rng.byte() & self.rng.byte() & self.rng.byte();
            picture.std.primary_ref_frame = self.rng.below(8) as u8;
            let references = std::array::from_fn(|_| self.rng.below(8));
            self.inter_flags(&mut picture);
            self.decode(picture, Some(references), true);
        }
    }

    fn inter_flags(&mut self, picture: &mut PictureInfo) {
        let rng = &mut self.rng;
        let flags = &mut picture.std.flags;
        flags.set_allow_high_precision_mv(u32::from(rng.flag()));
        flags.set_is_motion_mode_switchable(u32::from(rng.flag()));
        flags.set_use_ref_frame_mvs(u32::from(rng.flag()));
        flags.set_allow_warped_motion(u32::from(rng.flag()));
        flags.set_reference_select(u32::from(rng.flag()));
        flags.set_disable_frame_end_update_cdf(u32::from(rng.once_in(4)));
        if rng.flag() {
            flags.set_segmentation_enabled(1);
            flags.set_segmentation_update_map(u32::from(rng.flag()));
            flags.set_segmentation_temporal_update(u32::from(rng.flag()));
            picture.segmentation = Some(std_av1::StdVideoAV1Segmentation {
                FeatureEnabled: std::array::from_fn(|_| rng.byte() & 0x1f),
                FeatureData: [[-7; 8]; 8],
            });
        }
        let mut global_motion =
            std_av1::StdVideoAV1GlobalMotion { GmType: [0; 8], gm_params: [[0; 6]; 8] };
        for name in 1..8 {
            global_motion.GmType[name] = rng.below(4) as u8;
            let mut any =
                |limit: usize, step: i32| (rng.below(2 * limit) as i32 - limit as i32) * step;
            let mut params = [any(100, 1 << 14), any(100, 1 << 14), 0, 0, 0, 0];
            for (idx, param) in params.iter_mut().enumerate().skip(2) {
                *param = any(300, 2) + if idx % 3 == 2 { 1 << 16 } else { 0 };
            }
            global_motion.gm_params[name] = params;
        }
        picture.global_motion = Some(global_motion);
    }

    /// The same OBUs as the stream would have them, to the decoder with the stream's buffers.
    fn decode_directly(
        &mut self,
        job: &FrameJob,
        references: Option<[usize; 7]>,
        tile: &[u8],
    ) -> Result<(Frame, Saved), Fault> {
        let sequence = Sequence::new(&self.sequence, self.recon.profile)?;
        let size = FrameSize::new(job, &sequence)?;
        let references = references.map(|indices| {
            indices.map(|index| {
                let saved = self.vbi[index].as_ref().expect("the stream has started").saved;
                Reference { index: index as u8, order_hint: saved.order_hint, gm: saved.gm }
            })
        });
        let (unit, saved) = Unit::new(job, &[tile], &sequence, size, references.as_ref(), None)?;
        let frame = self.direct.decode(unit.obus(job.picture.std.refresh_frame_flags, None))?;
        Ok((frame, saved))
    }

    fn decode(&mut self, mut picture: PictureInfo, references: Option<[usize; 7]>, shown: bool) {
        picture.std.OrderHint = self.time as u8;
        let mut job = testing::job(&self.sequence, picture);
        let tile = self.rng.bytes(10_000);
        let slot = self.setup_slot();
        job.setup_slot = Some(slot as u32);
        if let Some(references) = references {
            job.reference_name_slot_indices = references.map(|index| {
                let id = self.vbi[index].as_ref().map(|coded| coded.id);
                self.app.iter().position(|held| *held == id).map_or(-1, |slot| slot as i32)
            });
        } else {
            // Clients leave stale slots here.
            job.reference_name_slot_indices = [self.rng.below(12) as i32 - 2; 7];
        }
        let direct = self.decode_directly(&job, references, &tile);
        let ours = self.recon.decode(&job, &[&tile]);
        self.app[slot] = None;
        let coded = match (direct, ours) {
            (Ok((frame, saved)), Ok(ours)) => {
                assert!(samples(&frame) == samples(&ours.clean), "frame {} differs", self.time);
                self.decoded += 1;
                let key = job.picture.std.frame_type == 0;
                let hidden_key = key && !shown;
                Some(Coded { id: self.time, saved, key, hidden_key, samples: samples(&frame) })
            }
            (Err(direct), Err(ours)) => {
                assert_eq!(direct, ours);
                None
            }
            // A guess was wrong: the picture is missed, and no other one is shown.
            (Ok(_), Err(Fault::ReferenceMissing { .. })) if self.app.len() > 9 => {
                self.missed = true;
                None
            }
            (direct, ours) => panic!("{:?} but {:?}", direct.map(|_| ()), ours.map(|_| ())),
        };
        let refresh_frame_flags = job.picture.std.refresh_frame_flags;
        for (i, entry) in self.vbi.iter_mut().enumerate() {
            if refresh_frame_flags >> i & 1 == 1 {
                entry.clone_from(&coded);
            }
        }
        if refresh_frame_flags != 0 {
            self.app[slot] = coded.map(|coded| coded.id);
        }
    }

    /// `show_existing_frame`: only the decoder with the stream's buffers hears of it.
    fn show_existing(&mut self) {
        let index = self.rng.below(8);
        let Some(coded) = self.vbi[index].clone() else {
            return;
        };
        // A shown key frame is not showable.
        if coded.key && !coded.hidden_key {
            return;
        }
        // OBU_FRAME_HEADER: show_existing_frame, frame_to_show_map_idx, trailing bits.
        let obus = vec![2 << 3 | 2, 0, 3 << 3 | 2, 1, 0x88 | (index as u8) << 4];
        let frame = self.direct.decode(obus).expect("the picture is there");
        assert!(samples(&frame) == coded.samples);
        if coded.hidden_key {
            let shown = Coded { hidden_key: false, ..coded };
            self.vbi = std::array::from_fn(|_| Some(shown.clone()));
        }
    }
}

#[test]
fn threads_are_for_tiles_and_cores() {
    let numbers =
        |tile_count| [0, 1, 2, 3, 8, 64].map(|cores| Threads::Cores(cores).number(tile_count));
    assert_eq!(numbers(0), [1, 1, 1, 2, 2, 2]);
    assert_eq!(numbers(1), [1, 1, 1, 2, 2, 2]);
    assert_eq!(numbers(2), [1, 1, 2, 2, 2, 2]);
    assert_eq!(numbers(4), [1, 1, 2, 3, 4, 4]);
    assert_eq!(numbers(128), [1, 1, 2, 3, 8, 16]);
    assert_eq!([0, 5, 1000].map(|n| Threads::Fixed(n).number(1)), [1, 5, 256]);
}

#[test]
fn cores_of_others_are_left_to_them() {
    let pace = |cores, taken, delay, tile_count| {
        let profile = testing::profile(Chroma::Yuv420, 8);
        let mut it = Reconstructor::ahead(profile, 9, 0, delay).expect("a session");
        it.threads = Threads::Cores(cores);
        it.leave_cores(taken);
        let Pace { threads, delay } = it.pace(tile_count, 1920 * 1080);
        (threads, delay)
    };
    assert_eq!(
        [1, 2, 3, 4, 16].map(|cores| pace(cores, 0, 0, 1)),
        [(1, 1), (2, 2), (3, 2), (4, 2), (16, 4)]
    );
    assert_eq!(
        [1, 2, 3, 4, 16].map(|cores| pace(cores, 1, 0, 1)),
        [(1, 1), (1, 1), (2, 2), (3, 2), (15, 4)]
    );
    // Tiles have threads all the same, and who says how many frames at a time gets them.
    assert_eq!((pace(2, 1, 0, 8), pace(2, 1, 2, 1), pace(2, 1, 1, 8)), ((2, 1), (2, 2), (2, 1)));
}

#[test]
fn any_slots_give_what_the_streams_own_buffers_give() {
    let mut decoded = 0;
    for seed in 0..12 {
        for slot_count in [9, 12] {
            let mut world = World::new(seed, slot_count);
            for _ in 0..120 {
                world.step();
                if world.missed {
                    break;
                }
            }
            decoded += world.decoded;
        }
    }
    assert!(decoded > 1000, "only {decoded} frames could be compared");
}

/// An initialised structure of nonsense.
fn noise(rng: &mut Rng) -> FrameJob {
    let mut header = testing::sequence_header();
    header.std.flags._bitfield_1 = bits(rng);
    header.std.max_frame_width_minus_1 = rng.next() as u16;
    header.std.order_hint_bits_minus_1 = rng.byte();
    let mut picture = testing::picture_info(rng.below(5) as u32);
    let std = &mut picture.std;
    std.flags._bitfield_1 = bits(rng);
    std.OrderHint = rng.byte();
    std.primary_ref_frame = rng.byte();
    std.refresh_frame_flags = rng.byte();
    std.interpolation_filter = rng.next() as u32;
    std.TxMode = rng.next() as u32;
    std.delta_q_res = rng.byte();
    std.delta_lf_res = rng.byte();
    std.coded_denom = rng.byte();
    if let Some(tile_info) = picture.tile_info.as_mut().filter(|_| rng.once_in(3)) {
        tile_info.std.flags._bitfield_1 = bits(rng);
        tile_info.std.TileCols = rng.byte() >> rng.below(8);
        tile_info.std.TileRows = rng.byte() >> rng.below(8);
        tile_info.std.context_update_tile_id = rng.next() as u16;
        tile_info.width_in_sbs_minus_1 = vec![0; usize::from(tile_info.std.TileCols)];
        tile_info.height_in_sbs_minus_1 = vec![0; rng.below(3)];
    }
    if let Some(quantization) = &mut picture.quantization {
        quantization.flags._bitfield_1 = bits(rng);
        quantization.base_q_idx = rng.byte() * u8::from(rng.flag());
        quantization.DeltaQUAc = rng.byte() as i8;
        quantization.qm_v = rng.byte();
    }
    optional_noise(rng, &mut picture);
    let mut job = testing::job(&testing::shared(header), picture);
    job.coded_extent = match rng.below(20) {
        0 => (0, 5),
        1 => (u32::MAX, u32::MAX),
        2 => (65536, 65536),
        _ => (1 + rng.below(200) as u32, 1 + rng.below(200) as u32),
    };
    job.setup_slot = rng.flag().then(|| rng.below(10) as u32);
    job.reference_name_slot_indices = std::array::from_fn(|_| rng.below(4) as i32 - 1);
    job
}

/// The parts that may be NULL.
fn optional_noise(rng: &mut Rng, picture: &mut PictureInfo) {
    picture.segmentation = rng.flag().then(|| std_av1::StdVideoAV1Segmentation {
        FeatureEnabled: std::array::from_fn(|_| rng.byte()),
        FeatureData: std::array::from_fn(|_| std::array::from_fn(|_| rng.next() as i16)),
    });
    picture.loop_filter = rng.flag().then(|| std_av1::StdVideoAV1LoopFilter {
        flags: flags!(StdVideoAV1LoopFilterFlags),
        loop_filter_level: std::array::from_fn(|_| rng.byte()),
        loop_filter_sharpness: rng.byte(),
        update_ref_delta: rng.byte(),
        loop_filter_ref_deltas: std::array::from_fn(|_| rng.byte() as i8),
        update_mode_delta: rng.byte(),
        loop_filter_mode_deltas: std::array::from_fn(|_| rng.byte() as i8),
    });
    picture.cdef = rng.flag().then(|| std_av1::StdVideoAV1CDEF {
        cdef_damping_minus_3: rng.byte(),
        cdef_bits: rng.byte(),
        cdef_y_pri_strength: std::array::from_fn(|_| rng.byte()),
        cdef_y_sec_strength: std::array::from_fn(|_| rng.byte()),
        cdef_uv_pri_strength: std::array::from_fn(|_| rng.byte()),
        cdef_uv_sec_strength: std::array::from_fn(|_| rng.byte()),
    });
    picture.loop_restoration = rng.flag().then(|| std_av1::StdVideoAV1LoopRestoration {
        FrameRestorationType: std::array::from_fn(|_| rng.below(5) as u32),
        LoopRestorationSize: std::array::from_fn(|_| rng.below(5) as u16),
    });
    picture.global_motion = rng.flag().then(|| std_av1::StdVideoAV1GlobalMotion {
        GmType: std::array::from_fn(|_| rng.byte() * u8::from(rng.once_in(8))),
        gm_params: std::array::from_fn(|_| std::array::from_fn(|_| rng.next() as i32)),
    });
    picture.film_grain = rng.flag().then(|| {
        let mut film_grain = testing::film_grain(rng);
        film_grain.num_y_points = rng.byte() >> rng.below(8);
        film_grain.point_cb_value[2] = rng.byte();
        film_grain
    });
}

fn bits<const N: usize>(rng: &mut Rng) -> std_av1::__BindgenBitfieldUnit<[u8; N]> {
    std_av1::__BindgenBitfieldUnit::new(std::array::from_fn(|_| rng.byte() & rng.byte()))
}

#[test]
fn nonsense_is_refused_or_decoded_but_never_panics() {
    let mut rng = Rng::new(7);
    let (mut decoded, mut refused) = (0, 0);
    for chroma in [Chroma::Monochrome, Chroma::Yuv420, Chroma::Yuv422, Chroma::Yuv444] {
        for bit_depth in [8, 10, 12] {
            let profile =
                Profile { film_grain_support: true, ..testing::profile(chroma, bit_depth) };
            let mut recon = Reconstructor::with_threads(profile, 9, 1).expect("a reconstructor");
            for _ in 0..150 {
                let job = noise(&mut rng);
                let tile_count = job.picture.tile_info.as_ref().map_or(0, |tile_info| {
                    usize::from(tile_info.std.TileCols) * usize::from(tile_info.std.TileRows)
                });
                let tile = rng.bytes(3000);
                match recon.decode(&job, &vec![&tile[..]; tile_count.min(4096)]) {
                    Ok(_) => decoded += 1,
                    Err(Fault::Panicked) => panic!("the decoder panicked"),
                    Err(_) => refused += 1,
                }
                if rng.once_in(40) {
                    recon.reset();
                }
            }
        }
    }
    assert!(decoded > 100 && refused > 100, "{decoded} decoded, {refused} refused");
}

#[test]
fn faults_name_what_is_wrong() {
    let profile = testing::profile(Chroma::Yuv420, 8);
    let mut recon = Reconstructor::with_threads(profile, 9, 1).expect("a reconstructor");
    let sequence = sequence();
    let tile = Rng::new(3).bytes(10_000);
    let mut key = testing::job(&sequence, testing::picture_info(0));
    key.setup_slot = Some(0);
    key.picture.std.refresh_frame_flags = 0xff;
    let fault = |recon: &mut Reconstructor, job: &FrameJob, tiles: &[&[u8]]| {
        recon.decode(job, tiles).map(|_| ()).unwrap_err()
    };
    assert_eq!(fault(&mut recon, &key, &[]), Fault::TileCount { expected: 1, given: 0 });
    assert_eq!(fault(&mut recon, &key, &[&[]]), Fault::TileSize { tile: 0, bytes: 0 });
    let mut job = key.clone();
    job.picture.quantization = None;
    assert_eq!(fault(&mut recon, &job, &[&tile]), Fault::MissingStruct("pQuantization"));
    job.picture.tile_info = None;
    assert_eq!(fault(&mut recon, &job, &[&tile]), Fault::MissingStruct("pTileInfo"));
    job.coded_extent = (0, 64);
    assert_eq!(fault(&mut recon, &job, &[&tile]), Fault::FrameSize { width: 0, height: 64 });
    job.setup_slot = Some(9);
    assert_eq!(fault(&mut recon, &job, &[&tile]), Fault::SetupSlot(9));
    let mut inter = testing::job(&sequence, testing::picture_info(1));
    inter.reference_name_slot_indices = [0; 7];
    let missing = Fault::ReferenceMissing { name: 1, slot: 0 };
    assert_eq!(fault(&mut recon, &inter, &[&tile]), missing);
    assert!(recon.decode(&key, &[&tile]).is_ok());
    assert_eq!(recon.decode(&inter, &[&tile]).err(), None);
    inter.coded_extent = (31, 64);
    assert_eq!(fault(&mut recon, &inter, &[&tile]), Fault::ReferenceScale { name: 1 });
    inter.coded_extent = (64, 64);
    recon.reset();
    assert_eq!(fault(&mut recon, &inter, &[&tile]), missing);
}

#[test]
fn another_sequence_header_ends_all_references() {
    let profile = testing::profile(Chroma::Yuv420, 8);
    let mut recon = Reconstructor::with_threads(profile, 9, 1).expect("a reconstructor");
    let tile = Rng::new(3).bytes(10_000);
    let mut key = testing::job(&sequence(), testing::picture_info(0));
    key.setup_slot = Some(0);
    key.picture.std.refresh_frame_flags = 0xff;
    let inter = |sequence: SequenceHeader| {
        let mut job = testing::job(&testing::shared(sequence), testing::picture_info(1));
        job.reference_name_slot_indices = [0; 7];
        job
    };
    assert!(recon.decode(&key, &[&tile]).is_ok());
    let mut same = (*sequence()).clone();
    same.std.max_frame_width_minus_1 = 1000;
    same.std.flags.set_film_grain_params_present(1);
    same.std.flags.set_timing_info_present_flag(1);
    assert!(recon.decode(&inter(same), &[&tile]).is_ok(), "nothing that decodes tiles differs");
    let mut other = (*sequence()).clone();
    other.std.flags.set_enable_cdef(0);
    let fault = recon.decode(&inter(other), &[&tile]).map(|_| ()).unwrap_err();
    assert_eq!(fault, Fault::ReferenceMissing { name: 1, slot: 0 });
}

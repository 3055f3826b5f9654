//! Frames that are submitted ahead against the same frames one after the other.

use std::collections::VecDeque;

use super::super::testing::{self, Rng};
use super::*;
use crate::job::Chroma;

/// Frames with random tiles over nine slots. Some are of tiles that no decoder takes, some name
/// slots that are empty, some cannot be written.
fn jobs(seed: u64, count: usize) -> Vec<(FrameJob, Vec<u8>)> {
    let mut rng = Rng::new(seed);
    let mut header = testing::sequence_header();
    header.std.flags.set_enable_order_hint(1);
    header.std.flags.set_enable_ref_frame_mvs(1);
    header.std.flags.set_enable_cdef(1);
    let sequence = testing::shared(header);
    // The stream's eight buffers, by the slot that each is in.
    let mut buffers = [0_i32; 8];
    let mut jobs = Vec::new();
    for number in 0..count {
        let key = number == 0 || rng.once_in(12);
        let mut picture = testing::picture_info(u32::from(!key));
        picture.std.OrderHint = number as u8;
        picture.std.refresh_frame_flags = if key { 0xff } else { rng.byte() & rng.byte() };
        picture.std.flags.set_error_resilient_mode(u32::from(key));
        picture.std.primary_ref_frame = if key { 7 } else { rng.below(8) as u8 };
        picture.std.flags.set_use_ref_frame_mvs(u32::from(!key && rng.flag()));
        // Names that more often than not include the frame before.
        let names: [usize; 7] = std::array::from_fn(|_| rng.below(8));
        let mut names = names.map(|name| buffers[name]);
        if !key && rng.once_in(30) {
            names[rng.below(7)] = -1;
        }
        if rng.once_in(30) {
            picture.quantization = None;
        }
        let mut job = testing::job(&sequence, picture);
        let slot = (0..9).find(|slot| !buffers.contains(slot)).unwrap_or(8);
        job.setup_slot = Some(slot as u32);
        job.reference_name_slot_indices = names;
        for (i, buffer) in buffers.iter_mut().enumerate() {
            if job.picture.std.refresh_frame_flags >> i & 1 == 1 {
                *buffer = slot;
            }
        }
        let bytes = if rng.once_in(16) { 1 } else { 1500 };
        jobs.push((job, rng.bytes(bytes)));
    }
    jobs
}

type Outcome = Result<Vec<Vec<u16>>, Fault>;

fn samples(outcome: Result<Decoded, Fault>) -> Outcome {
    outcome.map(|decoded| decoded.clean.samples())
}

/// What comes of `jobs` where as many as there is room for are submitted ahead, at most `most`; and
/// how many were.
fn ahead(
    recon: &mut Reconstructor,
    jobs: &[(FrameJob, Vec<u8>)],
    most: usize,
) -> (Vec<Outcome>, usize) {
    let mut outcomes = Vec::new();
    let mut waiting: VecDeque<Ticket> = VecDeque::new();
    let mut submitted = 0;
    for (job, tile) in jobs {
        let room = recon.room() != Room::No;
        let ticket = room.then(|| recon.submit(job, &[tile])).flatten();
        submitted += usize::from(ticket.is_some());
        waiting.extend(ticket);
        while waiting.len() >= most || ticket.is_none() && !waiting.is_empty() {
            let ticket = waiting.pop_front().expect("one waits");
            outcomes.push(samples(recon.take(ticket)));
        }
        if ticket.is_none() {
            outcomes.push(samples(recon.decode(job, &[tile])));
        }
    }
    outcomes.extend(waiting.into_iter().map(|ticket| samples(recon.take(ticket))));
    (outcomes, submitted)
}

#[test]
fn what_comes_of_frames_does_not_depend_on_how_many_are_in_the_making() {
    let profile = testing::profile(Chroma::Yuv420, 8);
    let (mut failed, mut missing, mut all) = (0, 0, 0);
    for seed in 0..6 {
        let jobs = jobs(seed, 60);
        let mut alone = Reconstructor::with_threads(profile, 9, 1).expect("a reconstructor");
        let expected: Vec<_> =
            jobs.iter().map(|(job, tile)| samples(alone.decode(job, &[tile]))).collect();
        failed += expected.iter().filter(|o| o.is_err()).count();
        let is_missing = |o: &&Outcome| matches!(o, Err(Fault::ReferenceMissing { .. }));
        missing += expected.iter().filter(is_missing).count();
        for (threads, delay, most) in [(2, 2, 2), (2, 2, 9), (4, 3, 3), (4, 4, 9), (1, 4, 4)] {
            let mut recon =
                Reconstructor::ahead(profile, 9, threads, delay).expect("a reconstructor");
            let (found, submitted) = ahead(&mut recon, &jobs, most);
            let at = found.iter().zip(&expected).position(|(found, expected)| found != expected);
            let kind = |outcomes: &[Outcome]| at.map(|at| outcomes[at].clone().map(drop));
            let (ours, theirs) = (kind(&found), kind(&expected));
            assert_eq!(at, None, "{seed} {threads} {delay} {most}: {ours:?} {theirs:?}");
            all += submitted;
            assert!(threads > 1 || submitted == 0, "{submitted}");
        }
    }
    assert!(failed > 20 && missing > 10 && all > 400, "{failed} {missing} {all}");
}

/// After a failure the decoder goes on with the references that it has, whatever the profile is.
#[test]
fn a_failure_costs_no_reference() {
    use Chroma::{Monochrome, Yuv420, Yuv422, Yuv444};
    for chroma in [Monochrome, Yuv420, Yuv422, Yuv444] {
        for depth in [8, 10, 12] {
            let profile = testing::profile(chroma, depth);
            let jobs = jobs(3, 40);
            let mut alone = Reconstructor::with_threads(profile, 9, 1).expect("a reconstructor");
            let expected: Vec<_> =
                jobs.iter().map(|(job, tile)| samples(alone.decode(job, &[tile]))).collect();
            for delay in [2, 3] {
                let mut recon =
                    Reconstructor::ahead(profile, 9, 3, delay).expect("a reconstructor");
                assert!(ahead(&mut recon, &jobs, 2).0 == expected, "{chroma:?} {depth}");
            }
            let failed = expected.iter().filter(|outcome| outcome.is_err()).count();
            assert!((1..40).contains(&failed), "{chroma:?} {depth}: {failed}");
        }
    }
}

/// A frame that was decoded and that its session could not store is missed by those after it.
#[test]
fn a_spoilt_frame_is_missed() {
    let profile = testing::profile(Chroma::Yuv420, 8);
    let mut recon = Reconstructor::ahead(profile, 9, 2, 2).expect("a reconstructor");
    let sequence = testing::shared(testing::sequence_header());
    let tile = Rng::new(1).bytes(1000);
    let mut first = testing::job(&sequence, testing::picture_info(0));
    first.setup_slot = Some(0);
    first.picture.std.refresh_frame_flags = 0xff;
    // The first frame of a sequence is never submitted ahead.
    assert!(recon.submit(&first, &[&tile]).is_none());
    recon.decode(&first, &[&tile]).expect("a key frame");
    let mut second = first.clone();
    second.setup_slot = Some(1);
    let mut third = testing::job(&sequence, testing::picture_info(1));
    third.setup_slot = Some(2);
    third.reference_name_slot_indices = [0, 0, 1, 0, 0, 1, 0];
    let second = recon.submit(&second, &[&tile]).expect("a key frame");
    let third = recon.submit(&third, &[&tile]).expect("an inter frame");
    recon.take(second).expect("decoded");
    recon.spoil(second);
    let missing = Err(Fault::ReferenceMissing { name: 3, slot: 1 });
    assert_eq!(recon.take(third).map(drop), missing);
    assert_eq!(recon.take(third).map(drop), Err(Fault::NoPicture), "once");
}

/// Before the samples of a reference change, whoever refers to it is done.
#[test]
fn a_transfer_comes_after_the_frames_before_it() {
    let profile = testing::profile(Chroma::Yuv420, 8);
    let sequence = testing::shared(testing::sequence_header());
    let (key_tile, inter_tile) = (Rng::new(1).bytes(4000), Rng::new(2).bytes(4000));
    let mut key = testing::job(&sequence, testing::picture_info(0));
    key.setup_slot = Some(0);
    key.picture.std.refresh_frame_flags = 0xff;
    let mut inter = testing::job(&sequence, testing::picture_info(1));
    inter.reference_name_slot_indices = [0; 7];
    let mut recon = Reconstructor::ahead(profile, 9, 2, 2).expect("a reconstructor");
    let samples = recon.decode(&key, &[&key_tile]).expect("a key frame").clean.samples();
    let expected = recon.decode(&inter, &[&inter_tile]).expect("an inter frame").clean.samples();
    let before = recon.submit(&inter, &[&inter_tile]).expect("submitted");
    let grey: Vec<_> = samples.iter().map(|plane| vec![128; plane.len()]).collect();
    recon.overwrite(0, &grey).expect("overwritten");
    let after = recon.submit(&inter, &[&inter_tile]).expect("submitted");
    assert_eq!(recon.take(before).expect("decoded").clean.samples(), expected);
    assert_ne!(recon.take(after).expect("decoded").clean.samples(), expected);
}

//! Matroska files as they are found in the world: from a file and from a pipe, all frames that are
//! there are units.

use std::io::{Cursor, Read};

use vav1d::container::error::Error;
use vav1d::container::{self, Source, TemporalUnit, Wish};
use vav1d::limits::Limits;

use crate::ebml::*;
use crate::manifest::sample;

/// The frames of `main-420-8`, as Matroska has them: without temporal delimiters.
pub fn frames() -> Vec<Vec<u8>> {
    let data = std::fs::read(sample("main-420-8").path()).expect("a sample");
    let mut source = container::open_file(Box::new(Cursor::new(data)), None, Limits::default())
        .expect("a stream");
    let mut frames = Vec::new();
    while let Some(unit) = source.next_unit().expect("a unit") {
        frames.push(unit.data.strip_prefix(&[0x12, 0]).expect("a delimiter").to_vec());
    }
    frames
}

/// Clusters of four of `frames` each, 40 ms apart, of track 1.
pub fn clusters(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let of = |(i, part): (usize, &[Vec<u8>])| {
        let blocks = (0_i16..).zip(part).map(|(k, frame)| block(1, 40 * k, frame));
        cluster(160 * i as u16, &blocks.collect::<Vec<_>>())
    };
    frames.chunks(4).enumerate().map(of).collect()
}

/// A file with `before` and `after` the clusters of `frames`.
fn film(before: &[Vec<u8>], frames: &[Vec<u8>], after: &[Vec<u8>]) -> Vec<u8> {
    file(&[before, &clusters(frames), after].concat())
}

/// Reads `source` to its end: what is wrong does not end it.
pub fn all(mut source: Box<dyn Source>) -> (Vec<TemporalUnit>, Vec<String>) {
    let (mut units, mut faults) = (Vec::new(), Vec::new());
    loop {
        match source.next_unit() {
            Ok(Some(unit)) => units.push(unit),
            Ok(None) => return (units, faults),
            Err(error) => {
                faults.push(error.to_string());
                assert!(faults.len() < 10_000, "{error}");
                if !matches!(error, Error::Stream(_)) {
                    return (units, faults);
                }
            }
        }
    }
}

/// The units of `data` from a file and from a pipe, of track `track`.
fn read(data: &[u8], track: Option<u64>) -> [(Vec<TemporalUnit>, Vec<String>); 2] {
    let wish = Wish { format: None, track };
    let bytes = || Box::new(Cursor::new(data.to_vec()));
    let file = container::open_file(bytes(), wish, Limits::default());
    let pipe = container::open(bytes(), wish, Limits::default());
    [file, pipe].map(|opened| match opened {
        Ok(source) => all(source),
        Err(error) => (Vec::new(), vec![error.to_string()]),
    })
}

/// Asserts that the frames of `data` are `frames`, and nothing is wrong.
fn plays(what: &str, data: &[u8], frames: &[Vec<u8>]) {
    for (way, (units, faults)) in ["file", "pipe"].into_iter().zip(read(data, None)) {
        assert_eq!(faults, [""; 0], "{what} from a {way}");
        assert!(units.iter().map(|unit| &unit.data[..]).eq(frames), "{what} from a {way}");
    }
}

/// Asserts that the frames of `data` are `frames`, and that what is wrong is said once, with `said`.
pub fn is_damaged(what: &str, data: &[u8], frames: &[Vec<u8>], said: &str) {
    for (way, (units, faults)) in ["file", "pipe"].into_iter().zip(read(data, None)) {
        assert_eq!(faults.len(), 1, "{what} from a {way}: {faults:?}");
        assert!(faults[0].contains(said), "{what} from a {way}: {faults:?}");
        assert!(units.iter().map(|unit| &unit.data[..]).eq(frames), "{what} from a {way}");
    }
}

pub fn head() -> Vec<Vec<u8>> {
    vec![info(), tracks(&[track(1, &[])])]
}

#[test]
fn sizes_may_be_unknown_in_every_width() {
    let frames = frames();
    for width in 1..=8 {
        let parts = frames.chunks(5).enumerate().map(|(i, part)| {
            let blocks = (0_i16..).zip(part).map(|(k, frame)| block(1, 40 * k, frame));
            let body = cluster_parts(200 * i as u16, &blocks.collect::<Vec<_>>());
            unsized_element(CLUSTER, width, &body)
        });
        let mut parts = [head(), parts.collect()].concat();
        parts.extend([element(CUES, &[]), element(TAGS, &[])]);
        let data = [header(), unsized_element(SEGMENT, width, &parts.concat())].concat();
        plays(&format!("sizes of {width} bytes"), &data, &frames);
    }
}

#[test]
fn what_video_does_not_need_may_hold_anything() {
    let frames = frames();
    let junk = [0xff, 0, 0xe9, 0x81];
    let sound = [element(0xd7, &[2]), element(0x83, &[2]), element(0x86, &junk)];
    let sound = master(0xae, &[&sound[..], &[element(0xe1, &junk)]].concat());
    let video = master(0xe0, &[element(0xb0, &[0]), element(0x54b0, &[0]), element(0x54ba, &[])]);
    let names = [element(0x53_6e, b"\xe9t\xe9"), element(0x22_b59c, &junk), element(0x73c5, &[0])];
    let odd = [&names[..], &[video, element(0x23_e383, &[0])]].concat();
    let plain_tracks = || tracks(&[track(1, &[])]);
    for (what, before, after) in [
        ("no Info", vec![plain_tracks()], vec![]),
        ("Info without anything", vec![element(INFO, &[]), plain_tracks()], vec![]),
        ("a broken Info", vec![element(INFO, &element(0x4489, &[1, 2])), plain_tracks()], vec![]),
        ("an odd track", vec![info(), tracks(&[track(1, &odd)])], vec![]),
        ("broken sound first", vec![info(), tracks(&[sound, track(1, &[])])], vec![]),
        (
            "Tags and Chapters",
            [head(), vec![element(TAGS, &junk)]].concat(),
            vec![element(CHAPTERS, &junk)],
        ),
        ("a wrong SeekHead", [vec![element(SEEK_HEAD, &[0x4d; 30])], head()].concat(), vec![]),
        ("Void of many", [vec![element(VOID, &[0x1f; 3000])], head()].concat(), vec![]),
    ] {
        plays(what, &film(&before, &frames, &after), &frames);
    }
}

#[test]
fn strings_may_end_in_zeros_and_headers_have_defaults() {
    let frames = frames();
    let entry = [element(0xd7, &[1]), element(0x83, &[1]), element(0x86, b"V_AV1\0\0")];
    let segment = [&[info(), tracks(&[master(0xae, &entry)])][..], &clusters(&frames)].concat();
    let segment = master(SEGMENT, &segment);
    for (doc_type, name) in [(&b"webm\0"[..], "WebM"), (b"foo", "Matroska"), (b"", "Matroska")] {
        let data = [element(EBML, &element(0x4282, doc_type)), segment.clone()].concat();
        plays(name, &data, &frames);
        let file = container::open_file(Box::new(Cursor::new(data)), None, Limits::default());
        assert_eq!(file.expect("a stream").info().container, name);
    }
    plays("an empty EBML header", &[element(EBML, &[]), segment].concat(), &frames);
}

#[test]
fn a_block_may_hold_several_frames() {
    let frames = frames();
    let duration = element(0x23_e383, &40_000_000_u32.to_be_bytes());
    let head = [info(), tracks(&[track(1, &[duration])])];
    let laced = |flags: u8, sizes: Vec<u8>, part: &[Vec<u8>]| {
        element(0xa3, &block_body(1, 0, flags, &[sizes, part.concat()].concat()))
    };
    let xiph = |part: &[Vec<u8>]| {
        let mut sizes = vec![part.len() as u8 - 1];
        for frame in &part[..part.len() - 1] {
            sizes.extend(vec![255; frame.len() / 255]);
            sizes.push((frame.len() % 255) as u8);
        }
        laced(2, sizes, part)
    };
    let ebml = |part: &[Vec<u8>]| {
        let mut sizes = vec![part.len() as u8 - 1];
        sizes.extend((0x1000_0000 | part[0].len() as u32).to_be_bytes());
        for pair in part[..part.len() - 1].windows(2) {
            let more = pair[1].len() as i64 - pair[0].len() as i64 + (1 << 27) - 1;
            sizes.extend((0x1000_0000 | more as u32).to_be_bytes());
        }
        laced(6, sizes, part)
    };
    for (what, lace) in [("Xiph", &xiph as &dyn Fn(&[Vec<u8>]) -> Vec<u8>), ("EBML", &ebml)] {
        let parts = frames.chunks(3).enumerate();
        let clusters = parts.map(|(i, part)| cluster(120 * i as u16, &[lace(part)]));
        let data = file(&[&head[..], &clusters.collect::<Vec<_>>()].concat());
        plays(what, &data, &frames);
        let times: Vec<_> = read(&data, None)[0].0.iter().map(|unit| unit.pts).collect();
        assert_eq!(times, (0..12).map(|i| Some(40 * i)).collect::<Vec<_>>(), "{what}");
    }
    // Of one size: a frame of which the second half is another, and a frame alone.
    let twice = [frames[3].clone(), frames[3].clone()];
    let blocks = [laced(4, vec![1], &twice), laced(4, vec![0], &frames[..1])];
    plays(
        "fixed",
        &file(&[&head[..], &[cluster(0, &blocks)]].concat()),
        &[frames[3].clone(), frames[3].clone(), frames[0].clone()],
    );
}

/// A track whose frames are encoded so.
fn encoded(scope: u8, kind: Vec<u8>, private: &[u8]) -> Vec<Vec<u8>> {
    let encoding = master(0x6240, &[element(0x5032, &[scope]), kind]);
    let more = [element(0x6d80, &encoding), element(0x63a2, private)];
    vec![info(), tracks(&[track(1, &more)])]
}

#[test]
fn encoded_frames_are_decoded_within_their_scope() {
    let frames = frames();
    // Those that start with the header of an OBU_FRAME.
    let coded: Vec<_> = frames.iter().filter(|frame| frame[0] == 0x32).cloned().collect();
    let stripped: Vec<_> = coded.iter().map(|frame| frame[1..].to_vec()).collect();
    let strip = || master(0x5034, &[element(0x4254, &[3]), element(0x4255, &[0x32])]);
    let sequence = &frames[0][..13];
    assert_eq!(sequence[..2], [0x0a, 0x0b], "a sequence header");
    let private = [&[0x81, 0, 0x0c, 0][..], sequence].concat();
    plays("stripped", &film(&encoded(1, strip(), &[]), &stripped, &[]), &coded);
    plays("a private scope", &film(&encoded(2, strip(), &private), &frames, &[]), &frames);
    // What CodecPrivate was before it was encoded comes with the first frame.
    let kind = master(0x5034, &[element(0x4254, &[3]), element(0x4255, &private[..6])]);
    let data = film(&encoded(2, kind, &private[6..]), &frames[1..], &[]);
    let first = [sequence, &frames[1]].concat();
    plays("a private part", &data, &[&[first][..], &frames[2..]].concat());
    let encrypted = film(&encoded(1, element(0x5033, &[1]), &[]), &frames, &[]);
    for (units, faults) in read(&encrypted, None) {
        assert!(units.is_empty() && faults[0].contains("encrypted"), "{faults:?}");
        assert!(faults[0].contains("not supported"), "{faults:?}");
    }
}

#[test]
fn blocks_may_come_before_their_cluster() {
    let frames = frames();
    let blocks: Vec<_> =
        (0_i16..).zip(&frames).map(|(i, frame)| block(1, 40 * i - 80, frame)).collect();
    let data = file(&[head(), vec![cluster(0, &blocks)]].concat());
    plays("negative times", &data, &frames);
    let first = read(&data, None)[0].0[0].pts;
    assert_eq!(first, Some(-80));
}

#[test]
fn a_cluster_without_a_timestamp_goes_on() {
    let frames = frames();
    let mut parts = [head(), clusters(&frames)].concat();
    for cluster in [2, 3] {
        // The Timestamp becomes a Void.
        assert_eq!(parts[cluster][12], 0xe7, "a Timestamp");
        parts[cluster][12] = 0xec;
    }
    let data = file(&parts);
    plays("no Timestamp", &data, &frames);
    for (units, _) in read(&data, None) {
        let times: Vec<_> = units.iter().filter_map(|unit| unit.pts).collect();
        assert_eq!(times, (0..12).map(|i| 40 * i).collect::<Vec<_>>());
    }
}

#[test]
fn video_for_windows_is_known_by_its_four_characters() {
    let frames = frames();
    let mut private = vec![0; 40];
    private[16..20].copy_from_slice(b"AV01");
    let plain = [element(0xd7, &[1]), element(0x83, &[1]), element(0x86, b"V_MS/VFW/FOURCC")];
    let entry = master(0xae, &[&plain[..], &[element(0x63a2, &private)]].concat());
    plays("AV01", &film(&[info(), tracks(&[entry])], &frames, &[]), &frames);
}

#[test]
fn reading_goes_on_behind_damage() {
    let frames = frames();
    let [a, b, c] = <[Vec<u8>; 3]>::try_from(clusters(&frames)).expect("three clusters");
    let with = |parts: &[Vec<u8>]| file(&[&head()[..], parts].concat());
    let overrun = |id| sized(id, 5_000_000, &[0; 8]);
    let (nothing_lost, lost) = ("no element", "longer than what it is in");
    // Between clusters nothing is lost.
    let damaged = with(&[a.clone(), overrun(VOID), b.clone(), c.clone()]);
    is_damaged("a Void without end", &damaged, &frames, lost);
    let damaged = with(&[a.clone(), vec![0; 100], b.clone(), c.clone()]);
    is_damaged("zeros between clusters", &damaged, &frames, nothing_lost);
    let damaged = with(&[a.clone(), b.clone(), c.clone(), vec![0; 5000]]);
    is_damaged("zeros at the end", &damaged, &frames, nothing_lost);
    // Nor of a block that is called something else.
    let mut renamed = b.clone();
    renamed[12 + 9 + 2] = 0xb3;
    let damaged = with(&[a.clone(), renamed, c.clone()]);
    is_damaged("a block of another name", &damaged, &frames, "identifier of something else");
    // Padding has no end where nothing else has one.
    let parts = [&head()[..], &[a.clone(), sized(VOID, 1 << 30, &[0; 8]), b.clone(), c.clone()]];
    let live = [header(), unsized_element(SEGMENT, 8, &parts.concat().concat())].concat();
    is_damaged("a Void without end in a stream without end", &live, &frames, "element");
    // A cluster is as long as what is in it.
    for more in [-5_i64, 5] {
        let mut wrong = b.clone();
        let size = (wrong.len() as i64 - 12 + more) as u64;
        wrong[4..12].copy_from_slice(&(size | 1 << 56).to_be_bytes());
        let data = with(&[a.clone(), wrong, c.clone()]);
        plays(&format!("a cluster of {more} bytes more"), &data, &frames);
    }
}

#[test]
fn whether_frames_are_lost_is_seen_by_their_times() {
    let frames = frames();
    let [a, b, c] = <[Vec<u8>; 3]>::try_from(clusters(&frames)).expect("three clusters");
    let junk = || vec![0; 64];
    for (parts, loses_frames) in [(vec![a.clone(), junk(), b], false), (vec![a, junk(), c], true)] {
        let data = file(&[head(), parts].concat());
        let file = Box::new(Cursor::new(data));
        let mut source = container::open_file(file, None, Limits::default()).expect("a stream");
        let faults: Vec<_> = (0..9).filter_map(|_| source.next_unit().err()).collect();
        let [Error::Stream(fault)] = &faults[..] else { panic!("{faults:?}") };
        assert_eq!(fault.loses_frames(), loses_frames, "{fault}");
    }
}

#[test]
fn tracks_may_come_last_in_a_file() {
    let frames = frames();
    let data = film(&[info()], &frames, &[tracks(&[track(1, &[])])]);
    let [(units, faults), (none, why)] = read(&data, None);
    assert!(faults.is_empty() && units.len() == frames.len(), "{faults:?}");
    assert!(none.is_empty() && why[0].contains("no Tracks before"), "{why:?}");
}

#[test]
fn one_of_several_tracks_can_be_wanted() {
    let frames = frames();
    let of = |number, time, frame: &Vec<u8>| block(number, time, frame);
    let both = (0_i16..).zip(&frames).flat_map(|(i, frame)| {
        let other = &frames[11 - i as usize];
        [of(7, 40 * i, other), of(3, 40 * i, frame)]
    });
    let vp9 = [element(0xd7, &[1]), element(0x83, &[1]), element(0x86, b"V_VP9")];
    let entries = [master(0xae, &vp9), track(3, &[]), track(7, &[])];
    let data = file(&[info(), tracks(&entries), cluster(0, &both.collect::<Vec<_>>())]);
    let reversed: Vec<_> = frames.iter().rev().cloned().collect();
    for (track, right) in [(None, &frames), (Some(3), &frames), (Some(7), &reversed)] {
        for (units, faults) in read(&data, track) {
            assert!(faults.is_empty(), "{faults:?}");
            assert!(units.iter().map(|unit| &unit.data[..]).eq(right), "{track:?}");
        }
    }
    for (_, faults) in read(&data, Some(1)) {
        assert!(faults[0].contains("track 1 of a Matroska file whose tracks of AV1 are 3, 7"));
    }
}

#[test]
fn joined_files_follow_each_other() {
    let frames = frames();
    let one = film(&head(), &frames, &[]);
    let data = [one.clone(), one].concat();
    plays("two files", &data, &[&frames[..], &frames].concat());
    for (units, _) in read(&data, None) {
        let times: Vec<_> = units.iter().filter_map(|unit| unit.pts).collect();
        assert_eq!(times, (0..24).map(|i| 40 * i).collect::<Vec<_>>());
    }
    // One can go back over the joint.
    let file = Box::new(Cursor::new(data));
    let mut source = container::open_file(file, None, Limits::default()).expect("a stream");
    let index = source.index().expect("an index").expect("an index");
    for entry in index.iter().rev() {
        source.seek(entry.position).expect("to go back");
        let unit = source.next_unit().expect("a unit").expect("a unit");
        assert_eq!((unit.index, unit.pts), (entry.position.unit, entry.pts));
        assert_eq!(unit.data[..], frames[unit.index as usize % 12]);
    }
}

/// A pipe that must not be read from beyond a place.
struct Live {
    data: Vec<u8>,
    at: usize,
    until: usize,
}

impl Read for Live {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        assert!(self.at < self.until, "read beyond byte {}", self.until);
        let count = to.len().min(self.until - self.at).min(100);
        to[..count].copy_from_slice(&self.data[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[test]
fn a_frame_is_there_as_soon_as_its_block_is() {
    let frames = frames();
    let parts = [&head()[..], &clusters(&frames)].concat();
    let data = [header(), unsized_element(SEGMENT, 8, &parts.concat())].concat();
    let first = data.windows(64).position(|window| window == &frames[0][..64]).expect("a frame");
    let until = first + frames[0].len();
    let pipe = Box::new(Live { data, at: 0, until });
    let mut source = container::open(pipe, None, Limits::default()).expect("a stream");
    assert_eq!(source.next_unit().expect("a unit").expect("a unit").data[..], frames[0]);
}

#[test]
fn every_cut_gives_what_is_before_it() {
    let frames = frames();
    let parts = [&head()[..], &clusters(&frames)].concat();
    let live = [header(), unsized_element(SEGMENT, 8, &parts.concat())].concat();
    for (data, is_sized) in [(file(&parts), true), (live, false)] {
        let ends = frames.iter().map(|frame| {
            let at = data.windows(frame.len()).position(|window| window == &frame[..]);
            at.expect("a frame") + frame.len()
        });
        let ends: Vec<_> = ends.collect();
        for cut in (60..data.len()).step_by(37) {
            let whole = ends.iter().filter(|end| **end <= cut).count();
            for (units, faults) in read(&data[..cut], None) {
                let is_whole =
                    |(unit, frame): (&TemporalUnit, &Vec<u8>)| unit.data[..] == frame[..];
                assert!(units.iter().zip(&frames).take(whole).all(is_whole), "cut at {cut}");
                assert!(units.len() == whole || units.len() == whole + 1, "cut at {cut}");
                assert!(!is_sized || !faults.is_empty(), "cut at {cut}");
            }
        }
    }
}

#[test]
fn a_size_that_is_claimed_is_not_held() {
    let start = block_body(1, 0, 0, &frames()[0]);
    let block = sized(0xa3, 1 << 40, &start);
    let cluster = unsized_element(CLUSTER, 8, &[element(0xe7, &[0]), block].concat());
    let parts = [&head()[..], &[cluster]].concat();
    let data = [header(), unsized_element(SEGMENT, 8, &parts.concat())].concat();
    let [(of_file, cut), (of_pipe, over)] = read(&data, None);
    // In a file it is seen that there is less: the frame is there, and something is missing.
    assert_eq!((of_file.len(), of_pipe.len()), (1, 0));
    assert!(cut.len() == 1 && cut[0].contains("the file ends"), "{cut:?}");
    assert!(over.len() == 1 && over[0].contains("over the limit"), "{over:?}");
}

#[test]
fn going_back_after_damage_has_an_end() {
    // A cluster in every Void: from each of them on, all that follow would be walked again.
    let inner = [&[0x1f, 0x43, 0xb6, 0x75, 0xff][..], &element(VOID, &[])].concat();
    let many = element(VOID, &inner).repeat(200_000);
    let data = file(&[head(), vec![cluster(0, &[block(1, 0, &frames()[0])]), many]].concat());
    let data = [data, vec![0; 100]].concat();
    let begun = std::time::Instant::now();
    for (units, _) in read(&data, None) {
        assert_eq!(units.len(), 1);
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn no_mutation_is_more_than_a_fault() {
    let frames: Vec<_> = frames()
        .into_iter()
        .map(|mut f| {
            f.truncate(60);
            f
        })
        .collect();
    let data = film(&head(), &frames, &[element(TAGS, &[0x73; 9])]);
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..4000 {
        let mut mutated = data.clone();
        for _ in 0..=random(3) {
            let at = random(mutated.len());
            match random(4) {
                0 => mutated[at] ^= 1 << random(8),
                1 => mutated[at] = [0, 0xff, 0x01, 0xa3][random(4)],
                2 => drop(mutated.drain(at..(at + random(9)).min(data.len() - 9).max(at))),
                _ => drop(mutated.splice(at..at, [random(256) as u8, random(256) as u8])),
            }
        }
        for (units, _) in read(&mutated, None) {
            let bytes: usize = units.iter().map(|unit| unit.data.len()).sum();
            assert!(bytes <= 4 * data.len(), "{bytes} bytes");
        }
    }
}

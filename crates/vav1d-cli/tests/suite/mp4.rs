//! MP4: what a file has beside its video does no harm, and damage costs what it hits.

use std::io::{self, Read, Seek, SeekFrom};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vav1d::container;
use vav1d::container::error::Error;
use vav1d::limits::Limits;
use vav1d_play::Options;

use crate::boxes::{
    Film, TICKS, TIMESCALE, boxed, entry, full, holds, open, read, stream, track, words,
};
use crate::manifest::sample;
use crate::players::{bytes, hashes, player, rest};

/// Where something is put.
type Place = fn(&mut Film) -> &mut Vec<u8>;

/// A box of each name that means something in places like these, with a body that is none.
fn oddities() -> Vec<(&'static str, Vec<u8>)> {
    let ilst = |data: &[u8]| {
        let item = boxed(b"\xa9too", &[&boxed(b"data", &[data])]);
        full(b"meta", 0, &[&full(b"hdlr", 0, &[&[0xff; 20]]), &boxed(b"ilst", &[&item])])
    };
    let cover = boxed(b"covr", &[&boxed(b"data", &[&[0, 0, 0, 13, 0, 0, 0, 0], &[0xff; 5000]])]);
    let cover = full(b"meta", 0, &[&boxed(b"ilst", &[&cover])]);
    vec![
        ("text of type 0", boxed(b"udta", &[&ilst(&[0; 12])])),
        ("two metas", boxed(b"udta", &[&ilst(&[0; 12]), &ilst(&[1])])),
        ("cover art", boxed(b"udta", &[&cover])),
        ("two udtas", [boxed(b"udta", &[]), boxed(b"udta", &[&[1, 2, 3]])].concat()),
        ("a chapter in Latin-1", boxed(b"udta", &[&full(b"chpl", 0, &[b"\0\0\0\0\x01\0\0\xe9"])])),
        ("cprt in UTF-16", boxed(b"udta", &[&full(b"cprt", 0, &[b"\x55\xc4\xfe\xff\0A"])])),
        ("an edit list of nothing", boxed(b"edts", &[])),
        ("a group without entries", full(b"sgpd", 0x200_0000, &[b"roll\0\0\0\x09\0\0\0\x01"])),
        ("a meta that is none", boxed(b"meta", &[&[0xff; 3]])),
        ("a user's box", boxed(b"uuid", &[&[7; 9]])),
        ("a name of zeros", boxed(b"\0\0\0\0", &[&[7; 9]])),
        ("a size of the rest", [&[0; 4][..], b"free"].concat()),
        (
            "data references",
            boxed(b"dinf", &[&full(b"dref", 0, &[b"\0\0\0\x01\0\0\0\x0durl \0\0\0\0\xff"])]),
        ),
        ("a table of many", full(b"ctts", 0, &[&[0xff; 4]])),
    ]
}

#[test]
fn what_is_beside_the_video_does_no_harm() {
    let samples = stream("main-420-8");
    for (what, oddity) in oddities() {
        let is_last = what == "a size of the rest";
        let places: [(&str, Place); 7] = [
            ("moov", |film| &mut film.moov),
            ("trak", |film| &mut film.trak),
            ("minf", |film| &mut film.dinf),
            ("stbl", |film| &mut film.stbl),
            ("entry", |film| &mut film.entry.1),
            ("moof", |film| &mut film.moof),
            ("traf", |film| &mut film.traf),
        ];
        for (place, of) in places {
            if is_last && place != "entry" {
                continue;
            }
            let mut film = Film::default();
            of(&mut film).extend(&oddity);
            let what = format!("{what} in {place}");
            holds(&film.progressive(&samples), &samples, &what);
            holds(&film.faststart(&samples), &samples, &what);
            holds(&film.fragmented(&samples, 5), &samples, &what);
        }
    }
}

#[test]
fn sample_entries_may_be_odd() {
    let samples = stream("main-420-8");
    let record = boxed(b"av1C", &[&[0x81, 0, 12, 0]]);
    for (what, kind, boxes) in [
        ("no record", b"av01", vec![]),
        ("an empty record", b"av01", boxed(b"av1C", &[])),
        ("a record of version 0", b"av01", boxed(b"av1C", &[&[1, 0, 12, 0]])),
        ("reserved bits", b"av01", boxed(b"av1C", &[&[0x81, 0, 15, 0xff]])),
        ("a record that is cut short", b"av01", boxed(b"av1C", &[&[0x81, 0, 12, 0, 0x0a, 90, 1]])),
        (
            "a short nclx",
            b"av01",
            [record.clone(), boxed(b"colr", &[b"nclx\0\x01\0\x01\0\x01"])].concat(),
        ),
        ("a short pasp", b"av01", [boxed(b"pasp", &[&[0; 4]]), record.clone()].concat()),
        ("a short taic", b"av01", [boxed(b"taic", &[&[0; 9]]), record.clone()].concat()),
        ("another box of AV1", b"dav1", record.clone()),
    ] {
        let film = Film { entry: (*kind, boxes), ..Film::default() };
        holds(&film.progressive(&samples), &samples, what);
        holds(&film.fragmented(&samples, 4), &samples, what);
    }
}

#[test]
fn a_sequence_header_may_be_in_the_record_alone() {
    let mut samples = stream("main-420-8");
    let header = 2 + usize::from(samples[0].0[1]);
    let sequence = samples[0].0[..header].to_vec();
    samples[0].0.drain(..header);
    for record in [[&[0x81, 0, 12, 0][..], &sequence].concat(), sequence.clone()] {
        let film = Film { entry: (*b"av01", boxed(b"av1C", &[&record])), ..Film::default() };
        let mut whole = samples.clone();
        whole[0].0 = [&sequence[..], &samples[0].0].concat();
        holds(&film.progressive(&samples), &whole, "a record");
    }
}

#[test]
fn other_tracks_may_be_in_any_state() {
    let samples = stream("main-420-8");
    let empty = Film::default();
    let broken = full(b"stsz", 0, &[&words(&[0, 0xffff_ffff])]);
    for (what, other) in [
        ("sound without esds", track(2, b"soun", &empty, &boxed(b"mp4a", &[&[0; 28]]), &broken)),
        ("AVC without avcC", track(2, b"vide", &empty, &entry(b"avc1", &[]), &[])),
        ("VP9 without vpcC", track(2, b"vide", &empty, &entry(b"vp09", &[]), &broken)),
        ("no entry", track(2, b"text", &empty, &[], &[])),
        ("AV1 without samples", track(2, b"vide", &empty, &entry(b"av01", &[]), &[])),
        ("nothing", boxed(b"trak", &[])),
    ] {
        let film = Film { moov: other, ..Film::default() };
        holds(&film.progressive(&samples), &samples, what);
    }
}

#[test]
fn the_first_box_may_be_any() {
    let samples = stream("main-420-8");
    let free = boxed(b"free", &[&[0; 20]]);
    let ftyp = Film::default().first;
    for first in [
        Vec::new(),
        free.clone(),
        boxed(b"wide", &[]),
        boxed(b"uuid", &[&[9; 30]]),
        boxed(b"skip", &[]),
        [boxed(b"abcd", &[&[1; 5]]), ftyp.clone()].concat(),
        [boxed(b"\0\0\0\0", &[&[1; 5]]), ftyp].concat(),
    ] {
        let what = format!("{first:?}");
        let film = Film { first, ..Film::default() };
        holds(&film.progressive(&samples), &samples, &what);
        holds(&film.faststart(&samples), &samples, &what);
        holds(&film.fragmented(&samples, 3), &samples, &what);
        // Bytes behind the boxes are nothing.
        for tail in [&[0][..], &[0; 300], &[7; 7]] {
            holds(&[&film.progressive(&samples)[..], tail].concat(), &samples, &what);
        }
    }
}

/// A file with a great many zeros in it.
struct Sparse {
    head: Vec<u8>,
    zeros: u64,
    tail: Vec<u8>,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let (head, zeros) = (self.head.len() as u64, self.zeros);
        let got = match self.at {
            at if at < head => (&self.head[at as usize..]).read(to)?,
            at if at < head + zeros => {
                let bytes = (to.len() as u64).min(head + zeros - at) as usize;
                to[..bytes].fill(0);
                bytes
            }
            at => self.tail.get((at - head - zeros) as usize..).unwrap_or(&[]).read(to)?,
        };
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            SeekFrom::End(_) => self.head.len() as u64 + self.zeros + self.tail.len() as u64,
        };
        Ok(self.at)
    }
}

#[test]
fn large_cover_art_is_passed_over() {
    let samples = stream("main-420-8");
    let zeros: u32 = 600 << 20;
    let moov = Film::default().moov(&samples, Film::default().first.len() as u32 + 8);
    let data: Vec<_> = samples.iter().flat_map(|(data, _)| data.clone()).collect();
    // In the movie box, before the track.
    let mvhd = moov[8..8 + 108].to_vec();
    let size = (moov.len() as u32 + zeros + 8).to_be_bytes();
    let udta = [&(zeros + 8).to_be_bytes()[..], b"udta"].concat();
    let head = [Film::default().first, boxed(b"mdat", &[&data])].concat();
    let head = [&head[..], &size, b"moov", &mvhd, &udta].concat();
    let tail = moov[8 + 108..].to_vec();
    let file = Sparse { head, zeros: zeros.into(), tail, at: 0 };
    let mut source =
        container::open_file(Box::new(file), None, Limits::default()).expect("a stream");
    let (units, faults) = read(&mut *source);
    assert!(faults.is_empty() && units.len() == samples.len(), "{faults:?}");
}

#[test]
fn a_bad_fragment_costs_itself_alone() {
    let samples = stream("key-frames");
    let film = Film::default();
    let fragments: Vec<_> = samples.chunks(12).zip(0..).collect();
    let fragment = |i: usize| film.fragment(fragments[i].0, fragments[i].1 * 12 * TICKS);
    let moof = |i: usize| u32::from_be_bytes(fragment(i)[..4].try_into().expect("a size")) as usize;
    // Places in a fragment: 24 the size of traf, 32 that of tfhd, 48 tfdt, 64 trun, 76 its count.
    type Damage = fn(&mut Vec<u8>, usize);
    let damages: [(&str, Damage, usize); 9] = [
        ("a size too large", |data, _| data[1] = 1, 60),
        ("a size beyond the file", |data, _| data[0] = 0x70, 60),
        ("a size too small", |data, _| data[..4].copy_from_slice(&[0, 0, 0, 24]), 48),
        ("no size", |data, _| data[..4].copy_from_slice(&[0, 0, 0, 3]), 48),
        ("a head of no kind", |data, _| data[36] = 0, 48),
        ("a time that is too short", |data, _| data[51] -= 1, 48),
        ("more samples than there are", |data, _| data[78] = 1, 60),
        ("data of no size", |data, moof| data[moof..moof + 4].copy_from_slice(&[0, 0, 0, 2]), 60),
        ("data beyond the file", |data, moof| data[moof] = 0x60, 60),
    ];
    for (what, damage, count) in damages {
        let mut broken = fragment(1);
        damage(&mut broken, moof(1));
        let parts = [film.init(), fragment(0), broken, fragment(2), fragment(3), fragment(4)];
        for is_pipe in [false, true] {
            // Nobody knows where a pipe ends: a size that is too large is believed.
            if is_pipe && what.contains("size") && what != "no size" && what != "a size too small" {
                continue;
            }
            if is_pipe && what == "data beyond the file" {
                continue;
            }
            let (units, faults) = read(&mut *open(&parts.concat(), is_pipe).expect("a stream"));
            assert_eq!(units.len(), count, "{what}, {is_pipe}: {faults:?}");
            assert!((1..=2).contains(&faults.len()), "{what}, {is_pipe}: {faults:?}");
            assert!(matches!(faults[0], Error::Stream(_)), "{what}: {faults:?}");
            let last = units.last().expect("a unit");
            assert_eq!(last.data[..], samples[59].0, "{what}, {is_pipe}");
            assert_eq!(last.pts, Some(59 * i64::from(TICKS)), "{what}, {is_pipe}");
        }
    }
}

#[test]
fn fragments_are_found_by_what_is_in_them() {
    let samples = stream("key-frames");
    let film = Film::default();
    for place in [4, 13] {
        // The names of moof and of the header in it.
        let fragments = samples.chunks(12).zip(0..).map(|(part, i)| {
            let mut fragment = film.fragment(part, i * 12 * TICKS);
            fragment[place] ^= if i == 1 { 0x80 } else { 0 };
            fragment
        });
        let data = [film.init(), fragments.flatten().collect()].concat();
        holds(&data, &samples, &format!("byte {place}"));
    }
}

#[test]
fn what_was_lost_is_said_and_what_is_left_is_decoded() {
    let stream = sample("key-frames");
    let samples = crate::boxes::stream("key-frames");
    let film = Film::default();
    let mut parts: Vec<_> =
        samples.chunks(12).zip(0..).map(|(part, i)| film.fragment(part, i * 12 * TICKS)).collect();
    parts[1][36] = 0;
    let data = [film.init(), parts.concat()].concat();
    let mut player = player(vec![bytes(data)], Options::default());
    let (frames, faults) = rest(&mut player);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(hashes(&frames), [&stream.frames[..12], &stream.frames[24..]].concat());
}

#[test]
fn samples_behind_the_end_are_one_loss() {
    let samples = stream("main-420-8");
    let file = Film::default().faststart(&samples);
    let whole = samples[10].0.len() + samples[11].0.len();
    let (units, faults) = read(&mut *open(&file[..file.len() - whole], false).expect("a stream"));
    assert_eq!((units.len(), faults.len()), (10, 1), "{faults:?}");
    assert!(faults[0].to_string().contains("2 samples"), "{faults:?}");
}

#[test]
fn a_cut_fragment_is_said_wherever_it_is_cut() {
    let samples = stream("key-frames");
    let film = Film::default();
    let whole = film.fragmented(&samples, 12);
    let last = whole.len() - film.fragment(&samples[48..], 0).len();
    // Three bytes or less of a size may be anything.
    for cut in last + 4..whole.len() {
        for is_pipe in [false, true] {
            let (units, faults) = read(&mut *open(&whole[..cut], is_pipe).expect("a stream"));
            assert!((48..60).contains(&units.len()), "{cut}, {is_pipe}: {}", units.len());
            assert!(!faults.is_empty(), "{cut}, {is_pipe}");
        }
    }
}

#[test]
fn of_many_faults_the_first_are_told_and_how_many_there_are() {
    let samples = stream("key-frames");
    let film = Film::default();
    // A hundred whose tracks have no header.
    let mut fragment = film.fragment(&samples[..1], 0);
    fragment[36] = 0;
    let path = std::env::temp_dir().join(format!("vav1d-faults-{}.mp4", std::process::id()));
    let data = [film.fragmented(&samples, 60), fragment.repeat(100)].concat();
    std::fs::write(&path, data).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .env_clear()
        .args(["-q", "info"])
        .arg(&path)
        .output()
        .expect("vav1d runs");
    std::fs::remove_file(path).expect("a file");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert_eq!(said.lines().count(), 33, "{said}");
    assert!(said.ends_with("100 faults in all\n"), "{said}");
}

#[test]
fn joined_files_follow_one_another() {
    let samples = stream("key-frames");
    let (first, second) = samples.split_at(24);
    let (film, other) = (Film::default(), Film { timescale: 2 * TIMESCALE, ..Film::default() });
    // The times of the second begin at zero, or where the first ends; its ticks are half as long.
    for begin in [0, 24] {
        let fragments = second.chunks(12).zip(0..);
        let fragments =
            fragments.map(|(part, i)| other.fragment(part, (2 * begin + 12 * i) * TICKS));
        let data = [film.fragmented(first, 12), other.init(), fragments.flatten().collect()];
        for is_pipe in [false, true] {
            let mut source = open(&data.concat(), is_pipe).expect("a stream");
            let (units, faults) = read(&mut *source);
            assert!(faults.is_empty(), "{faults:?}");
            let times: Vec<_> = units.iter().map(|unit| unit.pts.expect("a time")).collect();
            // A sample of the second lasts half as long.
            let half =
                |i: i64| 12 * (i / 12) * i64::from(TICKS / 2) + (i % 12) * i64::from(TICKS / 2);
            let right = (0..60).map(|i| match i {
                0..24 => i * i64::from(TICKS),
                i => 24 * i64::from(TICKS) + half(i - 24),
            });
            assert_eq!(times, right.collect::<Vec<_>>(), "{begin}, {is_pipe}");
        }
    }
    // Progressive files, whose offsets count from their own starts.
    let joined = [film.progressive(first), film.progressive(second)].concat();
    let (units, faults) = read(&mut *open(&joined, false).expect("a stream"));
    assert!(faults.is_empty(), "{faults:?}");
    let data: Vec<_> = units.iter().map(|unit| unit.data.to_vec()).collect();
    assert_eq!(data, samples.iter().map(|(data, _)| data.clone()).collect::<Vec<_>>());
}

#[test]
fn what_comes_again_is_shown_once() {
    let stream = sample("key-frames");
    let samples = crate::boxes::stream("key-frames");
    let film = Film::default();
    let fragment = |from: usize, to: usize| film.fragment(&samples[from..to], from as u32 * TICKS);
    // The second fragment is there twice, and the last one begins with what the third ends with.
    let parts = [(0, 12), (12, 24), (12, 24), (24, 48), (36, 60)];
    let fragments = parts.map(|(from, to)| fragment(from, to)).concat();
    let mut player = player(vec![bytes([film.init(), fragments].concat())], Options::default());
    let (frames, faults) = rest(&mut player);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(hashes(&frames), stream.frames);
    let times: Vec<_> = frames.iter().map(|frame| frame.time.as_millis()).collect();
    assert_eq!(times, (0..60).map(|i| 40 * i).collect::<Vec<_>>());
}

#[test]
fn a_fragment_of_a_wrong_time_is_shown_all_the_same() {
    let stream = sample("key-frames");
    let samples = crate::boxes::stream("key-frames");
    let film = Film::default();
    // The third says that it is far later: those after it are not what was there before.
    let times = [0, 12, 1000, 36, 48].map(|time| time * TICKS);
    let fragments = samples.chunks(12).zip(times);
    let fragments: Vec<_> = fragments.flat_map(|(part, time)| film.fragment(part, time)).collect();
    let mut player = player(vec![bytes([film.init(), fragments].concat())], Options::default());
    let (frames, faults) = rest(&mut player);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(hashes(&frames), stream.frames);
}

/// A pipe that counts what was read of it, a little at a time.
struct Counted(io::Cursor<Vec<u8>>, Arc<AtomicUsize>);

impl Read for Counted {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let bytes = to.len().min(16);
        let got = self.0.read(&mut to[..bytes])?;
        self.1.fetch_add(got, Ordering::Relaxed);
        Ok(got)
    }
}

#[test]
fn a_pipe_is_read_as_it_comes() {
    let samples = stream("key-frames");
    let film = Film::default();
    for data in [film.fragmented(&samples, 12), film.faststart(&samples)] {
        let read = Arc::new(AtomicUsize::new(0));
        let pipe = Counted(io::Cursor::new(data.clone()), Arc::clone(&read));
        let mut source =
            container::open(Box::new(pipe), None, Limits::default()).expect("a stream");
        assert!(!source.has_index() && source.position().is_none());
        let mut at = 0;
        for (sample, _) in &samples {
            let unit = source.next_unit().expect("a unit").expect("a unit");
            assert_eq!(unit.data[..], sample[..]);
            // Probing looks at more than the first samples of so small a file.
            at = unit.file_offset.expect("a place") as usize + sample.len();
            let ahead = read.load(Ordering::Relaxed).saturating_sub(at.max(4096 + 16));
            assert!(ahead < 100, "unit {}: {ahead} bytes ahead", unit.index);
        }
        assert_eq!(at, data.len());
        assert!(source.next_unit().expect("the end").is_none());
    }
}

#[test]
fn encrypted_tracks_are_refused_by_name() {
    let samples = stream("main-420-8");
    let sinf = |format: &[u8; 4], protected: u8| {
        let tenc = full(b"tenc", 0, &[&[0, 0, protected, 8], &[5; 16]]);
        let schm = full(b"schm", 0, &[b"cbcs\0\x01\0\0"]);
        boxed(b"sinf", &[&boxed(b"frma", &[format]), &schm, &boxed(b"schi", &[&tenc])])
    };
    let film = Film { entry: (*b"encv", sinf(b"av01", 1)), ..Film::default() };
    for data in [film.progressive(&samples), film.fragmented(&samples, 3)] {
        for is_pipe in [false, true] {
            let (units, faults) = read(&mut *open(&data, is_pipe).expect("a stream"));
            assert!(
                units.is_empty() && matches!(faults[..], [Error::Unsupported(_)]),
                "{faults:?}"
            );
            assert!(faults[0].to_string().contains("encrypted (cbcs)"), "{faults:?}");
        }
    }
    // What says that it is not encrypted is not.
    let film = Film { entry: (*b"encv", sinf(b"av01", 0)), ..Film::default() };
    holds(&film.progressive(&samples), &samples, "not encrypted");
    let film = Film { entry: (*b"encv", sinf(b"avc1", 1)), ..Film::default() };
    let error = open(&film.progressive(&samples), false).err().expect("no AV1").to_string();
    assert!(error.contains("avc1"), "{error}");
}

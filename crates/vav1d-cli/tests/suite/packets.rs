//! Streams whose packets are not what they should be: frames and layers over several of them, files
//! that are joined, cut, or begin in their middle; and files that are still being written.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use vav1d::container;
use vav1d::limits::Limits;
use vav1d::obu::{self, Framing, ObuType};
use vav1d_play::{Options, Target};

use crate::ebml;
use crate::manifest::{Sample, sample};
use crate::matroska::all;
use crate::players::{PATIENCE, bytes, frame, hash, hashes, player, rest};

/// The units of a sample in IVF, with their times.
fn units(sample: &Sample) -> Vec<(i64, Vec<u8>)> {
    let file = Box::new(Cursor::new(std::fs::read(sample.path()).expect("a sample")));
    let source = container::open_file(file, None, Limits::default()).expect("a stream");
    let of = |unit: container::TemporalUnit| (unit.pts.unwrap_or_default(), unit.data.to_vec());
    all(source).0.into_iter().map(of).collect()
}

/// An IVF file of these packets; 25 of their times are a second.
fn ivf(packets: &[(i64, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"DKIF\0\0\x20\0AV01\x10\0\x10\0\x19\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    for (time, data) in packets {
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(time.to_le_bytes());
        file.extend(data);
    }
    file
}

/// The OBUs of a unit, each as a packet of its own.
fn obus(unit: &[u8]) -> Vec<Vec<u8>> {
    let obus = obu::obus(unit, Framing::Section5).map(|obu| obu.expect("an OBU"));
    obus.map(|obu| unit[obu.offset..obu.end].to_vec()).collect()
}

/// Writes `data` to a file of this name in the folder of this test.
fn path(name: &str, data: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packets");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, data).expect("a file");
    path
}

/// `vav1d md5` of a file: MD5s of the pictures, and what the command says.
fn md5s(path: &Path, args: &[&str]) -> (Vec<String>, Output) {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["-q", "md5", "--device", "soft"])
        .args(args)
        .arg(path)
        .output()
        .expect("vav1d runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let hashes = text.lines().filter(|line| !line.starts_with('#'));
    let hashes = hashes.filter_map(|line| Some(line.rsplit(',').next()?.trim().to_owned()));
    (hashes.collect(), output)
}

/// Asserts that `data` decodes to `frames`, and nothing is wrong.
fn decodes(name: &str, data: &[u8], frames: &[String]) {
    let (hashes, output) = md5s(&path(name, data), &[]);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(hashes, frames, "{name}");
}

#[test]
fn a_frame_may_come_in_several_packets() {
    for name in ["tile-groups", "main-420-8"] {
        let sample = sample(name);
        let packets = units(&sample).into_iter().flat_map(|(time, unit)| {
            obus(&unit).into_iter().map(move |obu| (time, obu)).collect::<Vec<_>>()
        });
        decodes(&format!("{name}-obus.ivf"), &ivf(&packets.collect::<Vec<_>>()), &sample.frames);
    }
    // The last tile group of each unit at another time.
    let sample = sample("tile-groups");
    let packets = units(&sample).into_iter().flat_map(|(time, unit)| {
        let mut obus = obus(&unit);
        let last = obus.pop().expect("a tile group");
        [(2 * time, obus.concat()), (2 * time + 1, last)]
    });
    decodes("late-groups.ivf", &ivf(&packets.collect::<Vec<_>>()), &sample.frames);
}

#[test]
fn a_frame_that_is_never_whole_costs_itself() {
    // The last tile group of the second unit is missing; the next key frame comes at once.
    let units = units(&sample("tile-groups"));
    let cut = obus(&units[1].1).split_last().expect("OBUs").1.concat();
    let right = sample("tile-groups").frames;
    for (name, packets, frames) in [
        ("in-between", vec![units[0].clone(), (1, cut.clone()), units[0].clone()], [0, 0]),
        ("at-the-end", vec![units[0].clone(), units[0].clone(), (2, cut)], [0, 0]),
    ] {
        let (hashes, output) = md5s(&path(&format!("{name}.ivf"), &ivf(&packets)), &[]);
        assert_eq!(hashes, frames.map(|i: usize| right[i].clone()), "{name}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(65), "{said}");
        let unit = packets.iter().position(|(_, data)| *data != units[0].1).expect("a cut");
        assert!(
            said.contains(&format!("unit {unit}")) && said.contains("tiles are missing"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// A sample with layers as IVF and as Matroska, with a packet for each layer.
fn layers_apart(sample: &Sample) -> [Vec<u8>; 2] {
    let (mut packets, mut blocks) = (Vec::new(), Vec::new());
    for (time, unit) in units(sample) {
        let mut layer = Vec::new();
        for obu in obus(&unit) {
            let is_frame = matches!((obu[0] >> 3) & 15, 3 | 6);
            layer.extend(obu);
            if is_frame {
                let data = std::mem::take(&mut layer);
                // Matroska has no temporal delimiters.
                let bare = data.strip_prefix(&[0x12, 0]).unwrap_or(&data);
                blocks.push(ebml::block(1, 40 * time as i16, bare));
                packets.push((time, data));
            }
        }
    }
    assert!(packets.len() > units(sample).len());
    let tracks = ebml::tracks(&[ebml::track(1, &[])]);
    [ivf(&packets), ebml::file(&[ebml::info(), tracks, ebml::cluster(0, &blocks)])]
}

#[test]
fn a_layer_may_be_a_packet() {
    for name in ["layers-l2t2", "layers-l3t1"] {
        let sample = sample(name);
        let [ivf, matroska] = layers_apart(&sample);
        decodes(&format!("{name}-apart.ivf"), &ivf, &sample.frames);
        decodes(&format!("{name}-apart.mkv"), &matroska, &sample.frames);
    }
}

#[test]
fn pictures_are_counted_and_not_packets() {
    let groups = sample("tile-groups");
    let packets = units(&groups).into_iter().flat_map(|(time, unit)| {
        obus(&unit).into_iter().map(move |obu| (time, obu)).collect::<Vec<_>>()
    });
    let packets = ivf(&packets.collect::<Vec<_>>());
    let layers = ["layers-l2t2", "layers-l3t1"].map(sample);
    let apart = layers.iter().flat_map(|s| layers_apart(s).map(|data| (data, &s.frames)));
    for (data, frames) in apart.chain([(packets, &groups.frames)]) {
        let options = Options { kept_bytes: 0, ..Options::default() };
        let mut player = player(vec![bytes(data)], options);
        let (played, faults) = rest(&mut player);
        assert_eq!((&hashes(&played), faults.len()), (frames, 0));
        let times: Vec<_> = played.iter().map(|frame| (frame.index, frame.time)).collect();
        for index in [3, 0, 2, 1, 3] {
            player.seek(Target::Index(index as u64));
            let found = frame(&mut player);
            assert_eq!((found.index, found.time), times[index]);
            assert_eq!(hash(&found), frames[index]);
        }
        assert!(player.close(PATIENCE));
    }
}

#[test]
fn the_fields_of_an_ivf_header_are_hints() {
    let sample = sample("main-420-8");
    let data = std::fs::read(sample.path()).expect("a sample");
    for (name, at, bytes) in [
        ("version", 4, &[9, 9][..]),
        ("length-0", 6, &[0, 0]),
        ("length-swapped", 6, &[0, 32]),
        ("codec", 8, b"av01"),
        ("size", 12, &[0; 4]),
        ("time-base", 16, &[0; 8]),
        ("count", 24, &[0xff; 4]),
    ] {
        let mut odd = data.clone();
        odd[at..at + bytes.len()].copy_from_slice(bytes);
        decodes(&format!("{name}.ivf"), &odd, &sample.frames);
    }
    let mut long = data.clone();
    long[6] = 40;
    long.splice(32..32, [0; 8]);
    decodes("longer.ivf", &long, &sample.frames);
}

#[test]
fn joined_streams_follow_each_other() {
    let frames = sample("main-420-8").frames;
    let twice = [&frames[..], &frames].concat();
    let one = std::fs::read(sample("main-420-8").path()).expect("a sample");
    let mut other = one.clone();
    // Of another time base: a thousand ticks a second, forty of them a picture.
    other[16..20].copy_from_slice(&1000_u32.to_le_bytes());
    let mut at = 32;
    while at < other.len() {
        let size = u32::from_le_bytes(other[at..at + 4].try_into().expect("4 bytes"));
        let time = i64::from_le_bytes(other[at + 4..at + 12].try_into().expect("8 bytes"));
        other[at + 4..at + 12].copy_from_slice(&(40 * time).to_le_bytes());
        at += 12 + size as usize;
    }
    let joined = [one, other].concat();
    decodes("joined.ivf", &joined, &twice);
    let open = || {
        let file = Box::new(Cursor::new(joined.clone()));
        container::open_file(file, None, Limits::default()).expect("a stream")
    };
    let (mut source, mut positions) = (open(), Vec::new());
    loop {
        positions.push(source.position().expect("a position"));
        if source.next_unit().expect("a unit").is_none() {
            break;
        }
    }
    for time in (0..24).rev() {
        source.seek(positions[time]).expect("to go back");
        let unit = source.next_unit().expect("a unit").expect("a unit");
        assert_eq!((unit.index, unit.pts), (time as u64, Some(time as i64)));
    }
    for name in ["section5", "annexb"] {
        let (frames, data) = (sample(name).frames, std::fs::read(sample(name).path()));
        let data = data.expect("a sample").repeat(2);
        decodes(&format!("joined-{name}.obu"), &data, &[&frames[..], &frames].concat());
    }
}

#[test]
fn a_stream_that_begins_in_its_middle_starts_at_a_key_frame() {
    let sample = sample("key-frames");
    let units = units(&sample);
    // 12 is the first key frame after 5.
    let middle = &units[5..];
    let section5: Vec<u8> = middle.iter().flat_map(|(_, data)| data.clone()).collect();
    for (name, data) in [("middle.ivf", ivf(middle)), ("middle.obu", section5)] {
        let (hashes, output) = md5s(&path(name, &data), &[]);
        assert_eq!(hashes, sample.frames[12..], "{name}");
        assert_eq!(output.status.code(), Some(65), "{name}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("unit 0") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_sequence_header_need_not_come_first() {
    let sample = sample("section5");
    let data = std::fs::read(sample.path()).expect("a sample");
    assert_eq!(data[..2], [0x12, 0], "a temporal delimiter");
    for (name, between) in [("reserved", &[0x4a, 2, 1, 2][..]), ("padding", &[0x7a, 1, 0x80])] {
        let with = [&data[..2], between, &data[2..]].concat();
        decodes(&format!("{name}-first.obu"), &with, &sample.frames);
    }
}

#[test]
fn a_unit_that_is_lost_is_missed_by_the_frame_ids() {
    let sample = sample("error-resilient");
    let units = units(&sample);
    for lost in 1..units.len() - 1 {
        let mut left = units.clone();
        left.remove(lost);
        let (hashes, output) = md5s(&path(&format!("lost-{lost}.ivf"), &ivf(&left)), &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(65), "{lost}: {said}");
        assert_eq!(hashes, sample.frames[..lost], "{lost}: {said}");
    }
}

#[test]
fn what_is_no_list_of_tiles_is_passed_over() {
    let sample = sample("main-420-8");
    let units = units(&sample);
    let with = |list: &[u8]| {
        let mut units = units.clone();
        // Behind the temporal delimiter.
        units[3].1.splice(2..2, [&[0x42, list.len() as u8], list].concat());
        ivf(&units)
    };
    decodes("junk-list.ivf", &with(&[9, 9]), &sample.frames);
    let (_, output) = md5s(&path("junk-list.ivf", &with(&[9, 9])), &["--strict"]);
    assert_eq!(output.status.code(), Some(65));
    let (_, output) = md5s(&path("list.ivf", &with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 7])), &[]);
    assert_eq!(output.status.code(), Some(69));
}

#[test]
fn the_first_unit_of_annex_b_may_be_long() {
    let sample = sample("annexb");
    let data = std::fs::read(sample.path()).expect("a sample");
    let leb128 = |mut value: usize| {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    let file = Box::new(Cursor::new(data.clone()));
    let mut source = container::open_file(file, None, Limits::default()).expect("a stream");
    let first = source.next_unit().expect("a unit").expect("a unit");
    let rest = &data[first.file_offset.expect("an offset") as usize + first.data.len()..];
    // A frame unit of padding behind the others.
    let padding = [vec![0x78], vec![1; 300_000], vec![0x80]].concat();
    let padding = [leb128(padding.len()), padding].concat();
    let padding = [leb128(padding.len()), padding].concat();
    let unit = [&first.data[..], &padding].concat();
    let long = [&leb128(unit.len())[..], &unit, rest].concat();
    decodes("long.obu", &long, &sample.frames);
}

#[test]
fn streams_go_on_behind_damage() {
    let sample = sample("key-frames");
    let units = units(&sample);
    let is_key = |unit: &[u8]| {
        let mut obus = obu::obus(unit, Framing::Section5).map(|obu| obu.expect("an OBU").obu_type);
        obus.any(|kind| kind == ObuType::SequenceHeader)
    };
    assert!(is_key(&units[12].1) && !is_key(&units[11].1));
    // The size of the frame of unit 5, or of its OBU, is wrong.
    let mut wrong_ivf = ivf(&units);
    let at = 32 + units[..5].iter().map(|(_, data)| 12 + data.len()).sum::<usize>();
    let mut section5: Vec<u8> = units.iter().flat_map(|(_, data)| data.clone()).collect();
    let obu = units[..5].iter().map(|(_, data)| data.len()).sum::<usize>() + 2;
    assert_eq!(section5[obu], 0x32, "an OBU_FRAME");
    section5[obu] |= 0x80;
    wrong_ivf[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0]);
    let long = wrong_ivf.clone();
    wrong_ivf[at..at + 4].copy_from_slice(&[3, 0, 0, 0]);
    // Of a frame that is only said to be longer nothing is lost.
    for (name, data, lost) in
        [("long.ivf", long, 5..5), ("short.ivf", wrong_ivf, 5..12), ("bad.obu", section5, 5..12)]
    {
        let (hashes, output) = md5s(&path(name, &data), &["--after-loss", "wait"]);
        assert_eq!(output.status.code(), Some(65), "{name}");
        let right = [&sample.frames[..lost.start], &sample.frames[lost.end..]].concat();
        assert_eq!(hashes, right, "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_growing_file_is_followed() {
    let frames = sample("main-420-8").frames;
    let blocks: Vec<_> = (0_i16..)
        .zip(crate::matroska::frames())
        .map(|(i, frame)| ebml::block(1, 40 * i, &frame))
        .collect();
    let body = ebml::cluster_parts(0, &blocks);
    let head = [ebml::info(), ebml::tracks(&[ebml::track(1, &[])])].concat();
    let cluster = ebml::unsized_element(ebml::CLUSTER, 8, &body);
    let segment = ebml::unsized_element(ebml::SEGMENT, 8, &[head, cluster].concat());
    let data = [ebml::header(), segment].concat();
    let path = path("growing.mkv", &data[..5000]);
    let writer = {
        let path = path.clone();
        let rest = data[5000..].to_vec();
        std::thread::spawn(move || {
            let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("the file");
            for part in rest.chunks(4000) {
                std::thread::sleep(Duration::from_millis(100));
                file.write_all(part).expect("to write");
            }
        })
    };
    let (hashes, output) = md5s(&path, &["--follow", "3"]);
    writer.join().expect("the writer");
    assert_eq!(hashes, frames, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    // Without it the file is what it is.
    std::fs::write(&path, &data[..5000]).expect("a file");
    assert!(md5s(&path, &[]).0.len() < frames.len());
}

#[test]
fn a_track_is_chosen_by_its_number() {
    let frames = crate::matroska::frames();
    let blocks: Vec<_> =
        (0_i16..).zip(&frames).map(|(i, frame)| ebml::block(4, 40 * i, frame)).collect();
    let tracks = ebml::tracks(&[ebml::track(2, &[]), ebml::track(4, &[])]);
    let file = ebml::file(&[ebml::info(), tracks, ebml::cluster(0, &blocks)]);
    let path = path("tracks.mkv", &file);
    let (hashes, output) = md5s(&path, &["--track", "4"]);
    assert_eq!((hashes, output.status.code()), (sample("main-420-8").frames, Some(0)));
    for (args, code, said) in
        [(&["--track", "5"][..], 69, "tracks of AV1 are 2, 4"), (&["--track", "2"], 65, "no frame")]
    {
        let (_, output) = md5s(&path, args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && stderr.contains(said), "{stderr}");
    }
    let (_, output) = md5s(&sample("main-420-8").path(), &["--track", "1"]);
    assert_eq!(output.status.code(), Some(69));
}

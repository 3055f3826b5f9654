//! Tests of the decoder on the samples: files, packets, damage, and going elsewhere.

use std::io;
use std::path::PathBuf;

use super::*;
use crate::decode::{Options, decode};
use crate::sink::{Shown, Sink, StreamInfo, md5_hex};
use crate::vk::{Driver, ExecutorOptions, Instance, InstanceOptions};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples")).join(name)
}

fn decoder() -> Decoder {
    Decoder::builder().device(Device::soft()).build().expect("softvk")
}

fn md5(frame: &Frame) -> String {
    md5_hex(&frame.read().expect("on the host").data)
}

/// The units of a sample.
fn units(name: &str) -> Vec<TemporalUnit> {
    let file = Box::new(File::open(path(name)).expect("a sample"));
    let mut source = container::open_file(file, None, Default::default()).expect("a stream");
    std::iter::from_fn(|| source.next_unit().expect("a unit")).collect()
}

fn packet(unit: &TemporalUnit) -> Packet {
    Packet::new(Arc::clone(&unit.data)).at(Duration::from_millis(40 * unit.index))
}

/// What is there to receive: hashes, and faults.
fn received(decoder: &mut Decoder) -> Vec<Result<String, String>> {
    let mut all = Vec::new();
    loop {
        match decoder.receive() {
            Ok(Some(frame)) => all.push(Ok(md5(&frame))),
            Ok(None) => return all,
            Err(error) => all.push(Err(error.to_string())),
        }
    }
}

/// The hashes that a sink gets.
struct Hashes(Vec<String>);

impl Sink for Hashes {
    fn begin(&mut self, _: &StreamInfo) -> io::Result<()> {
        Ok(())
    }

    fn picture(&mut self, shown: &Shown) -> io::Result<()> {
        self.0.push(md5_hex(&shown.picture.data));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn by_sink(name: &str) -> Vec<String> {
    let file = Box::new(File::open(path(name)).expect("a sample"));
    let mut source = container::open_file(file, None, Default::default()).expect("a stream");
    let instance = Instance::new(Driver::Soft { config: None }, InstanceOptions::default());
    let instance = instance.expect("softvk");
    let adapter = instance.adapters().expect("a device").remove(0);
    let mut executor =
        Executor::new(&instance, &adapter, ExecutorOptions::default()).expect("an executor");
    let mut hashes = Hashes(Vec::new());
    decode(&mut *source, &mut executor, &mut hashes, Options::default()).expect("decoded");
    hashes.0
}

#[test]
fn the_frames_of_a_file_are_those_of_a_sink() {
    let mut decoder = decoder();
    // One decoder for all: of several formats, with film grain, layers, a grid.
    for name in ["main-420-8.ivf", "grain-420-10.ivf", "high-444-10.ivf", "containers/still.avif"] {
        let frames = decoder.file(path(name)).expect("a stream");
        let frames: Vec<_> = frames.map(|frame| frame.expect("a frame")).collect();
        let hashes: Vec<_> = frames.iter().map(md5).collect();
        assert_eq!(hashes, by_sink(name), "{name}");
        assert!(frames.iter().zip(0..).all(|(frame, index)| frame.index == index), "{name}");
        let times: Vec<_> = frames.iter().filter_map(|frame| frame.time).collect();
        let is_timed = times.len() == if name.ends_with("avif") { 0 } else { frames.len() };
        assert!(is_timed && times.is_sorted(), "{name}: {times:?}");
    }
}

#[test]
fn packets_give_the_same_whole_or_in_parts() {
    let expected: Vec<_> = by_sink("main-420-8.ivf").into_iter().map(Ok).collect();
    let units = units("main-420-8.ivf");
    let mut decoder = decoder();
    let mut hashes = Vec::new();
    for unit in &units {
        decoder.send(packet(unit)).expect("sent");
        hashes.extend(received(&mut decoder));
    }
    decoder.flush().expect("flushed");
    hashes.extend(received(&mut decoder));
    assert_eq!(hashes, expected);
    // An OBU a packet, and nothing received before the end; the stream begins anew.
    for unit in &units {
        for obu in obus(&unit.data, unit.framing) {
            let obu = obu.expect("an OBU");
            let data = &unit.data[obu.offset..obu.end];
            decoder.send(Packet { data: data.into(), ..packet(unit) }).expect("sent");
        }
    }
    decoder.flush().expect("flushed");
    assert_eq!(received(&mut decoder), expected);
}

#[test]
fn frames_have_planes_times_and_what_is_known_of_the_light() {
    let mut decoder = decoder();
    let frames = decoder.file(path("svt-pyramid.ivf")).expect("a stream");
    let frames: Vec<_> = frames.map(|frame| frame.expect("a frame")).collect();
    let frame = &frames[5];
    assert!(frame.is_hdr() && frame.color().color_primaries == 9);
    assert_eq!((frame.luminance.max_cll, frame.luminance.max_fall), (Some(1000.0), Some(400.0)));
    let (width, height) = frame.size();
    let luma = frame.plane_u16(0).expect("10 bit");
    assert_eq!(luma.len(), (width * height) as usize);
    assert!(frame.plane_u8(0).is_none() && frame.plane_u16(3).is_none());
    let bytes: Vec<u8> = luma.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(bytes, frame.read().expect("on the host").plane(0));
    let mut frames = decoder.file(path("main-420-8.ivf")).expect("a stream");
    let frame = frames.next().expect("a frame").expect("decoded");
    assert!(!frame.is_hdr() && frame.luminance == Luminance::default());
    assert_eq!(
        frame.plane_u8(1).map(<[u8]>::len),
        Some(frame.read().expect("read").plane(1).len())
    );
}

#[test]
fn a_fault_is_received_where_it_is_and_decoding_goes_on() {
    let units = units("key-frames.ivf");
    let whole = by_sink("key-frames.ivf");
    let mut decoder = decoder();
    let mut all = Vec::new();
    for unit in &units {
        let mut packet = packet(unit);
        if unit.index == 3 {
            packet.data = packet.data[..packet.data.len() / 2].into();
        }
        decoder.send(packet).expect("sent");
        all.extend(received(&mut decoder));
    }
    decoder.flush().expect("flushed");
    all.extend(received(&mut decoder));
    let faults: Vec<_> = all.iter().filter_map(|one| one.as_ref().err()).collect();
    assert!(faults.len() == 1 && faults[0].contains("unit 3"), "{faults:?}");
    let at = all.iter().position(Result::is_err).expect("a fault");
    let before: Vec<_> = all[..at].iter().flatten().collect();
    assert_eq!(before, whole[..at].iter().collect::<Vec<_>>());
    let after: Vec<_> = all[at + 1..].iter().flatten().collect();
    assert!(!after.is_empty() && after.len() < whole.len() - at);
    assert_eq!(after, whole[whole.len() - after.len()..].iter().collect::<Vec<_>>());
}

#[test]
fn a_reset_begins_at_the_next_key_frame_and_after_what_ended_it() {
    let units = units("key-frames.ivf");
    let whole = by_sink("key-frames.ivf");
    let mut decoder = decoder();
    for unit in &units[..5] {
        decoder.send(packet(unit)).expect("sent");
    }
    decoder.reset().expect("reset");
    assert!(received(&mut decoder).is_empty());
    for unit in &units[7..] {
        decoder.send(packet(unit)).expect("sent");
    }
    decoder.flush().expect("flushed");
    let after: Vec<_> = received(&mut decoder).into_iter().collect::<Result<_, _>>().expect("all");
    assert!(!after.is_empty() && after.len() < whole.len() - 6, "{}", after.len());
    assert_eq!(after, whole[whole.len() - after.len()..]);
    // Over a limit: nothing more is taken, until it is reset.
    let limits = crate::limits::Limits { frame_samples: 1000, ..Default::default() };
    let mut decoder =
        Decoder::builder().device(Device::soft()).limits(limits).build().expect("softvk");
    decoder.send(packet(&units[0])).expect("sent");
    let said = decoder.receive().expect_err("over the limit");
    assert!(matches!(said, crate::error::Error::Limit(_)), "{said}");
    assert!(decoder.receive().expect("said once").is_none());
    assert!(decoder.send(packet(&units[1])).is_err());
    decoder.reset().expect("reset");
    let tiny = self::units("tiny-9x17.ivf");
    tiny.iter().for_each(|unit| decoder.send(packet(unit)).expect("sent"));
    decoder.flush().expect("flushed");
    assert_eq!(received(&mut decoder).into_iter().flatten().count(), 5);
}

#[test]
fn what_was_lost_is_said_and_waits_for_a_key_frame() {
    let units = units("key-frames.ivf");
    let whole = by_sink("key-frames.ivf");
    let mut decoder = decoder();
    for unit in &units {
        match unit.index {
            3 => decoder.lost().expect("noted"),
            _ => decoder.send(packet(unit)).expect("sent"),
        }
    }
    decoder.flush().expect("flushed");
    let all = received(&mut decoder);
    let at = all.iter().position(Result::is_err).expect("a fault");
    assert_eq!(at, 3);
    let after: Vec<_> = all[at + 1..].iter().flatten().cloned().collect();
    assert!(!after.is_empty() && after.len() < whole.len() - at);
    assert_eq!(after, whole[whole.len() - after.len()..]);
}

#[test]
fn what_holds_no_frame_is_a_fault() {
    let mut decoder = decoder();
    decoder.send(Packet::new([0x12, 0x00])).expect("sent");
    decoder.flush().expect("flushed");
    let error = decoder.receive().expect_err("no frame");
    assert!(error.to_string().contains("no frame"), "{error}");
    assert!(decoder.receive().expect("said once").is_none());
    let not_there = decoder.file(path("nothing.ivf")).err().expect("no file");
    assert!(matches!(not_there, crate::error::Error::Io(_)), "{not_there}");
}

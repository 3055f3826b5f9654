//! Tests of the containers.

use std::io::{self, Read};

use proptest::prelude::*;

use super::*;
use crate::error::Error;

/// A reader that hands bytes over in pieces of the given sizes, for ever repeated.
struct Chopped {
    data: Vec<u8>,
    at: usize,
    cuts: Vec<usize>,
    turn: usize,
}

impl Read for Chopped {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let cut = self.cuts[self.turn % self.cuts.len()];
        self.turn += 1;
        let n = cut.min(to.len()).min(self.data.len() - self.at);
        to[..n].copy_from_slice(&self.data[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn units(
    data: &[u8],
    cuts: &[usize],
    format: Option<Format>,
) -> (Vec<TemporalUnit>, Option<String>) {
    let reader = Chopped { data: data.to_vec(), at: 0, cuts: cuts.to_vec(), turn: 0 };
    let mut source = match open(Box::new(reader), format, Limits::default()) {
        Ok(source) => source,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut units = Vec::new();
    loop {
        match source.next_unit() {
            Ok(Some(unit)) => units.push(unit),
            Ok(None) => return (units, None),
            Err(error) => return (units, Some(error.to_string())),
        }
    }
}

const TD: &[u8] = &[0x12, 0];
const SEQUENCE: &[u8] = &[0x0a, 3, 1, 2, 3];

fn ivf(frames: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    ::ivf::write_ivf_header(&mut file, 16, 16, 30, 1);
    for (i, frame) in frames.iter().enumerate() {
        ::ivf::write_ivf_frame(&mut file, 2 * i as u64, frame);
    }
    file
}

#[test]
fn ivf_frames_are_units_with_times() {
    let file = ivf(&[&[1, 2, 3], &[], &[4]]);
    let (units, error) = units(&file, &[7], None);
    assert_eq!(error, None);
    let got: Vec<_> = units.iter().map(|u| (u.index, &*u.data, u.pts, u.file_offset)).collect();
    let expected: [(u64, &[u8], _, _); 3] = [
        (0, &[1, 2, 3], Some(0), Some(44)),
        (1, &[], Some(2), Some(59)),
        (2, &[4], Some(4), Some(71)),
    ];
    assert_eq!(got, expected);
}

#[test]
fn a_cut_ivf_gives_the_units_before_the_cut() {
    let file = ivf(&[&[1, 2, 3], &[4, 5, 6]]);
    let (whole, error) = units(&file[..file.len() - 1], &[64], None);
    assert_eq!(whole.len(), 1);
    assert_eq!(error.as_deref(), Some("unit 1, byte 61: an IVF frame is cut short"));
    let (whole, error) = units(&file[..50], &[64], None);
    assert_eq!(whole.len(), 1);
    assert_eq!(error.as_deref(), Some("unit 1, byte 47: an IVF frame header is cut short"));
}

#[test]
fn a_claimed_size_is_not_allocated() {
    let mut file = ivf(&[]);
    file.extend_from_slice(&u32::MAX.to_le_bytes());
    file.extend_from_slice(&[0; 8]);
    let error = units(&file, &[64], None).1.unwrap_or_default();
    assert!(error.contains("over the limit"), "{error}");
}

#[test]
fn section5_is_cut_at_temporal_delimiters() {
    let file = [TD, SEQUENCE, &[0x32, 1, 9], TD, &[0x32, 1, 8]].concat();
    let (units, error) = units(&file, &[1], None);
    assert_eq!(error, None);
    assert_eq!(units.len(), 2);
    assert_eq!(&*units[1].data, &[0x12, 0, 0x32, 1, 8]);
    assert_eq!(units[1].file_offset, Some(10));
}

#[test]
fn annexb_units_keep_their_framing() {
    // temporal_unit(8): frame_unit(7): obu_length 1 TD, obu_length 4 sequence header.
    let file = [8, 7, 1, 0x10, 4, 0x08, 1, 2, 3, 3, 2, 1, 0x10];
    let (units, error) = units(&file, &[5], None);
    assert_eq!(error, None);
    assert_eq!(units.len(), 2);
    assert!(units.iter().all(|u| u.framing == Framing::AnnexB));
    assert_eq!(&*units[1].data, &[2, 1, 0x10]);
}

#[test]
fn containers_that_were_cut_are_named() {
    for (bytes, name) in
        [(&[0x1a, 0x45, 0xdf, 0xa3, 1][..], "Matroska"), (b"\0\0\0\x18ftypav01", "MP4")]
    {
        let opened = open(Box::new(io::Cursor::new(bytes.to_vec())), None, Limits::default());
        match opened.err() {
            Some(Error::Stream(fault)) => assert!(fault.to_string().contains(name), "{fault}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn other_containers_are_named() {
    for (bytes, name) in [(&b"RIFF\0\0\0\0AVI "[..], "RIFF"), (b"YUV4MPEG2 W16 H16\n", "Y4M")] {
        let opened = open(Box::new(io::Cursor::new(bytes.to_vec())), None, Limits::default());
        match opened.err() {
            Some(Error::Unsupported(what)) => assert!(what.to_string().contains(name)),
            other => panic!("{other:?}"),
        }
    }
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let frames = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8);
    let tail = prop::collection::vec(any::<u8>(), 0..20);
    (frames, tail, 0..3u8).prop_map(|(frames, tail, kind)| {
        let slices: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        let mut file = match kind {
            0 => ivf(&slices),
            1 => [TD, SEQUENCE].concat(),
            _ => vec![8, 7, 1, 0x10, 4, 0x08, 1, 2, 3],
        };
        if kind == 1 {
            for frame in &frames {
                file.extend_from_slice(TD);
                file.extend_from_slice(&[0x7a, (frame.len() & 0x7f) as u8]);
                file.extend_from_slice(&frame[..frame.len() & 0x7f & frame.len()]);
            }
        }
        file.extend_from_slice(&tail);
        file
    })
}

proptest! {
    #[test]
    fn units_do_not_depend_on_how_the_file_is_read(
        file in any_file(),
        cuts in prop::collection::vec(1usize..50, 1..6),
    ) {
        prop_assert_eq!(units(&file, &[1 << 20], None), units(&file, &cuts, None));
    }
}

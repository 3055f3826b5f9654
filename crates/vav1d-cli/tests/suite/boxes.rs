//! MP4 files made of boxes, from the samples' streams.

use std::io::Cursor;

use vav1d::container::error::Error;
use vav1d::container::{self, Source, TemporalUnit};
use vav1d::limits::Limits;

use crate::manifest::sample;

/// A box.
pub fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, &body].concat()
}

/// A full box of version 0.
pub fn full(kind: &[u8; 4], flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    boxed(kind, &[&flags.to_be_bytes()[..], &parts.concat()])
}

/// Big-endian numbers of 32 bits.
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The units of a sample without their temporal delimiters, as MP4 has them, and whether each
/// begins with a sequence header.
pub fn stream(name: &str) -> Vec<(Vec<u8>, bool)> {
    let file = std::fs::File::open(sample(name).path()).expect("a sample");
    let mut source =
        container::open_file(Box::new(file), None, Limits::default()).expect("a stream");
    let mut units = Vec::new();
    while let Some(unit) = source.next_unit().expect("a unit") {
        let data = unit.data.strip_prefix(&[0x12, 0]).unwrap_or(&unit.data).to_vec();
        let is_key = data.first() == Some(&0x0a);
        units.push((data, is_key));
    }
    units
}

/// Ticks of a second, and of a picture.
pub const TIMESCALE: u32 = 12_800;
pub const TICKS: u32 = 512;

/// What a file has beside what it needs, or in place of it.
#[derive(Clone)]
pub struct Film {
    /// The boxes before all others.
    pub first: Vec<u8>,
    /// Kind of the sample entry, and the boxes in it.
    pub entry: ([u8; 4], Vec<u8>),
    /// More boxes in `stsd`, `stbl`, `minf`, `trak` and `moov`, the last two in front of others.
    pub stsd: Vec<u8>,
    pub stbl: Vec<u8>,
    pub dinf: Vec<u8>,
    pub trak: Vec<u8>,
    pub moov: Vec<u8>,
    /// In each track fragment, and in each fragment.
    pub traf: Vec<u8>,
    pub moof: Vec<u8>,
    pub timescale: u32,
    pub matrix: [u32; 9],
}

impl Default for Film {
    fn default() -> Self {
        Self {
            first: boxed(b"ftyp", &[b"isom\0\0\x02\0isomav01"]),
            entry: (*b"av01", boxed(b"av1C", &[&[0x81, 0, 12, 0]])),
            stsd: Vec::new(),
            stbl: Vec::new(),
            dinf: Vec::new(),
            trak: Vec::new(),
            moov: Vec::new(),
            traf: Vec::new(),
            moof: Vec::new(),
            timescale: TIMESCALE,
            matrix: [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30],
        }
    }
}

/// A sample entry of video.
pub fn entry(kind: &[u8; 4], boxes: &[u8]) -> Vec<u8> {
    let mut body = [0; 78];
    body[7] = 1;
    body[24..26].copy_from_slice(&96_u16.to_be_bytes());
    body[26..28].copy_from_slice(&80_u16.to_be_bytes());
    boxed(kind, &[&body, boxes])
}

/// A track: its header, and the tables in `stbl`.
pub fn track(id: u32, handler: &[u8; 4], film: &Film, stsd: &[u8], stbl: &[u8]) -> Vec<u8> {
    let matrix = words(&film.matrix);
    let tkhd = full(b"tkhd", 3, &[&words(&[0, 0, id, 0, 0, 0, 0, 0, 0]), &matrix, &[0; 8]]);
    let mdhd = full(b"mdhd", 0, &[&words(&[0, 0, film.timescale, 0, 0x55c4_0000])]);
    let hdlr = full(b"hdlr", 0, &[&[0; 4], handler, &[0; 13]]);
    let count = words(&[if stsd.is_empty() { 0 } else { 1 }]);
    let stsd = full(b"stsd", 0, &[&count, stsd, &film.stsd]);
    let stbl = boxed(b"stbl", &[&film.stbl, &stsd, stbl]);
    let minf = boxed(b"minf", &[&film.dinf, &stbl]);
    let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &minf]);
    boxed(b"trak", &[&film.trak, &tkhd, &mdia])
}

impl Film {
    /// The movie box of `samples`, which are one after the other from `offset` on.
    pub fn moov(&self, samples: &[(Vec<u8>, bool)], offset: u32) -> Vec<u8> {
        let count = samples.len() as u32;
        let sizes: Vec<_> = samples.iter().map(|(data, _)| data.len() as u32).collect();
        let syncs = (1..).zip(samples).filter(|(_, sample)| sample.1).map(|(number, _)| number);
        let syncs: Vec<_> = syncs.collect();
        let tables = [
            full(b"stts", 0, &[&words(&[1, count, TICKS])]),
            full(b"stsz", 0, &[&words(&[0, count]), &words(&sizes)]),
            full(b"stsc", 0, &[&words(&[1, 1, count, 1])]),
            full(b"stco", 0, &[&words(&[1, offset])]),
            full(b"stss", 0, &[&words(&[syncs.len() as u32]), &words(&syncs)]),
        ];
        let entry = entry(&self.entry.0, &self.entry.1);
        self.movie(&track(1, b"vide", self, &entry, &tables.concat()), &[])
    }

    fn movie(&self, track: &[u8], mvex: &[u8]) -> Vec<u8> {
        let mvhd = full(b"mvhd", 0, &[&words(&[0, 0, 1000, 0]), &[0; 80]]);
        boxed(b"moov", &[&self.moov, &mvhd, track, mvex])
    }

    /// A file whose movie box is behind its samples.
    pub fn progressive(&self, samples: &[(Vec<u8>, bool)]) -> Vec<u8> {
        let data: Vec<_> = samples.iter().flat_map(|(data, _)| data.clone()).collect();
        let moov = self.moov(samples, self.first.len() as u32 + 8);
        [self.first.clone(), boxed(b"mdat", &[&data]), moov].concat()
    }

    /// The same with its movie box in front.
    pub fn faststart(&self, samples: &[(Vec<u8>, bool)]) -> Vec<u8> {
        let data: Vec<_> = samples.iter().flat_map(|(data, _)| data.clone()).collect();
        let head = self.first.len() + self.moov(samples, 0).len() + 8;
        let moov = self.moov(samples, head as u32);
        [self.first.clone(), moov, boxed(b"mdat", &[&data])].concat()
    }

    /// What is in front of fragments.
    pub fn init(&self) -> Vec<u8> {
        let entry = entry(&self.entry.0, &self.entry.1);
        let track = track(1, b"vide", self, &entry, &[]);
        let mvex = boxed(b"mvex", &[&full(b"trex", 0, &[&words(&[1, 1, TICKS, 0, 0])])]);
        [self.first.clone(), self.movie(&track, &mvex)].concat()
    }

    /// A fragment whose first sample is at `time`.
    pub fn fragment(&self, samples: &[(Vec<u8>, bool)], time: u32) -> Vec<u8> {
        let rows = samples
            .iter()
            .map(|(data, is_key)| words(&[data.len() as u32, if *is_key { 0 } else { 1 << 16 }]));
        let rows: Vec<_> = rows.flatten().collect();
        let moof = |offset: u32| {
            let tfhd = full(b"tfhd", 0x2_0000, &[&words(&[1])]);
            let tfdt = full(b"tfdt", 0, &[&words(&[time])]);
            let trun = full(b"trun", 0x601, &[&words(&[samples.len() as u32, offset]), &rows]);
            let traf = boxed(b"traf", &[&tfhd, &tfdt, &self.traf, &trun]);
            boxed(b"moof", &[&full(b"mfhd", 0, &[&[0; 4]]), &self.moof, &traf])
        };
        let moof = moof(moof(0).len() as u32 + 8);
        let data: Vec<_> = samples.iter().flat_map(|(data, _)| data.clone()).collect();
        [moof, boxed(b"mdat", &[&data])].concat()
    }

    /// A fragmented file, of `count` samples a fragment.
    pub fn fragmented(&self, samples: &[(Vec<u8>, bool)], count: usize) -> Vec<u8> {
        let fragments = samples.chunks(count).enumerate();
        let fragments = fragments.map(|(i, part)| self.fragment(part, (i * count) as u32 * TICKS));
        [self.init(), fragments.flatten().collect()].concat()
    }
}

/// The units of a source, and the faults between them.
pub fn read(source: &mut dyn Source) -> (Vec<TemporalUnit>, Vec<Error>) {
    let (mut units, mut faults) = (Vec::new(), Vec::new());
    loop {
        match source.next_unit() {
            Ok(Some(unit)) => units.push(unit),
            Ok(None) => return (units, faults),
            Err(error) => {
                let is_over = !matches!(error, Error::Stream(_));
                faults.push(error);
                if is_over {
                    return (units, faults);
                }
            }
        }
        assert!(faults.len() < 100, "{faults:?}");
    }
}

/// Opens `data` as a file, or as a pipe.
pub fn open(data: &[u8], is_pipe: bool) -> vav1d::container::error::Result<Box<dyn Source>> {
    let data = Cursor::new(data.to_vec());
    match is_pipe {
        true => container::open(Box::new(data), None, Limits::default()),
        false => container::open_file(Box::new(data), None, Limits::default()),
    }
}

/// Asserts that `data` has `samples`, from a file and from a pipe, and that nothing is wrong.
#[track_caller]
pub fn holds(data: &[u8], samples: &[(Vec<u8>, bool)], what: &str) {
    for is_pipe in [false, true] {
        let mut source = open(data, is_pipe).unwrap_or_else(|error| panic!("{what}: {error}"));
        let (units, faults) = read(&mut *source);
        assert!(faults.is_empty(), "{what}, {is_pipe}: {faults:?}");
        assert_eq!(units.len(), samples.len(), "{what}, {is_pipe}");
        for (unit, (data, _)) in units.iter().zip(samples) {
            assert!(unit.data[..] == data[..], "{what}, {is_pipe}, unit {}", unit.index);
        }
    }
}

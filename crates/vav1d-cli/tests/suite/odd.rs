//! Files of muxers that went their own way: what they say twice, elsewhere or in another order.

use vav1d::container::error::Error;

use crate::boxes::{Film, TICKS, boxed, holds, open, read, stream, words};
use crate::ebml::{self, element};
use crate::matroska::{clusters, frames, head, is_damaged};

/// `data` as a zlib stream (RFC 1950) that stores it.
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut parts = data.chunks(0xffff).peekable();
    while let Some(part) = parts.next() {
        let size = part.len() as u16;
        out.push(u8::from(parts.peek().is_none()));
        out.extend(size.to_le_bytes());
        out.extend((!size).to_le_bytes());
        out.extend(part);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn at(file: &[u8], kind: &[u8; 4]) -> usize {
    file.windows(4).position(|window| window == kind).expect("a box")
}

#[test]
fn a_sample_entry_may_be_shouted() {
    let samples = stream("main-420-8");
    let mut film = Film::default();
    film.entry.0 = *b"AV01";
    holds(&film.faststart(&samples), &samples, "AV01");
}

#[test]
fn a_movie_box_may_be_compressed() {
    let samples = stream("main-420-8");
    let film = Film::default();
    let compressed = |moov: &[u8]| {
        let size = words(&[moov.len() as u32]);
        let dcom = boxed(b"dcom", &[b"zlib"]);
        let cmov = boxed(b"cmov", &[&dcom, &boxed(b"cmvd", &[&size, &zlib(moov)])]);
        boxed(b"moov", &[&cmov])
    };
    let data: Vec<_> = samples.iter().flat_map(|(data, _)| data.clone()).collect();
    let size = compressed(&film.moov(&samples, 0)).len();
    let moov = film.moov(&samples, (film.first.len() + size + 8) as u32);
    let file = [film.first.clone(), compressed(&moov), boxed(b"mdat", &[&data])].concat();
    holds(&file, &samples, "cmov");
    // What it says of its size is no reason to believe it.
    let mut large = file.clone();
    let cmvd = at(&large, b"cmvd");
    large[cmvd + 4..cmvd + 8].fill(0xff);
    holds(&large, &samples, "a large cmov");
    let mut other = file;
    let dcom = at(&other, b"dcom");
    other[dcom + 4..dcom + 8].copy_from_slice(b"lzma");
    let error = open(&other, false).err().expect("an error").to_string();
    assert!(error.contains("without a track of AV1"), "{error}");
}

#[test]
fn rows_of_chunks_may_be_in_any_order_or_say_nothing() {
    let samples = stream("main-420-8");
    let file = Film::default().faststart(&samples);
    let stsc = at(&file, b"stsc") - 4;
    assert_eq!(file[stsc..stsc + 4], words(&[28])[..]);
    let mut nothing = file.clone();
    nothing[stsc + 20..stsc + 24].fill(0);
    holds(&nothing, &samples, "no samples in a chunk");
    // Two rows, the second of them for the first chunk; there is one chunk.
    let film = Film::default();
    let mut moov = film.moov(&samples, 0);
    let stsc = at(&moov, b"stsc") - 4;
    let rows = words(&[0, 2, 5, 1, 1, 1, samples.len() as u32, 1]);
    moov.splice(stsc..stsc + 28, boxed(b"stsc", &[&rows]));
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"stbl"] {
        let place = at(&moov, kind) - 4;
        let size = u32::from_be_bytes(moov[place..place + 4].try_into().expect("four bytes"));
        moov[place..place + 4].copy_from_slice(&(size + 12).to_be_bytes());
    }
    let offset = film.first.len() + moov.len() + 8;
    let stco = at(&moov, b"stco");
    moov[stco + 12..stco + 16].copy_from_slice(&words(&[offset as u32]));
    let data: Vec<_> = samples.iter().flat_map(|(data, _)| data.clone()).collect();
    let file = [film.first.clone(), moov, boxed(b"mdat", &[&data])].concat();
    holds(&file, &samples, "rows in another order");
}

#[test]
fn what_matroska_crops_is_known() {
    let video = |crop: &[Vec<u8>]| {
        let size = [element(0xb0, &[227]), element(0xba, &[131])];
        let video = element(0xe0, &[&size[..], crop].concat().concat());
        let tracks = ebml::tracks(&[ebml::track(1, &[video])]);
        ebml::file(&[vec![ebml::info(), tracks], clusters(&frames())].concat())
    };
    let crop = |file: &[u8]| open(file, false).expect("a film").info().crop;
    let sides = [(0x54cc, 10), (0x54bb, 20), (0x54dd, 7), (0x54aa, 1)];
    let sides = sides.map(|(id, samples)| element(id, &[samples]));
    let found = crop(&video(&sides)).expect("a rectangle");
    assert_eq!((found.x, found.y, found.width, found.height), (10, 20, 210, 110));
    assert_eq!(crop(&video(&[])), None);
    // More than there is.
    assert_eq!(crop(&video(&[element(0x54cc, &[227])])), None);
}

#[test]
fn junk_behind_ivf_frames_is_junk_in_a_pipe_too() {
    let sample = crate::manifest::sample("main-420-8");
    let mut file = std::fs::read(sample.path()).expect("a sample");
    file.extend([0xff; 77]);
    for is_pipe in [false, true] {
        let (units, faults) = read(&mut *open(&file, is_pipe).expect("a stream"));
        assert_eq!((units.len(), faults.len()), (sample.frames.len(), 1), "{is_pipe}: {faults:?}");
        assert!(faults[0].to_string().contains("cut short"), "{is_pipe}: {faults:?}");
    }
}

/// A fragment, `moof` and `mdat`, with the media in front.
fn media_first(fragment: &[u8]) -> Vec<u8> {
    let size = u32::from_be_bytes(fragment[..4].try_into().expect("a box")) as usize;
    let (moof, mdat) = fragment.split_at(size);
    let mut moof = moof.to_vec();
    let trun = moof.windows(4).position(|kind| kind == b"trun").expect("a run");
    let offset = 8 - mdat.len() as i32;
    moof[trun + 12..trun + 16].copy_from_slice(&offset.to_be_bytes());
    [mdat, &moof].concat()
}

#[test]
fn media_may_be_in_front_of_its_fragment() {
    let samples = stream("key-frames");
    let film = Film::default();
    let fragments = samples.chunks(6).enumerate();
    let fragments: Vec<_> =
        fragments.map(|(i, part)| film.fragment(part, (i * 6) as u32 * TICKS)).collect();
    let turned = fragments.iter().flat_map(|fragment| media_first(fragment));
    let data = [film.init(), turned.collect()].concat();
    holds(&data, &samples, "media first");
    // Some are, and some are not; what is of no fragment is nothing.
    let mixed = fragments.iter().enumerate().map(|(i, fragment)| match i % 2 {
        0 => [boxed(b"mdat", &[&[7; 5000]]), fragment.clone()].concat(),
        _ => media_first(fragment),
    });
    let data = [film.init(), mixed.flatten().collect()].concat();
    holds(&data, &samples, "media before and behind");
}

#[test]
fn a_matroska_file_may_begin_behind_something_else() {
    let frames = frames();
    let clusters = clusters(&frames);
    let film = ebml::file(&[&head()[..], &clusters].concat());
    // The identifier of an EBML header alone, in front of none.
    let alone = [&[0, 0x1a, 0x45, 0xdf, 0xa3][..], &[0; 300]].concat();
    let junk: [&[u8]; 5] = [
        &alone,
        b"\n",
        b"\xef\xbb\xbf",
        &[0; 5000],
        b"HTTP/1.1 200 OK\r\nContent-Type: video/webm\r\n\r\n",
    ];
    for junk in junk {
        let what = format!("{:?}", &junk[..junk.len().min(16)]);
        is_damaged(&what, &[junk, &film].concat(), &frames, "no element");
    }
}

/// A fragment of one sample, of which nobody says how large it is.
fn without_size(fragment: &[u8]) -> Vec<u8> {
    let mut out = fragment.to_vec();
    let trun = at(&out, b"trun");
    // Flags, count, offset; the size of the first sample; its flags.
    out[trun + 6] = 4;
    out.drain(trun + 16..trun + 20);
    let offset = i32::from_be_bytes(out[trun + 12..trun + 16].try_into().expect("four"));
    out[trun + 12..trun + 16].copy_from_slice(&(offset - 4).to_be_bytes());
    for kind in [b"moof", b"traf", b"trun"] {
        let size = at(&out, kind) - 4;
        let bytes = u32::from_be_bytes(out[size..size + 4].try_into().expect("four")) - 4;
        out[size..size + 4].copy_from_slice(&bytes.to_be_bytes());
    }
    out
}

#[test]
fn a_sample_without_a_size_ends_with_its_box() {
    let samples = stream("main-420-8");
    let film = Film::default();
    let fragment = |from: usize, to: usize| film.fragment(&samples[from..to], from as u32 * TICKS);
    let parts = [film.init(), fragment(0, 4), without_size(&fragment(4, 5)), fragment(5, 12)];
    for is_pipe in [false, true] {
        let (units, faults) = read(&mut *open(&parts.concat(), is_pipe).expect("a stream"));
        assert!(units.iter().map(|unit| &unit.data[..]).eq(samples.iter().map(|s| &s.0[..])));
        let [Error::Stream(fault)] = &faults[..] else { panic!("{faults:?}") };
        assert!(fault.to_string().contains("no size") && !fault.loses_frames(), "{fault}");
    }
    // Of two nobody knows where the first ends.
    let parts = [film.init(), fragment(0, 4), without_size(&fragment(4, 6)), fragment(6, 12)];
    for is_pipe in [false, true] {
        let (units, faults) = read(&mut *open(&parts.concat(), is_pipe).expect("a stream"));
        assert_eq!((units.len(), faults.len()), (10, 1), "{faults:?}");
        let Error::Stream(fault) = &faults[0] else { panic!("{faults:?}") };
        assert!(fault.to_string().contains("no size") && fault.loses_frames(), "{fault}");
    }
}

#[test]
fn containers_that_are_not_read_are_named() {
    let packets: Vec<u8> = (0..8 * 188).map(|at| if at % 188 == 0 { 0x47 } else { 7 }).collect();
    let files: [(&[u8], &str); 4] = [
        (b"FLV\x01\x01\0\0\0\x09\0\0\0\0", "FLV"),
        (b"RIFF\x24\0\0\0AVI LIST", "RIFF"),
        (b"OggS\0\x02\0\0\0\0\0\0", "Ogg"),
        (&packets, "transport stream"),
    ];
    for (data, name) in files {
        for is_pipe in [false, true] {
            match open(data, is_pipe).err() {
                Some(Error::Unsupported(what)) => {
                    assert!(what.to_string().contains(name), "{what}")
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

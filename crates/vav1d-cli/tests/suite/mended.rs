//! Containers in which one thing is wrong that the rest of the file tells: nothing, or little, is lost.

use vav1d_play::Options;

use crate::boxes::{Film, TICKS, boxed, full, holds, open, read, stream, words};
use crate::ebml::*;
use crate::manifest::sample;
use crate::matroska::{clusters, frames, head, is_damaged};
use crate::players::{bytes, hashes, player, rest};

#[test]
fn a_cluster_goes_on_behind_what_is_broken_in_it() {
    let frames = frames();
    let [a, b, c] = <[Vec<u8>; 3]>::try_from(clusters(&frames)).expect("three clusters");
    let with = |parts: &[Vec<u8>]| file(&[&head()[..], parts].concat());
    let lost = "longer than what it is in";
    // A block ends where its last OBU does.
    let mut broken = b.clone();
    let second = 12 + 9 + 2 + (9 + 4 + frames[4].len());
    assert_eq!(broken[second], 0xa3, "a block");
    broken[second + 1..second + 9].copy_from_slice(&[1, 0, 0, 0, 0, 0x7f, 0xff, 0xff]);
    let damaged = with(&[a.clone(), broken.clone(), c.clone()]);
    is_damaged("a block without end", &damaged, &frames, lost);
    let mut number = broken.clone();
    number.splice(12..12, sized(0xab, 1 << 40, &[1]));
    let size = number.len() as u64 - 12;
    number[4..12].copy_from_slice(&(size | 1 << 56).to_be_bytes());
    number[second + 10 + 1..second + 10 + 9].copy_from_slice(&b[second + 1..second + 9]);
    let damaged = with(&[a.clone(), number, c.clone()]);
    is_damaged("a PrevSize without end", &damaged, &frames, "more than eight bytes");
    // Where nothing is whole any more it is lost, and what follows is not.
    broken[second + 9 + 4..][..frames[5].len()].fill(0);
    let rest = [&frames[..5], &frames[6..]].concat();
    let damaged = with(&[a.clone(), broken.clone(), c.clone()]);
    is_damaged("a block of nothing", &damaged, &rest, lost);
    // What is between is lost with it.
    let third = second + 9 + 4 + frames[5].len();
    broken[third + 1..third + 9].fill(0xff);
    let rest = [&frames[..5], &frames[7..]].concat();
    is_damaged("two blocks without end", &with(&[a.clone(), broken, c.clone()]), &rest, lost);
}

#[test]
fn padding_may_have_swallowed_what_describes_the_stream() {
    let frames = frames();
    let all = head().concat();
    let padding = sized(VOID, all.len() as u64, &[]);
    let data = file(&[vec![padding], head(), clusters(&frames)].concat());
    is_damaged("a Void around all", &data, &frames, "longer than what it is in");
}

#[test]
fn tables_that_say_nothing_have_one_meaning_left() {
    let samples = stream("main-420-8");
    let film = Film::default();
    let file = film.faststart(&samples);
    let at = |file: &[u8], kind: &[u8; 4]| {
        file.windows(4).position(|window| window == kind).expect("a box")
    };
    // Which chunk has how many samples.
    let mut empty = file.clone();
    let stsc = at(&file, b"stsc");
    empty[stsc + 8..stsc + 12].fill(0);
    holds(&empty, &samples, "an empty stsc");
    // A box of a table that is as long as its rows, and says otherwise.
    for kind in [b"stts", b"stsz", b"stsc", b"stco", b"stss"] {
        let mut short = file.clone();
        let size = at(&file, kind) - 1;
        short[size] -= 3;
        holds(&short, &samples, "a short table");
    }
    // A movie box that is called free, or has another name, or is there twice.
    for name in [b"free", b"skip", b"mooo"] {
        let mut renamed = file.clone();
        let moov = at(&file, b"moov");
        renamed[moov..moov + 4].copy_from_slice(name);
        holds(&renamed, &samples, "a movie box of another name");
    }
    let moov = at(&file, b"moov") - 4;
    let mdat = at(&file, b"mdat") - 4;
    holds(&[&file[..], &file[moov..mdat]].concat(), &samples, "two movie boxes");
}

#[test]
fn a_sample_that_is_too_long_has_those_behind_it() {
    let stream_of = sample("main-420-8");
    let samples = stream("main-420-8");
    let mut file = Film::default().faststart(&samples);
    let stsz = file.windows(4).position(|window| window == b"stsz").expect("a box");
    for (high, is_pipe) in [(1, false), (1, true), (0x10, false), (0x10, true), (0xff, false)] {
        // It is in the sizes of all samples, behind version, size and count.
        file[stsz + 16 + 4 * 8] = high;
        let (units, faults) = read(&mut *open(&file, is_pipe).expect("a stream"));
        let rest: Vec<_> = samples[8..].iter().flat_map(|(data, _)| data.clone()).collect();
        assert_eq!(units.len(), 9);
        assert_eq!(units[8].data[..], rest, "{is_pipe}");
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
    let mut player = player(vec![bytes(file)], Options::default());
    let (frames, faults) = rest(&mut player);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(hashes(&frames), stream_of.frames);
}

#[test]
fn a_header_that_is_cut_short_says_what_it_says() {
    let samples = stream("main-420-8");
    let film = Film::default();
    let fragment = film.fragment(&samples, 0);
    let at = |kind: &[u8; 4]| fragment.windows(4).position(|window| window == kind).expect("a box");
    let (tfhd, tfdt) = (at(b"tfhd") - 4, at(b"tfdt") - 4);
    // Its flags say that it has a duration and a size; it has none, and then no track either.
    for left in [16, 12] {
        let mut cut = fragment[..tfhd + left].to_vec();
        cut[tfhd + 3] = left as u8;
        cut[tfhd + 11] |= 8 | 16;
        cut.extend(&fragment[tfdt..]);
        let less = (tfdt - tfhd - left) as u32;
        // What it is in, and where the samples are, are as much less.
        for place in [at(b"moof") - 4, at(b"traf") - 4, at(b"trun") + 12 - (tfdt - tfhd - left)] {
            let old = u32::from_be_bytes(cut[place..place + 4].try_into().expect("four bytes"));
            cut[place..place + 4].copy_from_slice(&(old - less).to_be_bytes());
        }
        holds(&[film.init(), cut].concat(), &samples, &format!("{left} bytes of a header"));
    }
}

#[test]
fn a_sample_of_a_fragment_may_be_too_long() {
    let stream_of = sample("main-420-8");
    let samples = stream("main-420-8");
    let film = Film::default();
    let mut fragments: Vec<_> = (0..)
        .zip(&samples)
        .map(|(i, one)| film.fragment(std::slice::from_ref(one), i * TICKS))
        .collect();
    // Its size is behind version, count and offset.
    let trun = fragments[5].windows(4).position(|window| window == b"trun").expect("a box");
    fragments[5][trun + 16] = 1;
    let data = [film.init(), fragments.concat()].concat();
    let mut player = player(vec![bytes(data)], Options::default());
    let (frames, faults) = rest(&mut player);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(hashes(&frames), stream_of.frames);
}

/// Its media is where the last of them says; that of the others would be in the next one.
#[test]
fn a_fragment_may_be_there_more_than_once_in_front_of_its_media() {
    let samples = stream("key-frames");
    let film = Film::default();
    let fragment = |part: &[(Vec<u8>, bool)], time: u32| {
        let fragment = film.fragment(part, time);
        let media: usize = part.iter().map(|(data, _)| data.len()).sum();
        let head = fragment.len() - media - 8;
        (fragment[..head].to_vec(), fragment)
    };
    let (first, second) = (fragment(&samples[..24], 0), fragment(&samples[24..], 24 * TICKS));
    for (times, of_second) in [(1, 0), (2, 0), (0, 1), (3, 1)] {
        let data = [
            film.init(),
            first.0.repeat(times),
            first.1.clone(),
            second.0.repeat(of_second),
            second.1.clone(),
        ];
        holds(&data.concat(), &samples, &format!("{times} and {of_second} more"));
    }
}

/// Those that are in it then are read as those behind it, and a run goes on behind its end.
#[test]
fn a_track_of_a_fragment_may_be_too_long_or_too_short() {
    let samples = stream("key-frames");
    // Another track's, in front of the one that is wanted.
    let tfhd = full(b"tfhd", 0x2_0000, &[&words(&[7])]);
    let other = boxed(b"traf", &[&tfhd, &full(b"trun", 0, &[&words(&[0])])]);
    let film = Film { moof: other.clone(), ..Film::default() };
    let data = film.fragmented(&samples, 12);
    let place = data.windows(4).position(|name| name == b"traf").expect("a track") - 4;
    let media = data[place..].windows(4).position(|name| name == b"mdat").expect("media") - 4;
    for bytes in [other.len(), media, media + 2000, 1 << 20] {
        let mut data = data.clone();
        data[place..place + 4].copy_from_slice(&(bytes as u32).to_be_bytes());
        holds(&data, &samples, &format!("{bytes} bytes"));
    }
    let film = Film::default();
    let data = film.fragmented(&samples, 1);
    let place = data.windows(4).position(|name| name == b"traf").expect("a track") - 4;
    let size = data[place + 3];
    for less in [1, 5, 12, 19] {
        let mut data = data.clone();
        data[place + 3] = size - less;
        holds(&data, &samples, &format!("{less} bytes less"));
    }
}

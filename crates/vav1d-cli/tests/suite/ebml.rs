//! Writes Matroska files, element by element, right ones and others.

/// An element of `body`.
pub fn element(id: u32, body: &[u8]) -> Vec<u8> {
    sized(id, body.len() as u64, body)
}

/// An element of several parts.
pub fn master(id: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    element(id, &parts.concat())
}

/// An element that says that it has `size` bytes.
pub fn sized(id: u32, size: u64, body: &[u8]) -> Vec<u8> {
    let size = (size | 1 << 56).to_be_bytes();
    [&coded(id)[..], &size, body].concat()
}

/// An element that does not say how many bytes it has, in so many bytes.
pub fn unsized_element(id: u32, width: usize, body: &[u8]) -> Vec<u8> {
    let mut size = vec![0xff; width];
    size[0] = ((1_u16 << (9 - width)) - 1) as u8;
    [&coded(id)[..], &size, body].concat()
}

fn coded(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

pub const EBML: u32 = 0x1a45_dfa3;
pub const SEGMENT: u32 = 0x1853_8067;
pub const INFO: u32 = 0x1549_a966;
pub const TRACKS: u32 = 0x1654_ae6b;
pub const CLUSTER: u32 = 0x1f43_b675;
pub const TAGS: u32 = 0x1254_c367;
pub const CHAPTERS: u32 = 0x1043_a770;
pub const CUES: u32 = 0x1c53_bb6b;
pub const SEEK_HEAD: u32 = 0x114d_9b74;
pub const VOID: u32 = 0xec;

/// The EBML header.
pub fn header() -> Vec<u8> {
    element(EBML, &element(0x4282, b"matroska"))
}

/// Info, with a tick of a millisecond.
pub fn info() -> Vec<u8> {
    element(INFO, &element(0x2a_d7b1, &[0x0f, 0x42, 0x40]))
}

/// A track of video, of AV1 unless `more` says another codec, with `more` in it.
pub fn track(number: u8, more: &[Vec<u8>]) -> Vec<u8> {
    let plain = [element(0xd7, &[number]), element(0x83, &[1]), element(0x86, b"V_AV1")];
    master(0xae, &[&plain[..], more].concat())
}

/// Tracks.
pub fn tracks(entries: &[Vec<u8>]) -> Vec<u8> {
    master(TRACKS, entries)
}

/// The body of a block of `track`, at `time` after its cluster.
pub fn block_body(track: u8, time: i16, flags: u8, data: &[u8]) -> Vec<u8> {
    [&[0x80 | track], &time.to_be_bytes()[..], &[flags], data].concat()
}

/// A SimpleBlock of a frame.
pub fn block(track: u8, time: i16, data: &[u8]) -> Vec<u8> {
    element(0xa3, &block_body(track, time, 0, data))
}

/// The parts of a cluster at `time`.
pub fn cluster_parts(time: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
    [element(0xe7, &time.to_be_bytes()), blocks.concat()].concat()
}

/// A cluster at `time`.
pub fn cluster(time: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
    element(CLUSTER, &cluster_parts(time, blocks))
}

/// A file of a segment with these elements.
pub fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    [header(), master(SEGMENT, parts)].concat()
}

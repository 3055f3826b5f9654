//! Files made to harm: no container panics, hangs or takes more memory than a file is worth.

use std::io::{Cursor, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use vav1d::container;
use vav1d::limits::Limits;

use crate::manifest::folder;

/// Kilobytes of address space that a program may take.
const MEMORY: u64 = 2 << 20;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join("containers").join(name)).expect("a sample")
}

/// Reads all of `data`, asks for its index, and goes back to where that says: how many units.
fn read(data: &[u8]) -> usize {
    let opened =
        container::open_file(Box::new(Cursor::new(data.to_vec())), None, Limits::default());
    let Ok(mut source) = opened else { return 0 };
    let mut units = 0;
    while let Ok(Some(_)) = source.next_unit() {
        units += 1;
        assert!(units <= data.len());
    }
    for entry in source.index().ok().flatten().into_iter().flatten() {
        if source.seek(entry.position).is_ok() {
            let _may_be_broken = source.next_unit();
        }
    }
    units
}

/// What `vav1d info` says of `data`, in little memory and time: its exit code.
#[track_caller]
fn info(data: &[u8]) -> i32 {
    let folder = std::env::temp_dir().join(format!("vav1d-hostile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let name = format!("{:?}", std::thread::current().id()).replace(['(', ')'], "");
    let path = folder.join(name);
    std::fs::write(&path, data).expect("a file");
    let begun = Instant::now();
    let mut child = Command::new("/bin/sh")
        .args(["-c", "ulimit -v $0 && exec \"$@\"", &MEMORY.to_string()])
        .arg(env!("CARGO_BIN_EXE_vav1d"))
        .args(["-q", "info"])
        .arg(&path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().expect("a child");
            panic!("vav1d does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("its errors");
    stderr.read_to_string(&mut said).expect("text");
    std::fs::remove_file(&path).expect("the file");
    assert_eq!(status.signal(), None, "{said}");
    status.code().filter(|code| [0, 65, 66, 69].contains(code)).unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn a_file_may_end_anywhere() {
    for (name, step) in [
        ("wide.mkv", 1),
        ("wide.mp4", 1),
        ("still.avif", 1),
        ("keys-live.webm", 5),
        ("keys-fragments.mp4", 5),
    ] {
        let data = file(name);
        let whole = read(&data);
        let mut last = 0;
        for cut in (0..data.len()).step_by(step) {
            last = read(&data[..cut]);
            assert!(last <= whole, "{name} cut at {cut}");
        }
        assert!(whole > 0 && last <= whole, "{name}");
    }
}

#[test]
fn any_byte_may_be_wrong() {
    for name in ["wide.mkv", "wide.mp4", "keys-live.webm", "keys-fragments.mp4", "still.avif"] {
        let data = file(name);
        // The head is most of what there is of a container.
        for at in 0..data.len().min(1100) {
            for byte in [0, 0x80, 0xff] {
                let mut damaged = data.clone();
                damaged[at] = byte;
                read(&damaged);
            }
        }
    }
}

/// A box of ISO/IEC 14496-12.
fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes()[..], kind, body].concat()
}

/// Where the bytes `what` are in `data`.
fn find(data: &[u8], what: &[u8]) -> usize {
    data.windows(what.len()).position(|window| window == what).expect("what is sought")
}

#[test]
fn boxes_may_be_nested_for_ever() {
    for kind in [b"moov", b"trak", b"mdia", b"udta", b"meta", b"traf"] {
        for between in [0, 4] {
            let mut nested = Vec::new();
            for left in (1..=20_000).rev() {
                nested.extend(u32::to_be_bytes(left * (8 + between)));
                nested.extend(kind);
                nested.resize(nested.len() + between as usize, 0);
            }
            for outer in [b"moov", b"moof", b"meta"] {
                let body = [&vec![0; between as usize][..], &nested].concat();
                let head = boxed(b"ftyp", b"isom\0\0\0\0isom");
                info(&[head, boxed(outer, &body)].concat());
            }
        }
    }
}

#[test]
fn tables_may_claim_what_they_like() {
    let data = file("keys.mp4");
    // Counts of entries, of samples of a run, of samples of a chunk, and a size for all.
    for (kind, offsets) in [
        (b"stsz", &[8, 12][..]),
        (b"stts", &[8, 12, 16]),
        (b"stsc", &[8, 12, 16]),
        (b"stco", &[8, 12]),
        (b"stss", &[8, 12]),
        (b"stsd", &[8, 12]),
        (b"elst", &[8, 12, 16]),
        (b"mdhd", &[16, 20]),
    ] {
        let at = find(&data, kind);
        for offset in offsets {
            for value in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX - 8, u32::MAX] {
                let mut damaged = data.clone();
                damaged[at + offset..at + offset + 4].copy_from_slice(&u32::to_be_bytes(value));
                read(&damaged);
            }
        }
    }
    // As many samples as bytes: a large file of nothing, all of whose bytes are samples.
    let mut damaged = data.clone();
    let stsz = find(&data, b"stsz");
    damaged[stsz + 8..stsz + 16].copy_from_slice(&[0, 0, 0, 1, 3, 0, 0, 0]);
    let stsc = find(&data, b"stsc");
    damaged[stsc + 16..stsc + 20].copy_from_slice(&[4, 0, 0, 0]);
    damaged.resize(60 << 20, 0);
    assert_ne!(info(&damaged), 0);
}

#[test]
fn fragments_may_claim_what_they_like() {
    let data = file("keys-fragments.mp4");
    for kind in [b"trun", b"tfhd", b"tfdt", b"mfhd", b"trex"] {
        let at = find(&data, kind);
        for offset in [4, 8, 12, 16, 20, 24] {
            for value in [0, 1, 0x7fff_ffff, u32::MAX] {
                let mut damaged = data.clone();
                damaged[at + offset..at + offset + 4].copy_from_slice(&u32::to_be_bytes(value));
                read(&damaged);
            }
        }
    }
    // Runs of another track, each of which has all the samples that there can be.
    let head = data[..find(&data, b"moof") - 4].to_vec();
    let run = boxed(b"trun", &[0, 0, 0, 0, 0, 0x10, 0, 0]);
    let tfhd = boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 99]);
    let traf = boxed(b"traf", &[tfhd, run.repeat(100_000)].concat());
    let mfhd = boxed(b"mfhd", &[0, 0, 0, 0, 0, 0, 0, 1]);
    info(&[head, boxed(b"moof", &[mfhd, traf].concat())].concat());
}

#[test]
fn boxes_may_overlap_or_be_empty() {
    let data = file("keys.mp4");
    for kind in
        [&b"ftyp"[..], b"moov", b"mvhd", b"trak", b"mdia", b"stbl", b"stsd", b"av01", b"av1C"]
    {
        let at = find(&data, kind) - 4;
        for size in [0, 1, 2, 7, 8, 9, 100, 0x7fff_ffff, u32::MAX] {
            let mut damaged = data.clone();
            damaged[at..at + 4].copy_from_slice(&u32::to_be_bytes(size));
            read(&damaged);
        }
    }
    // Boxes of nothing, to the end.
    let empty = boxed(b"free", &[]).repeat(50_000);
    assert_ne!(info(&[boxed(b"ftyp", b"isom\0\0\0\0isom"), empty].concat()), 0);
}

#[test]
fn boxes_may_go_on_behind_others() {
    // Each box in each goes on to the end of the track, or so it says.
    let [minf, stbl] = [b"minf", b"stbl"].map(|kind| [&[0x7f, 0, 0, 0][..], kind].concat());
    for inside in [minf.clone(), [minf, stbl].concat()] {
        let mdia = boxed(b"mdia", &inside).repeat(200_000);
        let moov = boxed(b"moov", &boxed(b"trak", &mdia));
        assert_ne!(info(&[boxed(b"ftyp", b"isom\0\0\0\0isom"), moov].concat()), 0);
    }
}

#[test]
fn fragments_may_be_in_fragments() {
    let data = file("keys-fragments.mp4");
    let head = data[..find(&data, b"moof") - 4].to_vec();
    let mfhd = boxed(b"mfhd", &[0, 0, 0, 0, 0, 0, 0, 1]);
    for is_cut in [false, true] {
        // Each goes on to the end, where there is no box, or behind it.
        let count = 100_000;
        let fragment = |i: u32| {
            let size = (count - i) * 24 + if is_cut { 1 << 30 } else { 0 };
            [&size.to_be_bytes()[..], b"moof", &mfhd].concat()
        };
        let fragments: Vec<_> = (0..count).flat_map(fragment).collect();
        assert_ne!(info(&[&head[..], &fragments, &[7; 20]].concat()), 0);
    }
}

#[test]
fn edits_and_extents_may_claim_what_they_like() {
    // A great many edits of a great many samples.
    let data = file("keys.mp4");
    let stsz = find(&data, b"stsz");
    let elst = boxed(
        b"elst",
        &[&[0, 0, 0, 0, 0, 3, 0, 0][..], &[0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0].repeat(0x3_0000)]
            .concat(),
    );
    let mut damaged = data.clone();
    damaged[stsz + 8..stsz + 16].copy_from_slice(&[0, 0, 0, 1, 0, 3, 0, 0]);
    let stsc = find(&data, b"stsc");
    damaged[stsc + 16..stsc + 20].copy_from_slice(&[0, 4, 0, 0]);
    let trak = find(&data, b"trak");
    let edts = boxed(b"edts", &elst);
    for at in [find(&data, b"moov"), trak] {
        let size = u32::from_be_bytes(damaged[at - 4..at].try_into().expect("a size"));
        damaged[at - 4..at].copy_from_slice(&(size + edts.len() as u32).to_be_bytes());
    }
    damaged.splice(trak + 4..trak + 4, edts);
    let begun = Instant::now();
    assert!(read(&damaged) > 0);
    assert!(begun.elapsed() < PATIENCE);
    // Extents that take no bytes, of as many items as there can be.
    let iloc =
        [&[1, 0, 0, 0, 0, 0, 0xff, 0xff][..], &[0, 1, 0, 0, 0, 0, 0xff, 0xff].repeat(0xffff)];
    let pitm = boxed(b"pitm", &[0, 0, 0, 0, 0, 1]);
    let meta = [&[0; 4][..], &pitm, &boxed(b"iloc", &iloc.concat())].concat();
    assert_ne!(info(&[boxed(b"ftyp", b"avif\0\0\0\0avif"), boxed(b"meta", &meta)].concat()), 0);
}

#[test]
fn matroska_elements_may_claim_what_they_like() {
    let data = file("keys.mkv");
    let elements: [&[u8]; 9] = [
        &[0x18, 0x53, 0x80, 0x67],
        &[0x11, 0x4d, 0x9b, 0x74],
        &[0x15, 0x49, 0xa9, 0x66],
        &[0x16, 0x54, 0xae, 0x6b],
        &[0x1f, 0x43, 0xb6, 0x75],
        &[0x1c, 0x53, 0xbb, 0x6b],
        &[0x53, 0xab],
        &[0x63, 0xa2],
        &[0xb7],
    ];
    for id in elements {
        let at = find(&data, id) + id.len();
        for size in [&[0x80][..], &[0xff], &[0x40, 0], &[1, 0, 0, 0, 0, 0, 0, 0], &[1; 8]] {
            let mut damaged = data.clone();
            damaged[at..at + size.len()].copy_from_slice(size);
            read(&damaged);
            let largest = [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe];
            damaged[at..at + 8].copy_from_slice(&largest);
            read(&damaged);
        }
    }
    // The seek head and the cues point where they like, themselves included.
    for (id, bytes) in [(&[0x53, 0xac][..], 8), (&[0xf1], 8), (&[0xf0], 2)] {
        for (at, _) in data.windows(id.len()).enumerate().filter(|(_, window)| *window == id) {
            for value in [0, 5, 0x40, 0xffff_ffff, u64::MAX - 4, u64::MAX] {
                let mut damaged = data.clone();
                let size = usize::from(data[at + id.len()] & 0x0f).min(bytes);
                let end = (at + id.len() + 1 + size).min(data.len());
                for (to, from) in
                    damaged[at + id.len() + 1..end].iter_mut().zip(u64::to_be_bytes(value))
                {
                    *to = from;
                }
                read(&damaged);
            }
        }
    }
    // Elements in themselves, and blocks of nothing.
    let head = data[..find(&data, &[0x1f, 0x43, 0xb6, 0x75])].to_vec();
    for element in
        [&[0xa0, 0xff][..], &[0x1f, 0x43, 0xb6, 0x75, 0xff], &[0xa3, 0x84, 0x81, 0, 0, 0]]
    {
        info(&[head.clone(), element.repeat(100_000)].concat());
    }
}

//! Frames that are missing in a container: what is decoded after them, and what is said of it.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::ebml::{cluster, file};
use crate::manifest::sample;
use crate::matroska::{frames, head};

/// A file of main-420-8, a cluster a frame, of which the block of frame 5 has an impossible size and
/// nothing in it.
fn damaged() -> PathBuf {
    let frames = frames();
    let mut parts = head();
    for (i, frame) in (0_u16..).zip(&frames) {
        let mut part = cluster(40 * i, &[crate::ebml::block(1, 0, frame)]);
        if i == 5 {
            let block = part.len() - frame.len() - 13;
            assert_eq!(part[block], 0xa3, "a block");
            part[block + 1..].fill(0);
            part[block + 1..block + 5].copy_from_slice(&[0x10, 0x98, 0x96, 0x7f]);
        }
        parts.push(part);
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lost");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("block.mkv");
    std::fs::write(&path, file(&parts)).expect("a file");
    path
}

fn md5(arguments: &[&str]) -> (Vec<String>, Output) {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["md5", "--device", "soft"])
        .args(arguments)
        .arg(damaged())
        .output()
        .expect("vav1d");
    let rows = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = rows.lines().filter(|row| !row.starts_with('#') && row.contains(','));
    (rows.filter_map(|row| Some(row.rsplit(',').next()?.trim().to_owned())).collect(), output)
}

/// What ffmpeg 9 (dav1d 1.5, one thread) makes of frames 7, 8 and 9 without frame 5. It
/// cannot decode frames 6, 10 and 11 either.
const WITHOUT: [&str; 3] = [
    "cdf3542e3d7ab4cb66a8b9313b5cd621",
    "d98c5836b90af98834045a5f8f244c7a",
    "d28a90ecdcbe5c5205d34dc73efd395f",
];

#[test]
fn decoding_goes_on_with_the_references_that_are_there_and_says_so() {
    let right = sample("main-420-8").frames;
    let (hashes, output) = md5(&[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert_eq!(hashes[..5], right[..5], "{said}");
    assert_eq!(hashes[5..], WITHOUT, "{said}");
    assert!(said.contains("3 pictures of units 6 to 8 follow lost frames"), "{said}");
}

#[test]
fn or_it_waits_for_the_next_key_frame() {
    let right = sample("main-420-8").frames;
    for arguments in [&["--after-loss", "wait"][..], &["--strict"]] {
        let (hashes, output) = md5(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), &hashes[..]), (Some(65), &right[..5]), "{said}");
        assert!(!said.contains("may be wrong"), "{said}");
    }
}

/// main-420-8 with frame ids, which has frames that are shown again.
fn with_ids() -> Vec<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lost/ids.ivf");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["-q", "rewrite", "--how", "frame-ids", "-o"])
        .arg(&path)
        .arg(sample("main-420-8").path())
        .output()
        .expect("vav1d");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let data = std::fs::read(path).expect("a file");
    let mut units = Vec::new();
    let mut rest = &data[32..];
    while let Some((size, behind)) = rest.split_first_chunk::<4>() {
        let (unit, behind) = behind[8..].split_at(u32::from_le_bytes(*size) as usize);
        units.push(unit.to_vec());
        rest = behind;
    }
    units
}

#[test]
fn frame_ids_tell_of_every_unit_that_is_referred_to() {
    let right = sample("main-420-8").frames;
    let units = with_ids();
    let header = std::fs::read(sample("main-420-8").path()).expect("a file")[..32].to_vec();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lost");
    for lost in 1..units.len() - 1 {
        let mut file = header.clone();
        for (i, unit) in units.iter().enumerate().filter(|(i, _)| *i != lost) {
            file.extend(u32::try_from(unit.len()).expect("a size").to_le_bytes());
            file.extend((i as u64).to_le_bytes());
            file.extend(unit);
        }
        let path = folder.join(format!("ids-{lost}.ivf"));
        std::fs::write(&path, file).expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args(["md5", "--device", "soft"])
            .arg(&path)
            .output()
            .expect("vav1d");
        let rows = String::from_utf8_lossy(&output.stdout).into_owned();
        let rows = rows.lines().filter(|row| !row.starts_with('#') && row.contains(','));
        let rows: Vec<_> = rows.filter_map(|row| Some(row.rsplit(',').next()?.trim())).collect();
        let said = String::from_utf8_lossy(&output.stderr);
        // Units 3, 6 and 8 are a frame that is shown again, and one that nothing refers to.
        let is_missed = ![3, 6, 8].contains(&lost);
        let code = if is_missed { 65 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{lost}: {said}");
        // What comes before it is missed is right; nothing comes after.
        let left = [&right[..lost], &right[lost + 1..]].concat();
        assert!(is_missed || rows.len() == left.len(), "{lost}: {said}");
        assert_eq!(rows, left[..rows.len()], "{lost}: {said}");
        assert_eq!(said.contains("holds no frame"), is_missed, "{lost}: {said}");
    }
}

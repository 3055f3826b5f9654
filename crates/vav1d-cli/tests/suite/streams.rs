//! Every sample through Vulkan on softvk: the MD5 of each picture is the one that dav1d and aomdec
//! gave, whatever shape the driver has.

use std::process::Command;

use crate::manifest::{Sample, samples};

/// Rows of `vav1d md5` without their header: (size, MD5).
fn rows(sample: &Sample, args: &[&str]) -> Vec<(u64, String)> {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["md5", "-q"])
        .arg(sample.path())
        .args(args)
        .output()
        .expect("vav1d runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {args:?}: {}: {stderr}", sample.name, output.status);
    String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<_> = line.split(',').map(str::trim).collect();
            (columns[4].parse().expect("a size"), columns[5].to_owned())
        })
        .collect()
}

fn check(sample: &Sample, device: &str) {
    let md5s = |args: &[&str]| rows(sample, args).into_iter().map(|r| r.1).collect::<Vec<_>>();
    let with = md5s(&["--device", device]);
    assert_eq!(with, sample.frames, "{} on {device}", sample.name);
    if let Some(frames) = &sample.frames_no_film_grain {
        let without = md5s(&["--device", device, "--film-grain", "off"]);
        assert_eq!(&without, frames, "{} on {device} without film grain", sample.name);
        let cpu = md5s(&["--device", device, "--film-grain", "cpu"]);
        assert_eq!(cpu, sample.frames, "{} on {device} with our own film grain", sample.name);
    }
}

fn check_all(device: &str) {
    for sample in samples() {
        check(&sample, device);
    }
}

#[test]
fn every_sample_has_its_md5s_on_the_default_device() {
    check_all("soft");
}

/// Whatever the number of frames is that are in the making at a time.
#[test]
fn every_sample_has_its_md5s_with_frame_threads() {
    for device in ["soft:threads=2,delay=2", "soft:threads=4,delay=4", "soft:threads=3,coincide"] {
        check_all(device);
    }
}

/// And they are in the making at a time, as far as the session, the frames in flight and the
/// threads allow.
#[test]
fn frames_are_begun_beside_each_other() {
    let beside = |device: &str, frames: &str| {
        let sample = samples().into_iter().find(|s| s.name == "main-420-8").expect("a sample");
        let shape = ["--dpb", "distinct", "--frames-in-flight", frames];
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .args(["-vv", "md5", "--total", "--device", device])
            .args(shape)
            .arg(sample.path())
            .output()
            .expect("vav1d runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, rest) = stderr.split_once("softvk: of ").expect("a word of it");
        let words: Vec<_> = rest.split_whitespace().collect();
        let number = |word: &str| word.parse::<u64>().expect("a number");
        (number(words[0]), number(words[2]))
    };
    let (frames, at_once) = beside("soft:threads=2,delay=2", "8");
    assert!(at_once * 2 > frames, "{at_once} of {frames}");
    for (device, frames) in [
        ("soft:threads=2,delay=2", "1"),
        ("soft:threads=2,delay=1", "8"),
        ("soft:threads=1", "8"),
        ("soft:threads=2,delay=2,fault=status@9999", "8"),
    ] {
        assert_eq!(beside(device, frames).1, 0, "{device} {frames}");
    }
}

/// Whatever the number of threads is, a broken stream gives the same pictures, the same words and
/// the same exit code.
#[test]
fn broken_streams_are_the_same_with_frame_threads() {
    const DEVICES: [&str; 4] =
        ["soft:threads=1", "soft:threads=2,delay=2", "soft:threads=4,delay=4", "soft:threads=3"];
    let folder = std::env::temp_dir().join(format!("vav1d-broken-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut failed = 0;
    for (nr, name) in ["main-420-8", "main-420-10", "global-motion"].into_iter().enumerate() {
        let sample = samples().into_iter().find(|s| s.name == name).expect("a sample");
        let bytes = std::fs::read(sample.path()).expect("read");
        for round in 0..3 {
            let mut broken = bytes.clone();
            // Behind the first frame, so that there is something to be seen.
            for hit in 0..4 {
                let at = bytes.len() / 3
                    + (round * 7919 + hit * 4241 + nr * 104_729) % (bytes.len() / 2);
                broken[at] ^= 0x5a;
            }
            let file = folder.join(format!("{name}-{round}.ivf"));
            std::fs::write(&file, broken).expect("written");
            let told = DEVICES.map(|device| {
                let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
                    .args(["md5", "--keep-failed", "--device", device, "--dpb", "distinct"])
                    .args(["--frames-in-flight", "8"])
                    .arg(&file)
                    .output()
                    .expect("vav1d runs");
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                let said: Vec<_> =
                    stderr.lines().filter(|l| !l.contains("device:")).map(str::to_owned).collect();
                (output.status.code(), output.stdout, said)
            });
            for (device, told_by) in DEVICES.iter().zip(&told) {
                assert_eq!(told_by, &told[0], "{name} {round}: {device}");
            }
            failed += usize::from(told[0].0 != Some(0));
        }
    }
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(failed > 3, "{failed} of the streams are broken");
}

#[test]
fn outputs_that_are_the_reference_pictures() {
    check_all("soft:coincide");
}

#[test]
fn outputs_beside_the_reference_pictures() {
    check_all("soft:distinct");
}

#[test]
fn reference_pictures_in_layers_of_one_image() {
    check_all("soft:distinct,array");
}

#[test]
fn two_plane_images() {
    check_all("soft:two-plane");
}

#[test]
fn three_plane_images() {
    check_all("soft:three-plane");
}

#[test]
fn a_driver_without_film_grain() {
    check_all("soft:no-grain");
}

#[test]
fn coarse_alignments_and_granularity() {
    check_all("soft:align=256/128,granularity=64x64");
}

#[test]
fn a_decode_queue_that_cannot_copy() {
    check_all("soft:pure-decode-family,no-status");
}

/// The driver reads no header: all bytes that are not tile data are overwritten after upload.
#[test]
fn header_bytes_do_not_matter() {
    check_all("soft:clobber-headers");
}

#[test]
fn one_frame_in_flight_gives_the_same() {
    for sample in samples() {
        let rows = rows(&sample, &["--device", "soft", "--frames-in-flight", "1"]);
        let md5s: Vec<_> = rows.into_iter().map(|r| r.1).collect();
        assert_eq!(md5s, sample.frames, "{}", sample.name);
    }
}

/// The driver that decodes nothing takes every stream, and as many pictures come out of it.
#[test]
fn a_driver_that_decodes_nothing_takes_everything() {
    for sample in samples() {
        let sizes =
            |rows: Vec<(u64, String)>| rows.into_iter().map(|row| row.0).collect::<Vec<_>>();
        let decoded = rows(&sample, &["--device", "soft", "--hash", "crc32"]);
        let empty = rows(&sample, &["--device", "soft:null", "--hash", "crc32"]);
        assert_ne!(decoded, empty, "{}", sample.name);
        assert_eq!(sizes(decoded), sizes(empty), "{}", sample.name);
    }
}

/// Each imitated driver decodes a stream as it should, or says what it lacks.
#[test]
fn personalities_decode_or_refuse() {
    for (name, at_least) in [
        ("nv-like", 44),
        ("radv-vcn4", 46),
        ("radv-vcn5", 47),
        ("radv-mesa25", 46),
        ("anv-gfx12", 43),
        ("anv-xe2", 43),
        ("layered", 61),
        ("opaque-dpb", 61),
        ("intra-only", 3),
        ("planar", 61),
        ("strict-min", 57),
    ] {
        let mut decoded = 0;
        for sample in samples() {
            let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
                .args(["md5", "-q", "--total", "--device", &format!("soft:{name}")])
                .arg(sample.path())
                .output()
                .expect("vav1d runs");
            let stderr = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => {
                    let md5 = String::from_utf8_lossy(&output.stdout);
                    assert_eq!(md5.trim(), sample.md5, "{} on {name}", sample.name);
                    decoded += 1;
                }
                Some(69) => assert!(stderr.contains("not supported: device softvk"), "{stderr}"),
                code => panic!("{} on {name}: {code:?} {stderr}", sample.name),
            }
        }
        assert!(decoded >= at_least, "{name}: only {decoded} samples");
    }
}

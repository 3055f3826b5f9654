//! What drivers of hardware differ in, and softvk imitates by a word each: what a client must not
//! take for granted.

use std::process::{Command, Output};

use crate::manifest::{Sample, sample};

fn vav1d(args: &[&str], sample: &Sample) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(args)
        .arg(sample.path())
        .output()
        .expect("vav1d runs")
}

/// The output of all of a stream is what it should be, and nobody has anything to say.
#[track_caller]
fn is_right(name: &str, device: &str, options: &[&str]) {
    let sample = sample(name);
    let output = vav1d(&[&["md5", "-q", "--total", "--device", device], options].concat(), &sample);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{name} on {device} {options:?}: {said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), sample.md5, "{name} on {device}");
    assert_eq!(said, "", "{name} on {device} {options:?}");
}

#[test]
fn every_memory_layout_gives_the_pictures() {
    for memory in ["memory=no-llc", "memory=write-combined", "window=64", "window=1024"] {
        is_right("main-420-8", &format!("soft:{memory}"), &[]);
        is_right("main-420-10", &format!("soft:nv-like,{memory}"), &[]);
    }
}

#[test]
fn a_window_that_is_too_small_for_everything_is_no_end() {
    // Nothing fits: all is in the host's memory.
    is_right("main-420-8", "soft:window=0", &[]);
}

#[test]
fn families_share_images_or_hand_them_over() {
    let devices = ["soft", "soft:nv-like", "soft:radv-vcn4", "soft:queues=2,coincide"];
    for device in devices {
        for sharing in ["--sharing=concurrent", "--sharing=exclusive"] {
            is_right("main-420-8", device, &[sharing]);
            is_right("layers-l2t2", device, &[sharing, "--frames-in-flight=1"]);
        }
    }
    for queue in ["auto", "decode", "0", "1"] {
        is_right("main-420-8", "soft", &["--copy-queue", queue]);
    }
}

#[test]
fn every_way_to_the_host_gives_the_pictures() {
    let devices = [
        "soft:linear,host-image-copy",
        "soft:linear,host-image-copy=general,array",
        "soft:linear,host-image-copy=general,two-plane,pure-decode-family",
        "soft:linear,host-image-copy,memory=no-llc",
    ];
    for device in devices {
        for way in ["auto", "copy", "host", "linear"] {
            for dpb in ["coincide", "distinct"] {
                let options = ["--readback", way, "--dpb", dpb];
                is_right("main-420-8", device, &options);
                is_right("grain-420-10", device, &options);
                is_right("resize-random", device, &[&options[..], &["--layout=general"]].concat());
            }
        }
    }
    let sample = sample("main-420-8");
    for (way, why) in [("host", "no hostImageCopy"), ("linear", "LINEAR")] {
        let device = "--device=soft:no-host-image-copy";
        let output = vav1d(&["md5", device, "--readback", way], &sample);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_family_that_does_not_copy_is_refused_by_number() {
    let sample = sample("main-420-8");
    for (device, queue) in [("soft", "2"), ("soft:pure-decode-family", "decode")] {
        let output = vav1d(&["md5", "--device", device, "--copy-queue", queue], &sample);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(said.contains("does not copy pictures"), "{said}");
    }
    let output = vav1d(&["md5", "--copy-queue", "fast"], &sample);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn query_pools_that_cannot_be_made_are_done_without() {
    let sample = sample("main-420-8");
    let device = "soft:no-query-pools";
    let output = vav1d(&["md5", "--total", "--device", device], &sample);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), sample.md5, "{said}");
    assert_eq!(said.matches("no decode statuses").count(), 1, "{said}");
    let output = vav1d(&["md5", "--device", device, "--status", "pool"], &sample);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(said.contains("vkCreateQueryPool"), "{said}");
}

#[test]
fn a_driver_of_later_std_headers_gets_the_structures_of_ours() {
    is_right("main-420-8", "soft:std-minor=1", &[]);
}

#[test]
fn a_slot_may_be_that_of_the_picture_whose_place_a_frame_takes() {
    // Eight references are alive, and the frame refers to seven of them.
    is_right("forward-key", "soft:strict-min", &[]);
    is_right("grain-forward-key", "soft:distinct,slots=8,no-grain", &[]);
    is_right("forward-key", "soft:coincide,slots=8", &["--slots=random:7"]);
}

#[test]
fn what_a_driver_reports_as_failed_can_be_output_all_the_same() {
    let sample = sample("main-420-8");
    let device = "soft:fault=status@3";
    let lines = |options: &[&str]| {
        let output = vav1d(&[&["md5", "-q", "--device", device], options].concat(), &sample);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("status -1"), "{said}");
        let text = String::from_utf8_lossy(&output.stdout);
        (output.status.code(), text.lines().filter(|line| !line.starts_with('#')).count())
    };
    let (code, few) = lines(&[]);
    assert!(few < sample.frames.len(), "{few}");
    assert_eq!(lines(&["--keep-failed"]), (code, sample.frames.len()));
}

#[test]
fn a_drivers_film_grain_is_no_wrong_picture_of_a_matrix() {
    let sample = sample("grain-420-8");
    let device = "soft:fault=grain-seed@2";
    let output = vav1d(&["matrix", "-q", "--device", device, "--limit", "4"], &sample);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("right before film grain"), "{text}");
}

#[test]
fn a_drivers_film_grain_is_a_verdict_of_its_own() {
    let sample = sample("grain-420-8");
    let device = "soft:fault=grain-seed@2";
    let output = vav1d(&["--json", "verify", "-q", "--device", device], &sample);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("\"outcome\":\"film-grain\""), "{text}");
}

/// The files of a tar archive: names and contents.
fn files(archive: &[u8]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut rest = archive;
    while let Some((header, behind)) = rest.split_at_checked(512).filter(|(h, _)| h[0] != 0) {
        let text = |range: std::ops::Range<usize>| {
            String::from_utf8_lossy(&header[range]).trim_end_matches('\0').to_owned()
        };
        let size = usize::from_str_radix(&text(124..135), 8).expect("a size");
        files.push((text(0..100), String::from_utf8_lossy(&behind[..size]).into_owned()));
        rest = &behind[size.next_multiple_of(512)..];
    }
    files
}

#[test]
fn a_report_has_every_step_and_tells_nobody_s_name() {
    let folder = std::env::temp_dir().join(format!("vav1d-report-of-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let archive = folder.join("report.tar");
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["-q", "report", "--device", "soft:fault=tile-starts", "--output"])
        .arg(&archive)
        .env("USER", "marvin")
        .env("HOME", "/home/marvin")
        .env("HOSTNAME", "pc")
        .current_dir(&folder)
        .output()
        .expect("vav1d runs");
    let summary = String::from_utf8_lossy(&output.stdout);
    // The fault shows where tiles start in mode info units, and the driver takes superblocks.
    assert_eq!(output.status.code(), Some(1), "{summary}");
    let line = "! md5-tile-starts-mi ";
    let marked = |l: &str| l.starts_with(line) && l.contains(" s  another MD5 than ");
    assert!(summary.lines().any(marked), "{summary}");
    for text in [
        "! is what is not as it must be",
        ": softvk (software AV1 decoder)",
        "driver: softvk",
        " vectors",
    ] {
        assert!(summary.contains(text), "{text}: {summary}");
    }
    assert!(!summary.contains("no GPU"), "{summary}");
    let files = files(&std::fs::read(&archive).expect("an archive"));
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["summary.txt", "caps.txt", "facts.txt", "verify.txt", "matrix.txt", "journal.txt"]
    {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    // Where something draws, it draws the same from the host and from where it was decoded.
    let drawn = |way: &str| files.iter().find(|(name, _)| *name == format!("draw-{way}.txt"));
    let (host, whole) = (drawn("host").expect("a step"), drawn("whole").expect("a step"));
    assert!(host.1.contains(".png ") || host.1.contains("not supported"), "{}", host.1);
    let pictures = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains(".png ")).map(str::to_owned).collect()
    };
    assert_eq!(pictures(&host.1), pictures(&whole.1));
    let run = files.iter().find(|(name, _)| name == "verify.txt").expect("a step");
    assert!(run.1.contains("run: host (host), "), "{}", run.1);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    assert!(!run.1.contains(&format!("host {},", host.trim())), "{}", run.1);
    let here = folder.to_str().expect("a plain path");
    for (name, text) in &files {
        for word in ["marvin", here, env!("CARGO_BIN_EXE_vav1d"), "uuid:"] {
            assert!(!text.contains(word), "{name} has {word}: {text}");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// The steps behind the loss wait until the device can be opened again.
#[test]
fn a_lost_device_costs_a_report_one_step() {
    let folder = std::env::temp_dir().join(format!("vav1d-report-away-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let device = format!("soft:fault=lost@3,away={}", folder.join("away").display());
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["-q", "report", "--device", &device, "--output"])
        .arg(folder.join("report.tar"))
        .output()
        .expect("vav1d runs");
    let summary = String::from_utf8_lossy(&output.stdout);
    let _ = std::fs::remove_dir_all(&folder);
    assert_eq!(output.status.code(), Some(1), "{summary}");
    assert!(summary.contains(" steps, 1 marked with !"), "{summary}");
    let marked = |line: &&str| line.starts_with("! ") && line.contains("exit 75");
    assert_eq!(summary.lines().filter(marked).count(), 1, "{summary}");
}

#[test]
fn a_report_of_no_device_says_so() {
    let archive = std::env::temp_dir().join(format!("vav1d-report-{}.tar", std::process::id()));
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
        .args(["-q", "report", "--device", "nobody's card", "--output"])
        .arg(&archive)
        .output()
        .expect("vav1d runs");
    assert_eq!(output.status.code(), Some(69));
    assert_eq!(files(&std::fs::read(&archive).expect("an archive")).len(), 2);
    let _ = std::fs::remove_file(&archive);
}

/// What md5 prints, how it ends and what it says.
fn ran(options: &[&str], sample: &Sample) -> (String, Option<i32>, String) {
    let output = vav1d(&[&["md5", "--device-timeout=2"], options].concat(), sample);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), output.status.code(), text(&output.stderr))
}

#[test]
fn a_device_that_gives_up_once_is_opened_anew_where_that_is_asked() {
    let sample = sample("main-420-8");
    let (right, code, _) = ran(&["--device=soft"], &sample);
    assert_eq!(code, Some(0));
    for fault in ["lost-once@3", "hang-once@5"] {
        let device = format!("--device=soft:fault={fault}");
        let (_, code, said) = ran(&[&device], &sample);
        assert_eq!(code, Some(75), "{fault}: {said}");
        let (found, code, said) = ran(&[&device, "--retry-device"], &sample);
        assert_eq!((&found, code), (&right, Some(0)), "{fault}: {said}");
        assert!(said.contains("once more on the device opened anew"), "{said}");
        let (found, code, _) = ran(&[&device, "--retry-device", "--limit=9", "--skip=1"], &sample);
        let wanted: Vec<&str> = right.lines().filter(|line| !line.starts_with('#')).collect();
        let found: Vec<&str> = found.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!((&found[..], code), (&wanted[1..10], Some(0)), "{fault}");
        let counted = vav1d(&["md5", "--json", &device, "--retry-device"], &sample);
        let counted = String::from_utf8_lossy(&counted.stdout);
        let summary = counted.lines().last().unwrap_or_default();
        assert!(summary.contains("\"pictures\":12"), "{fault}: {summary}");
        let judged = vav1d(
            &["compare", &device, "--retry-device", "--device-timeout=2", "--against=soft"],
            &sample,
        );
        let said = String::from_utf8_lossy(&judged.stdout);
        assert_eq!(judged.status.code(), Some(0), "{fault}: {said}");
        assert!(said.contains("14 right") && said.contains("gave up the first time"), "{said}");
    }
    // Every shape that gives up is a finding.
    let matrix = vav1d(&["matrix", "--device=soft", "--retry-device"], &sample);
    assert_eq!(matrix.status.code(), Some(2));
    // Who gives up again has given up.
    let (_, code, said) = ran(&["--device=soft:fault=lost@3", "--retry-device"], &sample);
    assert_eq!(code, Some(75), "{said}");
    let mut piped = Command::new(env!("CARGO_BIN_EXE_vav1d"));
    piped.args(["md5", "--device=soft", "--retry-device", "-"]);
    let file = std::fs::File::open(sample.path()).expect("a file");
    let output = piped.stdin(file).output().expect("vav1d runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("more than once"));
}

#[test]
fn radv_that_offers_both_decodes_beside_the_reference_picture() {
    let sample = sample("main-420-8");
    let coincides = |words: &str, options: &[&str]| {
        let device = format!("--device=soft:discrete,two-plane,{words}");
        let (_, code, said) = ran(&[&["-v", &device], options].concat(), &sample);
        assert_eq!(code, Some(0), "{said}");
        said.contains("coincide: true")
    };
    // VK_DRIVER_ID_MESA_RADV, and VK_DRIVER_ID_NVIDIA_PROPRIETARY.
    assert!(!coincides("driver-id=3", &[]));
    assert!(coincides("driver-id=3", &["--dpb=coincide"]));
    assert!(coincides("driver-id=4", &[]));
}

//! `vav1d watch` with the real layer above softvk, both through the system's Vulkan loader. Where one
//! of the three is not there, as before `cargo build --workspace --lib`, only the refusals are tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::device_client::{self, How};
use crate::manifest::{Sample, sample};

/// The folder of the program, where libraries are built, too.
fn folder() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_vav1d")).parent().expect("a folder")
}

/// A fresh folder for one test.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("vav1d-layer-{name}-{}", std::process::id()));
    let _old = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// vav1d with softvk as the loader's only driver.
fn vav1d(scratch: &Path) -> Command {
    let driver = include_str!("../../../softvk/softvk_icd.json.in");
    let library = folder().join("libsoftvk.so");
    let manifest = scratch.join("softvk_icd.json");
    std::fs::write(&manifest, driver.replace("@PATH@", &library.display().to_string()))
        .expect("a manifest");
    let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
    command.env("VK_DRIVER_FILES", manifest).env_remove("VK_LAYER_PATH");
    command.env_remove("VK_INSTANCE_LAYERS").env_remove("VAV1D_WATCH_LAYER_PATH");
    command
}

/// Whether the loader, softvk and the layer are there.
fn is_there(scratch: &Path) -> bool {
    let built = ["libsoftvk.so", "libvav1d_watch.so", "VkLayer_VAV1D_watch.json"];
    let found = vav1d(scratch).args(["caps", "--device", "system"]).output().expect("vav1d runs");
    let is_there = built.iter().all(|file| folder().join(file).exists())
        && String::from_utf8_lossy(&found.stdout).contains("softvk");
    let needed = std::env::var_os("VAV1D_LAYER_TESTS").is_some_and(|word| word == "needed");
    assert!(is_there || !needed, "no loader, or softvk and the layer were not built");
    is_there
}

fn md5(scratch: &Path, watched: &[&str], sample: &Sample) -> Output {
    let mut command = vav1d(scratch);
    if !watched.is_empty() {
        command.args(watched).arg("--").arg(env!("CARGO_BIN_EXE_vav1d"));
    }
    command.args(["md5", "--device", "system"]).arg(sample.path());
    command.output().expect("vav1d runs")
}

#[test]
fn a_watched_program_is_what_it_was_and_its_capture_a_stream() {
    let scratch = scratch("stream");
    if !is_there(&scratch) {
        return;
    }
    for name in ["main-420-8", "main-420-10", "forward-key", "grain-420-8", "tiles-4x2"] {
        let sample = sample(name);
        let folder = scratch.join(name);
        let output = folder.display().to_string();
        let alone = md5(&scratch, &[], &sample);
        let watched = md5(&scratch, &["watch", "--pictures", "-o", &output], &sample);
        assert_eq!(watched, alone, "{name}");
        let session = folder.join("session-0");
        let run = |arguments: &[&str]| {
            let output =
                vav1d(&scratch).args(arguments).arg(&session).output().expect("vav1d runs");
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let stream = sample.path().display().to_string();
        for arguments in [&["check"][..], &["check", "--stream", &stream]] {
            let (code, said) = run(arguments);
            assert_eq!(code, Some(0), "{name} {arguments:?}: {said}");
        }
        let (code, said) = run(&["replay", "--device", "system"]);
        assert_eq!(code, Some(0), "{name}: {said}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains(": 0 differ") && !last.contains(" 0 compared"), "{name}: {last}");
        // Every picture of the program's output is one of the stream that was captured.
        let captured = session.with_extension("obu");
        let own = vav1d(&scratch).args(["md5", "-q"]).arg(captured).output().expect("vav1d runs");
        assert_eq!(own.status.code(), Some(0), "{name}");
        let own = String::from_utf8_lossy(&own.stdout).into_owned();
        assert!(sample.frames.iter().all(|md5| own.contains(md5)), "{name}");
        // Its pictures are what another device is compared with, and it is a stream for all else.
        let records = session.with_extension("jsonl").display().to_string();
        let (code, said) = run(&["compare", "--device", "soft", "--against", &records]);
        assert_eq!(code, Some(0), "{name}: {said}");
        let (code, said) = run(&["suite-info", "--vectors"]);
        assert!(code == Some(0) && said.contains("session-0"), "{name}: {said}");
        let (code, said) = run(&["caps", "--seen-by"]);
        assert!(code == Some(0) && said.contains("max_dpb_slots"), "{name}: {said}");
        // Of itself a capture differs in nothing.
        let (code, said) = run(&["watch-diff", &session.display().to_string()]);
        assert_eq!(code, Some(0), "{name}: {said}");
    }
    std::fs::remove_dir_all(scratch).expect("removed");
}

#[test]
fn a_session_that_is_cut_off_is_readable() {
    let scratch = scratch("killed");
    if !is_there(&scratch) {
        return;
    }
    let folder = scratch.join("captured");
    let output = folder.display().to_string();
    md5(&scratch, &["watch", "-o", &output], &sample("main-420-8"));
    let records = folder.join("session-0.jsonl");
    let text = std::fs::read_to_string(&records).expect("a capture");
    // It decodes, and nothing is compared: no success.
    let replay = vav1d(&scratch).args(["replay", "--device", "soft"]).arg(&records).output();
    let replay = replay.expect("vav1d runs");
    let said = String::from_utf8_lossy(&replay.stdout).into_owned();
    assert_eq!(replay.status.code(), Some(1), "{said}");
    assert!(said.contains("14 frames on") && said.contains("none compared"), "{said}");
    // In the middle of the last frame's record.
    let last = text.rfind("{\"frame\":{").expect("a frame");
    std::fs::write(&records, &text[..last + 100]).expect("written");
    // Without --pictures there is nothing to compare with.
    let path = records.display().to_string();
    let against = vav1d(&scratch).args(["compare", &path, "--against", &path]).output();
    let against = against.expect("vav1d runs");
    assert_eq!(against.status.code(), Some(66));
    assert!(String::from_utf8_lossy(&against.stderr).contains("frame 0 has no picture"));
    let seen = vav1d(&scratch).args(["caps", "--json", "--seen-by", &path]).output();
    let seen_file = scratch.join("seen.json");
    std::fs::write(&seen_file, seen.expect("vav1d runs").stdout).expect("written");
    let seen_file = seen_file.display().to_string();
    let same = vav1d(&scratch).args(["caps-diff", &seen_file, &seen_file]).output();
    assert_eq!(same.expect("vav1d runs").status.code(), Some(0));
    let check = vav1d(&scratch).arg("check").arg(&records).output().expect("vav1d runs");
    assert_eq!(check.status.code(), Some(0));
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.starts_with("13 frames against themselves"), "{said}");
    let notice = String::from_utf8_lossy(&check.stderr).into_owned();
    assert!(notice.contains("not destroyed"), "{notice}");
    // A stream that ends before its tiles is nothing to replay.
    let stream = folder.join("session-0.obu");
    let bytes = std::fs::read(&stream).expect("a stream");
    std::fs::write(&stream, &bytes[..bytes.len() / 2]).expect("written");
    let replay = vav1d(&scratch).args(["replay", "--device", "soft"]).arg(&records).output();
    let replay = replay.expect("vav1d runs");
    let said = String::from_utf8_lossy(&replay.stderr).into_owned();
    assert_eq!(replay.status.code(), Some(65), "{said}");
    assert!(said.contains("are not, or not all, in it"), "{said}");
    std::fs::remove_dir_all(scratch).expect("removed");
}

/// A program that ends in the middle of a call leaves its last frames, though no file has them yet.
#[test]
fn a_program_that_crashes_leaves_all_that_it_submitted() {
    let scratch = scratch("crashed");
    if !is_there(&scratch) {
        return;
    }
    let folder = scratch.join("captured");
    let output = folder.display().to_string();
    let stream = sample("key-frames").path().display().to_string();
    let mut crashing = vav1d(&scratch);
    crashing.args(["watch", "-o", &output, "--", env!("CARGO_BIN_EXE_vav1d"), "md5"]);
    crashing.args(["--device", "system", &stream]).env("SOFTVK_CONFIG", "fault=crash@40");
    let ran = crashing.output().expect("vav1d runs");
    assert_eq!(ran.status.code(), None, "it crashes");
    let tail = folder.join("session-0.tail");
    assert!(tail.exists(), "nothing was left");
    // A stream of this name is what belongs to the capture: whoever reads it completes it.
    let path = folder.join("session-0.obu").display().to_string();
    let md5 = vav1d(&scratch).args(["md5", "-q", "--device", "soft", &path]).output();
    let md5 = md5.expect("vav1d runs");
    assert_eq!(md5.status.code(), Some(0), "{}", String::from_utf8_lossy(&md5.stderr));
    assert!(!tail.exists());
    let records = std::fs::read_to_string(folder.join("session-0.jsonl")).expect("records");
    let frames = records.lines().filter(|line| line.starts_with("{\"frame\"")).count();
    let pictures = String::from_utf8_lossy(&md5.stdout);
    let pictures = pictures.lines().filter(|line| !line.starts_with('#')).count();
    assert!(frames >= 40 && pictures == frames, "{frames} frames, {pictures} pictures");
    std::fs::remove_dir_all(scratch).expect("removed");
}

/// Rules that a capture breaks are broken by the program that was captured, not by the replay.
#[test]
fn whose_structures_break_a_rule_is_said() {
    let scratch = scratch("blame");
    if !is_there(&scratch) {
        return;
    }
    let folder = scratch.join("captured");
    let output = folder.display().to_string();
    md5(&scratch, &["watch", "--pictures", "-o", &output], &sample("main-420-8"));
    let records = folder.join("session-0.jsonl");
    let text = std::fs::read_to_string(&records).expect("a capture");
    let (right, wrong) = ("\"references\":[{\"slot\":0,\"extent\":[227,", 226);
    let spoiled = text.replacen(right, &right.replace("227", &wrong.to_string()), 1);
    assert_ne!(spoiled, text);
    std::fs::write(&records, spoiled).expect("written");
    let replay = vav1d(&scratch).args(["replay", "--device", "soft"]).arg(&records).output();
    let replay = replay.expect("vav1d runs");
    let said = String::from_utf8_lossy(&replay.stderr).into_owned();
    assert_eq!(replay.status.code(), Some(1), "{said}");
    let is_said = said.contains("captured breaks rules") && said.contains("07151");
    assert!(is_said, "{said}");
    std::fs::remove_dir_all(scratch).expect("removed");
}

/// The program of [`device_client`], when it is started as such.
#[test]
fn the_client() {
    let how = match std::env::var("VAV1D_DEVICE_CLIENT").as_deref() {
        Ok("exclusive") => How::Exclusive,
        Ok("ahead") => How::Ahead,
        Ok("leaves") => How::Leaves,
        Ok(_) => How::Shared,
        Err(_) => return,
    };
    device_client::run(how);
}

/// Runs the client, and gives the folder of its capture.
fn watched_client(scratch: &Path, how: &str, driver: &str) -> PathBuf {
    let folder = scratch.join(format!("{how}-{driver}"));
    let output = folder.display().to_string();
    let mut command = vav1d(scratch);
    command.args(["watch", "--pictures", "-o", &output, "--"]);
    command.arg(std::env::current_exe().expect("this program"));
    command.args(["--exact", "layer::the_client", "--nocapture"]);
    let words = format!("stderr,{driver}");
    let ran = command.env("VAV1D_DEVICE_CLIENT", how).env("SOFTVK_CONFIG", words).output();
    let ran = ran.expect("vav1d runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!((ran.status.code(), said.contains("VUID")), (Some(0), false), "{how}: {said}");
    folder
}

/// What a capture of the client has: the bytes of each tile or why not, and the picture or why not.
fn client(scratch: &Path, how: &str, driver: &str) -> Vec<(Result<Vec<u8>, String>, String)> {
    let folder = watched_client(scratch, how, driver);
    let records = std::fs::read_to_string(folder.join("session-0.jsonl")).expect("a capture");
    let stream = std::fs::read(folder.join("session-0.obu")).expect("a stream");
    let records = records.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let records: Vec<serde_json::Value> = records.collect();
    let picture = |number: &serde_json::Value| {
        let pictures = records.iter().filter_map(|record| record.get("picture"));
        let mut of = pictures.filter(|picture| &picture["frame"] == number);
        let picture = of.next().expect("a picture");
        assert_eq!(of.next(), None);
        let text = picture.get("md5").or(picture.get("unread")).and_then(|text| text.as_str());
        text.expect("a text").to_owned()
    };
    let frames = records.iter().filter_map(|record| record.get("frame"));
    let frames = frames.map(|frame| {
        let tile = match frame["unread"].as_str() {
            Some(why) => Err(why.to_owned()),
            None => {
                let at = frame["obu"]["tiles"][0].as_u64().expect("a tile") as usize;
                let size = frame["bitstream"]["tile_sizes"][0].as_u64().expect("a size") as usize;
                Ok(stream[at..][..size].to_vec())
            }
        };
        (tile, picture(&frame["number"]))
    });
    frames.collect()
}

/// A program that ends without destroying anything leaves whole files, and nothing beside them.
#[test]
fn a_program_that_leaves_its_session_leaves_whole_files() {
    let scratch = scratch("leaves");
    if !is_there(&scratch) {
        return;
    }
    let folder = watched_client(&scratch, "leaves", "threads=1");
    assert!(!folder.join("session-0.tail").exists());
    let records = std::fs::read_to_string(folder.join("session-0.jsonl")).expect("a capture");
    assert!(records.starts_with("{\"watch\":") && records.ends_with('\n'), "{records}");
    std::fs::remove_dir_all(scratch).expect("removed");
}

#[test]
fn bitstreams_that_only_the_device_sees_are_copied() {
    let scratch = scratch("device");
    if !is_there(&scratch) {
        return;
    }
    // The decode queue copies; then another of the program's has to.
    for driver in ["threads=1", "pure-decode-family"] {
        let captured = client(&scratch, "shared", driver);
        assert_eq!(captured.len(), device_client::FRAMES, "{driver}");
        let own = scratch.join(format!("shared-{driver}/session-0.obu"));
        let md5s = vav1d(&scratch).args(["md5", "-q", "--device", "soft"]).arg(own).output();
        let md5s = String::from_utf8_lossy(&md5s.expect("vav1d runs").stdout).into_owned();
        for (number, (tile, picture)) in captured.iter().enumerate() {
            assert_eq!(tile.as_deref(), Ok(&device_client::tile(number)[..]), "{driver}");
            assert!(picture.len() == 32 && md5s.contains(picture), "{driver}: {picture} in {md5s}");
        }
    }
    let all = |how, driver, tile: &str, picture: &str| {
        for (found, said) in client(&scratch, how, driver) {
            assert_eq!((found, said), (Err(tile.to_owned()), picture.to_owned()), "{how} {driver}");
        }
    };
    let alone = "memory that only the device sees, and the decode queue cannot copy";
    let picture = "the decode queue cannot copy, and no other family shares the image";
    all("exclusive", "pure-decode-family", alone, picture);
    // A copy between a decode and an upload that it waits for would wait for ever.
    let ahead = "the decode queue cannot copy, and waits for what is not submitted yet";
    all("ahead", "pure-decode-family", ahead, ahead);
    let ahead = client(&scratch, "ahead", "threads=1");
    assert!(ahead.iter().enumerate().all(|(i, (t, _))| t.as_ref() == Ok(&device_client::tile(i))));
    std::fs::remove_dir_all(scratch).expect("removed");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let scratch = scratch("refused");
    let run = |arguments: &[&str], layers: Option<&Path>| {
        let mut command = vav1d(&scratch);
        if let Some(layers) = layers {
            command.env("VAV1D_WATCH_LAYER_PATH", layers);
        }
        let output = command.current_dir(&scratch).args(arguments).output().expect("vav1d runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(&["watch", "--", "true"], Some(&scratch));
    assert_eq!(code, Some(69), "{said}");
    assert!(said.contains("VkLayer_VAV1D_watch.json"), "{said}");
    // A manifest is all that is needed to go on.
    std::fs::write(scratch.join("VkLayer_VAV1D_watch.json"), "{}").expect("written");
    let (code, said) = run(&["watch", "--", "/nonexistent/program"], Some(&scratch));
    assert_eq!(code, Some(66), "{said}");
    let (code, said) = run(&["watch", "-o", "/dev/null/x", "--", "true"], Some(&scratch));
    assert_eq!(code, Some(74), "{said}");
    let (code, _) = run(&["watch", "--", "sh", "-c", "exit 7"], Some(&scratch));
    assert_eq!(code, Some(7));
    let (code, said) = run(&["check", "nothing"], None);
    assert_eq!(code, Some(66), "{said}");
    for text in ["", "{}\n", "{\"watch\":{\"format\":2}}\n", "what\n", "{\"frame\":{}}\n"] {
        std::fs::write(scratch.join("bad.jsonl"), text).expect("written");
        for command in [&["check", "bad"][..], &["replay", "bad"], &["watch-diff", "bad", "bad"]] {
            let (code, said) = run(command, None);
            assert_eq!(code, Some(65), "{text:?} {command:?}: {said}");
        }
    }
    std::fs::write(scratch.join("bad.jsonl"), "{\"watch\":{\"format\":1}}\n").expect("written");
    std::fs::write(scratch.join("bad.obu"), "").expect("written");
    for command in [&["check", "bad"][..], &["replay", "bad"], &["watch-diff", "bad", "bad"]] {
        let (code, said) = run(command, None);
        assert_eq!(code, Some(65), "{command:?}: {said}");
    }
    std::fs::remove_dir_all(scratch).expect("removed");
}

//! What `info` says of streams: times, what a driver has to have, metadata, every frame.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::manifest::sample;

fn vav1d(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vav1d")).args(args).output().expect("vav1d runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn path(name: &str) -> String {
    sample(name).path().to_str().expect("plain").to_owned()
}

fn records(output: &Output, kind: &str) -> Vec<Value> {
    let lines = text(output);
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    records
        .filter(|record| record["type"] == kind)
        .map(|mut record| record["data"].take())
        .collect()
}

fn stream(name: &str) -> Value {
    let output = vav1d(&["info", "--json", &path(name)]);
    assert_eq!(output.status.code(), Some(0), "{name}");
    records(&output, "stream").remove(0)
}

#[test]
fn a_driver_needs_what_is_said_and_no_less() {
    let names = ["main-420-8", "svt-pyramid", "layers-l2t2", "resize-random", "rav1e-still"];
    let takes = |name: &str, config: String| {
        let device = format!("soft:{config}");
        vav1d(&["caps", "-q", "--device", &device, &path(name)]).status.code() == Some(0)
    };
    for name in names {
        let needs = &stream(name)["needs"];
        let slots = needs["dpb_slots"].as_u64().expect("a number");
        let active = needs["active_references"].as_u64().expect("a number");
        let [width, height] = [0, 1].map(|i| needs["max_coded_extent"][i].as_u64().expect("one"));
        // A device without references decodes no more than intra frames.
        let used = active.max(1);
        let enough = format!("slots={slots},active={used},extent={width}x{height}");
        assert!(takes(name, enough.clone()), "{name}: {enough}");
        if active > 0 {
            let less = [
                (slots - 1, active, width),
                (slots, active - 1, width),
                (slots, active, width - 1),
            ];
            for (slots, active, width) in less {
                let less = format!("slots={slots},active={active},extent={width}x{height}");
                assert!(!takes(name, less.clone()), "{name}: {less}");
            }
        }
    }
}

#[test]
fn times_are_those_of_the_container() {
    let ivf = stream("main-420-8");
    assert_eq!(ivf["duration"], json!(0.48));
    assert_eq!(ivf["frame_rate"], json!([25, 1]));
    let bits = ivf["bytes"].as_f64().expect("a number") * 8.0 / 0.48;
    assert_eq!(ivf["bit_rate"], json!(bits.round() as u64));
    // The file has the container's headers, too: 32 bytes, and 12 for each unit.
    assert_eq!(ivf["file_bytes"], json!(ivf["bytes"].as_u64().expect("one") + 32 + 12 * 12));
    let obu = stream("section5");
    assert!(obu["duration"].is_null() && obu["bit_rate"].is_null(), "{obu}");
    let said = text(&vav1d(&["info", &path("main-420-8")]));
    assert!(said.contains("duration: 0.480 s, 25 pictures a second, 325 kbit/s\n"), "{said}");
    assert!(said.contains(" at level 2.0 (Main tier)"), "{said}");
    assert!(said.contains("needs: AV1 Main 4:2:0 8 bit, maxLevel 2.0, 9 DPB slots, "), "{said}");
}

#[test]
fn every_frame_has_a_row_and_a_record() {
    let output = vav1d(&["info", "--json", "--frames", &path("main-420-8")]);
    let frames = records(&output, "coded_frame");
    assert_eq!(frames.len(), 14);
    assert_eq!(frames[0]["frame_type"], "KEY_FRAME");
    assert!(frames[0]["references"].as_array().expect("a list").is_empty());
    assert_eq!(frames[4]["references"], json!([3, 0, 0, 0, 2, 0, 1]));
    // Each picture is output once, and all of them are.
    let mut outputs: Vec<u64> = frames
        .iter()
        .flat_map(|frame| frame["outputs"].as_array().expect("a list"))
        .map(|output| output.as_u64().expect("a number"))
        .collect();
    outputs.sort_unstable();
    assert_eq!(outputs, (0..12).collect::<Vec<_>>());
    let bytes: u64 = frames.iter().map(|frame| frame["bytes"].as_u64().expect("one")).sum();
    let all = records(&output, "stream")[0]["bytes"].as_u64().expect("one");
    assert!(bytes <= all && bytes * 20 > all * 19, "{bytes} of {all}");
    let said = text(&vav1d(&["info", "--frames", &path("main-420-8")]));
    let rows: Vec<_> = said.lines().skip_while(|line| !line.starts_with("no.")).collect();
    assert_eq!(rows.len(), 15);
    assert!(
        rows[5].starts_with("4    2     2    INTER  227x131  1x1    2     0x10   3,0,0,0,2,0,1")
    );
    assert!(rows.iter().all(|row| row.len() <= 80), "{said}");
}

#[test]
fn several_files_are_told_one_after_the_other() {
    let (a, b) = (path("main-420-8"), path("layers-l2t2"));
    let output = vav1d(&["info", &a, "/no/such/file", &b]);
    assert_eq!(output.status.code(), Some(66));
    let said = text(&output);
    assert_eq!(said.matches("file: ").count(), 2, "{said}");
    assert!(said.contains("\n\nfile: "), "{said}");
    assert!(said.contains("temporal layers 0+1 of spatial 0+1 at level 2.0"), "{said}");
    let output = vav1d(&["info", "--json", &a, "/no/such/file", &b]);
    let streams = records(&output, "stream");
    assert_eq!((&streams[0]["file"], &streams[1]["file"]), (&json!(a), &json!(b)));
    assert_eq!(records(&output, "fault")[0]["kind"], "io");
}

/// An OBU of metadata with a size field.
fn metadata(kind: u8, payload: &[u8]) -> Vec<u8> {
    // A trailing bit ends the payload.
    let mut obu = vec![0x2a, payload.len() as u8 + 2, kind];
    obu.extend(payload);
    obu.push(0x80);
    obu
}

#[test]
fn hdr_metadata_is_told_in_words_and_numbers() {
    let file = std::fs::read(sample("main-420-8").path()).expect("a file");
    let size = u32::from_le_bytes(file[32..36].try_into().expect("four")) as usize;
    let unit = &file[44..44 + size];
    let mut mdcv = Vec::new();
    for value in [46400_u16, 19137, 17367, 45219, 8585, 3933, 20493, 21561] {
        mdcv.extend(value.to_be_bytes());
    }
    mdcv.extend((1000_u32 << 8).to_be_bytes());
    mdcv.extend((163_u32).to_be_bytes());
    // Behind the temporal delimiter.
    let mut with = unit[..2].to_vec();
    with.extend(metadata(1, &[0x03, 0xe8, 0x01, 0x90]));
    with.extend(metadata(2, &mdcv));
    with.extend(metadata(4, &[0xb5, 0x00, 0x3c]));
    with.extend(&unit[2..]);
    let mut made = file[..32].to_vec();
    made.extend((with.len() as u32).to_le_bytes());
    made.extend(&file[36..44]);
    made.extend(&with);
    made.extend(&file[44 + size..]);
    let path = std::env::temp_dir().join(format!("vav1d-hdr-{}.ivf", std::process::id()));
    std::fs::write(&path, made).expect("written");
    let said = text(&vav1d(&["info", path.to_str().expect("plain")]));
    let line = "mastering display: R (0.7080, 0.2920), G (0.2650, 0.6900), B (0.1310, 0.0600), \
                white (0.3127, 0.3290), from 0.0099 to 1000 cd/m2\n";
    assert!(said.contains(line), "{said}");
    assert!(said.contains("content light level: max_cll 1000, max_fall 400 cd/m2\n"), "{said}");
    assert!(said.contains("ITU-T T.35: 1 message of country code 0xb5\n"), "{said}");
    let output = vav1d(&["info", "--json", path.to_str().expect("plain")]);
    let stream = &records(&output, "stream")[0];
    assert_eq!(stream["content_light_level"], json!({ "max_cll": 1000, "max_fall": 400 }));
    assert_eq!(stream["mastering_display"]["luminance_max"], json!(256_000));
    std::fs::remove_file(&path).expect("removed");
}

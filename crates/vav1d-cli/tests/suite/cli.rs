//! The command as a user meets it: stdout, stderr and exit code, in an empty folder.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::manifest::sample;

/// A fresh folder that is removed at the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vav1d-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn vav1d() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
    command.env_clear().current_dir(std::env::temp_dir());
    command
}

fn run(args: &[&str]) -> Output {
    vav1d().args(args).output().expect("vav1d runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[track_caller]
fn check_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
}

#[test]
fn help_lists_commands_and_exit_codes() {
    let output = run(&["--help"]);
    check_exit(&output, 0);
    let help = text(&output.stdout);
    for command in ["md5", "decode", "info", "dump", "plan", "caps", "generate"] {
        assert!(help.contains(&format!("  {command} ")), "{command} in {help}");
    }
    for exit in vav1d_cli::exit::Exit::ALL {
        assert!(help.contains(exit.meaning()), "{exit:?}");
    }
}

#[test]
fn nonsense_is_a_usage_error() {
    for args in [&["--nonsense"][..], &["md5"], &["md5", "x", "--limit", "many"], &[]] {
        let output = run(args);
        check_exit(&output, 2);
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_missing_file_is_no_input() {
    let output = run(&["md5", "no-such-file.ivf"]);
    check_exit(&output, 66);
    assert!(text(&output.stderr).contains("no-such-file.ivf"));
    check_exit(&run(&["md5", "/"]), 66);
}

#[test]
fn garbage_is_a_malformed_stream() {
    let folder = Folder::new("garbage");
    for (name, bytes) in
        [("empty", &b""[..]), ("noise", &[0xa5; 4096]), ("text", b"hello, world\n")]
    {
        let file = folder.file(name, bytes);
        for command in ["md5", "info", "plan", "dump"] {
            let output = run(&[command, path(&file)]);
            check_exit(&output, 65);
            assert!(!output.stderr.is_empty(), "{command} {name}");
        }
    }
}

/// A header alone is a whole IVF file, and nothing has been decoded.
#[test]
fn a_stream_without_a_frame_is_no_success() {
    let folder = Folder::new("no-frame");
    let bytes = std::fs::read(sample("main-420-8").path()).expect("the sample");
    let file = folder.file("header.ivf", &bytes[..32]);
    for command in [&["md5"][..], &["md5", "--total"], &["decode", "-o", "/dev/null"]] {
        let output = run(&[command, &["-q", "--device", "soft", path(&file)]].concat());
        check_exit(&output, 65);
        assert!(text(&output.stderr).contains("no frame is in it"));
    }
    // Who asks for none has none.
    let whole = sample("main-420-8").path();
    check_exit(&run(&["md5", "-q", "--device", "soft", "--limit", "0", path(&whole)]), 0);
}

#[test]
fn frames_before_the_fault_are_printed() {
    let folder = Folder::new("truncated");
    let sample = sample("main-420-8");
    let bytes = std::fs::read(sample.path()).expect("the sample");
    let file = folder.file("cut.ivf", &bytes[..bytes.len() - 7]);
    let output = run(&["md5", "-q", "--device", "soft", path(&file)]);
    check_exit(&output, 65);
    let printed = text(&output.stdout);
    let rows: Vec<_> = printed.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(rows.len(), sample.frames.len() - 1);
    for (row, md5) in rows.iter().zip(&sample.frames) {
        assert!(row.ends_with(md5.as_str()));
    }
    let said = text(&output.stderr);
    assert!(said.contains("unit") || said.contains("byte"), "{said}");
}

#[test]
fn totals_files_and_pipes_agree() {
    let folder = Folder::new("outputs");
    let sample = sample("main-420-8");
    let file = sample.path();
    let total = run(&["md5", "--total", "--device", "soft", path(&file)]);
    check_exit(&total, 0);
    assert_eq!(text(&total.stdout).trim(), sample.md5);

    let yuv = folder.0.join("out.yuv");
    check_exit(&run(&["decode", "-q", path(&file), "--device", "soft", "-o", path(&yuv)]), 0);
    let piped = run(&["decode", "-q", path(&file), "--device", "soft", "-o", "-"]);
    check_exit(&piped, 0);
    assert_eq!(std::fs::read(&yuv).expect("the file"), piped.stdout);

    let md5 = folder.0.join("out.md5");
    check_exit(&run(&["decode", "-q", path(&file), "--device", "soft", "-o", path(&md5)]), 0);
    let line = std::fs::read_to_string(&md5).expect("the file");
    assert_eq!(line.trim(), sample.md5);
}

#[test]
fn other_hashes_are_those_of_the_bytes_that_are_written() {
    use vav1d::sink::Hash;
    let folder = Folder::new("hashes");
    let (sample, yuv) = (sample("main-420-10"), folder.0.join("out.yuv"));
    let file = sample.path();
    check_exit(&run(&["decode", "-q", path(&file), "--device", "soft", "-o", path(&yuv)]), 0);
    let bytes = std::fs::read(&yuv).expect("the file");
    let frames: Vec<_> = bytes.chunks(bytes.len() / sample.frames.len()).collect();
    for (name, hash) in [("sha256", Hash::Sha256), ("xxh3", Hash::Xxh3), ("crc32", Hash::Crc32)] {
        let args = ["md5", "-q", "--device", "soft", path(&file), "--hash", name];
        let total = run(&[&args[..], &["--total"]].concat());
        check_exit(&total, 0);
        assert_eq!(text(&total.stdout).trim(), hash.hex(&bytes));
        let rows = text(&run(&args).stdout);
        assert!(rows.contains(&format!("\n#hash: {}\n", hash.name())), "{rows}");
        let rows = rows.lines().filter(|row| !row.starts_with('#'));
        let hashes: Vec<_> = rows.filter_map(|row| row.rsplit(' ').next()).collect();
        assert_eq!(hashes, hash.many(&frames));
        let json = text(&run(&[&args[..], &["--json"]].concat()).stdout);
        for (line, hash) in json.lines().skip(1).zip(&hashes) {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(
                (&record["data"][name], &record["data"]["md5"]),
                (&(*hash).into(), &serde_json::Value::Null)
            );
        }
    }
}

#[test]
fn a_stream_from_standard_input_is_the_same_stream() {
    let sample = sample("main-420-8");
    let mut child = vav1d()
        .args(["md5", "--total", "-q", "--device", "soft", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("vav1d runs");
    let bytes = std::fs::read(sample.path()).expect("the sample");
    child.stdin.take().expect("a pipe").write_all(&bytes).expect("written");
    let output = child.wait_with_output().expect("an end");
    check_exit(&output, 0);
    assert_eq!(text(&output.stdout).trim(), sample.md5);
}

#[test]
fn skip_and_limit_cut_the_output_only() {
    let sample = sample("main-420-8");
    let file = sample.path();
    let args = ["md5", "-q", "--device", "soft", path(&file), "--skip", "2", "--limit", "3"];
    let output = run(&args);
    check_exit(&output, 0);
    let printed = text(&output.stdout);
    let rows: Vec<_> = printed.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(rows.len(), 3);
    for (row, md5) in rows.iter().zip(&sample.frames[2..5]) {
        assert!(row.ends_with(md5.as_str()));
    }
}

/// The JSON schema as a reader would write it down: no field more, none less.
#[derive(Debug, serde::Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case", deny_unknown_fields)]
#[allow(dead_code, reason = "the fields are checked by being read")]
enum Record {
    Header { schema: u32, command: String, version: String, file: String, device: String },
    Frame { index: u64, pts: Option<i64>, width: u32, height: u32, size: u64, md5: String },
    Fault { message: String },
    Summary { units: u64, frames: u64, pictures: u64, faults: u64, md5: Option<String> },
}

#[test]
fn json_has_its_documented_fields() {
    let sample = sample("main-420-8");
    let output = run(&["md5", "--json", "-q", "--device", "soft", path(&sample.path())]);
    check_exit(&output, 0);
    let records: Vec<Record> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    assert!(matches!(&records[0], Record::Header { schema: 2, command, .. } if command == "md5"));
    let md5s: Vec<_> = records
        .iter()
        .filter_map(|r| match r {
            Record::Frame { md5, .. } => Some(md5.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(md5s, sample.frames);
    assert!(matches!(records.last(), Some(Record::Summary { faults: 0, .. })));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = vav1d()
        .args(["decode", "-q", "--device", "soft", "-o", "-", path(&sample("main-420-8").path())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("vav1d runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    check_exit(&output, 0);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn unwritable_output_has_its_own_exit_code() {
    let file = sample("main-420-8").path();
    let output =
        run(&["decode", "-q", "--device", "soft", path(&file), "-o", "/no/such/folder/x.yuv"]);
    check_exit(&output, 74);
    if Path::new("/dev/full").exists() {
        let output = run(&[
            "decode",
            "-q",
            "--device",
            "soft",
            path(&file),
            "-o",
            "/dev/full",
            "--output-format",
            "yuv",
        ]);
        check_exit(&output, 74);
    }
}

#[test]
fn caps_lists_the_software_driver_last() {
    let output = run(&["caps", "-q"]);
    check_exit(&output, 0);
    let printed = text(&output.stdout);
    let last = printed.lines().rfind(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    assert!(last.is_some_and(|l| l.contains("softvk")), "{printed}");
    assert!(printed.contains("Main 4:2:0 8 bit           no, yes  7.3"), "{printed}");
}

#[test]
fn an_unknown_device_is_a_usage_error() {
    let output = run(&["md5", path(&sample("main-420-8").path()), "--device", "no such device"]);
    check_exit(&output, 2);
}

#[test]
fn dump_names_elements_with_their_positions() {
    let output = run(&["dump", path(&sample("main-420-8").path())]);
    check_exit(&output, 0);
    let printed = text(&output.stdout);
    for element in ["seq_profile", "frame_type", "base_q_idx", "tx_mode_select"] {
        assert!(printed.contains(element), "{element}");
    }
}

#[test]
fn info_and_plan_describe_the_stream() {
    let file = sample("main-420-8").path();
    let info = run(&["info", path(&file)]);
    check_exit(&info, 0);
    assert!(text(&info.stdout).contains("Main profile, 4:2:0 8 bit"));
    let plan = run(&["plan", path(&file)]);
    check_exit(&plan, 0);
    let printed = text(&plan.stdout);
    assert!(printed.starts_with("configure "), "{printed}");
    assert!(printed.lines().last().is_some_and(|l| l.starts_with("release ")), "{printed}");
}

#[test]
fn completions_and_man_page_come_from_the_definition() {
    for what in ["man", "bash", "zsh", "fish", "powershell"] {
        let output = run(&["generate", what]);
        check_exit(&output, 0);
        assert!(text(&output.stdout).contains("vav1d"), "{what}");
    }
}

#[test]
fn the_version_names_the_commit_and_what_is_built_in() {
    let (short, long) = (run(&["-V"]), run(&["--version"]));
    check_exit(&short, 0);
    check_exit(&long, 0);
    let (short, long) = (text(&short.stdout), text(&long.stdout));
    assert!(short.starts_with(&format!("vav1d {} (", env!("CARGO_PKG_VERSION"))), "{short}");
    assert_eq!(short.lines().count(), 1, "{short}");
    assert_eq!(long.lines().next(), short.lines().next());
    let soft = if cfg!(feature = "soft") { "+soft" } else { "-soft" };
    assert!(long.contains("\nfeatures: ") && long.contains(soft), "{long}");
    assert_eq!(long.contains("\nbuilt in: softvk "), cfg!(feature = "soft"), "{long}");
    let git = Command::new("git").args(["rev-parse", "HEAD"]).output();
    let head = git.ok().filter(|o| o.status.success()).map(|o| text(&o.stdout).to_owned());
    if let Some(head) = head.filter(|_| std::env::var_os("VAV1D_COMMIT").is_none()) {
        let known = head.get(..12).expect("a hash");
        assert!(short.contains(known), "{short}, but HEAD is {head}");
    }
}

/// What a damaged stream gives depends neither on time nor on how much is under way at once.
#[test]
fn damage_gives_the_same_in_every_run() {
    let folder = Folder::new("damage");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut damaged = 0;
    for name in ["main-420-8.ivf", "sequence-change.ivf", "error-resilient.ivf"] {
        let whole = std::fs::read(samples.join(name)).expect("a sample");
        for i in 1..12 {
            let mut bytes = whole.clone();
            let at = bytes.len() * i / 12;
            bytes[at] ^= 0x10;
            let file = folder.file("damaged.ivf", &bytes);
            let decode = |frames: &str| {
                let shape = ["--device", "soft", "--frames-in-flight", frames];
                let output = run(&[&["md5", "-q", path(&file)][..], &shape].concat());
                (output.status.code(), text(&output.stdout))
            };
            let one = decode("1");
            assert!(matches!(one.0, Some(0 | 65 | 69)), "{name} {at}: {:?}", one.0);
            damaged += u32::from(one.0 != Some(0));
            for frames in ["2", "8"] {
                assert_eq!(decode(frames), one, "{name}, byte {at}, {frames} frames in flight");
            }
        }
    }
    assert!(damaged > 5, "only {damaged} streams were damaged");
}

#[test]
fn suite_info_counts_what_streams_exercise_and_finds_copies() {
    let folder = Folder::new("suite-info");
    let stream = std::fs::read(sample("superres-fixed").path()).expect("a sample");
    folder.file("a.ivf", &stream);
    folder.file("b.ivf", &stream);
    let lossless = std::fs::read(sample("lossless-420").path()).expect("a sample");
    folder.file("c.ivf", &lossless);
    folder.file("d.ivf", &stream[..stream.len() - 10]);
    let output = run(&["--json", "suite-info", path(&folder.0)]);
    check_exit(&output, 0);
    let text = text(&output.stdout);
    let coverage = text.lines().last().expect("a record");
    let coverage: serde_json::Value = serde_json::from_str(coverage).expect("JSON");
    let data = &coverage["data"];
    assert_eq!(data["counts"]["enable_superres=1"], 3);
    assert_eq!(data["counts"]["TxMode=ONLY_4X4"], 1);
    assert_eq!(data["counts"]["BitDepth=12"], 0);
    assert_eq!(data["duplicates"].as_array().map(Vec::len), Some(1));
    let cut = text.lines().find(|line| line.contains("\"exercised\"") && line.contains("/d.ivf\""));
    assert!(!cut.expect("a record for d").contains("\"fault\":null"), "{cut:?}");
}

/// Damage takes the pictures up to the next key frame, and no others.
#[test]
fn decoding_goes_on_at_the_next_key_frame() {
    let folder = Folder::new("resume");
    let sample = crate::manifest::sample("key-frames");
    let whole = std::fs::read(sample.path()).expect("a sample");
    let mut units = Vec::new();
    let mut at = 32;
    while at < whole.len() {
        let size = u32::from_le_bytes(whole[at..at + 4].try_into().expect("4 bytes")) as usize;
        units.push(at + 12..at + 12 + size);
        at += 12 + size;
    }
    // Units 0, 12, 24, 36 and 48 have key frames.
    for (unit, resumed) in [(0, 12), (15, 24), (24, 36), (50, 60)] {
        let mut bytes = whole.clone();
        // After the temporal delimiter.
        bytes[units[unit].start + 2] |= 0x80;
        let output = run(&["md5", "-q", path(&folder.file("damaged.ivf", &bytes))]);
        check_exit(&output, 65);
        let printed = text(&output.stdout);
        let lines = printed.lines().filter(|line| !line.starts_with('#'));
        let hashes: Vec<_> = lines.filter_map(|line| line.rsplit(", ").next()).collect();
        let right = [&sample.frames[..unit], &sample.frames[resumed..]].concat();
        assert_eq!(hashes, right, "damage in unit {unit}");
    }
}

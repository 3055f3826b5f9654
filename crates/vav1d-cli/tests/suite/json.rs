//! The JSON of every command beside docs/schema.json, and the lines of docs/json.md under jq.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn schema() -> Value {
    let text = std::fs::read_to_string(root().join("docs/schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

fn vav1d(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
    command.current_dir(root()).args(words).output().expect("vav1d runs")
}

/// Where `value` is not as `schema` has it: types, members, items, and values of the words that the
/// file uses. A word that this does not know is an error, too.
fn violations(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    for (word, rule) in schema.as_object().into_iter().flatten() {
        match word.as_str() {
            "type" => {
                let allowed: Vec<&str> = match rule {
                    Value::String(one) => vec![one],
                    several => {
                        several.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
                    }
                };
                if !allowed.iter().any(|kind| is_of(value, kind)) {
                    found.push(format!("{path}: {value} is none of {allowed:?}"));
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().into_iter().flatten() {
                    if let Some(member) = value.get(name) {
                        violations(rule, member, &format!("{path}.{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    if schema["properties"].get(name).is_some() {
                        continue;
                    }
                    match rule {
                        Value::Bool(false) => {
                            found.push(format!("{path}.{name} is not in the schema"))
                        }
                        rule => violations(rule, member, &format!("{path}.{name}"), found),
                    }
                }
            }
            "required" if value.is_object() => {
                for name in rule.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if value.get(name).is_none() {
                        found.push(format!("{path}.{name} is not there"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    violations(rule, item, &format!("{path}[{index}]"), found);
                }
            }
            "enum" if !rule.as_array().is_some_and(|all| all.contains(value)) => {
                found.push(format!("{path}: {value} is none of {rule}"));
            }
            "const" if rule != value => found.push(format!("{path}: {value} is not {rule}")),
            "required" | "enum" | "const" | "description" => {}
            other => found.push(format!("{path}: the schema has {other}")),
        }
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// Types of the lines of `output`, each of which is as the schema has it.
fn types(schema: &Value, words: &[&str], output: &Output) -> Vec<String> {
    let text = std::str::from_utf8(&output.stdout).expect("text");
    let mut types = Vec::new();
    for line in text.lines() {
        let record: Value =
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{words:?}: {e}: {line}"));
        let kind = record["type"].as_str().unwrap_or_else(|| panic!("{words:?}: {line}"));
        let rule = &schema["$defs"][kind];
        assert!(rule.is_object(), "{words:?}: there is no type {kind}");
        assert_eq!(record.as_object().map(serde_json::Map::len), Some(2), "{line}");
        let mut found = Vec::new();
        violations(rule, &record["data"], kind, &mut found);
        assert!(found.is_empty(), "{words:?}: {found:#?}\n{line}");
        types.push(kind.to_owned());
    }
    assert_eq!(types.first().map(String::as_str), Some("header"), "{words:?}: {text}");
    let said = String::from_utf8_lossy(&output.stderr);
    let failed = !matches!(output.status.code(), Some(0 | 1));
    let is_fault = types.iter().any(|kind| matches!(&**kind, "fault" | "unfired"));
    assert!(!failed || is_fault, "{words:?}: no fault on {:?}: {said}", output.status);
    types
}

/// A folder for what commands write.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("vav1d-json-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("made");
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("plain").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Two captures of one still, the second with another base_q_idx.
fn captures(folder: &Folder) -> (String, String) {
    let text = include_str!("tables/capture.jsonl");
    let other = text.replace("\"base_q_idx\":128", "\"base_q_idx\":129");
    assert_ne!(text, other);
    for (name, text) in [("session-0", text), ("session-1", &other)] {
        std::fs::write(folder.path(&format!("{name}.jsonl")), text).expect("written");
        let stream = include_bytes!("tables/capture.obu");
        std::fs::write(folder.path(&format!("{name}.obu")), stream).expect("written");
    }
    (folder.path("session-0"), folder.path("session-1"))
}

/// Commands whose lines have all types but `message`, which takes the validation layer.
fn commands(folder: &Folder) -> Vec<Vec<String>> {
    let (old, new) = (folder.path("old"), folder.path("new"));
    let yuv = folder.path("a.yuv");
    let main = "samples/main-420-8.ivf";
    let two = "samples/main-420-8.ivf samples/high-444-8.ivf";
    let vectors = format!("{two} samples/layers-l2t2.ivf");
    let lines = [
        format!("md5 --device soft {main}"),
        format!("md5 --device soft --total --hash sha256 {main}"),
        "md5 --device soft --hash xxh3 --limit 1 samples/section5.obu".to_owned(),
        format!("md5 --device soft:fault=status@2 {main}"),
        format!("md5 --device soft:fault=pixel@99 {main}"),
        format!("decode --device soft {main} -o {yuv}"),
        "grain samples/grain-444-8.ivf".to_owned(),
        format!(
            "info --frames {vectors} samples/containers/turned.mp4 samples/containers/sound.mkv"
        ),
        "info samples/containers/sequence.avif samples/sequence-change.ivf".to_owned(),
        "dump --limit 2 samples/layers-l2t2.ivf".to_owned(),
        "plan samples/layers-l2t2.ivf".to_owned(),
        "plan samples/grain-420-8.ivf".to_owned(),
        format!("compare --device soft:fault=base-q@2 {main}"),
        format!("compare --device soft:fault=crash@3 {main}"),
        "compare --device soft:fault=grain-seed@1 samples/grain-420-10.ivf".to_owned(),
        format!("verify --device soft:two-plane -o {old} {vectors}"),
        format!("verify --device soft:nv-like,fault=base-q@2 -o {new} {vectors}"),
        format!("verify --device soft:fault=crash@1 {main}"),
        format!("verify --device soft:fault=hang@1 --frame-timeout 1 {main}"),
        format!("verify --list {vectors}"),
        format!("verify-diff {old} {new}"),
        format!("verify-merge {new}"),
    ];
    words(&lines).into_iter().chain(others(folder, &vectors)).collect()
}

/// The words of lines.
fn words(lines: &[String]) -> Vec<Vec<String>> {
    lines.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// Those that do not decode vectors one by one.
fn others(folder: &Folder, vectors: &str) -> Vec<Vec<String>> {
    let recording = |name: &str, q: u8| {
        let text = format!(
            "# vav1d drm-sim recording 1\nchip = navi33\nsubmission 1 decode\nav1.base_q_idx = {q}\n"
        );
        std::fs::write(folder.path(name), text).expect("written");
        folder.path(name)
    };
    let (a, b) = (recording("a.rec", 1), recording("b.rec", 2));
    let (first, second) = captures(folder);
    let (tar, drawn) = (folder.path("a.tar"), folder.path("drawn"));
    let main = "samples/main-420-8.ivf";
    let lines = [
        format!("suite-info {vectors}"),
        format!("suite-info --with BitDepth=8 {vectors}"),
        format!("suite-info --cover {vectors}"),
        format!("suite-info --missing-from {main} {vectors}"),
        "matrix --device soft:fault=tile-starts samples/tiles-uneven.ivf".to_owned(),
        "caps".to_owned(),
        "caps --device soft:radv-vcn4".to_owned(),
        "caps --soft-configs".to_owned(),
        format!("caps --device soft:nv-like {vectors} samples/README.md"),
        "caps-diff soft:nv-like soft:radv-vcn4".to_owned(),
        format!("sim-diff {a} {b}"),
        format!("check --stream samples/still-full.obu {second}"),
        format!("replay --device soft --all {first}"),
        format!("watch-diff {first} {second}"),
        format!("compare --explain --device soft:fault=base-q@2 {main}"),
        format!("rewrite {main} --how repeat=1 -o {}", folder.path("rewritten.ivf")),
        format!(
            "reduce --device soft:fault=base-q@2 --decodes 20 {main} -o {}",
            folder.path("less.ivf")
        ),
        format!("stress --device soft --count 1 -o {} {main}", folder.path("stress")),
        format!("report --device soft -o {tar}"),
        format!("play --device soft --render-to {drawn} {main}"),
    ];
    words(&lines)
}

/// Commands that print something else than records.
const NONE: [&str; 3] = ["sim", "watch", "generate"];

#[test]
fn every_line_of_every_command_is_in_the_schema() {
    let schema = schema();
    let folder = Folder::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut called: BTreeSet<String> = BTreeSet::new();
    for words in commands(&folder) {
        let words: Vec<&str> =
            [&["--json", "-q"][..], &words.iter().map(String::as_str).collect::<Vec<_>>()].concat();
        // Nothing draws on a machine without lavapipe; `play` says so in a fault.
        let output = vav1d(&words);
        seen.extend(types(&schema, &words, &output));
        called.insert(words[2].to_owned());
    }
    let help = String::from_utf8(vav1d(&["--help"]).stdout).expect("text");
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let commands: BTreeSet<String> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|word| word != "help" && !NONE.contains(&word.as_str()))
        .collect();
    assert!(commands.len() > 14, "{commands:?}");
    let missing: Vec<_> = commands.difference(&called).collect();
    assert!(missing.is_empty(), "no line of these was seen: {missing:?}");
    let all: BTreeSet<String> =
        schema["$defs"].as_object().expect("types").keys().cloned().collect();
    let unseen: BTreeSet<_> = all.difference(&seen).map(String::as_str).collect();
    let drawn = seen.contains("played");
    let expected = if drawn { &["message"][..] } else { &["message", "played"] };
    assert_eq!(unseen, expected.iter().copied().collect());
}

#[test]
fn whatever_ends_a_command_is_a_fault_behind_a_header() {
    let schema = schema();
    for (words, code, kind) in [
        ("md5 no-such-file.ivf --device soft", 66, "io"),
        ("md5 samples/main-420-8.ivf --device nope", 2, "usage"),
        ("md5 --no-such-option x", 2, "usage"),
        ("md5", 2, "usage"),
        ("no-such-command", 2, "usage"),
        ("info no-such-file.ivf", 66, "io"),
        ("info samples/README.md", 65, "stream"),
        ("plan samples/README.md", 65, "stream"),
        ("dump no-such-file.ivf", 66, "io"),
        ("grain no-such-file.ivf", 66, "io"),
        ("decode samples/main-420-8.ivf --device soft -o -", 2, "usage"),
        ("decode samples/main-420-8.ivf --device soft -o /none/x.yuv", 74, "output"),
        ("compare samples/main-420-8.ivf --device soft --against no-such-file.md5", 66, "io"),
        ("verify no-such-suite --device soft", 66, "io"),
        ("verify samples --device no-such-device", 2, "usage"),
        ("verify-diff none none", 66, "io"),
        ("verify-merge none", 66, "io"),
        ("suite-info no-such-suite", 66, "io"),
        ("suite-info --with nothing samples", 2, "usage"),
        ("matrix no-such-file.ivf --device soft", 66, "io"),
        ("caps --device no-such-device", 69, "unsupported"),
        ("caps-diff none none", 69, "unsupported"),
        ("sim-diff none none", 66, "io"),
        ("sim navi33 -- true", 2, "usage"),
        ("generate man", 2, "usage"),
        ("watch -- true", 2, "usage"),
        ("check none", 66, "io"),
        ("replay none --device soft", 66, "io"),
        ("watch-diff none none", 66, "io"),
        ("rewrite none.ivf -o /tmp/none.ivf", 66, "io"),
        ("reduce none.ivf --device soft -o /tmp/none.ivf", 66, "io"),
        ("stress none --device soft", 66, "io"),
        ("report --device soft -o /none/x.tar", 74, "output"),
        ("rewrite no-such-file.ivf -o x.ivf", 66, "io"),
        ("rewrite samples/main-420-8.ivf --how nothing -o x.ivf", 2, "usage"),
        ("stress no-such-suite --device soft -o none", 66, "io"),
    ] {
        let words: Vec<&str> = std::iter::once("--json").chain(words.split(' ')).collect();
        let output = vav1d(&words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        types(&schema, &words, &output);
        let text = String::from_utf8(output.stdout).expect("text");
        let records = text.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
        let mut records = records;
        let fault = records.rfind(|record| record["type"] == "fault").expect("a fault");
        let data = &fault["data"];
        assert_eq!(
            (data["kind"].as_str(), data["exit"].as_i64()),
            (Some(kind), Some(code.into())),
            "{words:?}"
        );
        assert_eq!(text.matches("\"type\":\"header\"").count(), 1, "{words:?}: {text}");
    }
}

#[test]
fn what_is_not_in_the_schema_is_found() {
    let schema = schema();
    let bad = |kind: &str, data: Value| {
        let mut found = Vec::new();
        violations(&schema["$defs"][kind], &data, kind, &mut found);
        found
    };
    let unit = serde_json::json!({ "fault": "pixel@9" });
    assert!(bad("unfired", unit).is_empty());
    for data in [
        serde_json::json!({}),
        serde_json::json!({ "fault": 9 }),
        serde_json::json!({ "fault": null }),
        serde_json::json!({ "fault": "x", "more": 1 }),
    ] {
        assert_eq!(bad("unfired", data.clone()).len(), 1, "{data}");
    }
    let verdict = bad("shape", serde_json::json!({ "options": "", "detail": "", "result": "odd" }));
    assert_eq!(verdict.len(), 1, "{verdict:?}");
    let nested = serde_json::json!({ "vectors": 1, "counts": { "a": "1" }, "not_covered": [1],
        "duplicates": [] });
    assert_eq!(bad("coverage", nested).len(), 2);
}

/// The commands between fences of docs/json.md.
fn one_liners() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/json.md")).expect("the page");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_lines_for_jq_say_what_they_are_to_say() {
    let jq = Command::new("jq").arg("--version").output();
    assert!(jq.is_ok_and(|output| output.status.success()), "jq is not there: install it");
    let expected = [
        "samples/main-420-8\nvav1d verify ",
        "{\"pass\":1,\"unsupported\":1}\n",
        "samples/high-444-8: no AV1 High 4:4:4 8 bit (ERROR",
        "VK_FORMAT_G8_B8R8_2PLANE_420_UNORM\n",
        "{\"frame\":0,\"frame_type\":\"KEY_FRAME\",\"bytes\":3096}\n",
        "6 samples/svt-pyramid.ivf\n6 samples/layers-l2t2.ivf\n",
        "1 102\n",
        "{\"frame\":2,\"planes\":[\"Y\",\"U\",\"V\"]}\n",
        "samples/",
        "{\"kind\":\"io\",\"exit\":66}\n",
    ];
    let lines = one_liners();
    assert_eq!(lines.len(), expected.len());
    let folder = PathBuf::from(env!("CARGO_BIN_EXE_vav1d"));
    let folder = folder.parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    for (line, expected) in lines.iter().zip(expected) {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(root()).env("PATH", format!("{folder}:{path}"));
        let output = shell.output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        let fault = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{line}\ngave: {said}\n{fault}");
        assert!(!fault.contains("jq:"), "{line}: {fault}");
    }
}

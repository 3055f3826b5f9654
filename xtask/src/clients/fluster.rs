//! Unmodified Fluster with its FFmpeg-AV1-Vulkan decoder, on softvk as it is and as `nv-like`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{About, Outcome, Tools, Tried};

const SUITE: &str = "STREAMS";
const DECODER: &str = "FFmpeg-AV1-Vulkan";

/// A stream of the suite: its name there, and where it is.
struct Vector {
    name: String,
    stream: PathBuf,
}

/// Every stream of `streams` for which Fluster's decoder has a pixel format (4:2:0 of 8 and 10
/// bits), under `config`.
pub(super) fn run(
    tools: &Tools,
    streams: &[PathBuf],
    config: &str,
) -> Result<Vec<(PathBuf, Tried)>> {
    let dir = crate::root().join(super::DRIVER).join("fluster");
    let vectors = lay_out(tools, &dir, streams)?;
    let summary = dir.join("summary.json");
    // Of an earlier run, or not there.
    let _ = std::fs::remove_file(&summary);
    let output = tools
        .client("sid-fluster", config)
        .arg("-ne")
        .arg("-tsd")
        .arg(dir.join("test_suites"))
        .arg("-r")
        .arg(dir.join("resources"))
        .arg("-o")
        .arg(dir.join("output"))
        .args(["run", "-ts", SUITE, "-d", DECODER, "-j", "2", "-s", "-f", "json", "-so"])
        .arg(&summary)
        .output()?;
    let text = std::fs::read_to_string(&summary).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("Fluster wrote no summary ({}): {said}", output.status)
    })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let results = results(&serde_json::from_str(&text)?)?;
    vectors.into_iter().map(|vector| outcome(vector, &results, &said)).collect()
}

fn outcome(vector: Vector, results: &Value, said: &str) -> Result<(PathBuf, Tried)> {
    let result = results.get(&vector.name).and_then(|v| v.get("result")).and_then(Value::as_str);
    let result = result.with_context(|| format!("Fluster did not run {}", vector.name))?;
    let mark = format!("FAIL: {} (", vector.name);
    let after = said.split_once(&mark).map_or("", |(_, after)| after);
    let own = after.split_once("\nFAIL: ").map_or(after, |(own, _)| own);
    let last = own.lines().rfind(|l| l.contains("Error") || l.contains("xception"));
    let outcome = match result {
        "Success" => Outcome::Exact,
        "Fail" => Outcome::Wrong(last.unwrap_or("another MD5").to_owned()),
        result => Outcome::Error(format!("{result}: {}", last.unwrap_or_default())),
    };
    Ok((vector.stream, Tried::new(outcome, "")))
}

/// Results by vector, of Fluster's JSON summary.
fn results(summary: &Value) -> Result<Value> {
    let path = format!("/test_suites/{SUITE}/decoders/{DECODER}/vectors");
    summary.pointer(&path).cloned().context("no results in Fluster's summary")
}

/// A suite of the streams in Fluster's layout; MD5s are those of vav1d without film grain, which
/// Fluster asks ffmpeg to leave out.
fn lay_out(tools: &Tools, dir: &Path, streams: &[PathBuf]) -> Result<Vec<Vector>> {
    if dir.exists() {
        std::fs::remove_dir_all(dir)?;
    }
    let mut vectors = Vec::new();
    let mut entries = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        let about = About::of(&tools.program, stream)?;
        let pixels = match (about.chroma.as_str(), about.depth.as_str()) {
            ("420", "8") => "yuv420p",
            ("420", "10") => "yuv420p10le",
            _ => continue,
        };
        let file = stream.file_name().context("no file")?.to_string_lossy().into_owned();
        let name = format!("{index:04}-{file}");
        let folder = dir.join("resources").join(SUITE).join(&name);
        std::fs::create_dir_all(&folder)?;
        std::os::unix::fs::symlink(stream, folder.join(&file))?;
        let md5 = tools.total(stream, &["--film-grain", "off"])?;
        entries.push(entry(&name, &file, pixels, &md5));
        vectors.push(Vector { name, stream: stream.clone() });
    }
    let suite = json!({
        "name": SUITE, "codec": "AV1", "description": "cargo xtask clients",
        "test_vectors": entries,
    });
    let suites = dir.join("test_suites").join("av1");
    std::fs::create_dir_all(&suites)?;
    std::fs::write(suites.join(format!("{SUITE}.json")), serde_json::to_vec_pretty(&suite)?)?;
    Ok(vectors)
}

fn entry(name: &str, file: &str, pixels: &str, md5: &str) -> Value {
    json!({
        "name": name, "source": "", "source_checksum": "", "input_file": file,
        "output_format": pixels, "result": md5,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vectors_failure_is_its_own() {
        let results = json!({ "a": { "result": "Success" }, "b": { "result": "Error" } });
        let said = "FAIL: a (x)\nErrorOfA\nFAIL: b (x)\nErrorOfB\nFAIL: c (x)\nErrorOfC\n";
        let tried = |name: &str| {
            let vector = Vector { name: name.into(), stream: PathBuf::new() };
            outcome(vector, &results, said).map(|(_, tried)| tried.outcome)
        };
        assert_eq!(tried("a").ok(), Some(Outcome::Exact));
        assert_eq!(tried("b").ok(), Some(Outcome::Error("Error: ErrorOfB".into())));
        assert!(tried("c").is_err());
    }
}

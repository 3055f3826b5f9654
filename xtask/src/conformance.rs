//! `cargo xtask conformance`: every vector of the Fluster suites in a folder, through `vav1d md5 --total`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One vector of a suite.
struct Vector {
    name: String,
    input: PathBuf,
    md5: String,
    options: Vec<String>,
}

/// Runs all suites below `dir` with `program`, `jobs` at a time, each with softvk as
/// `config` says and with `extra` arguments.
/// Fails if a vector does not give its MD5.
pub(crate) fn run(
    program: &Path,
    dir: &Path,
    jobs: usize,
    config: &str,
    extra: &[String],
) -> Result<()> {
    let vectors = vectors(dir)?;
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    // A driver with few slots may say that it lacks one, and one that stands for hardware what it does
    // not decode; nothing else may be refused.
    let lack = lack(config);
    let refused = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some(vector) = vectors.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Err(error) = check(program, vector, config, extra) else { continue };
                    let error = format!("{error:#}");
                    if lack.is_some_and(|lack| error.contains(lack)) {
                        refused.fetch_add(1, Ordering::Relaxed);
                    } else if let Ok(mut list) = failures.lock() {
                        list.push(format!("{}: {error}", vector.name));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(|poison| poison.into_inner());
    failures.sort();
    for failure in &failures {
        crate::say(&format!("FAIL {failure}"));
    }
    let refused = refused.into_inner();
    let passed = vectors.len() - failures.len() - refused;
    let seconds = started.elapsed().as_secs_f64();
    crate::say(&format!(
        "conformance [{config}]: {passed} passed, {refused} refused, {} failed, {seconds:.0} s",
        failures.len()
    ));
    if vectors.is_empty() || !failures.is_empty() {
        bail!("conformance: {} of {} vectors failed", failures.len(), vectors.len());
    }
    Ok(())
}

/// What a refusal says that `config` may have.
fn lack(config: &str) -> Option<&'static str> {
    let hardware = ["nv-", "radv-", "anv-"].into_iter().any(|name| config.starts_with(name));
    match hardware {
        true => Some("not supported: device "),
        false => config.contains("slots=").then_some("maxDpbSlots is "),
    }
}

/// Runs every broken stream below `dir`: a documented exit code, no signal, at most ten seconds.
pub(crate) fn hostile(program: &Path, dir: &Path, extra: &[String]) -> Result<()> {
    let mut files: Vec<_> =
        std::fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut failures = 0;
    for file in &files {
        let started = Instant::now();
        let output = Command::new(program)
            .arg("md5")
            .arg(file)
            .args(["--device", "soft", "-q"])
            .args(extra)
            .output()?;
        let (code, took) = (output.status.code(), started.elapsed());
        let documented = matches!(code, Some(0 | 65 | 66 | 69));
        if !documented || took > Duration::from_secs(10) {
            failures += 1;
            crate::say(&format!("FAIL {}: exit {code:?} after {took:?}", file.display()));
        }
    }
    crate::say(&format!("hostile: {} passed, {failures} failed", files.len() - failures));
    if failures > 0 {
        bail!("hostile: {failures} of {} streams failed", files.len());
    }
    Ok(())
}

fn check(program: &Path, vector: &Vector, config: &str, extra: &[String]) -> Result<()> {
    let output = Command::new(program)
        .args(["md5", "--total", "-q", "--device", "soft"])
        .arg(&vector.input)
        .args(&vector.options)
        .args(extra)
        .env("SOFTVK_CONFIG", config)
        .output()?;
    let got = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}", output.status, said.lines().next().unwrap_or_default());
    }
    if got != vector.md5 {
        bail!("{got} is not {}", vector.md5);
    }
    Ok(())
}

fn vectors(dir: &Path) -> Result<Vec<Vector>> {
    let mut suites: Vec<_> = std::fs::read_dir(dir.join("test_suites/av1"))
        .with_context(|| format!("{}: no test_suites/av1", dir.display()))?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    suites.sort();
    let mut vectors = Vec::new();
    for suite in suites {
        let text = std::fs::read_to_string(&suite)?;
        let json: Value =
            serde_json::from_str(&text).with_context(|| suite.display().to_string())?;
        let name = json["name"].as_str().context("a suite without a name")?;
        for vector in json["test_vectors"].as_array().context("a suite without vectors")? {
            vectors.push(self::vector(dir, name, vector)?);
        }
    }
    Ok(vectors)
}

fn vector(dir: &Path, suite: &str, json: &Value) -> Result<Vector> {
    let text = |key: &str| json[key].as_str().with_context(|| format!("a vector without {key}"));
    let (name, file) = (text("name")?, text("input_file")?);
    let params = &json["optional_params"];
    let mut options = Vec::new();
    if params["film_grain"].as_bool() == Some(false) {
        options.extend(["--film-grain".to_owned(), "off".to_owned()]);
    }
    if params["all_layers"].as_bool() == Some(true) {
        options.push("--all-layers".to_owned());
    }
    if let Some(point) = params["operating_point"].as_u64() {
        options.extend(["--operating-point".to_owned(), point.to_string()]);
    }
    if let Some(limit) = params["limit"].as_u64() {
        options.extend(["--limit".to_owned(), limit.to_string()]);
    }
    Ok(Vector {
        name: format!("{suite}/{name}"),
        input: dir.join("resources").join(suite).join(name).join(file),
        md5: text("result")?.to_lowercase(),
        options,
    })
}

#[cfg(test)]
mod tests {
    use super::lack;

    #[test]
    fn only_drivers_that_lack_something_may_refuse() {
        assert_eq!(lack(""), None);
        assert_eq!(lack("two-plane"), None);
        assert_eq!(lack("coincide,slots=8"), Some("maxDpbSlots is "));
        assert_eq!(lack("nv-560"), Some("not supported: device "));
    }
}

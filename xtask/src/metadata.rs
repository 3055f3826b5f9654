//! What `cargo metadata` says: packages, their files and features, wherever they lie.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The program's name: of its binary, not of its package.
pub(crate) const PROGRAM: &str = "vav1d";

/// All that `cargo metadata` says, of all packages that are built for Linux.
pub(crate) fn all() -> Result<Value> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(cargo())
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &target])
        .current_dir(crate::root())
        .output()
        .context("cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The cargo that runs this.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The packages of `metadata` that are the workspace's own.
pub(crate) fn own(metadata: &Value) -> Vec<&Value> {
    let members = array(&metadata["workspace_members"]);
    packages(metadata).into_iter().filter(|p| members.contains(&&p["id"])).collect()
}

/// All packages of `metadata`.
pub(crate) fn packages(metadata: &Value) -> Vec<&Value> {
    array(&metadata["packages"])
}

/// The package that has the program.
pub(crate) fn program(metadata: &Value) -> Result<&Value> {
    let has = |package: &&Value| {
        array(&package["targets"])
            .iter()
            .any(|t| t["name"] == PROGRAM && array(&t["kind"]).iter().any(|k| *k == "bin"))
    };
    own(metadata).into_iter().find(has).context("no package has the program")
}

/// The elements of `value`; none, if it is no array.
pub(crate) fn array(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}

/// `value` as text; empty, if it is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The folder of a package.
pub(crate) fn folder(package: &Value) -> PathBuf {
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    manifest.parent().map(PathBuf::from).unwrap_or_default()
}

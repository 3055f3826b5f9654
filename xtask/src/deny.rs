//! `cargo xtask deny`: licences, sources and doubles of the crates that are built, by deny.toml.

mod licence;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::metadata::{self, array, folder, packages, text};
use crate::{build, say};

/// Checks everything that needs no network, and runs cargo-deny as well where it is installed.
pub(crate) fn run(root: &Path) -> Result<()> {
    let rules = Rules::read(&std::fs::read_to_string(root.join("deny.toml"))?)?;
    let all = metadata::all()?;
    let found = check(&all, &rules);
    if !found.is_empty() {
        bail!("deny: {}", found.join("; "));
    }
    say(&format!("deny: {} crates, nothing found", packages(&all).len()));
    let cargo_deny = Command::new(metadata::cargo()).args(["deny", "--version"]).output();
    match cargo_deny.is_ok_and(|output| output.status.success()) {
        true => build::cargo(&["deny", "--workspace", "check"], &[]),
        false => {
            say("cargo-deny is not here: no advisories are looked up");
            Ok(())
        }
    }
}

/// What deny.toml says that is checked here.
struct Rules {
    /// Licences.
    allow: Vec<String>,
    /// Crates that may be there in several versions.
    skip: Vec<String>,
}

impl Rules {
    /// Reads the lists of strings `allow` and `skip`.
    fn read(text: &str) -> Result<Self> {
        let list = |name: &str| -> Result<Vec<String>> {
            let start = format!("\n{name} = [");
            let (_, rest) = text.split_once(&start).with_context(|| format!("no list {name}"))?;
            let lines = rest.lines().take_while(|line| !line.starts_with(']'));
            let strings = lines.filter_map(|line| line.trim().strip_prefix('"')?.split_once('"'));
            Ok(strings.map(|(string, _)| string.to_owned()).collect())
        };
        Ok(Self { allow: list("allow")?, skip: list("skip")? })
    }
}

/// Everything that breaks a rule.
fn check(all: &Value, rules: &Rules) -> Vec<String> {
    let mut found = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages(all) {
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        versions.entry(name).or_default().push(version);
        let licence = text(&package["license"]);
        if licence.is_empty() {
            found.push(format!(
                "{name} {version}: no licence; look into {}",
                folder(package).display()
            ));
        } else if !licence::allowed(licence, &rules.allow) {
            found.push(format!("{name} {version}: the licence {licence}"));
        }
        // Packages of this workspace have no source.
        let source = text(&package["source"]);
        if !source.is_empty() && !source.starts_with("registry+") {
            found.push(format!("{name} {version}: from {source}"));
        }
    }
    for (name, versions) in &versions {
        let skipped = rules.skip.iter().any(|skip| skip == name);
        if versions.len() > 1 && !skipped {
            found.push(format!("{name} is there as {}", versions.join(" and ")));
        }
    }
    for skip in &rules.skip {
        if versions.get(skip.as_str()).is_none_or(|versions| versions.len() == 1) {
            found.push(format!("deny.toml: {skip} is there once, or not at all"));
        }
    }
    for package in metadata::own(all) {
        for dependency in array(&package["dependencies"]) {
            if text(&dependency["req"]) == "*" && dependency["path"].is_null() {
                found.push(format!("{}: any version of {}", package["name"], dependency["name"]));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules() -> Rules {
        Rules::read(
            "[licenses]\nallow = [\n    \"MIT\",\n]\n[bans]\nskip = [\n    \"twice\", # why\n]\n",
        )
        .expect("two lists")
    }

    fn findings(packages: &Value) -> Vec<String> {
        check(&json!({"packages": packages, "workspace_members": []}), &rules())
    }

    #[test]
    fn what_is_allowed_is_allowed() {
        let twice = |version| json!({"name": "twice", "version": version, "license": "MIT"});
        assert_eq!(findings(&json!([twice("1.0.0"), twice("2.0.0")])), Vec::<String>::new());
    }

    #[test]
    fn a_licence_a_source_and_a_double_are_found() {
        let package = |name, version, license, source| json!({"name": name, "version": version, "license": license, "source": source});
        let found = findings(&json!([
            package("twice", "1.0.0", "MIT", ""),
            package("twice", "2.0.0", "MIT", ""),
            package("strict", "1.0.0", "GPL-3.0-only", ""),
            package("silent", "1.0.0", "", ""),
            package("forked", "1.0.0", "MIT", "git+somewhere"),
            package("double", "1.0.0", "MIT", ""),
            package("double", "2.0.0", "MIT", ""),
        ]));
        for (line, start) in
            found.iter().zip(["strict 1", "silent 1", "forked 1", "double is there as 1.0.0 and"])
        {
            assert!(line.starts_with(start), "{line}");
        }
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn an_exception_that_nothing_needs_is_found() {
        let once = json!([{"name": "twice", "version": "1.0.0", "license": "MIT"}]);
        assert_eq!(findings(&once), ["deny.toml: twice is there once, or not at all"]);
    }
}

//! `cargo xtask powerset`: clippy over every set of features.

use anyhow::Result;
use serde_json::Value;

use crate::{build, metadata, say};

/// Runs clippy over each set of features of the program's package, which hands them down, or of
/// each of the workspace's packages that has any. Those that need `nasm` are left out where it is
/// not at hand.
pub(crate) fn run(every: bool) -> Result<()> {
    let all = metadata::all()?;
    let packages = if every { metadata::own(&all) } else { vec![metadata::program(&all)?] };
    let mut sets = 0;
    for package in packages {
        let name = metadata::text(&package["name"]);
        let mut features = features(package);
        if build::assembly().is_empty() {
            features.retain(|feature| feature != "asm");
        }
        if features.is_empty() {
            continue;
        }
        for set in subsets(&features) {
            let set = set.join(",");
            let mut step = vec!["clippy", "--quiet", "--locked", "-p", name];
            step.extend(["--no-default-features", "--features", &set, "--lib", "--bins"]);
            step.extend(["--", "-D", "warnings"]);
            build::cargo(&step, &[])?;
            sets += 1;
        }
    }
    say(&format!("powerset: {sets} sets of features"));
    Ok(())
}

/// The features of a package that somebody can ask for: not `default`, which is a set of others, and
/// not those that cargo makes of optional dependencies.
fn features(package: &Value) -> Vec<String> {
    let implied = |name: &str, made_of: &Value| {
        metadata::array(made_of).iter().any(|of| metadata::text(of) == format!("dep:{name}"))
            && metadata::array(made_of).len() == 1
            && metadata::array(&package["dependencies"])
                .iter()
                .any(|d| d["optional"] == true && metadata::text(&d["name"]) == name)
    };
    let features = package["features"].as_object().into_iter().flatten();
    features
        .filter(|(name, made_of)| *name != "default" && !implied(name, made_of))
        .map(|(name, _)| name.clone())
        .collect()
}

/// All subsets of `features`, the empty one first.
fn subsets(features: &[String]) -> Vec<Vec<&str>> {
    features.iter().fold(vec![Vec::new()], |sets, feature| {
        let with = sets.iter().map(|set| [set.as_slice(), &[feature.as_str()]].concat());
        let with: Vec<_> = with.collect();
        [sets, with].concat()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_features_have_eight_sets() {
        let features = ["a", "b", "c"].map(str::to_owned);
        let sets = subsets(&features);
        assert_eq!(sets.len(), 8);
        assert_eq!(sets.first(), Some(&vec![]));
        assert_eq!(sets.last(), Some(&vec!["a", "b", "c"]));
        assert!(sets.contains(&vec!["a", "c"]));
    }

    #[test]
    fn an_optional_dependency_is_no_feature_of_its_own() {
        let package = serde_json::json!({
            "features": {"default": ["soft"], "soft": ["dep:softvk"], "winit": ["dep:winit"]},
            "dependencies": [
                {"name": "softvk", "optional": true}, {"name": "winit", "optional": true},
            ],
        });
        assert_eq!(features(&package), ["soft"]);
    }
}

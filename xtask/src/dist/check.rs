//! `cargo xtask deb-check`: the .deb in chroots of Debian's suites. It is installed, used and removed,
//! and must leave nothing behind.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::say;
use crate::suites::Suite;

/// Debian's packages that the check itself uses.
const TOOLS: [&str; 2] = ["vulkan-tools", "man-db"];
/// Mesa, from 25.0 on of which RADV and ANV decode AV1; what has it where the suite has an older one.
const MESA: &str = "mesa-vulkan-drivers";
/// The suite whose own Mesa is older, and whose Vulkan loader cannot put a layer above softvk.
const OLD: &str = "bookworm";
/// The Khronos validation layer.
const LAYER: &str = "vulkan-validationlayers";

/// Where package management keeps its own books, below the chroot.
const BOOKS: [&str; 6] =
    ["var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "etc/ld.so.cache", "root/.cache"];

/// The sample, and the chip that `vav1d sim` imitates.
const SAMPLE: &str = "main-420-8";
const CHIP: &str = "navi33";

/// Checks `deb` in each of `suites`, one after the other.
pub(crate) fn run(deb: &Path, suites: &[String], keep: bool) -> Result<()> {
    for suite in suites {
        let suite = Suite::make(suite, &[], keep)?;
        let name = suite.name().to_owned();
        prepare(&suite)?;
        let before = files(&suite.inside(Path::new("")))?;
        fs::copy(deb, suite.inside(Path::new("/tmp/vav1d.deb")))
            .with_context(|| deb.display().to_string())?;
        // Without what it recommends: a screen is not at hand.
        let install = "apt-get -qq install -y --no-install-recommends /tmp/vav1d.deb";
        suite.run(&format!("{install} >/dev/null 2>&1"))?;
        let installed = files(&suite.inside(Path::new("")))?;
        uses(&suite)?;
        suite.run("apt-get -qq purge -y vav1d >/dev/null 2>&1; rm -f /tmp/vav1d.deb")?;
        let left = differences(&before, &files(&suite.inside(Path::new("")))?);
        if !left.is_empty() {
            bail!("{name}: vav1d was removed, but: {}", left.join(", "));
        }
        let count = installed.len() - before.len();
        say(&format!(
            "{name}: {count} files and folders installed, used, and gone without a trace"
        ));
    }
    Ok(())
}

/// What the check uses, and the sample.
fn prepare(suite: &Suite) -> Result<()> {
    suite.install(&TOOLS, None)?;
    let release = match suite.name() == OLD {
        true => Some(suite.add_backports()?),
        false => None,
    };
    suite.install(&[MESA], release.as_deref())?;
    if suite.name() != OLD {
        suite.install(&[LAYER], None)?;
    }
    let sample = crate::root().join("samples").join(format!("{SAMPLE}.ivf"));
    fs::copy(sample, suite.inside(Path::new("/root/sample.ivf")))?;
    // What another check has left in a chroot that was kept.
    suite.run("apt-get -qq purge -y vav1d >/dev/null 2>&1 || true; rm -f /tmp/vav1d.deb")
}

/// Runs the programs, and compares what they say.
fn uses(suite: &Suite) -> Result<()> {
    let expected = expected()?;
    let validated = "vav1d md5 --total --validate --device soft /root/sample.ivf && echo silent";
    let validated = ("validated", validated.to_owned(), "silent");
    let checks: [(&str, String, &str); 9] = [
        ("version", "vav1d --version".into(), "softvk"),
        ("md5", "vav1d md5 --total --device soft /root/sample.ivf".into(), &expected),
        (
            "md5 on the installed softvk",
            format!("{} vav1d md5 --total --device system /root/sample.ivf", only("softvk")),
            &expected,
        ),
        ("vulkaninfo, all drivers", "vulkaninfo --summary 2>&1".into(), "softvk"),
        ("vulkaninfo", format!("{} vulkaninfo 2>&1", only("softvk")), "VK_KHR_video_decode_av1"),
        ("sim", sim("vulkaninfo 2>&1"), "VK_KHR_video_decode_av1"),
        (
            "a recording",
            format!("{}; cat /tmp/a.rec; rm /tmp/a.rec", sim_recorded()),
            "av1.global_motion.7 = ",
        ),
        ("man page", "man vav1d-md5 2>/dev/null | cat".into(), "--total"),
        ("man pages", all_pages().into(), "every command has a page"),
    ];
    let validated = (suite.name() != OLD).then_some(validated);
    for (what, script, wanted) in checks.into_iter().chain(validated) {
        let output = suite.output(&script)?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !said.contains(wanted) {
            let errors = String::from_utf8_lossy(&output.stderr);
            let end: Vec<_> = said.lines().rev().take(5).collect();
            bail!("{}: {what}: no `{wanted}` in {end:?}; {}", suite.name(), errors.trim());
        }
        say(&format!("{}: {what}: {wanted}", suite.name()));
    }
    Ok(())
}

/// The MD5 of the whole sample, of samples/manifest.toml.
fn expected() -> Result<String> {
    let manifest = fs::read_to_string(crate::root().join("samples/manifest.toml"))?;
    let name = format!("\"{SAMPLE}.ivf\"");
    let rest = manifest.split(&name).nth(1).context("the sample is not in the manifest")?;
    let line = rest.lines().find(|line| line.starts_with("md5")).context("no MD5")?;
    let md5 = line.split('"').nth(1).context("no MD5")?;
    Ok(md5.to_owned())
}

/// An environment in which the Vulkan loader sees one driver alone; older loaders know the first.
fn only(driver: &str) -> String {
    let file = format!("/usr/share/vulkan/icd.d/{driver}_icd.json");
    format!("VK_ICD_FILENAMES={file} VK_DRIVER_FILES={file}")
}

/// `command` on the imitated chip, which RADV drives.
fn sim(command: &str) -> String {
    let radv = "/usr/share/vulkan/icd.d/radeon_icd*.json";
    format!(
        "f=$(echo {radv}); VK_ICD_FILENAMES=$f VK_DRIVER_FILES=$f vav1d sim {CHIP} -- {command}"
    )
}

fn sim_recorded() -> String {
    let radv = "/usr/share/vulkan/icd.d/radeon_icd*.json";
    format!(
        "f=$(echo {radv}); VK_ICD_FILENAMES=$f VK_DRIVER_FILES=$f vav1d sim {CHIP} \
         --record /tmp/a.rec -- vav1d md5 --device system /root/sample.ivf >/dev/null"
    )
}

/// A script that looks for the page of each command that `vav1d --help` names.
fn all_pages() -> &'static str {
    "n=0; for c in $(vav1d --help | sed -n '/^Commands:/,/^$/s/^  \\([a-z0-9-]*\\) .*/\\1/p'); do \
     [ $c = help ] || { man -w vav1d-$c >/dev/null; n=$((n+1)); }; done; \
     [ $n -ge 10 ] && man -w vav1d vk-video-dec-test >/dev/null && echo every command has a page"
}

/// Every file, folder and link of a chroot but the books of package management, with what changes
/// when it does.
fn files(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let path = folder.join(entry?.file_name());
            if BOOKS.iter().any(|book| path == Path::new(book)) {
                continue;
            }
            let about = fs::symlink_metadata(root.join(&path))?;
            let what = match about.is_dir() {
                // Its time changes with what is in it.
                true => format!("folder {:o}", about.mode()),
                false => format!("{:o} {} {}", about.mode(), about.len(), about.mtime()),
            };
            if about.is_dir() {
                waiting.push(path.clone());
            }
            found.insert(path, what);
        }
    }
    Ok(found)
}

/// What is in one list and not, or not so, in the other.
fn differences(
    before: &BTreeMap<PathBuf, String>,
    after: &BTreeMap<PathBuf, String>,
) -> Vec<String> {
    let other = |path| match (before.get(path), after.get(path)) {
        (Some(a), Some(b)) if a == b => None,
        (Some(_), Some(_)) => Some("is changed"),
        (Some(_), None) => Some("is gone"),
        _ => Some("is left"),
    };
    let paths = before.keys().chain(after.keys().filter(|path| !before.contains_key(*path)));
    paths.filter_map(|path| Some(format!("/{} {}", path.display(), other(path)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_changed_or_gone_is_named() {
        let list = |files: &[(&str, &str)]| -> BTreeMap<_, _> {
            files.iter().map(|(path, what)| (PathBuf::from(path), (*what).to_owned())).collect()
        };
        let before = list(&[("a", "1"), ("b", "1"), ("c", "1")]);
        assert!(differences(&before, &before).is_empty());
        let after = list(&[("a", "1"), ("b", "2"), ("d", "1")]);
        assert_eq!(differences(&before, &after), ["/b is changed", "/c is gone", "/d is left"]);
    }

    #[test]
    fn the_manifest_has_the_samples_md5() {
        let md5 = expected().expect("in samples/manifest.toml");
        assert!(md5.len() == 32 && md5.bytes().all(|b| b.is_ascii_hexdigit()), "{md5}");
    }
}

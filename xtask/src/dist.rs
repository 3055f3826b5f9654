//! `cargo xtask dist`: packages of vav1d. An archive, a .deb, and the symbols apart.

mod archive;
pub(crate) mod check;
mod deb;
mod notices;
mod symbols;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{build, metadata, say};

const SHELLS: [(&str, &str); 4] = [
    ("bash", "share/bash-completion/completions/vav1d"),
    ("zsh", "share/zsh/site-functions/_vav1d"),
    ("fish", "share/fish/vendor_completions.d/vav1d.fish"),
    ("powershell", "share/powershell/vav1d.ps1"),
];

/// What is said of a package.
struct About {
    /// The workspace's version as Debian compares it: a commit that has no tag comes before its version.
    debian: String,
    debian_arch: &'static str,
    /// Seconds since 1970 that files are said to be of: SOURCE_DATE_EPOCH, or the commit's.
    epoch: u64,
    /// Shared libraries that the files are linked with.
    libraries: Vec<String>,
    /// The oldest glibc that has all they use.
    glibc: [u32; 2],
}

/// Builds, lays out below `dir` what goes below a prefix like /usr, and makes packages of it.
/// Where `programs` is given they are taken from there, as they are built.
pub(crate) fn run(dir: &Path, programs: Option<&Path>) -> Result<()> {
    let all = metadata::all()?;
    let version = metadata::text(&metadata::program(&all)?["version"]).to_owned();
    let name = format!("vav1d-{version}-{}-linux", std::env::consts::ARCH);
    let (tree, debug) = (dir.join(&name), dir.join(format!("{name}-symbols")));
    let programs = programs.map_or_else(build, |folder| Ok(folder.to_owned()))?;
    let files = lay_out(&programs, &tree, &debug, &all)?;
    let (libraries, glibc) = symbols::needs(&files)?;
    let about = about(version, libraries, glibc)?;
    let package = dir.join(format!("vav1d_{}_{}.deb", about.debian, about.debian_arch));
    deb::make(&tree, &about, &package)?;
    let mut made = vec![package];
    for name in [name.clone(), format!("{name}-symbols")] {
        let archive = dir.join(format!("{name}.tar.xz"));
        archive::tar(dir, &name, about.epoch, &archive)?;
        made.push(archive);
    }
    let [major, minor] = about.glibc;
    say(&format!("dist: version {}, for glibc {major}.{minor} or newer", about.debian));
    for file in files.iter().chain(&made) {
        say(&format!("dist: {} {} KiB", file.display(), file.metadata()?.len() / 1024));
    }
    Ok(())
}

/// Builds, and installs below `prefix`; says which files, so that they can be removed.
pub(crate) fn install(prefix: &Path) -> Result<()> {
    let tree = build::target().join("install");
    let debug = tree.with_file_name("install-symbols");
    lay_out(&build()?, &tree, &debug, &metadata::all()?)?;
    let mut files = Vec::new();
    list(&tree, &mut files)?;
    for file in files {
        let to = prefix.join(file.strip_prefix(&tree)?);
        match std::fs::read_link(&file) {
            Ok(target) => link(&target.to_string_lossy(), &to)?,
            Err(_) => replace(&file, &to)?,
        }
        say(&format!("install: {}", to.display()));
    }
    Ok(())
}

/// Builds what packages are made of; gives its folder.
fn build() -> Result<PathBuf> {
    let program = build::build("dist", &["--exclude", "xtask", "--lib", "--bins"])?;
    Ok(program.parent().context("a path without a folder")?.to_owned())
}

/// Lays out what is in `programs` as the prefix `tree`, with the symbols in `debug`; gives the ELF
/// files.
fn lay_out(
    programs: &Path,
    tree: &Path,
    debug: &Path,
    all: &serde_json::Value,
) -> Result<Vec<PathBuf>> {
    for old in [tree, debug] {
        let _ = std::fs::remove_dir_all(old);
    }
    let mut files = Vec::new();
    for (from, to) in [
        ("vav1d", "bin/vav1d"),
        ("libsoftvk.so", "lib/vav1d/libsoftvk.so"),
        ("libdrm_sim.so", "lib/vav1d/libdrm_sim.so"),
        ("libvav1d_watch.so", "lib/vav1d/libvav1d_watch.so"),
    ] {
        let symbols = debug.join(format!("usr/{to}.debug"));
        let to = tree.join(to);
        symbols::split(&programs.join(from), &to, &symbols)?;
        files.push(to);
    }
    link("vav1d", &tree.join("bin/vk-video-dec-test"))?;
    share(&programs.join("vav1d"), tree, &notices::text_of(all)?)?;
    Ok(files)
}

/// The files of `share`: manifest, man pages, completions, documents.
fn share(program: &Path, tree: &Path, notices: &str) -> Result<()> {
    let root = crate::root();
    let manifest = std::fs::read_to_string(root.join("crates/softvk/softvk_icd.json.in"))?;
    let path = "../../../lib/vav1d/libsoftvk.so";
    write(
        &tree.join("share/vulkan/icd.d/softvk_icd.json"),
        manifest.replace("@PATH@", path).as_bytes(),
    )?;
    let layer =
        std::fs::read_to_string(root.join("crates/watch-layer/VkLayer_VAV1D_watch.json.in"))?;
    write(
        &tree.join("share/vulkan/explicit_layer.d/VkLayer_VAV1D_watch.json"),
        layer.replace("@PATH@", "../../../lib/vav1d/libvav1d_watch.so").as_bytes(),
    )?;
    let man = tree.join("share/man/man1");
    std::fs::create_dir_all(&man)?;
    generate(program, &["man", "--dir", &man.to_string_lossy()])?;
    write(&man.join("vk-video-dec-test.1"), b".so man1/vav1d.1\n")?;
    for (shell, file) in SHELLS {
        write(&tree.join(file), &generate(program, &[shell])?)?;
    }
    let documents = tree.join("share/doc/vav1d");
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md"] {
        copy(&root.join(file), &documents.join(file))?;
    }
    write(&documents.join("third-party.txt"), notices.as_bytes())
}

fn about(version: String, libraries: Vec<String>, glibc: [u32; 2]) -> Result<About> {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).current_dir(crate::root()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    let epoch = epoch.or_else(|| git(&["log", "-1", "--format=%ct"])).unwrap_or_default();
    let epoch = epoch.parse().unwrap_or(0);
    let tag = format!("v{version}");
    let tagged = git(&["describe", "--exact-match", "--tags", "HEAD"]).is_some_and(|at| at == tag);
    let debian = match git(&["log", "-1", "--date=format:%Y%m%d", "--format=%cd.%h"]) {
        Some(commit) if !tagged => format!("{version}~git{commit}"),
        _ => version,
    };
    let debian_arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => bail!("{other} has no name of Debian's here"),
    };
    Ok(About { debian, debian_arch, epoch, libraries, glibc })
}

/// What `vav1d generate` prints.
fn generate(program: &Path, what: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(program).arg("generate").args(what).output()?;
    if !output.status.success() {
        bail!("vav1d generate {}: {}", what.join(" "), output.status);
    }
    Ok(output.stdout)
}

/// The files and links below `dir`, in order.
fn list(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> =
        std::fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        match path.is_dir() && !path.is_symlink() {
            true => list(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// A copy that takes the place of a file which may be in use.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let _ = std::fs::remove_file(to);
    copy(from, to)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    parent(to)?;
    std::fs::copy(from, to).with_context(|| format!("{} to {}", from.display(), to.display()))?;
    Ok(())
}

/// A symbolic link to `name` in the same folder.
fn link(name: &str, at: &Path) -> Result<()> {
    parent(at)?;
    let _ = std::fs::remove_file(at);
    std::os::unix::fs::symlink(name, at).with_context(|| at.display().to_string())
}

fn write(to: &Path, bytes: &[u8]) -> Result<()> {
    parent(to)?;
    std::fs::write(to, bytes).with_context(|| to.display().to_string())
}

fn parent(of: &Path) -> Result<()> {
    let parent = of.parent().context("a path without a folder")?;
    std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())
}

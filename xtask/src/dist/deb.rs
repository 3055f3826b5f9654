//! A Debian package, written without Debian's tools.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::archive::{ar, tar};
use super::{About, parent, write};

/// Debian's packages of the libraries that the files may be linked with.
const LIBRARIES: [(&str, &str); 5] = [
    ("libc.so.6", "libc6"),
    ("libm.so.6", "libc6"),
    ("libdl.so.2", "libc6"),
    ("libgcc_s.so.1", "libgcc-s1"),
    ("ld-linux-x86-64.so.2", "libc6"),
];

/// What `vav1d play` opens at run time, and the Vulkan loader.
const RECOMMENDS: &str = "libvulkan1, libwayland-client0, libx11-xcb1, libxcursor1, libxi6, \
                          libxkbcommon-x11-0";
const SUGGESTS: &str = "mesa-vulkan-drivers, vulkan-tools, vulkan-validationlayers";

const DESCRIPTION: &str = "AV1 through Vulkan Video: conformance checker and player
 vav1d decodes AV1 through VK_KHR_video_decode_av1 and judges the result. It is
 for people who write Vulkan drivers, and for all who want to know what a stream
 asks of a driver.
 .
 With it come softvk, a software Vulkan driver that implements the extension,
 and a library that lets the drivers of Mesa run for chips that are not there.
";

/// Makes `to` of the files in the prefix `tree`, which go below /usr.
pub(super) fn make(tree: &Path, about: &About, to: &Path) -> Result<()> {
    let folder = tree.with_file_name("deb");
    let _ = fs::remove_dir_all(&folder);
    let data = folder.join("data");
    let mut files = Vec::new();
    super::list(tree, &mut files)?;
    for file in &files {
        let name = file.strip_prefix(tree)?;
        // Debian has the copyright in a file of that name, and manual pages compressed.
        let name = match name.to_string_lossy().as_ref() {
            "share/doc/vav1d/third-party.txt" => "share/doc/vav1d/copyright".into(),
            _ => name.to_owned(),
        };
        let at = data.join("usr").join(&name);
        parent(&at)?;
        if file.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(file)?, &at)?;
        } else {
            fs::copy(file, &at)?;
        }
        if name.starts_with("share/man") {
            compress(&at)?;
        }
    }
    copyright(&data.join("usr/share/doc/vav1d"))?;
    let mut files = Vec::new();
    super::list(&data, &mut files)?;
    let control = folder.join("control");
    write(&control.join("control"), fields(about, size(&files)?)?.as_bytes())?;
    write(&control.join("md5sums"), sums(&data, &files)?.as_bytes())?;
    tar(&control, ".", about.epoch, &folder.join("control.tar.gz"))?;
    tar(&data, ".", about.epoch, &folder.join("data.tar.xz"))?;
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", fs::read(folder.join("control.tar.gz"))?),
        ("data.tar.xz", fs::read(folder.join("data.tar.xz"))?),
    ];
    write(to, &ar(&members, about.epoch)?)?;
    Ok(fs::remove_dir_all(&folder)?)
}

/// The control file; `size` in KiB.
fn fields(about: &About, size: u64) -> Result<String> {
    let [major, minor] = about.glibc;
    let mut depends = vec![format!("libc6 (>= {major}.{minor})")];
    for library in &about.libraries {
        let Some((_, package)) = LIBRARIES.iter().find(|(name, _)| name == library) else {
            bail!("{library} is of no package that is known: see LIBRARIES");
        };
        if *package != "libc6" && !depends.iter().any(|d| d == package) {
            depends.push((*package).to_owned());
        }
    }
    let mut text = String::new();
    writeln!(
        text,
        "Package: vav1d\nVersion: {}\nArchitecture: {}",
        about.debian, about.debian_arch
    )?;
    writeln!(text, "Maintainer: {}\nInstalled-Size: {size}", maintainer())?;
    writeln!(text, "Depends: {}", depends.join(", "))?;
    writeln!(text, "Recommends: {RECOMMENDS}\nSuggests: {SUGGESTS}")?;
    write!(text, "Section: video\nPriority: optional\nDescription: {DESCRIPTION}")?;
    Ok(text)
}

/// Who made the package: what Debian's own tools read.
fn maintainer() -> String {
    let variable = |name: &str, or: &str| std::env::var(name).unwrap_or_else(|_| or.to_owned());
    format!("{} <{}>", variable("DEBFULLNAME", "vav1d"), variable("DEBEMAIL", "vav1d@localhost"))
}

/// Our own licence in front of the others'.
fn copyright(folder: &Path) -> Result<()> {
    let file = folder.join("copyright");
    let own = "vav1d, softvk, drm-sim and watch-layer: MIT or Apache-2.0, at your choice; see LICENSE-MIT beside \
               this file\nand /usr/share/common-licenses/Apache-2.0.\n\n";
    let text = fs::read_to_string(&file)?;
    fs::remove_file(folder.join("LICENSE-APACHE"))?;
    write(&file, format!("{own}{text}").as_bytes())
}

fn compress(file: &Path) -> Result<()> {
    let status = Command::new("gzip").args(["-9n", "-f"]).arg(file).status().context("gzip")?;
    match status.success() {
        true => Ok(()),
        false => bail!("gzip {}: {status}", file.display()),
    }
}

/// The size of the files, in KiB.
fn size(files: &[PathBuf]) -> Result<u64> {
    let mut size = 0;
    for file in files {
        size += fs::symlink_metadata(file)?.len().div_ceil(1024);
    }
    Ok(size)
}

/// MD5s as `md5sum` writes them, of files and not of links.
fn sums(data: &Path, files: &[PathBuf]) -> Result<String> {
    let files = files.iter().filter(|file| !file.is_symlink());
    let names: Vec<_> = files.map(|f| f.strip_prefix(data)).collect::<Result<_, _>>()?;
    let output = Command::new("md5sum").args(names).current_dir(data).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => bail!("md5sum: {}", output.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(library: &str) -> About {
        About {
            debian: "1.2.3~git20260102.abc".to_owned(),
            debian_arch: "amd64",
            epoch: 0,
            libraries: vec!["libc.so.6".to_owned(), library.to_owned()],
            glibc: [2, 34],
        }
    }

    #[test]
    fn what_is_linked_is_depended_on() {
        let text = fields(&about("libgcc_s.so.1"), 5).expect("known libraries");
        assert!(text.contains("\nDepends: libc6 (>= 2.34), libgcc-s1\n"), "{text}");
        assert!(text.contains("\nInstalled-Size: 5\n"), "{text}");
        assert!(text.ends_with('\n') && !text.contains("\n\n"), "{text}");
    }

    #[test]
    fn a_library_of_no_known_package_is_an_error() {
        let error = fields(&about("libfoo.so.1"), 5).expect_err("unknown").to_string();
        assert!(error.contains("libfoo.so.1"), "{error}");
    }

    /// Debian's own tools read it, where they are; made again, it is the same bytes.
    #[test]
    fn debian_reads_the_package() {
        let folder = std::env::temp_dir().join(format!("deb-{}", std::process::id()));
        let tree = folder.join("tree");
        let doc = tree.join("share/doc/vav1d");
        write(&tree.join("bin/vav1d"), b"program").expect("written");
        std::os::unix::fs::symlink("vav1d", tree.join("bin/vk-video-dec-test")).expect("a link");
        write(&tree.join("share/man/man1/vav1d.1"), b".TH vav1d 1\n").expect("written");
        for file in ["third-party.txt", "LICENSE-APACHE", "LICENSE-MIT"] {
            write(&doc.join(file), b"text\n").expect("written");
        }
        let (one, two) = (folder.join("one.deb"), folder.join("two.deb"));
        make(&tree, &about("libgcc_s.so.1"), &one).expect("made");
        make(&tree, &about("libgcc_s.so.1"), &two).expect("made");
        let (first, second) = (fs::read(&one).expect("bytes"), fs::read(&two).expect("bytes"));
        let read = |option| Command::new("dpkg-deb").arg(option).arg(&one).output();
        let (listed, fields) = (read("--contents"), read("--field"));
        fs::remove_dir_all(&folder).expect("gone");
        assert!(first == second, "two packages of the same files differ");
        let (Ok(listed), Ok(fields)) = (listed, fields) else { return };
        let (listed, fields) = (listed.stdout, fields.stdout);
        let (listed, fields) = (String::from_utf8_lossy(&listed), String::from_utf8_lossy(&fields));
        for file in [
            "-rw-r--r-- root/root",
            " ./usr/bin/vav1d\n",
            " ./usr/bin/vk-video-dec-test -> vav1d\n",
            " ./usr/share/man/man1/vav1d.1.gz\n",
            " ./usr/share/doc/vav1d/copyright\n",
        ] {
            assert!(listed.contains(file), "no `{file}` in {listed}");
        }
        assert!(!listed.contains("APACHE") && !listed.contains("third-party"), "{listed}");
        assert!(fields.contains("Version: 1.2.3~git20260102.abc\n"), "{fields}");
    }
}

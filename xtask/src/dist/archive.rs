//! Archives that are the same bytes whenever they are made of the same files: `tar`, and the `ar` of
//! a .deb.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Makes the archive `to` of the file or folder `name` in `dir`, xz or gzip by `to`'s ending; all
/// times in it are `epoch`, in seconds, and the owner is root.
pub(super) fn tar(dir: &Path, name: &str, epoch: u64, to: &Path) -> Result<()> {
    let status = Command::new("tar")
        .args(["--sort=name", "--owner=root:0", "--group=root:0", "--format=gnu"])
        .arg(format!("--mtime=@{epoch}"))
        .args(["--mode=u+rw,go=rX", "--auto-compress"])
        .arg("-C")
        .arg(dir)
        .arg("-cf")
        .arg(to)
        .arg(name)
        // gzip writes no time either.
        .env("GZIP", "-9n")
        .env("XZ_OPT", "-6")
        .stderr(std::process::Stdio::null())
        .status()
        .context("tar")?;
    if !status.success() {
        bail!("tar {}: {status}", to.display());
    }
    Ok(())
}

/// An `ar` archive of `members`, by their names (at most 15 bytes) and bytes.
pub(super) fn ar(members: &[(&str, Vec<u8>)], epoch: u64) -> Result<Vec<u8>> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        if name.len() > 15 {
            bail!("{name} is too long for a member of an archive");
        }
        let size = bytes.len();
        writeln!(out, "{name:<16}{epoch:<12}{:<6}{:<6}{:<8}{size:<10}`", 0, 0, "100644")?;
        out.extend(bytes);
        if size % 2 == 1 {
            out.push(b'\n');
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_begin_at_even_bytes_behind_headers_of_60() {
        let members = [("debian-binary", b"2.0\n".to_vec()), ("odd", b"x".to_vec())];
        let bytes = ar(&members, 7).expect("short names");
        assert_eq!(bytes.len(), 8 + 60 + 4 + 60 + 2);
        let header = bytes.get(8..68).expect("a header");
        assert_eq!(header, b"debian-binary   7           0     0     100644  4         `\n");
        assert!(ar(&[("a-name-that-is-too-long", Vec::new())], 0).is_err());
    }
}

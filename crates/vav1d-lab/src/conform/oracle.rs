//! Files of hashes beside a stream.

use std::path::{Path, PathBuf};

use super::files::added;
use super::vector::{Expected, Kind, Oracle};

/// The oracle beside `stream`, if there is one: `X.ivf.md5`, `X.md5`, the same with `.framemd5`,
/// or Argon's folders. `Err` says which file cannot be used, and why, or which two of one form
/// contradict each other.
///
/// A stream with `X.ivf.refused` or `X.refused` beside it has to be refused.
///
/// # Errors
/// What is there cannot be read, not understood, or not be true.
pub fn beside(stream: &Path) -> Result<Option<Oracle>, String> {
    if [added(stream, REFUSED), stream.with_extension(REFUSED)].iter().any(|path| path.is_file()) {
        return Ok(Some(Oracle::REFUSED));
    }
    let mut files = files(stream).into_iter();
    let Some((path, argon)) = files.next() else { return Ok(None) };
    let oracle = read(&path, argon)?;
    for (other, argon) in files.filter(|(_, other)| *other == argon) {
        let second = read(&other, argon)?;
        if second.kind == oracle.kind && second.expected != oracle.expected {
            let (one, two) = (path.display(), other.display());
            return Err(format!("{one} and {two} contradict each other"));
        }
    }
    Ok(Some(oracle))
}

fn read(path: &Path, argon: Option<Kind>) -> Result<Oracle, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let text = super::files::without_bom(&text);
    let (kind, expected) = parse(text).map_err(|why| format!("{}: {why}", path.display()))?;
    let kind = argon.unwrap_or(kind);
    // Whether 4:0:0 has grey planes is not told by libaom's names: what does not match is tried
    // the other way.
    Ok(Oracle { kind, expected, semantics: kind.semantics() })
}

/// The ending of a file that says that the stream beside it has to be refused.
const REFUSED: &str = "refused";

/// Whether there are hashes that name `file`, whatever it is called: `X.bit.md5` beside `X.bit`.
pub fn names(file: &Path) -> bool {
    let endings = ["md5", "framemd5", REFUSED];
    let is_hash = file.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending));
    !is_hash && endings.iter().any(|ending| added(file, ending).is_file())
}

/// The files of hashes for `stream`, the nearest first.
fn files(stream: &Path) -> Vec<(PathBuf, Option<Kind>)> {
    let Some(stem) = stream.file_stem() else { return Vec::new() };
    let mut found = Vec::new();
    for ending in ["md5", "framemd5"] {
        for path in [added(stream, ending), stream.with_extension(ending)] {
            // What is there and cannot be read is said; it is not nothing.
            if path.is_file() || path.is_symlink() {
                found.push((path, None));
            }
        }
    }
    let suite = stream.parent().and_then(Path::parent);
    let argon = [("md5_ref", Kind::Argon), ("md5_no_film_grain", Kind::ArgonNoFilmGrain)];
    found.extend(
        suite
            .iter()
            .flat_map(|suite| {
                argon.map(|(folder, kind)| {
                    (added(&suite.join(folder).join(stem), "md5"), Some(kind))
                })
            })
            .filter(|(path, _)| path.is_file()),
    );
    found
}

/// Reads libaom's lines (`HASH  NAME`, one a picture or one for all), framemd5 of ffmpeg, or a
/// bare hash.
///
/// # Errors
/// What is not understood, with its line.
pub fn parse(text: &str) -> Result<(Kind, Expected), String> {
    let lines: Vec<_> = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let is_framemd5 = lines.iter().any(|(_, line)| line.starts_with("#format: frame checksums"));
    if is_framemd5 {
        return framemd5(&lines).map(|frames| (Kind::Framemd5, Expected::Frames(frames)));
    }
    let mut hashes = Vec::new();
    let mut named = Vec::new();
    for (number, line) in lines.iter().filter(|(_, line)| !line.starts_with('#')) {
        let (hash, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let hash = hash.strip_prefix("MD5=").unwrap_or(hash);
        hashes.push(md5(hash).ok_or_else(|| format!("line {number}: `{hash}` is no MD5"))?);
        named.push(name.trim().trim_start_matches('*').to_owned());
    }
    match (hashes.as_slice(), named.as_slice()) {
        ([], _) => Err("no hash in it".to_owned()),
        ([one], [name]) if name.is_empty() => Ok((Kind::Dav1d, Expected::Total(one.clone()))),
        ([one], [name]) if !is_frame(name) => Ok((Kind::Libaom, Expected::Total(one.clone()))),
        _ => Ok((Kind::Libaom, Expected::Frames(hashes))),
    }
}

/// Whether aomdec's name of an output ends with the number of a picture: `clip-352x288-0001.i420`.
fn is_frame(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.rsplit_once('-').is_some_and(|(_, number)| {
        number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn framemd5(lines: &[(usize, &str)]) -> Result<Vec<String>, String> {
    let hash = lines.iter().find(|(_, line)| line.starts_with("#hash: "));
    if let Some((number, line)) = hash.filter(|(_, line)| *line != "#hash: MD5") {
        return Err(format!("line {number}: `{line}` is not MD5"));
    }
    let rows = lines.iter().filter(|(_, line)| !line.starts_with('#'));
    rows.map(|(number, line)| {
        let hash = line.split(',').nth(5).map(str::trim).and_then(md5);
        hash.ok_or_else(|| format!("line {number}: no MD5 in the sixth column"))
    })
    .collect()
}

/// `text` as 32 digits in lower case.
pub(super) fn md5(text: &str) -> Option<String> {
    let right = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0123456789abcdef0123456789abcdef";

    #[track_caller]
    fn check(text: &str, kind: Kind, frames: Option<usize>) {
        let (found, expected) = parse(text).expect("an oracle");
        let count = match &expected {
            Expected::Total(md5) => (md5 == A).then_some(None).expect("the hash"),
            Expected::Frames(list) => Some(list.len()),
            Expected::Refused => panic!("hashes"),
        };
        assert_eq!((found, count), (kind, frames), "{text}");
    }

    #[test]
    fn each_form_is_known() {
        check(A, Kind::Dav1d, None);
        check(&format!("{}\n", A.to_uppercase()), Kind::Dav1d, None);
        check(&format!("{A}  -\n"), Kind::Libaom, None);
        check(&format!("{A}  clip.ivf\n"), Kind::Libaom, None);
        check(&format!("{A} *test1.obu\n"), Kind::Libaom, None);
        check(&format!("{A}  clip-352x288-0001.i420\n"), Kind::Libaom, Some(1));
        check(&format!("{A}  c-16x16-0001.i420\n{A}  c-16x16-0002.i420\n"), Kind::Libaom, Some(2));
        check(&format!("MD5={A}\n"), Kind::Dav1d, None);
        let framemd5 = format!(
            "#format: frame checksums\n#version: 2\n#hash: MD5\n#tb 0: 1/25\n\
             0,          0,          0,        1,   152064, {A}\n\
             0,          1,          1,        1,   152064, {A}, S=1,  1, {A}\n"
        );
        check(&framemd5, Kind::Framemd5, Some(2));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, why) in [
            ("", "no hash in it"),
            ("0123", "line 1: `0123` is no MD5"),
            ("#format: frame checksums\n#hash: SHA256\n", "line 2: `#hash: SHA256` is not MD5"),
            ("#format: frame checksums\n0, 0, 0\n", "line 2: no MD5 in the sixth column"),
        ] {
            assert_eq!(parse(text), Err(why.to_owned()), "{text}");
        }
    }
}

//! Suites of every kind, from files that are made here.

use std::path::PathBuf;

use super::*;
use crate::conform::vector::{Expected, Kind};

const A: &str = "0123456789abcdef0123456789abcdef";

/// A folder of files, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("vav1d-suite-{name}-{}", std::process::id()));
        for (file, text) in files {
            let file = path.join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, text).expect("written");
        }
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_fluster_suite_is_read_unchanged() {
    let json = format!(
        r#"{{"name": "S", "codec": "AV1", "description": "", "test_method": "md5", "test_vectors": [
        {{"name": "a", "source": "", "source_checksum": "", "input_file": "a.ivf",
          "output_format": "yuv420p", "result": "{A}"}},
        {{"name": "b c", "source": "", "source_checksum": "", "input_file": "x/b.obu",
          "output_format": "None", "result": "none", "optional_params":
          {{"film_grain": false, "all_layers": true, "operating_point": 3}}}}]}}"#
    );
    let files = [("test_suites/av1/S.json", &*json), ("resources/S/a/a.ivf", "")];
    let folder = Folder::new("fluster", &files);
    let vectors = load(&folder.0.join("test_suites/av1/S.json")).expect("a suite");
    let [a, b] = vectors.as_slice() else { panic!("two vectors") };
    assert_eq!((&*a.name, a.suite(), a.operating_point), ("S/a", "S", 0));
    assert_eq!(a.input, folder.0.join("resources/S/a/a.ivf"));
    let oracle = a.oracle.clone().expect("good").expect("there");
    assert_eq!(oracle.expected, Expected::Total(A.to_owned()));
    assert!(oracle.semantics.film_grain && !oracle.semantics.all_layers);
    assert_eq!((&*b.name, b.operating_point), ("S/b%20c", 3));
    assert_eq!(b.oracle, Err("result `none` is no MD5".to_owned()));
}

#[test]
fn a_folder_has_oracles_beside_its_streams() {
    let files = [
        ("f/a.ivf", ""),
        ("f/a.ivf.md5", A),
        ("f/deep/b.obu", ""),
        ("f/c.obu", ""),
        ("f/c.md5", "nonsense"),
        ("f/argon/streams/t.obu", ""),
        ("f/argon/md5_ref/t.md5", &format!("{A} *t.obu")),
        ("f/notes.txt", ""),
    ];
    let folder = Folder::new("folder", &files);
    let vectors = load(&folder.0.join("f")).expect("a folder");
    let names: Vec<_> = vectors.iter().map(|v| &*v.name).collect();
    assert_eq!(names, ["f/a.ivf", "f/argon/streams/t.obu", "f/c.obu", "f/deep/b.obu"]);
    let kinds: Vec<_> = vectors
        .iter()
        .map(|v| v.oracle.as_ref().map(|o| o.as_ref().map(|o| o.kind)).map_err(|_| ()))
        .collect();
    assert_eq!(kinds, [Ok(Some(Kind::Dav1d)), Ok(Some(Kind::Argon)), Err(()), Ok(None)]);
}

#[test]
fn samples_of_vulkan_video_samples() {
    let json = format!(
        r#"{{"samples": [{{"name": "h", "codec": "h264", "source_filepath": "h"}},
        {{"name": "a", "codec": "av1", "source_filepath": "v/a.ivf", "expected_output_md5": "{A}"}}]}}"#
    );
    let folder = Folder::new("vvs", &[("decode_samples.json", &*json), ("resources/v/a.ivf", "")]);
    let vectors = load(&folder.0.join("decode_samples.json")).expect("a list");
    assert_eq!(vectors.len(), 1);
    assert_eq!(vectors[0].input, folder.0.join("resources/v/a.ivf"));
}

#[test]
fn the_samples_are_a_suite() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let vectors = load(&samples).expect("the manifest");
    assert!(vectors.len() > 60, "{}", vectors.len());
    assert!(vectors.iter().all(|v| v.input.is_file() && matches!(v.oracle, Ok(Some(_)))));
}

#[test]
fn what_is_no_suite_is_an_error() {
    let folder = Folder::new("none", &[("a.json", "{}"), ("b.json", "{"), ("c.toml", "x = 1")]);
    for name in ["a.json", "b.json", "c.toml", "d.ivf"] {
        let error = load(&folder.0.join(name)).expect_err(name);
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn names_do_not_depend_on_how_a_path_is_written() {
    let files = [("f/a.IVF", ""), ("f/g/a b.ivf", ""), ("f/g/a_b.ivf", ""), ("g/c.obu", "")];
    let folder = Folder::new("names", &files);
    let names = |path: &str| -> Vec<String> {
        let vectors = load(&folder.0.join(path)).expect("a suite");
        vectors.into_iter().map(|vector| vector.name).collect()
    };
    for path in ["f", "f/", "f/g/..", "./f/../f/."] {
        assert_eq!(names(path), ["f/a.IVF", "f/g/a%20b.ivf", "f/g/a_b.ivf"], "{path}");
    }
    assert_eq!(names("f/g/../a.IVF"), ["f/a.IVF"]);
}

#[test]
fn a_stream_of_a_manifest_is_what_the_manifest_says() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let vectors = load(&samples.join("main-420-8.ivf")).expect("a stream");
    let [vector] = vectors.as_slice() else { panic!("one vector") };
    assert_eq!(vector.name, "samples/main-420-8");
    assert!(matches!(&vector.oracle, Ok(Some(oracle)) if oracle.kind == Kind::Manifest));
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_end() {
    let folder = Folder::new("loop", &[("f/a.ivf", ""), ("f/g/b.ivf", "")]);
    std::os::unix::fs::symlink("..", folder.0.join("f/g/back")).expect("a link");
    std::os::unix::fs::symlink("g", folder.0.join("f/again")).expect("a link");
    let vectors = load(&folder.0.join("f")).expect("a folder");
    let names: Vec<_> = vectors.iter().map(|v| &*v.name).collect();
    assert_eq!(names, ["f/a.ivf", "f/g/b.ivf"]);
}

#[test]
fn one_name_for_one_stream() {
    let files = [("x/f/a.ivf", ""), ("y/f/a.ivf", "")];
    let folder = Folder::new("twice", &files);
    let paths = ["x/f", "y/f", "x/f/a.ivf", "x/../x/f"].map(|path| folder.0.join(path));
    let vectors = load_all(&paths).expect("suites");
    let names: Vec<_> = vectors.iter().map(|v| &*v.name).collect();
    assert_eq!(names, ["f/a.ivf", "f/a.ivf~2"]);
}

#[test]
fn one_name_for_one_answer() {
    let suite = |result: &str| {
        format!(
            r#"{{"name": "S", "test_vectors": [{{"name": "a", "input_file": "a.ivf",
            "result": "{result}"}}]}}"#
        )
    };
    let (one, other) = (suite(A), suite("ffffffffffffffffffffffffffffffff"));
    let files = [("x/S.json", &*one), ("y/S.json", &other), ("x/S/a/a.ivf", ""), ("S/a/a.ivf", "")];
    let folder = Folder::new("answers", &files);
    std::fs::create_dir_all(folder.0.join("y/S/a")).expect("made");
    std::fs::hard_link(folder.0.join("x/S/a/a.ivf"), folder.0.join("y/S/a/a.ivf")).expect("a link");
    let paths = ["x/S.json", "y/S.json", "x/S.json"].map(|path| folder.0.join(path));
    let vectors = load_all(&paths).expect("suites");
    let names: Vec<_> = vectors.iter().map(|v| &*v.name).collect();
    assert_eq!(names, ["S/a", "S/a~2"]);
}

#[test]
fn what_has_a_hash_is_a_stream() {
    let files =
        [("f/a.bit", ""), ("f/a.bit.md5", A), ("f/b.txt", ""), ("f/c.ivf", ""), ("f/c.ivf.md5", A)];
    let folder = Folder::new("hashes", &files);
    let vectors = load(&folder.0.join("f")).expect("a folder");
    let names: Vec<_> = vectors.iter().map(|v| &*v.name).collect();
    assert_eq!(names, ["f/a.bit", "f/c.ivf"]);
}

#[test]
fn hashes_that_contradict_each_other_are_no_oracle() {
    let other = A.replace('0', "1");
    let frames = format!("{A} a-0001.i420\n{A} a-0002.i420");
    let files = [
        ("f/a.ivf", ""),
        ("f/a.ivf.md5", A),
        ("f/a.md5", other.as_str()),
        ("f/b.ivf", ""),
        ("f/b.ivf.md5", A),
        ("f/b.md5", &A.to_uppercase()),
        ("f/c.ivf", ""),
        ("f/c.ivf.md5", A),
        ("f/c.md5", frames.as_str()),
    ];
    let folder = Folder::new("contradict", &files);
    let vectors = load(&folder.0.join("f")).expect("a folder");
    let why = vectors[0].oracle.as_ref().expect_err("two hashes for one stream");
    assert!(why.contains("a.ivf.md5") && why.contains("a.md5 contradict"), "{why}");
    // The same hash twice, and hashes of another form, which say nothing of each other.
    let kinds: Vec<_> =
        vectors[1..].iter().map(|v| v.oracle.clone().map(|o| o.map(|o| o.kind))).collect();
    assert_eq!(kinds, [Ok(Some(Kind::Dav1d)), Ok(Some(Kind::Dav1d))]);
}

#[cfg(unix)]
#[test]
fn hashes_that_cannot_be_read_are_not_nothing() {
    let folder = Folder::new("dangling", &[("f/a.ivf", "")]);
    std::os::unix::fs::symlink("nowhere", folder.0.join("f/a.ivf.md5")).expect("a link");
    let vectors = load(&folder.0.join("f")).expect("a folder");
    assert!(matches!(&vectors[0].oracle, Err(why) if why.contains("a.ivf.md5")));
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_have_their_hashes() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("bytes", &[("f/a.ivf", "")]);
    let name = |bytes: &[u8]| folder.0.join("f").join(std::ffi::OsStr::from_bytes(bytes));
    std::fs::write(name(b"x\xff.ivf"), "").expect("written");
    std::fs::write(name(b"x\xff.ivf.md5"), A).expect("written");
    let vectors = load(&folder.0.join("f")).expect("a folder");
    assert_eq!(vectors[1].name, "f/x%FF.ivf");
    assert!(matches!(vectors[1].oracle, Ok(Some(_))));
}

//! The tree is tidy, and what is not is found: an example for each rule.

use std::fs;
use std::path::PathBuf;

use super::*;

/// What `check` says of a file.
fn findings(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    check(name, text, &mut found);
    found
}

/// That `text`, with a first line in front, is found fault with once, at `line`, by `what`.
fn refused(name: &str, text: &str, line: usize, what: &str) {
    let found = findings(name, &format!("//! A file.\n{text}"));
    assert_eq!(found.len(), 1, "{found:?}");
    let found = found.concat();
    assert!(found.starts_with(&format!("{name}:{line}: ")) && found.contains(what), "{found}");
}

/// A folder of its own for a test, gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("tidy-{}-{name}", std::process::id()));
        for (file, text) in files {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_sources_are_tidy() {
    let mut files = Vec::new();
    for dir in FOLDERS {
        sources(&crate::root().join(dir), &mut files).expect("sources");
    }
    assert!(files.len() > 200, "{} files", files.len());
    let manifest = fs::read_to_string(crate::root().join("Cargo.toml")).expect("a manifest");
    let old = chains::are_too_new(&manifest);
    let mut found = Vec::new();
    circled(&crate::root(), &files, &mut found).expect("sources");
    worded(&crate::root(), &files, &mut found).expect("sources");
    for file in files {
        let name = file.strip_prefix(crate::root()).expect("below the root").to_string_lossy();
        let text = fs::read_to_string(&file).expect("text");
        check(&name, &text, &mut found);
        if old {
            found.extend(chains::lines(&text).iter().map(|line| format!("{name}:{line}: chain")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_documents_are_tidy() {
    let mut found = Vec::new();
    book::check(&crate::root(), &mut found).expect("documents");
    hosts::check(&crate::root(), &mut found).expect("texts");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_plain_file_is_tidy() {
    let text = "//! What the file is.\n\nfn f() -> u8 {\n    1\n}\n";
    assert!(findings("xtask/src/a.rs", text).is_empty());
}

#[test]
fn a_file_says_what_it_is() {
    let found = findings("xtask/src/a.rs", "fn f() {}\n");
    assert!(found.concat().contains("the first line"), "{found:?}");
}

#[test]
fn a_blank_at_the_end_is_found() {
    refused("xtask/src/a.rs", "fn f() {} \n", 2, "a trailing blank");
}

#[test]
fn a_long_file_is_found_unless_it_is_a_table() {
    let text = "// A line.\n".repeat(FILE);
    refused("xtask/src/a.rs", &text, FILE, "more than 500 lines");
    assert!(findings("xtask/src/tables.rs", &format!("//! A table.\n{text}")).is_empty());
}

#[test]
fn a_long_function_is_found_by_its_first_line() {
    let body = "    f();\n".repeat(FUNCTION);
    refused("xtask/src/a.rs", &format!("fn g() {{\n{body}}}\n"), 2, "a function of 61 lines");
    let short = "    f();\n".repeat(FUNCTION - 1);
    assert!(findings("xtask/src/a.rs", &format!("//! A.\nfn g() {{\n{short}}}\n")).is_empty());
}

#[test]
fn unsafe_code_stays_where_it_is_listed() {
    // In two parts, so that this file has none.
    let text = format!("fn f() {{\n    {} {{ g() }}\n}}\n", "unsafe");
    refused("xtask/src/a.rs", &text, 3, "unsafe outside the files");
    let listed = UNSAFE.first().expect("some");
    let file = if listed.ends_with('/') { format!("{listed}a.rs") } else { (*listed).to_owned() };
    assert!(findings(&file, &format!("//! A.\n{text}")).is_empty(), "{file}");
}

#[test]
fn a_crate_is_named_in_its_place_alone() {
    let (name, _) = CRATES.iter().find(|(_, places)| !places.contains(&"xtask/")).expect("one");
    let what = format!("{name} is named outside");
    refused("xtask/src/a.rs", &format!("use {name}::window::Window;\n"), 2, &what);
    // A longer name is another one.
    let text = format!("//! A.\nuse x{name}::window::Window;\n");
    assert!(findings("xtask/src/a.rs", &text).is_empty());
}

#[test]
fn a_host_is_found_and_a_path_of_code_is_not() {
    let ending = ["or", "g"].concat();
    let host = format!("deb.example.{ending}");
    for line in [format!("deb {host}/debian x"), format!("see https://{host}"), host.clone()] {
        assert_eq!(hosts::hosts(&line), [host.as_str()], "{line}");
    }
    let address = ["10", "0", "0", "1"].join(".");
    assert_eq!(hosts::hosts(&format!("http://{address}/x")), [address.as_str()]);
    for line in ["std::io::Error", "about.dev()", "a.b.rs", "x://$host", "http://*", "org", ".org"]
    {
        assert!(hosts::hosts(line).is_empty(), "{line}");
    }
    let folder = Folder::with("hosts", &[("a/b.sh", &format!("# x\nget {host}\n"))]);
    let mut found = Vec::new();
    hosts::check(&folder.0, &mut found).expect("a text");
    assert_eq!(found, [format!("a/b.sh:2: the host {host}")]);
}

#[test]
fn a_let_chain_is_found_by_its_first_line() {
    let and = ["&", "&"].concat();
    for text in [
        format!("if let Some(a) = f(b) {and} a > 1 {{"),
        format!("x();\n}} else if let Some(a) = b\n    {and} a > 1\n{{"),
        format!("if a > 1 {and} let Some(b) = c {{"),
        format!("while let Some(a) = b(\n    c,\n) {and} d {{"),
    ] {
        assert_eq!(chains::lines(&text).len(), 1, "{text}");
    }
    for text in [
        format!("if let Some(a) = f(b {and} c) {{\n    d {and} e\n}}"),
        format!("if a {and} b {{\n    if let Some(c) = d {{"),
        format!("let a = b\n    {and} c;"),
        format!("if let Some(a) = b.find(|c| {{\n    c {and} d\n}}) {{"),
    ] {
        assert_eq!(chains::lines(&text), Vec::<usize>::new(), "{text}");
    }
    assert!(chains::are_too_new("a\nrust-version = \"1.85.1\"\n"));
    assert!(!chains::are_too_new("rust-version = \"1.88\"\n") && !chains::are_too_new(""));
}

#[test]
fn a_link_leads_somewhere() {
    let folder = Folder::with(
        "links",
        &[
            ("README.md", "[a](docs/a.md) [b](docs/b.md) [h](docs/a.md#the-end) [i](docs/a.md#no)"),
            (
                "docs/a.md",
                "# A\n\n[out](../README.md)\n\n## The end\n\n```\n[code](none.md)\n```\n",
            ),
            ("docs/c.md", "# C, with `[code](none.md)`\n"),
            ("docs/SUMMARY.md", "[A](a.md)\n"),
        ],
    );
    let mut found = Vec::new();
    book::check(&folder.0, &mut found).expect("documents");
    let expected = [
        "README.md: the link docs/b.md leads nowhere",
        "README.md: no heading for the link docs/a.md#no",
        "docs/a.md: the link ../README.md leads out of the book",
        "docs/SUMMARY.md: c.md is there 0 times",
    ];
    assert_eq!(found, expected);
}

/// The circles of a crate of these modules.
fn circles_of(modules: &[(&str, &str)]) -> Vec<String> {
    let mut all = circles::Crate::default();
    for (name, text) in modules {
        all.add(name, name, text);
    }
    all.circles()
}

#[test]
fn modules_that_name_each_other_are_found() {
    let two = circles_of(&[("a.rs", "use crate::b::B;"), ("b.rs", "fn f(a: &super::a::A) {}")]);
    assert_eq!(two, ["a, b name each other: a.rs -> b.rs, b.rs -> a.rs"]);
    let three = [("x/mod.rs", "mod a;"), ("x/a.rs", "use super::{b::B, d};"), ("x/d.rs", "")];
    let three = [&three[..], &[("x/b.rs", "use crate::x::c;"), ("x/c.rs", "use crate::x::a::A;")]];
    let three = circles_of(&three.concat());
    assert_eq!(
        three,
        ["a, b, c name each other: x/a.rs -> x/b.rs, x/b.rs -> x/c.rs, x/c.rs -> x/a.rs"]
    );
    // Whatever lies below a module is of its subject, and what is public elsewhere is where it is made.
    let deep = [("a.rs", "mod c;\npub use c::C;"), ("a/c.rs", "use crate::b::B;")];
    let deep = circles_of(&[&deep[..], &[("b.rs", "use crate::a::C;")]].concat());
    assert_eq!(deep, ["a, b name each other: a/c.rs -> b.rs, b.rs -> a/c.rs"]);
    let called = [("a.rs", "use crate::b;\nfn f() { b::g() }"), ("b.rs", "use crate::C;")];
    let called = [&called[..], &[("lib.rs", "mod a;\nmod b;\npub use a::C;")]].concat();
    assert_eq!(circles_of(&called).len(), 1);
}

#[test]
fn a_module_and_its_parts_are_no_circle() {
    let parts = [("a.rs", "mod b;\nuse b::B;"), ("a/b.rs", "use super::A;\nuse crate::a::C;")];
    assert_eq!(circles_of(&parts), [] as [String; 0]);
    let tests = "use crate::b::B;\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n";
    let other = "// crate::a::A\nconst TEXT: &str = \"crate::a::A\";\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n";
    assert_eq!(circles_of(&[("a.rs", tests), ("b.rs", other)]), [] as [String; 0]);
    let one_way =
        [("a.rs", "use crate::{b, c::{self, D}};"), ("b.rs", "use crate::c;"), ("c.rs", "")];
    assert_eq!(circles_of(&one_way), [] as [String; 0]);
}

#[test]
fn a_word_is_one_public_type_of_a_crate() {
    let files = [
        ("crates/x/src/a.rs", "pub struct Frame;\npub(crate) struct State;\n"),
        ("crates/x/src/b.rs", "pub enum Frame {}\nstruct State;\npub struct Frames;\n"),
        ("crates/y/src/a.rs", "pub struct Frame;\n"),
    ];
    let folder = Folder::with("words", &files);
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.0.join(name)).collect();
    let mut found = Vec::new();
    worded(&folder.0, &paths, &mut found).expect("read");
    assert_eq!(found, ["crates/x/src/b.rs: crates/x/src/a.rs has a public type Frame, too"]);
}

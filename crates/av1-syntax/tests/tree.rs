//! What comes along with this crate: a frontend for any interface takes it, and no Vulkan with it.

use std::process::Command;

#[test]
fn neither_vulkan_nor_a_driver_comes_along() {
    let arguments = [
        "tree",
        "--package=av1-syntax",
        "--edges=normal",
        "--prefix=none",
        "--locked",
        "--offline",
    ];
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo).args(arguments).output().expect("cargo tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut names: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    // What `thiserror` writes code with when it is built.
    let built = ["proc-macro2", "quote", "syn", "thiserror-impl", "unicode-ident"];
    names.retain(|name| !built.contains(name));
    assert_eq!(names, ["arrayvec", "av1-syntax", "log", "thiserror"]);
}

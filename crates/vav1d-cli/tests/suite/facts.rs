//! Facts that stand in more than one place, because a place cannot read another: they are the same.

use std::path::Path;
use std::process::Command;

use vav1d_lab::matrix::axes::{SHAPE, Values, combinations};

/// A file of the repository.
fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The lines of `vav1d generate WHAT`.
fn generated(what: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_vav1d")).args(["generate", what]).output();
    let output = output.expect("vav1d runs");
    assert!(output.status.success(), "generate {what}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

/// drm-sim is loaded, not linked: its table cannot be asked.
#[test]
fn the_chips_of_sim_are_those_of_the_library() {
    let (chips, library) = (generated("chips"), text("crates/drm-sim/src/chip.rs"));
    // A row begins with what makes it, and the name.
    let rows = library.split("(\n        \"").skip(1).filter_map(|row| row.split('"').next());
    assert_eq!(rows.collect::<Vec<_>>(), chips);
    let (readme, book) = (text("crates/drm-sim/README.md"), text("docs/real-drivers.md"));
    for chip in chips {
        assert!(readme.contains(&chip), "crates/drm-sim/README.md lacks {chip}");
        assert!(book.contains(&chip), "docs/real-drivers.md lacks {chip}");
    }
}

#[test]
fn the_book_has_every_session_shape() {
    let book = text("docs/shapes.md");
    for axis in SHAPE {
        let line = book.lines().find(|line| line.contains(&format!("`--{}", axis.name)));
        let line = line.unwrap_or_else(|| panic!("docs/shapes.md lacks --{}", axis.name));
        let Values::Words(words) = axis.values else { continue };
        for word in words.iter().filter(|word| word.name != "auto") {
            assert!(line.contains(word.name), "docs/shapes.md lacks --{}={}", axis.name, word.name);
        }
    }
    let all = combinations();
    assert!(book.contains(&format!("`--all` takes all {all}")), "there are {all} shapes");
}

#[test]
fn shapes_with_one_thing_changed_can_be_asked_for() {
    let shapes = generated("shapes");
    for wanted in ["--dpb=coincide", "--slots=random:1", "--frames-in-flight=1", "--readback=host"]
    {
        assert!(shapes.iter().any(|shape| shape == wanted), "{wanted} of {shapes:?}");
    }
    assert!(!shapes.iter().any(|shape| shape == "--layout=video"), "that is what it is anyway");
}

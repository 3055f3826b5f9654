//! The example that the README names: what a stream asks of a decoder, without Vulkan and `unsafe`.

use std::path::Path;
use std::process::Command;

#[test]
fn the_steps_of_a_stream_are_printed() {
    // cargo builds the examples with the tests of a package, in a folder beside theirs.
    let test = std::env::current_exe().expect("a path");
    let target = test.parent().and_then(Path::parent).expect("a folder");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/section5.obu");
    let output = Command::new(target.join("examples/steps"))
        .arg(sample)
        .output()
        .expect("cargo build --examples comes first");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let count = |step: &str| text.lines().filter(|line| line.starts_with(step)).count();
    assert_eq!(count("configure"), 1, "{text}");
    assert!(count("decode") >= 2 && count("decode") >= count("show"), "{text}");
    assert!(include_str!("../examples/steps.rs").contains("#![forbid(unsafe_code)]"));
}

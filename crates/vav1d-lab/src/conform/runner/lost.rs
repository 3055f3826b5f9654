//! A device that is lost, and there again later.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::super::child::Program;
use super::super::reproduce::Reproduce;
use super::super::settle::Effort;
use super::super::turns::Turns;
use super::super::vector::{Expected, Kind, Oracle, Semantics};
use super::*;

/// Stands for vav1d: a stream called `lost` loses the device, and any other is right while the
/// device is there. Asked for the device for the third time it is there again.
const MOCK: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
line() { printf '{"type":"%s","data":{%s}}\n' "$1" "$2" >&0; }
line header '"schema":2,"command":"md5","version":"0","device":"mock"'
case "$*" in *--opened*) echo asked >> asked
    [ "$(wc -l < asked)" -lt 3 ] && exit 1
    touch there
    line device '"name":"","driver_name":"","driver_info":"","api_version":"","uuid":"","embedded":false,"hardware":true'
    exit 0;; esac
for last; do :; done
case "$(basename "$last")" in
lost*) rm there; line fault '"exit":75,"kind":"lost","message":"gone"'; exit 75;;
*) hash=00000000000000000000000000000000; [ -e there ] && hash=0123456789abcdef0123456789abcdef
    line frame '"pts":null,"width":1,"height":1,"size":3,"index":0'
    line summary '"units":1,"frames":1,"pictures":1,"faults":0,"md5":"'$hash'"';;
esac
"#;

/// What is right, as the mock has it.
const RIGHT: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn no_vector_is_run_while_the_device_is_lost() -> std::io::Result<()> {
    let folder = std::env::temp_dir().join(format!("vav1d-recovery-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mock = folder.join("mock");
    std::fs::write(&mock, MOCK)?;
    std::fs::set_permissions(&mock, PermissionsExt::from_mode(0o755))?;
    std::fs::write(folder.join("there"), "")?;
    let vector = |name: &str, bytes: usize| {
        let input = folder.join(name);
        std::fs::write(&input, vec![0; bytes])?;
        let mut vector = Vector::new(name, input);
        vector.oracle = Ok(Some(Oracle {
            kind: Kind::Manifest,
            expected: Expected::Total(RIGHT.to_owned()),
            semantics: Semantics::OUTPUT,
        }));
        std::io::Result::Ok(vector)
    };
    // The largest is the first.
    let vectors = [vector("lost", 9)?, vector("next", 5)?, vector("third", 1)?];
    let options = Options {
        program: Program {
            path: mock.clone(),
            device: "system".to_owned(),
            arguments: Vec::new(),
            frame_timeout: Duration::from_secs(20),
            timeout: Duration::from_secs(60),
            turns: Turns::new(1),
        },
        jobs: 1,
        asked: mock,
        effort: Effort { repeat: Some(1), update: false },
        reference_device: "soft".to_owned(),
        folder: folder.join("out"),
        reference: false,
        explain: false,
        images: false,
        max_fail: None,
        reproduce: Reproduce::new(None, "system", Vec::new(), &[], &[]),
    };
    let stop = AtomicBool::new(false);
    let records = run(&vectors, &Expectations::default(), &options, &stop, &|_| {})?;
    let outcomes: Vec<_> = records.iter().map(|record| record.outcome.clone()).collect();
    let asked = std::fs::read_to_string(folder.join("asked"))?.lines().count();
    std::fs::remove_dir_all(&folder)?;
    let lost = Outcome::Fail(Failure::DeviceLost { submitted: None });
    assert_eq!(outcomes, [Some(lost), Some(Outcome::Pass), Some(Outcome::Pass)]);
    assert_eq!(asked, 3);
    Ok(())
}

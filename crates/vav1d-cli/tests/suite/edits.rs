//! Edit lists of MP4: what is shown, and when.

use std::process::{Command, Stdio};

use vav1d_play::{Options, Target};

use crate::boxes::{Film, TICKS, boxed, full, open, read, stream, words};
use crate::manifest::sample;
use crate::players::{bytes, frame, hash, hashes, opened, player, rest};

/// A film with an edit list: durations in milliseconds, and times in samples, none for a pause.
fn edited(entries: &[(u32, Option<u32>)]) -> Film {
    let rows = entries.iter().map(|(duration, start)| {
        words(&[*duration, start.map_or(u32::MAX, |start| start * TICKS), 1 << 16])
    });
    let rows: Vec<_> = rows.flatten().collect();
    let elst = full(b"elst", 0, &[&words(&[entries.len() as u32]), &rows]);
    Film { trak: boxed(b"edts", &[&elst]), ..Film::default() }
}

#[test]
fn edit_lists_say_what_is_shown_and_when() {
    let stream = sample("key-frames");
    let samples = crate::boxes::stream("key-frames");
    let frames = |ranges: &[(usize, usize)]| -> Vec<String> {
        ranges.iter().flat_map(|(from, to)| stream.frames[*from..*to].to_vec()).collect()
    };
    for (edits, right, times) in [
        (vec![(400, Some(0))], frames(&[(0, 10)]), vec![0]),
        (vec![(400, Some(14))], frames(&[(14, 24)]), vec![0]),
        (vec![(120, Some(2)), (80, Some(30))], frames(&[(2, 5), (30, 32)]), vec![0, 3]),
        (vec![(200, None), (80, Some(59)), (40, Some(0))], frames(&[(59, 60), (0, 1)]), vec![0, 2]),
        (
            vec![(80, Some(0)), (400, None), (80, Some(0))],
            frames(&[(0, 2), (0, 2)]),
            vec![0, 1, 12],
        ),
    ] {
        let film = edited(&edits);
        for data in [film.progressive(&samples), film.faststart(&samples)] {
            let mut player =
                player(vec![bytes(data.clone())], Options { kept_bytes: 0, ..Options::default() });
            opened(&mut player);
            let (played, faults) = rest(&mut player);
            assert!(faults.is_empty(), "{edits:?}: {faults:?}");
            assert_eq!(hashes(&played), right, "{edits:?}");
            let at = |index: usize| played[index].time.as_millis() / 40;
            let begins: Vec<_> = times.iter().map(|time| *time as u128).collect();
            let found: Vec<_> = (0..played.len()).map(at).collect();
            assert!(begins.iter().all(|time| found.contains(time)), "{edits:?}: {found:?}");
            // Any of them can be gone to.
            for index in (0..right.len()).rev() {
                for target in [Target::Index(index as u64), Target::Time(played[index].time)] {
                    player.seek(target);
                    let found = frame(&mut player);
                    assert_eq!(hash(&found), right[index], "{edits:?}, {target:?}");
                    assert_eq!(found.index, index as u64, "{edits:?}, {target:?}");
                }
            }
        }
    }
}

#[test]
fn edit_lists_can_be_ignored() {
    let samples = stream("key-frames");
    let film = edited(&[(120, Some(14)), (80, None)]);
    for (is_pipe, data) in [(false, film.progressive(&samples)), (true, film.faststart(&samples))] {
        let mut source = open(&data, is_pipe).expect("a stream");
        source.ignore_edit_list();
        let (units, faults) = read(&mut *source);
        assert!(faults.is_empty() && units.iter().all(|unit| !unit.is_hidden), "{faults:?}");
        let times: Vec<_> = units.iter().filter_map(|unit| unit.pts).collect();
        assert_eq!(times, (0..60).map(|i| i * i64::from(TICKS)).collect::<Vec<_>>());
    }
    let path = std::env::temp_dir().join(format!("vav1d-edited-{}.mp4", std::process::id()));
    std::fs::write(&path, film.progressive(&samples)).expect("a file");
    for (arguments, count) in [(&[][..], 3), (&["--ignore-editlist"], 60)] {
        let output = Command::new(env!("CARGO_BIN_EXE_vav1d"))
            .env_clear()
            .args(["-q", "md5", "--device", "soft"])
            .args(arguments)
            .arg(&path)
            .stdin(Stdio::null())
            .output()
            .expect("vav1d runs");
        let text = String::from_utf8(output.stdout).expect("text");
        assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), count);
    }
    std::fs::remove_file(path).expect("a file");
}

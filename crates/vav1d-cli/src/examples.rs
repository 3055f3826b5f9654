//! Examples of every command, for `--help` and the man pages. Tests parse each of them.

/// Command, what for, and the line.
pub(super) const ALL: &[(&str, &str, &str)] = &[
    ("vav1d", "What does this machine decode?", "vav1d caps"),
    ("vav1d", "Is the driver right?", "vav1d verify --device system -o out suites/"),
    ("vav1d", "Where is it wrong?", "vav1d compare --device system stream.ivf"),
    ("vav1d md5", "An MD5 for every output frame", "vav1d md5 stream.ivf"),
    (
        "vav1d md5",
        "One for all, before film grain, on the second device",
        "vav1d md5 --total --film-grain off --device 1 stream.ivf",
    ),
    ("vav1d decode", "Raw planes", "vav1d decode stream.ivf -o stream.yuv"),
    (
        "vav1d decode",
        "Into another program",
        "vav1d decode stream.webm --output-format y4m -o - | ffplay -",
    ),
    ("vav1d grain", "A table for an encoder", "vav1d grain film.mkv -o film.tbl"),
    ("vav1d info", "What a stream is, and what it asks of a driver", "vav1d info stream.ivf"),
    ("vav1d info", "Every frame of two streams", "vav1d info --frames a.ivf b.mp4"),
    ("vav1d dump", "The first temporal unit, bit by bit", "vav1d dump --limit 1 stream.ivf"),
    ("vav1d plan", "What a decoder has to do", "vav1d plan stream.ivf"),
    (
        "vav1d compare",
        "The first bad frame, plane and block",
        "vav1d compare --device system stream.ivf",
    ),
    (
        "vav1d compare",
        "Each frame alone, with images",
        "vav1d compare --teacher --png images --device 0 stream.ivf",
    ),
    ("vav1d compare", "Against another device", "vav1d compare --device 0 --against 1 stream.ivf"),
    (
        "vav1d verify",
        "All streams of a folder, with reports",
        "vav1d verify --device system -o out suites/",
    ),
    (
        "vav1d verify",
        "A nightly run with lists of what is known",
        "vav1d verify --device system --expect 'ci/{driver}' -o out suites/",
    ),
    (
        "vav1d verify",
        "Under the validation layer, in another shape",
        "vav1d verify --validate suites/ -- --dpb distinct",
    ),
    ("vav1d verify-diff", "Last night and this one", "vav1d verify-diff monday/ tuesday/"),
    ("vav1d verify-merge", "Parts of one run", "vav1d verify-merge -o whole part-1/ part-2/"),
    ("vav1d suite-info", "What a suite covers, and what not", "vav1d suite-info suites/"),
    (
        "vav1d suite-info",
        "Which vectors have quantizer matrices",
        "vav1d suite-info --with using_qmatrix suites/",
    ),
    (
        "vav1d suite-info",
        "The smallest set with the same coverage",
        "vav1d suite-info --cover suites/",
    ),
    ("vav1d suite-info", "What B has and A lacks", "vav1d suite-info --missing-from A/ B/"),
    (
        "vav1d matrix",
        "Does any session shape change the output?",
        "vav1d matrix --device system stream.ivf",
    ),
    (
        "vav1d sim",
        "RADV on a chip that is not there",
        "vav1d sim navi33 -- vav1d compare --device system stream.ivf",
    ),
    (
        "vav1d sim",
        "What the driver gives to the chip",
        "vav1d sim navi33 --record a.rec -- ffmpeg -hwaccel vulkan -i stream.ivf -f null -",
    ),
    ("vav1d sim-diff", "Two versions of a driver", "vav1d sim-diff old.rec new.rec"),
    (
        "vav1d watch",
        "What a player hands to the driver",
        "vav1d watch -o captures -- mpv --hwdec=vulkan film.mkv",
    ),
    ("vav1d check", "Which members are wrong?", "vav1d check captures/session-0"),
    (
        "vav1d replay",
        "The same structures on another device",
        "vav1d replay --device soft captures/session-0",
    ),
    (
        "vav1d watch-diff",
        "Two programs, one stream",
        "vav1d watch-diff mpv/session-0 ffmpeg/session-0",
    ),
    (
        "vav1d stress",
        "A hundred streams in other forms",
        "vav1d stress --device system -o stress suites/",
    ),
    (
        "vav1d rewrite",
        "Every frame shown twice",
        "vav1d rewrite stream.ivf --how repeat=1 -o twice.ivf",
    ),
    (
        "vav1d reduce",
        "The smallest stream that still fails",
        "vav1d reduce --device system stream.ivf -o small.ivf",
    ),
    ("vav1d caps", "All devices", "vav1d caps"),
    (
        "vav1d caps",
        "What a device lacks for a suite",
        "vav1d caps --device system --vectors suites/",
    ),
    ("vav1d caps", "What the software driver can be made to be", "vav1d caps --soft-configs"),
    ("vav1d caps-diff", "Two devices", "vav1d caps-diff 0 1"),
    ("vav1d caps-diff", "Before and after an update", "vav1d caps-diff before.jsonl system"),
    ("vav1d report", "An archive for a bug report", "vav1d report --device system -o report.tar"),
    ("vav1d play", "A window", "vav1d play film.mkv"),
    ("vav1d generate", "Completions for bash", "vav1d generate bash > vav1d.bash"),
    ("vav1d generate", "A man page for each command", "vav1d generate man --dir man1"),
];

/// Those of the command called `name`.
pub(super) fn of(name: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    ALL.iter().filter(move |(command, ..)| *command == name).map(|(_, what, line)| (*what, *line))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;
    use crate::page;

    #[test]
    fn every_command_has_an_example_and_each_is_understood() {
        for (command, _, line) in ALL {
            let line = line.split(" | ").next().expect("a command").split(" > ").next();
            let words: Vec<_> =
                line.expect("a command").split(' ').map(|word| word.trim_matches('\'')).collect();
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{words:?}: {error}");
            }
            assert!(*command == "vav1d" || words[1] == &command[6..], "{command}: {words:?}");
        }
        for command in page::definition().get_subcommands().filter(|c| c.get_name() != "help") {
            let name = format!("vav1d {}", command.get_name());
            assert!(of(&name).next().is_some(), "{name} has no example");
        }
    }
}

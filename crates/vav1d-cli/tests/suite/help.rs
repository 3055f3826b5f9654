//! What the program says of itself: help, man pages, completions, and the words that options take.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn vav1d(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vav1d"));
    command.env("COLUMNS", "80").args(args).output().expect("vav1d runs")
}

fn said(args: &[&str]) -> String {
    let output = vav1d(args);
    let fault = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{args:?}: {fault}");
    String::from_utf8(output.stdout).expect("text")
}

/// The names of all commands.
fn commands() -> Vec<String> {
    let help = said(&["--help"]);
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn help_is_wrapped_and_has_examples() {
    let commands = commands();
    assert!(commands.len() > 14, "{commands:?}");
    for command in &commands {
        for option in ["-h", "--help"] {
            let help = said(&[command, option]);
            let wide: Vec<_> = help
                .lines()
                // An example is one line, so that it can be copied.
                .filter(|line| line.chars().count() > 80 && !line.starts_with("      vav1d "))
                .collect();
            assert!(wide.is_empty(), "{command} {option}: {wide:#?}");
            assert!(help.contains("\nUsage:\n  vav1d "), "{command} {option}: {help}");
            assert!(help.contains("\nExamples:\n"), "{command} {option}: {help}");
        }
        assert_eq!(said(&["help", command]), said(&[command, "--help"]));
    }
}

#[test]
fn the_commands_own_options_come_first() {
    let place =
        |help: &str, what: &str| help.find(what).unwrap_or_else(|| panic!("no {what} in {help}"));
    for (command, own) in [
        ("md5", "      --total"),
        ("decode", "  -o, --output FILE"),
        ("compare", "      --against DEVICE|FILE"),
        ("matrix", "      --all "),
        ("info", "      --frames"),
    ] {
        for option in ["-h", "--help"] {
            let help = said(&[command, option]);
            let headings = ["\nArguments:", "\nOptions:", own];
            let mut order: Vec<_> = headings.iter().map(|what| place(&help, what)).collect();
            let later =
                ["\nDecoding:", "\nInput:", "\nSession shape:", "\nOptions of every command:"];
            order.extend(later.iter().filter_map(|heading| help.find(heading)));
            assert!(order.is_sorted(), "{command} {option}: {help}");
        }
        let (short, long) = (said(&[command, "-h"]), said(&[command, "--help"]));
        assert!(short.len() < long.len(), "{command}");
        assert!(!short.contains("--bitstream-padding"), "{command}: {short}");
        assert_eq!(long.contains("--bitstream-padding"), command != "info", "{command}: {long}");
    }
}

#[test]
fn words_that_options_take_are_listed() {
    let help = said(&["md5", "--help"]);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = "order-hint, slot, loop-filter-delta, tile-offset, grain-seed, global-motion";
    assert!(help.contains(all), "{help}");
    let list = said(&["caps", "--soft-configs"]);
    for word in ["   coincide ", "   fault=base-q@N ", "   radv-vcn4 ", "   align=O/S "] {
        assert!(list.contains(word), "{word} in {list}");
    }
    assert!(list.lines().all(|line| line.chars().count() <= 120), "{list}");
    let output = vav1d(&[
        "md5",
        "--device",
        "soft:nonsense",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/main-420-8.ivf"),
    ]);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(why.contains("no configuration nonsense (`vav1d caps --soft-configs` lists"), "{why}");
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vav1d-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn mandoc(args: &[&str], page: &Path) -> Output {
    let output = Command::new("mandoc").args(args).arg(page).output();
    output.unwrap_or_else(|e| panic!("mandoc is not there, install it: {e}"))
}

#[test]
fn each_command_has_a_man_page_that_lint_and_80_columns_like() {
    let folder = Folder::new("man");
    let path = folder.0.to_str().expect("plain");
    said(&["generate", "man", "--dir", path]);
    let mut pages: Vec<String> =
        commands().iter().map(|command| format!("vav1d-{command}")).collect();
    pages.push("vav1d".to_owned());
    for name in &pages {
        let page = folder.0.join(format!("{name}.1"));
        let lint = mandoc(&["-T", "lint", "-W", "style"], &page);
        let complaints = String::from_utf8_lossy(&lint.stdout).into_owned();
        // What is built without a commit has no date.
        let serious: Vec<_> =
            complaints.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(serious.is_empty(), "{name}: {serious:#?}");
        let shown = mandoc(&["-T", "ascii", "-O", "width=80"], &page).stdout;
        let text = plain(&String::from_utf8(shown).expect("ASCII"));
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
            assert!(text.lines().any(|line| line == section), "{name}: no {section}: {text}");
        }
        let wide: Vec<_> = text.lines().filter(|line| line.len() > 80).collect();
        assert!(wide.is_empty(), "{name}: {wide:#?}");
    }
    let of = |name: &str| std::fs::read_to_string(folder.0.join(name)).expect("a page");
    assert!(of("vav1d.1").contains(".BR vav1d\\-md5 (1)"));
    assert!(of("vav1d-md5.1").contains("\\-\\-total"));
    // The program's page is what is printed without a folder.
    assert_eq!(said(&["generate", "man"]), of("vav1d.1"));
    assert_eq!(vav1d(&["generate", "bash", "--dir", path]).status.code(), Some(2));
    assert_eq!(vav1d(&["generate", "man", "--dir", "/dev/null/none"]).status.code(), Some(74));
}

/// Text without the backspaces that make it bold.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\u{8}' => drop(plain.pop()),
            c => plain.push(c),
        }
    }
    plain
}

/// What bash offers for the last of `words`.
fn completed(words: &[&str]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_BIN_EXE_vav1d")).parent().expect("a folder").display();
    let script = format!(
        "PATH={folder}:$PATH; source <(vav1d generate bash); COMP_WORDS=({}); COMP_CWORD={}; \
         _vav1d vav1d \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words.len() - 1
    );
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    let fault = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {fault}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn devices_chips_and_plants_are_completed() {
    let personalities = completed(&["vav1d", "md5", "--device", "soft:radv"]);
    assert_eq!(personalities, ["soft:radv-vcn4", "soft:radv-vcn5", "soft:radv-mesa25"]);
    let devices = completed(&["vav1d", "verify", "--device", "s"]);
    assert!(devices.contains(&"system".to_owned()) && devices.contains(&"soft".to_owned()));
    assert_eq!(completed(&["vav1d", "md5", "--plant", "gr"]), ["grain-seed@0"]);
    assert_eq!(completed(&["vav1d", "sim", "navi3"]), ["navi33"]);
    assert_eq!(completed(&["vav1d", "caps-"]), ["caps-diff"]);
    for (shell, asks) in [
        ("zsh", ":DEVICE:{compadd -- $(vav1d generate devices 2>/dev/null)}"),
        ("zsh", ":NAME@FRAME:{compadd -- $(vav1d generate plants 2>/dev/null)}"),
        ("fish", "-r -f -a '(vav1d generate devices 2>/dev/null)'"),
        ("fish", "-r -f -a '(vav1d generate plants 2>/dev/null)'"),
    ] {
        assert!(said(&["generate", shell]).contains(asks), "{shell}: {asks}");
    }
}

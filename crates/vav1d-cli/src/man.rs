//! The man pages: one for the program, and one for each command.

use std::fmt::Write as _;

use super::examples;
use super::exit::Exit;
use super::page::{Entry, Page};

/// Variables that the program reads, and what for.
const ENVIRONMENT: [(&str, &str); 8] = [
    (
        "VAV1D_LOG",
        "What is logged on standard error: error, warn, info, debug or trace; or by module, as in vav1d::vk=debug.",
    ),
    ("VAV1D_DEVICE", "The device, where the program is called as vk-video-dec-test."),
    ("VAV1D_DRM_SIM_LIBRARY", "The library that imitates the kernel's node for sim."),
    (
        "SOFTVK_CONFIG",
        "How softvk behaves where it is loaded as a Vulkan driver; --device soft:WORDS is the same for the one that is built in.",
    ),
    (
        "VK_DRIVER_FILES",
        "Manifests of Vulkan drivers, in place of those that are installed: read by the Vulkan loader.",
    ),
    ("NO_COLOR", "If it is set and not empty, there are no colours."),
    ("COLUMNS", "How wide help is, where standard output is no terminal."),
    ("TERM", "If it is dumb, there are no colours."),
];

/// Columns of a line of text, before what roff needs is added: lint wants no more than 80 bytes.
const WIDE: usize = 64;

/// The name of the page of `name`, such as `vav1d md5`.
pub(super) fn title(name: &str) -> String {
    name.replace(' ', "-")
}

/// `page` as roff; `commands` are the names of all of them.
pub(super) fn text(page: &Page, commands: &[String]) -> String {
    let name = title(&page.name);
    let mut roff = Roff(String::new());
    let version = env!("CARGO_PKG_VERSION");
    roff.line(&format!(
        ".TH {} 1 \"{}\" \"vav1d {version}\" \"User Commands\"",
        name.to_uppercase(),
        date()
    ));
    roff.section("NAME");
    roff.line(&format!("{} \\-", plain(&name)));
    roff.text(&small(&page.about));
    roff.section("SYNOPSIS");
    roff.synopsis(&page.usage);
    roff.section("DESCRIPTION");
    roff.text(&format!("{}.", page.about.trim_end_matches('.')));
    for more in &page.more {
        roff.line(".PP");
        roff.text(more);
    }
    roff.commands(page);
    for group in &page.groups {
        match group.title {
            "Options" => roff.section("OPTIONS"),
            title => roff.section(&title.to_uppercase()),
        }
        group.entries.iter().for_each(|entry| roff.entry(entry));
    }
    roff.section("EXIT STATUS");
    for exit in Exit::ALL {
        roff.item(&exit.code().to_string());
        roff.text(&format!("{}.", capital(exit.meaning())));
    }
    roff.section("ENVIRONMENT");
    for (variable, what) in ENVIRONMENT {
        roff.item(variable);
        roff.text(what);
    }
    roff.examples(&page.name);
    roff.section("SEE ALSO");
    let others = commands.iter().map(|command| title(command)).filter(|other| *other != name);
    let others: Vec<_> = others.map(|other| format!(".BR {} (1)", plain(&other))).collect();
    roff.line(&others.join(",\n"));
    roff.0
}

/// The day of the commit; empty if that is not known.
fn date() -> &'static str {
    let words = env!("VAV1D_COMMIT").split([' ', ',']);
    let is_date = |word: &&str| {
        word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    words.into_iter().find(is_date).unwrap_or_default()
}

/// `text` with a small first letter, as NAME has it; not that of an abbreviation.
fn small(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            format!("{}{}", first.to_lowercase(), &text[first.len_utf8()..])
        }
        _ => text.to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| format!("{}{}", first.to_uppercase(), chars.as_str()))
}

/// Text that roff takes for nothing else.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

struct Roff(String);

impl Roff {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn section(&mut self, title: &str) {
        let _ = writeln!(self.0, ".SH {title}");
    }

    /// A paragraph's text, a line for a sentence's part: roff fills it.
    fn text(&mut self, text: &str) {
        let words: Vec<_> = text.split_whitespace().collect();
        for part in super::help::wrapped(&words.join(" "), WIDE) {
            self.line(&plain(&part));
        }
    }

    fn item(&mut self, head: &str) {
        self.line(".TP");
        let _ = writeln!(self.0, "\\fB{}\\fR", plain(head));
    }

    /// Words of the program bold, others as they are.
    fn synopsis(&mut self, usage: &str) {
        let words: Vec<_> = usage.split(' ').collect();
        let names = words.iter().take_while(|word| !word.starts_with('[')).count();
        let (name, rest) = words.split_at(names);
        let _ = writeln!(self.0, "\\fB{}\\fR {}", plain(&name.join(" ")), plain(&rest.join(" ")));
    }

    fn commands(&mut self, page: &Page) {
        if page.commands.is_empty() {
            return;
        }
        self.section("COMMANDS");
        for (name, about) in &page.commands {
            self.line(".TP");
            let _ = writeln!(self.0, ".BR vav1d\\-{} (1)", plain(name));
            self.text(&format!("{}.", about.trim_end_matches('.')));
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.line(".TP");
        let head = entry.head.trim_start();
        // What is typed is bold, what stands for something else is not.
        let words: Vec<_> = head.split(' ').collect();
        let mut line = String::new();
        for word in words {
            let sep = if line.is_empty() { "" } else { " " };
            let bold = word.starts_with('-');
            let word = plain(word);
            let word = if bold { format!("\\fB{word}\\fR") } else { format!("\\fI{word}\\fR") };
            let _ = write!(line, "{sep}{word}");
        }
        self.line(&line);
        let mut text = format!("{}.", entry.text.trim_end_matches('.'));
        if let Some(default) = &entry.default {
            text.push_str(&format!(" Default: {default}."));
        }
        self.text(&text);
        for more in &entry.more {
            self.line(".IP");
            self.text(more);
        }
        if entry.values.is_empty() {
            return;
        }
        self.line(".RS");
        for (value, meaning) in &entry.values {
            self.item(value);
            let meaning = if meaning.is_empty() { value } else { meaning };
            self.text(&format!("{}.", meaning.trim_end_matches('.')));
        }
        self.line(".RE");
    }

    fn examples(&mut self, name: &str) {
        let examples: Vec<_> = examples::of(name).collect();
        if examples.is_empty() {
            return;
        }
        self.section("EXAMPLES");
        for (what, line) in examples {
            self.line(".TP");
            self.line(&plain(what));
            let _ = writeln!(self.0, "\\fB{}\\fR", plain(line));
        }
    }
}

//! `--help` and `-h`: a command's page as text, its own options first, wrapped to the terminal.

use std::io::IsTerminal;

use super::examples;
use super::page::{self, Entry, Group, Page, SHAPE};

/// Columns that text takes at most, however wide the terminal is.
const WIDEST: usize = 100;
/// Columns where nothing says how many there are.
const USUAL: usize = 80;
/// Columns of the heads of options beside what they mean.
const HEADS: usize = 28;

/// The help that `args` ask for, if they do: clap has seen to that.
pub(super) fn text(args: &[String]) -> String {
    let definition = page::definition();
    let words: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    let words: Vec<&str> = words.into_iter().take_while(|word| *word != "--").collect();
    let command = words.iter().find_map(|word| {
        definition.get_subcommands().find(|sub| sub.get_name() == *word && *word != "help")
    });
    let page = command.map_or_else(|| page::program(&definition), page::command);
    // `vav1d help md5` is as long as `md5 --help`.
    let is_long = !words.contains(&"-h");
    let bold = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|value| value != "dumb");
    Writer { text: String::new(), columns: columns(), bold, is_long }.page(&page)
}

/// How wide the terminal is.
fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    #[cfg(target_os = "linux")]
    let seen =
        rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    #[cfg(not(target_os = "linux"))]
    let seen = None;
    let columns = seen.filter(|columns| *columns > 0).or(said).unwrap_or(USUAL);
    columns.clamp(40, WIDEST)
}

/// `text` in lines of at most `width` columns; a word that is longer has a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

struct Writer {
    text: String,
    columns: usize,
    bold: bool,
    is_long: bool,
}

impl Writer {
    fn page(mut self, page: &Page) -> String {
        let is_long = self.is_long;
        self.paragraph(&page.about, 0);
        for more in page.more.iter().filter(|_| is_long) {
            self.text.push('\n');
            self.paragraph(more, 0);
        }
        self.title("Usage");
        self.paragraph(&page.usage, 2);
        if !page.commands.is_empty() {
            self.title("Commands");
            for (name, about) in &page.commands {
                self.beside(&format!("  {name}"), about, 16);
            }
        }
        for group in &page.groups {
            self.group(group);
        }
        let examples: Vec<_> = examples::of(&page.name).collect();
        if !examples.is_empty() {
            self.title("Examples");
            for (what, line) in examples {
                self.paragraph(what, 2);
                self.text.push_str(&format!("      {line}\n"));
            }
        }
        if !self.is_long {
            self.text.push('\n');
            self.paragraph(&format!("{} --help says more; so does its man page.", page.name), 0);
        } else if !page.commands.is_empty() {
            self.text.push('\n');
            self.text.push_str(&super::exit::table());
        }
        self.text
    }

    fn title(&mut self, title: &str) {
        let title = if self.bold { format!("\x1b[1m{title}:\x1b[0m") } else { format!("{title}:") };
        self.text.push_str(&format!("\n{title}\n"));
    }

    fn paragraph(&mut self, text: &str, margin: usize) {
        for line in wrapped(text, self.columns.saturating_sub(margin)) {
            self.text.push_str(&format!("{:margin$}{line}\n", ""));
        }
    }

    /// `text` beside `head`, or below it where that is long.
    fn beside(&mut self, head: &str, text: &str, width: usize) {
        let mut head = head.to_owned();
        if head.chars().count() + 2 > width {
            self.text.push_str(&format!("{head}\n"));
            head.clear();
        }
        for line in wrapped(text, self.columns.saturating_sub(width)) {
            self.text.push_str(&format!("{head:width$}{line}\n"));
            head.clear();
        }
        if !head.is_empty() {
            self.text.push_str(&format!("{head}\n"));
        }
    }

    fn group(&mut self, group: &Group) {
        if group.title == SHAPE && !self.is_long {
            let n = group.entries.len();
            self.title(SHAPE);
            return self.paragraph(&format!("{n} options, which --help has"), 2);
        }
        self.title(group.title);
        let is_long = self.is_long;
        for entry in group.entries.iter().filter(|entry| is_long || entry.is_short) {
            self.entry(entry);
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let mut text = entry.text.clone();
        let names: Vec<_> = entry.values.iter().map(|(name, _)| name.as_str()).collect();
        let has_meanings =
            self.is_long && entry.values.iter().any(|(_, meaning)| !meaning.is_empty());
        if !names.is_empty() && !has_meanings {
            text.push_str(&format!(" [{}]", names.join(", ")));
        }
        if let Some(default) = &entry.default {
            text.push_str(&format!(" [default: {default}]"));
        }
        self.beside(&format!("  {}", entry.head), &text, HEADS);
        if !self.is_long {
            return;
        }
        for more in &entry.more {
            self.beside("", more, HEADS);
        }
        for (name, meaning) in entry.values.iter().filter(|_| has_meanings) {
            let head = format!("{:HEADS$}{name}", "");
            self.beside(&head, meaning, HEADS + 14);
        }
    }
}

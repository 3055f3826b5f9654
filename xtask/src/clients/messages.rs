//! What softvk's checker says to a client, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Tried;
use crate::say;

/// Messages in what a program wrote to standard error, with N for numbers.
pub(super) fn of(said: &str) -> Vec<String> {
    let found = said.lines().filter_map(|line| line.split_once("softvk: "));
    found.map(|(_, text)| without_numbers(text.trim_end())).collect()
}

/// `text` with N for its numbers, but for those of the rule at the end.
fn without_numbers(text: &str) -> String {
    let (text, rule) = match text.rsplit_once(' ') {
        Some((text, rule)) if rule.starts_with("VUID-") => (text, rule),
        _ => (text, ""),
    };
    let mut short = String::new();
    for c in text.chars() {
        match c.is_ascii_digit() {
            true if short.ends_with('N') => {}
            true => short.push('N'),
            false => short.push(c),
        }
    }
    if !rule.is_empty() {
        short.push(' ');
        short.push_str(rule);
    }
    short
}

/// A table of the messages of every client.
pub(super) fn table(clients: &[(&str, &[(PathBuf, Tried)])]) {
    say("");
    say("| Client | Streams | Times | softvk's checker |");
    say("|---|---|---|---|");
    for (client, tried) in clients {
        let mut counts = BTreeMap::<&str, (BTreeSet<&Path>, usize)>::new();
        for (stream, one) in *tried {
            for message in &one.messages {
                let (streams, times) = counts.entry(message).or_default();
                streams.insert(stream);
                *times += 1;
            }
        }
        for (message, (streams, times)) in counts {
            let names: Vec<_> = streams.iter().filter_map(|s| s.file_stem()).collect();
            let first = names.first().map(|n| n.to_string_lossy()).unwrap_or_default();
            let row = format!("| {client} | {} | {times} | {message} ({first}) |", streams.len());
            say(&row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_and_lose_their_numbers() {
        let said = "[av1] x\nsoftvk: decode 12: slot -1 is 4x16 VUID-a-07151\nno softvk here\n\
            [x] softvk: slot 3: hazard \n";
        assert_eq!(of(said), ["decode N: slot -N is NxN VUID-a-07151", "slot N: hazard"]);
    }
}

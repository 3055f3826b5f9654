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

/// `text` with N for its numbers, but for those of names, of indexes in brackets and of the rule at
/// the end; names of references behind a slot are left out.
fn without_numbers(text: &str) -> String {
    let (text, rule) = match text.rsplit_once(' ') {
        Some((text, rule)) if rule.starts_with("VUID-") => (text, rule),
        _ => (text, ""),
    };
    let mut short = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = short.chars().last().unwrap_or(' ');
        let named = before.is_ascii_alphanumeric() || before == '_' || before == '[';
        let number = if named { 0 } else { number(rest) };
        let names = if short.ends_with("slot N ") { references(rest) } else { 0 };
        match (number, names) {
            (0, 0) => short.push(c),
            (0, _) => short.push_str("(...)"),
            _ => short.push('N'),
        }
        rest = &rest[number.max(names).max(c.len_utf8())..];
    }
    if !rule.is_empty() {
        short.push(' ');
        short.push_str(rule);
    }
    short
}

/// How many bytes of the start of `text` are a number (of base 16 too), or a size ("64x64").
fn number(text: &str) -> usize {
    let digits = |text: &str, base: u32| text.chars().take_while(|c| c.is_digit(base)).count();
    let decimal = digits(text, 10);
    match text.get(decimal..).and_then(|rest| rest.strip_prefix('x')) {
        Some(rest) if decimal > 0 => match digits(rest, 16) {
            0 => decimal,
            more => decimal + 1 + more,
        },
        _ => decimal,
    }
}

/// How many bytes of the start of `text` are names of references in parentheses.
fn references(text: &str) -> usize {
    let list = text.strip_prefix('(').and_then(|text| text.split_once(')')).map(|(list, _)| list);
    match list {
        Some(list) if list.split(", ").all(|name| name.ends_with("_FRAME")) => list.len() + 2,
        _ => 0,
    }
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
            [x] softvk: slot 3 (LAST_FRAME, LAST2_FRAME): StdAV1Info: Bias is 0xff, not 0x1e \n\
            softvk: OrderHints[7] (ALTREF_FRAME) is 0, not 12\n";
        let expected = [
            "decode N: slot -N is N VUID-a-07151",
            "slot N (...): StdAV1Info: Bias is N, not N",
            "OrderHints[7] (ALTREF_FRAME) is N, not N",
        ];
        assert_eq!(of(said), expected);
    }
}

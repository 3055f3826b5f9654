//! What a configuration may be made of: the tables of the README, for programs that list them.

const README: &str = include_str!("../README.md");

/// A word, and what it does.
pub type Word = (&'static str, &'static str);

/// Words, and personalities with the words that they stand for; in the README's order.
pub fn configurations() -> (Vec<Word>, Vec<Word>) {
    (table("| Word | Effect |"), table("| Personality | Stands for |"))
}

/// The rows below `head`: two cells, the first of which is code.
fn table(head: &str) -> Vec<Word> {
    let rows = README.lines().skip_while(|line| *line != head).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| {
        let (word, what) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((word, what.strip_suffix(" |")?))
    };
    rows.filter_map(cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, PERSONALITIES};

    #[test]
    fn every_word_is_understood() {
        let (words, personalities) = configurations();
        assert!(words.len() > 40 && words.iter().all(|(_, what)| !what.is_empty()));
        for (word, _) in &words {
            // A value of each sort of place holder.
            let word = match word.split_once('=') {
                Some((name, "WxH")) if name == "granularity" => format!("{name}=16x16"),
                Some((name, "WxH")) => format!("{name}=64x64"),
                Some((name, "O/S")) => format!("{name}=16/16"),
                Some((name, "V")) => format!("{name}=1.4.321"),
                Some((name, "A.B.C.D")) => format!("{name}=1.3.8.2"),
                Some((name, "K")) => format!("{name}=64"),
                Some(("queues", "N")) => "queues=4".to_owned(),
                Some((name, "N")) => format!("{name}=8"),
                _ => {
                    let word = word.replace("@N", "@3").replace("NAME", "pixel");
                    word.replace("MEMBER=VALUE", "OrderHint=7")
                }
            };
            let (_, unknown) = Config::parse(&word);
            assert!(unknown.is_empty(), "{unknown:?}");
        }
        let names: Vec<_> = personalities.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), PERSONALITIES.len());
        for name in names {
            assert!(Config::parse(name).1.is_empty(), "{name}");
        }
    }
}

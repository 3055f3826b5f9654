//! Documents: every link leads somewhere, and the book's table of contents has every page.

use std::path::Path;

use anyhow::Result;

use super::hosts::texts;

/// The book's pages, and its table of contents among them.
const BOOK: &str = "docs/";
const CONTENTS: &str = "docs/SUMMARY.md";

/// Checks all documents below `root`.
pub(super) fn check(root: &Path, found: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    texts(root, &mut files)?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "md"));
    let mut pages = Vec::new();
    for file in &files {
        let name = file.strip_prefix(root)?.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file)?;
        for link in links(&text) {
            if let Some(what) = wrong(root, &name, &text, &link) {
                found.push(format!("{name}: {what}"));
            }
        }
        if name.starts_with(BOOK) && name != CONTENTS {
            pages.push(name);
        }
    }
    let contents = std::fs::read_to_string(root.join(CONTENTS)).unwrap_or_default();
    let listed = links(&contents);
    for page in pages {
        let page = page.strip_prefix(BOOK).unwrap_or_default();
        let times = listed.iter().filter(|link| link.as_str() == page).count();
        if times != 1 {
            found.push(format!("{CONTENTS}: {page} is there {times} times"));
        }
    }
    Ok(())
}

/// What is wrong with the link `link` of the document `name`.
fn wrong(root: &Path, name: &str, text: &str, link: &str) -> Option<String> {
    let (path, heading) = link.split_once('#').map_or((link, None), |(p, h)| (p, Some(h)));
    // Hosts are another check's.
    if link.contains("://") {
        return None;
    }
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    let target = root.join(folder).join(path);
    if !target.exists() {
        return Some(format!("the link {link} leads nowhere"));
    }
    if name.starts_with(BOOK) && path.starts_with("..") {
        return Some(format!("the link {link} leads out of the book"));
    }
    let heading = heading?;
    let there = match path.is_empty() {
        true => headings(text),
        false => headings(&std::fs::read_to_string(target).unwrap_or_default()),
    };
    (!there.iter().any(|slug| slug == heading)).then(|| format!("no heading for the link {link}"))
}

/// The targets of the links and pictures in `text`, those in blocks of code left out.
pub(super) fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        // Code in a line has brackets of its own.
        let outside = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for rest in outside.split("](").skip(1) {
            links.extend(rest.split_once(')').map(|(link, _)| link.to_owned()));
        }
    }
    links
}

/// The names by which links name the headings of `text`.
pub(super) fn headings(text: &str) -> Vec<String> {
    let titles = prose(text).filter_map(|line| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then_some(title.strip_prefix(' ')?)
    });
    let slug = |title: &str| -> String {
        let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    titles.map(slug).collect()
}

/// The lines of `text` that are not in a block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

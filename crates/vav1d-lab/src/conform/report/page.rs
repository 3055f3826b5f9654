//! What every page of reports is made in: one file, with styles for light and dark that
//! `page.css` has, parts that several pages have, and no scripts but one that copies commands.

use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");
/// Buttons that copy the command beside them; without scripts there are none, and one click marks
/// the whole command.
const SCRIPT: &str = "for (const pre of document.querySelectorAll('.command pre')) {
const button = document.createElement('button'); button.type = 'button'; button.textContent = 'copy';
button.setAttribute('aria-label', 'Copy the command');
button.onclick = async () => { try { await navigator.clipboard.writeText(pre.textContent);
button.textContent = 'copied' } catch { getSelection().selectAllChildren(pre);
button.textContent = 'marked' } }; pre.after(button) }
const shown = () => { const at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
for (let up = at; up; up = up.parentElement) if (up.tagName === 'DETAILS') up.open = true;
if (at) at.scrollIntoView() }; addEventListener('hashchange', shown); shown()";

/// A whole page with `body`, HTML, in it. The tab's icon says whether all is well.
pub fn page(title: &str, is_good: bool, body: &str) -> String {
    let (sign, color) = if is_good { ("\u{2713}", "1e7b3a") } else { ("\u{2717}", "c2212e") };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>\n\
         <link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
         viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%23{color}'/%3E%3Ctext \
         x='3' y='13' font-size='13' fill='white'%3E{sign}%3C/text%3E%3C/svg%3E\">\n\
         <style>\n{STYLE}</style></head>\n<body><main>\n{body}</main>\n<script>{SCRIPT}</script>\
         </body></html>\n",
        plain(title)
    )
}

/// The headline: a sign, and `text`.
pub fn headline(text: &str, is_good: bool) -> String {
    let (class, sign) = if is_good { ("good", "\u{2713}") } else { ("bad", "\u{2717}") };
    format!(
        "<h1 class=\"{class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{}</h1>\n",
        plain(text)
    )
}

/// A part of a whole: its class in the styles, a sign, a word and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// `failed`, `flaky`, `known`, `passed`, `refused`, `skipped`, `improved` or `notrun`.
    pub class: &'static str,
    /// A character that says the same as the colour.
    pub sign: &'static str,
    /// What they are.
    pub word: &'static str,
    /// How many.
    pub count: usize,
}

/// Parts as one bar; those of none are left out.
pub fn bar(parts: &[Part]) -> String {
    let there = || parts.iter().filter(|part| part.count > 0);
    let words: Vec<_> = there().map(|part| format!("{} {}", part.count, part.word)).collect();
    let mut text = format!("<div class=\"bar\" role=\"img\" aria-label=\"{}\">", words.join(", "));
    for Part { class, count, .. } in there() {
        // Written to a string, which does not fail.
        let _ = write!(text, "<span class=\"{class}\" style=\"flex-grow:{count}\"></span>");
    }
    text + "</div>\n"
}

/// The same in words.
pub fn key(parts: &[Part]) -> String {
    let mut text = "<ul class=\"key\">".to_owned();
    for Part { class, sign, word, count } in parts.iter().filter(|part| part.count > 0) {
        let _ = write!(
            text,
            "<li class=\"{class}\"><i aria-hidden=\"true\"></i><span class=\"count\">\
             <span aria-hidden=\"true\">{sign}</span> {count}</span> {word}</li>"
        );
    }
    text + "</ul>\n"
}

/// A command that can be copied.
pub fn command(text: &str) -> String {
    format!("<div class=\"command\"><pre tabindex=\"0\">{}</pre></div>\n", plain(text))
}

/// `<details>` with `summary` and `body`, both HTML.
pub fn folded(summary: &str, body: &str) -> String {
    format!("<details><summary>{summary}</summary>\n{body}</details>\n")
}

/// Names and values as a table.
pub fn facts<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = "<table class=\"facts\">\n".to_owned();
    for (name, value) in rows {
        let (name, value) = (plain(name), plain(value));
        let _ = writeln!(text, "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>");
    }
    text + "</table>\n"
}

/// A list of names.
pub fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = "<ul class=\"names\">".to_owned();
    for name in names {
        let _ = writeln!(text, "<li>{}</li>", plain(name));
    }
    text + "</ul>\n"
}

/// Text that no character of HTML changes; control characters are not allowed in it.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => plain += "&amp;",
            '<' => plain += "&lt;",
            '>' => plain += "&gt;",
            '"' => plain += "&quot;",
            c if c.is_control() && !c.is_ascii_whitespace() => plain.push('\u{fffd}'),
            c => plain.push(c),
        }
    }
    plain
}

/// The same in the value of `href`, for a path relative to the page.
pub fn link(path: &std::path::Path) -> String {
    let path = path.to_string_lossy();
    plain(&path.replace('%', "%25").replace('#', "%23").replace('?', "%3F").replace('\\', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_links_stay_paths() {
        assert_eq!(plain("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
        assert_eq!(link(std::path::Path::new("logs/a%20b#c.log")), "logs/a%2520b%23c.log");
    }

    #[test]
    fn a_part_of_none_has_no_place() {
        let part = |class, count| Part { class, sign: "x", word: "w", count };
        let parts = [part("failed", 2), part("passed", 0)];
        assert!(bar(&parts).contains("aria-label=\"2 w\"") && !bar(&parts).contains("passed"));
        assert!(key(&parts).contains("class=\"failed\"") && !key(&parts).contains("passed"));
    }
}

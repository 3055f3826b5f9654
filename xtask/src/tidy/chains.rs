//! Let chains, which the workspace's `rust-version` may be too old for: no newer compiler says so.

/// The first compiler that knows them.
const SINCE: (u32, u32) = (1, 88);

/// Whether the compiler that `manifest` names as the oldest lacks them.
pub(super) fn are_too_new(manifest: &str) -> bool {
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    let mut numbers = version.unwrap_or_default().split(['.', '"']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < SINCE,
        _ => false,
    }
}

/// The lines, from 1, at which `text` has a condition with `let` and something beside it.
pub(super) fn lines(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    // Where the condition that is open began, and how many brackets are open in it.
    let mut open: Option<(usize, i32)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        let words = code.trim_start().trim_start_matches("} else ");
        if ["if let ", "while let "].iter().any(|start| words.starts_with(start)) {
            open = Some((number, 0));
        }
        let chained = code.contains("&& let ") && !code.contains("\"&& let");
        let Some((first, mut depth)) = open else {
            if chained {
                found.push(number);
            }
            continue;
        };
        let beside = code.char_indices().any(|(at, c)| {
            depth += i32::from("([".contains(c)) - i32::from(")]".contains(c));
            depth == 0 && code.get(at..).is_some_and(|rest| rest.starts_with(" && "))
                || depth == 0 && code.trim_start().starts_with("&& ") && c == '&'
        });
        if beside {
            found.push(first);
        }
        let ends = beside || code.trim_end().ends_with(['{', ';', '}']);
        open = (!ends).then_some((first, depth));
    }
    found
}

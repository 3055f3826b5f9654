//! SPDX licence expressions.

/// Whether `allow` has enough for the expression `text`: one of what OR joins, all of what AND joins.
/// A slash is an OR, as crates wrote it once. What is no expression is not allowed.
pub(super) fn allowed(text: &str, allow: &[String]) -> bool {
    let text = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<_> = text.split_whitespace().rev().collect();
    let allowed = either(&mut words, allow);
    allowed == Some(true) && words.is_empty()
}

fn either(words: &mut Vec<&str>, allow: &[String]) -> Option<bool> {
    let mut allowed = all(words, allow)?;
    while words.last() == Some(&"OR") {
        words.pop();
        allowed |= all(words, allow)?;
    }
    Some(allowed)
}

fn all(words: &mut Vec<&str>, allow: &[String]) -> Option<bool> {
    let mut allowed = one(words, allow)?;
    while words.last() == Some(&"AND") {
        words.pop();
        allowed &= one(words, allow)?;
    }
    Some(allowed)
}

fn one(words: &mut Vec<&str>, allow: &[String]) -> Option<bool> {
    match words.pop()? {
        "(" => {
            let allowed = either(words, allow);
            (words.pop() == Some(")")).then_some(allowed?)
        }
        ")" | "AND" | "OR" | "WITH" => None,
        name if words.last() == Some(&"WITH") => {
            words.pop();
            let name = format!("{name} WITH {}", words.pop()?);
            Some(allow.contains(&name))
        }
        name => Some(allow.iter().any(|allowed| allowed == name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> bool {
        let allow = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        allowed(text, &allow)
    }

    #[test]
    fn one_of_or_and_all_of_and() {
        assert!(ok("MIT") && ok("GPL-3.0-only OR MIT") && ok("GPL-2.0/MIT"));
        assert!(ok("MIT AND Zlib") && ok("(MIT OR GPL-3.0-only) AND Zlib"));
        assert!(ok("GPL-3.0-only AND MIT OR Zlib"));
        assert!(!ok("GPL-3.0-only") && !ok("MIT AND GPL-3.0-only"));
        assert!(!ok("(MIT OR Zlib) AND GPL-3.0-only"));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert!(ok("Apache-2.0 WITH LLVM-exception") && !ok("Apache-2.0"));
        assert!(!ok("MIT WITH LLVM-exception"));
    }

    #[test]
    fn what_is_no_expression_is_not_allowed() {
        for text in ["", "OR", "MIT OR", "MIT Zlib", "(MIT", "MIT)", "MIT WITH", "AND MIT"] {
            assert!(!ok(text), "{text}");
        }
    }
}

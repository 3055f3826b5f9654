//! Words of texts.

/// `n` of a thing: `1 vector`, `2 vectors`. `what` is one of them, and takes an `s`.
pub fn counted(n: impl Into<u128>, what: &str) -> String {
    match n.into() {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// The same of a length.
pub fn count(n: usize, what: &str) -> String {
    counted(n as u64, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_no_s() {
        for (n, text) in [(0, "0 vectors"), (1, "1 vector"), (2, "2 vectors")] {
            assert_eq!(count(n, "vector"), text);
            assert_eq!(counted(n as u64, "vector"), text);
        }
    }
}

//! What is said beside the picture: of a stream, and of an error.

use crate::StreamInfo;

/// Says once what of `stream` is not played.
pub(super) fn left_out(stream: &StreamInfo) {
    let name = &stream.name;
    if !stream.others.is_empty() {
        let others: Vec<_> = stream.others.iter().map(ToString::to_string).collect();
        log::warn!("{name}: not played: {}", others.join(", "));
    }
}

/// `error` without the place in the source of a crate that winit puts in front of it.
pub(super) fn plain(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let behind = |text: &str| {
        let (_, rest) = text.strip_prefix("os error at ")?.split_once(".rs:")?;
        Some(rest.split_once(": ")?.1.to_owned())
    };
    behind(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn no_error_names_the_source_of_a_crate() {
        let said =
            "os error at /home/a/winit-0.30.1/src/platform_impl/linux/mod.rs:765: no display";
        assert_eq!(plain(&said), "no display");
        assert_eq!(plain(&"os error: nothing"), "os error: nothing");
    }
}

//! `vav1d -V` and `vav1d --version`: which commit this is, and what is in it.

use std::sync::OnceLock;

/// One line: the version and the commit.
pub(super) fn short() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("VAV1D_COMMIT"), ")")
}

/// The same, then the features, the driver that is built in, and what built it.
pub(super) fn long() -> &'static str {
    static LONG: OnceLock<String> = OnceLock::new();
    LONG.get_or_init(|| {
        let features = [
            ("soft", cfg!(feature = "soft")),
            ("window", cfg!(feature = "window")),
            ("asm", cfg!(feature = "asm")),
        ];
        let features =
            features.map(|(name, on)| format!("{}{name}", if on { '+' } else { '-' })).join(" ");
        let driver = vav1d::vk::built_in();
        let driver = driver.map_or(String::new(), |driver| format!("\nbuilt in: {driver}"));
        let (target, profile) = (env!("VAV1D_TARGET"), env!("VAV1D_PROFILE"));
        let by = env!("VAV1D_RUSTC");
        format!("{}\nfeatures: {features}{driver}\nfor {target}, {profile}, by {by}", short())
    })
}

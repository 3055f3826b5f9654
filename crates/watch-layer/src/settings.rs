//! What the environment says: where captures go, and whether pictures are hashed.

use std::path::PathBuf;
use std::sync::OnceLock;

/// The settings of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// VAV1D_WATCH_DIR: the folder of captures. Without it nothing is captured.
    pub(crate) folder: PathBuf,
    /// VAV1D_WATCH_PICTURES: whether each picture's MD5 is written.
    pub(crate) pictures: bool,
}

/// The settings, read once; `None` if nothing is to be captured.
pub(crate) fn settings() -> Option<&'static Settings> {
    static SETTINGS: OnceLock<Option<Settings>> = OnceLock::new();
    let read = || {
        let folder = std::env::var_os("VAV1D_WATCH_DIR").filter(|folder| !folder.is_empty())?;
        let pictures = std::env::var_os("VAV1D_WATCH_PICTURES").is_some_and(|value| value == "1");
        Some(Settings { folder: folder.into(), pictures })
    };
    SETTINGS.get_or_init(read).as_ref()
}

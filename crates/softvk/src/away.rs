//! A device that is away for a while after it was lost, whichever process asks for it: as a chip that
//! is being reset.

use std::fs;
use std::path::PathBuf;

/// How many devices are refused before there is one again.
const REFUSED: u32 = 2;

/// The file that knows of the loss: how many devices are still to be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away(PathBuf);

impl Away {
    /// The one of the file `path`; `None` without a name.
    pub(crate) fn of(path: &str) -> Option<Self> {
        (!path.is_empty()).then(|| Self(path.into()))
    }

    /// Whether the device was lost once: it is not a second time.
    pub(crate) fn was_lost(&self) -> bool {
        self.0.exists()
    }

    /// It is lost.
    pub(crate) fn lose(&self) {
        self.set(REFUSED);
    }

    /// Whether a device can be made now; one that is refused counts.
    pub(crate) fn is_there(&self) -> bool {
        let left = fs::read_to_string(&self.0).ok().and_then(|text| text.trim().parse().ok());
        match left.unwrap_or(0_u32).checked_sub(1) {
            Some(left) => {
                self.set(left);
                false
            }
            None => true,
        }
    }

    fn set(&self, left: u32) {
        if let Err(error) = fs::write(&self.0, left.to_string()) {
            log::warn!("softvk: {}: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_devices_are_refused_after_the_loss() {
        let path = std::env::temp_dir().join(format!("softvk-away-{}", std::process::id()));
        let away = Away(path.clone());
        assert!(away.is_there() && !away.was_lost());
        away.lose();
        assert_eq!([(); 4].map(|()| away.is_there()), [false, false, true, true]);
        assert!(away.was_lost());
        assert!(fs::remove_file(path).is_ok());
    }
}

//! The files that a user-space driver looks at before it opens the node: a small tree of the
//! process, to which paths under `/dev/dri` and `/sys/dev/char/226:` are led.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::chip::{Chip, Kernel};

/// Where trees lie: one folder per process, named by its number.
const PREFIX: &str = "vav1d-drm-sim.";

/// The node's name.
pub(crate) const NODE: &str = "renderD128";

/// Major and minor number of the node.
pub(crate) const NUMBERS: (u32, u32) = (226, 128);

/// Makes the tree of this process, and removes those of processes that are gone.
///
/// # Errors
/// A folder or file that cannot be written.
pub(crate) fn make(chip: &Chip) -> io::Result<PathBuf> {
    let temporary = std::env::temp_dir();
    for entry in fs::read_dir(&temporary)?.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|n| n.strip_prefix(PREFIX));
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // Another process may be doing the same: whoever comes second finds nothing.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let root = temporary.join(format!("{PREFIX}{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    let dri = root.join("dev/dri");
    fs::create_dir_all(&dri)?;
    fs::write(dri.join(NODE), "")?;
    let char_device = root.join(format!("sys/dev/char/{}:{}", NUMBERS.0, NUMBERS.1));
    let device = char_device.join("device");
    fs::create_dir_all(device.join("drm").join(NODE))?;
    fs::write(
        char_device.join("uevent"),
        format!(
            "MAJOR={}\nMINOR={}\nDEVNAME=dri/{NODE}\nDEVTYPE=drm_minor\n",
            NUMBERS.0, NUMBERS.1
        ),
    )?;
    fs::write(device.join("uevent"), uevent(chip))?;
    for (name, value) in [
        ("vendor", u32::from(chip.vendor)),
        ("device", u32::from(chip.device)),
        ("subsystem_vendor", u32::from(chip.vendor)),
        ("subsystem_device", 1),
    ] {
        fs::write(device.join(name), format!("{value:#06x}\n"))?;
    }
    fs::write(device.join("revision"), format!("{:#04x}\n", chip.revision))?;
    std::os::unix::fs::symlink("/sys/bus/pci", device.join("subsystem"))?;
    Ok(root)
}

/// The device's `uevent` file.
fn uevent(chip: &Chip) -> String {
    let driver = match chip.kernel {
        Kernel::Amdgpu(_) => "amdgpu",
        Kernel::I915(_) => "i915",
        Kernel::Xe(_) => "xe",
    };
    format!(
        "DRIVER={driver}\nPCI_CLASS=30000\nPCI_ID={:04X}:{:04X}\nPCI_SUBSYS_ID={:04X}:0001\nPCI_SLOT_NAME=0000:03:00.0\n",
        chip.vendor, chip.device, chip.vendor
    )
}

/// The path inside `root` that stands for `path`, if it is one of those imitated.
pub(crate) fn led(root: &Path, path: &str) -> Option<PathBuf> {
    let ours = path == "/dev/dri"
        || path.starts_with("/dev/dri/")
        || path.starts_with("/sys/dev/char/226:");
    ours.then(|| root.join(path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_nodes_paths_are_led() {
        let root = Path::new("/tmp/x");
        assert_eq!(led(root, "/dev/dri"), Some("/tmp/x/dev/dri".into()));
        assert_eq!(led(root, "/dev/dri/renderD128"), Some("/tmp/x/dev/dri/renderD128".into()));
        assert_eq!(led(root, "/dev/driver"), None);
        assert_eq!(led(root, "/sys/dev/char/1:3"), None);
        assert!(led(root, "/sys/dev/char/226:128/device/uevent").is_some());
    }
}

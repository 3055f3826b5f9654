//! Whether a Vulkan loader could find a device that decodes: asking it loads every driver that is
//! installed, and what those are made of.

use std::path::{Path, PathBuf};

/// Mesa's drivers for what is a node below `/dev/dri`, and lavapipe, which does not decode, by the
/// name of their library: `libvulkan_NAME.so`.
const OF_NODES: [&str; 12] = [
    "asahi",
    "broadcom",
    "gfxstream",
    "intel",
    "intel_hasvk",
    "lvp",
    "nouveau",
    "panfrost",
    "powervr_mesa",
    "radeon",
    "virtio",
    "virtio_experimental",
];

/// Where such a node may be, and what else gfxstream opens.
const NODES: [&str; 2] = ["/dev/dri", "/dev/goldfish_pipe"];

/// Variables that change what a loader finds, or what a program finds in `/dev`.
const VARIABLES: [&str; 4] =
    ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES", "LD_PRELOAD"];

/// Whether it is certain that no device of the Vulkan loader decodes: all drivers that are installed
/// are for nodes that this machine has not.
pub(super) fn has_no_device() -> bool {
    let is_set = |name: &&str| std::env::var_os(name).is_some();
    if !cfg!(target_os = "linux") || VARIABLES.iter().any(|name| is_set(&name)) {
        return false;
    }
    let nodes = NODES.map(Path::new);
    is_without(&nodes, &manifest_folders())
}

/// Whether none of `nodes` is there, and the manifests in `folders` are those of drivers that would
/// need one.
fn is_without(nodes: &[&Path], folders: &[PathBuf]) -> bool {
    if nodes.iter().any(|node| node.exists()) {
        return false;
    }
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    entries.into_iter().all(|entry| {
        let Ok(entry) = entry else { return false };
        let path = entry.path();
        let is_manifest = path.extension().is_some_and(|extension| extension == "json");
        !is_manifest || std::fs::read_to_string(path).is_ok_and(|text| is_of_nodes(&text))
    })
}

/// Whether a manifest is that of a driver that needs a node.
fn is_of_nodes(manifest: &str) -> bool {
    let Ok(json) = serde_json::from_str::<serde_json::Value>(manifest) else { return false };
    let library = json.pointer("/ICD/library_path").and_then(|path| path.as_str());
    let name = library.and_then(|path| path.rsplit('/').next());
    let name = name.and_then(|name| name.strip_prefix("libvulkan_")?.strip_suffix(".so"));
    name.is_some_and(|name| OF_NODES.contains(&name))
}

/// Where loaders look for manifests of drivers.
fn manifest_folders() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let list = |name: &str, default: &str| {
        let value = variable(name).unwrap_or_else(|| default.into());
        std::env::split_paths(&value).collect::<Vec<_>>()
    };
    let home = variable("HOME").map(PathBuf::from);
    let own = |name: &str, below: &str| {
        variable(name).map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(below)))
    };
    let mut roots = list("XDG_CONFIG_DIRS", "/etc/xdg");
    roots.extend(list("XDG_DATA_DIRS", "/usr/local/share:/usr/share"));
    roots.extend(["/etc", "/usr/local/etc", "/usr/local/share", "/usr/share"].map(PathBuf::from));
    roots.extend(own("XDG_CONFIG_HOME", ".config"));
    roots.extend(own("XDG_DATA_HOME", ".local/share"));
    roots.into_iter().map(|root| root.join("vulkan/icd.d")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(library: &str) -> String {
        format!(r#"{{"ICD": {{"api_version": "1.4.3", "library_path": "{library}"}}}}"#)
    }

    #[test]
    fn only_drivers_that_need_a_node_are_passed_over() {
        for library in ["libvulkan_lvp.so", "/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so"] {
            assert!(is_of_nodes(&manifest(library)), "{library}");
        }
        for library in ["libsoftvk.so", "libGLX_nvidia.so.0", "libvulkan_freedreno.so", "lvp", ""] {
            assert!(!is_of_nodes(&manifest(library)), "{library}");
        }
        assert!(!is_of_nodes("{}") && !is_of_nodes("") && !is_of_nodes(r#"{"ICD": []}"#));
    }

    #[test]
    fn an_unknown_driver_or_a_node_is_reason_to_ask() {
        let folder = std::env::temp_dir().join(format!("vav1d-machine-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (node, gone) = (folder.join("node"), folder.join("none"));
        let folders = [folder.clone(), gone.clone()];
        let without = |nodes: &[&Path]| is_without(nodes, &folders);
        assert!(without(&[&node]), "without drivers");
        std::fs::write(folder.join("lvp.json"), manifest("libvulkan_lvp.so")).expect("lvp");
        std::fs::write(folder.join("README"), "nothing").expect("another file");
        assert!(without(&[&node, &gone]));
        std::fs::write(&node, "").expect("a node");
        assert!(!without(&[&gone, &node]));
        std::fs::write(folder.join("other.json"), manifest("libother.so")).expect("other");
        assert!(!without(&[&gone]));
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

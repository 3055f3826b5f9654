//! `vav1d watch`: a program under VK_LAYER_VAV1D_watch.

use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::watch_args::WatchArgs;

/// The layer.
const LAYER: &str = "VK_LAYER_VAV1D_watch";

/// Its manifest.
const MANIFEST: &str = "VkLayer_VAV1D_watch.json";

/// Where packages have it, from the program's folder.
const INSTALLED: &str = "../share/vulkan/explicit_layer.d";

/// The folder of the manifest: VAV1D_WATCH_LAYER_PATH, the program's, or where it is installed.
fn manifest_folder() -> Result<PathBuf> {
    let here = std::env::current_exe().ok();
    let folder = here.as_deref().and_then(Path::parent);
    let beside = || folder.into_iter().flat_map(|dir| [dir.to_owned(), dir.join(INSTALLED)]);
    let places: Vec<PathBuf> = match std::env::var_os("VAV1D_WATCH_LAYER_PATH") {
        Some(path) => vec![path.into()],
        None => beside().collect(),
    };
    places.into_iter().find(|dir| dir.join(MANIFEST).exists()).ok_or_else(|| {
        let why = "is neither beside this program nor installed: build it (cargo build --release \
                   -p watch-layer), or name its folder in VAV1D_WATCH_LAYER_PATH";
        Failure::new(Exit::Unsupported, format!("{MANIFEST} {why}"))
    })
}

/// A list with `one` in it, separated by colons: in front, or at the end.
fn with(list: Option<std::ffi::OsString>, one: &Path, in_front: bool) -> std::ffi::OsString {
    // An empty list has one entry that is empty.
    let others = list.unwrap_or_default();
    let others = std::env::split_paths(&others).filter(|other| !other.as_os_str().is_empty());
    let others: Vec<_> = others.collect();
    if others.iter().any(|other| other == one) {
        return std::env::join_paths(&others).unwrap_or_default();
    }
    let one = std::iter::once(one.to_owned());
    let all: Vec<_> = match in_front {
        true => one.chain(others).collect(),
        false => others.into_iter().chain(one).collect(),
    };
    std::env::join_paths(all).unwrap_or_default()
}

/// The variables that put the layer over a program; `get` is the environment.
fn variables(
    layers: &Path,
    get: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> Vec<(&'static str, std::ffi::OsString)> {
    // The older variable hides the newer one.
    let path = match get("VK_LAYER_PATH") {
        Some(_) => "VK_LAYER_PATH",
        None => "VK_ADD_LAYER_PATH",
    };
    // Layers that the user names stay above; those that the program names are below.
    let named = with(get("VK_INSTANCE_LAYERS"), Path::new(LAYER), false);
    vec![(path, with(get(path), layers, true)), ("VK_INSTANCE_LAYERS", named)]
}

/// Becomes the program; comes back only with the reason why that failed.
#[cfg(unix)]
pub(super) fn run(args: &WatchArgs) -> Result<Exit> {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    let layers = std::path::absolute(manifest_folder()?).map_err(Failure::output)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::new(Exit::Usage, "no command is given"));
    };
    let folder = std::path::absolute(&args.output).map_err(Failure::output)?;
    writable(&folder)
        .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", folder.display())))?;
    let mut command = Command::new(program);
    command.args(arguments).env("VAV1D_WATCH_DIR", &folder);
    if args.pictures {
        command.env("VAV1D_WATCH_PICTURES", "1");
    }
    command.envs(variables(&layers, |name| std::env::var_os(name)));
    let reason = command.exec();
    Err(Failure::new(Exit::NoInput, format!("{}: {reason}", program.to_string_lossy())))
}

/// Makes the folder, and sees whether files can be made in it.
#[cfg(unix)]
fn writable(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".{}", std::process::id()));
    drop(std::fs::File::create(&probe)?);
    std::fs::remove_file(&probe)
}

/// The layer is built for systems with such a loader.
#[cfg(not(unix))]
pub(super) fn run(_: &WatchArgs) -> Result<Exit> {
    let _ = (manifest_folder, variables::<fn(&str) -> Option<std::ffi::OsString>>);
    Err(Failure::new(Exit::Unsupported, "watch needs a system with exec"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(given: &[(&str, &str)]) -> Vec<(String, String)> {
        let get = |name: &str| given.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into());
        variables(Path::new("/lay"), get)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_string_lossy().into_owned()))
            .collect()
    }

    #[test]
    fn layers_that_are_named_stay() {
        let plain = [("VK_ADD_LAYER_PATH", "/lay"), ("VK_INSTANCE_LAYERS", LAYER)];
        assert_eq!(set(&[]), plain.map(|(n, v)| (n.to_owned(), v.to_owned())));
        let given = [("VK_LAYER_PATH", "/a:/b"), ("VK_INSTANCE_LAYERS", "ABOVE")];
        let both =
            [("VK_LAYER_PATH", "/lay:/a:/b"), ("VK_INSTANCE_LAYERS", "ABOVE:VK_LAYER_VAV1D_watch")];
        assert_eq!(set(&given), both.map(|(n, v)| (n.to_owned(), v.to_owned())));
        let order = "VK_LAYER_VAV1D_watch:BELOW";
        assert_eq!(set(&[("VK_INSTANCE_LAYERS", order)])[1].1, order);
    }

    #[test]
    fn the_layer_has_the_name_of_its_manifest() {
        let manifest = include_str!("../../watch-layer/VkLayer_VAV1D_watch.json.in");
        assert!(manifest.contains(&format!("\"{LAYER}\"")));
    }
}

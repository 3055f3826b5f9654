//! `vav1d sim`: a program over the stock Vulkan driver of a chip that is not there.

use std::ffi::OsString;
use std::path::PathBuf;

use super::args::{SimArgs, Switch};
use super::exit::Exit;
use super::failure::{Failure, Result};
use vav1d_lab::surroundings::{OFFERS, SIM_LIBRARY};

/// Where packages have it, from the program's folder.
const INSTALLED: &str = "../lib/vav1d";

/// The library: named by `VAV1D_DRM_SIM_LIBRARY`, or beside this program, or where it is installed.
fn library() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("VAV1D_DRM_SIM_LIBRARY") {
        return Ok(path.into());
    }
    let here = std::env::current_exe().ok();
    let folder = here.as_deref().and_then(|exe| exe.parent());
    let places = folder.into_iter().flat_map(|dir| [dir.to_owned(), dir.join(INSTALLED)]);
    places.map(|dir| dir.join(SIM_LIBRARY)).find(|path| path.exists()).ok_or_else(|| {
        let why = "is neither beside this program nor installed: build it (cargo build --release \
                   -p drm-sim), or name it in VAV1D_DRM_SIM_LIBRARY";
        Failure::new(Exit::Unsupported, format!("{SIM_LIBRARY} {why}"))
    })
}

/// Becomes the program; comes back only with the reason why that failed.
#[cfg(target_os = "linux")]
pub(super) fn run(args: &SimArgs) -> Result<Exit> {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    let library = std::path::absolute(library()?).map_err(Failure::output)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::new(Exit::Usage, "no command is given"));
    };
    let mut preload = library.into_os_string();
    if let Some(others) = std::env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
        preload.push(":");
        preload.push(others);
    }
    let mut command = Command::new(program);
    command.args(arguments).env("LD_PRELOAD", preload).env("VAV1D_DRM_SIM", &args.chip);
    for (name, value) in OFFERS.iter().filter(|(name, _)| std::env::var_os(name).is_none()) {
        command.env(name, value);
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let on = |on: bool| on.then(|| OsString::from("1"));
    let off = args.engine == Switch::Off;
    let settings: [(&str, Option<OsString>); 8] = [
        ("VAV1D_DRM_SIM_PICTURES", args.pictures.as_ref().map(|path| absolute(path).into())),
        ("VAV1D_DRM_SIM_PLANES", on(args.planes)),
        ("VAV1D_DRM_SIM_DUMP", args.dump.as_ref().map(|path| absolute(path).into())),
        ("VAV1D_DRM_SIM_ENGINE", off.then(|| "off".into())),
        ("VAV1D_DRM_SIM_ALTER", args.alter.as_ref().map(OsString::from)),
        ("VAV1D_DRM_SIM_RECORD", args.record.as_ref().map(|path| absolute(path).into())),
        ("VAV1D_DRM_SIM_DELAY", args.delay.map(|delay| delay.to_string().into())),
        ("VAV1D_DRM_SIM_LOG", args.log.as_ref().map(|path| absolute(path).into())),
    ];
    for (name, value) in settings {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    for record in [&args.record, &args.pictures].into_iter().flatten() {
        // The library does not write over a file: it would be another process's. That one can be
        // made is known before the program runs.
        drop(super::output::create(record, &[])?);
        std::fs::remove_file(record)
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", record.display())))?;
    }
    let reason = command.exec();
    Err(Failure::new(Exit::NoInput, format!("{}: {reason}", program.to_string_lossy())))
}

/// Other systems have no such drivers.
#[cfg(not(target_os = "linux"))]
pub(super) fn run(_: &SimArgs) -> Result<Exit> {
    let _ = library;
    Err(Failure::new(Exit::Unsupported, "sim needs Linux: it imitates a DRM render node"))
}

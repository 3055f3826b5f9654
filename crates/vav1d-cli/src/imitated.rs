//! What judging has to know of a chip that `vav1d sim` imitates: where its driver copies pictures by
//! shaders, which run nowhere, they are read by the host.

use std::ffi::OsString;

use super::args::PipelineArgs;
use super::output::Notices;

/// Chips whose drivers copy by shaders alone.
const BY_SHADERS: [&str; 3] = ["adl", "dg2", "mtl"];
/// The option that has the host read pictures.
pub(super) const OPTION: &str = "--readback=host";
/// What is said of it.
pub(super) const WHY: &str = "the imitated chip copies pictures by shaders, which are not imitated: the host reads them (--readback=host)";

/// Whether this program runs over an imitated chip.
pub(super) fn is() -> bool {
    std::env::var_os("VAV1D_DRM_SIM").is_some()
}

/// Whether this program runs over such a chip.
pub(super) fn copies_by_shaders() -> bool {
    std::env::var("VAV1D_DRM_SIM").is_ok_and(|chip| BY_SHADERS.contains(&chip.as_str()))
}

/// Has the host read pictures in `args`, if nothing else is asked for and copies show nothing.
pub(super) fn settle(args: &mut PipelineArgs, notices: &Notices) {
    if copies_by_shaders() && args.shape.choose("readback", "host") {
        notices.notice(WHY);
    }
}

/// The option for a child with these options, likewise.
pub(super) fn option(given: &[OsString]) -> Option<OsString> {
    let named = |word: &OsString| word.to_string_lossy().starts_with("--readback");
    (copies_by_shaders() && !given.iter().any(named)).then(|| OPTION.into())
}

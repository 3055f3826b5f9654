//! What the engine decoded, for people and tests: an MD5 of each picture in decoding order, and the
//! pictures themselves.
//!
//! ```text
//! # vav1d drm-sim pictures 1
//! # chip = navi33
//! 0 3413dd1ef19780362e2cf7a32d471147 227x131 8 bit KEY_FRAME order_hint=0 base_q_idx=102 tiles=1
//! ```
//!
//! The MD5 is of the planes as `vav1d md5` has them: rows without gaps, Y, U and V apart, samples of
//! more than 8 bits in two bytes, least significant first. With film grain it is that of the picture
//! with it, and `clean=` that of the picture without; with `planes=1` each plane's follow.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use av1_engine::{Decoded, Frame, PlaneData};
use md5::{Digest, Md5};

use crate::chip::Chip;

/// Writes what is wanted of each picture.
#[derive(Default)]
pub(crate) struct Pictures {
    path: Option<PathBuf>,
    folder: Option<PathBuf>,
    planes: bool,
    chip: &'static str,
    file: Option<File>,
    count: usize,
}

impl Pictures {
    /// As `VAV1D_DRM_SIM_PICTURES`, `..._PLANES` and `..._DUMP` say.
    pub(crate) fn new(chip: &Chip) -> Self {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        Self {
            path: path("VAV1D_DRM_SIM_PICTURES"),
            folder: path("VAV1D_DRM_SIM_DUMP"),
            planes: std::env::var_os("VAV1D_DRM_SIM_PLANES").is_some_and(|value| value != "0"),
            chip: chip.name,
            ..Self::default()
        }
    }

    /// Takes note of one picture with what its header says.
    pub(crate) fn add(&mut self, decoded: &Decoded, facts: &str) {
        let number = self.count;
        self.count += 1;
        let shown = decoded.grained.as_ref().unwrap_or(&decoded.clean);
        let written =
            self.list(number, decoded, shown, facts).and_then(|()| self.dump(number, shown));
        if let Err(reason) = written {
            crate::log::log(&format!("the list of pictures ends here: {reason}"));
            (self.path, self.folder) = (None, None);
        }
    }

    fn list(
        &mut self,
        number: usize,
        decoded: &Decoded,
        shown: &Frame,
        facts: &str,
    ) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let planes = planes(shown);
        let mut line = format!("{number} {} {facts}", md5(planes.iter()));
        if decoded.grained.is_some() {
            line += &format!(" clean={}", md5(self::planes(&decoded.clean).iter()));
        }
        if self.planes {
            for (plane, name) in planes.iter().zip(["y", "u", "v"]) {
                line += &format!(" {name}={}", md5([plane].into_iter()));
            }
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut file = crate::record::create(path)?;
                writeln!(file, "# vav1d drm-sim pictures 1\n# chip = {}", self.chip)?;
                self.file.insert(file)
            }
        };
        writeln!(file, "{line}")
    }

    /// The samples in a file of their own, named by number, size and depth.
    fn dump(&self, number: usize, shown: &Frame) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        std::fs::create_dir_all(folder)?;
        let all = shown.planes();
        let (width, height) = all.first().map_or((0, 0), |plane| (plane.width, plane.height));
        let kind = if all.len() == 1 { "gray" } else { "yuv420p" };
        let depth = shown.bit_depth();
        let name = format!("{number:06}-{width}x{height}-{kind}-{depth}.yuv");
        std::fs::write(folder.join(name), planes(shown).concat())
    }
}

/// The bytes of each plane.
fn planes(frame: &Frame) -> Vec<Vec<u8>> {
    let bytes = |plane: &av1_engine::Plane<'_>| {
        let mut bytes = Vec::new();
        for start in (0..plane.height).map(|y| y * plane.stride) {
            let row = start..start + plane.width;
            match plane.data {
                PlaneData::U8(data) => bytes.extend(data.get(row).unwrap_or_default()),
                PlaneData::U16(data) => {
                    let samples = data.get(row).unwrap_or_default().iter();
                    bytes.extend(samples.flat_map(|sample| sample.to_le_bytes()));
                }
            }
        }
        bytes
    };
    frame.planes().iter().map(bytes).collect()
}

fn md5<'a>(parts: impl Iterator<Item = &'a Vec<u8>>) -> String {
    let mut hash = Md5::new();
    parts.for_each(|part| hash.update(part));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

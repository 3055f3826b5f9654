//! Where the texels of AMD's tiled images lie: the equations of the imitated engines against the
//! driver's own library, by `crates/drm-sim/examples/places`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Bench, FOLDER, text};

/// The program's name, beside `vav1d` in the folder.
pub(super) const PROGRAM: &str = "places";

impl Bench {
    /// Compares the places: the cell of the table.
    pub(super) fn places(&self, faults: &mut Vec<String>) -> Result<String> {
        let program = crate::root().join(FOLDER).join(PROGRAM);
        if !self.is_amd() || !program.exists() {
            return Ok(if self.is_amd() { "not built" } else { "not AMD's" }.to_owned());
        }
        let (status, said) = self.places_of(program)?;
        match status {
            // Mesa 25.0 has no host copies for RADV.
            Some(69) => Ok("no host copies".to_owned()),
            Some(0) => {
                let modes: BTreeSet<u32> = said.lines().filter_map(mode).collect();
                let modes: Vec<String> = modes.iter().map(u32::to_string).collect();
                Ok(format!("modes {}", modes.join(", ")))
            }
            _ => {
                let last = said.lines().last().unwrap_or_default();
                faults.push(format!("{}: places of texels: {last}", self.chip));
                Ok("wrong".to_owned())
            }
        }
    }

    fn places_of(&self, program: PathBuf) -> Result<(Option<i32>, String)> {
        let mut sim = self.command();
        sim.args(["sim", &self.chip, "--log", "/dev/null", "--"]).arg(program).arg(&self.chip);
        let output = sim.output().with_context(|| format!("{sim:?}"))?;
        Ok((output.status.code(), text(&output.stdout)))
    }
}

/// The mode that a line of the program is about.
fn mode(line: &str) -> Option<u32> {
    line.strip_prefix("mode ")?.split(',').next()?.parse().ok()
}

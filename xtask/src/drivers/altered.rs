//! Fields that are changed between a stock driver and the imitated engine: the picture is another,
//! and the comparison of recordings names the field.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Bench, Compared, PLANTED_IN, sample, text};

/// Fields of RADV and of ANV that decide what a picture looks like. None is of the sequence header:
/// with another one the engine's decoder has no references, which it says, and there is no picture.
const FIELDS: [(&str, &str); 6] = [
    ("av1.base_qindex", "avp.pic.base_qindex"),
    ("av1.y_dc_delta_q", "avp.pic.y_dc_delta_q"),
    ("av1.ref_deltas", "avp.filter.deblocker_filter_ref_deltas"),
    ("av1.cdef_strengths", "avp.filter.cdef_y_strength_0_to_3"),
    ("av1.filter_level", "avp.filter.luma_y_deblocker_filter_level_vertical"),
    ("av1.u_dc_delta_q", "avp.pic.u_dc_delta_q"),
];
/// The picture in decoding order.
const PICTURE: usize = 3;

impl Bench {
    /// Changes each field in turn: the cell of the table.
    pub(super) fn altered(&self, faults: &mut Vec<String>) -> Result<String> {
        let (sound, recorded) = self.with_alteration(None)?;
        let mut found = 0;
        for (radv, anv) in FIELDS {
            let field = if self.is_amd() { radv } else { anv };
            let (pictures, record) = self.with_alteration(Some(field))?;
            let first = sound.iter().zip(&pictures).position(|(a, b)| a != b);
            let named = match self.compare(&recorded, &record)? {
                Compared::Differ(fields) => fields,
                Compared::Equal(_) | Compared::Refused => Vec::new(),
            };
            let start = format!("{field} (picture {PICTURE}: ");
            match first == Some(PICTURE) && named.iter().any(|text| text.starts_with(&start)) {
                true => found += 1,
                false => faults.push(format!(
                    "{}: altered {field}: the first other picture is {first:?}, {named:?}",
                    self.chip
                )),
            }
        }
        Ok(format!("{found} shown"))
    }

    /// The MD5s of a sample's pictures, and its recording, with a field changed.
    fn with_alteration(&self, field: Option<&str>) -> Result<(Vec<String>, PathBuf)> {
        let record = self.record(if field.is_some() { "altered" } else { "unaltered" });
        let list = record.with_extension("pictures");
        for file in [&record, &list] {
            // What is not there was not written.
            let _ = std::fs::remove_file(file);
        }
        let mut sim = self.command();
        sim.args(["sim", &self.chip, "--log", "/dev/null", "--record"]).arg(&record);
        sim.arg("--pictures").arg(&list);
        if let Some(field) = field {
            sim.arg("--alter").arg(format!("{field}=+1@{PICTURE}"));
        }
        sim.arg("--").arg(&self.program);
        sim.args(["md5", "-q", "--film-grain", "off", "--device", "system"]);
        let output = sim.arg(sample(PLANTED_IN)).output().with_context(|| format!("{sim:?}"))?;
        let written = std::fs::read_to_string(&list).with_context(|| text(&output.stderr))?;
        let sums = written.lines().filter(|line| !line.starts_with('#'));
        let sums = sums.filter_map(|line| line.split(' ').nth(1)).map(str::to_owned).collect();
        Ok((sums, record))
    }
}

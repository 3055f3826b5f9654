//! Sizes of reference pictures in a recording of RADV: an engine with one pitch, one height and one
//! size for all of them (VCN up to 4) reads those that were made with others wrongly.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::{Bench, Outcome, sample};

/// Streams whose pictures refer to pictures of another size: layers, and frames that grow and that
/// shrink.
const RESIZED: [&str; 4] = ["layers-l2t2", "layers-l3t1", "size-up", "size-down"];
/// What brings references of another pitch, height or size about.
const OWN_EXTENT: &str = "--dpb-extent=frame";

/// Fields of the picture buffer that all references share.
const SHARED: [&str; 6] = [
    "dpb.luma_pitch",
    "dpb.luma_aligned_height",
    "dpb.luma_aligned_size",
    "dpb.chroma_pitch",
    "dpb.chroma_aligned_height",
    "dpb.chroma_aligned_size",
];

/// One picture's fields by name.
type Picture<'t> = BTreeMap<&'t str, &'t str>;

impl Bench {
    /// Every reference of these streams was made as it is read, and without what sees to that it is
    /// not: the cell of the table.
    pub(super) fn other_sizes(&self, faults: &mut Vec<String>) -> Result<String> {
        if !self.is_amd() {
            return Ok("not AMD's".to_owned());
        }
        let mut found = 0;
        for name in RESIZED {
            let (stream, record) = (sample(name), self.record("sizes"));
            let sound = self.decode(&[], &stream, &record)?;
            let own = self.decode(&[OWN_EXTENT], &stream, &record)?;
            let is_named = matches!(&own, Outcome::Failed(why) if why.contains(OTHERWISE));
            match sound == Outcome::Ran && is_named {
                true => found += 1,
                false => {
                    let chip = &self.chip;
                    faults.push(format!("{chip}: {name}: {sound:?}, with {OWN_EXTENT} {own:?}"));
                }
            }
        }
        Ok(format!("{found} shown"))
    }
}

/// What a fault says.
const OTHERWISE: &str = "which was made with";

/// What came of a stream that ran to its end, by its recording.
pub(super) fn outcome(record: &Path) -> Result<Outcome> {
    Ok(match other_reference(&std::fs::read_to_string(record)?) {
        Some(fault) => Outcome::Failed(fault),
        None => Outcome::Ran,
    })
}

/// The first picture of `recording` that refers to one made with another pitch, height or size: what
/// to say of it. A recording without such fields says nothing.
fn other_reference(recording: &str) -> Option<String> {
    let mut made: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for section in recording.split("\n\n") {
        let fields: Picture<'_> =
            section.lines().filter_map(|line| line.split_once(" = ")).collect();
        let Some(number) = fields.get("picture") else { continue };
        let own: Option<Vec<&str>> = SHARED.iter().map(|name| fields.get(name).copied()).collect();
        let Some(own) = own else { continue };
        let names = fields.get("av1.frame_refs").copied().unwrap_or_default();
        for reference in names.split(", ").filter_map(|name| name.strip_prefix("picture ")) {
            let Some(other) = made.get(reference).filter(|other| **other != own) else { continue };
            return Some(format!(
                "picture {number} reads picture {reference} with {}, {OTHERWISE} {}",
                own.join("/"),
                other.join("/")
            ));
        }
        made.insert(number, own);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(number: usize, height: u32, references: &str) -> String {
        let mut text = format!("submission {number} decode\n");
        for name in SHARED {
            let value = if name.ends_with("height") { height } else { 256 };
            text.push_str(&format!("{name} = {value}\n"));
        }
        text.push_str(&format!("picture = {number}\nav1.frame_refs = {references}\n"));
        text
    }

    #[test]
    fn a_reference_of_another_height_is_found() {
        let key = picture(0, 128, "none, none");
        let same = picture(1, 128, "picture 0, picture 0");
        let other = picture(2, 256, "picture 1, none");
        assert_eq!(other_reference(&[&*key, &*same].join("\n")), None);
        let found = other_reference(&[key, same, other].join("\n")).unwrap_or_default();
        assert!(found.starts_with("picture 2 reads picture 1 with 256/256/"), "{found}");
    }

    #[test]
    fn recordings_without_these_fields_say_nothing() {
        assert_eq!(other_reference("avp.references = picture 0\n\npicture = 1\n"), None);
    }
}

//! What a driver draws.

use super::*;

/// How pictures are sampled: by planes where the driver lets us, and as one without that must be.
const WAYS: [&str; 2] = ["auto", "whole"];

/// What is said where shaders can sample outputs by neither.
const NEITHER: &str = "pictures go through the host: no format for outputs can be sampled";

impl Bench {
    /// The player on the one device: it draws every picture from where it was decoded, by views of its
    /// planes and as a whole, and the video engine is given what it is given otherwise.
    pub(super) fn drawn(&self, faults: &mut Vec<String>) -> Result<String> {
        let mut pictures = 0;
        for (name, way) in SHAPED.into_iter().flat_map(|name| WAYS.map(|way| (name, way))) {
            let stream = sample(name);
            let (default, record) = (self.record("drawn-default"), self.record("drawn"));
            if self.decode(&[], &stream, &default)? == Outcome::Refused {
                continue;
            }
            let folder = crate::root().join(FOLDER).join("drawn").to_string_lossy().into_owned();
            let mut arguments = vec!["--json", "-v", "play", "--device", "system"];
            if self.with.validate {
                arguments.push("--validate");
            }
            arguments.extend(["--pictures", way, "--render-to", &folder, &stream]);
            let (output, log) = self.vav1d(&arguments, &record)?;
            let said = text(&output.stdout);
            let last = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
            let played: serde_json::Value = last.unwrap_or_default();
            let count = |what: &str| played["data"][what].as_u64().unwrap_or_default();
            let (presented, on_device) = (count("presented"), count("on_device"));
            // A driver whose conversions do not know the format says so (ANV 25.0 with 10 bits).
            if way == "whole" && on_device == 0 && text(&output.stderr).contains(NEITHER) {
                continue;
            }
            let compared = match output.status.success() && log.is_empty() {
                true => self.compare(&default, &record)?,
                false => Compared::Refused,
            };
            match compared {
                Compared::Equal(_) if presented > 0 && presented == on_device => {
                    pictures += on_device;
                }
                compared => faults.push(format!(
                    "{}: {name}: --pictures {way}: {on_device} of {presented} pictures are drawn from where they were decoded, {compared:?}, {}: {log}{}",
                    self.chip,
                    output.status,
                    text(&output.stderr)
                )),
            }
        }
        Ok(format!("{pictures} pictures"))
    }
}

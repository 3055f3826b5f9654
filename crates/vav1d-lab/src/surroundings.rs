//! What stands in front of a command so that it meets the same driver when it is called again: the
//! variables that decide, and `vav1d sim`.

use std::ffi::{OsStr, OsString};

/// The library below `vav1d sim`.
pub const SIM_LIBRARY: &str = "libdrm_sim.so";

/// Variables that make a driver offer video decode where it does not on its own, and what `vav1d sim`
/// gives those that are not set.
pub const OFFERS: [(&str, &str); 4] = [
    ("ANV_DEBUG", "video-decode"),
    ("ANV_VIDEO_DECODE", "1"),
    // The second is the first's name since Mesa 25.2. The queue that only copies is imitated.
    ("RADV_PERFTEST", "video_decode,transfer_queue"),
    ("RADV_EXPERIMENTAL", "video_decode,transfer_queue"),
];

/// Other variables that decide which driver a device is, and how it behaves.
const VARIABLES: [&str; 9] = [
    "VK_DRIVER_FILES",
    "VK_ADD_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "VK_LAYER_PATH",
    "VK_INSTANCE_LAYERS",
    "SOFTVK_CONFIG",
    "LD_PRELOAD",
    "VAV1D_DRM_SIM_LIBRARY",
    "VAV1D_VERIFY_CHILD",
];

/// What `vav1d sim` was told, by the variable that tells the library, as options.
const SIM_OPTIONS: [(&str, &str); 3] = [
    ("VAV1D_DRM_SIM_ALTER", "--alter"),
    ("VAV1D_DRM_SIM_DELAY", "--delay"),
    ("VAV1D_DRM_SIM_ENGINE", "--engine"),
];

/// In what surroundings a process was called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    variables: Vec<(&'static str, OsString)>,
    /// `sim`, its chip and its options, where the process runs over a chip that is imitated.
    sim: Vec<OsString>,
}

impl Surroundings {
    /// Those of this process.
    pub fn here() -> Self {
        Self::of(|name| std::env::var_os(name))
    }

    /// Those that variables tell.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut sim = Vec::new();
        if let Some(chip) = variable("VAV1D_DRM_SIM") {
            sim.extend(["sim".into(), chip]);
            for (name, option) in SIM_OPTIONS {
                sim.extend(
                    variable(name).map(|value| [option.into(), value]).into_iter().flatten(),
                );
            }
        }
        let offered = OFFERS.into_iter().filter_map(|(name, usual)| {
            // `sim` sets it again.
            let value = variable(name).filter(|value| sim.is_empty() || value != usual)?;
            Some((name, value))
        });
        let others = VARIABLES.into_iter().filter_map(|name| {
            let value = variable(name)?;
            let preloaded = name == "LD_PRELOAD" && !sim.is_empty();
            let value = if preloaded { without_library(&value) } else { value };
            (!value.is_empty()).then_some((name, value))
        });
        let variables = others.chain(offered).collect();
        Self { variables, sim }
    }

    /// `program` called with `words` in these surroundings, as a POSIX shell reads it.
    pub fn line(&self, program: &OsStr, words: &[OsString]) -> String {
        let mut all: Vec<_> = self.variables.iter().map(|(name, value)| set(name, value)).collect();
        let program = quoted(program);
        if !self.sim.is_empty() {
            all.push(program.clone());
            all.extend(self.sim.iter().map(|word| quoted(word)));
            all.push("--".to_owned());
        }
        all.push(program);
        all.extend(words.iter().map(|word| quoted(word)));
        all.join(" ")
    }
}

fn set(name: &str, value: &OsStr) -> String {
    format!("{name}={}", quoted(value))
}

/// A list of preloaded libraries less the one that `sim` puts in front.
fn without_library(list: &OsStr) -> OsString {
    let list = list.to_string_lossy();
    let ours = |path: &&str| path.rsplit('/').next() == Some(SIM_LIBRARY);
    let others = list.split([':', ' ']).filter(|path| !path.is_empty() && !ours(path));
    others.collect::<Vec<_>>().join(":").into()
}

/// A word as a POSIX shell reads it.
pub fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+@:=,-%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(variables: &[(&str, &str)]) -> String {
        let value = |name: &str| Some(variables.iter().find(|(n, _)| *n == name)?.1.into());
        Surroundings::of(value).line(OsStr::new("vav1d"), &["md5".into(), "a b".into()])
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, text) in [
            ("soft:fault=crash@3", "soft:fault=crash@3"),
            ("^s/a\\.ivf$", "'^s/a\\.ivf$'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), text);
        }
    }

    #[test]
    fn variables_stand_in_front() {
        let plain = [("SOFTVK_CONFIG", "a b"), ("RADV_PERFTEST", "x"), ("HOME", "/h")];
        assert_eq!(line(&plain), "SOFTVK_CONFIG='a b' RADV_PERFTEST=x vav1d md5 'a b'");
        assert_eq!(line(&[("LD_PRELOAD", "/l/a.so")]), "LD_PRELOAD=/l/a.so vav1d md5 'a b'");
    }

    #[test]
    fn an_imitated_chip_is_imitated_again() {
        let mut variables = vec![("VAV1D_DRM_SIM", "lnl"), ("LD_PRELOAD", "/l/libdrm_sim.so")];
        variables.extend(OFFERS);
        assert_eq!(line(&variables), "vav1d sim lnl -- vav1d md5 'a b'");
        variables[1].1 = "/l/libdrm_sim.so:/l/a.so";
        variables.push(("VAV1D_DRM_SIM_ALTER", "av1.base_q_idx=+1@3"));
        variables.push(("VAV1D_DRM_SIM_ENGINE", "off"));
        assert_eq!(
            line(&variables),
            "LD_PRELOAD=/l/a.so vav1d sim lnl --alter av1.base_q_idx=+1@3 --engine off -- \
             vav1d md5 'a b'"
        );
    }
}

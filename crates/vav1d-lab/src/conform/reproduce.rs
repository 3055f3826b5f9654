//! Commands that show a failure again.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf, absolute};

use super::outcome::{Failure, Outcome};
use super::record::Record;
use super::vector::Vector;

/// Variables that decide which driver a device is, and how it behaves.
const VARIABLES: [&str; 8] = [
    "VK_DRIVER_FILES",
    "VK_ADD_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "VK_LAYER_PATH",
    "VK_INSTANCE_LAYERS",
    "SOFTVK_CONFIG",
    "LD_PRELOAD",
    "VAV1D_VERIFY_CHILD",
];

/// How `verify` was called, as far as it matters to one vector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reproduce {
    /// Variables of [`VARIABLES`] and their values.
    environment: Vec<(&'static str, OsString)>,
    /// The program, as it was called.
    program: OsString,
    /// The device.
    device: String,
    /// Options of `verify` in front of the suites.
    options: Vec<OsString>,
    /// Options of the children.
    child_options: Vec<OsString>,
    /// All suites.
    suites: Vec<PathBuf>,
}

impl Reproduce {
    /// Of this process: `program` is how it was called.
    pub fn new(
        program: Option<OsString>,
        device: &str,
        options: Vec<OsString>,
        child_options: &[OsString],
        suites: &[PathBuf],
    ) -> Self {
        let value = |name| Some((name, std::env::var_os(name)?));
        let program = program.unwrap_or_else(|| "vav1d".into());
        // A path works from everywhere, a name of the search path does so already.
        let is_path = Path::new(&program).components().count() > 1;
        let program = match absolute(&program) {
            Ok(path) if is_path => path.into(),
            _ => program,
        };
        Self {
            environment: VARIABLES.into_iter().filter_map(value).collect(),
            program,
            device: device.to_owned(),
            options,
            child_options: child_options.to_vec(),
            suites: suites.to_vec(),
        }
    }

    /// The commands for a vector that failed: `verify` of it alone, which fails in the same way,
    /// and `compare` where pictures are wrong, which says where.
    pub fn commands(&self, vector: &Vector, record: &Record) -> Vec<String> {
        let mut commands = vec![self.verify(vector)];
        let wrong = matches!(record.outcome, Some(Outcome::Fail(Failure::WrongPixels { .. })));
        if wrong && record.explained.as_ref().is_some_and(|explained| explained.first.is_some()) {
            commands.push(self.compare(vector, record));
        }
        commands
    }

    fn verify(&self, vector: &Vector) -> String {
        let name = format!("^{}$", regex::escape(&vector.name));
        let mut words = self.begin("verify");
        words.extend(self.options.iter().cloned());
        words.extend(["--filter".into(), name.into()]);
        // A second vector of one name has it beside the first alone.
        match vector.name.contains('~') {
            true => words.extend(self.suites.iter().map(|suite| whole(suite).into())),
            false => words.push(whole(&vector.suite_path).into()),
        }
        if !self.child_options.is_empty() {
            words.push("--".into());
            words.extend(self.child_options.iter().cloned());
        }
        self.line(&words)
    }

    fn compare(&self, vector: &Vector, record: &Record) -> String {
        let mut words = self.begin("compare");
        words.extend(record.options.iter().map(OsString::from));
        if let Some(limit) = vector.limit {
            words.extend(["--limit".into(), limit.to_string().into()]);
        }
        words.extend(self.child_options.iter().cloned());
        words.extend(["--".into(), whole(&vector.input).into()]);
        self.line(&words)
    }

    fn begin(&self, command: &str) -> Vec<OsString> {
        let device = ["--device".into(), self.device.clone().into()];
        [self.program.clone(), command.into()].into_iter().chain(device).collect()
    }

    fn line(&self, words: &[OsString]) -> String {
        let set = |(name, value): &(&str, OsString)| format!("{name}={}", quoted(value));
        let variables = self.environment.iter().map(set);
        variables.chain(words.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
    }
}

fn whole(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_owned())
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
    fn a_vector_is_run_alone_with_the_options_of_all() {
        let options = vec!["--timeout".into(), "3".into()];
        let mut reproduce =
            Reproduce::new(Some("vav1d".into()), "soft:x", options, &["--dpb".into()], &[]);
        reproduce.environment = vec![("SOFTVK_CONFIG", "a b".into())];
        let mut vector = Vector::new("s/a.ivf", "/s/a.ivf".into());
        vector.suite_path = "/s".into();
        assert_eq!(
            reproduce.verify(&vector),
            "SOFTVK_CONFIG='a b' vav1d verify --device soft:x --timeout 3 \
             --filter '^s/a\\.ivf$' /s -- --dpb"
        );
    }
}

//! Commands that show a failure again.

use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};

use super::outcome::{Failure, Outcome};
use super::record::Record;
use super::vector::Vector;
use crate::surroundings::Surroundings;

/// How `verify` was called, as far as it matters to one vector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reproduce {
    surroundings: Surroundings,
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
        let program = program.unwrap_or_else(|| "vav1d".into());
        // A path works from everywhere, a name of the search path does so already.
        let is_path = Path::new(&program).components().count() > 1;
        let program = match absolute(&program) {
            Ok(path) if is_path => path.into(),
            _ => program,
        };
        Self {
            surroundings: Surroundings::here(),
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
        self.surroundings.line(&self.program, &words)
    }

    fn compare(&self, vector: &Vector, record: &Record) -> String {
        let mut words = self.begin("compare");
        words.extend(record.options.iter().map(OsString::from));
        if let Some(limit) = vector.limit {
            words.extend(["--limit".into(), limit.to_string().into()]);
        }
        words.extend(self.child_options.iter().cloned());
        words.extend(["--".into(), whole(&vector.input).into()]);
        self.surroundings.line(&self.program, &words)
    }

    fn begin(&self, command: &str) -> Vec<OsString> {
        let device = ["--device".into(), self.device.clone().into()];
        std::iter::once(command.into()).chain(device).collect()
    }
}

fn whole(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_run_alone_with_the_options_of_all() {
        let options = vec!["--timeout".into(), "3".into()];
        let mut reproduce =
            Reproduce::new(Some("vav1d".into()), "soft:x", options, &["--dpb".into()], &[]);
        let config = |name: &str| (name == "SOFTVK_CONFIG").then(|| "a b".into());
        reproduce.surroundings = Surroundings::of(config);
        let mut vector = Vector::new("s/a.ivf", "/s/a.ivf".into());
        vector.suite_path = "/s".into();
        assert_eq!(
            reproduce.verify(&vector),
            "SOFTVK_CONFIG='a b' vav1d verify --device soft:x --timeout 3 \
             --filter '^s/a\\.ivf$' /s -- --dpb"
        );
    }
}

//! Circles: modules of one crate that name each other, whatever lies between them.
//!
//! A module and the files of its folder are one subject, so the modules that are looked at lie side by
//! side in a folder, each with all that is below it. What is public by `use` counts where it is
//! defined. Tests are not looked at.

use std::collections::{BTreeMap, BTreeSet};

/// A module, by its names below the crate's root.
type Path = Vec<String>;

/// The modules of a crate.
#[derive(Default)]
pub(super) struct Crate {
    /// The text of each module, without comments and literals, and its file.
    modules: BTreeMap<Path, (String, String)>,
    /// Modules that only tests have.
    tests: BTreeSet<Path>,
}

/// What a file names: a path below the crate's root, and whether it makes it public under a name.
struct Named {
    path: Path,
    public: Option<String>,
}

impl Crate {
    /// Takes in the file `file`, which is `name` below the folder of sources.
    pub(super) fn add(&mut self, name: &str, file: &str, text: &str) {
        let Some(path) = name.strip_suffix(".rs") else { return };
        let mut path: Path = path.split('/').map(str::to_owned).collect();
        let last = path.last().map(String::as_str);
        if path.iter().any(|part| matches!(&**part, "tests" | "testing" | "bin")) {
            return;
        }
        if matches!(last, Some("mod" | "lib" | "main")) {
            path.pop();
        }
        for (line, next) in text.lines().zip(text.lines().skip(1)) {
            let of_tests = line.starts_with("#[cfg(") && line.contains("test");
            let name = next.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
            if let Some(name) = name.filter(|_| of_tests) {
                self.tests.insert(path.iter().cloned().chain([name.to_owned()]).collect());
            }
        }
        self.modules.insert(path, (bare(text), file.to_owned()));
    }

    /// Every circle, each in a line.
    pub(super) fn circles(&self) -> Vec<String> {
        let named: BTreeMap<&Path, Vec<Named>> = self
            .modules
            .iter()
            .map(|(module, (text, _))| (module, self.named(module, text)))
            .collect();
        // In each folder which of its modules names which, and in which files.
        let mut arrows: BTreeMap<Path, BTreeMap<(String, String), String>> = BTreeMap::new();
        let is_test = |module: &Path| self.tests.iter().any(|test| module.starts_with(test));
        for (module, all) in named.iter().filter(|(module, _)| !is_test(module)) {
            for one in all {
                let Some(other) = self.home(&named, &one.path, 0) else { continue };
                let same = module.iter().zip(&other).take_while(|(a, b)| a == b).count();
                let (Some(from), Some(to)) = (module.get(same), other.get(same)) else { continue };
                let files = format!("{} -> {}", self.file(module), self.file(&other));
                let folder = arrows.entry(module[..same].to_vec()).or_default();
                folder.entry((from.clone(), to.clone())).or_insert(files);
            }
        }
        arrows.values().flat_map(circles).collect()
    }

    fn file(&self, module: &Path) -> &str {
        self.modules.get(module).map_or("", |(_, file)| file)
    }

    /// The module that defines `path`, through what others make public.
    fn home(
        &self,
        named: &BTreeMap<&Path, Vec<Named>>,
        path: &[String],
        depth: usize,
    ) -> Option<Path> {
        /// More steps than this are a circle of `use`.
        const STEPS: usize = 8;
        let module = (0..=path.len()).rev().map(|n| &path[..n]);
        let module =
            module.map(<[String]>::to_vec).find(|module| self.modules.contains_key(module))?;
        let rest = &path[module.len()..];
        let public = rest.first().and_then(|name| {
            named.get(&module)?.iter().find(|one| one.public.as_ref() == Some(name))
        });
        match public.filter(|_| depth < STEPS) {
            Some(one) => {
                let further: Path = one.path.iter().chain(&rest[1..]).cloned().collect();
                self.home(named, &further, depth + 1)
            }
            None => Some(module),
        }
    }

    /// What `text`, of `module`, names of its crate.
    fn named(&self, module: &Path, text: &str) -> Vec<Named> {
        let mut all = Vec::new();
        let mut known: BTreeMap<String, Path> = BTreeMap::new();
        let (uses, rest) = uses(text);
        for (public, tree) in uses {
            for (path, name) in leaves(&tree) {
                let Some(path) = self.absolute(module, &path) else { continue };
                if self.modules.contains_key(&path) {
                    known.insert(name.clone(), path.clone());
                }
                all.push(Named { path, public: public.then_some(name) });
            }
        }
        for path in paths(&rest) {
            let (first, more) = (&path[0], &path[1..]);
            let path = match known.get(first) {
                Some(path) => Some(path.iter().chain(more).cloned().collect()),
                None => self.absolute(module, &path),
            };
            all.extend(path.map(|path| Named { path, public: None }));
        }
        all
    }

    /// `path`, as it stands in `module`, from the crate's root; `None` if it is of another crate.
    fn absolute(&self, module: &Path, path: &[String]) -> Option<Path> {
        let (first, mut rest) = path.split_first()?;
        let mut start = module.clone();
        match &**first {
            "crate" => Some(rest.to_vec()),
            "self" | "super" => {
                let mut word = &**first;
                loop {
                    if word == "super" {
                        start.pop();
                    }
                    match rest.first().map(String::as_str) {
                        Some(next @ ("self" | "super")) => (word, rest) = (next, &rest[1..]),
                        _ => break,
                    }
                }
                Some(start.into_iter().chain(rest.iter().cloned()).collect())
            }
            _ => {
                start.push(first.clone());
                let is_child = self.modules.contains_key(&start);
                is_child.then(|| start.into_iter().chain(rest.iter().cloned()).collect())
            }
        }
    }
}

/// The circles of one folder.
fn circles(arrows: &BTreeMap<(String, String), String>) -> Vec<String> {
    let next = |from: &str| -> Vec<&str> {
        arrows.keys().filter(|(a, _)| a == from).map(|(_, b)| b.as_str()).collect()
    };
    let reached = |from: &str| {
        let (mut seen, mut waiting) = (BTreeSet::new(), next(from));
        while let Some(module) = waiting.pop() {
            if seen.insert(module.to_owned()) {
                waiting.extend(next(module));
            }
        }
        seen
    };
    let modules: BTreeSet<&str> = arrows.keys().map(|(from, _)| from.as_str()).collect();
    let reach: BTreeMap<&str, BTreeSet<String>> =
        modules.iter().map(|module| (*module, reached(module))).collect();
    let round = |a: &str, b: &str| {
        let reaches = |a: &str, b: &str| reach.get(a).is_some_and(|all| all.contains(b));
        reaches(a, b) && reaches(b, a)
    };
    let mut found = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for module in &modules {
        if told.contains(module) || !round(module, module) {
            continue;
        }
        let all: Vec<&str> = modules.iter().copied().filter(|other| round(module, other)).collect();
        let ties = arrows.iter().filter(|((a, b), _)| all.contains(&&**a) && all.contains(&&**b));
        let ties: Vec<&str> = ties.map(|(_, files)| &**files).collect();
        found.push(format!("{} name each other: {}", all.join(", "), ties.join(", ")));
        told.extend(all);
    }
    found
}

/// `text` up to its tests, without comments and what is in quotation marks.
fn bare(text: &str) -> String {
    let mut code = String::new();
    let mut waits = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if waits && trimmed.starts_with("mod ") && trimmed.ends_with('{') {
            break;
        }
        waits = trimmed.starts_with("#[cfg(") && trimmed.contains("test");
        let mut quoted = false;
        let mut before = ' ';
        for (at, c) in line.char_indices() {
            if !quoted && line[at..].starts_with("//") {
                break;
            }
            if c == '"' && before != '\\' && before != '\'' {
                quoted = !quoted;
            }
            if !quoted {
                code.push(c);
            }
            before = c;
        }
        code.push('\n');
    }
    code
}

/// The trees of `use`, each with whether it is public, and the text without them.
fn uses(text: &str) -> (Vec<(bool, String)>, String) {
    let (mut all, mut rest) = (Vec::new(), String::new());
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if open.is_none() {
            let public = trimmed.starts_with("pub");
            let words = trimmed.split_once("use ").filter(|(before, _)| {
                let before = before.trim();
                before.is_empty()
                    || before == "pub"
                    || before.starts_with("pub(") && before.ends_with(')')
            });
            match words {
                Some((_, tree)) => open = Some((public, tree.to_owned())),
                None => {
                    rest.push_str(line);
                    rest.push('\n');
                }
            }
        } else if let Some((_, tree)) = &mut open {
            tree.push_str(trimmed);
        }
        let ended = |(_, tree): &mut (bool, String)| tree.ends_with(';');
        all.extend(open.take_if(ended));
    }
    (all, rest)
}

/// The paths of a tree of `use`, with the names that they have then.
fn leaves(tree: &str) -> Vec<(Path, String)> {
    let tree = tree.trim().trim_end_matches(';');
    let mut depth = 0;
    let commas = |c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    };
    let mut found = Vec::new();
    for part in tree.split(commas).map(str::trim).filter(|part| !part.is_empty()) {
        if let Some((head, inner)) = part.split_once('{') {
            let head = words(head);
            let inner = inner.strip_suffix('}').unwrap_or(inner);
            found.extend(leaves(inner).into_iter().map(|(path, name)| {
                let own: Path = head.iter().cloned().chain(path).collect();
                match own.last().map(String::as_str) {
                    // `a::{self}` is `a`.
                    Some("self") => {
                        let name = head.last().cloned().unwrap_or_default();
                        (head.clone(), name)
                    }
                    _ => (own, name),
                }
            }));
            continue;
        }
        let (path, alias) = part.split_once(" as ").unwrap_or((part, ""));
        let path = words(path);
        let name = if alias.is_empty() { path.last().cloned() } else { Some(alias.to_owned()) };
        found.push((path, name.unwrap_or_default()));
    }
    found
}

fn words(path: &str) -> Path {
    path.split("::").map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The paths in code: names with `::` between them.
fn paths(code: &str) -> Vec<Path> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let all = code.split(|c: char| !is_path(c)).filter(|word| word.contains("::"));
    let whole = all.filter(|word| !word.starts_with(':')).map(words);
    whole.filter(|path| path.len() > 1).collect()
}

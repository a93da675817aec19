//! The files of the project, read once for all rules.

use std::{collections::BTreeSet, fs, io, path::Path};

/// Folders that are made, not written.
pub(super) const MADE: [&str; 7] =
    ["target", "node_modules", ".git", ".authmint", "dist", "prebuilds", ".next"];

/// Endings of files that people write and read as text.
const WRITTEN: [&str; 11] =
    [".rs", ".md", ".toml", ".mjs", ".ts", ".js", ".html", ".css", ".sql", ".sh", ".ci/run"];

/// A written file.
pub(super) struct File {
    /// Its path from the root, with `/` on every system.
    pub(super) path: String,
    /// Its text.
    pub(super) text: String,
}

/// The project's tree.
#[derive(Default)]
pub(super) struct Tree {
    /// Every written file, sorted by path.
    pub(super) files: Vec<File>,
    /// The path of every file and folder, whatever its kind.
    pub(super) paths: BTreeSet<String>,
}

impl Tree {
    /// Reads it from disk. What a vector file holds is its source's business: `vectors/` gives paths only.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.visit(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// A tree of samples, for the rules' own tests.
    #[cfg(test)]
    pub(super) fn of(samples: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in samples {
            let folders = path.match_indices('/').map(|(end, _)| path[..end].to_owned());
            tree.paths.extend(folders.chain([(*path).to_owned()]));
            tree.files.push(File { path: (*path).to_owned(), text: (*text).to_owned() });
        }
        tree
    }

    /// The written files with this ending.
    pub(super) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    fn visit(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if !MADE.contains(&name.as_str()) {
                    self.visit(&entry.path(), &format!("{path}/"))?;
                    self.paths.insert(path);
                }
                continue;
            }
            if WRITTEN.iter().any(|end| path.ends_with(end)) && !path.starts_with("vectors/") {
                self.files.push(File { path: path.clone(), text: fs::read_to_string(entry.path())? });
            }
            self.paths.insert(path);
        }
        Ok(())
    }
}

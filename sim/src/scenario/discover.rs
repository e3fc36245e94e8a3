//! Which files the paths of a command line mean.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

/// A scenario file and the scenario's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Found {
    /// The path below the nearest folder called `scenarios`, or else below the folder given; without
    /// `.toml`, with `/`. So a scenario has one name, whichever way it was reached.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// Why paths do not lead to scenarios.
#[derive(Debug)]
pub enum DiscoverError {
    /// There is no such file or folder.
    Missing(PathBuf),
    /// A file given by name that is no `.toml`.
    NotToml(PathBuf),
    /// A folder with no `.toml` in it, at any depth.
    Empty(PathBuf),
    /// The system refused to list it.
    Unreadable(PathBuf, io::Error),
}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "there is no file or folder {}", path.display()),
            Self::NotToml(path) => {
                write!(f, "{} is not a scenario: its name does not end in .toml", path.display())
            }
            Self::Empty(path) => {
                write!(f, "there is no scenario (a .toml file) in the folder {}", path.display())
            }
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for DiscoverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            _ => None,
        }
    }
}

/// Every scenario that the paths mean, sorted by name, each file once. A folder means all the
/// `.toml` files in it, at any depth.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<Found>, DiscoverError> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DiscoverError::Missing(path.clone()),
            _ => DiscoverError::Unreadable(path.clone(), error),
        })?;
        if !metadata.is_dir() {
            found.push(file(path)?);
            continue;
        }
        let before = found.len();
        folder(path, path, &mut found)?;
        if found.len() == before {
            return Err(DiscoverError::Empty(path.clone()));
        }
    }
    found.sort();
    // A file that is given by itself and in a folder has one name or two, but is one file.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|found| seen.insert(found.path.clone()));
    Ok(found)
}

fn file(path: &Path) -> Result<Found, DiscoverError> {
    if !is_toml(path) {
        return Err(DiscoverError::NotToml(path.into()));
    }
    let root = path.parent().unwrap_or(path);
    Ok(Found { name: name(path, root), path: path.into() })
}

fn folder(root: &Path, path: &Path, found: &mut Vec<Found>) -> Result<(), DiscoverError> {
    let unreadable = |error| DiscoverError::Unreadable(path.into(), error);
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // A link to a folder is not followed: it might lead back up.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            folder(root, &path, found)?;
        } else if is_toml(&path) && path.is_file() {
            found.push(Found { name: name(&path, root), path });
        }
    }
    Ok(())
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

/// The name of a scenario that was found below `root`.
fn name(path: &Path, root: &Path) -> String {
    let is_home = |folder: &&Path| folder.file_name().is_some_and(|name| name == "scenarios");
    let home = path.ancestors().skip(1).find(is_home).unwrap_or(root);
    let below = path.strip_prefix(home).unwrap_or(path);
    let without = below.with_extension("");
    let parts = without.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

//! Which files the paths of a command line mean.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::include;

#[cfg(test)]
mod tests;

/// A scenario file and the scenario's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Found {
    /// The path below the nearest folder called `scenarios`, or else below the folder given; without
    /// `.toml`, with `/`. So a scenario has one name, whichever way it was reached.
    pub name: String,
    /// The file as it was given, or below the folder given.
    pub path: PathBuf,
    /// The file as the system knows it: the same for every path that leads to it.
    pub file: PathBuf,
}

/// Why paths do not lead to scenarios.
#[derive(Debug)]
pub enum DiscoverError {
    /// There is no such file or folder.
    Missing(PathBuf),
    /// A file given by name that is no `.toml`.
    NotToml(PathBuf),
    /// Neither a file nor a folder: reading it might never end.
    Special(PathBuf),
    /// A folder with no `.toml` in it, at any depth.
    Empty(PathBuf),
    /// Its path is no text of one line: no report could name it, and no command repeat it.
    Unprintable(PathBuf),
    /// Two files whose scenarios have one name.
    SameName(String, PathBuf, PathBuf),
    /// The system refused to list it.
    Unreadable(PathBuf, io::Error),
}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "there is no file or folder {}", shown(path)),
            Self::NotToml(path) => {
                write!(f, "{} is not a scenario: its name does not end in .toml", shown(path))
            }
            Self::Special(path) => write!(f, "{} is neither a file nor a folder", shown(path)),
            Self::Empty(path) => {
                write!(f, "there is no scenario (a .toml file) in the folder {}", shown(path))
            }
            Self::Unprintable(path) => {
                let why = "its path has control characters or is not UTF-8";
                write!(f, "{}: {why}; give it another name", shown(path))
            }
            Self::SameName(name, first, second) => {
                let (first, second) = (shown(first), shown(second));
                write!(f, "{first} and {second} are both called {name}: give one of them only")
            }
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", shown(path)),
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

/// A path for messages: on one line, without what could move the cursor.
pub fn shown(path: &Path) -> String {
    let mut shown = String::new();
    for c in path.to_string_lossy().chars() {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// Every scenario that the paths mean, sorted by name, each file once and each name once. A folder
/// means all the `.toml` files in it, at any depth, but for those that others of them include.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<Found>, DiscoverError> {
    let (mut given, mut found) = (BTreeSet::new(), Vec::new());
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DiscoverError::Missing(path.clone()),
            _ => DiscoverError::Unreadable(path.clone(), error),
        })?;
        if !metadata.is_dir() {
            let file = file(path, &metadata)?;
            given.insert(file.file.clone());
            found.push(file);
            continue;
        }
        let before = found.len();
        folder(path, path, &mut found)?;
        if found.len() == before {
            return Err(DiscoverError::Empty(path.clone()));
        }
    }
    // By name alone: of several paths to one file, the first one given stays.
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let mut seen = BTreeSet::new();
    found.retain(|found| seen.insert(found.file.clone()));
    let included = included(&found);
    found.retain(|found| given.contains(&found.file) || !included.contains(&found.file));
    match found.windows(2).find(|pair| pair[0].name == pair[1].name) {
        None => Ok(found),
        Some([first, second]) => {
            let (first, second) = (first.clone(), second.clone());
            Err(DiscoverError::SameName(first.name, first.path, second.path))
        }
        Some(_) => unreachable!("windows of two"),
    }
}

/// The files that others include. Of those that include each other, which is a mistake, none is left
/// out.
fn included(found: &[Found]) -> BTreeSet<PathBuf> {
    let includes: BTreeMap<&PathBuf, BTreeSet<PathBuf>> =
        found.iter().map(|found| (&found.file, include::closure(&found.file))).collect();
    let each_other =
        |one: &PathBuf, other: &PathBuf| includes.get(other).is_some_and(|back| back.contains(one));
    let pairs = includes.iter().flat_map(|(one, all)| all.iter().map(move |other| (*one, other)));
    pairs.filter(|(one, other)| !each_other(one, other)).map(|(_, other)| other.clone()).collect()
}

fn file(path: &Path, metadata: &fs::Metadata) -> Result<Found, DiscoverError> {
    if !metadata.is_file() {
        return Err(DiscoverError::Special(path.into()));
    }
    if !is_toml(path) {
        return Err(DiscoverError::NotToml(path.into()));
    }
    found(path, path.parent().unwrap_or(path))
}

fn folder(root: &Path, path: &Path, into: &mut Vec<Found>) -> Result<(), DiscoverError> {
    let unreadable = |error| DiscoverError::Unreadable(path.into(), error);
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // A link to a folder is not followed: it might lead back up.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            folder(root, &path, into)?;
        } else if is_toml(&path) && path.is_file() {
            into.push(found(&path, root)?);
        }
    }
    Ok(())
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

/// The scenario in a file that was found below `root`.
fn found(path: &Path, root: &Path) -> Result<Found, DiscoverError> {
    let file = fs::canonicalize(path)
        .map_err(|error| DiscoverError::Unreadable(path.to_path_buf(), error))?;
    let unprintable = || DiscoverError::Unprintable(path.to_path_buf());
    let name = name(&file, path, root).filter(|name| is_printable(name)).ok_or_else(unprintable)?;
    path.to_str().filter(|path| is_printable(path)).ok_or_else(unprintable)?;
    Ok(Found { name, path: path.into(), file })
}

fn is_printable(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// The name of the scenario in `file`, to which `path` leads; `None` if it is not UTF-8.
fn name(file: &Path, path: &Path, root: &Path) -> Option<String> {
    // The folder may be a link to one called otherwise: then the path given still tells.
    let plain = !path.components().any(|part| part == Component::ParentDir);
    let given = || below_home(path).filter(|_| plain);
    let below = below_home(file).or_else(given).or_else(|| path.strip_prefix(root).ok());
    let without = below.unwrap_or(path).with_extension("");
    let parts = without.components().map(|part| part.as_os_str().to_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}

/// The part of a path below the nearest folder called `scenarios`.
fn below_home(path: &Path) -> Option<&Path> {
    let is_home = |folder: &&Path| folder.file_name().is_some_and(|name| name == "scenarios");
    path.strip_prefix(path.ancestors().skip(1).find(is_home)?).ok()
}

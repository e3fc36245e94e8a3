use super::*;

/// A folder of its own for one test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str, files: &[&str]) -> Self {
        let folder = format!("underpass-discover-{}-{test}", std::process::id());
        let root = std::env::temp_dir().join(folder);
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        Self(root)
    }

    fn names(&self, paths: &[&str]) -> Result<Vec<String>, DiscoverError> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| self.0.join(path)).collect();
        Ok(discover(&paths)?.into_iter().map(|found| found.name).collect())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const FILES: &[&str] = &[
    "scenarios/nat/pairs.toml",
    "scenarios/nat/deep/hairpin.toml",
    "scenarios/basic.toml",
    "scenarios/README.md",
    "elsewhere/mine.toml",
];

#[test]
fn a_folder_means_every_scenario_in_it() {
    let folder = Folder::new("folder", FILES);
    let names = folder.names(&["scenarios"]).unwrap();
    assert_eq!(names, ["basic", "nat/deep/hairpin", "nat/pairs"]);
    assert_eq!(folder.names(&["scenarios/nat"]).unwrap(), ["nat/deep/hairpin", "nat/pairs"]);
}

#[test]
fn a_file_is_named_from_the_scenarios_folder() {
    let folder = Folder::new("file", FILES);
    assert_eq!(folder.names(&["scenarios/nat/pairs.toml"]).unwrap(), ["nat/pairs"]);
    assert_eq!(folder.names(&["elsewhere/mine.toml"]).unwrap(), ["mine"]);
}

#[test]
fn a_file_is_found_once() {
    let folder = Folder::new("once", FILES);
    let names = folder.names(&["scenarios", "scenarios/nat/pairs.toml", "scenarios"]).unwrap();
    assert_eq!(names, ["basic", "nat/deep/hairpin", "nat/pairs"]);
}

#[test]
fn what_leads_to_no_scenario_is_an_error() {
    let folder = Folder::new("errors", FILES);
    fs::create_dir_all(folder.0.join("empty/below")).unwrap();
    let error = |path| folder.names(&[path]).unwrap_err();
    assert!(matches!(error("nowhere"), DiscoverError::Missing(_)));
    assert!(matches!(error("scenarios/README.md"), DiscoverError::NotToml(_)));
    assert!(matches!(error("empty"), DiscoverError::Empty(_)));
    assert!(error("empty").to_string().starts_with("there is no scenario"));
}

#[test]
fn a_file_is_found_once_however_its_path_is_spelt() {
    let folder = Folder::new("spelling", FILES);
    let spellings = ["elsewhere/mine.toml", "./elsewhere/mine.toml", "scenarios/../elsewhere"];
    assert_eq!(folder.names(&spellings).unwrap(), ["mine"]);
    let paths = spellings.map(|path| folder.0.join(path));
    // People see it as they gave it first.
    assert_eq!(discover(&paths).unwrap()[0].path, paths[0]);
}

#[test]
fn a_name_does_not_depend_on_the_way_to_the_file() {
    let folder = Folder::new("way", FILES);
    let roundabout = "elsewhere/../scenarios/nat/deep/../pairs.toml";
    assert_eq!(folder.names(&[roundabout]).unwrap(), ["nat/pairs"]);
    assert_eq!(folder.names(&["scenarios/../elsewhere/mine.toml"]).unwrap(), ["mine"]);
}

#[cfg(unix)]
#[test]
fn links_lead_to_their_file() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("links", FILES);
    symlink("pairs.toml", folder.0.join("scenarios/nat/alias.toml")).unwrap();
    assert_eq!(folder.names(&["scenarios/nat"]).unwrap(), ["nat/deep/hairpin", "nat/pairs"]);
    // A folder that is `scenarios` by its link only.
    fs::create_dir(folder.0.join("linked")).unwrap();
    symlink("../elsewhere", folder.0.join("linked/scenarios")).unwrap();
    fs::create_dir(folder.0.join("elsewhere/deep")).unwrap();
    fs::write(folder.0.join("elsewhere/deep/one.toml"), "").unwrap();
    assert_eq!(folder.names(&["linked/scenarios"]).unwrap(), ["deep/one", "mine"]);
    assert_eq!(folder.names(&["linked/scenarios/deep/one.toml"]).unwrap(), ["deep/one"]);
}

#[test]
fn two_files_of_one_name_are_refused() {
    let folder = Folder::new("same-name", &["a/mine.toml", "b/mine.toml"]);
    let error = folder.names(&["b/mine.toml", "a"]).unwrap_err().to_string();
    let (first, second) = (folder.0.join("b/mine.toml"), folder.0.join("a/mine.toml"));
    let both = format!("{} and {}", first.display(), second.display());
    assert_eq!(error, format!("{both} are both called mine: give one of them only"));
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = Folder::new("special", FILES);
    let pipe = folder.0.join("pipe.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert!(matches!(folder.names(&["pipe.toml"]), Err(DiscoverError::Special(_))));
}

#[cfg(unix)]
#[test]
fn paths_that_no_line_can_show_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    for (test, name) in [
        ("escape", b"odd/\x1b[2J.toml".as_slice()),
        ("newline", b"odd/two\nlines.toml"),
        ("encoding", b"odd/\xff.toml"),
    ] {
        let folder = Folder::new(test, &["odd/fine.toml"]);
        fs::write(folder.0.join(OsStr::from_bytes(name)), "").unwrap();
        let error = folder.names(&["odd"]).unwrap_err();
        assert!(matches!(error, DiscoverError::Unprintable(_)), "{error}");
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
    }
    assert_eq!(shown(Path::new("a\n\u{1b}\u{9b}\u{e9}")), "a\\n\\u{1b}\\u{9b}\u{e9}");
}

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

//! Patches that make the protocol wrong, tried one after the other in a copy of the working tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Result;
use crate::cargo::{output_of, root};

/// What runs do is the same however they are built, and a patch is soon built so.
const QUICK_BUILD: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "true"),
];

/// One patch. Its first line is for people, its second says what comes of it: `red: ...`.
pub(crate) struct Patch {
    pub(crate) name: String,
    file: PathBuf,
    pub(crate) what: String,
    /// What follows `red: `, word by word.
    pub(crate) red: Vec<String>,
}

impl Patch {
    fn read(file: PathBuf) -> Result<Self> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        let (what, rest) = text.split_once('\n').unwrap_or_default();
        let red = rest.lines().next().and_then(|line| line.strip_prefix("red: "));
        let red = red.ok_or(format!("{name}: the second line must begin with `red: `"))?;
        let red = red.split_whitespace().map(str::to_owned).collect();
        Ok(Self { name, what: what.to_owned(), red, file })
    }
}

/// A copy of the working tree.
pub(crate) struct Shadow {
    tree: PathBuf,
}

impl Shadow {
    /// Whether each patch of a folder whose name contains `only` is noticed in a copy, as `verdict` sees
    /// it: what it was noticed by, or why it was not.
    ///
    /// # Errors
    /// If one does not apply, or is not noticed.
    pub(crate) fn try_each(
        folder: &str,
        only: Option<&str>,
        mut verdict: impl FnMut(&Self, &Patch) -> Result<String>,
    ) -> Result {
        let root = root();
        let patches = patches(&root.join(folder), only)?;
        let tree = root.join("target/naive/tree");
        copy_tree(&root, &tree)?;
        let shadow = Self { tree };
        let mut wrong = Vec::new();
        for patch in &patches {
            shadow
                .git(&["apply", "--whitespace=nowarn"], patch)
                .map_err(|error| format!("{} does not apply any more: {error}", patch.name))?;
            let verdict = verdict(&shadow, patch);
            shadow.git(&["apply", "--whitespace=nowarn", "--reverse"], patch)?;
            match verdict {
                Ok(how) => println!("   red {}: {}{how}", patch.name, patch.what),
                Err(complaint) => {
                    println!(" WRONG {}: {complaint}", patch.name);
                    wrong.push(patch.name.as_str());
                }
            }
        }
        match wrong.as_slice() {
            [] => {
                println!("{} patches, each of them noticed", patches.len());
                Ok(())
            }
            wrong => Err(format!("not noticed: {}", wrong.join(", "))),
        }
    }

    /// Runs the simulator's program there.
    pub(crate) fn sim(&self, arguments: &[&str]) -> Result<Output> {
        let mut run = Command::new("cargo");
        run.current_dir(&self.tree).env("CARGO_TARGET_DIR", self.tree.join("../target"));
        run.envs(QUICK_BUILD);
        run.args(["run", "--quiet", "--release", "--package", "underpass-sim", "--"]);
        run.args(arguments).output().map_err(|error| format!("cargo: {error}"))
    }

    fn git(&self, arguments: &[&str], patch: &Patch) -> Result {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.tree).args(arguments).arg(&patch.file);
        output_of(&mut command).map(|_| ())
    }
}

fn patches(folder: &Path, only: Option<&str>) -> Result<Vec<Patch>> {
    let listed = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "patch"));
    files.sort();
    let all: Result<Vec<Patch>> = files.into_iter().map(Patch::read).collect();
    let chosen: Vec<Patch> = all?
        .into_iter()
        .filter(|patch| only.is_none_or(|only| patch.name.contains(only)))
        .collect();
    if chosen.is_empty() {
        return Err(format!("no patch in {} is called so", folder.display()));
    }
    Ok(chosen)
}

/// The files that git knows, as they are now, in a repository of their own: or else git would apply
/// patches to the one around it. What is there already stays, so that it is not built again.
fn copy_tree(root: &Path, copy: &Path) -> Result {
    let told = |path: &Path, error| format!("{}: {error}", path.display());
    let listed = output_of(Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]))?;
    let files = listed.split('\0').filter(|file| !file.is_empty()).map(|file| root.join(file));
    let files: BTreeSet<PathBuf> = files.filter(|file| file.exists()).collect();
    fs::create_dir_all(copy).map_err(|error| told(copy, error))?;
    output_of(Command::new("git").arg("-C").arg(copy).args(["init", "--quiet"]))?;
    let others = output_of(Command::new("git").arg("-C").arg(copy).args(["ls-files", "-zo"]))?;
    for other in others.split('\0').filter(|other| !other.is_empty()) {
        if !files.contains(&root.join(other)) {
            let left = copy.join(other);
            fs::remove_file(&left).map_err(|error| told(&left, error))?;
        }
    }
    for from in files {
        let to = copy.join(from.strip_prefix(root).expect("it is within the root"));
        let bytes = fs::read(&from).map_err(|error| told(&from, error))?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        let folder = to.parent().expect("it is within the copy");
        let copied = fs::create_dir_all(folder).and_then(|()| fs::write(&to, bytes));
        copied.map_err(|error| told(&to, error))?;
    }
    Ok(())
}

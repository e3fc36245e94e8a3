//! Shows that scenarios bite: each patch makes the protocol as naive as others have been, in a copy, and
//! the scenarios that it names must fail there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::cargo::{output_of, root};

/// Where the patches are, from the repository's root. Each begins with a line for people, and one that
/// names what must fail: `red: migration/a-path-that-flaps`.
const PATCHES: &str = "scenarios/naive";
/// What the program exits with if an expectation or a checker failed.
const FAILED: i32 = 1;
/// What runs do is the same however they are built, and a patch is soon built so.
const QUICK_BUILD: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "true"),
];

/// One patch, with what must fail under it.
struct Patch {
    name: String,
    file: PathBuf,
    what: String,
    red: Vec<String>,
}

/// Applies every patch whose name contains `only`, one after the other, to a copy of the working tree.
pub(crate) fn run(only: Option<&str>) -> Result {
    let root = root();
    let patches = patches(&root.join(PATCHES), only)?;
    let copy = root.join("target/naive/tree");
    copy_tree(&root, &copy)?;
    let mut wrong = Vec::new();
    for patch in &patches {
        git(&copy, &["apply", "--whitespace=nowarn"], &patch.file)
            .map_err(|error| format!("{} does not apply any more: {error}", patch.name))?;
        let verdict = try_it(&copy, patch);
        git(&copy, &["apply", "--whitespace=nowarn", "--reverse"], &patch.file)?;
        match verdict {
            Ok(()) => println!("   red {}: {}", patch.name, patch.what),
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

impl Patch {
    fn read(file: PathBuf) -> Result<Self> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        let (what, rest) = text.split_once('\n').unwrap_or_default();
        let red = rest.lines().next().and_then(|line| line.strip_prefix("red: "));
        let red = red.ok_or(format!("{name}: the second line must be `red: SCENARIO ...`"))?;
        let red = red.split_whitespace().map(str::to_owned).collect();
        Ok(Self { name, what: what.to_owned(), red, file })
    }
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

fn git(copy: &Path, arguments: &[&str], patch: &Path) -> Result {
    let mut command = Command::new("git");
    output_of(command.arg("-C").arg(copy).args(arguments).arg(patch)).map(|_| ())
}

/// Whether every scenario that must fail does.
fn try_it(copy: &Path, patch: &Patch) -> Result {
    for scenario in &patch.red {
        let mut run = Command::new("cargo");
        run.current_dir(copy).env("CARGO_TARGET_DIR", copy.join("../target")).envs(QUICK_BUILD);
        run.args(["run", "--quiet", "--release", "--package", "underpass-sim", "--"]);
        run.args(["run", scenario, "--fail-fast"]);
        let output = run.output().map_err(|error| format!("cargo: {error}"))?;
        match output.status.code() {
            Some(FAILED) => {}
            Some(0) => return Err(format!("{scenario} passes all the same")),
            _ => {
                let told = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{scenario} was not run:\n{told}"));
            }
        }
    }
    Ok(())
}

//! Rules of the repository that the compiler does not keep, and the chores' own tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cargo::{WORKSPACES, cargo, metadata, output_of};
use crate::images::TARGETS;
use crate::licences::{Package, Rules};
use crate::sizes::{Sizes, table};

/// Our packages from the inside out. A package may depend on those of earlier layers only, in its
/// tests too.
const LAYERS: [&[&str]; 5] = [
    &["underpass-core"],
    &[
        "underpass-driver",
        "underpass-esp-image",
        "underpass-figures",
        "underpass-host",
        "underpass-link",
        "underpass-parity",
        "underpass-sim",
    ],
    &["underpass-benches", "underpass-embassy"],
    &["underpass-sensor"],
    &["underpass-esp32c3", "underpass-proof", "underpass-qemu", "underpass-rp2040", "xtask"],
];

fn layer_of(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// The part of `cargo metadata` that says which package names which.
#[derive(Deserialize)]
struct Workspace {
    packages: Vec<Manifest>,
    workspace_members: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Manifest {
    id: String,
    name: String,
    /// Of every kind: tests' and build scripts' too.
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    /// The package's own name, whatever the manifest renames it to.
    name: String,
}

/// Every package of ours, with the other packages of ours that it depends on.
fn our_packages() -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    for manifest in WORKSPACES {
        let Workspace { packages, workspace_members } = metadata(manifest).expect("cargo metadata");
        let members =
            packages.into_iter().filter(|package| workspace_members.contains(&package.id));
        names.extend(members.map(|package| (package.name, package.dependencies)));
    }
    let ours = |package: &String, dependencies: &[Dependency]| {
        let others = dependencies.iter().map(|dependency| dependency.name.clone());
        // A package may name itself, to turn on its own features for its tests.
        others.filter(|other| other != package && names.contains_key(other)).collect()
    };
    names
        .iter()
        .map(|(package, dependencies)| (package.clone(), ours(package, dependencies)))
        .collect()
}

#[test]
fn dependencies_point_towards_the_core() {
    for (name, dependencies) in our_packages() {
        let layer = layer_of(&name)
            .unwrap_or_else(|| panic!("{name} is in no layer: give it a place in LAYERS"));
        for dependency in dependencies {
            let below = layer_of(&dependency).is_some_and(|other| other < layer);
            assert!(below, "{name} depends on {dependency}, which is not nearer the core");
        }
    }
}

#[test]
fn every_layered_package_exists() {
    let packages = our_packages();
    for name in LAYERS.concat() {
        assert!(
            packages.contains_key(name),
            "LAYERS names {name}, which is no package of this repository"
        );
    }
}

#[test]
fn the_core_depends_on_none_of_ours() {
    assert_eq!(our_packages()["underpass-core"], Vec::<String>::new());
}

/// Crates that bring an operating system, a clock, threads, an allocator or randomness.
const NOT_IN_THE_CORE: [&str; 9] =
    ["getrandom", "hashbrown", "libc", "mio", "parking_lot", "rand", "std", "tokio", "windows-sys"];

/// Asks `cargo tree`, as `cargo metadata` merges the features that every member turns on.
#[test]
fn the_core_needs_neither_std_nor_alloc() {
    for target in TARGETS {
        let args = [
            "tree",
            "--package=underpass-core",
            "--edges=normal,no-proc-macro",
            "--prefix=none",
            "--locked",
        ];
        let tree = output_of(cargo().args(args).args(["--format={p}|{f}", "--target", target]))
            .expect("cargo tree");
        assert!(tree.starts_with("underpass-core "), "{tree}");
        for line in tree.lines() {
            let (package, features) = line.split_once('|').expect("the format above");
            let name = package.split(' ').next().expect("a package has a name");
            assert!(!NOT_IN_THE_CORE.contains(&name), "the core depends on {package}");
            let features: Vec<_> = features.trim_end_matches(" (*)").split(',').collect();
            for unwanted in ["std", "alloc", "use-std", "os_rng", "sys_rng", "getrandom"] {
                assert!(
                    !features.contains(&unwanted),
                    "the core uses {package} with feature {unwanted}"
                );
            }
        }
    }
}

fn rules() -> Rules {
    let text = r#"
        licenses.allow = ["MIT", "Apache-2.0"]
        sources.allow-registry = ["https://example.org/index"]
    "#;
    Rules::parse(text).expect("valid rules")
}

fn package(license: Option<&str>, source: Option<&str>) -> Package {
    Package {
        name: "thing".to_owned(),
        version: "1.0.0".to_owned(),
        license: license.map(str::to_owned),
        source: source.map(str::to_owned),
        manifest_path: PathBuf::from("/repository/thing/Cargo.toml"),
    }
}

#[test]
fn licence_expressions_are_evaluated() {
    let cases = [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only AND MIT", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("Whatever", false),
    ];
    for (licence, allowed) in cases {
        let offences = rules().offences(&package(Some(licence), None), Path::new("/repository"));
        assert_eq!(offences.is_empty(), allowed, "{licence}: {offences:?}");
    }
    let offences = rules().offences(&package(None, None), Path::new("/repository"));
    assert_eq!(offences, ["thing 1.0.0: its manifest states no licence"]);
}

#[test]
fn sources_are_compared_with_the_list() {
    let cases = [
        (Some("registry+https://example.org/index"), "/repository", true),
        (Some("registry+https://example.com/index"), "/repository", false),
        (Some("git+https://example.org/index"), "/repository", false),
        (None, "/repository", true),
        (None, "/elsewhere", false),
    ];
    for (source, root, allowed) in cases {
        let offences = rules().offences(&package(Some("MIT"), source), Path::new(root));
        assert_eq!(offences.is_empty(), allowed, "{source:?} in {root}: {offences:?}");
    }
}

#[test]
fn this_program_has_code_constants_and_variables() {
    let image = std::fs::read(std::env::current_exe().expect("a path")).expect("readable");
    let sizes = Sizes::of_elf(&image).expect("an ELF image");
    assert!(sizes.text > 0 && sizes.rodata > 0 && sizes.data > 0 && sizes.bss > 0, "{sizes:?}");
    assert!(Sizes::of_elf(b"nonsense").is_err());
}

#[test]
fn the_table_adds_up_flash_and_ram() {
    let sizes = Sizes { text: 1000, rodata: 200, data: 30, bss: 4 };
    let table = table(&[("somewhere", sizes)]);
    let last: Vec<_> = table.lines().last().expect("a line").split_whitespace().collect();
    assert_eq!(last, ["somewhere", "1000", "200", "30", "4", "1230", "34"]);
}

//! Finding a way to build for bare-metal targets on this machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::cargo::output_of;

/// How long `rustup target add` may take before it counts as having no network.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(90);

/// A way to build for targets other than this machine's.
pub(crate) enum Route {
    /// The ordinary compiler has the targets' libraries.
    Installed,
    /// The libraries are built from the source that came with a compiler.
    FromSource {
        /// Other compilers fail on this source: the two come as a pair.
        rustc: PathBuf,
        linker: PathBuf,
    },
}

impl Route {
    /// The cheapest route that works here; the network is tried last.
    pub(crate) fn find(targets: &[&str]) -> Result<Self> {
        if all_installed(targets) {
            return Ok(Self::Installed);
        }
        if let Some(route) = Self::from_source() {
            return Ok(route);
        }
        if rustup_adds(targets) && all_installed(targets) {
            return Ok(Self::Installed);
        }
        Err(help(targets))
    }

    /// Takes the first compiler on PATH that has its library's source, if there is a linker too.
    fn from_source() -> Option<Self> {
        let rustc = on_path("rustc").find(|rustc| has_library_source(rustc))?;
        let linker = bundled_linker()
            .or_else(|| ["rust-lld", "ld.lld"].into_iter().flat_map(on_path).next())?;
        Some(Self::FromSource { rustc, linker })
    }

    /// Makes a `cargo build` for `targets` take this route.
    /// Nothing may even name `alloc` that does not say that it needs it.
    pub(crate) fn prepare(&self, command: &mut Command, targets: &[&str], needs_alloc: bool) {
        let Self::FromSource { rustc, linker } = self else {
            return;
        };
        // Building the library is unstable: this variable lets a stable compiler do it.
        command.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
        command.arg(if needs_alloc { "-Zbuild-std=core,alloc" } else { "-Zbuild-std=core" });
        for target in targets {
            let name = target.replace('-', "_").to_uppercase();
            command.env(format!("CARGO_TARGET_{name}_LINKER"), linker);
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed => write!(f, "the installed targets"),
            Self::FromSource { rustc, linker } => {
                write!(
                    f,
                    "{} and its library's source, linked by {}",
                    rustc.display(),
                    linker.display()
                )
            }
        }
    }
}

/// Asks the compiler rather than rustup, as targets may also come from a distribution's packages.
fn all_installed(targets: &[&str]) -> bool {
    targets.iter().all(|target| {
        let directory = ask(Path::new("rustc"), &["--print", "target-libdir", "--target", target]);
        directory.and_then(|directory| std::fs::read_dir(directory).ok()).is_some_and(|files| {
            files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
        })
    })
}

fn has_library_source(rustc: &Path) -> bool {
    ask(rustc, &["--print", "sysroot"]).is_some_and(|sysroot| {
        Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").is_file()
    })
}

/// The linker that rustup's toolchains bring, out of everybody's way.
fn bundled_linker() -> Option<PathBuf> {
    let libraries = ask(Path::new("rustc"), &["--print", "target-libdir"])?;
    let linker = Path::new(&libraries).with_file_name("bin").join("rust-lld");
    linker.is_file().then_some(linker)
}

/// What a compiler says of itself, if it is there and says anything.
fn ask(rustc: &Path, args: &[&str]) -> Option<String> {
    let said = output_of(Command::new(rustc).args(args)).ok()?;
    Some(said.trim().to_owned())
}

fn on_path(program: &str) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<_> =
        std::env::split_paths(&path).map(|directory| directory.join(program)).collect();
    candidates.into_iter().filter(|candidate| candidate.is_file())
}

/// Lets rustup fetch the targets, and gives up on it if nothing comes.
fn rustup_adds(targets: &[&str]) -> bool {
    eprintln!("Asking rustup for {}.", targets.join(" and "));
    let rustup =
        Command::new("rustup").args(["target", "add"]).args(targets).stdin(Stdio::null()).spawn();
    rustup.is_ok_and(|child| succeeds_in_time(child, RUSTUP_PATIENCE))
}

fn succeeds_in_time(mut child: Child, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => sleep(Duration::from_millis(100)),
            Err(_) => break,
        }
    }
    // Neither failure matters: either way the targets are not there.
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn help(targets: &[&str]) -> String {
    let (named, listed) = (targets.join(" and "), targets.join(" "));
    format!(
        "there is no way to build for {named} here. Run one of:\n  \
         rustup target add {listed}\n  \
         apt-get install --no-install-recommends rustc-web rust-web-src lld\n\
         (the second on Debian, as root; beside rustup's own toolchain, lld is not needed)"
    )
}

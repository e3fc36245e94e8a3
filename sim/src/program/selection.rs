//! From the paths of a command line to the scenarios and seeds that they mean.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use underpass_sim::machine::underpass::Underpass;
use underpass_sim::scenario::discover::shown;
use underpass_sim::scenario::{self, DiscoverError, Found, Report, Scenario, Vocabulary, discover};

use super::Exit;
use super::execution::Ending;
use crate::report::{Output, count};

/// Where names are looked up, and what is meant if no path is given.
const FOLDER: &str = "scenarios";

/// What `metric` may name.
static METRICS: LazyLock<Vec<&'static str>> = LazyLock::new(Underpass::metrics);

/// A scenario, and the seeds to run it with.
pub(crate) struct Case {
    /// As the person gave it, or below the folder given.
    pub(crate) path: PathBuf,
    pub(crate) scenario: Scenario,
    pub(crate) seeds: Vec<u64>,
}

impl Case {
    /// Whether a failed run was to be expected of this scenario.
    pub(crate) fn excuses(&self, ending: &Ending) -> bool {
        self.scenario.quarantine.is_some() && ending.is_excusable()
    }
}

/// The name that makes a run again.
pub(crate) fn run_name(scenario: &str, seed: u64) -> String {
    format!("{scenario}@{seed}")
}

/// A file that is meant.
pub(crate) struct Target {
    pub(crate) found: Found,
    /// Whether it was meant as a whole, with all of its seeds.
    whole: bool,
    /// Seeds named beside that.
    seeds: BTreeSet<u64>,
}

/// Why nothing was done.
pub(crate) enum Refusal {
    /// The arguments mean nothing.
    Arguments(String),
    /// Some of so many files have mistakes.
    Mistakes(Vec<Report>, usize),
    /// There is no scenario where the arguments point.
    Nothing(String),
}

impl Refusal {
    /// Tells the person, and says how to end.
    pub(crate) fn show(&self, output: &mut Output<'_>) -> Exit {
        match self {
            Self::Arguments(message) | Self::Nothing(message) => {
                output.line(&format!("error: {message}"));
            }
            Self::Mistakes(reports, files) => {
                let each: Vec<_> =
                    reports.iter().map(|report| report.render(output.colored())).collect();
                output.line(&each.join("\n"));
                output.line(&format!("{}; nothing was run", mistakes(reports, *files)));
            }
        }
        match self {
            Self::Arguments(_) | Self::Mistakes(..) => Exit::Refused,
            Self::Nothing(_) => Exit::Nothing,
        }
    }
}

/// `2 mistakes in 1 of 3 files`.
pub(crate) fn mistakes(reports: &[Report], files: usize) -> String {
    let mistakes = reports.iter().map(|report| report.diagnostics().len()).sum();
    format!("{} in {} of {}", count(mistakes, "mistake"), reports.len(), count(files, "file"))
}

impl Target {
    pub(crate) fn load(&self) -> Result<Case, Report> {
        let vocabulary = Vocabulary { metrics: &METRICS };
        let scenario = scenario::load(&self.found.path, &self.found.name, &vocabulary)?;
        let mut seeds = if self.whole { scenario.seeds.clone() } else { Vec::new() };
        for seed in &self.seeds {
            if !seeds.contains(seed) {
                seeds.push(*seed);
            }
        }
        Ok(Case { path: self.found.path.clone(), scenario, seeds })
    }
}

/// The files that the paths mean, sorted by name.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Target>, Refusal> {
    let mut meant = paths.iter().map(|path| resolve(path)).collect::<Result<Vec<_>, _>>()?;
    if meant.is_empty() {
        meant.push((default_folder()?, None));
    }
    // All together, since each file and each name is there once among all of them.
    let all: Vec<PathBuf> = meant.iter().map(|(path, _)| path.clone()).collect();
    let target = |found| Target { found, whole: false, seeds: BTreeSet::new() };
    let mut targets: Vec<_> = discovered(&all)?.into_iter().map(target).collect();
    for (path, seed) in meant {
        let files: BTreeSet<_> = discovered(&[path])?.into_iter().map(|it| it.file).collect();
        for target in targets.iter_mut().filter(|target| files.contains(&target.found.file)) {
            match seed {
                None => target.whole = true,
                Some(seed) => target.seeds.extend([seed]),
            }
        }
    }
    Ok(targets)
}

/// All scenarios that the paths mean, or what is wrong with any; with these seeds instead of
/// their own, if there are any.
pub(crate) fn load(paths: &[PathBuf], seeds: Option<&[u64]>) -> Result<Vec<Case>, Refusal> {
    let targets = find(paths)?;
    let with_seed = targets.iter().find_map(|target| Some((target, target.seeds.first()?)));
    if let (Some(_), Some((target, seed))) = (seeds, with_seed) {
        let name = &target.found.name;
        let message = format!("{name}@{seed} names its seed: leave out --seed and --seeds");
        return Err(Refusal::Arguments(message));
    }
    let (mut cases, mut reports) = (Vec::new(), Vec::new());
    for target in &targets {
        match target.load() {
            Ok(case) => cases.push(match seeds {
                Some(seeds) => Case { seeds: seeds.to_vec(), ..case },
                None => case,
            }),
            Err(report) => reports.push(report),
        }
    }
    match reports.is_empty() {
        true => Ok(cases),
        false => Err(Refusal::Mistakes(reports, targets.len())),
    }
}

fn default_folder() -> Result<PathBuf, Refusal> {
    if Path::new(FOLDER).is_dir() {
        return Ok(FOLDER.into());
    }
    let here = env::current_dir().map_or("this folder".into(), |here| shown(&here));
    let message = format!("there is no folder `{FOLDER}` in {here}: say which files or folders");
    Err(Refusal::Arguments(message))
}

/// The file or folder that an argument means, and the seed if it is the name of a run.
fn resolve(argument: &Path) -> Result<(PathBuf, Option<u64>), Refusal> {
    if argument.exists() {
        return Ok((argument.into(), None));
    }
    let name = shown(argument);
    let file = |name: &str| Path::new(FOLDER).join(format!("{name}.toml"));
    // A file may have an @ in its own name.
    let (scenario, seed) = split_seed(&name);
    for (name, seed) in [(name.as_str(), None), (scenario, seed)] {
        if file(name).is_file() {
            return Ok((file(name), seed));
        }
    }
    let file = file(scenario);
    let message =
        format!("there is no file or folder {name}, and {} is not there either", file.display());
    Err(Refusal::Arguments(message))
}

/// `partition/heals@3` is the scenario `partition/heals` with seed 3.
fn split_seed(name: &str) -> (&str, Option<u64>) {
    let run =
        name.rsplit_once('@').and_then(|(scenario, seed)| Some((scenario, seed.parse().ok()?)));
    run.map_or((name, None), |(scenario, seed)| (scenario, Some(seed)))
}

fn discovered(paths: &[PathBuf]) -> Result<Vec<Found>, Refusal> {
    discover(paths).map_err(|error| match error {
        DiscoverError::Empty(_) => Refusal::Nothing(error.to_string()),
        _ => Refusal::Arguments(error.to_string()),
    })
}

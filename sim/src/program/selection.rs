//! From the paths of a command line to the scenarios and seeds that they mean.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use underpass_sim::machine::underpass::Underpass;
use underpass_sim::scenario::discover::shown;
use underpass_sim::scenario::model::Cell;
use underpass_sim::scenario::{self, DiscoverError, Found, Report, Scenario, Vocabulary, discover};

use super::Exit;
use super::execution::Ending;
use crate::report::{Output, count};

/// Where names are looked up, and what is meant if no path is given.
const FOLDER: &str = "scenarios";

/// More than anybody waits for.
const RUNS_MAX: usize = 20_000_000;

/// What `metric` may name.
static METRICS: LazyLock<Vec<&'static str>> = LazyLock::new(Underpass::metrics);

/// A scenario (of a file with a matrix, one cell), and the seeds to run it with.
pub(crate) struct Case {
    /// As the person gave it, or below the folder given.
    pub(crate) path: PathBuf,
    pub(crate) scenario: Scenario,
    pub(crate) seeds: Vec<u64>,
}

impl Case {
    /// The name that all scenarios of its file share.
    pub(crate) fn file_name(&self) -> &str {
        let cell = self.scenario.cell.to_string();
        self.scenario.name.strip_suffix(&cell).unwrap_or(&self.scenario.name)
    }

    /// Whether a failed run was to be expected of this scenario.
    pub(crate) fn excuses(&self, ending: &Ending) -> bool {
        self.scenario.quarantine.is_some() && ending.is_excusable()
    }
}

/// The name that makes a run again.
pub(crate) fn run_name(scenario: &str, seed: u64) -> String {
    format!("{scenario}@{seed}")
}

/// A file of which something is meant.
pub(crate) struct Target {
    pub(crate) found: Found,
    parts: Vec<Part>,
}

/// What is meant of a file.
#[derive(Clone, Debug, Default)]
struct Part {
    /// The cells of its matrix that have these values; all if there are none.
    cell: Vec<(String, String)>,
    /// The only seed; all if not given.
    seed: Option<u64>,
}

impl Part {
    fn has(&self, scenario: &Scenario) -> bool {
        self.cell.iter().all(|wanted| scenario.cell.0.contains(wanted))
    }
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
    /// All scenarios of the file.
    pub(crate) fn load(&self) -> Result<Vec<Scenario>, Report> {
        let vocabulary = Vocabulary::with_metrics(&METRICS);
        scenario::load_all(&self.found.path, &self.found.name, &vocabulary)
    }

    /// Those of its scenarios that are meant, with their seeds.
    fn cases(&self, scenarios: Vec<Scenario>) -> Result<Vec<Case>, Refusal> {
        for part in &self.parts {
            if !scenarios.iter().any(|scenario| part.has(scenario)) {
                return Err(Refusal::Arguments(self.no_such_cell(part, &scenarios)));
            }
        }
        let case = |scenario: Scenario| {
            let parts = || self.parts.iter().filter(|part| part.has(&scenario));
            let whole = parts().any(|part| part.seed.is_none());
            let mut seeds = if whole { scenario.seeds.clone() } else { Vec::new() };
            let known: BTreeSet<u64> = seeds.iter().copied().collect();
            let named: BTreeSet<u64> = parts().filter_map(|part| part.seed).collect();
            seeds.extend(named.difference(&known));
            (!seeds.is_empty()).then(|| Case { path: self.found.path.clone(), scenario, seeds })
        };
        Ok(scenarios.into_iter().filter_map(case).collect())
    }

    fn no_such_cell(&self, part: &Part, scenarios: &[Scenario]) -> String {
        let (name, wanted) = (&self.found.name, Cell(part.cell.clone()));
        match scenarios {
            [only] if only.cell == Cell::default() => {
                format!("{name} has no matrix: leave out {wanted}")
            }
            _ => format!(
                "{name} has no cell {wanted}; the first of its {} is {name}{}",
                scenarios.len(),
                scenarios[0].cell
            ),
        }
    }
}

/// The files that the paths mean, sorted by name.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Target>, Refusal> {
    let mut meant = paths.iter().map(|path| resolve(path)).collect::<Result<Vec<_>, _>>()?;
    if meant.is_empty() {
        meant.push((default_folder()?, Part::default()));
    }
    // All together, since each file and each name is there once among all of them.
    let all: Vec<PathBuf> = meant.iter().map(|(path, _)| path.clone()).collect();
    let target = |found| Target { found, parts: Vec::new() };
    let mut targets: Vec<_> = discovered(&all)?.into_iter().map(target).collect();
    for (path, part) in meant {
        let files: BTreeSet<_> = discovered(&[path])?.into_iter().map(|it| it.file).collect();
        for target in targets.iter_mut().filter(|target| files.contains(&target.found.file)) {
            target.parts.push(part.clone());
        }
    }
    Ok(targets)
}

/// All scenarios that the paths mean, or what is wrong with any; with these seeds instead of
/// their own, if there are any.
pub(crate) fn load(paths: &[PathBuf], seeds: Option<&[u64]>) -> Result<Vec<Case>, Refusal> {
    let targets = find(paths)?;
    let named = |target: &Target| target.parts.iter().find_map(|part| part.seed);
    let with_seed = targets.iter().find_map(|target| Some((target, named(target)?)));
    if let (Some(_), Some((target, seed))) = (seeds, with_seed) {
        let name = &target.found.name;
        let message = format!("{name}@{seed} names its seed: leave out --seed and --seeds");
        return Err(Refusal::Arguments(message));
    }
    let (mut cases, mut reports) = (Vec::new(), Vec::new());
    for target in &targets {
        match target.load() {
            Ok(scenarios) => cases.extend(target.cases(scenarios)?),
            Err(report) => reports.push(report),
        }
    }
    if !reports.is_empty() {
        return Err(Refusal::Mistakes(reports, targets.len()));
    }
    if let Some(seeds) = seeds {
        cases.iter_mut().for_each(|case| case.seeds = seeds.to_vec());
    }
    let runs = cases.iter().fold(0, |runs: usize, case| runs.saturating_add(case.seeds.len()));
    if runs > RUNS_MAX {
        let message = format!("{runs} runs are too many, {RUNS_MAX} are allowed: give fewer seeds");
        return Err(Refusal::Arguments(message));
    }
    Ok(cases)
}

fn default_folder() -> Result<PathBuf, Refusal> {
    if Path::new(FOLDER).is_dir() {
        return Ok(FOLDER.into());
    }
    let here = env::current_dir().map_or("this folder".into(), |here| shown(&here));
    let message = format!("there is no folder `{FOLDER}` in {here}: say which files or folders");
    Err(Refusal::Arguments(message))
}

/// The file or folder that an argument means, and what of it.
fn resolve(argument: &Path) -> Result<(PathBuf, Part), Refusal> {
    if argument.exists() {
        return Ok((argument.into(), Part::default()));
    }
    let name = shown(argument);
    let file = |name: &str| Path::new(FOLDER).join(format!("{name}.toml"));
    // A file may have an @ or brackets in its own name.
    let (scenario, seed) = split_seed(&name);
    let (file_name, cell) = split_cell(scenario)?;
    let part = |cell: &[(String, String)], seed| Part { cell: cell.to_vec(), seed };
    let readings = [
        (name.as_str(), part(&[], None)),
        (scenario, part(&[], seed)),
        (file_name, part(&cell, seed)),
    ];
    for (name, part) in readings {
        if let Some(path) =
            [PathBuf::from(name), file(name)].into_iter().find(|path| path.is_file())
        {
            return Ok((path, part));
        }
    }
    let file = file(file_name);
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

/// A file and values of its matrix.
type OfFile<'n> = (&'n str, Vec<(String, String)>);

/// `nat/pairs[a=lan,b=dsl]` is the file `nat/pairs` with these values of its matrix.
fn split_cell(name: &str) -> Result<OfFile<'_>, Refusal> {
    let inner = name.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    let Some((file, values)) = inner else { return Ok((name, Vec::new())) };
    let value = |text: &str| {
        let (key, value) = text.split_once('=')?;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    };
    let values = values.split(',').map(value).collect::<Option<Vec<_>>>().ok_or_else(|| {
        let message = format!("{name} names no cell: write it like {file}[key=value,other=value]");
        Refusal::Arguments(message)
    })?;
    Ok((file, values))
}

fn discovered(paths: &[PathBuf]) -> Result<Vec<Found>, Refusal> {
    discover(paths).map_err(|error| match error {
        DiscoverError::Empty(_) => Refusal::Nothing(error.to_string()),
        _ => Refusal::Arguments(error.to_string()),
    })
}

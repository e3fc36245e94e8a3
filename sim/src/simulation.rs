//! Runs for tests in Rust: a scenario or a file, all its seeds, with your own checkers, machines and
//! applications.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::failure;
use crate::judge::judge;
use crate::machine::underpass::{Application, Underpass};
use crate::machine::{Machine, Post, Registry};
use crate::run::{Own, RunReport, build_own, run_world};
use crate::scenario::model::NodeId;
use crate::scenario::{self, Report, Scenario, Vocabulary};
use crate::trace::Watch;

/// Runs of one scenario, one for each of its seeds; of a file with a matrix, of the scenario in each cell.
///
/// Every run is watched by the checkers that are always there, and by yours.
///
/// ```
/// use underpass_core::{Duration, Instant};
/// use underpass_sim::Simulation;
/// use underpass_sim::scenario::Scenario;
/// use underpass_sim::scenario::model::{NodeId, SessionState};
/// use underpass_sim::trace::{Observation, Watch};
///
/// /// Nobody loses anybody.
/// #[derive(Clone, Default)]
/// struct NobodyFallsSilent(Option<String>);
///
/// impl Watch for NobodyFallsSilent {
///     fn observed(&mut self, at: Instant, node: NodeId, observation: &Observation) {
///         if let Observation::Session { peer, state: SessionState::Disconnected } = observation {
///             self.0 = Some(format!("{peer:?} fell silent to {node:?} (at {at})"));
///         }
///     }
///
///     fn violation(&mut self) -> Option<String> {
///         self.0.clone()
///     }
/// }
///
/// let scenario = Scenario::build("Two nodes meet")
///     .duration(Duration::from_secs(10))
///     .seeds(3)
///     .node("laptop", |node| node.peers(["sensor"]))
///     .node("sensor", |node| node)
///     .finish()?;
/// let runs = Simulation::new(&scenario).checker(NobodyFallsSilent::default()).run();
/// runs.assert_passed();
/// assert_eq!(runs.runs().len(), 3);
/// # Ok::<(), underpass_sim::scenario::Report>(())
/// ```
#[must_use]
pub struct Simulation {
    source: Source,
    registry: Registry,
    checkers: Vec<Box<dyn Fn() -> Box<dyn Watch>>>,
    /// Instead of the scenario's own.
    seeds: Option<Vec<u64>>,
}

enum Source {
    /// In Rust, perhaps with mistakes.
    Scenario(Box<Result<Scenario, Report>>),
    File(PathBuf),
}

/// What came of the runs of a [`Simulation`]. Its text is what the program prints of runs that failed,
/// each with how to run it again.
#[derive(Debug)]
#[must_use]
pub struct Runs {
    runs: Vec<RunReport>,
    /// Why there are none.
    mistakes: Option<Report>,
    /// The file, or how the scenario is called in Rust.
    what: What,
}

#[derive(Debug)]
enum What {
    File(PathBuf),
    Scenario,
}

/// Runs a scenario file with all of its seeds, its paths counted from where the test runs.
///
/// ```no_run
/// underpass_sim::run_file("scenarios/partition/heals.toml").assert_passed();
/// ```
pub fn run_file(path: impl AsRef<Path>) -> Runs {
    Simulation::of_file(path).run()
}

impl Simulation {
    /// Of a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        Self::of(Source::Scenario(Box::new(Ok(scenario.clone()))))
    }

    /// Of a scenario file.
    pub fn of_file(path: impl AsRef<Path>) -> Self {
        Self::of(Source::File(path.as_ref().into()))
    }

    /// Of a scenario that may have mistakes; then it is not run, and has not passed.
    pub(crate) fn of_built(built: Result<Scenario, Report>) -> Self {
        Self::of(Source::Scenario(Box::new(built)))
    }

    fn of(source: Source) -> Self {
        Self { source, registry: Registry::new(), checkers: Vec::new(), seeds: None }
    }

    /// Has a copy of this watch every run from its beginning.
    pub fn checker(mut self, checker: impl Watch + Clone) -> Self {
        self.checkers.push(Box::new(move || Box::new(checker.clone())));
        self
    }

    /// What stands on nodes whose `machine` is this: made anew whenever one of them starts.
    ///
    /// # Panics
    ///
    /// If the name is that of a machine that every scenario knows.
    pub fn machine<M: Machine>(
        mut self,
        name: &str,
        make: impl Fn(&Post) -> M + Send + Sync + 'static,
    ) -> Self {
        self.registry = self.registry.machine(name, make);
        self
    }

    /// The application on nodes whose `app` is this, likewise; `make` is called with the node and how
    /// often it was started before.
    ///
    /// # Panics
    ///
    /// If the name is that of an application that every scenario knows.
    pub fn app<A: Application>(
        mut self,
        name: &str,
        make: impl Fn(NodeId, u32) -> A + Send + Sync + 'static,
    ) -> Self {
        self.registry = self.registry.app(name, make);
        self
    }

    /// Runs with this seed only.
    pub fn seed(self, seed: u64) -> Self {
        self.seeds([seed])
    }

    /// Runs with these seeds instead of the scenario's own.
    pub fn seeds(mut self, seeds: impl IntoIterator<Item = u64>) -> Self {
        self.seeds = Some(seeds.into_iter().collect());
        self
    }

    /// Runs, one seed after the other, cell by cell. A file with mistakes is not run, and has not passed.
    ///
    /// # Panics
    ///
    /// If a scenario that was not read from a file names a machine or application that it was not given.
    pub fn run(self) -> Runs {
        let Self { source, registry, checkers, seeds } = self;
        let (scenarios, what) = match source {
            Source::Scenario(scenario) => (scenario.map(|it| vec![it]), What::Scenario),
            Source::File(path) => (load(&path, &registry, !checkers.is_empty()), What::File(path)),
        };
        let scenarios = match scenarios {
            Ok(scenarios) => scenarios,
            Err(mistakes) => return Runs { runs: Vec::new(), mistakes: Some(mistakes), what },
        };
        let own = || Own {
            registry: registry.clone(),
            checkers: checkers.iter().map(|checker| checker()).collect(),
        };
        let mut runs: Vec<Vec<RunReport>> = Vec::new();
        for scenario in &scenarios {
            let build = |seed| build_own(scenario, seed, own());
            let run = |seed: &u64| {
                let mut report = run_world(build(*seed), scenario, *seed);
                report.explain_by(scenario, || build(*seed));
                report
            };
            let seeds = seeds.as_ref().unwrap_or(&scenario.seeds);
            runs.push(seeds.iter().map(run).collect());
        }
        let reports = runs.iter_mut().map(|reports| reports.iter_mut().collect());
        judge(&mut scenarios.iter().zip(reports).collect::<Vec<_>>());
        Runs { runs: runs.into_iter().flatten().collect(), mistakes: None, what }
    }
}

/// The scenarios of a file, which is called by its own name, without its folders.
fn load(path: &Path, registry: &Registry, has_judges: bool) -> Result<Vec<Scenario>, Report> {
    let metrics = Underpass::metrics();
    let machines: Vec<&str> = registry.machine_names().collect();
    let apps: Vec<&str> = registry.app_names().collect();
    let vocabulary = Vocabulary { metrics: &metrics, machines: &machines, apps: &apps, has_judges };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    scenario::load_all(path, &name, &vocabulary)
}

impl Runs {
    /// What came of each run, in the order of the seeds; first those of the first cell.
    pub fn runs(&self) -> &[RunReport] {
        &self.runs
    }

    /// Whether all passed. That nothing was run is no pass.
    pub fn passed(&self) -> bool {
        !self.runs.is_empty() && self.runs.iter().all(RunReport::passed)
    }

    /// Does nothing if all passed.
    ///
    /// # Panics
    ///
    /// With the text of these runs, if one did not.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.passed(), "\n{self}");
    }

    fn rerun(&self, seed: u64) -> String {
        match &self.what {
            What::File(path) => {
                format!("Simulation::of_file({:?}).seed({seed}).run()", path.display().to_string())
            }
            What::Scenario => format!("Simulation::new(&scenario).seed({seed}).run()"),
        }
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mistakes) = &self.mistakes {
            return f.write_str(&mistakes.render(false));
        }
        let path = match &self.what {
            What::File(path) => scenario::discover::shown(path),
            What::Scenario => String::new(),
        };
        let failed: Vec<_> = self.runs.iter().filter(|run| !run.passed()).collect();
        for run in &failed {
            writeln!(f, "FAIL {}", run.name())?;
            for line in failure::lines(run, &path) {
                writeln!(f, "{line}")?;
            }
            writeln!(f, "{}", failure::line("rerun", &self.rerun(run.seed)))?;
        }
        write!(f, "{} passed, {} failed", self.runs.len() - failed.len(), failed.len())
    }
}

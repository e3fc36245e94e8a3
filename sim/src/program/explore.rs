//! `explore` and `shrink`: scenarios made by chance, and failures made small.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use underpass_sim::explore::{
    Attempt, Coverage, Draft, Failing, Shrinker, Size, attempt, fails, generate, pin_losses,
};
use underpass_sim::scenario::discover::shown;
use underpass_sim::units::Period;

use super::Exit;
use super::arguments::{ExploreArguments, ShrinkArguments};
use super::panics;
use super::stopwatch::Stopwatch;
use crate::report::{Color, Screen, median, thousands};

/// A file without chance that says more than this is no use to a person.
const EVENTS_WITHOUT_CHANCE: usize = 10;
/// Ways to fail that are made small; more than that have one cause, most likely.
const SHOWN_MAX: usize = 10;

pub(super) fn explore(
    arguments: &ExploreArguments,
    invocation: &str,
    screen: &mut Screen<'_>,
) -> Exit {
    let watch = Stopwatch::start();
    let tally = Campaign::of(arguments).run(&watch);
    tally.show(&watch, screen);
    let mut exit = if tally.failed.is_empty() { Exit::Passed } else { Exit::Failed };
    for (failing, Found { seed, draft }) in tally.failed.iter().take(SHOWN_MAX) {
        let (small, tried) = smaller(draft.clone(), failing, real(arguments.shrink_for));
        let file = arguments.out.join(format!("{}.toml", slug(failing)));
        if let Err(why) = write(&file, &titled(small, failing)) {
            screen.err.line(&format!("error: {why}"));
            exit = Exit::Broken;
        }
        show_failure(failing, &file, Some(*seed), tried, invocation, screen);
    }
    if tally.failed.len() > SHOWN_MAX {
        let more = tally.failed.len() - SHOWN_MAX;
        screen.out.line(&format!("and {more} other ways to fail, which have no file"));
    }
    match tally.runs {
        0 => Exit::Nothing,
        _ => exit,
    }
}

pub(super) fn shrink(
    arguments: &ShrinkArguments,
    invocation: &str,
    screen: &mut Screen<'_>,
) -> Exit {
    let path = shown(&arguments.path);
    let draft = fs::read_to_string(&arguments.path)
        .map_err(|error| format!("{path} cannot be read: {error}"))
        .and_then(|text| Draft::read(&text).map_err(|error| format!("{path}: {error}")));
    let draft = match draft {
        Ok(draft) => draft,
        Err(why) => {
            screen.err.line(&format!("error: {why}"));
            return Exit::Refused;
        }
    };
    let failing = match panics::catch(|| attempt(&draft)).map(|it| it.map(|it| it.failing)) {
        Ok(Ok(Some(failing))) => failing,
        Ok(Ok(None)) => {
            screen
                .err
                .line(&format!("error: {path} passes with its first seed: nothing to shrink"));
            return Exit::Nothing;
        }
        Ok(Err(report)) => {
            screen.err.line(&report.to_string());
            return Exit::Refused;
        }
        Err(_) => return Exit::Broken,
    };
    let (small, tried) = smaller(draft, &failing, real(arguments.shrink_for));
    let out = arguments.out.clone().unwrap_or_else(|| arguments.path.with_extension("small.toml"));
    if let Err(why) = write(&out, &small) {
        screen.err.line(&format!("error: {why}"));
        return Exit::Broken;
    }
    show_failure(&failing, &out, None, tried, invocation, screen);
    Exit::Failed
}

/// Runs of scenarios made by chance.
struct Campaign {
    first: u64,
    cases: Option<u64>,
    lasts: Option<Duration>,
    fail_fast: bool,
    jobs: usize,
    /// Which of so many parts, from zero.
    part: (u64, u64),
}

/// What came of it.
#[derive(Default)]
struct Tally {
    runs: u64,
    /// Why the reader found files wrong.
    refused: Vec<String>,
    events: Vec<u64>,
    faults: Vec<u64>,
    sessions: Vec<u64>,
    delivered: Vec<u64>,
    virtual_s: u64,
    coverage: Coverage,
    /// The first that failed in each way.
    failed: BTreeMap<Failing, Found>,
}

/// A draft that failed.
struct Found {
    /// What it was made from.
    seed: u64,
    draft: Draft,
}

impl Campaign {
    fn of(arguments: &ExploreArguments) -> Self {
        let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let lasts = arguments.lasts.map(real);
        // Without an end it goes on for a minute.
        let is_open = arguments.cases.is_none() && lasts.is_none();
        Self {
            first: arguments.seed,
            cases: arguments.cases,
            lasts: if is_open { Some(Duration::from_secs(60)) } else { lasts },
            fail_fast: arguments.fail_fast,
            jobs: arguments.jobs.unwrap_or_else(cores).get().min(super::execution::JOBS_MAX),
            part: arguments.partition.map_or((0, 1), |partition| partition.of_numbers()),
        }
    }

    fn run(&self, watch: &Stopwatch) -> Tally {
        let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
        let mut tally = Tally::default();
        let bar = bar();
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..self.jobs {
                let sender = sender.clone();
                let (next, is_over) = (&next, &is_over);
                scope.spawn(move || self.take_part(next, is_over, watch, &sender));
            }
            drop(sender);
            for (seed, draft, made) in receiver {
                tally.add(seed, draft, made);
                if self.fail_fast && !tally.failed.is_empty() {
                    is_over.store(true, Ordering::Relaxed);
                }
                bar.set_message(tally.progress(watch.elapsed()));
                bar.tick();
            }
        });
        bar.finish_and_clear();
        tally
    }

    fn take_part(
        &self,
        next: &AtomicU64,
        is_over: &AtomicBool,
        watch: &Stopwatch,
        sender: &Sender<(u64, Draft, Made)>,
    ) {
        let (part, of) = self.part;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed) * of + part;
            let is_over = is_over.load(Ordering::Relaxed)
                || self.cases.is_some_and(|cases| number >= cases)
                || self.lasts.is_some_and(|lasts| watch.elapsed() >= lasts);
            if is_over {
                return;
            }
            let seed = self.first.wrapping_add(number);
            let draft = generate(seed, &Size::DEFAULT, None);
            let made = match panics::catch(|| attempt(&draft)) {
                Ok(Ok(attempt)) => Made::Ran(Box::new(attempt)),
                Ok(Err(report)) => Made::Refused(report.to_string()),
                Err(panic) => Made::Refused(panic.message),
            };
            if sender.send((seed, draft, made)).is_err() {
                return;
            }
        }
    }
}

/// What became of a draft.
enum Made {
    Ran(Box<Attempt>),
    /// The reader found it wrong: a defect of the generator.
    Refused(String),
}

impl Tally {
    fn add(&mut self, seed: u64, draft: Draft, made: Made) {
        let attempt = match made {
            Made::Ran(attempt) => attempt,
            Made::Refused(why) => {
                self.refused.push(why);
                return;
            }
        };
        let Attempt { scenario, failing, report, coverage } = *attempt;
        self.runs += 1;
        if let Some(report) = &report {
            self.events.push(report.events);
            self.virtual_s += report.ended_at.as_micros() / 1_000_000;
        }
        self.faults.push(scenario.faults.len() as u64);
        self.sessions.push(coverage.sessions);
        self.delivered.push(coverage.delivered);
        self.coverage.add(&coverage);
        if let Some(failing) = failing {
            self.failed.entry(failing).or_insert(Found { seed, draft });
        }
    }

    fn progress(&self, elapsed: Duration) -> String {
        let speed = u128::from(self.runs) * 1000 / elapsed.as_millis().max(1);
        let (runs, hours) = (thousands(self.runs), self.virtual_s / 3600);
        let failed = match self.failed.len() {
            0 => String::new(),
            ways => format!(", {ways} ways to fail"),
        };
        format!("{runs} runs, {speed} a second, {} virtual hours{failed}", thousands(hours))
    }

    fn show(&self, watch: &Stopwatch, screen: &mut Screen<'_>) {
        let out = &mut screen.out;
        let label = out.paint(Color::Title, "    Explored");
        out.line(&format!("{label} {}", self.progress(watch.elapsed())));
        let [events, faults, sessions, delivered] =
            [&self.events, &self.faults, &self.sessions, &self.delivered].map(|all| median(all));
        out.line(&format!(
            "      median {} events, {faults} faults, {sessions} sessions, {delivered} payloads delivered",
            thousands(events)
        ));
        for line in self.coverage.lines() {
            out.line(&format!("     covered {line}"));
        }
        if let Some(first) = self.refused.first() {
            let files = self.refused.len();
            out.line(&format!(
                "     refused {files} files that the generator got wrong, the first since"
            ));
            out.line(first);
        }
    }
}

/// The smallest draft that fails so, and how many were tried. Without chance, if that is not much longer.
fn smaller(draft: Draft, failing: &Failing, lasts: Duration) -> (Draft, u64) {
    let watch = Stopwatch::start();
    let mut tried = 0;
    let mut still_fails = |draft: &Draft| {
        tried += 1;
        panics::catch(|| fails(draft, failing)).unwrap_or(false)
    };
    let mut shrinker = Shrinker::new(draft);
    let mut unpinned: Option<Draft> = None;
    while watch.elapsed() < lasts {
        match shrinker.propose() {
            Some(candidate) => {
                if still_fails(candidate) {
                    shrinker.keep();
                }
            }
            None if unpinned.is_some() => break,
            // Last, so that the file outlives every change of how chance is drawn.
            None => {
                unpinned = Some(shrinker.best().clone());
                let pinned = panics::catch(|| pin_losses(shrinker.best())).ok().flatten();
                match pinned.filter(|pinned| still_fails(pinned)) {
                    Some(pinned) => shrinker.take(pinned),
                    None => break,
                }
            }
        }
    }
    let best = shrinker.best().clone();
    let smallest = match unpinned {
        Some(unpinned) if best.events() > EVENTS_WITHOUT_CHANCE.max(unpinned.events()) => unpinned,
        _ => best,
    };
    (smallest, tried)
}

fn show_failure(
    failing: &Failing,
    file: &Path,
    seed: Option<u64>,
    tried: u64,
    invocation: &str,
    screen: &mut Screen<'_>,
) {
    let out = &mut screen.out;
    let events = fs::read_to_string(file).ok().and_then(|text| Draft::read(&text).ok());
    let events = events.map_or(0, |draft| draft.events());
    let label = out.paint(Color::Bad, "        FAIL");
    out.line(&format!("{label} {failing}"));
    let file = shown(file);
    let sends_and_faults = if events == 1 { "1 event" } else { &format!("{events} events") };
    let tried = thousands(tried);
    out.line(&format!("             in {sends_and_faults}, after {tried} smaller ones were tried"));
    if let Some(seed) = seed {
        out.line(&format!("             made by   {invocation} explore --cases 1 --seed {seed}"));
    }
    out.line(&format!("             rerun     {invocation} run {file}"));
}

/// As long on the wall's clock.
fn real(period: Period) -> Duration {
    Duration::from_micros(period.0.as_micros())
}

/// The file says of itself what it shows.
fn titled(draft: Draft, failing: &Failing) -> Draft {
    let mut draft = draft;
    draft.retitle(&format!("Found by chance: {failing}"));
    draft
}

/// A name for a file.
fn slug(failing: &Failing) -> String {
    let mut slug = String::new();
    for c in failing.to_string().chars() {
        match c.is_ascii_alphanumeric() {
            true => slug.push(c.to_ascii_lowercase()),
            false if !slug.ends_with('-') => slug.push('-'),
            false => {}
        }
    }
    slug.truncate(60);
    slug.trim_matches('-').to_owned()
}

fn write(file: &PathBuf, draft: &Draft) -> Result<(), String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| fs::write(file, draft.text()));
    written.map_err(|error| format!("{} cannot be written: {error}", shown(file)))
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    let style = ProgressStyle::with_template("   Exploring [{elapsed_precise}] {wide_msg}");
    bar.set_style(style.expect("the template is well formed"));
    bar
}

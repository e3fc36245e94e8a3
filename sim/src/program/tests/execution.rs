use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use super::setup::{MadeUp, MakeUp, case, fails, passes, quarantined, unmet};
use crate::program::execution::{Ending, Listener, Options, Run, execute};
use crate::program::selection::Case;

const OPTIONS: Options = Options { jobs: 2, twice: false, fail_fast: false };

/// Notes what it hears: `case seed word`.
#[derive(Default)]
struct Log {
    running: Vec<(String, u64)>,
    over: usize,
    red: usize,
    lines: Vec<String>,
}

impl Listener for Log {
    fn run_begun(&mut self, case: &Case, seed: u64) {
        self.running.push((case.scenario.name.clone(), seed));
    }

    fn run_over(&mut self, case: &Case, seed: u64, is_red: bool) {
        let run = (case.scenario.name.clone(), seed);
        let position = self.running.iter().position(|running| *running == run);
        self.running.remove(position.expect("it was begun"));
        self.over += 1;
        self.red += usize::from(is_red);
    }

    fn case_over(&mut self, case: &Case, runs: Vec<Run>) {
        for run in runs {
            let word = match run.ending {
                Ending::Done(report) if report.passed() => "passed",
                Ending::Done(_) => "failed",
                Ending::Panicked(_) => "panicked",
                Ending::Differed(_) => "differed",
                Ending::NotRun => "not run",
            };
            self.lines.push(format!("{} {} {word}", case.scenario.name, run.seed));
        }
    }
}

fn log(cases: &[Case], options: &Options, simulate: &MakeUp<'_>) -> Vec<String> {
    let mut log = Log::default();
    execute(cases, options, &MadeUp(simulate), &mut log);
    assert_eq!(log.over, log.lines.len());
    assert!(log.running.is_empty());
    let is_red = |line: &&String| !line.ends_with(" passed") && !line.ends_with(" not run");
    let excused = cases.iter().any(|case| case.scenario.quarantine.is_some());
    assert!(excused || log.red == log.lines.iter().filter(is_red).count());
    log.lines
}

#[test]
fn runs_are_handed_on_in_order_whatever_order_they_end_in() {
    let cases = [case("a", &[1, 2]), case("b", &[3])];
    let (sender, receiver) = mpsc::channel();
    let last_is_over = Mutex::new(receiver);
    // The first run does not end before the last one does.
    let lines = log(&cases, &OPTIONS, &|scenario, seed| {
        match seed {
            1 => last_is_over.lock().unwrap().recv().unwrap(),
            3 => sender.send(()).unwrap(),
            _ => {}
        }
        passes(scenario, seed)
    });
    assert_eq!(lines, ["a 1 passed", "a 2 passed", "b 3 passed"]);
}

#[test]
fn a_panic_ends_its_run_and_no_other() {
    let cases = [case("a", &[1, 2, 3])];
    let lines = log(&cases, &OPTIONS, &|scenario, seed| {
        assert_ne!(seed, 2, "planted");
        passes(scenario, seed)
    });
    assert_eq!(lines, ["a 1 passed", "a 2 panicked", "a 3 passed"]);
}

#[test]
fn twice_finds_runs_that_differ() {
    let calls = AtomicU64::new(0);
    let unstable = |scenario: &_, seed| {
        let mut report = passes(scenario, seed);
        if seed == 2 {
            report.hash[0] = u8::try_from(calls.fetch_add(1, Ordering::Relaxed)).unwrap();
        }
        report
    };
    let cases = [case("a", &[1, 2])];
    assert_eq!(log(&cases, &OPTIONS, &unstable), ["a 1 passed", "a 2 passed"]);
    let twice = Options { twice: true, ..OPTIONS };
    assert_eq!(log(&cases, &twice, &unstable), ["a 1 passed", "a 2 differed"]);
}

#[test]
fn fail_fast_begins_no_more_runs() {
    let options = Options { jobs: 1, fail_fast: true, ..OPTIONS };
    let second_fails = |scenario: &_, seed| {
        assert_ne!(seed, 2, "planted");
        passes(scenario, seed)
    };
    let lines = log(&[case("a", &[1, 2, 3]), case("b", &[1])], &options, &second_fails);
    assert_eq!(lines, ["a 1 passed", "a 2 panicked", "a 3 not run", "b 1 not run"]);
    // What is known to fail is no reason to stop, but a panic is.
    let quarantined = [quarantined("a", &[1, 2, 3])];
    let lines = log(&quarantined, &options, &second_fails);
    assert_eq!(lines, ["a 1 passed", "a 2 panicked", "a 3 not run"]);
    let lines = log(&quarantined, &options, &|scenario, seed| match seed {
        2 => fails(scenario, seed, unmet()),
        _ => passes(scenario, seed),
    });
    assert_eq!(lines, ["a 1 passed", "a 2 failed", "a 3 passed"]);
}

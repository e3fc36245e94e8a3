//! What a person sees of runs that are not sound, and the exit code.

use std::sync::atomic::{AtomicU8, Ordering};

use underpass_core::{Duration, Instant};
use underpass_sim::Failure;
use underpass_sim::scenario::model::NodeId;
use underpass_sim::world::Stop;

use super::setup::{MadeUp, MakeUp, case, fails, passes, quarantined, unmet};
use crate::program::Exit;
use crate::program::execution::{Options, execute};
use crate::program::selection::Case;
use crate::report::{Output, Reporter, Rerun, quoted};

/// What the report says, and how the program ends.
fn report(cases: &[Case], twice: bool, simulate: &MakeUp<'_>) -> (String, Exit) {
    let mut bytes = Vec::new();
    let mut output = Output::new(&mut bytes, false);
    let rerun = Rerun { invocation: "cargo sim", twice };
    let mut reporter = Reporter::new(cases, 1, rerun, &mut output, None);
    execute(cases, &Options { jobs: 1, twice, fail_fast: false }, &MadeUp(simulate), &mut reporter);
    let exit = reporter.finish();
    drop(output);
    (String::from_utf8(bytes).expect("text"), exit)
}

/// The lines below the summary.
fn details(report: &str) -> &str {
    let (_, after) = report.split_once("Summary").expect("every report has one");
    after.split_once('\n').expect("it is not the last line").1
}

#[test]
fn a_panic_is_told_with_its_place_and_decides_the_exit_code() {
    let (text, exit) = report(&[case("a/b", &[6, 7])], false, &|scenario, seed| {
        assert!(seed != 7, "planted\nin two lines");
        passes(scenario, seed)
    });
    assert_eq!(exit, Exit::Broken);
    assert!(text.contains("] a/b  1 of 2 seeds failed\n"), "{text}");
    let (before, after) = details(&text).split_once("src/program").expect("the place");
    assert!(
        before.ends_with(
            "        FAIL a/b@7  Two nodes\n             \
         expected  no panic, whatever the scenario\n             \
         happened  panicked at sim/"
        ),
        "{before}"
    );
    assert!(after.contains(": planted\n                       in two lines\n"), "{after}");
    assert!(after.contains(" rerun     cargo sim run scenarios/a/b.toml --seed 7\n"), "{after}");
    assert!(after.ends_with("\n1 passed, 1 failed\n"), "{after}");
}

#[test]
fn runs_that_differ_decide_the_exit_code() {
    let calls = AtomicU8::new(0);
    let (text, exit) = report(&[case("a", &[1])], true, &|scenario, seed| {
        let mut report = passes(scenario, seed);
        report.hash = [calls.fetch_add(1, Ordering::Relaxed); 32];
        report
    });
    assert_eq!(exit, Exit::Broken);
    insta::assert_snapshot!(details(&text), @r"

            FAIL a@1  Two nodes
                 expected  the same run each time, as the seed is the same
                 happened  the runs part at 9.5s, at a
                             both    at 9s  a sends datagram 7
                             first   at 9.5s  a hash 0
                             second  at 9.5s  a hash 1
                 rerun     cargo sim run scenarios/a.toml --seed 1 --twice

    0 passed, 1 failed
    ");
}

#[test]
fn quarantine_excuses_expectations() {
    let simulate = |scenario: &_, seed| fails(scenario, seed, unmet());
    let (text, exit) = report(&[quarantined("a", &[1, 2])], false, &simulate);
    assert_eq!(exit, Exit::Passed);
    assert!(text.contains("  QUARANTINE ["), "{text}");
    assert!(text.contains("2 of 2 seeds failed; quarantined: not yet understood\n"), "{text}");
    let rest = "  QUARANTINE a: 1 more run\n             \
                rerun     cargo sim run scenarios/a.toml --seed 2\n";
    assert!(text.contains(rest), "{text}");
    assert!(text.ends_with("\n0 passed, 0 failed, 2 skipped\n"), "{text}");
}

#[test]
fn quarantine_excuses_no_panic() {
    // After failures that are known, and more of them than are shown.
    let cases = [quarantined("a", &[1, 2, 3, 4, 5])];
    let (text, exit) = report(&cases, false, &|scenario, seed| {
        assert!(seed != 5, "planted");
        fails(scenario, seed, unmet())
    });
    assert_eq!(exit, Exit::Broken);
    assert!(text.contains("        FAIL ["), "{text}");
    assert!(text.contains("] a  5 of 5 seeds failed; quarantined: not yet under"), "{text}");
    assert!(text.contains("  QUARANTINE a: 3 more runs\n"), "{text}");
    assert!(text.contains("        FAIL a@5  Two nodes\n"), "{text}");
    assert!(text.ends_with("\n0 passed, 1 failed, 4 skipped\n"), "{text}");
}

#[test]
fn quarantine_excuses_no_runs_that_differ() {
    let calls = AtomicU8::new(0);
    let (text, exit) = report(&[quarantined("a", &[1])], true, &|scenario, seed| {
        let mut report = fails(scenario, seed, unmet());
        report.hash = [calls.fetch_add(1, Ordering::Relaxed); 32];
        report
    });
    assert_eq!(exit, Exit::Broken);
    assert!(text.ends_with("\n0 passed, 1 failed\n"), "{text}");
}

#[test]
fn quarantine_excuses_no_run_that_was_stopped_for_its_machines() {
    let at = Instant::ORIGIN;
    let (node, name) = (NodeId(0), String::from("sensor"));
    for (stop, expected) in [
        (Stop::Violation("a plaintext on the link".into()), Exit::Failed),
        (Stop::Spinning { node, name, at }, Exit::Failed),
        // The scenario sets the limit.
        (Stop::MaxEvents { max_events: 10, at }, Exit::Passed),
    ] {
        let failure = Failure::Stopped { at, stop };
        let (text, exit) = report(&[quarantined("a", &[1])], false, &|scenario, seed| {
            fails(scenario, seed, failure.clone())
        });
        assert_eq!(exit, expected, "{text}");
    }
}

#[test]
fn the_rest_of_the_failed_runs_have_one_command() {
    let simulate = |scenario: &_, seed| fails(scenario, seed, unmet());
    let commands = |seeds: &[u64], twice| {
        let (text, _) = report(&[case("a", seeds)], twice, &simulate);
        let commands = text.lines().filter_map(|line| line.trim().strip_prefix("rerun     "));
        commands.map(str::to_owned).collect::<Vec<_>>()
    };
    let some = commands(&[1, 2, 3, 4, 6, 5], false);
    assert_eq!(some.len(), 4);
    assert_eq!(some[3], "cargo sim run scenarios/a.toml --seeds 4,5,6");
    let many = commands(&(1..=100).filter(|seed| seed % 50 != 0).collect::<Vec<_>>(), true);
    assert_eq!(many[0], "cargo sim run scenarios/a.toml --seed 1 --twice");
    assert_eq!(many[3], "cargo sim run scenarios/a.toml --seeds 4..=49,51..=99 --twice");
}

#[test]
fn what_a_run_says_does_not_move_the_cursor() {
    let (text, _) = report(&[case("a", &[1])], false, &|_, _| panic!("planted \x1b[2J"));
    assert!(text.contains(": planted  [2J\n"), "{text}");
}

#[test]
fn words_are_quoted_for_a_shell() {
    let words = ["a/b-1.toml", "two words", "it's", "", "a=b", "$HOME"].map(quoted);
    assert_eq!(words, ["a/b-1.toml", "'two words'", r"'it'\''s'", "''", "'a=b'", "'$HOME'"]);
}

#[test]
fn an_unexpected_pass_is_told() {
    let (text, exit) = report(&[quarantined("a", &[1])], false, &passes);
    assert_eq!(exit, Exit::Passed);
    assert!(text.contains("1 seed passed unexpectedly; quarantined: not yet"), "{text}");
    assert!(text.contains("1 quarantined, 1 of them passed unexpectedly;"), "{text}");
    assert!(text.ends_with("\n0 passed, 0 failed, 1 skipped\n"), "{text}");
}

#[test]
fn every_kind_of_failure_is_told() {
    let at = Instant::ORIGIN + Duration::from_millis(1_500);
    let (node, name) = (NodeId(0), "sensor".into());
    let failures = [
        unmet(),
        Failure::Stopped { at, stop: Stop::MaxEvents { max_events: 10, at } },
        Failure::Stopped { at, stop: Stop::Spinning { node, name, at } },
        Failure::Stopped { at, stop: Stop::Violation("a plaintext on the link".into()) },
    ];
    let (text, exit) = report(&[case("it's here", &[1])], false, &|scenario, seed| {
        let mut report = passes(scenario, seed);
        report.failures = failures.to_vec();
        report
    });
    assert_eq!(exit, Exit::Failed);
    insta::assert_snapshot!(details(&text), @r#"

            FAIL it's here@1  Two nodes
                 scenarios/it's here.toml:34  by = "7s", session = { ... }
                 expected  laptop and sensor active by 7s
                 happened  laptop active at 8.2s
                           sensor never
                 knew      laptop: active since 8.2s
                 knew      sensor: nothing of laptop
                 expected  an end within `max_events = 10`
                 happened  the run needs more than 10 events (it got to 1.5s)
                 expected  a run to its end
                 happened  the machine on sensor spins: more than 1000 wakes at 1.5s
                 expected  what the checkers ask of every run
                 happened  at 1.5s: a plaintext on the link
                 rerun     cargo sim run 'scenarios/it'\''s here.toml' --seed 1

    0 passed, 1 failed
    "#);
}

#[test]
fn a_complaint_of_a_checker_comes_with_what_its_parties_knew() {
    let at = Instant::ORIGIN + Duration::from_millis(1_500);
    let complaint = "agreement: a and b have been in different sessions since 0s (at 1.5s)";
    let failure = Failure::Stopped { at, stop: Stop::Violation(complaint.into()) };
    let (text, exit) = report(&[case("a", &[1])], false, &|scenario, seed| {
        let mut report = fails(scenario, seed, failure.clone());
        report.explain(scenario);
        report
    });
    assert_eq!(exit, Exit::Failed);
    // What nodes send is no matter of this test.
    let lines = details(&text).lines().map(|line| line.split(" (").next().unwrap_or_default());
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"

            FAIL a@1  Two nodes
                 expected  what the checkers ask of every run
                 happened  at 1.5s: agreement: a and b have been in different sessions since 0s
                 knew      a:
                             b active since 0s
                             b reached at 198.18.1.1:4747, next timer Ping at 10s
                 knew      b:
                             a active since 0s
                             a reached at 198.18.0.1:4747, next timer Ping at 10s
                 before    at 0s  a sends datagram 2
                           at 0s  b gets datagram 2
                           at 0s  b: handshake with a done
                           at 0s  b: session with a active
                           at 0s  b: path to a direct, at 198.18.0.1:4747
                           at 0s  b: round trip to a 0s
                 rerun     cargo sim run scenarios/a.toml --seed 1

    0 passed, 1 failed
    ");
}

use underpass_core::{Duration, Instant};

use super::{Connection, Connections};
use crate::scenario::model::NodeId;
use crate::scenario::{Vocabulary, parse};

const LAPTOP: NodeId = NodeId(0);
const SENSOR: NodeId = NodeId(1);

/// What is due in ten minutes with a laptop that dials a sensor, and this besides.
fn due(link: &str, laptop: &str, sensor: &str, rest: &str) -> Connections {
    let text = format!(
        "format = 1\ntitle = \"x\"\nduration = \"10min\"\n[link]\n{link}\n\
         [[node]]\nname = \"laptop\"\npeers = [\"sensor\"]\n{laptop}\n\
         [[node]]\nname = \"sensor\"\n{sensor}\n\
         [[expect]]\nby = \"9s\"\nsession = {{ between = [\"laptop\", \"sensor\"], is = \"active\" }}\n\
         {rest}\n"
    );
    let scenario = parse(&text, "x.toml", "x", &Vocabulary::with_metrics(&[]));
    Connections::of(&scenario.unwrap_or_else(|report| panic!("{report}")))
}

fn at(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

#[track_caller]
fn is_due(connections: &Connections, settled: u64, by_ms: u64) {
    let by = Instant::from_micros(by_ms * 1000);
    let due = vec![Connection { from: LAPTOP, to: SENSOR, by }];
    assert_eq!(*connections, Connections { settled: at(settled), due });
}

#[track_caller]
fn nothing_is_due(connections: &Connections) {
    assert_eq!(connections.due, []);
}

const FAULT: &str = "[[fault]]\nat = \"100s\"\n";

/// Three intervals of 10 s and a last attempt of 5 s to miss somebody, the first pause of 1.25 s, 5 s each
/// for an attempt and a ping, and an interval to the next one.
#[test]
fn where_nothing_goes_wrong_one_attempt_is_enough() {
    is_due(&due("", "", "", ""), 0, 56_250);
    is_due(&due("delay = \"100ms\"", "", "start = \"6s\"", ""), 6, 62_250);
}

/// In a cut of 50 s, the first 20 s of which nobody is missed, a pause grows to 51.25 s.
#[test]
fn time_begins_when_the_last_fault_is_over() {
    let cut = "for = \"50s\"\npartition = [[\"laptop\"], [\"sensor\"]]";
    is_due(&due("", "", "", &format!("{FAULT}{cut}")), 150, 221_250);
    is_due(&due("", "", "", &format!("{FAULT}restart = \"sensor\"")), 100, 156_250);
}

#[test]
fn what_lasts_to_the_end_is_in_the_way_to_the_end() {
    for fault in [
        "partition = [[\"laptop\"], [\"sensor\"]]",
        "block = { from = [\"laptop\"], to = [\"sensor\"] }",
        "block = { from = [\"sensor\"], to = [\"laptop\"] }",
        "interface = \"laptop\"",
        "crash = \"sensor\"",
        "for = \"1s\"\nevery = \"9s\"\ninterface = \"laptop\"",
    ] {
        nothing_is_due(&due("", "", "", &format!("{FAULT}{fault}")));
    }
}

#[test]
fn a_run_that_ends_too_early_is_not_judged() {
    let cut = "[[fault]]\nat = \"525s\"\nfor = \"30s\"\ninterface = \"sensor\"";
    nothing_is_due(&due("", "", "", cut));
}

#[test]
fn who_may_not_be_answered_is_not_due() {
    nothing_is_due(&due("", "", "access = { answers = \"listed\" }", ""));
    is_due(&due("", "", "access = { answers = \"listed\", allow = [\"laptop\"] }", ""), 0, 56_250);
}

#[test]
fn secrets_are_tried_in_turn_and_one_must_be_common() {
    let change = |node: &str| format!("{FAULT}change_secret = \"{node}\"\n");
    // The laptop has two, the sensor the older of them.
    is_due(&due("", "", "", &change("laptop")), 100, 241_250);
    let retired =
        format!("{}[[fault]]\nat = \"100s\"\nretire_secret = \"laptop\"", change("laptop"));
    nothing_is_due(&due("", "", "", &retired));
}

/// Each of six tries of an exchange fails with at most 0.4, one of three exchanges with 0.012: five
/// attempts for 10^-9. Where next to nothing comes through, nothing is said.
#[test]
fn loss_takes_more_attempts_or_forbids_to_judge() {
    is_due(&due("loss = \"10%\"", "", "", ""), 0, 435_000);
    nothing_is_due(&due("loss = \"40%\"", "", "", ""));
    nothing_is_due(&due("delay = \"2s\"", "", "", ""));
    nothing_is_due(&due("rate = \"8kbit\"", "", "", ""));
}

#[test]
fn who_is_behind_a_nat_dials_and_who_goes_there_is_lost() {
    let home = "[[nat]]\nname = \"home\"\npreset = \"full-cone\"";
    is_due(&due("", "behind = \"home\"", "", home), 0, 56_250);
    let roams = format!("{home}\n{FAULT}roam = {{ node = \"sensor\", behind = \"home\" }}");
    nothing_is_due(&due("", "", "", &roams));
}

#[test]
fn a_crowd_is_let_in_by_and_by() {
    let crowd = "[[node]]\nname = \"guest\"\ncount = 7\npeers = [\"sensor\"]";
    let due = due("", "", "", crowd);
    // Eight of them, and four places that are always there.
    assert!(due.due.iter().all(|connection| connection.by == Instant::from_micros(141_250_000)));
    assert_eq!(due.due.len(), 8);
}

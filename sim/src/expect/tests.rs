use underpass_core::{Duration, Instant, Outcome};

use super::{Expectations, Unmet};
use crate::machine::SendId;
use crate::scenario::model::{
    Cell, EventKind, Expect, Fact, Mode, Need, Node, NodeId, Origin, Scenario, Send, SessionState,
    Share, Time,
};
use crate::trace::{Observation, Watch};

const LAPTOP: NodeId = NodeId(0);
const SENSOR: NodeId = NodeId(1);
const CHAT: SendId = SendId(0);

const END: u64 = 100;

fn at(secs: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(secs)
}

fn scenario(expects: &[(Time, Fact)]) -> Scenario {
    let expect = |(time, fact): &(Time, Fact)| Expect {
        origin: Origin::default(),
        time: *time,
        facts: vec![fact.clone()],
        need: Need::All,
        share: None,
    };
    Scenario {
        cell: Cell::default(),
        cells: 1,
        is_independent: false,
        name: "test".into(),
        title: "test".into(),
        tags: Vec::new(),
        quarantine: None,
        duration: Duration::from_secs(END),
        seeds: vec![1],
        max_events: 1,
        nodes: ["laptop", "sensor"].into_iter().map(Node::new).collect(),
        nats: Vec::new(),
        pairs: Vec::new(),
        sends: vec![Send {
            name: "chat".into(),
            from: LAPTOP,
            to: SENSOR,
            at: at(1),
            every: Duration::from_secs(1),
            count: 200,
            size: 64,
            mode: Mode::Datagram,
        }],
        faults: Vec::new(),
        expects: expects.iter().map(expect).collect(),
    }
}

/// What is unmet of these expectations when the laptop reports this, and nothing else happens.
fn unmet(expects: &[(Time, Fact)], reports: &[(u64, NodeId, Observation)]) -> Vec<Unmet> {
    let mut expectations = Expectations::new(&scenario(expects));
    for (secs, node, observation) in reports {
        expectations.observed(at(*secs), *node, observation);
    }
    expectations.finish(at(END), &|_, _| None).into_iter().map(|(_, unmet)| unmet).collect()
}

/// Whether one expectation is met.
fn met(time: Time, fact: Fact, reports: &[(u64, NodeId, Observation)]) -> bool {
    unmet(&[(time, fact)], reports).is_empty()
}

fn sees(is: SessionState) -> Fact {
    Fact::Session { a: LAPTOP, b: SENSOR, is }
}

const ACTIVE: SessionState = SessionState::Active;
const GONE: SessionState = SessionState::Disconnected;

fn start(secs: u64) -> (u64, NodeId, Observation) {
    (secs, LAPTOP, Observation::Started { incarnation: 0 })
}

fn stop(secs: u64) -> (u64, NodeId, Observation) {
    (secs, LAPTOP, Observation::Stopped)
}

fn now(secs: u64, state: SessionState) -> (u64, NodeId, Observation) {
    (secs, LAPTOP, Observation::Session { peer: SENSOR, state })
}

fn within(from: u64, until: u64) -> Time {
    Time::Within { from: at(from), until: at(until) }
}

fn during(from: u64, until: u64) -> Time {
    Time::During(at(from), at(until))
}

#[test]
fn by_includes_its_instant_and_all_before() {
    let reports = [start(0), now(10, ACTIVE), now(20, GONE)];
    assert!(met(Time::By(at(10)), sees(ACTIVE), &reports));
    assert!(met(Time::By(at(90)), sees(ACTIVE), &reports), "at some instant, not at the last");
    assert!(!met(Time::By(at(9)), sees(ACTIVE), &reports));
    assert!(met(Time::By(at(0)), sees(SessionState::Init), &reports));
}

#[test]
fn within_includes_both_ends_and_what_holds_when_it_begins() {
    let reports = [start(0), now(10, ACTIVE), now(20, GONE)];
    assert!(met(within(15, 17), sees(ACTIVE), &reports), "it holds all the time");
    assert!(met(within(19, 30), sees(ACTIVE), &reports));
    assert!(!met(within(20, 30), sees(ACTIVE), &reports), "it ends as the span begins");
    assert!(met(within(5, 10), sees(ACTIVE), &reports));
    assert!(!met(within(5, 9), sees(ACTIVE), &reports));
}

#[test]
fn during_includes_both_ends() {
    let reports = [start(0), now(10, ACTIVE), now(20, GONE)];
    assert!(met(during(10, 19), sees(ACTIVE), &reports));
    assert!(!met(during(9, 19), sees(ACTIVE), &reports));
    assert!(!met(during(10, 20), sees(ACTIVE), &reports));
    assert!(met(during(20, END), sees(GONE), &reports));
    assert!(met(during(12, 13), sees(ACTIVE), &reports), "nothing happens in it");
}

#[test]
fn never_is_the_whole_run() {
    let reports = [start(0), now(END, ACTIVE)];
    assert!(!met(Time::Never, sees(ACTIVE), &reports), "not even at its last instant");
    assert!(!met(Time::Never, sees(SessionState::Init), &reports), "nor at its first");
    assert!(met(Time::Never, sees(GONE), &reports));
}

#[test]
fn the_end_is_the_last_state() {
    let reports = [start(0), now(10, ACTIVE), now(END, GONE)];
    assert!(met(Time::AtEnd, sees(GONE), &reports));
    assert!(!met(Time::AtEnd, sees(ACTIVE), &reports));
}

#[test]
fn what_comes_and_goes_within_an_instant_was_never_there() {
    let flicker = [start(0), now(10, ACTIVE), now(20, GONE), now(20, ACTIVE)];
    assert!(met(during(10, END), sees(ACTIVE), &flicker));
    assert!(met(Time::Never, sees(GONE), &flicker));
    assert!(!met(Time::By(at(END)), sees(GONE), &flicker));
    let at_the_end = [start(0), now(END, GONE), now(END, ACTIVE)];
    assert!(met(Time::Never, sees(GONE), &at_the_end));
}

#[test]
fn a_node_that_is_off_sees_nobody_and_one_that_starts_anew_remembers_nothing() {
    let init = sees(SessionState::Init);
    let reports = [start(5), now(10, ACTIVE), stop(20), start(30)];
    assert!(!met(Time::By(at(4)), init.clone(), &reports), "it is off before it starts");
    assert!(!met(during(10, 20), sees(ACTIVE), &reports));
    for is in [SessionState::Init, ACTIVE, GONE] {
        assert!(!met(within(20, 29), sees(is), &reports));
    }
    assert!(met(during(30, END), init, &reports));

    let rtt = Fact::Rtt { a: LAPTOP, b: SENSOR, at_least: Duration::ZERO, at_most: Duration::MAX };
    let measured = Observation::Rtt { peer: SENSOR, rtt: Duration::from_millis(3) };
    let reports = [start(0), (10, LAPTOP, measured), stop(20), start(20)];
    assert!(met(during(10, 19), rtt.clone(), &reports));
    assert!(met(Time::Never, rtt.clone(), &[start(0)]));
    assert!(!met(Time::AtEnd, rtt, &reports));
}

#[test]
fn several_facts_must_hold_at_one_instant() {
    let mut both = scenario(&[(Time::By(at(END)), sees(ACTIVE))]);
    both.expects[0].facts.push(Fact::Session { a: SENSOR, b: LAPTOP, is: ACTIVE });
    let judge = |sensor_at: u64| {
        let mut expectations = Expectations::new(&both);
        let other = (0, SENSOR, Observation::Started { incarnation: 0 });
        let active = Observation::Session { peer: LAPTOP, state: ACTIVE };
        let sensor = (sensor_at, SENSOR, active);
        let mut reports = [start(0), other, now(10, ACTIVE), now(20, GONE), sensor];
        reports.sort_by_key(|(secs, ..)| *secs);
        for (secs, node, observation) in &reports {
            expectations.observed(at(*secs), *node, observation);
        }
        let unmet = expectations.finish(at(END), &|_, _| None).into_iter();
        unmet.map(|(_, unmet)| unmet).collect::<Vec<_>>()
    };
    assert!(judge(15).is_empty());
    let unmet = judge(25).remove(0);
    assert_eq!(unmet.expected, "laptop and sensor see each other active by 100s");
    assert_eq!(unmet.happened, "never; at 100s laptop saw sensor disconnected (since 20s)");
    assert_eq!(
        unmet.knew,
        ["laptop: sensor disconnected since 20s", "sensor: laptop active since 25s"]
    );
}

fn delivered(secs: u64, number: u64, latency: Duration) -> (u64, NodeId, Observation) {
    (secs, SENSOR, Observation::Delivered { from: LAPTOP, send: CHAT, number, latency })
}

fn sent(secs: u64, number: u64) -> (u64, NodeId, Observation) {
    (secs, LAPTOP, Observation::Sent { send: CHAT, number, to: SENSOR })
}

#[test]
fn a_payload_counts_once() {
    let wanted =
        |count| Fact::Delivered { from: LAPTOP, to: SENSOR, wanted: Share::AtLeast(count) };
    let ms = Duration::from_millis(1);
    let reports = [delivered(5, 3, ms), delivered(6, 3, ms), delivered(7, 130, ms)];
    assert!(met(Time::By(at(7)), wanted(2), &reports));
    assert!(met(Time::Never, wanted(3), &reports));
    let not_of_the_scenario = [delivered(5, 200, ms), (6, LAPTOP, delivered(6, 0, ms).2)];
    assert!(met(Time::Never, wanted(1), &not_of_the_scenario));
}

#[test]
fn a_share_is_rounded_up() {
    let wanted =
        |share| Fact::Delivered { from: LAPTOP, to: SENSOR, wanted: Share::PerMille(share) };
    let reports = [delivered(5, 0, Duration::ZERO)];
    assert!(met(Time::AtEnd, wanted(5), &reports), "0.5% of 200 is 1");
    assert!(!met(Time::AtEnd, wanted(6), &reports), "0.6% is more");
}

#[test]
fn what_is_missing_is_named() {
    let all = (Time::AtEnd, Fact::Delivered { from: LAPTOP, to: SENSOR, wanted: Share::All });
    let why = "no reason";
    let refused = Observation::Refused { send: CHAT, number: 9, to: SENSOR, why };
    let mut reports: Vec<_> = (0..9).map(|number| sent(1 + number, number)).collect();
    reports.push((10, LAPTOP, refused));
    reports.extend([1, 3, 5].map(|number| delivered(10, number, Duration::ZERO)));
    let unmet = unmet(&[all], &reports).remove(0);
    assert_eq!(unmet.expected, "all 200 payloads from laptop to sensor arrived by the end");
    assert_eq!(
        unmet.happened,
        "at 100s 3 of 200 payloads from laptop to sensor had arrived (missing 0 of chat, 2 of \
         chat, 4 of chat, and 4 more; laptop refused 1: no reason; 190 still to be sent)"
    );
}

#[test]
fn how_messages_ended_is_told() {
    let all = Fact::Delivered { from: LAPTOP, to: SENSOR, wanted: Share::All };
    let mut messages = scenario(&[(Time::AtEnd, all)]);
    messages.sends[0].mode = Mode::Message;
    let ended = |number, outcome| Observation::Ended { send: CHAT, number, to: SENSOR, outcome };
    let waits = |number| Observation::Waits { send: CHAT, number, to: SENSOR };
    let mut expectations = Expectations::new(&messages);
    expectations.observed(at(0), LAPTOP, &Observation::Started { incarnation: 0 });
    for number in 0..7 {
        expectations.observed(at(1), LAPTOP, &sent(1, number).2);
    }
    expectations.observed(at(2), LAPTOP, &waits(7));
    expectations.observed(at(2), LAPTOP, &waits(8));
    expectations.observed(at(3), LAPTOP, &sent(3, 7).2);
    for number in 0..4 {
        expectations.observed(at(4), SENSOR, &delivered(4, number, Duration::ZERO).2);
    }
    let ends = [Outcome::Acked, Outcome::Acked, Outcome::Acked, Outcome::Unknown, Outcome::Unknown];
    for (number, outcome) in (0..).zip(ends.into_iter().chain([Outcome::Failed])) {
        expectations.observed(at(5), LAPTOP, &ended(number, outcome));
    }
    let (_, unmet) = expectations.finish(at(END), &|_, _| None).remove(0);
    assert_eq!(
        unmet.happened,
        "at 100s 4 of 200 payloads from laptop to sensor had arrived (missing 4 to 8 of chat; of 8 \
         messages accepted, 3 acked, 1 failed, 2 unknown, 2 open; laptop had no room for 1 more; \
         191 still to be sent)"
    );
}

#[test]
fn one_late_payload_is_late_for_good() {
    let fact = Fact::Latency { from: LAPTOP, to: SENSOR, at_most: Duration::from_millis(50) };
    let (fast, slow) = (Duration::from_millis(50), Duration::from_millis(51));
    let reports = [delivered(5, 0, fast), delivered(10, 1, slow), delivered(20, 2, fast)];
    assert!(met(during(5, 9), fact.clone(), &reports));
    assert!(!met(during(0, 9), fact.clone(), &reports), "none has arrived yet");
    assert!(!met(within(10, END), fact, &reports));
}

#[test]
fn events_are_counted_across_restarts() {
    let event = |peer, times| Fact::Event {
        node: LAPTOP,
        kind: EventKind::Connected,
        peer,
        at_least: times,
        at_most: times,
    };
    let reports = [start(0), now(10, ACTIVE), now(15, GONE), stop(20), start(30), now(40, ACTIVE)];
    for peer in [None, Some(SENSOR)] {
        assert!(met(Time::AtEnd, event(peer, 2), &reports));
        assert!(met(during(10, 39), event(peer, 1), &reports));
        assert!(met(during(0, 9), event(peer, 0), &reports));
    }
}

#[test]
fn a_metric_is_read_at_the_end() {
    let metric = Fact::Metric { node: LAPTOP, name: "jobs".into(), at_least: 2, at_most: 3 };
    let read = |value: Option<u64>| {
        let mut expectations = Expectations::new(&scenario(&[(Time::AtEnd, metric.clone())]));
        expectations.observed(at(0), LAPTOP, &Observation::Started { incarnation: 0 });
        let metric = move |node, name: &str| value.filter(|_| (node, name) == (LAPTOP, "jobs"));
        let mut unmet = expectations.finish(at(END), &metric);
        unmet.pop().map(|(_, unmet)| unmet.happened)
    };
    assert_eq!(read(Some(2)), None);
    assert_eq!(read(Some(4)).as_deref(), Some("at 100s jobs of laptop was 4"));
    assert_eq!(read(None).as_deref(), Some("at 100s laptop had no counter jobs"));
}

#[test]
fn what_came_too_late_or_again_is_told() {
    let late = [start(0), now(50, ACTIVE)];
    let told = |time, fact: Fact, reports: &[_]| unmet(&[(time, fact)], reports).remove(0).happened;
    assert_eq!(
        told(Time::By(at(20)), sees(ACTIVE), &late),
        "too late, at 50s; at 20s laptop saw sensor init (since 0s)"
    );
    assert_eq!(
        told(during(20, 60), sees(ACTIVE), &late),
        "only from 50s on; at 20s laptop saw sensor init (since 0s)"
    );
    let again = [start(0), now(5, ACTIVE), now(30, GONE), now(40, ACTIVE), now(50, GONE)];
    assert_eq!(
        told(during(20, 60), sees(ACTIVE), &again),
        "until 30s, and again from 40s on; at 30s laptop saw sensor disconnected (since 30s)"
    );
}

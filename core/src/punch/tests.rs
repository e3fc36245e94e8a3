use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::heartbeat;
use crate::paths::Ways;
use crate::peer::Peer;
use crate::receive::tests::with_own_echo;
use crate::way::Circuit;
use crate::wire::{Candidates, Message};
use crate::{PeerId, SecretIdentity, Socket, Timer, timeout};

const PEER: u16 = 0;
const RELAYED: Way = Way::Relayed(Circuit { relay: Peer { slot: 9, generation: 0 }, number: 7 });
const ROUND_TRIP_US: u32 = 80_000;

fn at(address: &str) -> core::net::SocketAddr {
    address.parse().expect("an address")
}

fn seen_at(address: &str) -> Attested {
    let core::net::SocketAddr::V4(v4) = at(address) else { panic!("IPv4") };
    Attested::new(Some(v4), None)
}

fn attest(attested: Attested, cx: &mut Cx<'_>) {
    cx.peer(PEER).relaying.attested = attested;
    on_attested(PEER, cx);
}

const HERE: &str = "203.0.113.7:4747";
const THERE: &str = "198.51.100.1:4747";

/// Two identities, the smaller first.
fn identities() -> [PeerId; 2] {
    let identity = |number: u8| {
        let mut draw = 0;
        let made = SecretIdentity::generate(|| {
            draw += 1;
            [number, draw].repeat(16).try_into().expect("32 bytes")
        });
        made.expect("every other one is usable").0.id()
    };
    let mut both = [identity(1), identity(2)];
    both.sort();
    both
}

/// A node with one active peer, reached through a relay; no relay says yet where it is.
fn relayed(is_smaller: bool, test: impl FnOnce(&mut Cx<'_>)) {
    with_own_echo(|cx, _| {
        let [smaller, larger] = identities();
        let (own, theirs) = if is_smaller { (smaller, larger) } else { (larger, smaller) };
        cx.state.id = own;
        let slot = cx.peer(PEER);
        slot.contact.as_mut().expect("it is known").id = theirs;
        slot.ways = Ways::NONE;
        slot.ways.take(RELAYED);
        set_local_addresses(&[(Socket(0), at(HERE))], cx);
        // Nobody renews the session.
        cx.set_timer(Actor::Peer(PEER), Timer::Keys, None);
        test(cx);
    });
}

/// Something that was sent to the peer.
#[derive(Clone, Debug, PartialEq)]
enum Sent {
    Said(PunchKind, Punch),
    Probe { nonce: [u8; 8], to: core::net::SocketAddr },
}

type Log = Vec<(u64, Sent)>;

/// Lets time pass, and returns what was sent, with the milliseconds since then.
fn run(cx: &mut Cx<'_>, span: Duration) -> Log {
    let (begin, mut log) = (cx.now(), Vec::new());
    loop {
        let mut content = [0; crate::wire::MAX_CONTENT];
        while let Some((via, len)) = take_owed(PEER, &mut content, cx) {
            let sent = match (Message::decode(&content[..len]), via.way) {
                (Ok(Message::Punch(kind, punch)), RELAYED) => Sent::Said(kind, punch),
                (Ok(Message::Control(Control::Ping(ping))), Way::Direct(path)) => {
                    Sent::Probe { nonce: ping.probe.nonce, to: path.remote }
                }
                other => panic!("not a part of an attempt: {other:?}"),
            };
            log.push((cx.now().saturating_since(begin).as_micros() / 1000, sent));
        }
        assert!(!owes(PEER, cx));
        let next = cx.state.first_deadline.map(|deadline| deadline.at.max(cx.now()));
        match next.filter(|next| *next <= begin + span) {
            Some(next) => cx.state.now = next,
            None => break,
        }
        timeout::fire(cx);
    }
    cx.state.now = begin + span;
    log
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn via(way: Way, cx: &mut Cx<'_>) -> Via {
    Via { session: cx.peer(PEER).current.expect("it has one"), way }
}

/// The peer says something by the relay.
fn hear(kind: PunchKind, number: u32, named: &[&str], cx: &mut Cx<'_>) -> Result<(), Dropped> {
    let mut candidates = Candidates::default();
    named.iter().for_each(|address| candidates.add(at(address)));
    let mapping = Mapping::Unknown;
    let punch = Punch { attempt: number, round_trip_us: ROUND_TRIP_US, mapping, candidates };
    let via = via(RELAYED, cx);
    on_message(PEER, via, kind, &punch, cx)
}

fn offers(log: &Log) -> Vec<u32> {
    let number = |sent: &Sent| match sent {
        Sent::Said(PunchKind::Offer, punch) => Some(punch.attempt),
        _ => None,
    };
    log.iter().filter_map(|(_, sent)| number(sent)).collect()
}

fn answers(log: &Log) -> usize {
    let is_answer = |sent: &Sent| matches!(sent, Sent::Said(PunchKind::Answer, _));
    log.iter().filter(|(_, sent)| is_answer(sent)).count()
}

fn probes(log: &Log) -> Vec<(u64, core::net::SocketAddr)> {
    let probe = |(ms, sent): &(u64, Sent)| match sent {
        Sent::Probe { to, .. } => Some((*ms, *to)),
        Sent::Said(..) => None,
    };
    log.iter().filter_map(probe).collect()
}

fn times(log: &Log) -> Vec<u64> {
    probes(log).iter().map(|(ms, _)| *ms).collect()
}

#[test]
fn nothing_is_tried_before_a_relay_says_where_the_peer_is() {
    relayed(true, |cx| {
        on_course(PEER, cx);
        assert!(run(cx, secs(600)).is_empty());
        assert_eq!(reason(&cx.peers[0], cx.peers, &Shared::NEW), Some(RelayReason::NoAddress));
        attest(seen_at(THERE), cx);
        assert_eq!(offers(&run(cx, secs(0))).len(), 1);
    });
}

#[test]
fn an_offer_is_repeated_as_every_exchange_is_and_nobody_is_probed() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        let log = run(cx, secs(5));
        let said: Vec<_> = log.iter().map(|(ms, _)| *ms).collect();
        assert_eq!(said, [0, 250, 750, 1750, 2750, 3750, 4750]);
        let numbers = offers(&log);
        assert!(numbers.iter().all(|number| *number == numbers[0]));
        assert!(probes(&log).is_empty());
    });
}

#[test]
fn an_answered_offer_is_probed_at_once_eight_times_at_most() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        let number = offers(&run(cx, secs(0)))[0];
        assert_eq!(hear(PunchKind::Answer, number, &[THERE], cx), Ok(()));
        let log = run(cx, secs(30));
        assert_eq!(times(&log), [0, 200, 500, 1000, 2000, 3000, 4000]);
        assert!(probes(&log).iter().all(|(_, to)| *to == at(THERE)));
        assert!(offers(&log).is_empty());
    });
}

#[test]
fn an_answer_to_no_offer_of_ours_moves_nothing() {
    relayed(true, |cx| {
        assert_eq!(hear(PunchKind::Answer, 1, &[THERE], cx), Err(Dropped::UnexpectedPunchAck));
        attest(seen_at(THERE), cx);
        let number = offers(&run(cx, secs(0)))[0];
        let another = hear(PunchKind::Answer, number ^ 1, &[THERE], cx);
        assert_eq!(another, Err(Dropped::UnexpectedPunchAck));
        assert_eq!(hear(PunchKind::Answer, number, &[THERE], cx), Ok(()));
        let again = hear(PunchKind::Answer, number, &[THERE], cx);
        assert_eq!(again, Err(Dropped::UnexpectedPunchAck));
    });
}

#[test]
fn who_answers_probes_half_a_round_trip_later() {
    relayed(true, |cx| {
        cx.peer(PEER).relaying.attested = seen_at(THERE);
        assert_eq!(hear(PunchKind::Offer, 5, &[THERE], cx), Ok(()));
        let log = run(cx, secs(4));
        assert_eq!((answers(&log), log[0].0), (1, 0));
        assert_eq!(times(&log), [40, 240, 540, 1040, 2040, 3040]);
    });
}

#[test]
fn a_repeated_offer_gets_the_same_answer_and_no_more_probes() {
    relayed(true, |cx| {
        cx.peer(PEER).relaying.attested = seen_at(THERE);
        let mut log = Log::new();
        for _ in 0..4 {
            assert_eq!(hear(PunchKind::Offer, 5, &[THERE], cx), Ok(()));
            log.extend(run(cx, secs(1)));
        }
        assert_eq!(answers(&log), 4);
        let said = log.iter().filter(|(_, sent)| matches!(sent, Sent::Said(..)));
        assert!(said.clone().all(|(_, sent)| *sent == log[0].1));
        assert!(probes(&log).len() <= 8);
        run(cx, secs(20));
        let late = hear(PunchKind::Offer, 5, &[THERE], cx);
        assert_eq!(late, Err(Dropped::PunchIgnored), "it is over");
    });
}

#[test]
fn an_offer_of_a_peer_that_has_not_answered_yet_is_not_taken_up() {
    relayed(true, |cx| {
        cx.peer(PEER).relaying.attested = seen_at(THERE);
        cx.peer(PEER).state = PeerState::Init;
        assert_eq!(hear(PunchKind::Offer, 5, &[THERE], cx), Err(Dropped::PunchIgnored));
        cx.peer(PEER).state = PeerState::Active;
        assert_eq!(hear(PunchKind::Offer, 5, &[THERE], cx), Ok(()));
    });
}

#[test]
fn an_offer_that_leads_nowhere_takes_no_place() {
    relayed(true, |cx| {
        let nowhere = hear(PunchKind::Offer, 5, &["203.0.113.99:5000"], cx);
        assert_eq!(nowhere, Err(Dropped::PunchIgnored));
        assert_eq!(free_place(cx.punches, false), Some(0));
    });
}

#[test]
fn offers_of_others_leave_a_quarter_of_the_places() {
    for (places, left) in [(1, 0), (4, 1), (8, 2), (64, 16)] {
        let mut punches: Vec<_> = (0..places).map(|_| PunchSlot::EMPTY).collect();
        let mut fill = |asked_for| {
            let mut taken = 0;
            while let Some(place) = free_place(&punches, asked_for) {
                let candidates = Candidates::default();
                let (attempt, mapping) = (taken, Mapping::Unknown);
                let punch = Punch { attempt, round_trip_us: ROUND_TRIP_US, mapping, candidates };
                punches[place].attempt = Held::This(Attempt::asking(punch, Instant::ORIGIN));
                taken += 1;
            }
            taken
        };
        assert_eq!(fill(false), places - left);
        assert_eq!(fill(true), left);
    }
}

#[test]
fn another_offer_during_an_attempt_is_ignored() {
    relayed(true, |cx| {
        cx.peer(PEER).relaying.attested = seen_at(THERE);
        assert_eq!(hear(PunchKind::Offer, 5, &[THERE], cx), Ok(()));
        run(cx, secs(1));
        assert_eq!(hear(PunchKind::Offer, 6, &[THERE], cx), Err(Dropped::PunchIgnored));
    });
}

#[test]
fn of_two_offers_that_cross_that_of_the_smaller_counts() {
    for is_smaller in [true, false] {
        relayed(is_smaller, |cx| {
            attest(seen_at(THERE), cx);
            assert!(!offers(&run(cx, secs(1))).is_empty());
            let heard = hear(PunchKind::Offer, 5, &[THERE], cx);
            assert_eq!(heard.is_err(), is_smaller);
            let log = run(cx, secs(2));
            assert_eq!(answers(&log), usize::from(!is_smaller));
            assert_eq!(offers(&log).is_empty(), !is_smaller);
        });
    }
}

#[test]
fn the_smaller_begins_and_the_larger_only_if_it_does_not() {
    for (is_smaller, begun) in [(true, 0), (false, 1000)] {
        relayed(is_smaller, |cx| {
            attest(seen_at(THERE), cx);
            assert_eq!(run(cx, secs(2))[0].0, begun);
        });
    }
}

/// When attempts began, in seconds, whose offers were all answered.
fn answered_attempts(span: u64, cx: &mut Cx<'_>) -> Vec<u64> {
    let mut begun = Vec::new();
    for second in 0..span {
        for number in offers(&run(cx, secs(1))) {
            if hear(PunchKind::Answer, number, &[THERE], cx).is_ok() {
                begun.push(second);
            }
        }
    }
    begun
}

#[test]
fn attempts_that_fail_come_more_and_more_rarely() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        let begun = answered_attempts(4 * 3600, cx);
        let gaps: Vec<_> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
        for (gap, wanted) in gaps.iter().zip([60, 120, 240, 480, 960, 1800, 1800]) {
            assert!((wanted * 3 / 4..=wanted * 5 / 4 + 8).contains(gap), "{gaps:?}");
        }
        assert!(begun.len() >= 9);
        let relayed = relayed_of(cx);
        assert_eq!((relayed.reason, relayed.probes), (RelayReason::NoAnswer, 7));
        assert!(relayed.next_try.is_some());
    });
}

fn relayed_of(cx: &mut Cx<'_>) -> Relayed {
    let slot = &cx.peers[usize::from(PEER)];
    super::relayed(slot, cx.peers, &cx.state.punch, cx.now()).expect("it is relayed")
}

#[test]
fn offers_that_nobody_answers_are_soon_made_again_twice() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        let mut numbers = offers(&run(cx, secs(50)));
        numbers.dedup();
        assert_eq!(numbers.len(), 3);
    });
}

#[test]
fn another_address_is_tried_soon_whatever_failed_before() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        answered_attempts(3600, cx);
        let begun = cx.now();
        on_network_change(cx);
        assert_eq!(answered_attempts(30, cx).len(), 1);
        attest(seen_at("198.51.100.2:4747"), cx);
        let twice = answered_attempts(30, cx).len();
        assert_eq!(twice, 1, "after {}", cx.now().saturating_since(begun));
    });
}

#[test]
fn a_probe_is_answered_by_its_nonce_from_where_it_went() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        let number = offers(&run(cx, secs(0)))[0];
        hear(PunchKind::Answer, number, &[THERE], cx).expect("it waits for one");
        let log = run(cx, Duration::from_millis(30));
        let [(_, Sent::Probe { nonce, to })] = log[..] else { panic!("one probe: {log:?}") };
        let [there, elsewhere] =
            [to, at("198.51.100.1:9999")].map(|remote| Path { socket: Socket(0), remote });
        let mut pong = |path: Path, nonce| {
            let via = via(path.into(), cx);
            on_pong(PEER, via, &Probe { nonce }, cx)
        };
        assert_eq!(pong(elsewhere, nonce), Err(Dropped::UnexpectedPong));
        assert_eq!(pong(there, [0; 8]), Err(Dropped::UnexpectedPong));
        let round_trip = Duration::from_millis(30);
        let punched = Turn::Punched { peer: PEER, path: there, round_trip };
        assert_eq!(pong(there, nonce), Ok(Some(punched)));
        assert_eq!(pong(there, nonce), Err(Dropped::UnexpectedPong), "it counts once");
        crate::lifecycle::on_turn(Some(punched), cx);
        assert_eq!(cx.peer(PEER).ways.course.primary(), Some(there.into()));
        assert!(offers(&run(cx, secs(3600))).is_empty());
    });
}

#[test]
fn ways_that_a_peers_packets_come_by_are_asked_on_as_rarely_as_addresses_are_probed() {
    relayed(false, |cx| {
        attest(seen_at(THERE), cx);
        let there = Way::Direct(Path { socket: Socket(0), remote: at(THERE) });
        let mut vouched = 0;
        for number in 0..12 {
            hear(PunchKind::Offer, number, &[], cx).expect("the one before is over");
            let now = cx.now();
            cx.peer(PEER).ways.add(there, Balance::of(60, 0), now);
            vouch(PEER, cx);
            vouched +=
                usize::from(!cx.peer(PEER).ways.find(there).expect("it was added").is_hearsay);
            cx.peer(PEER).ways.remove(there, now);
            run(cx, secs(10));
        }
        assert!((1..=4).contains(&vouched), "{vouched} in two minutes");
    });
}

#[test]
fn each_try_on_a_way_that_is_probed_counts_as_a_probe() {
    relayed(false, |cx| {
        attest(seen_at(THERE), cx);
        hear(PunchKind::Offer, 1, &[], cx).expect("none is under way");
        let there = Way::Direct(Path { socket: Socket(0), remote: at(THERE) });
        let now = cx.now();
        cx.peer(PEER).ways.add(there, Balance::of(60, 0), now);
        vouch(PEER, cx);
        let mut tries = 0;
        for _ in 0..100 {
            cx.peer(PEER).ways.find_mut(there).expect("it was added").begin(now);
            let session_on = |peer, _, cx: &mut Cx<'_>| cx.peer(peer).current;
            tries += usize::from(heartbeat::take_owed(PEER, session_on, cx).is_some());
        }
        assert_eq!(tries, 15, "one has brought the way");
    });
}

#[test]
fn a_way_that_is_lost_as_soon_as_it_was_found_is_looked_for_again() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        let number = offers(&run(cx, secs(0)))[0];
        hear(PunchKind::Answer, number, &[THERE], cx).expect("it waits for one");
        let log = run(cx, Duration::from_millis(30));
        let [(_, Sent::Probe { nonce, to })] = log[..] else { panic!("one probe: {log:?}") };
        let there = Way::Direct(Path { socket: Socket(0), remote: to });
        let via = via(there, cx);
        let turn = on_pong(PEER, via, &Probe { nonce }, cx).expect("it was sent");
        crate::lifecycle::on_turn(turn, cx);
        on_course(PEER, cx);
        // Nobody answers the pings here.
        heartbeat::stop(PEER, cx);
        let now = cx.now();
        cx.peer(PEER).ways.remove(there, now);
        on_course(PEER, cx);
        assert!(!offers(&run(cx, secs(120))).is_empty());
    });
}

#[test]
fn answers_by_other_ways_still_count_for_a_second() {
    relayed(true, |cx| {
        attest(seen_at(THERE), cx);
        let number = offers(&run(cx, secs(0)))[0];
        let other = "198.51.100.1:5000";
        hear(PunchKind::Answer, number, &[other], cx).expect("it waits for one");
        let log = run(cx, Duration::from_millis(30));
        let mut answer = |place: usize| {
            let Sent::Probe { nonce, to } = log[place].1 else { panic!("a probe: {log:?}") };
            let path = Path { socket: Socket(0), remote: to };
            let via = via(path.into(), cx);
            let turn = on_pong(PEER, via, &Probe { nonce }, cx)?;
            crate::lifecycle::on_turn(turn, cx);
            Ok(run(cx, Duration::from_millis(800)))
        };
        assert_eq!(answer(0), Ok(Log::new()), "no more probes go out");
        assert_eq!(answer(1), Ok(Log::new()));
        assert_eq!(answer(1), Err(Dropped::UnexpectedPong));
        assert_eq!(cx.peer(PEER).ways.iter().count(), 3);
    });
}

#[test]
fn a_peer_that_asks_all_the_time_leaves_the_places_to_others_in_between() {
    relayed(true, |cx| {
        cx.peer(PEER).relaying.attested = seen_at(THERE);
        let mut taken = 0;
        for number in 0..600 {
            taken += usize::from(hear(PunchKind::Offer, number, &[THERE], cx).is_ok());
            run(cx, Duration::from_millis(100));
        }
        assert_eq!(taken, 9, "in a minute");
    });
}

proptest! {
    /// A peer that asks as often as it likes, and names what it likes: no storm comes of it.
    #[test]
    fn however_a_peer_asks_little_is_sent_and_only_to_where_it_is(
        asked in prop::collection::vec((0u64..3000, 0u32..6, 1024u16.., any::<[u8; 4]>()), 1..60),
    ) {
        relayed(false, |cx| {
            cx.peer(PEER).relaying.attested = seen_at(THERE);
            let (mut log, begin) = (Log::new(), cx.now());
            for (wait_ms, number, port, victim) in &asked {
                let own = std::format!("198.51.100.1:{port}");
                let [a, b, c, d] = victim;
                let other = std::format!("{a}.{b}.{c}.{d}:{port}");
                let _ = hear(PunchKind::Offer, *number, &[&other, &own], cx);
                log.extend(run(cx, Duration::from_millis(*wait_ms)));
            }
            let minutes = cx.now().saturating_since(begin).as_micros() / 60_000_000 + 1;
            assert!(answers(&log) <= asked.len(), "one answer for each offer");
            assert!(probes(&log).iter().all(|(_, to)| to.ip() == at(THERE).ip()));
            assert!(probes(&log).len() as u64 <= 64 * minutes);
        });
    }
}

use proptest::prelude::*;

use super::super::newreno::DATAGRAM;
use super::*;

/// Sends datagrams whenever they may be until `end`, and returns how many went at once at first and
/// how many in all.
fn send_until(end: Instant, rtt: &Rtt, congestion: &NewReno) -> (u32, u32) {
    let (mut pacer, mut now) = (Pacer::IDLE, Instant::from_micros(5_000_000));
    let (begin, mut burst, mut all) = (now, 0, 0);
    loop {
        now = now.max(pacer.ready_at(DATAGRAM, rtt, congestion));
        if now > end {
            return (burst, all);
        }
        pacer.on_sent(DATAGRAM, rtt, congestion, now);
        all += 1;
        if now == begin {
            burst += 1;
        }
    }
}

#[test]
fn ten_datagrams_go_at_once_and_the_rest_at_five_quarters_of_a_window() {
    let (rtt, congestion) = (Rtt::new(Some(Duration::from_millis(100))), NewReno::new());
    let end = Instant::from_micros(5_000_000 + 800_000);
    let (burst, all) = send_until(end, &rtt, &congestion);
    assert_eq!(burst, 10);
    // A datagram every 8 ms, that is 100 in 800 ms.
    assert_eq!(all, 110);
}

#[test]
fn a_pause_earns_no_more_than_one_burst() {
    let (rtt, congestion) = (Rtt::new(Some(Duration::from_millis(100))), NewReno::new());
    let mut pacer = Pacer::IDLE;
    pacer.on_sent(DATAGRAM, &rtt, &congestion, Instant::from_micros(1));
    let later = Instant::from_micros(3_600_000_000);
    let mut burst = 0;
    while pacer.ready_at(DATAGRAM, &rtt, &congestion) <= later {
        pacer.on_sent(DATAGRAM, &rtt, &congestion, later);
        burst += 1;
    }
    assert_eq!(burst, 10);
}

proptest! {
    #[test]
    fn over_any_time_it_keeps_to_its_pace(rtt_us in 1_000u64..2_000_000, millis in 1u64..3_000) {
        let (rtt, congestion) = (Rtt::new(Some(Duration::from_micros(rtt_us))), NewReno::new());
        let end = Instant::from_micros(5_000_000 + millis * 1000);
        let (_, all) = send_until(end, &rtt, &congestion);
        let windows = 5 * millis * 1000 * u64::from(INITIAL) / (4 * rtt_us);
        let most = 10 + 1 + windows / u64::from(DATAGRAM);
        // Whole microseconds between datagrams make it a little faster.
        prop_assert!(u64::from(all) <= most + most / 50, "{all} > {most}");
    }
}

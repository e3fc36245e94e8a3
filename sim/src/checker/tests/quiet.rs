use underpass_core::{Duration, Instant};

use super::{Bench, Inside, LAPTOP, PRINTER, SENSOR, hello, sealed, sent};
use crate::trace::Observation;

/// A call that sends this, at that time.
fn sends(bench: &mut Bench, at_s: u64, bytes: &[u8]) {
    bench.at(Instant::ORIGIN + Duration::from_secs(at_s)).transmitted(LAPTOP, PRINTER, bytes);
    bench.called(LAPTOP, &Inside::default());
}

#[test]
fn pings_more_often_than_their_interval() {
    let mut bench = Bench::in_touch();
    for second in 180..194 {
        sends(&mut bench, second, &sealed(9, second, 1));
    }
    bench.is_quiet();
    sends(&mut bench, 194, &sealed(9, 194, 1));
    bench.complains(
        "quiet: laptop sent 15 pings and answers within a minute to 198.18.2.1:4747, though nothing \
         has happened for 120s (at 194s)",
    );
}

#[test]
fn data_that_no_application_sent() {
    let mut data = sealed(9, 0, 1).to_vec();
    data.push(0);
    let mut bench = Bench::in_touch();
    bench.proves(LAPTOP, PRINTER);
    sends(&mut bench, 121, &data);
    bench.is_quiet();
    sends(&mut bench, 126, &data);
    bench.complains(
        "quiet: laptop sent 43 bytes of data to 198.18.2.1:4747, though nothing has happened for \
         120s (at 126s)",
    );
}

/// The printer relays.
#[test]
fn a_relay_says_where_it_sees_who_asks() {
    let mut answer = sealed(9, 0, 1).to_vec();
    answer.extend([0; 9]);
    let mut bench = Bench::in_touch();
    bench.proves(LAPTOP, PRINTER);
    bench.proves(PRINTER, LAPTOP);
    bench.at(Instant::ORIGIN + Duration::from_secs(136)).transmitted(PRINTER, LAPTOP, &answer);
    bench.called(PRINTER, &Inside::default());
    bench.is_quiet();
    sends(&mut bench, 137, &answer);
    bench.complains(
        "quiet: laptop sent 51 bytes of data to 198.18.2.1:4747, though nothing has happened for \
         120s (at 137s)",
    );
}

#[test]
fn handshakes_without_end() {
    let mut bench = Bench::in_touch();
    for number in 0..120 {
        let at = Instant::ORIGIN + Duration::from_secs(180) + Duration::from_millis(400 * number);
        let to = if number % 3 == 0 { SENSOR } else { PRINTER };
        bench.at(at).transmitted(LAPTOP, to, &[5; 40]);
        bench.called(LAPTOP, &Inside::default());
    }
    bench.is_quiet();
    for _ in 0..41 {
        bench.stays().transmitted(LAPTOP, PRINTER, &[5; 40]);
        bench.stays().called(LAPTOP, &Inside::default());
    }
    bench.complains(
        "quiet: laptop sent 121 handshake messages within a minute to 198.18.2.1:4747, though \
         nothing has happened for 120s (at 228.6s)",
    );
}

#[test]
fn it_is_not_quiet_while_applications_send_or_nodes_come() {
    let mut data = sealed(9, 0, 1).to_vec();
    data.push(0);
    let mut bench = Bench::in_touch();
    bench.proves(LAPTOP, PRINTER);
    bench.at(Instant::ORIGIN + Duration::from_secs(300)).transmitted(LAPTOP, PRINTER, &data);
    bench.observed(LAPTOP, sent(0));
    bench.called(LAPTOP, &Inside::default());
    sends(&mut bench, 400, &data);
    bench.at(Instant::ORIGIN + Duration::from_secs(415));
    bench.observed(SENSOR, Observation::Stopped);
    sends(&mut bench, 500, &data);
    sends(&mut bench, 501, &hello(1));
    bench.is_quiet();
}

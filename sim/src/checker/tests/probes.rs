use super::*;

#[test]
fn a_node_may_knock_sixteen_times_a_minute() {
    let mut bench = Bench::new();
    for counter in 0..16 {
        bench.transmitted(LAPTOP, PRINTER, &sealed(9, counter, 1));
    }
    bench.is_quiet();
    bench.transmitted(LAPTOP, PRINTER, &sealed(9, 16, 1));
    bench.complains(
        "probes: laptop has sent 17 datagrams to 198.18.2.1:4747 within a minute, and nothing ever came \
         from there (at 17s)",
    );
}

#[test]
fn what_answers_may_be_sent_to_as_often_as_one_likes() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, PRINTER, &sealed(9, 0, 1));
    bench.carried(PRINTER, LAPTOP, &sealed(8, 0, 2));
    for counter in 1..40 {
        bench.transmitted(LAPTOP, PRINTER, &sealed(9, counter, 1));
    }
    bench.is_quiet();
}

#[test]
fn a_minute_later_a_node_may_knock_again() {
    let mut bench = Bench::new();
    for counter in 0..100 {
        bench.transmitted(LAPTOP, PRINTER, &sealed(9, counter, 1));
        bench.now = bench.now + Duration::from_secs(3);
    }
    bench.is_quiet();
}

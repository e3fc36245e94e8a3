use super::{Bench, LAPTOP, SENSOR, hello, welcome};

#[test]
fn an_ephemeral_key_in_two_handshakes() {
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &hello(1));
    bench.transmitted(LAPTOP, SENSOR, &hello(1));
    bench.transmitted(LAPTOP, SENSOR, &hello(2));
    bench.is_quiet();
    let mut other = hello(1);
    other[100] = 1;
    bench.transmitted(LAPTOP, SENSOR, &other);
    bench.complains(
        "ephemeral: laptop used in a handshake at 4s the key that laptop used in another at 1s",
    );
}

#[test]
fn an_ephemeral_key_of_somebody_else() {
    let mut bench = Bench::new();
    bench.carried(LAPTOP, SENSOR, &hello(1));
    bench.transmitted(SENSOR, LAPTOP, &welcome(1));
    bench.complains(
        "ephemeral: sensor used in a handshake at 3s the key that laptop used in another at 1s",
    );
}

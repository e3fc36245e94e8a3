//! What needs no board: messages, settings, the console, the sensor's behaviour.

use underpass_core::{Instant, PeerId};
use underpass_sensor::messages::{Command, Lamp, Reading, Status};
use underpass_sensor::{Answer, Console, Mistake, Settings, SettingsError, tape};

mod entropy;
mod keep;

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn settings() -> Settings {
    let mut drawn = 0;
    let draw = || {
        drawn += 1;
        [drawn; 32]
    };
    Settings::make(draw).expect("half of all seeds will do")
}

fn say(console: &mut Console, line: &str, settings: &mut Settings) -> Result<Answer, Mistake> {
    let mut answers = line.bytes().chain(*b"\r\n").filter_map(|byte| console.push(byte, settings));
    let answer = answers.next().expect("every line is answered");
    assert_eq!(answers.next(), None, "once");
    answer
}

fn peer() -> PeerId {
    let mut drawn = 100;
    let draw = || {
        drawn += 1;
        [drawn; 32]
    };
    Settings::make(draw).expect("half of all seeds will do").identity().id()
}

#[test]
fn commands_are_what_they_were() {
    let lamps = [Lamp::Off, Lamp::On, Lamp::State].map(Command::Lamp);
    for command in [Command::Status, Command::Interval { ms: 70_000 }].into_iter().chain(lamps) {
        assert_eq!(Command::from_bytes(&command.to_bytes()), Some(command));
    }
    assert_eq!(Command::from_bytes(&[9, 0, 0, 0, 0]), None);
    assert_eq!(Command::from_bytes(&[0]), None);
}

#[test]
fn readings_and_states_are_what_they_were() {
    let reading = Reading { number: 1, uptime_ms: 70_000, milli: -1_500 };
    assert_eq!(Reading::from_bytes(&reading.to_bytes()), Some(reading));
    let status = Status { is_lit: true, acked: 1, lost: 2, skipped: 3, stack_used: 70_000 };
    assert_eq!(Status::from_bytes(&status.to_bytes()), Some(status));
}

#[test]
fn settings_survive_in_flash() {
    let (mut console, mut settings) = (Console::default(), settings());
    let [name, password] = ["n".repeat(32), "p".repeat(63)];
    let lines = [
        format!("network {name} {SECRET}"),
        format!("peer {} [2001:db8::1]:65535", peer()),
        format!("relay {} [2001:db8::2]:65535", peer()),
        format!("wifi {name} {password}"),
        "interval 3600000".to_owned(),
        "record on".to_owned(),
    ];
    for line in lines {
        assert_eq!(say(&mut console, &line, &mut settings), Ok(Answer::Noted), "{line}");
    }
    let read = Settings::from_bytes(&settings.to_bytes()).expect("they are whole");
    assert!(read == settings && read.network.is_some() && read.wifi.is_some() && read.records);
}

#[test]
fn damaged_settings_are_not_taken_for_none() {
    let whole = settings().to_bytes();
    let len = whole.iter().rposition(|byte| *byte != 0).expect("something") + 1;
    for position in 0..len {
        let mut damaged = whole;
        damaged[position] ^= 4;
        assert!(matches!(Settings::from_bytes(&damaged), Err(SettingsError::Damaged)));
    }
    for erased in [[0xff; Settings::LEN], [0; Settings::LEN]] {
        assert!(matches!(Settings::from_bytes(&erased), Err(SettingsError::Empty)));
    }
}

#[test]
fn the_console_says_what_is_wrong() {
    let (mut console, mut settings) = (Console::default(), settings());
    let cases = [
        ("help", Mistake::Unknown),
        ("network home", Mistake::Secret),
        ("network", Mistake::Name),
        (&format!("network home {SECRET}0"), Mistake::Secret),
        (&format!("network {} {SECRET}", "n".repeat(33)), Mistake::Name),
        (&format!("wifi home {}", "p".repeat(64)), Mistake::Password),
        ("interval 1", Mistake::Interval),
        ("record", Mistake::Switch),
        (&format!("peer {} nowhere", peer()), Mistake::Address),
        (&"x".repeat(200), Mistake::Long),
    ];
    for (line, mistake) in cases {
        assert_eq!(say(&mut console, line, &mut settings), Err(mistake), "{line}");
    }
    let own = settings.identity().id();
    assert_eq!(say(&mut console, "id", &mut settings), Ok(Answer::Identity(own)));
}

#[test]
fn a_recording_comes_out_of_the_log_as_it_was() {
    let bytes: Vec<u8> = (0..=255).collect();
    let log = ["the peer is there".to_owned(), tape::Line(&bytes).to_string()];
    let mut read = Vec::new();
    let is_tape = log.map(|line| tape::read(&line, |byte| read.push(byte)));
    assert_eq!((is_tape, read), ([false, true], bytes));
}

mod behaviour {
    use underpass_core::{Config, Duration, Network, Node, Peer};
    use underpass_sensor::Sensor;

    use super::*;

    underpass_core::storage! {
        struct Board {
            peers: 1, handshakes: 2, window_bits: 128,
            messages: 2, message_window: 32, buffer: 1440, circuits: 0, punches: 1, records: 0, rumours: 0,
        }
    }

    fn at(ms: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(ms)
    }

    fn handle() -> Peer {
        let config = Config::new(Network::open("bench"));
        let own = settings().identity().id();
        let node = Node::new(config, own, [1; 32], Board::EMPTY, Instant::ORIGIN);
        let mut node = node.expect("its lengths go together");
        node.connect(peer(), None, Instant::ORIGIN).expect("there is room")
    }

    #[test]
    fn readings_come_every_ten_seconds_or_as_often_as_asked() {
        let mut sensor = Sensor::new(handle(), Sensor::INTERVAL_MS, at(0));
        let due = |sensor: &mut Sensor, ms| {
            sensor.reading(at(ms), || 0).map(|reading| (reading.number, reading.uptime_ms))
        };
        assert_eq!(due(&mut sensor, 0), Some((0, 0)));
        assert_eq!(due(&mut sensor, 9_999), None);
        assert_eq!(due(&mut sensor, 10_000), Some((1, 10_000)));
        sensor.on_command(Command::Interval { ms: 500 }, at(10_000));
        assert_eq!(due(&mut sensor, 10_499), None);
        assert_eq!(due(&mut sensor, 10_500), Some((2, 10_500)));
    }

    #[test]
    fn readings_that_were_missed_are_left_out() {
        let mut sensor = Sensor::new(handle(), Sensor::INTERVAL_MS, at(0));
        assert!(sensor.reading(at(60_000), || 0).is_some());
        assert!(sensor.reading(at(60_000), || 0).is_some(), "the next is due at once");
        assert!(sensor.reading(at(60_000), || 0).is_none(), "and no more");
    }

    #[test]
    fn the_lamp_blinks_while_nobody_is_there() {
        let mut sensor = Sensor::new(handle(), Sensor::INTERVAL_MS, at(0));
        assert_eq!([0, 250, 500].map(|ms| sensor.is_lit(at(ms))), [true, false, true]);
        sensor.on_command(Command::Lamp(Lamp::Off), at(0));
        assert_eq!([0, 250, 500].map(|ms| sensor.is_lit(at(ms))), [false; 3]);
    }
}

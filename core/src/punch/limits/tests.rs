use proptest::prelude::*;

use super::*;

const CELLS: usize = 64;

fn hasher() -> SipHasher13 {
    SipHasher13::new_with_keys(1, 2)
}

fn after(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 7], port))
}

#[test]
fn one_port_gets_sixteen_probes_a_minute() {
    let (hasher, mut cells) = (hasher(), [ProbeCell::EMPTY; CELLS]);
    let mut limits = ProbeLimits { hasher: &hasher, cells: &mut cells };
    let sent = (0..100).filter(|_| limits.take(at(4747), after(10))).count();
    assert_eq!(sent, 16);
    assert!(!limits.take(at(4747), after(69)));
    assert!(limits.take(at(4747), after(120)));
}

#[test]
fn one_address_gets_sixty_four_whatever_the_ports() {
    let (hasher, mut cells) = (hasher(), [ProbeCell::EMPTY; 4096]);
    let mut limits = ProbeLimits { hasher: &hasher, cells: &mut cells };
    let sent = (1024..2024).filter(|port| limits.take(at(*port), after(10))).count();
    assert_eq!(sent, 64);
}

#[test]
fn answered_probes_do_not_count() {
    let (hasher, mut cells) = (hasher(), [ProbeCell::EMPTY; CELLS]);
    let mut limits = ProbeLimits { hasher: &hasher, cells: &mut cells };
    for _ in 0..100 {
        assert!(limits.take(at(4747), after(10)));
        limits.give_back(at(4747), after(10), after(11));
    }
}

proptest! {
    /// Whatever is asked for, and however many addresses share a cell.
    #[test]
    fn no_minute_sees_more_than_the_limits(
        asked in prop::collection::vec((1024u16..1030, 0u64..400), 0..400),
    ) {
        let mut asked = asked;
        asked.sort_by_key(|(_, seconds)| *seconds);
        let (hasher, mut cells) = (hasher(), [ProbeCell::EMPTY; 4]);
        let mut limits = ProbeLimits { hasher: &hasher, cells: &mut cells };
        asked.retain(|(port, seconds)| limits.take(at(*port), after(*seconds)));
        for (port, from) in &asked {
            let within = |seconds: u64| (*from..from + 60).contains(&seconds);
            let count = asked.iter().filter(|(p, s)| p == port && within(*s)).count();
            prop_assert!(count <= 16);
            prop_assert!(asked.iter().filter(|(_, s)| within(*s)).count() <= 64);
        }
    }
}

use underpass_core::{Duration, Instant};

use super::{Hold, Partitions, Power};
use crate::scenario::model::{Fault, FaultKind, NodeId};

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const C: NodeId = NodeId(2);

fn secs(secs: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(secs)
}

fn partition(at_s: u64, lasts_s: Option<u64>, groups: &[&[NodeId]]) -> Fault {
    Fault {
        name: String::new(),
        at: secs(at_s),
        lasts: lasts_s.map(Duration::from_secs),
        every: None,
        kind: FaultKind::Partition(groups.iter().map(|group| group.to_vec()).collect()),
    }
}

#[test]
fn a_partition_lasts_from_its_begin_up_to_its_end() {
    let partitions = Partitions::new(&[partition(10, Some(5), &[&[A], &[B]])], 3);
    let just_before = |at_s| Instant::from_micros(secs(at_s).as_micros() - 1);
    assert!(!partitions.separate(A, B, just_before(10)));
    assert!(partitions.separate(A, B, secs(10)));
    assert!(partitions.separate(B, A, just_before(15)));
    assert!(!partitions.separate(A, B, secs(15)));
}

#[test]
fn a_node_in_no_group_reaches_all() {
    let partitions = Partitions::new(&[partition(0, None, &[&[A], &[B]])], 3);
    assert!(partitions.separate(A, B, secs(1_000_000)));
    assert!(!partitions.separate(A, C, secs(1)));
    assert!(!partitions.separate(C, B, secs(1)));
}

#[test]
fn members_of_a_group_reach_each_other() {
    let partitions = Partitions::new(&[partition(0, None, &[&[A, B], &[C]])], 3);
    assert!(!partitions.separate(A, B, secs(1)));
    assert!(partitions.separate(A, C, secs(1)));
}

#[test]
fn overlapping_partitions_each_hold() {
    let faults = [partition(0, Some(10), &[&[A], &[B]]), partition(5, Some(10), &[&[A, B], &[C]])];
    let partitions = Partitions::new(&faults, 3);
    assert!(partitions.separate(A, B, secs(7)) && partitions.separate(A, C, secs(7)));
    assert!(!partitions.separate(A, B, secs(12)) && partitions.separate(A, C, secs(12)));
}

#[test]
#[should_panic(expected = "two groups")]
fn a_node_cannot_be_on_both_sides() {
    Partitions::new(&[partition(0, None, &[&[A], &[A, B]])], 3);
}

#[test]
fn overlapping_crashes_keep_a_node_off_until_the_last_ends() {
    let mut power = Power::new();
    assert!(power.release(Hold::NotStarted));
    power.hold(Hold::Crash(0));
    power.hold(Hold::Crash(1));
    assert!(!power.release(Hold::Crash(0)));
    assert!(!power.is_on());
    assert!(power.release(Hold::Crash(1)));
}

#[test]
fn the_end_of_a_crash_that_a_restart_overtook_means_nothing() {
    let mut power = Power::new();
    power.hold(Hold::Crash(0));
    power.release_all();
    assert!(power.is_on());
    power.hold(Hold::Crash(1));
    assert!(!power.release(Hold::Crash(0)));
    assert!(!power.is_on());
}

#[test]
fn a_crash_that_ends_before_the_start_does_not_start_the_node() {
    let mut power = Power::new();
    power.hold(Hold::Crash(0));
    assert!(!power.release(Hold::Crash(0)));
    assert!(power.release(Hold::NotStarted));
}

use std::net::SocketAddr;

use underpass_core::Instant;
use underpass_sim::link::LinkModel;
use underpass_sim::machine::{Command, Cx, IpFamily, Machine, Socket, Unsupported};
use underpass_sim::scenario::model::NodeId;
use underpass_sim::trace::Observation;
use underpass_sim::world::CommandSource;

use super::setup::{
    A, B, C, Log, PORT, Sleeper, at_ms, config, delayed, factory, mark, ms, schedule_send, send,
    world,
};

/// When the marks of a single node were made that does this on its start and its wakes.
fn marks(
    on_start: impl Fn(&mut Cx<'_>) + Copy + Send + 'static,
    on_timeout: impl Fn(&mut Cx<'_>) + Copy + Send + 'static,
) -> Vec<(Instant, Observation)> {
    let mut config = config(1, LinkModel::IDEAL);
    config.nodes[0].start = at_ms(5);
    config.nodes[0].factory = factory(move || Sleeper { on_start, on_timeout });
    let mut world = world(config);
    world.run_until(at_ms(1_000)).unwrap();
    let mut observed = Log::of(&world.finish()).of_node(A);
    assert_eq!(observed.remove(0), (at_ms(5), Observation::Started { incarnation: 0 }));
    observed
}

#[test]
fn a_wake_replaces_the_one_before_and_fires_once() {
    let on_start = |cx: &mut Cx<'_>| {
        for wake_ms in [100, 50, 200, 70, 300] {
            cx.wake_at(Some(at_ms(wake_ms)));
        }
    };
    let marks = marks(on_start, |cx| cx.observe(mark(0)));
    assert_eq!(marks, [(at_ms(300), mark(0))]);
}

#[test]
fn a_wake_in_the_past_fires_now() {
    let marks = marks(|cx| cx.wake_at(Some(at_ms(1))), |cx| cx.observe(mark(0)));
    assert_eq!(marks, [(at_ms(5), mark(0))]);
}

#[test]
fn a_disarmed_wake_does_not_fire() {
    let on_start = |cx: &mut Cx<'_>| {
        cx.wake_at(Some(at_ms(50)));
        cx.wake_at(None);
    };
    assert_eq!(marks(on_start, |cx| cx.observe(mark(0))), []);
}

#[test]
fn an_idle_hour_costs_nothing() {
    let mut world = world(config(100, delayed(10)));
    let hour = 3_600_000;
    schedule_send(&mut world, hour, A, B);
    world.run_until(at_ms(hour + 1_000)).unwrap();
    let outcome = world.finish();
    assert_eq!(outcome.tally.delivered, 1);
    assert_eq!(outcome.events, 100 + 2, "the starts, one command, one packet");
}

#[test]
fn packets_of_one_instant_arrive_in_the_order_of_their_senders() {
    let mut world = world(config(4, delayed(10)));
    let senders = [C, B, A];
    for sender in senders {
        schedule_send(&mut world, 0, sender, NodeId(3));
    }
    world.run_until(at_ms(20)).unwrap();
    let outcome = world.finish();
    let order: Vec<_> = Log::of(&outcome).arrived.iter().map(|arrival| arrival.1).collect();
    assert_eq!(order, [A, B, C]);
}

/// Reports why it is called.
#[derive(Default)]
struct Reporter(Option<Socket>);

const COMMAND: i64 = 1;
const DATAGRAM: i64 = 2;
const TIMEOUT: i64 = 3;

impl Machine for Reporter {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.0 = Some(cx.bind(IpFamily::V4, PORT).unwrap());
        cx.wake_at(Some(at_ms(20)));
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, _: Socket, _: SocketAddr, _: &mut [u8]) {
        cx.observe(mark(DATAGRAM));
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        cx.observe(mark(TIMEOUT));
    }

    fn command(&mut self, cx: &mut Cx<'_>, _: &Command) -> Result<(), Unsupported> {
        cx.observe(mark(COMMAND));
        Ok(())
    }
}

#[test]
fn a_command_comes_first_and_the_wake_in_the_place_of_its_node() {
    let mut config = config(3, delayed(10));
    config.nodes[1].factory = factory(Reporter::default);
    let mut world = world(config);
    schedule_send(&mut world, 0, C, B);
    schedule_send(&mut world, 0, A, B);
    schedule_send(&mut world, 20, B, A);
    world.run_until(at_ms(20)).unwrap();
    let order: Vec<_> = Log::of(&world.finish()).of_node(B).split_off(1);
    let expected = [COMMAND, DATAGRAM, TIMEOUT, DATAGRAM].map(|why| (at_ms(20), mark(why)));
    assert_eq!(order, expected);
}

#[test]
fn a_source_gives_its_commands_one_by_one() {
    let mut world = world(config(2, LinkModel::IDEAL));
    let make = Box::new(|number, now| {
        assert_eq!(now, at_ms(10 + 5 * number));
        send(number, B)
    });
    world.add_commands(CommandSource { node: A, at: at_ms(10), every: ms(5), count: 4, make });
    world.run_until(at_ms(1_000)).unwrap();
    let outcome = world.finish();
    assert_eq!(Log::of(&outcome).arrivals(A, B), [10, 15, 20, 25].map(at_ms));
}

#[test]
fn what_happens_at_the_last_instant_still_counts() {
    let mut world = world(config(2, delayed(10)));
    schedule_send(&mut world, 0, A, B);
    world.run_until(at_ms(20)).unwrap();
    assert_eq!(world.machine(B).unwrap().metric("received"), Some(1));
    assert_eq!(world.now(), at_ms(20));
}

#[test]
fn a_node_starts_at_its_time() {
    let mut config = config(2, LinkModel::IDEAL);
    config.nodes[1].start = at_ms(50);
    let mut world = world(config);
    for send_at_ms in [49, 50, 51] {
        schedule_send(&mut world, send_at_ms, A, B);
    }
    world.run_until(at_ms(100)).unwrap();
    assert_eq!(Log::of(&world.finish()).arrivals(A, B), [at_ms(50), at_ms(51)]);
}

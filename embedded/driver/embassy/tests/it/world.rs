//! Stacks, a cable, an executor and a clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Ipv4Address, Ipv4Cidr, StackResources, StaticConfigV4};
use embassy_net_driver_channel as channel;
use embassy_time::{Duration, MockDriver};
use underpass_core::{Config, Instant, Network, Node, Peer, PeerId, PeerState, SecretIdentity};
use underpass_embassy::{Bench, Handle, Runner, State};

underpass_core::storage! {
    pub(crate) struct Board {
        peers: 2, handshakes: 4, window_bits: 256,
        messages: 8, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 0, rumours: 0,
    }
}

const MTU: usize = 1514;
const PORT: u16 = 4747;

/// After so much virtual time, what has not come will not.
const PATIENCE_MS: u32 = 300_000;

/// The clock is one for the whole process.
static CLOCK: Mutex<()> = Mutex::new(());

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// One end, as its application sees it.
#[derive(Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) handle: Handle<'static, Board, 2>,
    id: PeerId,
    other: PeerId,
}

impl Seat {
    pub(crate) fn peer(&self) -> Peer {
        let other = self.other;
        self.handle.with_node(|node| node.peer(&other)).expect("they have met")
    }

    fn is_connected(&self) -> bool {
        let other = self.other;
        self.handle.with_node(|node| {
            let peer = node.peer(&other);
            peer.is_some_and(|peer| node.peer_state(peer) == Ok(PeerState::Active))
        })
    }
}

/// Whether a task wants to be polled. Each has its own: a socket that is asked wakes its stack, and would
/// never be done with if that woke whoever asks.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) struct Lab {
    seats: [Seat; 2],
    tasks: Vec<(Task, Arc<Flag>)>,
    _clock: MutexGuard<'static, ()>,
}

impl Lab {
    /// One of so many frames is lost on its way.
    pub(crate) fn new(lost: Option<u32>) -> Self {
        let clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
        MockDriver::get().reset();
        let keys = [0, 1].map(identity);
        let ids = keys.each_ref().map(SecretIdentity::id);
        let mut tasks: Vec<Task> = vec![];
        let mut plugs = vec![];
        let mut seats = vec![];
        for (number, keys) in (0..).zip(keys) {
            let (handle, plug) = board(number, keys, &mut tasks);
            let [id, other] = [ids[usize::from(number)], ids[usize::from(1 - number)]];
            seats.push(Seat { handle, id, other });
            plugs.push(plug);
        }
        let [(first_in, first_out), (second_in, second_out)] =
            plugs.try_into().unwrap_or_else(|_| unreachable!("there are two"));
        tasks.push(Box::pin(wire(first_out, second_in, lost)));
        tasks.push(Box::pin(wire(second_out, first_in, lost)));
        let seats = seats.try_into().unwrap_or_else(|_| unreachable!("there are two"));
        let mut lab = Self { seats, tasks: vec![], _clock: clock };
        tasks.into_iter().for_each(|task| lab.spawn(task));
        lab
    }

    fn spawn(&mut self, task: Task) {
        self.tasks.push((task, Arc::new(Flag(AtomicBool::new(true)))));
    }

    /// The first dials the second.
    pub(crate) fn connect(&mut self) -> [Seat; 2] {
        let [caller, called] = self.seats;
        let address = ([10, 0, 0, 2], PORT).into();
        caller.handle.connect(called.id, Some(address)).expect("there is room");
        self.until(|| are_connected(&[caller, called]));
        self.seats
    }

    /// Runs these to their end.
    pub(crate) fn run<F: Future<Output = ()> + 'static, const N: usize>(&mut self, ends: [F; N]) {
        let left = Arc::new(Mutex::new(N));
        for end in ends {
            let left = Arc::clone(&left);
            self.spawn(Box::pin(async move {
                end.await;
                *left.lock().expect("nobody panicked") -= 1;
                std::future::pending().await
            }));
        }
        self.until(|| *left.lock().expect("nobody panicked") == 0);
    }

    /// How often a task was polled.
    pub(crate) fn wakes_in_a_minute(&mut self) -> u32 {
        let mut wakes = 0;
        for _ in 0..60_000 {
            wakes += self.settle();
            MockDriver::get().advance(Duration::from_millis(1));
        }
        wakes
    }

    fn until(&mut self, mut is_so: impl FnMut() -> bool) {
        for _ in 0..PATIENCE_MS {
            self.settle();
            if is_so() {
                return;
            }
            MockDriver::get().advance(Duration::from_millis(1));
        }
        panic!("nothing came of it")
    }

    /// Polls whoever wants it, until nobody does; returns how often somebody did.
    fn settle(&mut self) -> u32 {
        let mut polls = 0;
        loop {
            let before = polls;
            for (task, flag) in &mut self.tasks {
                if !flag.0.swap(false, Ordering::Relaxed) {
                    continue;
                }
                let waker = Waker::from(Arc::clone(flag));
                let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
                assert_eq!(polled, Poll::Pending, "tasks go on for ever");
                polls += 1;
            }
            assert!(polls < 10_000, "somebody wants to be polled for ever");
            if polls == before {
                return polls;
            }
        }
    }
}

fn are_connected(seats: &[Seat; 2]) -> bool {
    seats.iter().all(Seat::is_connected)
}

fn identity(number: u8) -> SecretIdentity {
    let mut drawn = number;
    let draw = || {
        drawn += 2;
        [drawn; 32]
    };
    SecretIdentity::generate(draw).expect("half of all seeds will do").0
}

fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

type Plug = (channel::RxRunner<'static, MTU>, channel::TxRunner<'static, MTU>);

/// A board with its tasks; returns its application's end and the cable's.
fn board(
    number: u8,
    keys: SecretIdentity,
    tasks: &mut Vec<Task>,
) -> (Handle<'static, Board, 2>, Plug) {
    let hardware = channel::driver::HardwareAddress::Ethernet([2, 0, 0, 0, 0, number]);
    let (runner, device) = channel::new(leak(channel::State::<MTU, 4, 4>::new()), hardware);
    let (link, plug_in, plug_out) = runner.split();
    link.set_link_state(channel::driver::LinkState::Up);
    let config = embassy_net::Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::new(10, 0, 0, 1 + number), 24),
        gateway: None,
        dns_servers: Default::default(),
    });
    let resources = leak(StackResources::<2>::new());
    let (stack, stack_runner) = embassy_net::new(device, config, resources, number.into());
    let stack_runner = leak(stack_runner);
    tasks.push(Box::pin(async { stack_runner.run().await }));
    let metadata = || leak([PacketMetadata::EMPTY; 4]);
    let buffer = || leak([0; 4 * 1280]);
    let mut socket = UdpSocket::new(stack, metadata(), buffer(), metadata(), buffer());
    socket.bind(PORT).expect("nobody else is here");
    let config = Config::new(Network::closed("lab", [1; 32]));
    let node = Node::new(config, keys.id(), [number; 32], Board::EMPTY, Instant::ORIGIN);
    let bench = leak(Bench::new());
    let state = leak(State::new(node.expect("its lengths go together"), bench));
    let state: &'static State<Board, 2> = state;
    let (bench, keys) = (&*bench, leak(keys));
    tasks.push(Box::pin(async { Runner::new(state, socket).run().await }));
    tasks.push(Box::pin(async { bench.work(keys).await }));
    (Handle::new(state), (plug_in, plug_out))
}

/// Carries frames one way.
async fn wire(
    mut from: channel::TxRunner<'static, MTU>,
    mut to: channel::RxRunner<'static, MTU>,
    lost: Option<u32>,
) {
    for number in 1_u32.. {
        let frame = from.tx_buf().await.to_vec();
        from.tx_done();
        if lost.is_some_and(|lost| number.is_multiple_of(lost)) {
            continue;
        }
        to.rx_buf().await[..frame.len()].copy_from_slice(&frame);
        to.rx_done(frame.len());
    }
}

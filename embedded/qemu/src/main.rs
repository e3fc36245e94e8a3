//! The sensor's firmware on two machines that QEMU emulates: mps2-an385 with code for a Cortex-M0+,
//! and riscv32 `virt` without the extensions that an ESP32-C3 has not.
//!
//! The tasks run in an interrupt, public-key work below them: so nobody waits for it, as on a board.
//! Flash is a file of QEMU's working directory, and randomness is the host's, both by way of
//! semihosting. Settings come over the serial line.
#![no_std]
#![no_main]

mod flash;
#[cfg(target_arch = "arm")]
mod mps2;
mod network;
mod serial;
mod stack;
mod tasks;
#[cfg(target_arch = "riscv32")]
mod virt;

use core::fmt::Arguments;
use core::panic::PanicInfo;

#[cfg(target_arch = "arm")]
use crate::mps2 as machine;
#[cfg(target_arch = "riscv32")]
use crate::virt as machine;

use embassy_executor::Spawner;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use static_cell::{ConstStaticCell, StaticCell};
use underpass_core::SecretIdentity;
use underpass_embassy::{Bench, Handle, Runner, State};
use underpass_sensor::{Board, Questions, Settings, tape};

/// Where a node of Underpass listens, by custom.
const PORT: u16 = 4747;

/// How fast the clock runs that is in a hurry: fifteen minutes are 45 seconds. Much faster, and answers that take a
/// fifth of a second on a busy computer would be too late.
const HURRY: u64 = 20;

underpass_core::storage! {
    struct Tables {
        peers: 8, handshakes: 4, window_bits: 256,
        messages: 16, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
    }
}

type Storage = &'static mut Tables;
/// Two payloads may wait for the sensor.
type Shared = State<Storage, 2>;

static TABLES: ConstStaticCell<Tables> = ConstStaticCell::new(Tables::EMPTY);
static BENCH: Bench = Bench::new();
static SHARED: StaticCell<Shared> = StaticCell::new();
static QUESTIONS: Questions = Questions::new();

/// What the machines call once they are set up, before interrupts are on.
fn start() -> ! {
    stack::paint();
    if flash::is_hurried() {
        machine::hurry(HURRY);
    }
    let settings = flash::settings();
    log(format_args!("id {}", settings.identity().id()));
    tasks::run(settings)
}

/// The tasks that have deadlines.
#[embassy_executor::task]
async fn attend(spawner: Spawner, settings: Settings) {
    spawner.spawn(console(settings.clone()).expect("it is spawned once"));
    let (Some(network), Some(peer)) = (&settings.network, settings.peer) else {
        log(format_args!("say `network NAME SECRET`, `peer ID [ADDRESS:PORT]`, then `save`"));
        return;
    };
    let stack = network::start(spawner).await;
    static BUFFERS: ConstStaticCell<[[u8; 4 * 1280]; 2]> = ConstStaticCell::new([[0; 4 * 1280]; 2]);
    static METADATA: ConstStaticCell<[[PacketMetadata; 4]; 2]> =
        ConstStaticCell::new([[PacketMetadata::EMPTY; 4]; 2]);
    let ([rx, tx], [rx_metadata, tx_metadata]) = (BUFFERS.take(), METADATA.take());
    let mut socket = UdpSocket::new(stack, rx_metadata, rx, tx_metadata, tx);
    socket.bind(PORT).expect("nobody else has a socket");
    let record = |bytes: &[u8]| log(format_args!("{}", tape::Line(bytes)));
    let node = underpass_sensor::node(&settings, network, flash::draw(), TABLES.take(), record);
    let node = node.expect("the tables go together");
    let shared: &'static Shared = SHARED.init_with(|| State::new(node, &BENCH));
    spawner.spawn(run_node(Runner::new(shared, socket)).expect("it is spawned once"));
    let handle = Handle::new(shared);
    let ended = underpass_sensor::run(handle, &settings, peer, &QUESTIONS, &mut Machine).await;
    if let Err(error) = ended {
        log(format_args!("{error}"));
    }
}

#[embassy_executor::task]
async fn run_node(runner: Runner<'static, Storage, 2>) {
    runner.run().await;
}

/// The task that has none.
#[embassy_executor::task]
async fn work(keys: SecretIdentity) {
    BENCH.work(&keys).await;
}

#[embassy_executor::task]
async fn console(settings: Settings) {
    serial::listen(settings).await;
}

/// What of these machines the sensor needs.
struct Machine;

impl Board for Machine {
    /// They have no thermometer: always the same.
    fn measure(&mut self) -> i32 {
        21_500
    }

    /// Nor a lamp.
    fn set_lamp(&mut self, _: bool) {}

    fn stack_used(&self) -> u32 {
        stack::used()
    }

    fn log(&mut self, line: Arguments<'_>) {
        log(line);
    }
}

/// Writes a line to the serial port.
fn log(line: Arguments<'_>) {
    serial::write(format_args!("{line}\n"));
}

/// A board would start again, as a watchdog sees to. Here somebody is looking.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    log(format_args!("{info}"));
    machine::exit_failed()
}

//! The sensor's firmware for boards with an RP2040: W5500-EVB-Pico by Ethernet, Pico W by Wi-Fi.
//!
//! The tasks run in an interrupt, public-key work below them: so nobody waits for it. Serial line: UART 0, GP0 out
//! and GP1 in, 115200 baud.
#![no_std]
#![no_main]

#[cfg(not(any(feature = "w5500-evb-pico", feature = "pico-w")))]
compile_error!("say which board: the feature `w5500-evb-pico` or `pico-w`");

mod flash;
#[cfg_attr(feature = "pico-w", path = "pico_w.rs")]
#[cfg_attr(not(feature = "pico-w"), path = "w5500_evb_pico.rs")]
mod network;
#[cfg(feature = "pico-w")]
mod nvram;
mod panic;
mod serial;
#[path = "../../qemu/src/stack.rs"]
mod stack;
mod thermometer;

use core::fmt::Arguments;

use embassy_executor::{Executor, InterruptExecutor, Spawner};
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_rp::interrupt;
use embassy_rp::interrupt::{InterruptExt, Priority};
use embassy_rp::watchdog::Watchdog;
use embassy_time::{Duration, Timer};
use static_cell::{ConstStaticCell, StaticCell};
use underpass_core::SecretIdentity;
use underpass_embassy::{Bench, Handle, Runner, State};
use underpass_sensor::{Board, Questions, Settings, tape};

use crate::network::Lamp;
use crate::serial::log;
use crate::thermometer::Thermometer;

/// Where a node of Underpass listens, by custom.
const PORT: u16 = 4747;

/// Nothing here takes longer: a public-key operation is a tenth of a second.
const WATCHDOG: Duration = Duration::from_secs(8);

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
static UPPER: InterruptExecutor = InterruptExecutor::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    stack::paint();
    let chip = embassy_rp::init(embassy_rp::config::Config::default());
    let line = serial::Line::open(chip.UART0, chip.PIN_0, chip.PIN_1);
    panic::report();
    let (settings, keep) = flash::settings(chip.FLASH);
    let thermometer = Thermometer::new(chip.ADC, chip.ADC_TEMP_SENSOR);
    let (watchdog, parts) = (Watchdog::new(chip.WATCHDOG), network::parts!(chip));
    let keys = settings.identity();
    log(format_args!("id {}", keys.id()));
    interrupt::SWI_IRQ_0.set_priority(Priority::P3);
    let upper = UPPER.start(interrupt::SWI_IRQ_0);
    upper.spawn(listen(line, settings.clone(), keep).expect("it is spawned once"));
    upper.spawn(attend(settings, thermometer, parts).expect("it is spawned once"));
    static LOWER: StaticCell<Executor> = StaticCell::new();
    LOWER.init(Executor::new()).run(|spawner| {
        spawner.spawn(work(keys).expect("it is spawned once"));
        spawner.spawn(watch(watchdog).expect("it is spawned once"));
    })
}

#[interrupt]
unsafe fn SWI_IRQ_0() {
    // SAFETY: this is the interrupt that the executor was started with.
    unsafe { UPPER.on_interrupt() };
}

/// The sensor, with deadlines.
#[embassy_executor::task]
async fn attend(settings: Settings, thermometer: Thermometer, parts: network::Parts) {
    let (Some(network), Some(peer)) = (&settings.network, settings.peer) else {
        log(format_args!("say `network NAME SECRET`, `peer ID [ADDRESS:PORT]`, then `save`"));
        return;
    };
    // SAFETY: this task is of an executor, as `embassy_executor::task` sees to.
    let spawner = unsafe { Spawner::for_current_executor().await };
    let (stack, lamp) = network::start(spawner, parts, &settings).await;
    static BUFFERS: ConstStaticCell<[[u8; 4 * 1280]; 2]> = ConstStaticCell::new([[0; 4 * 1280]; 2]);
    static METADATA: ConstStaticCell<[[PacketMetadata; 4]; 2]> =
        ConstStaticCell::new([[PacketMetadata::EMPTY; 4]; 2]);
    let ([rx, tx], [rx_metadata, tx_metadata]) = (BUFFERS.take(), METADATA.take());
    let mut socket = UdpSocket::new(stack, rx_metadata, rx, tx_metadata, tx);
    socket.bind(PORT).expect("nobody else has a socket");
    let record = |bytes: &[u8]| log(format_args!("{}", tape::Line(bytes)));
    let node = underpass_sensor::node(&settings, network, flash::draw(), TABLES.take(), record);
    let shared: &'static Shared =
        SHARED.init_with(|| State::new(node.expect("the tables go together"), &BENCH));
    spawner.spawn(run_node(Runner::new(shared, socket)).expect("it is spawned once"));
    let handle = Handle::new(shared);
    let board = &mut Pico { lamp, thermometer };
    if let Err(error) = underpass_sensor::run(handle, &settings, peer, &QUESTIONS, board).await {
        log(format_args!("{error}"));
    }
}

#[embassy_executor::task]
async fn run_node(runner: Runner<'static, Storage, 2>) {
    runner.run().await;
}

/// Public-key work, which has no deadline.
#[embassy_executor::task]
async fn work(keys: SecretIdentity) {
    BENCH.work(&keys).await;
}

/// Feeds the watchdog from below all else: whatever hangs, starves it.
#[embassy_executor::task]
async fn watch(mut watchdog: Watchdog) {
    watchdog.start(WATCHDOG);
    loop {
        watchdog.feed(WATCHDOG);
        Timer::after(WATCHDOG / 4).await;
    }
}

#[embassy_executor::task]
async fn listen(line: serial::Line, settings: Settings, keep: flash::Kept) {
    line.listen(settings, keep).await;
}

/// What of a board the sensor needs.
struct Pico {
    lamp: Lamp,
    thermometer: Thermometer,
}

impl Board for Pico {
    fn measure(&mut self) -> i32 {
        self.thermometer.measure()
    }

    fn set_lamp(&mut self, is_lit: bool) {
        self.lamp.set(is_lit);
    }

    fn stack_used(&self) -> u32 {
        stack::used()
    }

    fn log(&mut self, line: Arguments<'_>) {
        log(line);
    }
}

//! The sensor's firmware for boards with an ESP32-C3, over Wi-Fi.
//!
//! The tasks run in an interrupt, public-key work below them: so nobody waits for it. Serial line: UART 0, GPIO21
//! out and GPIO20 in, 115200 baud: what a development kit has at its USB socket. Lamp: GPIO8, lit when low.
#![no_std]
#![no_main]

mod flash;
mod network;
mod panic;
mod serial;

use core::fmt::Arguments;

use embassy_executor::Spawner;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_time::Timer;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::interrupt::Priority;
use esp_hal::peripherals::{GPIO20, TIMG1, UART0, WIFI};
use esp_hal::ram;
use esp_hal::rng::TrngSource;
use esp_hal::time::Duration;
use esp_hal::timer::timg::{MwdtStage, TimerGroup, Wdt};
use esp_hal::tsens::{self, TemperatureSensor};
use esp_rtos::embassy::InterruptExecutor;
use static_cell::{ConstStaticCell, StaticCell};
use underpass_core::SecretIdentity;
use underpass_embassy::{Bench, Handle, Runner, State};
use underpass_sensor::{Board, Questions, Settings, tape};

use crate::serial::log;

esp_bootloader_esp_idf::esp_app_desc!();

/// Where a node of Underpass listens, by custom.
const PORT: u16 = 4747;

/// Nothing here takes longer.
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

/// What the sensor's task needs of the chip.
struct Parts {
    radio: WIFI<'static>,
    lamp: Output<'static>,
    thermometer: TemperatureSensor<'static>,
}

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // The radio's, not ours: the node needs no allocator.
    esp_alloc::heap_allocator!(#[ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 36 * 1024);
    esp_rtos::start(TimerGroup::new(chip.TIMG0).timer0, chip.FROM_CPU_INTR0);
    panic::report();
    static NOISE: StaticCell<TrngSource<'static>> = StaticCell::new();
    NOISE.init(TrngSource::new(chip.RNG, chip.ADC1));
    let (settings, keep) = flash::settings(chip.FLASH);
    let keys = settings.identity();
    log(format_args!("id {}", keys.id()));
    let thermometer = TemperatureSensor::new(chip.TSENS, tsens::Config::default());
    let parts = Parts {
        radio: chip.WIFI,
        lamp: Output::new(chip.GPIO8, Level::High, OutputConfig::default()),
        thermometer: thermometer.expect("the default is possible"),
    };
    static UPPER: StaticCell<InterruptExecutor<1>> = StaticCell::new();
    let upper = UPPER.init(InterruptExecutor::new(chip.FROM_CPU_INTR1));
    let upper = upper.start(Priority::Priority1);
    upper.spawn(
        listen(chip.UART0, chip.GPIO20, settings.clone(), keep).expect("it is spawned once"),
    );
    upper.spawn(attend(settings, parts).expect("it is spawned once"));
    spawner.spawn(work(keys).expect("it is spawned once"));
    watch(TimerGroup::new(chip.TIMG1).wdt).await;
}

/// The sensor, with deadlines.
#[embassy_executor::task]
async fn attend(settings: Settings, parts: Parts) {
    let (Some(network), Some(peer)) = (&settings.network, settings.peer) else {
        log(format_args!("say `network NAME SECRET`, `peer ID [ADDRESS:PORT]`, then `save`"));
        return;
    };
    // SAFETY: this task is of an executor, as `embassy_executor::task` sees to.
    let spawner = unsafe { Spawner::for_current_executor().await };
    let Parts { radio, lamp, thermometer } = parts;
    let stack = network::start(spawner, radio, &settings).await;
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
    let board = &mut Esp { lamp, thermometer };
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
async fn watch(mut watchdog: Wdt<TIMG1<'static>>) -> ! {
    watchdog.set_timeout(MwdtStage::Stage0, WATCHDOG);
    watchdog.enable();
    loop {
        watchdog.feed();
        Timer::after_secs(WATCHDOG.as_secs() / 4).await;
    }
}

#[embassy_executor::task]
async fn listen(uart: UART0<'static>, rx: GPIO20<'static>, settings: Settings, keep: flash::Kept) {
    serial::Line::open(uart, rx).listen(settings, keep).await;
}

/// What of a board the sensor needs.
struct Esp {
    lamp: Output<'static>,
    thermometer: TemperatureSensor<'static>,
}

impl Board for Esp {
    fn measure(&mut self) -> i32 {
        (self.thermometer.get_temperature().to_celsius() * 1_000.0) as i32
    }

    fn set_lamp(&mut self, is_lit: bool) {
        self.lamp.set_level((!is_lit).into());
    }

    /// Each of the radio's threads has a stack of its own: nobody has painted them.
    fn stack_used(&self) -> u32 {
        0
    }

    fn log(&mut self, line: Arguments<'_>) {
        log(line);
    }
}

//! Pico W: embassy-net over its CYW43439, with DHCP; the lamp is the radio's.

use aligned::{A4, Aligned};
use cyw43::{Control, JoinOptions, NetDriver, PowerManagementMode, SpiBus};
use cyw43_firmware::{CYW43_43439A0, CYW43_43439A0_CLM};
use cyw43_pio::{DEFAULT_CLOCK_DIVIDER, PioSpi};
use embassy_executor::Spawner;
use embassy_net::{Stack, StackResources};
use embassy_rp::gpio::{Level, Output};
use embassy_rp::peripherals::{DMA_CH0, PIN_23, PIN_24, PIN_25, PIN_29, PIO0};
use embassy_rp::pio::{InterruptHandler, Pio};
use embassy_rp::{Peri, bind_interrupts, dma};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Timer};
use static_cell::StaticCell;
use underpass_sensor::Settings;

use crate::flash;
use crate::nvram::NVRAM;
use crate::serial::log;

bind_interrupts!(struct Interrupts {
    PIO0_IRQ_0 => InterruptHandler<PIO0>;
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>;
});

/// The radio's program. Its driver moves it in words.
static FIRMWARE: Aligned<A4, [u8; CYW43_43439A0.len()]> = Aligned(*CYW43_43439A0);

/// How long to wait before a network is tried again that would not have the board.
const JOIN_RETRIED: Duration = Duration::from_secs(5);

/// As the board is wired (Pico W datasheet, section 2.1).
pub(crate) struct Parts {
    pub(crate) pio: Peri<'static, PIO0>,
    pub(crate) power: Peri<'static, PIN_23>,
    pub(crate) data: Peri<'static, PIN_24>,
    pub(crate) select: Peri<'static, PIN_25>,
    pub(crate) clock: Peri<'static, PIN_29>,
    pub(crate) dma: Peri<'static, DMA_CH0>,
}

/// The parts out of the whole chip.
macro_rules! parts {
    ($chip:ident) => {
        $crate::network::Parts {
            pio: $chip.PIO0,
            power: $chip.PIN_23,
            data: $chip.PIN_24,
            select: $chip.PIN_25,
            clock: $chip.PIN_29,
            dma: $chip.DMA_CH0,
        }
    };
}
pub(crate) use parts;

/// What the radio's lamp is to show next.
static LAMP: Signal<CriticalSectionRawMutex, bool> = Signal::new();

pub(crate) struct Lamp {
    is_lit: bool,
}

impl Lamp {
    pub(crate) fn set(&mut self, is_lit: bool) {
        if self.is_lit != is_lit {
            self.is_lit = is_lit;
            LAMP.signal(is_lit);
        }
    }
}

/// Brings the network up, and returns once there is an address.
pub(crate) async fn start(
    spawner: Spawner,
    parts: Parts,
    settings: &Settings,
) -> (Stack<'static>, Lamp) {
    let Parts { pio, power, data, select, clock, dma } = parts;
    let (power, select) = (Output::new(power, Level::Low), Output::new(select, Level::High));
    let mut pio = Pio::new(pio, Interrupts);
    let dma = dma::Channel::new(dma, Interrupts);
    let spi = PioSpi::new(
        &mut pio.common,
        pio.sm0,
        DEFAULT_CLOCK_DIVIDER,
        pio.irq0,
        select,
        data,
        clock,
        dma,
    );
    static STATE: StaticCell<cyw43::State> = StaticCell::new();
    let state = STATE.init_with(cyw43::State::new);
    let (device, mut control, runner) = cyw43::new(state, power, spi, &FIRMWARE, NVRAM).await;
    spawner.spawn(run_radio(runner).expect("it is spawned once"));
    control.init(CYW43_43439A0_CLM).await;
    // Whoever sleeps between beacons hears what it is told a tenth of a second later.
    control.set_power_management(PowerManagementMode::None).await;
    static RESOURCES: StaticCell<StackResources<3>> = StaticCell::new();
    let config = embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default());
    let seed = flash::draw().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (stack, runner) =
        embassy_net::new(device, config, RESOURCES.init(StackResources::new()), seed);
    spawner.spawn(run_stack(runner).expect("it is spawned once"));
    join(&mut control, settings).await;
    spawner.spawn(run_lamp(control).expect("it is spawned once"));
    stack.wait_config_up().await;
    (stack, Lamp { is_lit: false })
}

/// Tries until the network has the board. The radio itself joins again whatever it has lost.
async fn join(control: &mut Control<'static>, settings: &Settings) {
    let Some(wifi) = &settings.wifi else {
        log(format_args!("say `wifi NAME [PASSWORD]`, then `save`"));
        return core::future::pending().await;
    };
    let options = || match wifi.password.as_bytes() {
        [] => JoinOptions::new_open(),
        password => JoinOptions::new(password),
    };
    while let Err(error) = control.join(&wifi.name, options()).await {
        log(format_args!("{} does not let the board in: {error:?}", wifi.name));
        Timer::after(JOIN_RETRIED).await;
    }
}

type Bus = SpiBus<Output<'static>, PioSpi<'static, PIO0, 0>>;

#[embassy_executor::task]
async fn run_radio(runner: cyw43::Runner<'static, Bus>) {
    runner.run().await;
}

#[embassy_executor::task]
async fn run_stack(mut runner: embassy_net::Runner<'static, NetDriver<'static>>) {
    runner.run().await;
}

#[embassy_executor::task]
async fn run_lamp(mut control: Control<'static>) {
    loop {
        let is_lit = LAMP.wait().await;
        control.gpio_set(0, is_lit).await;
    }
}

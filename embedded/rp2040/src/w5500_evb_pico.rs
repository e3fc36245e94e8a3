//! W5500-EVB-Pico: embassy-net over its W5500, with DHCP; a lamp at GP25.

use embassy_executor::Spawner;
use embassy_net::{Stack, StackResources};
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device, Runner, State};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{
    DMA_CH0, DMA_CH1, PIN_16, PIN_17, PIN_18, PIN_19, PIN_20, PIN_21, PIN_25, SPI0,
};
use embassy_rp::spi::{Async, Config, Spi};
use embassy_rp::{Peri, bind_interrupts, dma};
use embassy_time::Delay;
use embedded_hal_bus::spi::ExclusiveDevice;
use static_cell::StaticCell;
use underpass_sensor::Settings;

use crate::flash;

bind_interrupts!(struct Interrupts {
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>, dma::InterruptHandler<DMA_CH1>;
});

/// As the board is wired (W5500-EVB-Pico schematic).
pub(crate) struct Parts {
    pub(crate) spi: Peri<'static, SPI0>,
    pub(crate) miso: Peri<'static, PIN_16>,
    pub(crate) select: Peri<'static, PIN_17>,
    pub(crate) clock: Peri<'static, PIN_18>,
    pub(crate) mosi: Peri<'static, PIN_19>,
    pub(crate) reset: Peri<'static, PIN_20>,
    pub(crate) interrupt: Peri<'static, PIN_21>,
    pub(crate) lamp: Peri<'static, PIN_25>,
    pub(crate) dma: (Peri<'static, DMA_CH0>, Peri<'static, DMA_CH1>),
}

/// The parts out of the whole chip.
macro_rules! parts {
    ($chip:ident) => {
        $crate::network::Parts {
            spi: $chip.SPI0,
            miso: $chip.PIN_16,
            select: $chip.PIN_17,
            clock: $chip.PIN_18,
            mosi: $chip.PIN_19,
            reset: $chip.PIN_20,
            interrupt: $chip.PIN_21,
            lamp: $chip.PIN_25,
            dma: ($chip.DMA_CH0, $chip.DMA_CH1),
        }
    };
}
pub(crate) use parts;

/// SPI clock; the W5500 takes up to 33 MHz for sure (datasheet, section 5.5.4).
const SPI_HZ: u32 = 20_000_000;

pub(crate) struct Lamp(Output<'static>);

impl Lamp {
    pub(crate) fn set(&mut self, is_lit: bool) {
        self.0.set_level(is_lit.into());
    }
}

type Bus = ExclusiveDevice<Spi<'static, SPI0, Async>, Output<'static>, Delay>;

/// Brings the network up, and returns once there is an address.
pub(crate) async fn start(spawner: Spawner, parts: Parts, _: &Settings) -> (Stack<'static>, Lamp) {
    let mut config = Config::default();
    config.frequency = SPI_HZ;
    let Parts { spi, miso, select, clock, mosi, reset, interrupt, lamp, dma } = parts;
    let spi = Spi::new(spi, clock, mosi, miso, dma.0, dma.1, Interrupts, config);
    let Ok(device) = ExclusiveDevice::new(spi, Output::new(select, Level::High), Delay);
    let (interrupt, reset) = (Input::new(interrupt, Pull::Up), Output::new(reset, Level::High));
    static STATE: StaticCell<State<4, 4>> = StaticCell::new();
    let random = flash::draw();
    // Of our own making (IEEE 802, section 8.4.2): locally administered, and no group's.
    let [a, b, c, d, e, ..] = random;
    let made = embassy_net_wiznet::new(
        [2, a, b, c, d, e],
        STATE.init(State::new()),
        device,
        interrupt,
        reset,
    );
    let (device, runner) = made.await.expect("the W5500 answers");
    spawner.spawn(run_card(runner).expect("it is spawned once"));
    static RESOURCES: StaticCell<StackResources<3>> = StaticCell::new();
    let config = embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default());
    let seed = u64::from_le_bytes(*random.last_chunk().expect("it is longer"));
    let (stack, runner) =
        embassy_net::new(device, config, RESOURCES.init(StackResources::new()), seed);
    spawner.spawn(run_stack(runner).expect("it is spawned once"));
    stack.wait_config_up().await;
    (stack, Lamp(Output::new(lamp, Level::Low)))
}

#[embassy_executor::task]
async fn run_card(runner: Runner<'static, W5500, Bus, Input<'static>, Output<'static>>) {
    runner.run().await;
}

#[embassy_executor::task]
async fn run_stack(mut runner: embassy_net::Runner<'static, Device<'static>>) {
    runner.run().await;
}

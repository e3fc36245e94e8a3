//! embassy-net over the processor's radio, with DHCP.

use embassy_executor::Spawner;
use embassy_net::{Stack, StackResources};
use embassy_time::{Duration, Timer};
use esp_hal::peripherals::WIFI;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{AuthenticationMethodConfig, Config, Interface, WifiController};
use static_cell::StaticCell;
use underpass_sensor::{Settings, Wifi};

use crate::flash;
use crate::serial::log;

/// How long to wait before a network is tried again that would not have the board.
const JOIN_RETRIED: Duration = Duration::from_secs(5);

/// Brings the network up, and returns once there is an address.
pub(crate) async fn start(
    spawner: Spawner,
    radio: WIFI<'static>,
    settings: &Settings,
) -> Stack<'static> {
    let Some(wifi) = settings.wifi.clone() else {
        log(format_args!("say `wifi NAME [PASSWORD]`, then `save`"));
        return core::future::pending().await;
    };
    let controller = WifiController::new(radio, Default::default()).expect("there is a radio");
    static RESOURCES: StaticCell<StackResources<3>> = StaticCell::new();
    let seed = flash::draw().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (stack, runner) = embassy_net::new(
        Interface::station(),
        embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default()),
        RESOURCES.init(StackResources::new()),
        seed,
    );
    spawner.spawn(run_radio(controller, wifi).expect("it is spawned once"));
    spawner.spawn(run_stack(runner).expect("it is spawned once"));
    stack.wait_config_up().await;
    stack
}

/// Joins the network, and again whenever it was lost.
#[embassy_executor::task]
async fn run_radio(mut controller: WifiController<'static>, wifi: Wifi) {
    let name = wifi.name.as_str().try_into().expect("settings have no longer ones");
    let method = if wifi.password.is_empty() {
        AuthenticationMethodConfig::Open
    } else {
        let password = wifi.password.as_str().try_into().expect("settings have no longer ones");
        AuthenticationMethodConfig::Wpa2Personal(password)
    };
    let station = StationConfig::default().with_ssid(name).with_authentication(method);
    if let Err(error) = controller.set_config(&Config::Station(station)) {
        log(format_args!("the radio does not take the settings: {error:?}"));
        return;
    }
    loop {
        match controller.connect_async().await {
            Ok(_) => {
                let _ = controller.wait_for_disconnect_async().await;
                log(format_args!("{} is gone", wifi.name));
            }
            Err(error) => log(format_args!("{} does not let the board in: {error:?}", wifi.name)),
        }
        Timer::after(JOIN_RETRIED).await;
    }
}

#[embassy_executor::task]
async fn run_stack(mut runner: embassy_net::Runner<'static, Interface>) {
    runner.run().await;
}

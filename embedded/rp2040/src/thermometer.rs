//! The processor's warmth.

use embassy_rp::Peri;
use embassy_rp::adc::{Adc, Blocking, Channel, Config};
use embassy_rp::peripherals::{ADC, ADC_TEMP_SENSOR};

/// RP2040 datasheet, section 4.9.5: 706 mV at 27 degrees Celsius, and 1.721 mV less for each more. The converter
/// has 4096 steps up to 3.3 V.
const AT_27_UV: i32 = 706_000;
const STEP_NV: i32 = 3_300_000_000_u32.div_euclid(4096) as i32;

pub(crate) struct Thermometer {
    adc: Adc<'static, Blocking>,
    channel: Channel<'static>,
}

impl Thermometer {
    pub(crate) fn new(adc: Peri<'static, ADC>, sensor: Peri<'static, ADC_TEMP_SENSOR>) -> Self {
        let adc = Adc::new_blocking(adc, Config::default());
        Self { adc, channel: Channel::new_temp_sensor(sensor) }
    }

    /// In thousandths of a degree; 0 if the converter fails.
    pub(crate) fn measure(&mut self) -> i32 {
        let Ok(steps) = self.adc.blocking_read(&mut self.channel) else { return 0 };
        let uv = i32::from(steps) * (STEP_NV / 1_000);
        27_000 - (uv - AT_27_UV) * 1_000 / 1_721
    }
}

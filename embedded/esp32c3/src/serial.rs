//! The serial line: logs out, settings in.

use core::fmt::Arguments;

use esp_hal::Async;
use esp_hal::peripherals::{GPIO20, UART0};
use esp_hal::uart::{Config, UartRx};
use esp_println::println;
use underpass_sensor::{Answer, Console, Settings};

use crate::QUESTIONS;
use crate::flash::Kept;

/// What comes in.
pub(crate) struct Line(UartRx<'static, Async>);

impl Line {
    /// Opens the line, 115200 baud. What goes out is the ROM's, and works already.
    pub(crate) fn open(uart: UART0<'static>, rx: GPIO20<'static>) -> Self {
        let line = UartRx::new(uart, Config::default()).expect("the default is possible");
        Self(line.with_rx(rx).into_async())
    }

    /// Does what is said on the line. When settings are to be kept, the board starts again with them.
    pub(crate) async fn listen(mut self, mut settings: Settings, mut keep: Kept) -> ! {
        let mut console = Console::default();
        loop {
            let mut byte = [0];
            // Noise on the line is no byte.
            if self.0.read_async(&mut byte).await != Ok(1) {
                continue;
            }
            match console.push(byte[0], &mut settings) {
                None => {}
                Some(Err(mistake)) => log(format_args!("error: {mistake}")),
                Some(Ok(answer)) => {
                    log(format_args!("{answer}"));
                    match answer {
                        Answer::Identity(_) | Answer::Noted => {}
                        Answer::Status => QUESTIONS.signal(()),
                        Answer::Save => {
                            keep.store(&settings).expect("the flash takes the settings");
                            esp_hal::system::software_reset();
                        }
                    }
                }
            }
        }
    }
}

/// Writes a line.
pub(crate) fn log(line: Arguments<'_>) {
    println!("{line}");
}

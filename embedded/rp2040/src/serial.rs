//! The serial line: logs out, settings in.

use core::fmt::{self, Arguments, Write};

use cortex_m::peripheral::SCB;
use embassy_rp::peripherals::{PIN_0, PIN_1, UART0};
use embassy_rp::uart::{
    BufferedInterruptHandler, BufferedUart, BufferedUartRx, BufferedUartTx, Config,
};
use embassy_rp::{Peri, bind_interrupts, pac};
use embedded_io_async::Read;
use static_cell::ConstStaticCell;
use underpass_sensor::{Answer, Console, Settings};

use crate::QUESTIONS;
use crate::flash::Kept;

bind_interrupts!(struct Interrupts {
    UART0_IRQ => BufferedInterruptHandler<UART0>;
});

/// What comes in; its other half, which would take it along.
pub(crate) struct Line(BufferedUartRx, #[expect(dead_code, reason = "kept")] BufferedUartTx);

impl Line {
    /// Opens the line, 115200 baud, for both ways.
    pub(crate) fn open(
        uart: Peri<'static, UART0>,
        tx: Peri<'static, PIN_0>,
        rx: Peri<'static, PIN_1>,
    ) -> Self {
        static BUFFERS: ConstStaticCell<([u8; 16], [u8; 256])> =
            ConstStaticCell::new(([0; 16], [0; 256]));
        let (tx_buffer, rx_buffer) = BUFFERS.take();
        let config = Config::default();
        let line = BufferedUart::new(uart, tx, rx, Interrupts, tx_buffer, rx_buffer, config);
        // What goes out is written by `log` at once, as it must get out before a restart: nobody waits for room.
        pac::UART0.uartimsc().modify(|mask| mask.set_txim(false));
        let (tx, rx) = line.split();
        Self(rx, tx)
    }

    /// Does what is said on the line. When settings are to be kept, the board starts again with them.
    pub(crate) async fn listen(mut self, mut settings: Settings, mut keep: Kept) -> ! {
        let mut console = Console::default();
        loop {
            let mut byte = [0];
            // Noise on the line is no byte.
            if self.0.read(&mut byte).await != Ok(1) {
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
                            SCB::sys_reset();
                        }
                    }
                }
            }
        }
    }
}

struct Port;

impl Write for Port {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while pac::UART0.uartfr().read().txff() {}
            pac::UART0.uartdr().write(|data| data.set_data(byte));
        }
        Ok(())
    }
}

/// Writes a line, and waits until that is done.
pub(crate) fn log(line: Arguments<'_>) {
    // The port takes everything.
    let _ = Port.write_fmt(format_args!("{line}\r\n"));
    while pac::UART0.uartfr().read().busy() {}
}

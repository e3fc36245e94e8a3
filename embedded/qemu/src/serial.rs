//! The serial line: logs out, settings in.

use core::fmt::{self, Arguments, Write};

use embassy_time::{Duration, Timer};
use underpass_sensor::{Answer, Console, Settings};

use crate::{QUESTIONS, flash, log, machine};

/// How often the port is looked at. QEMU holds back what nobody has taken; a board would need the
/// port's interrupt, or somebody who types slowly.
const LOOK_EVERY: Duration = Duration::from_millis(5);

struct Port;

impl Write for Port {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(machine::write_byte);
        Ok(())
    }
}

/// Writes it, and waits until that is done.
pub(crate) fn write(text: Arguments<'_>) {
    // The port takes everything.
    let _ = Port.write_fmt(text);
}

/// Does what is said on the line. When settings are to be kept, the machine starts again with them.
pub(crate) async fn listen(mut settings: Settings) -> ! {
    let mut console = Console::default();
    loop {
        while let Some(byte) = machine::read_byte() {
            match console.push(byte, &mut settings) {
                None => {}
                Some(Err(mistake)) => log(format_args!("error: {mistake}")),
                Some(Ok(answer)) => {
                    log(format_args!("{answer}"));
                    match answer {
                        Answer::Identity(_) | Answer::Noted => {}
                        Answer::Status => QUESTIONS.signal(()),
                        Answer::Save => {
                            flash::write(&settings);
                            machine::restart();
                        }
                    }
                }
            }
        }
        Timer::after(LOOK_EVERY).await;
    }
}

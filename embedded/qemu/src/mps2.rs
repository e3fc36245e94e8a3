//! mps2-an385 (Arm application note AN385): CMSDK UART 0, SysTick, LAN9118 at interrupt 13.
//!
//! Its processor is a Cortex-M3, which runs the code of a Cortex-M0+ unchanged.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::scb::SystemHandler;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, SCB};
use cortex_m_rt::{entry, exception};
use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use crate::network::{CARD, EthernetCard};
use crate::{start, tasks};

/// 25 MHz, in ticks of a millisecond.
const CYCLES_PER_TICK: u32 = 25_000;

#[entry]
fn main() -> ! {
    // Its receiver and its transmitter are on; QEMU asks for a divider.
    write(UART + 0x10, 16);
    write(UART + 0x08, 0b11);
    let mut peripherals = cortex_m::Peripherals::take().expect("it is taken once");
    let clock = &mut peripherals.SYST;
    clock.set_clock_source(SystClkSource::Core);
    clock.set_reload(CYCLES_PER_TICK - 1);
    clock.clear_current();
    clock.enable_interrupt();
    clock.enable_counter();
    // SAFETY: nobody is in a critical section yet. The tasks give way to the clock and the card.
    unsafe {
        peripherals.SCB.set_priority(SystemHandler::SysTick, 0);
        peripherals.NVIC.set_priority(Line::Tasks, 0xc0);
    }
    start()
}

pub(crate) fn enable_interrupts() {
    // SAFETY: what the handler needs is there; nobody is in a critical section.
    unsafe { NVIC::unmask(Line::Tasks) };
}

/// Has the tasks looked after, as soon as nothing more urgent is to be done.
pub(crate) fn pend_tasks() {
    NVIC::pend(Line::Tasks);
}

/// Waits for an interrupt, unless there is something to do.
pub(crate) fn sleep_unless(is_woken: impl FnOnce() -> bool) {
    // With interrupts off, none can come between the question and the sleep; one that comes ends it.
    cortex_m::interrupt::disable();
    if !is_woken() {
        cortex_m::asm::wfi();
    }
    // SAFETY: they were on, and this is no critical section.
    unsafe { cortex_m::interrupt::enable() };
}

pub(crate) fn restart() -> ! {
    SCB::sys_reset()
}

/// Ends the emulation.
pub(crate) fn exit_failed() -> ! {
    semihosting::process::exit(1)
}

fn read(address: u32) -> u32 {
    // SAFETY: only addresses of this machine's registers are named here.
    unsafe { (address as *const u32).read_volatile() }
}

fn write(address: u32, value: u32) {
    // SAFETY: as above.
    unsafe { (address as *mut u32).write_volatile(value) }
}

// The serial port.

const UART: u32 = 0x4000_4000;
const UART_STATE: u32 = UART + 0x04;

pub(crate) fn write_byte(byte: u8) {
    while read(UART_STATE) & 1 != 0 {}
    write(UART, byte.into());
}

pub(crate) fn read_byte() -> Option<u8> {
    (read(UART_STATE) & 2 != 0).then(|| read(UART) as u8)
}

// Time.

struct Ticks {
    queue: Mutex<RefCell<Queue>>,
    now: Mutex<Cell<u64>>,
    next: Mutex<Cell<u64>>,
    speed: Mutex<Cell<u64>>,
}

/// From now on the clock runs so many times as fast as others.
pub(crate) fn hurry(speed: u64) {
    critical_section::with(|section| TICKS.speed.borrow(section).set(speed));
}

embassy_time_driver::time_driver_impl!(static TICKS: Ticks = Ticks {
    queue: Mutex::new(RefCell::new(Queue::new())),
    now: Mutex::new(Cell::new(0)),
    next: Mutex::new(Cell::new(u64::MAX)),
    speed: Mutex::new(Cell::new(1)),
});

impl Driver for Ticks {
    fn now(&self) -> u64 {
        critical_section::with(|section| self.now.borrow(section).get())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow_ref_mut(section);
            if queue.schedule_wake(at, waker) {
                let now = self.now.borrow(section).get();
                self.next.borrow(section).set(queue.next_expiration(now));
            }
        });
    }
}

#[exception]
fn SysTick() {
    critical_section::with(|section| {
        let now = TICKS.now.borrow(section).get() + TICKS.speed.borrow(section).get();
        TICKS.now.borrow(section).set(now);
        if now >= TICKS.next.borrow(section).get() {
            let next = TICKS.queue.borrow_ref_mut(section).next_expiration(now);
            TICKS.next.borrow(section).set(next);
        }
    });
}

// Interrupts.

#[derive(Clone, Copy)]
enum Line {
    Card = 13,
    /// Nothing of the machine is on this one, that QEMU has.
    Tasks = 31,
}

// SAFETY: the numbers are those of the vector table below, and never change.
unsafe impl InterruptNumber for Line {
    fn number(self) -> u16 {
        self as u16
    }
}

/// An entry of the vector table.
type Vector = unsafe extern "C" fn();

unsafe extern "C" {
    fn DefaultHandler();
    fn ETHERNET();
    fn TASKS();
}

// SAFETY: cortex-m-rt declares it so where a device is to provide it; nothing else here does.
#[unsafe(link_section = ".vector_table.interrupts")]
// SAFETY: nor is there another symbol of this name.
#[unsafe(no_mangle)]
static __INTERRUPTS: [Vector; 32] = {
    let mut vectors = [DefaultHandler as Vector; 32];
    vectors[Line::Card as usize] = ETHERNET;
    vectors[Line::Tasks as usize] = TASKS;
    vectors
};

// Handlers lie apart from their declarations above, which would else be of the same name.
mod handlers {
    use super::{CARD, INT_EN, tasks, write};

    // SAFETY: the linker knows it by this name only.
    #[unsafe(export_name = "ETHERNET")]
    extern "C" fn ethernet() {
        // Until the driver has taken what has come.
        write(INT_EN, 0);
        CARD.wake();
    }

    // SAFETY: as above.
    #[unsafe(export_name = "TASKS")]
    extern "C" fn attend() {
        tasks::on_interrupt();
    }
}

// The card (SMSC LAN9118 datasheet, sections 3.12, 5.2, 5.3 and 5.4).

const LAN9118: u32 = 0x4020_0000;
const RX_DATA: u32 = LAN9118;
const TX_DATA: u32 = LAN9118 + 0x20;
const RX_STATUS: u32 = LAN9118 + 0x40;
const TX_STATUS: u32 = LAN9118 + 0x48;
const ID_REV: u32 = LAN9118 + 0x50;
const IRQ_CFG: u32 = LAN9118 + 0x54;
const INT_STS: u32 = LAN9118 + 0x58;
const INT_EN: u32 = LAN9118 + 0x5c;
const FIFO_INT: u32 = LAN9118 + 0x68;
const RX_CFG: u32 = LAN9118 + 0x6c;
const TX_CFG: u32 = LAN9118 + 0x70;
const RX_FIFO_INF: u32 = LAN9118 + 0x7c;
const TX_FIFO_INF: u32 = LAN9118 + 0x80;
const MAC_CSR_CMD: u32 = LAN9118 + 0xa4;
const MAC_CSR_DATA: u32 = LAN9118 + 0xa8;

/// Registers behind those.
const MAC_CR: u32 = 1;
const ADDRH: u32 = 2;
const ADDRL: u32 = 3;

/// There is a frame, in `INT_STS` and `INT_EN`.
const RX_STATUS_LEVEL: u32 = 1 << 3;

/// Bytes of a frame's check sequence, which the card counts, too.
const CHECK_LEN: usize = 4;

pub(crate) struct Card(());

impl Card {
    /// The machine's only one.
    pub(crate) fn find() -> Self {
        assert_eq!(read(ID_REV) >> 16, 0x0118, "this machine has no LAN9118");
        write(INT_EN, 0);
        write(INT_STS, !0);
        // On, active high, push-pull.
        write(IRQ_CFG, 1 << 8 | 1 << 4 | 1);
        write(FIFO_INT, 0);
        write(RX_CFG, 0);
        write(TX_CFG, 1 << 1);
        // Full duplex, transmitter, receiver.
        mac_write(MAC_CR, 1 << 20 | 1 << 3 | 1 << 2);
        // SAFETY: its handler may run from now on; nobody is in a critical section.
        unsafe { NVIC::unmask(Line::Card) };
        Self(())
    }
}

impl EthernetCard for Card {
    fn address(&self) -> [u8; 6] {
        let ([a, b, c, d], [e, f, ..]) =
            (mac_read(ADDRL).to_le_bytes(), mac_read(ADDRH).to_le_bytes());
        [a, b, c, d, e, f]
    }

    fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        loop {
            if read(RX_FIFO_INF) >> 16 & 0xff == 0 {
                return None;
            }
            let status = read(RX_STATUS);
            let with_check = (status >> 16 & 0x3fff) as usize;
            let len = with_check.saturating_sub(CHECK_LEN).min(frame.len());
            for start in (0..with_check).step_by(4) {
                let word = read(RX_DATA).to_le_bytes();
                if let Some(place) = frame[..len].get_mut(start..) {
                    let kept = place.len().min(4);
                    place[..kept].copy_from_slice(&word[..kept]);
                }
            }
            let is_faulty = status >> 15 & 1 != 0;
            if !is_faulty {
                return Some(len);
            }
        }
    }

    fn send(&mut self, frame: &[u8]) {
        let len = frame.len() as u32;
        // First and last segment of a frame, all of it in this buffer.
        write(TX_DATA, 1 << 13 | 1 << 12 | len);
        write(TX_DATA, len);
        for chunk in frame.chunks(4) {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            write(TX_DATA, u32::from_le_bytes(word));
        }
        while read(TX_FIFO_INF) >> 16 & 0xff != 0 {
            let _ = read(TX_STATUS);
        }
    }

    fn listen(&mut self) {
        write(INT_STS, RX_STATUS_LEVEL);
        write(INT_EN, RX_STATUS_LEVEL);
    }
}

/// Busy, or to be done; to be read.
const MAC_BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;

fn mac_command(command: u32) {
    write(MAC_CSR_CMD, MAC_BUSY | command);
    while read(MAC_CSR_CMD) & MAC_BUSY != 0 {}
}

fn mac_read(register: u32) -> u32 {
    mac_command(MAC_READ | register);
    read(MAC_CSR_DATA)
}

fn mac_write(register: u32, value: u32) {
    write(MAC_CSR_DATA, value);
    mac_command(register);
}

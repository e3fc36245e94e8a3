//! QEMU's riscv32 `virt`: 16550 UART, CLINT, PLIC, a network card of virtio.

use core::cell::{Cell, RefCell};
use core::ptr::NonNull;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;
use riscv::interrupt::Interrupt;
use static_cell::ConstStaticCell;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::mmio::MmioTransport;
use virtio_drivers::transport::{DeviceType, Transport};
use virtio_drivers::{BufferDirection, Hal, PhysAddr};

use crate::network::{CARD, EthernetCard};
use crate::{start, tasks};

#[riscv_rt::entry]
fn main() -> ! {
    set_alarm(u64::MAX);
    start()
}

pub(crate) fn enable_interrupts() {
    // SAFETY: their handlers have what they need; nobody is in a critical section.
    unsafe {
        riscv::register::mie::set_mtimer();
        riscv::register::mie::set_mext();
        riscv::register::mie::set_msoft();
        riscv::interrupt::enable();
    }
}

/// Has the tasks looked after, as soon as no other interrupt is.
pub(crate) fn pend_tasks() {
    write(MSIP, 1);
}

/// Waits for an interrupt, unless there is something to do.
pub(crate) fn sleep_unless(is_woken: impl FnOnce() -> bool) {
    // With interrupts off, none can come between the question and the sleep; one that comes ends it.
    riscv::interrupt::disable();
    if !is_woken() {
        riscv::asm::wfi();
    }
    // SAFETY: they were on, and this is no critical section.
    unsafe { riscv::interrupt::enable() };
}

pub(crate) fn restart() -> ! {
    write(TEST, 0x7777);
    stop()
}

/// Ends the emulation.
pub(crate) fn exit_failed() -> ! {
    write(TEST, 0x1_3333);
    stop()
}

fn stop() -> ! {
    loop {
        riscv::asm::wfi();
    }
}

fn read(address: usize) -> u32 {
    // SAFETY: only addresses of this machine's registers are named here.
    unsafe { (address as *const u32).read_volatile() }
}

fn write(address: usize, value: u32) {
    // SAFETY: as above.
    unsafe { (address as *mut u32).write_volatile(value) }
}

/// What QEMU calls its test finisher: ends or restarts the emulation.
const TEST: usize = 0x0010_0000;

// The serial port.

const UART: *mut u8 = 0x1000_0000 as *mut u8;
const UART_LINE_STATUS: *mut u8 = 0x1000_0005 as *mut u8;

pub(crate) fn write_byte(byte: u8) {
    // SAFETY: it is the port's register.
    unsafe { UART.write_volatile(byte) };
}

pub(crate) fn read_byte() -> Option<u8> {
    // SAFETY: they are the port's registers.
    unsafe { (UART_LINE_STATUS.read_volatile() & 1 != 0).then(|| UART.read_volatile()) }
}

// Time: 10 MHz.

const MSIP: usize = 0x0200_0000;
const MTIMECMP: usize = 0x0200_4000;
const MTIME: usize = 0x0200_bff8;

struct Clock {
    queue: Mutex<RefCell<Queue>>,
    speed: Mutex<Cell<u64>>,
}

/// From now on the clock runs so many times as fast as others.
pub(crate) fn hurry(speed: u64) {
    critical_section::with(|section| CLOCK.speed.borrow(section).set(speed));
}

fn speed() -> u64 {
    critical_section::with(|section| CLOCK.speed.borrow(section).get())
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock {
    queue: Mutex::new(RefCell::new(Queue::new())),
    speed: Mutex::new(Cell::new(1)),
});

impl Driver for Clock {
    fn now(&self) -> u64 {
        loop {
            let (high, low) = (read(MTIME + 4), read(MTIME));
            if read(MTIME + 4) == high {
                return (u64::from(high) << 32 | u64::from(low)) * speed();
            }
        }
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow_ref_mut(section);
            if queue.schedule_wake(at, waker) {
                set_alarm(queue.next_expiration(self.now()));
            }
        });
    }
}

fn set_alarm(at: u64) {
    let at = at.div_ceil(speed());
    // In this order no half-written value is in the past.
    write(MTIMECMP + 4, u32::MAX);
    write(MTIMECMP, at as u32);
    write(MTIMECMP + 4, (at >> 32) as u32);
}

#[riscv_rt::core_interrupt(Interrupt::MachineTimer)]
fn on_alarm() {
    critical_section::with(|section| {
        set_alarm(CLOCK.queue.borrow_ref_mut(section).next_expiration(CLOCK.now()));
    });
}

#[riscv_rt::core_interrupt(Interrupt::MachineSoft)]
fn on_tasks() {
    write(MSIP, 0);
    tasks::on_interrupt();
}

// Other interrupts: hart 0 in machine mode is context 0 of the PLIC.

const PLIC_PRIORITY: usize = 0x0c00_0000;
const PLIC_ENABLE: usize = 0x0c00_2000;
const PLIC_THRESHOLD: usize = 0x0c20_0000;
const PLIC_CLAIM: usize = 0x0c20_0004;

#[riscv_rt::core_interrupt(Interrupt::MachineExternal)]
fn on_device() {
    let number = read(PLIC_CLAIM);
    if number == 0 {
        return;
    }
    let device = VIRTIO + (number as usize - 1) * VIRTIO_LEN;
    // Virtio 1.2, section 4.2.2: InterruptACK is given what InterruptStatus shows.
    write(device + 0x64, read(device + 0x60));
    CARD.wake();
    write(PLIC_CLAIM, number);
}

// The card.

/// The first of eight places for devices, and how far apart they are; their interrupts begin at 1.
const VIRTIO: usize = 0x1000_1000;
const VIRTIO_LEN: usize = 0x1000;

const QUEUE_LEN: usize = 8;
const BUFFER_LEN: usize = 1600;
const PAGE_LEN: usize = 4096;
const PAGES: usize = 8;

/// What the card finds its queues in.
#[repr(C, align(4096))]
struct Pages([u8; PAGES * PAGE_LEN]);

static mut QUEUES: Pages = Pages([0; PAGES * PAGE_LEN]);
/// Pages that were given away: while the card is set up, by one task.
static mut PAGES_TAKEN: usize = 0;

/// Where the card writes frames.
static BUFFERS: ConstStaticCell<[[u8; BUFFER_LEN]; QUEUE_LEN]> =
    ConstStaticCell::new([[0; BUFFER_LEN]; QUEUE_LEN]);

/// The machine has no address translation.
struct Flat;

// SAFETY: pages are given away once each, aligned, zeroed, and never taken back; addresses are the same
// to the card as to the processor.
unsafe impl Hal for Flat {
    fn dma_alloc(pages: usize, _: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        // SAFETY: the card is set up by one task alone, and nothing else names these.
        let (first, taken) = unsafe {
            let first = PAGES_TAKEN;
            PAGES_TAKEN += pages;
            ((&raw mut QUEUES).cast::<u8>().wrapping_add(first * PAGE_LEN), PAGES_TAKEN)
        };
        assert!(taken <= PAGES, "a queue of {QUEUE_LEN} needs fewer pages");
        (first as PhysAddr, NonNull::new(first).expect("statics have addresses"))
    }

    unsafe fn dma_dealloc(_: PhysAddr, _: NonNull<u8>, _: usize) -> i32 {
        0
    }

    unsafe fn mmio_phys_to_virt(address: PhysAddr, _: usize) -> NonNull<u8> {
        NonNull::new(address as usize as *mut u8).expect("no register lies at 0")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _: BufferDirection) -> PhysAddr {
        buffer.cast::<u8>().as_ptr() as PhysAddr
    }

    unsafe fn unshare(_: PhysAddr, _: NonNull<[u8]>, _: BufferDirection) {}
}

pub(crate) struct Card {
    device: VirtIONetRaw<Flat, MmioTransport<'static>, QUEUE_LEN>,
    /// Which buffer each of the card's tokens stands for.
    buffers: [Option<&'static mut [u8]>; QUEUE_LEN],
}

impl Card {
    /// The machine's only one.
    pub(crate) fn find() -> Self {
        let found = (0..8).find_map(|place| {
            let header = NonNull::new((VIRTIO + place * VIRTIO_LEN) as *mut _)?;
            // SAFETY: the machine has a device there, or a register that says that there is none.
            let transport = unsafe { MmioTransport::new(header, VIRTIO_LEN) }.ok()?;
            (transport.device_type() == DeviceType::Network).then_some((place, transport))
        });
        let (place, transport) = found.expect("QEMU was told to put a network card in");
        let mut device = VirtIONetRaw::new(transport).expect("QEMU's card is sound");
        let mut buffers = [const { None }; QUEUE_LEN];
        for buffer in BUFFERS.take() {
            // SAFETY: the buffer stays, and is not touched before the card has filled it.
            let token = unsafe { device.receive_begin(buffer) }.expect("the queue is as long");
            buffers[usize::from(token)] = Some(&mut buffer[..]);
        }
        device.enable_interrupts();
        let number = place + 1;
        write(PLIC_PRIORITY + 4 * number, 1);
        write(PLIC_ENABLE, 1 << number);
        write(PLIC_THRESHOLD, 0);
        Self { device, buffers }
    }
}

impl EthernetCard for Card {
    fn address(&self) -> [u8; 6] {
        self.device.mac_address()
    }

    fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        let token = self.device.poll_receive()?;
        let buffer = self.buffers[usize::from(token)].take().expect("the card has only these");
        // SAFETY: it is the buffer that this token was given for.
        let received = unsafe { self.device.receive_complete(token, buffer) };
        let received = received.ok().map(|(header_len, len)| {
            let len = len.min(frame.len());
            frame[..len].copy_from_slice(&buffer[header_len..][..len]);
            len
        });
        // SAFETY: the buffer stays, and is not touched before the card has filled it.
        let token = unsafe { self.device.receive_begin(buffer) }.expect("it has just left it");
        self.buffers[usize::from(token)] = Some(buffer);
        received
    }

    fn send(&mut self, frame: &[u8]) {
        // What the card does not take is lost, as on any network.
        let _ = self.device.send(frame);
    }

    /// It always does.
    fn listen(&mut self) {}
}

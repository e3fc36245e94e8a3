//! Two executors: one in an interrupt, for tasks with deadlines; one below it, for public-key work.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use embassy_executor::raw::Executor;
use portable_atomic::AtomicBool;
use static_cell::StaticCell;
use underpass_sensor::Settings;

use crate::{attend, machine, work};

/// What `__pender` is told of each.
const UPPER: *mut () = 1 as *mut ();
const LOWER: *mut () = null_mut();

/// There once it was made, and for ever.
static RUNNING: AtomicPtr<Executor> = AtomicPtr::new(null_mut());
/// The lower one has something to do.
static IS_WOKEN: AtomicBool = AtomicBool::new(false);

/// Runs all tasks, for ever.
pub(crate) fn run(settings: Settings) -> ! {
    static EXECUTORS: [StaticCell<Executor>; 2] = [const { StaticCell::new() }; 2];
    let [upper, lower] = &EXECUTORS;
    let lower: &'static Executor = lower.init_with(|| Executor::new(LOWER));
    lower.spawner().spawn(work(settings.identity()).expect("it is spawned once"));
    let upper = upper.init_with(|| Executor::new(UPPER));
    RUNNING.store(upper, Ordering::Release);
    let upper: &'static Executor = upper;
    upper.spawner().spawn(attend(upper.spawner(), settings).expect("it is spawned once"));
    machine::enable_interrupts();
    loop {
        // SAFETY: it is polled here only, and this is not within a task of its own.
        unsafe { lower.poll() };
        machine::sleep_unless(|| IS_WOKEN.swap(false, Ordering::AcqRel));
    }
}

/// What the interrupt is for that [`machine::pend_tasks`] asks for.
pub(crate) fn on_interrupt() {
    // SAFETY: nothing but null or the executor, which stays, is ever stored here.
    if let Some(upper) = unsafe { RUNNING.load(Ordering::Acquire).as_ref() } {
        // SAFETY: it is polled in this interrupt only, which does not interrupt itself.
        unsafe { upper.poll() };
    }
}

/// An executor calls this when one of its tasks is woken.
// SAFETY: embassy-executor declares it so, and nothing else here defines it.
#[unsafe(export_name = "__pender")]
fn pend(executor: *mut ()) {
    if executor == UPPER {
        machine::pend_tasks();
    } else {
        IS_WOKEN.store(true, Ordering::Release);
    }
}

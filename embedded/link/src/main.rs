//! The core, linked for a bare-metal target without an allocator.
//!
//! Nobody runs this image. That it links proves two things: the library needs no more than `core`,
//! and nothing in it allocates, as there is no global allocator here. Its sections say what the
//! library costs in flash and RAM (`cargo xtask bare`).
#![no_std]
#![no_main]

use core::hint::black_box;
use core::net::SocketAddr;
use core::panic::PanicInfo;

use underpass_core::{
    Config, Instant, MAX_TRANSMIT, Network, Node, Outgoing, Path, PeerId, Purpose, SecretIdentity,
    Socket,
};

/// Where the linker starts from: what cannot be reached from here is not in the image.
// SAFETY: nothing else linked here defines a symbol of this name, which is the entry point's.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let storage = &raw mut STORAGE;
    // SAFETY: this is the entry point, entered once, and nothing else names the static.
    drive(unsafe { &mut *storage });
    halt()
}

underpass_core::storage! {
    /// For a handful of peers.
    struct Board {
        peers: 8, handshakes: 4, window_bits: 256,
        messages: 16, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 16, rumours: 2,
    }
}

static mut STORAGE: Board = Board::EMPTY;

/// Makes every call that a driver makes.
///
/// Arguments and results pass through `black_box`, or the optimiser would work the calls out and
/// drop them.
fn drive(storage: &'static mut Board) {
    let now = black_box(Instant::ORIGIN);
    let path =
        Path { socket: Socket(0), remote: black_box(SocketAddr::from(([192, 0, 2, 1], 4747))) };
    let Some((keys, _)) = SecretIdentity::generate(|| black_box([1; 32])) else { return };
    let Ok(friend) = PeerId::from_bytes(black_box([2; 32])) else { return };
    let config = Config::new(Network::closed("link", black_box([3; 32])));
    let Ok(mut node) = Node::new(config, keys.id(), black_box([4; 32]), storage, now) else {
        return;
    };
    let Ok(peer) = node.connect(friend, path, now) else { return };
    let mut buffer = [0; MAX_TRANSMIT];
    loop {
        let received = node.handle_datagram(path, black_box(&mut buffer[..]), now);
        black_box(received.is_ok());
        node.handle_timeout(now);
        node.run_jobs(&keys, now);
        while let Some(transmit) = node.poll_transmit(&mut buffer) {
            let _ = black_box(transmit);
        }
        while let Some(event) = node.poll_event() {
            black_box(event);
        }
        while let Some(message) = node.poll_message() {
            black_box(message);
        }
        black_box(node.poll_timeout());
        let sent = node.send_datagram(peer, black_box(b"reading"), &mut buffer);
        let message = Outgoing { kind: 1, purpose: Purpose::Request, payload: b"setting" };
        let kept = node.send_message(black_box(peer), message, now);
        if sent.is_err() && kept.is_err() && node.close(peer, now).is_err() {
            return;
        }
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    halt()
}

fn halt() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

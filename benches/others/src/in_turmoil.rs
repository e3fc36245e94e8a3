//! The ring in turmoil, at its tick of a millisecond: a host for each machine.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, interval_at};
use turmoil::net::UdpSocket;

use crate::{EVERY, LASTS, LATENCY, LENGTH, PING, PONG, PORT};

/// Runs a ring of so many machines; returns how many datagrams were sent.
pub(crate) fn run(machines: u32) -> u64 {
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        // A step more, for the client to end in.
        .simulation_duration(LASTS + Duration::from_secs(1))
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(LATENCY.0)
        .max_message_latency(LATENCY.1)
        .build();
    let sent = Arc::new(AtomicU64::new(0));
    for machine in 0..machines {
        let (next, offset) = (name((machine + 1) % machines), EVERY * machine / machines);
        let sent = sent.clone();
        sim.host(name(machine), move || neighbour(next.clone(), offset, sent.clone()));
    }
    // It runs for as long as it has clients.
    sim.client("clock", async {
        tokio::time::sleep(LASTS).await;
        Ok(())
    });
    sim.run().expect("nothing can go wrong");
    sent.load(Ordering::Relaxed)
}

async fn neighbour(next: String, offset: Duration, sent: Arc<AtomicU64>) -> turmoil::Result {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    // Looked up once, as addresses do not change.
    let next = (turmoil::lookup(next), PORT);
    let mut ticks = interval_at(Instant::now() + offset, EVERY);
    let mut buffer = [0; LENGTH];
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                socket.send_to(&[PING; LENGTH], next).await?;
                sent.fetch_add(1, Ordering::Relaxed);
            }
            received = socket.recv_from(&mut buffer) => {
                let (_, from) = received?;
                if buffer[0] == PING {
                    socket.send_to(&[PONG; LENGTH], from).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

fn name(machine: u32) -> String {
    format!("machine-{machine}")
}

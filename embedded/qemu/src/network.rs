//! embassy-net over the machine's card.

use core::future::poll_fn;
use core::task::Poll;

use embassy_executor::Spawner;
use embassy_futures::select::{Either, select};
use embassy_net::{Ipv4Address, Ipv4Cidr, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel as channel;
use embassy_sync::waitqueue::AtomicWaker;
use static_cell::StaticCell;

use crate::machine::Card;

/// Bytes of a frame at most: Ethernet's 1500 and its header.
pub(crate) const FRAME_MAX: usize = 1514;

/// Woken by the card's interrupt.
pub(crate) static CARD: AtomicWaker = AtomicWaker::new();

/// What a card must have. Its interrupt is off once it has come.
pub(crate) trait EthernetCard {
    fn address(&self) -> [u8; 6];
    /// Takes a frame that has come, and returns its length.
    fn receive(&mut self, frame: &mut [u8]) -> Option<usize>;
    fn send(&mut self, frame: &[u8]);
    /// Lets it interrupt when a frame comes, or has come.
    fn listen(&mut self);
}

/// Brings the network up, with the address that QEMU's own network expects.
pub(crate) async fn start(spawner: Spawner) -> Stack<'static> {
    let card = Card::find();
    static CHANNEL: StaticCell<channel::State<FRAME_MAX, 4, 4>> = StaticCell::new();
    let channel = CHANNEL.init_with(channel::State::new);
    let address = channel::driver::HardwareAddress::Ethernet(card.address());
    let (runner, device) = channel::new(channel, address);
    let config = embassy_net::Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24),
        gateway: Some(Ipv4Address::new(10, 0, 2, 2)),
        dns_servers: Default::default(),
    });
    static RESOURCES: StaticCell<StackResources<2>> = StaticCell::new();
    let resources = RESOURCES.init_with(StackResources::new);
    let seed = crate::flash::draw().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (stack, stack_runner) = embassy_net::new(device, config, resources, seed);
    spawner.spawn(run_card(card, runner).expect("it is spawned once"));
    spawner.spawn(run_stack(stack_runner).expect("it is spawned once"));
    stack.wait_config_up().await;
    stack
}

#[embassy_executor::task]
async fn run_stack(mut runner: embassy_net::Runner<'static, channel::Device<'static, FRAME_MAX>>) {
    runner.run().await;
}

/// Moves frames between the card and the stack.
#[embassy_executor::task]
async fn run_card(mut card: Card, runner: channel::Runner<'static, FRAME_MAX>) {
    let (link, mut inward, mut outward) = runner.split();
    link.set_link_state(channel::driver::LinkState::Up);
    loop {
        let received = poll_fn(|cx| {
            CARD.register(cx.waker());
            let Poll::Ready(frame) = inward.poll_rx_buf(cx) else { return Poll::Pending };
            match card.receive(frame) {
                Some(len) => Poll::Ready(len),
                None => {
                    card.listen();
                    Poll::Pending
                }
            }
        });
        match select(received, outward.tx_buf()).await {
            Either::First(len) => inward.rx_done(len),
            Either::Second(frame) => {
                card.send(frame);
                outward.tx_done();
            }
        }
    }
}

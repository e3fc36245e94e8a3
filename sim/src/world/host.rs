//! What the world keeps of one node, beside its machine.

use std::net::SocketAddr;

use underpass_core::Instant;

use super::clock::Clock;
use super::wake::Wake;
use crate::fault::Power;
use crate::machine::{Addresses, BindError, IpFamily, Socket};
use crate::random::{Draws, Stream};
use crate::units::Ppm;

/// Wakes that a machine may have at one instant before it counts as spinning.
pub(super) const WAKES_PER_INSTANT_MAX: u32 = 1000;

pub(crate) struct Host {
    pub(super) name: String,
    addresses: Addresses,
    pub(super) power: Power,
    pub(super) wake: Wake,
    /// What `wake` is armed for, by the node's own clock.
    pub(super) wanted: Option<Instant>,
    pub(super) clock: Clock,
    /// How its clock goes while no fault changes that.
    pub(super) clock_ppm: Ppm,
    /// `clock` faults under way that name it, by position, with what each adds.
    pub(super) drifts: Vec<(u32, Ppm)>,
    /// `suspend` faults under way that it is suspended by, by position; empty while it is off.
    pub(super) suspensions: Vec<u32>,
    pub(super) missed: Missed,
    /// Datagrams sent, over all incarnations.
    pub(super) sent: u64,
    /// May send from any address.
    pub(super) injects: bool,
    /// `hostile` faults under way that name it.
    pub(super) active: u32,
    /// What outlives its machines.
    pub(crate) flash: Vec<u8>,
    /// Starts so far.
    starts: u32,
    /// The randomness of the current incarnation.
    stream: Stream,
    /// What is bound, by [`Socket`].
    bound: Vec<(IpFamily, u16)>,
    /// When the machine was last woken, and how often at that instant.
    woken: (Instant, u32),
}

/// What a suspended machine is to hear of when it goes on.
#[derive(Clone, Copy, Default)]
pub(super) struct Missed {
    /// Its owner has changed something.
    pub(super) reconfigure: bool,
    /// Its node has other addresses.
    pub(super) readdressed: bool,
    /// It may act and might not before, or the other way round.
    pub(super) active: bool,
}

impl Host {
    pub(super) fn new(name: String, addresses: Addresses, clock_ppm: Ppm, draws: &Draws) -> Self {
        Self {
            stream: incarnation_stream(draws, &name, 0),
            name,
            addresses,
            power: Power::new(),
            wake: Wake::default(),
            wanted: None,
            clock: Clock::new(clock_ppm),
            clock_ppm,
            drifts: Vec::new(),
            suspensions: Vec::new(),
            missed: Missed::default(),
            sent: 0,
            injects: false,
            active: 0,
            flash: Vec::new(),
            starts: 0,
            bound: Vec::new(),
            woken: (Instant::ORIGIN, 0),
        }
    }

    /// Begins the next incarnation; says which it is.
    pub(super) fn begin_incarnation(&mut self, draws: &Draws) -> u32 {
        assert!(self.power.is_on() && self.bound.is_empty());
        self.starts += 1;
        self.stream = incarnation_stream(draws, &self.name, self.incarnation());
        self.incarnation()
    }

    /// Forgets what the incarnation asked for.
    pub(super) fn end_incarnation(&mut self) {
        self.bound.clear();
        self.suspensions.clear();
        (self.wanted, self.missed) = (None, Missed::default());
        let entry = self.wake.arm(None);
        assert!(entry.is_none(), "a disarmed wake needs no entry");
    }

    pub(super) fn is_suspended(&self) -> bool {
        !self.suspensions.is_empty()
    }

    /// Whether its machine is there, and hears of what happens.
    pub(super) fn runs(&self) -> bool {
        self.power.is_on() && !self.is_suspended()
    }

    pub(crate) fn incarnation(&self) -> u32 {
        self.starts.saturating_sub(1)
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Gives it other addresses; what is bound stays bound.
    pub(super) fn readdress(&mut self, addresses: Addresses) {
        self.addresses = addresses;
    }

    pub(crate) fn stream(&self) -> Stream {
        self.stream
    }

    pub(crate) fn bind(&mut self, family: IpFamily, port: u16) -> Result<Socket, BindError> {
        let has_address = match family {
            IpFamily::V4 => self.addresses.ipv4.is_some(),
            IpFamily::V6 => self.addresses.ipv6.is_some(),
        };
        if !has_address {
            return Err(BindError::NoAddress);
        }
        if port == 0 {
            return Err(BindError::PortZero);
        }
        if self.bound.contains(&(family, port)) {
            return Err(BindError::PortInUse);
        }
        let socket = u8::try_from(self.bound.len()).map_err(|_| BindError::TooManySockets)?;
        self.bound.push((family, port));
        Ok(Socket(socket))
    }

    /// The socket that takes what is sent to this address of the node.
    pub(super) fn socket_at(&self, destination: SocketAddr) -> Option<Socket> {
        let wanted = (family_of(destination), destination.port());
        let position = self.bound.iter().position(|&bound| bound == wanted)?;
        Some(Socket(u8::try_from(position).expect("at most 256 sockets")))
    }

    /// The address that a socket sends from.
    ///
    /// # Panics
    ///
    /// If this incarnation has bound no such socket.
    pub(super) fn source_of(&self, socket: Socket) -> SocketAddr {
        let &(family, port) = self.bound.get(usize::from(socket.0)).expect("the socket is bound");
        let Addresses { ipv4, ipv6 } = self.addresses;
        let address = match family {
            IpFamily::V4 => ipv4.map(Into::into),
            IpFamily::V6 => ipv6.map(Into::into),
        };
        SocketAddr::new(address.expect("a socket's family has an address"), port)
    }

    /// Counts a wake; says whether there were too many at this instant.
    pub(super) fn count_wake(&mut self, now: Instant) -> bool {
        if self.woken.0 != now {
            self.woken = (now, 0);
        }
        self.woken.1 += 1;
        self.woken.1 > WAKES_PER_INSTANT_MAX
    }
}

fn incarnation_stream(draws: &Draws, name: &str, incarnation: u32) -> Stream {
    draws.stream(&["node", name, &incarnation.to_string()])
}

pub(super) fn family_of(address: SocketAddr) -> IpFamily {
    if address.is_ipv4() { IpFamily::V4 } else { IpFamily::V6 }
}

//! Machines and applications by name: those that scenario files know, and yours.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::underpass::{AppFactory, Application, Echo};
use super::{Addresses, Machine};
use crate::scenario::model::NodeId;

/// Machines that every scenario file knows: our own protocol.
pub const MACHINES: [&str; 1] = ["underpass"];

/// Applications that every scenario file knows.
pub const APPS: [&str; 2] = ["echo", "sink"];

/// What `machine` and `app` of a node may say beside [`MACHINES`] and [`APPS`].
#[derive(Clone, Default)]
pub struct Registry {
    machines: BTreeMap<String, MakeMachine>,
    apps: BTreeMap<String, AppFactory>,
}

type MakeMachine = Arc<dyn Fn(&Post) -> Box<dyn Machine> + Send + Sync>;

/// What a machine is told of the node that it is to stand on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Post {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// How often it was started before.
    pub incarnation: u32,
    /// Whom it knows from the start, and where: those of its `peers` and `bootstrap` that it shares a
    /// family of addresses with, and that are behind no NAT that it is not behind.
    pub peers: Vec<(NodeId, Addresses)>,
}

impl Post {
    /// Where the first whom it knows takes datagrams on that port: over IPv6 if both have it.
    pub fn peer(&self, port: u16) -> Option<SocketAddr> {
        let (_, Addresses { ipv4, ipv6 }) = self.peers.first()?;
        let address = ipv6.map(IpAddr::V6).or(ipv4.map(IpAddr::V4))?;
        Some(SocketAddr::new(address, port))
    }
}

impl Registry {
    /// With nothing of yours in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a machine, which is made anew at every start of a node. The last of a name counts.
    ///
    /// # Panics
    ///
    /// If the name is one of [`MACHINES`].
    #[must_use]
    pub fn machine<M: Machine>(
        mut self,
        name: &str,
        make: impl Fn(&Post) -> M + Send + Sync + 'static,
    ) -> Self {
        assert!(!MACHINES.contains(&name), "`{name}` is a machine that every scenario knows");
        self.machines.insert(name.into(), Arc::new(move |post| Box::new(make(post))));
        self
    }

    /// Adds an application for nodes of our own protocol likewise; `make` is called with the node and
    /// how often it was started before.
    ///
    /// # Panics
    ///
    /// If the name is one of [`APPS`].
    #[must_use]
    pub fn app<A: Application>(
        mut self,
        name: &str,
        make: impl Fn(NodeId, u32) -> A + Send + Sync + 'static,
    ) -> Self {
        assert!(!APPS.contains(&name), "`{name}` is an application that every scenario knows");
        let make =
            move |node, incarnation| Box::new(make(node, incarnation)) as Box<dyn Application>;
        self.apps.insert(name.into(), AppFactory::new(make));
        self
    }

    /// Every name of a machine.
    pub fn machine_names(&self) -> impl Iterator<Item = &str> + Clone {
        MACHINES.into_iter().chain(self.machines.keys().map(String::as_str))
    }

    /// Every name of an application.
    pub fn app_names(&self) -> impl Iterator<Item = &str> + Clone {
        APPS.into_iter().chain(self.apps.keys().map(String::as_str))
    }

    /// Of yours, the machine of that name.
    pub(crate) fn make_machine(&self, name: &str) -> Option<MakeMachine> {
        self.machines.get(name).map(Arc::clone)
    }

    pub(crate) fn make_app(&self, name: &str) -> Option<AppFactory> {
        match name {
            "echo" => Some(AppFactory::new(|_, _| Box::new(Echo))),
            "sink" => Some(AppFactory::default()),
            _ => self.apps.get(name).cloned(),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = f.debug_struct("Registry");
        names.field("machines", &self.machines.keys()).field("apps", &self.apps.keys()).finish()
    }
}

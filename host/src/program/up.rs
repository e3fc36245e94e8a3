//! `underpass up`: the daemon.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use underpass_core::{Config, Gossip, Network, PeerId, SecretIdentity, Tag};

use super::arguments::UpArguments;
use super::{Exit, complain, print_json, print_line};
use crate::api::Server;
use crate::config::{Configuration, GossipConfig};
use crate::driver::{Settings, shutdown, start};
use crate::files::{self, LockedSecret, SecretFileError, SecretFileErrorKind};
use crate::handler::Handlers;
use crate::{log, script};

/// Whose key a file holds.
///
/// # Errors
/// If it holds none.
pub(super) fn identity_of(path: &Path) -> Result<PeerId, SecretFileError> {
    let seed = files::read_secret(path)?;
    identity(path, &seed).map(|identity| identity.id())
}

fn identity(path: &Path, seed: &[u8; 32]) -> Result<SecretIdentity, SecretFileError> {
    let form = || SecretFileError { path: path.into(), kind: SecretFileErrorKind::Form };
    SecretIdentity::from_seed(seed).ok_or_else(form)
}

pub(super) fn up(config: &Configuration, own: &UpArguments, is_json: bool) -> Exit {
    log::set_up(config.log);
    let key = match files::open_secret_locked(&config.key_file) {
        Ok(key) => key,
        Err(error) => {
            let in_use = matches!(error.kind, SecretFileErrorKind::InUse);
            complain(is_json, &error, error.help());
            return if in_use { Exit::NotStarted } else { Exit::Refused };
        }
    };
    let settings = match settings(config, own, &key) {
        Ok(settings) => settings,
        Err(error) => {
            complain(is_json, &error, error.help());
            return Exit::Refused;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(serve(config, settings, is_json));
            // Scripts that still run end with it.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            complain(is_json, &error, None);
            Exit::NotStarted
        }
    };
    drop(key.lock);
    exit
}

fn settings(
    config: &Configuration,
    own: &UpArguments,
    key: &LockedSecret,
) -> Result<Settings, SecretFileError> {
    let identity = identity(&config.key_file, &key.secret)?;
    let network = match &config.network.secret_file {
        Some(file) => Network::closed(&config.network.name, *files::read_secret(file)?),
        None => Network::open(&config.network.name),
    };
    let network = match &config.network.previous_secret_file {
        Some(file) => network.with_previous(*files::read_secret(file)?),
        None => network,
    };
    let mut node = Config::new(network);
    node.ping_interval = config.ping_interval;
    node.message_lifetime = config.message_lifetime;
    (node.access, node.relay) = (config.access, config.relay);
    node.gossip = config.gossip.as_ref().map_or(Gossip::OFF, |own| gossip(own, &node.network));
    Ok(Settings {
        identity: Arc::new(identity),
        config: node,
        capacity: config.capacity,
        listen: config.listen.clone(),
        peers: config.peers.clone(),
        foreign_relays: config.foreign_relays.clone(),
        allow: config.allow.clone(),
        state: Some(config.state_file.clone()),
        record: own.record.clone(),
        handlers: script::add(Handlers::new(), &config.scripts),
    })
}

/// What part it takes in gossip.
fn gossip(own: &GossipConfig, network: &Network) -> Gossip {
    let part = if own.is_discoverable { Gossip::DISCOVERABLE } else { Gossip::SILENT };
    let tags = own.tags.iter().map(|name| Tag::new(network, name));
    tags.fold(Gossip { is_bootstrap: own.is_bootstrap, ..part }, Gossip::with_tag)
}

async fn serve(config: &Configuration, settings: Settings, is_json: bool) -> Exit {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        complain(is_json, &"the system gives no signals", None);
        return Exit::NotStarted;
    };
    let (handle, driver) = match start(settings) {
        Ok(started) => started,
        Err(error) => {
            complain(is_json, &error, error.help());
            return Exit::NotStarted;
        }
    };
    let api = match &config.api {
        None => None,
        Some(api) => {
            let token = match files::read_secret(&api.token_file) {
                Ok(token) => token,
                Err(error) => {
                    complain(is_json, &error, error.help());
                    return Exit::Refused;
                }
            };
            match Server::bind(api.listen, &api.hosts, token, handle.clone()).await {
                Ok(server) => Some(server),
                Err(error) => {
                    let help = "another program listens there; `api.listen` names another place";
                    let help = (error.kind() == ErrorKind::AddrInUse).then(|| help.into());
                    let message = format!("the API cannot listen at {}: {error}", api.listen);
                    complain(is_json, &message, help);
                    return Exit::NotStarted;
                }
            }
        }
    };
    say_hello(&handle, api.as_ref(), is_json).await;
    let serving = api.map(|api| tokio::spawn(api.run()));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("about to end: peers are told");
    let end = async {
        handle.shut_down().await;
        driver.await
    };
    let ended = tokio::time::timeout(shutdown::WITHIN, end).await;
    if let Some(serving) = serving {
        serving.abort();
    }
    match ended {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(_)) => Exit::Failed,
        Err(_) => {
            tracing::warn!("not everything has ended in time");
            Exit::Failed
        }
    }
}

/// A line for whoever has started it: where everything is.
async fn say_hello(handle: &crate::Handle, api: Option<&Server>, is_json: bool) {
    let Some(status) = handle.status().await else { return };
    let api = api.and_then(|api| api.address().ok()).map(|address| format!("http://{address}/"));
    if is_json {
        return print_json(&json!({ "id": status.id, "listen": status.listen, "api": api }));
    }
    let (listen, api) = (status.listen.join(", "), api.unwrap_or_else(|| "off".into()));
    print_line(&format!("{} listens at {listen}; API at {api}", status.id));
}

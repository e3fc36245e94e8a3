//! `underpass init`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use underpass_core::SecretIdentity;
use zeroize::Zeroize;

use super::arguments::{Common, InitArguments};
use super::{Exit, complain, print_json, print_line};
use crate::clock::fresh_bytes;
use crate::config;
use crate::files;
use crate::peer_address::PeerAddress;

const CONFIG: &str = "underpass.toml";
const KEY: &str = "identity.key";
const SECRET: &str = "network.secret";
const TOKEN: &str = "api.token";

/// A message for the person, and how the program ends.
type Refusal = (String, Option<String>);

pub(super) fn init(own: &InitArguments, common: &Common) -> Exit {
    match make(own) {
        Ok(id) => {
            let file = own.folder.join(CONFIG);
            if common.json {
                print_json(&json!({ "id": id, "config": file }));
            } else {
                let member = match own.secret.is_some() {
                    true => "with the secret that was given",
                    false => "with a new secret, which other members need",
                };
                print_line(&format!("id       {id}"));
                print_line(&format!("network  {}, {member}", own.network));
                let found = match own.silent {
                    true => "others hear nothing of it, and it relays for nobody",
                    false => "members find it, and it relays for them",
                };
                print_line(&format!("found    {found}: `discoverable`, `relay`"));
                print_line(&format!("next     underpass up --config {}", file.display()));
            }
            Exit::Done
        }
        Err((message, help)) => {
            complain(common.json, &message, help);
            Exit::Refused
        }
    }
}

fn make(own: &InitArguments) -> Result<String, Refusal> {
    let folder = &own.folder;
    for peer in &own.peer {
        peer.parse::<PeerAddress>().map_err(|error| {
            let help = "write it like underpass://ID@host:4747, ID or host:4747";
            (format!("`{peer}` is no peer: {error}"), Some(help.into()))
        })?;
    }
    // Read before anything is made, as it may not be there.
    let secret = match &own.secret {
        Some(file) => {
            let read = files::read_secret(file);
            *read.map_err(|error| {
                let is_missing = !file.exists();
                let help = "copy `network.secret` from a member, and say where it is";
                let help = if is_missing { Some(help.into()) } else { error.help() };
                (error.to_string(), help)
            })?
        }
        None => draw()?,
    };
    let text = config_text(own)?;
    fs::create_dir_all(folder).map_err(|error| written(folder, &error))?;
    let file = folder.join(CONFIG);
    let there = [CONFIG, KEY, SECRET, TOKEN].map(|name| folder.join(name));
    if let Some(there) = there.iter().find(|path| path.exists()) {
        let help = "it is not touched; name another folder, or move it away";
        return Err((format!("{} is there already", there.display()), Some(help.into())));
    }
    let mut source = Ok(());
    let drawn = SecretIdentity::generate(|| {
        fresh_bytes().unwrap_or_else(|error| {
            source = Err(error);
            [0; 32]
        })
    });
    source.map_err(|error| (format!("the system gives no randomness: {error}"), None))?;
    let (identity, mut seed) =
        drawn.ok_or_else(|| (String::from("the system's randomness is of no use"), None))?;
    for (name, secret) in [(KEY, seed), (SECRET, secret), (TOKEN, draw()?)] {
        let path = folder.join(name);
        files::create_secret(&path, &secret).map_err(|error| written(&path, &error))?;
    }
    seed.zeroize();
    fs::File::create_new(&file)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|error| written(&file, &error))?;
    Ok(identity.id().to_string())
}

fn draw() -> Result<[u8; 32], Refusal> {
    fresh_bytes().map_err(|error| (format!("the system gives no randomness: {error}"), None))
}

fn written(path: &Path, error: &io::Error) -> Refusal {
    (format!("{} cannot be made: {error}", path.display()), None)
}

/// The template with what was asked for, which is a configuration.
fn config_text(own: &InitArguments) -> Result<String, Refusal> {
    let quoted = |texts: &[String]| {
        let each = texts.iter().map(|text| toml::Value::String(text.clone()).to_string());
        format!("[{}]", each.collect::<Vec<_>>().join(", "))
    };
    let mut text = config::template(&own.network);
    let mut put = |instead_of: &str, line: String| {
        let whole = text.lines().find(|line| line.starts_with(instead_of)).map(str::to_owned);
        text = text.replacen(&whole.expect("the template has it"), &line, 1);
    };
    if own.silent {
        put("relay = true", "# relay = true".into());
        put("discoverable = true", "# discoverable = true".into());
    }
    if !own.peer.is_empty() {
        put("peers = []", format!("peers = {}", quoted(&own.peer)));
    }
    if !own.listen.is_empty() {
        put("# listen = [", format!("listen = {}", quoted(&own.listen)));
    }
    if let Some(api) = &own.api {
        put("# listen = \"127", format!("listen = {}", toml::Value::String(api.clone())));
    }
    let name = PathBuf::from(CONFIG);
    match config::check(&name, &text) {
        Ok(()) => Ok(text),
        Err(mistakes) => Err((format!("the configuration would be wrong\n{mistakes}"), None)),
    }
}

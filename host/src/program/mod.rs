//! The `underpass` program.

mod arguments;
mod ask;
mod init;
mod screen;
#[cfg(test)]
mod tests;
mod up;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use serde_json::json;

use crate::client::{Client, ClientError};
use crate::config::{self, Configuration};
use crate::files;
use arguments::{Arguments, Command, Common};

/// How the program ends; the help of the program has them in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Exit {
    Done = 0,
    Failed = 1,
    Refused = 2,
    NoDaemon = 3,
    NotStarted = 4,
}

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let exit = run(&arguments);
    ExitCode::from(exit as u8)
}

fn run(arguments: &Arguments) -> Exit {
    let common = &arguments.common;
    match &arguments.command {
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "underpass", &mut text);
            // Nobody may want it any more (`| head`).
            let _ = std::io::stdout().write_all(&text);
            Exit::Done
        }
        Command::Init(own) => init::init(own, common),
        Command::CheckConfig => with_config(common, |config| check_config(config, common)),
        Command::Id => with_config(common, |config| id(config, common)),
        Command::Up(own) => with_config(common, |config| up::up(config, own, common.json)),
        Command::Ask(question) => with_config(common, |config| ask::ask(config, question, common)),
    }
}

fn with_config(common: &Common, then: impl FnOnce(&Configuration) -> Exit) -> Exit {
    let mut outside =
        config::of_environment(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
    outside.extend(common.overrides());
    match config::load(&common.config_file(), &outside) {
        Ok(config) => then(&config),
        Err(error) => {
            match common.json {
                true => complain(true, &error.to_string().trim_end(), None),
                false => eprint!("{}", error.render(is_colored(&std::io::stderr()))),
            }
            Exit::Refused
        }
    }
}

/// Says that a configuration is one, and whether the files are there that it names.
fn check_config(config: &Configuration, common: &Common) -> Exit {
    let secrets = [Some(&config.key_file), config.network.secret_file.as_ref()];
    let previous = config.network.previous_secret_file.as_ref();
    let token = config.api.as_ref().map(|api| &api.token_file);
    let mut exit = Exit::Done;
    for path in secrets.into_iter().flatten().chain(previous).chain(token) {
        if let Err(error) = files::read_secret(path) {
            complain(common.json, &error, error.help());
            exit = Exit::Refused;
        }
    }
    let path = common.config_file();
    match (exit, common.json) {
        (Exit::Done, true) => print_json(&json!({ "ok": true, "path": path })),
        (Exit::Done, false) => print_line(&format!("{}: no mistakes", path.display())),
        _ => {}
    }
    exit
}

fn id(config: &Configuration, common: &Common) -> Exit {
    match up::identity_of(&config.key_file) {
        Ok(id) if common.json => print_json(&json!({ "id": id.to_string() })),
        Ok(id) => print_line(&id.to_string()),
        Err(error) => {
            complain(common.json, &error, error.help());
            return Exit::Refused;
        }
    }
    Exit::Done
}

/// A client of the daemon that this configuration is of.
fn client(config: &Configuration, is_json: bool) -> Result<Client, Exit> {
    let Some(api) = &config.api else {
        complain(is_json, &"the API is not enabled, so that the daemon cannot be asked", None);
        return Err(Exit::Refused);
    };
    Client::new(api).map_err(|error| refuse(is_json, &error))
}

fn refuse(is_json: bool, error: &ClientError) -> Exit {
    match error {
        ClientError::Token(inner) => {
            complain(is_json, error, inner.help());
            Exit::Refused
        }
        ClientError::Unreachable(..) => {
            complain(is_json, error, Some("`underpass up` starts it".into()));
            Exit::NoDaemon
        }
        ClientError::Impostor(_) => {
            let help = "start the daemon; if it runs, was it started with another token or port?";
            complain(is_json, error, Some(help.into()));
            Exit::NoDaemon
        }
        ClientError::Problem { status: 400, .. } => {
            complain(is_json, error, None);
            Exit::Refused
        }
        ClientError::Problem { kind, .. } => {
            let help = match kind.as_str() {
                "timed-out" | "failed" => {
                    Some("`underpass why PEER` says what is known of the way")
                }
                "unknown-peer" | "not-found" => {
                    Some("`underpass peers` lists those that are known; ID@host:port calls another")
                }
                "no-handler" => Some("a `[[script]]` of the peer's configuration handles a kind"),
                _ => None,
            };
            complain(is_json, error, help.map(str::to_owned));
            Exit::Failed
        }
    }
}

/// Says what is wrong, and what would be right.
fn complain(is_json: bool, error: &dyn std::fmt::Display, help: Option<String>) {
    if is_json {
        let error = error.to_string();
        let _ = writeln!(std::io::stderr(), "{}", json!({ "error": error, "help": help }));
        return;
    }
    let is_colored = is_colored(&std::io::stderr());
    let title = screen::paint(is_colored, "1;31", "error");
    eprintln!("{title}: {}", screen::harmless(&error.to_string()));
    if let Some(help) = help {
        eprintln!("  = help: {help}");
    }
}

/// Nobody may want it any more (`| head`).
fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn print_json(value: &serde_json::Value) {
    print_line(&value.to_string());
}

/// Whether an output shows colours, and its reader wants them (no-color.org).
pub(crate) fn is_colored(output: &impl IsTerminal) -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let unable = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    output.is_terminal() && !unwanted && !unable
}

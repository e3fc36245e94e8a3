//! `replay`: does again what a node did, call by call.

use std::collections::VecDeque;
use std::fs;

use underpass_core::{HeapStorage, PlayError, Played, Player};
use underpass_sim::scenario::discover::shown;

use super::Exit;
use super::arguments::ReplayArguments;
use crate::report::{Screen, hex, thousands};

/// Calls before one that came out differently that are shown.
const BEFORE: usize = 5;

pub(super) fn replay(arguments: &ReplayArguments, screen: &mut Screen<'_>) -> Exit {
    let path = shown(&arguments.path);
    let recording = match fs::read(&arguments.path) {
        Ok(recording) => recording,
        Err(error) => {
            screen.err.line(&format!("error: {path} cannot be read: {error}"));
            return Exit::Refused;
        }
    };
    let mut before = VecDeque::new();
    match play(&recording, &mut before) {
        Ok((calls, digest)) => {
            let calls = thousands(calls);
            let until = before.back().map_or(String::new(), |last| format!(", until {}", last.now));
            let line = format!("{path}: {calls} calls{until}, all came out as they were recorded");
            screen.out.line(&line);
            screen.out.line(&format!("digest over what came out: {}", hex(&digest)));
            Exit::Passed
        }
        Err(PlayError::Differs { number, call }) => {
            screen.out.line(&format!("{path}: call {number} came out differently"));
            for Played { number, now, call } in &before {
                screen.out.line(&format!("  as recorded   call {number} at {now}  {call}"));
            }
            screen.out.line(&format!("  differently   call {number}  {call}"));
            Exit::Failed
        }
        Err(error) => {
            screen.err.line(&format!("error: {path}: {error}"));
            Exit::Refused
        }
    }
}

/// Plays a recording to its end: the number of its calls, and the digest over what came of them.
fn play(recording: &[u8], before: &mut VecDeque<Played>) -> Result<(u64, [u8; 32]), PlayError> {
    let capacity = Player::<HeapStorage>::capacity(recording)?;
    let mut player = Player::new(recording, HeapStorage::new(capacity))?;
    let mut calls = 0;
    while let Some(played) = player.step()? {
        calls += 1;
        before.push_back(played);
        if before.len() > BEFORE {
            before.pop_front();
        }
    }
    Ok((calls, player.finish()?))
}

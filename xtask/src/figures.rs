//! `cargo xtask figures`: what the core weighs on the boards' processors, and what its work costs there.

use std::process::Command;

use crate::cargo::output_of;
use crate::images::{Program, build};
use crate::processor::PROCESSORS;
use crate::toolchain::Route;
use crate::{Result, bare};

const PACKAGE: &str = "underpass-figures";

/// Weighs, counts and prints.
pub(crate) fn run() -> Result {
    bare::run()?;
    let targets = PROCESSORS.map(|processor| processor.target);
    let route = Route::find(&targets)?;
    let mut columns = Vec::new();
    for processor in &PROCESSORS {
        let image = build(&route, Program::new(PACKAGE, processor.target))?;
        let mut command = Command::new(processor.emulator);
        // An instruction is a nanosecond: they are counted, and the same every time.
        command.args(processor.machine).args(["-icount", "shift=0"]);
        command.args(["-nographic", "-monitor", "none", "-serial", "none"]);
        command.args(["-semihosting-config", "enable=on,target=native"]).arg("-kernel").arg(image);
        columns.push(output_of(&mut command)?);
    }
    let [one, other] = &columns[..] else { return Err("there are two processors".into()) };
    let [left, right] = targets;
    println!("\n{:<34} {left:>20} {right:>30}", "instructions; stack: bytes");
    for (line, other) in one.lines().zip(other.lines()) {
        let ((name, value), (_, other)) = (pair(line)?, pair(other)?);
        println!("{name:<34} {value:>20} {other:>30}");
    }
    Ok(())
}

fn pair(line: &str) -> Result<(&str, &str)> {
    line.split_once(' ').ok_or_else(|| format!("the image says `{line}`"))
}

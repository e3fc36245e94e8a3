//! Files that runs are written to while they are made.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use underpass_sim::Extras;
use underpass_sim::machine::underpass::{Tape, Tapes};
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::discover::shown;
use underpass_sim::scenario::model::NodeId;
use underpass_sim::scenario::nearest::suggest;

use super::arguments::RunArguments;
use super::selection::{Case, Refusal, run_name};

mod pcap;
mod trace;

#[cfg(test)]
mod tests;

use pcap::Pcap;
use trace::Trace;

/// What is to be written of the runs.
pub(super) struct Outputs {
    trace: Option<Sink>,
    /// Each line of the trace names its run.
    several: bool,
    no_memo: bool,
    pcap: Option<Sink>,
    record: Option<(NodeId, PathBuf)>,
    /// The first thing that went wrong with a file of a recording.
    recording: Failed,
}

/// A file that several runs write to, whole lines or blocks at a time.
#[derive(Clone)]
pub(super) struct Sink(Arc<Mutex<Output>>);

struct Output {
    path: PathBuf,
    file: BufWriter<Box<dyn Write + Send>>,
    error: Option<io::Error>,
}

/// Why a file could not be written, if so.
type Failed = Arc<Mutex<Option<String>>>;

impl Outputs {
    /// Makes the files that were asked for.
    pub(super) fn create(arguments: &RunArguments, cases: &[Case]) -> Result<Self, Refusal> {
        let runs: usize = cases.iter().map(|case| case.seeds.len()).sum();
        for (option, asked) in
            [("--pcap", arguments.pcap.is_some()), ("--record", arguments.record.is_some())]
        {
            if asked && runs > 1 {
                let (name, seed) = (&cases[0].scenario.name, cases[0].seeds[0]);
                let message = format!(
                    "{option} takes a single run, and {runs} are selected: name one, as {}",
                    run_name(name, seed)
                );
                return Err(Refusal::Arguments(message));
            }
        }
        let record = match &arguments.record {
            Some(record) => Some((record.node(&cases[0].scenario)?, record.path.clone())),
            None => None,
        };
        let sink = |path: &Option<PathBuf>| path.as_deref().map(Sink::create).transpose();
        Ok(Self {
            trace: sink(&arguments.trace)?,
            several: runs > 1,
            no_memo: arguments.no_memo,
            pcap: sink(&arguments.pcap)?,
            record,
            recording: Failed::default(),
        })
    }

    /// What a run is to be made with, so that it is written.
    pub(super) fn extras(&self, scenario: &Scenario, seed: u64) -> Extras {
        let mut extras = Extras { no_memo: self.no_memo, ..Extras::default() };
        if let Some(sink) = &self.trace {
            let run = self.several.then(|| run_name(&scenario.name, seed));
            extras.witnesses.push(Box::new(Trace::new(run, scenario, sink.clone())));
        }
        if let Some(sink) = &self.pcap {
            extras.witnesses.push(Box::new(Pcap::new(scenario, sink.clone())));
        }
        if let Some((node, path)) = &self.record {
            let (path, failed) = (path.clone(), Arc::clone(&self.recording));
            let tapes = Tapes::new(move |life| tape(of_life(&path, life), Arc::clone(&failed)));
            extras.tapes.insert(*node, tapes);
        }
        extras
    }

    /// Ends the files; says what could not be written.
    pub(super) fn finish(self) -> Result<(), String> {
        let sinks = [self.trace, self.pcap].into_iter().flatten();
        let errors = sinks.filter_map(|sink| sink.finish().err());
        let recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner).take();
        errors.chain(recording).next().map_or(Ok(()), Err)
    }
}

/// `--record NODE=FILE`.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    node: String,
    path: PathBuf,
}

impl Record {
    fn node(&self, scenario: &Scenario) -> Result<NodeId, Refusal> {
        let names = || scenario.nodes.iter().map(|node| node.name.as_str());
        let found = (0..).map(NodeId).zip(&scenario.nodes).find(|(_, node)| node.name == self.node);
        match found {
            Some((id, node)) if node.hostile.is_none() => Ok(id),
            Some(_) => {
                let message = format!("{} is hostile: only members can be recorded", self.node);
                Err(Refusal::Arguments(message))
            }
            None => {
                let help = suggest(&self.node, "nodes", names());
                let message = format!("there is no node `{}`: {help}", self.node.escape_default());
                Err(Refusal::Arguments(message))
            }
        }
    }
}

impl std::str::FromStr for Record {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((node, path)) if !node.is_empty() && !path.is_empty() => {
                Ok(Self { node: node.into(), path: path.into() })
            }
            _ => Err(format!("`{text}` names no node and file: write laptop=laptop.rec")),
        }
    }
}

/// The file of one life: `FILE` for the first, `FILE.1` for the one after it, and so on.
fn of_life(path: &Path, life: u32) -> PathBuf {
    match life {
        0 => path.into(),
        life => {
            let mut path = path.as_os_str().to_owned();
            path.push(format!(".{life}"));
            path.into()
        }
    }
}

/// A tape that is a file; it flushes itself when the machine is gone.
fn tape(path: PathBuf, failed: Failed) -> Tape {
    let fail = move |path: &Path, error: &io::Error| {
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert_with(|| unwritten(path, error));
    };
    let mut writer = match File::create(&path) {
        Ok(file) => Some(Flushing { writer: BufWriter::new(file), path, fail }),
        Err(error) => {
            fail(&path, &error);
            None
        }
    };
    Box::new(move |bytes| {
        if let Some(Flushing { writer: file, path, fail }) = &mut writer
            && let Err(error) = file.write_all(bytes)
        {
            fail(path, &error);
            writer = None;
        }
    })
}

/// A file whose last bytes are not lost silently.
struct Flushing<F: Fn(&Path, &io::Error)> {
    writer: BufWriter<File>,
    path: PathBuf,
    fail: F,
}

impl<F: Fn(&Path, &io::Error)> Drop for Flushing<F> {
    fn drop(&mut self) {
        if let Err(error) = self.writer.flush() {
            (self.fail)(&self.path, &error);
        }
    }
}

impl Sink {
    pub(super) fn create(path: &Path) -> Result<Self, Refusal> {
        let file =
            File::create(path).map_err(|error| Refusal::Arguments(unwritten(path, &error)))?;
        Ok(Self::to(path, file))
    }

    fn to(path: &Path, writer: impl Write + Send + 'static) -> Self {
        let file = BufWriter::new(Box::new(writer) as Box<dyn Write + Send>);
        Self(Arc::new(Mutex::new(Output { path: path.into(), file, error: None })))
    }

    /// Adds bytes that belong together. After an error nothing more is written.
    fn write(&self, bytes: &[u8]) {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if output.error.is_none() {
            output.error = output.file.write_all(bytes).err();
        }
    }

    pub(super) fn finish(&self) -> Result<(), String> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let error = output.error.take().or_else(|| output.file.flush().err());
        error.map_or(Ok(()), |error| Err(unwritten(&output.path, &error)))
    }
}

pub(super) fn unwritten(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", shown(path))
}

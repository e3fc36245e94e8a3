//! The daemon's HTTP API, as far as it is asked here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::Result;

/// Longer than anything that the daemon is told to wait for.
const PATIENCE: Duration = Duration::from_secs(150);

/// Where it is, and what lets one in.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) port: u16,
    pub(crate) token: String,
}

impl Api {
    /// The body of an answer.
    pub(crate) fn get(&self, path: &str) -> Result<String> {
        self.ask("GET", path, &[])
    }

    /// The body of an answer.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Result<Value> {
        let said = self.ask("POST", path, body)?;
        serde_json::from_str(&said).map_err(|error| format!("the daemon says no JSON: {error}"))
    }

    /// All that happens from now on.
    pub(crate) fn events(&self) -> Result<Receiver<Value>> {
        let mut lines = self.call("GET", "/events", &[])?.lines();
        let (sender, events) = mpsc::channel();
        // It ends with the daemon, or with whoever listens.
        thread::spawn(move || {
            while let Some(Ok(line)) = lines.next() {
                let event =
                    line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok());
                if event.is_some_and(|event| sender.send(event).is_err()) {
                    return;
                }
            }
        });
        events
            .recv_timeout(PATIENCE)
            .map_err(|_| "the daemon says nothing of what happens".to_owned())?;
        Ok(events)
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<String> {
        let mut text = String::new();
        let read = self.call(method, path, body)?.read_to_string(&mut text);
        read.map_err(|error| format!("the daemon broke off: {error}"))?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("the daemon speaks no HTTP")?;
        match head.split(' ').nth(1) {
            Some("200") => Ok(body.to_owned()),
            _ => Err(format!("{method} {path}: {body}")),
        }
    }

    /// HTTP of version 1.0: an answer ends with the connection, and is in one piece (RFC 1945, section 7.2.2).
    fn call(&self, method: &str, path: &str, body: &[u8]) -> Result<BufReader<TcpStream>> {
        let Self { port, token } = self;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let call = || {
            let mut stream = TcpStream::connect(("127.0.0.1", *port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(&[head.as_bytes(), body].concat())?;
            Ok(BufReader::new(stream))
        };
        call().map_err(|error: std::io::Error| format!("the daemon does not answer: {error}"))
    }
}

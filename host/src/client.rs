//! The command line's way to the daemon: its HTTP API.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use data_encoding::HEXLOWER;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::clock::fresh_bytes;
use crate::config::ApiConfig;
use crate::files::{self, SecretFileError};
use crate::proof::proof;

/// How long the daemon may take to accept a connection: it is on this computer.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// No answer is longer.
const ANSWER_LEN_MAX: usize = 64 * 1024 * 1024;
/// How long it may take to show that it knows the token.
const PROOF_WITHIN: Duration = Duration::from_secs(5);

/// Where the daemon is, and its token.
pub(crate) struct Client {
    address: SocketAddr,
    key: Zeroizing<[u8; 32]>,
    token: Zeroizing<String>,
    /// Whoever listens there has shown that it knows the token.
    proven: OnceCell<()>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum ClientError {
    Token(SecretFileError),
    Unreachable(SocketAddr, String),
    /// Whoever listens there does not know the token.
    Impostor(SocketAddr),
    /// The daemon says why.
    Problem {
        status: u16,
        kind: String,
        title: String,
        detail: String,
    },
}

impl Client {
    /// # Errors
    /// If the token cannot be read.
    pub(crate) fn new(config: &ApiConfig) -> Result<Self, ClientError> {
        let key = files::read_secret(&config.token_file).map_err(ClientError::Token)?;
        let token = Zeroizing::new(HEXLOWER.encode(&*key));
        let address = reachable(config.listen);
        Ok(Self { address, key, token, proven: OnceCell::new() })
    }

    /// A link to the status page that has the token.
    ///
    /// # Errors
    /// If the daemon is not there.
    pub(crate) async fn link(&self) -> Result<String, ClientError> {
        self.proven.get_or_try_init(|| self.prove()).await?;
        Ok(format!("http://{}/#{}", self.address, &*self.token))
    }

    /// # Errors
    /// If there is no answer, or a problem is one.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, path, Vec::new()).await
    }

    /// # Errors
    /// If there is no answer, or a problem is one.
    pub(crate) async fn post(&self, path: &str, body: Vec<u8>) -> Result<Value, ClientError> {
        self.call(Method::POST, path, body).await
    }

    /// Calls for each event until it says that this is enough, or there are no more.
    ///
    /// # Errors
    /// If there is no answer, or a problem is one.
    pub(crate) async fn events(
        &self,
        mut on_event: impl FnMut(Value) -> bool,
    ) -> Result<(), ClientError> {
        let mut answer = self.ask(Method::GET, "/events", Vec::new()).await?;
        let mut text = Vec::new();
        // A daemon that ends does so in the middle.
        while let Some(Ok(frame)) = answer.body_mut().frame().await {
            text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                let event = line.strip_prefix(b"data: ").map(serde_json::from_slice);
                if let Some(Ok(event)) = event
                    && !on_event(event)
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn call(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value, ClientError> {
        let answer = self.ask(method, path, body).await?;
        let bytes = self.read(answer).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.unreachable(&error))
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Bytes, ClientError> {
        let limited = http_body_util::Limited::new(answer.into_body(), ANSWER_LEN_MAX);
        let body = limited.collect().await.map_err(|error| self.unreachable(&error))?;
        Ok(body.to_bytes())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, ClientError> {
        self.proven.get_or_try_init(|| self.prove()).await?;
        let token = format!("Bearer {}", &*self.token);
        self.request(method, path, Some(&token), body).await
    }

    /// Has whoever listens there show that it knows the token.
    async fn prove(&self) -> Result<(), ClientError> {
        let nonce = fresh_bytes().map_err(|error| self.unreachable(&error))?;
        let path = format!("/proof?nonce={}", HEXLOWER.encode(&nonce));
        let asked = async {
            let answer = self.request(Method::GET, &path, None, Vec::new()).await?;
            self.read(answer).await
        };
        let answer = match tokio::time::timeout(PROOF_WITHIN, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(ClientError::Problem { .. })) => {
                return Err(ClientError::Impostor(self.address));
            }
            Ok(Err(error)) => return Err(error),
            Err(late) => return Err(self.unreachable(&late)),
        };
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let expected = HEXLOWER.encode(&proof(&self.key, &nonce));
        match answer["proof"] == expected {
            true => Ok(()),
            false => Err(ClientError::Impostor(self.address)),
        }
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, ClientError> {
        let connect = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(self.address)).await;
        let stream = match connect {
            Ok(stream) => stream.map_err(|error| self.unreachable(&error))?,
            Err(late) => return Err(self.unreachable(&late)),
        };
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        tokio::spawn(connection);
        let mut request =
            Request::builder().method(method).uri(path).header("host", self.address.to_string());
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .expect("paths are made of what may be in them");
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let body = self.read(answer).await?;
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        let kind = text("type").rsplit(':').next().unwrap_or_default().to_owned();
        Err(ClientError::Problem { status, kind, title: text("title"), detail: text("detail") })
    }

    fn unreachable(&self, error: &dyn fmt::Display) -> ClientError {
        ClientError::Unreachable(self.address, error.to_string())
    }
}

/// A value in a query.
pub(crate) fn quoted(text: &str) -> String {
    let keep = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let each = text.bytes().map(|byte| match keep(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    each.collect()
}

/// Who listens everywhere listens here, too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => error.fmt(f),
            Self::Unreachable(address, error) => {
                write!(f, "the daemon does not answer at {address}: {error}")
            }
            Self::Impostor(address) => write!(
                f,
                "what listens at {address} is not this configuration's daemon: it does not know the token"
            ),
            Self::Problem { title, detail, .. } => write!(f, "{title}: {detail}"),
        }
    }
}

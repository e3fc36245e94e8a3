//! Who may: whoever calls this server by its own name and has its token.
//!
//! A page of somebody else's cannot: it does not know the token, which no browser sends by itself; what it
//! sends under another name (DNS rebinding) has another Host; and it may read no answer, as none allows it.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::problem::Problem;
use super::{Api, page};
use crate::proof::{Nonce, proof};

/// Where a server shows that it knows the token: asked by those who are about to tell it.
pub(super) const PROOF: &str = "/proof";

/// Token and names.
pub(super) struct Guard {
    token: Zeroizing<String>,
    key: Zeroizing<[u8; 32]>,
    /// In lower case.
    hosts: Vec<String>,
}

/// On every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
];

impl Guard {
    pub(super) fn new(token: &[u8; 32], listen: SocketAddr, names: &[String]) -> Self {
        let mut hosts = vec!["localhost".into(), "127.0.0.1".into(), "[::1]".into()];
        hosts.push(match listen {
            SocketAddr::V4(listen) => listen.ip().to_string(),
            SocketAddr::V6(listen) => format!("[{}]", listen.ip()),
        });
        hosts.extend(names.iter().cloned());
        let text = Zeroizing::new(data_encoding::HEXLOWER.encode(token));
        Self { token: text, key: Zeroizing::new(*token), hosts }
    }

    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (host, more) = (hosts.next(), hosts.next());
        if more.is_some() || !host.is_some_and(|host| self.knows(host)) {
            return Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                "Not for this server",
                "the Host is none of this server's names; `api.hosts` adds one",
            ));
        }
        let is_elsewhere = headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "cross-site" || site == "same-site");
        let is_foreign = headers.get(header::ORIGIN).is_some_and(|origin| !is_of(origin, host));
        if is_elsewhere || is_foreign {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "other-site",
                "Not for other sites",
                "the request comes from a page that is not this server's",
            ));
        }
        if page::is_page(uri.path()) || uri.path() == PROOF || self.has_token(headers) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "The token is missing or wrong",
            "send `Authorization: Bearer TOKEN`; `api.token_file` names the file that holds it",
        ))
    }

    pub(super) fn proof(&self, nonce: &Nonce) -> [u8; 32] {
        proof(&self.key, nonce)
    }

    /// Whether `host` or `host:port` is one of the names.
    fn knows(&self, host: &HeaderValue) -> bool {
        let Ok(host) = host.to_str() else { return false };
        let end = match host.rfind(']') {
            Some(bracket) => bracket + 1,
            None => host.find(':').unwrap_or(host.len()),
        };
        let (name, port) = host.split_at(end);
        let is_port = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        has_port && self.hosts.contains(&name.to_lowercase())
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(given), None) = (given.next(), given.next()) else { return false };
        let Some((scheme, token)) = given.as_bytes().split_at_checked(7) else { return false };
        let is_bearer = scheme.eq_ignore_ascii_case(b"bearer ");
        // Of equal length or not at all; how much of it is right does not show.
        is_bearer && bool::from(token.ct_eq(self.token.as_bytes()))
    }
}

/// Whether a page of this origin came from this host, port and all.
fn is_of(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = host.and_then(|host| host.to_str().ok());
    origin.map(|(_, origin)| origin) == host && host.is_some()
}

/// Lets pass whoever may, and adds what every answer has.
pub(super) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let checked = api.guard.check(request.uri(), request.headers());
    let has_token = api.guard.has_token(request.headers());
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if !has_token {
        // Or whoever reads no answers could keep a place for good.
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

//! What the guard lets pass, and that the document names what there is.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::*;

const TOKEN: [u8; 32] = [7; 32];

fn status(path: &str, headers: &[(&str, &str)]) -> u16 {
    let guard = Guard::new(&TOKEN, "127.0.0.1:4780".parse().unwrap(), &["box.example".into()]);
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    use axum::response::IntoResponse;
    match guard.check(&path.parse::<Uri>().unwrap(), &map) {
        Ok(()) => 200,
        Err(problem) => problem.into_response().status().as_u16(),
    }
}

fn bearer() -> String {
    format!("Bearer {}", data_encoding::HEXLOWER.encode(&TOKEN))
}

#[test]
fn the_token_opens_and_nothing_else_does() {
    let bearer = bearer();
    let cut = &bearer[..bearer.len() - 1];
    let host = ("host", "127.0.0.1:4780");
    assert_eq!(status("/status", &[host, ("authorization", &bearer)]), 200);
    for wrong in ["", "Bearer", "Bearer ", "Basic x", cut, &format!("{bearer}0"), &bearer[7..]] {
        assert_eq!(status("/status", &[host, ("authorization", wrong)]), 401, "{wrong}");
    }
    let twice = [host, ("authorization", &*bearer), ("authorization", &*bearer)];
    assert_eq!(status("/status", &twice), 401);
    assert_eq!(status("/status", &[host]), 401);
    assert_eq!(status("/nothing", &[host]), 401, "what there is shows to nobody");
}

#[test]
fn the_page_knows_nothing_and_is_open() {
    for path in ["/", "/page.js", "/page.css"] {
        assert_eq!(status(path, &[("host", "localhost:4780")]), 200);
    }
}

#[test]
fn another_host_is_another_server() {
    let authorization = ("authorization", &*bearer());
    for own in ["127.0.0.1:4780", "localhost", "LOCALHOST:1", "[::1]:4780", "box.example:80"] {
        assert_eq!(status("/status", &[("host", own), authorization]), 200, "{own}");
    }
    for other in ["evil.example", "127.0.0.1.evil.example", "localhost:x", "127.0.0.2", ""] {
        assert_eq!(status("/status", &[("host", other), authorization]), 421, "{other}");
        assert_eq!(status("/", &[("host", other)]), 421, "{other}");
    }
    assert_eq!(status("/status", &[authorization]), 421);
    let twice = [("host", "localhost"), ("host", "localhost"), authorization];
    assert_eq!(status("/status", &twice), 421);
}

#[test]
fn other_sites_are_refused_whatever_they_know() {
    let (host, bearer) = (("host", "127.0.0.1:4780"), bearer());
    let authorization = ("authorization", &*bearer);
    let others = [
        "https://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1:3000",
        "http://localhost:4780",
    ];
    for origin in others {
        assert_eq!(status("/send", &[host, authorization, ("origin", origin)]), 403, "{origin}");
    }
    assert_eq!(status("/send", &[host, authorization, ("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(status("/send", &[host, authorization, ("origin", "http://127.0.0.1:4780")]), 200);
}

#[test]
fn the_document_names_every_path() {
    let document: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let paths: Vec<_> = document["paths"].as_object().expect("paths").keys().cloned().collect();
    let source = include_str!("mod.rs");
    let routes: Vec<_> = source
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| !page::is_page(path))
        .chain([guard::PROOF])
        .collect();
    assert!(routes.len() > 5);
    for route in &routes {
        assert!(paths.iter().any(|path| path == route), "{route} is not in openapi.json");
    }
    assert_eq!(paths.len(), routes.len());
}

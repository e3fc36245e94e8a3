//! The status page: three files that know nothing; what it shows it asks for, with the token.

use axum::http::{HeaderName, header};

type File = ([(HeaderName, &'static str); 1], &'static str);

/// Whether this is the page, which needs no token.
pub(super) fn is_page(path: &str) -> bool {
    ["/", "/page.js", "/page.css"].contains(&path)
}

pub(super) async fn html() -> File {
    file("text/html; charset=utf-8", include_str!("../../page/page.html"))
}

pub(super) async fn script() -> File {
    file("text/javascript; charset=utf-8", include_str!("../../page/page.js"))
}

pub(super) async fn style() -> File {
    file("text/css; charset=utf-8", include_str!("../../page/page.css"))
}

fn file(kind: &'static str, text: &'static str) -> File {
    ([(header::CONTENT_TYPE, kind)], text)
}

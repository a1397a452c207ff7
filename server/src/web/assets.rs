//! The built app, carried inside the binary (a debug build reads `dist/` from disk).
//!
//! The build writes `.br` and `.gz` beside each file; the best one that the browser takes is sent.
//!
//! **Invariant:** only a name with a content hash may be cached for ever; the page and the worker are asked about
//! each time, so a new version is seen at the next visit.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use rust_embed::RustEmbed;
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Dist;

const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// One file of the app.
struct Asset {
    bytes: Cow<'static, [u8]>,
    sha256: [u8; 32],
}

/// Finds a file by its name; the tests have a folder of their own.
type Find = fn(&str) -> Option<Asset>;

/// Answers a request for a file of the app, or for one of its pages.
pub fn serve(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    serve_from(
        |name| {
            Dist::get(name).map(|file| Asset {
                sha256: file.metadata.sha256_hash(),
                bytes: file.data,
            })
        },
        method,
        path,
        headers,
    )
}

fn serve_from(find: Find, method: &Method, path: &str, headers: &HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let name = path.trim_start_matches('/');
    if !name.is_empty() && !is_precompressed(name) && find(name).is_some() {
        return file(find, name, headers);
    }
    if name.is_empty() || is_navigation(name, headers) {
        return file(find, "index.html", headers);
    }
    (StatusCode::NOT_FOUND, "Not found").into_response()
}

/// The app's own addresses (`/turns/…`) are all the same page; a missing script must not become one.
fn is_navigation(name: &str, headers: &HeaderMap) -> bool {
    let accepts_html = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let last_segment = name.rsplit('/').next().unwrap_or_default();
    accepts_html && !last_segment.contains('.')
}

fn is_precompressed(name: &str) -> bool {
    name.ends_with(".br") || name.ends_with(".gz")
}

fn file(find: Find, name: &str, headers: &HeaderMap) -> Response {
    let Some((file, encoding)) = best_variant(find, name, headers) else {
        return (StatusCode::NOT_FOUND, "The app has not been built: there is no dist/index.html").into_response();
    };
    let etag = etag(&file);
    let mut response = if is_known(headers, etag.to_str().unwrap_or_default()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.bytes.into_owned()).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::ETAG, etag);
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if is_hashed(name) { FOREVER } else { ASK_EACH_TIME }),
    );
    answer.insert(header::CONTENT_TYPE, content_type(name));
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn best_variant(find: Find, name: &str, headers: &HeaderMap) -> Option<(Asset, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if accepts(accepted, encoding)
            && let Some(file) = find(&format!("{name}.{suffix}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    find(name).map(|file| (file, None))
}

fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut parameters = part.split(';').map(str::trim);
        parameters.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding)) && !parameters.any(|q| matches!(q, "q=0" | "q=0.0"))
    })
}

fn etag(file: &Asset) -> HeaderValue {
    let hex = HEXLOWER.encode(&file.sha256[..16]);
    HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the caller has the version with this tag.
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    asked
        .split(',')
        .any(|one| matches!(one.trim().trim_start_matches("W/"), known if known == etag || known == "*"))
}

/// `client-0123456789abcdef_bg.wasm`: Trunk's 16 hexadecimal digits behind a dash.
fn is_hashed(name: &str) -> bool {
    name.split('-').skip(1).any(|part| {
        part.len() > 16 && part.is_char_boundary(16) && part[..16].bytes().all(|b| b.is_ascii_hexdigit()) && matches!(part.as_bytes()[16], b'_' | b'.')
    })
}

fn content_type(name: &str) -> HeaderValue {
    let kind = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("wasm") => "application/wasm",
        Some("js") => "text/javascript; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => {
            return HeaderValue::from_str(mime_guess::from_path(name).first_or_octet_stream().as_ref())
                .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        }
    };
    HeaderValue::from_static(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for hashed in ["client-0123456789abcdef_bg.wasm", "client-0123456789abcdef.js", "main-fedcba9876543210.css"] {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in [
            "index.html",
            "sw.js",
            "icons/icon-192.png",
            "client-0123456789abcdeg.js",
            "manifest.webmanifest",
        ] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    #[test]
    fn an_encoding_counts_unless_it_is_refused() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("br;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("", "gzip"));
    }

    fn folder(name: &str) -> Option<Asset> {
        let text: &[u8] = match name {
            "index.html" => b"page",
            "sw.js" => b"worker",
            "sw.js.gz" => b"worker, gzipped",
            "client-0123456789abcdef_bg.wasm" => b"wasm",
            "client-0123456789abcdef_bg.wasm.br" => b"wasm, brotlied",
            "client-0123456789abcdef_bg.wasm.gz" => b"wasm, gzipped",
            _ => return None,
        };
        Some(Asset {
            bytes: text.into(),
            sha256: [text.len() as u8; 32],
        })
    }

    fn get(path: &str, asked: &[(header::HeaderName, &'static str)]) -> Response {
        let headers = asked.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        serve_from(folder, &Method::GET, path, &headers)
    }

    fn told(response: &Response) -> [Option<&str>; 3] {
        [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CACHE_CONTROL].map(|name| response.headers().get(name).map(|value| value.to_str().unwrap()))
    }

    #[test]
    fn the_best_form_is_sent_that_the_browser_takes() {
        let wasm = "/client-0123456789abcdef_bg.wasm";
        assert_eq!(
            told(&get(wasm, &[(header::ACCEPT_ENCODING, "gzip, br")])),
            [Some("application/wasm"), Some("br"), Some(FOREVER)]
        );
        assert_eq!(
            told(&get(wasm, &[(header::ACCEPT_ENCODING, "gzip")])),
            [Some("application/wasm"), Some("gzip"), Some(FOREVER)]
        );
        assert_eq!(told(&get(wasm, &[])), [Some("application/wasm"), None, Some(FOREVER)]);
        assert_eq!(
            told(&get("/sw.js", &[(header::ACCEPT_ENCODING, "br, gzip")])),
            [Some("text/javascript; charset=utf-8"), Some("gzip"), Some(ASK_EACH_TIME)]
        );
    }

    #[test]
    fn a_page_that_has_not_changed_is_not_sent_again() {
        let first = get("/board", &[(header::ACCEPT, "text/html")]);
        assert_eq!(told(&first), [Some("text/html; charset=utf-8"), None, Some(ASK_EACH_TIME)]);
        assert_eq!(first.headers()[header::ETAG], "\"04040404040404040404040404040404\"");
        assert_eq!(get("/", &[(header::IF_NONE_MATCH, "W/\"04040404040404040404040404040404\"")]).status(), 304);
        assert_eq!(get("/", &[(header::IF_NONE_MATCH, "\"05\"")]).status(), 200);
    }

    #[test]
    fn only_navigations_become_the_page() {
        let html = [(header::ACCEPT, "text/html,*/*")];
        for (path, asked, status) in [
            ("/turns/0199/scope", &html[..], 200),
            ("/turns/0199", &[], 404),
            ("/nope.js", &html[..], 404),
            ("/sw.js.gz", &html[..], 404),
            ("/", &[], 200),
        ] {
            assert_eq!(get(path, asked).status(), status, "{path}");
        }
        assert_eq!(serve_from(folder, &Method::POST, "/", &HeaderMap::new()).status(), 405);
    }

    #[test]
    fn types_are_those_that_browsers_insist_on() {
        for (name, kind) in [
            ("a.wasm", "application/wasm"),
            ("manifest.webmanifest", "application/manifest+json"),
            ("i.svg", "image/svg+xml"),
        ] {
            assert_eq!(content_type(name), kind);
        }
    }
}

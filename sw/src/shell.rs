//! The app's own files, kept so that it opens without a signal.
//!
//! One cache per version: a version is there in full or not at all, and goes when the next one has taken over.
//!
//! **Invariant:** data never comes from here: `/api/` is not even looked at.

use crate::scope::{self, Precache, reason};
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Cache, CacheStorage, FetchEvent, Request, RequestCache, RequestInit, RequestMode, Response, Url};

const CACHE_PREFIX: &str = "turns-shell-";
/// The page: every address of the app is a view of it.
const PAGE: &str = "/";

/// Keeps every file of this version.
pub async fn install() -> Result<(), String> {
    if let Some(precache) = scope::precache() {
        keep_files(&precache).await.map_err(|error| reason("keeping the app for offline use", &error))?;
    }
    let scope = scope::global();
    // An update waits until its user asks for it; the very first worker has nobody to wait for.
    if scope.registration().active().is_none() {
        scope::skip_waiting(&scope).await.map_err(|error| reason("taking over", &error))?;
    }
    Ok(())
}

/// Removes older versions and serves the pages that are open.
pub async fn activate() -> Result<(), String> {
    if let Some(precache) = scope::precache() {
        forget_other_versions(&precache)
            .await
            .map_err(|error| reason("removing older versions", &error))?;
    }
    let claimed = JsFuture::from(scope::global().clients().claim()).await;
    claimed.map(drop).map_err(|error| reason("serving open pages", &error))
}

/// Answers from the cache where the address is the app's; leaves everything else to the browser.
pub fn answer(event: &FetchEvent, precache: &Precache) {
    let request = event.request();
    let Some(file) = file_for(&request, precache) else { return };
    let version = precache.version.clone();
    let answered = event.respond_with(&future_to_promise(async move { from_cache_or_network(&version, &file, &request).await }));
    if let Err(error) = answered {
        web_sys::console::warn_2(&"cannot answer".into(), &error);
    }
}

/// The kept file that answers a request, if one does.
fn file_for(request: &Request, precache: &Precache) -> Option<String> {
    let url = Url::new(&request.url()).ok()?;
    let path = url.pathname();
    let is_ours = request.method() == "GET" && url.origin() == scope::global().location().origin();
    let is_servers = path.starts_with("/api/") || matches!(path.as_str(), "/health" | "/ready" | "/metrics" | "/sw.js");
    if !is_ours || is_servers {
        return None;
    }
    if precache.files.contains(&path) {
        return Some(path);
    }
    (request.mode() == RequestMode::Navigate).then(|| PAGE.to_owned())
}

async fn from_cache_or_network(version: &str, file: &str, request: &Request) -> Result<JsValue, JsValue> {
    // A cache that fails is no reason to fail: the network may have the file.
    if let Ok(cache) = open_cache(version).await
        && let Ok(found) = JsFuture::from(cache.match_with_str(file)).await
        && found.is_instance_of::<Response>()
    {
        return Ok(found);
    }
    JsFuture::from(scope::global().fetch_with_request(request)).await
}

async fn keep_files(precache: &Precache) -> Result<(), JsValue> {
    let cache = open_cache(&precache.version).await?;
    let requests = Array::new();
    for file in &precache.files {
        // Past the browser's own cache, which may hold the version before.
        let fresh = RequestInit::new();
        fresh.set_cache(RequestCache::Reload);
        requests.push(&Request::new_with_str_and_init(file, &fresh)?.into());
    }
    JsFuture::from(cache.add_all_with_request_sequence(&requests)).await.map(drop)
}

async fn forget_other_versions(precache: &Precache) -> Result<(), JsValue> {
    let caches = scope::global().caches()?;
    let names: Array = JsFuture::from(caches.keys()).await?.unchecked_into();
    for name in names.iter().filter_map(|name| name.as_string()) {
        if name.starts_with(CACHE_PREFIX) && name != cache_name(&precache.version) {
            JsFuture::from(caches.delete(&name)).await?;
        }
    }
    Ok(())
}

async fn open_cache(version: &str) -> Result<Cache, JsValue> {
    let caches: CacheStorage = scope::global().caches()?;
    Ok(JsFuture::from(caches.open(&cache_name(version))).await?.unchecked_into())
}

fn cache_name(version: &str) -> String {
    format!("{CACHE_PREFIX}{version}")
}

//! Tells Cargo when the built site has changed.
//!
//! A release binary carries `dist/` inside it; a debug binary reads it from disk as it is, and must not be
//! rebuilt for it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed=../dist");
    }
}

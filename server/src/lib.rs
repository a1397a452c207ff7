//! Turns' server: sign-in, the write path, shapes, and the app itself, in one program.
//!
//! The rules are `domain`'s and what travels is `protocol`'s; here they meet a database, a network and a clock.
//!
//! **Invariant:** the session decides everything: which rows a shape holds, which writes may be, whose they are.
//! A request says what it wants, never who it is.

pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod import;
pub mod logging;
pub mod openapi;
pub mod serve;

mod admin;
mod app;
mod audit;
mod auth;
pub mod db;
mod handover;
mod health;
mod ids;
mod limits;
mod metrics;
mod problem;
mod reports;
mod router;
pub mod shapes;
mod stages;
mod uploads;
mod web;
mod write;

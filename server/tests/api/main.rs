//! The server from outside: a real server on a free port, a database file of its own, and HTTP.
//!
//! One program for all modules, so that it links once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stood")]

mod account;
mod admin;
mod approvals;
mod audit;
mod auth;
mod authorization;
mod batch;
mod commands;
mod concurrency;
mod database;
mod doorbell;
mod durability;
mod electric;
mod electric_connections;
mod electric_database;
mod electric_faults;
mod electric_recorded;
mod electric_where;
mod exports;
mod handover;
mod history;
mod http;
mod import;
mod killed;
mod limits;
mod logs;
mod many_servers;
mod metrics;
mod natural_keys;
mod openapi;
mod openapi_form;
mod oracle;
mod postgres;
mod quarantine;
mod recordings;
mod replay;
mod reports;
mod reports_law;
mod shapes;
mod shapes_sight;
mod shapes_stream;
mod shapes_subset;
mod shapes_upstream;
mod shapes_where;
mod support;
mod uploads;
mod uploads_read;
mod uploads_resumable;
mod write;

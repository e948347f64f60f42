//! Kalends through its public ways in: the command line, the shipped files, the schemas of both databases.
#![expect(clippy::tests_outside_test_module, reason = "this whole crate is tests")]

mod api;
mod api_roles;
mod backtest;
mod bad_files;
mod cases;
mod cli;
mod connecting;
mod daemons;
mod editors;
mod faults;
mod histories;
mod language;
mod messages;
mod pages;
mod promises;
mod reloads;
mod review;
mod rooms;
mod schemas;
mod several;
mod supply;
mod support;
mod traps;

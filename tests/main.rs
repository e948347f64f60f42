//! Kalends through its public ways in: the command line, the shipped files, the schemas of both databases.
#![expect(clippy::tests_outside_test_module, reason = "this whole crate is tests")]

mod api;
mod api_roles;
mod backtest;
mod bad_files;
mod bad_rules;
mod breakages;
mod cases;
mod cli;
mod codes;
mod connecting;
mod daemons;
mod editors;
mod explain;
mod faults;
mod histories;
mod language;
mod learning;
mod lint;
mod messages;
mod overlaps;
mod page_feeds;
mod page_roles;
mod page_rules;
mod pages;
mod plans;
mod promises;
mod reload;
mod reloads;
mod review;
mod rooms;
mod schemas;
mod several;
mod supply;
mod support;
mod traps;

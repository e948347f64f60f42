//! Google and Microsoft on loopback: their authorization servers and their calendars, with state, traps and scripted faults.
//!
//! Faithful to what the two publish, so that any client of theirs can use them with another base address. They know nothing of Kalends.

#![expect(missing_docs, reason = "variants and fields are the vendors' own words, and say what they are")]
#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::match_bool,
    clippy::needless_for_each,
    clippy::result_large_err,
    clippy::single_match_else,
    clippy::struct_excessive_bools,
    reason = "servers for tests: what reads shortest, whatever it allocates; a policy is a set of switches"
)]

mod browser;
mod calendar;
mod control;
mod faults;
mod google;
mod graph;
mod handling;
mod oauth;
mod server;
mod state;

pub use browser::browse;
pub use control::Control;
pub use faults::{Fault, Kind, On};
pub use server::{Fake, Vendor};
pub use state::{Consent, Policy, Request, Role, Rotation};

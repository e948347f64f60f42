//! Google and Microsoft on loopback: their authorization servers and their calendars, with state, traps and scripted faults.
//!
//! Faithful to what the two publish, so that any client of theirs can use them with another base address. They know nothing of Kalends.

#![expect(missing_docs, reason = "variants and fields are the vendors' own words, and say what they are")]

mod calendar;
mod control;
mod faults;
mod google;
mod graph;
mod oauth;
mod server;
mod state;

pub use control::Control;
pub use faults::{Fault, Kind, On};
pub use server::{Fake, Vendor};
pub use state::{Consent, Policy, Request, Rotation};

//! Grants: connecting an account, keeping its tokens fresh, taking it back. The one place where OAuth meets the book.
//!
//! Tokens are sealed before they reach the store ([`keys`]) and are refreshed by one at a time, across tasks and daemons ([`refresh`]).

pub(crate) mod connect;
pub(crate) mod identify;
pub(crate) mod keys;
mod questions;
pub(crate) mod refresh;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use wire::OAuth;

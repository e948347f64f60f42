//! One pass over one calendar: read it, compare it with the book, commit what changed.
//!
//! Never waits for rules: it marks the days that may change, and settling does the rest.

mod covered;
pub(crate) mod folders;
mod guard;
pub(crate) mod leaving;
pub(crate) mod origin;
pub(crate) mod pass;
pub(crate) mod questions;
mod reconcile;
mod rekeying;
pub(crate) mod silence;
mod taking;

#[cfg(test)]
mod tests;

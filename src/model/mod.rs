//! The nouns every room speaks: events, people, the catalog, verdicts, entries, exceptions, decisions.
//!
//! Values only: no I/O, no clock, no SQL, and nothing imported from another room.

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod connection;
pub(crate) mod day;
pub(crate) mod decision;
pub(crate) mod entry;
pub(crate) mod event;
pub(crate) mod exception;
pub(crate) mod ids;
pub(crate) mod policy;
pub(crate) mod principal;
pub(crate) mod reload;
pub(crate) mod residual;
pub(crate) mod staff;
pub(crate) mod verdict;
pub(crate) mod words;

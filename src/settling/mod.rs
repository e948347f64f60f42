//! One pass over the due days of a person: load, judge, draft, write the difference.

pub(crate) mod activation;
pub(crate) mod backtest;
pub(crate) mod behaviour;
pub(crate) mod difference;
mod hits;
pub(crate) mod inspection;
mod pages;
pub(crate) mod pass;
pub(crate) mod rehearsal;
pub(crate) mod reload;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod pass_tests;
#[cfg(test)]
mod tests;

pub(crate) use pages::{Wanted, pinned, subjects};
pub(crate) use pass::{Basis, Settled, Verdicts, rederive, scene, settle_due, verdicts};

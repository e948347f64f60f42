//! One pass over the due days of a person: load, judge, draft, write the difference.

pub(crate) mod activation;
pub(crate) mod backtest;
pub(crate) mod behaviour;
mod derive;
pub(crate) mod difference;
mod hits;
pub(crate) mod inspection;
mod pages;
pub(crate) mod pass;
pub(crate) mod rehearsal;
pub(crate) mod reload;
pub(crate) mod rule_tests;
mod totals;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod pass_tests;
#[cfg(test)]
mod tests;

pub(crate) use derive::{Basis, Verdicts, scene, verdicts};
pub(crate) use pages::{Wanted, pinned, subjects};
pub(crate) use pass::{Settled, concerns, rederive, settle_due};

pub(crate) use crate::drafting::{assigned, values};

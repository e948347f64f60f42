//! One pass over the due days of a person: load, judge, draft, write the difference.

pub(crate) mod activation;
pub(crate) mod difference;
mod pages;
pub(crate) mod pass;

#[cfg(test)]
mod tests;

pub(crate) use pages::pinned;
pub(crate) use pass::{Basis, Settled, rederive, settle_due};

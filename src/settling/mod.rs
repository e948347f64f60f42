//! One pass over the due days of a person: load, judge, draft, write the difference.

pub(crate) mod difference;

#[cfg(test)]
mod tests;

//! Rounded seconds beside exact ones (SEMANTICS S17).

use std::collections::BTreeMap;

use super::{Page, Piece};
use crate::model::policy::{RoundPer, Rounding};

/// Gives every entry its rounded seconds. Settled entries keep theirs.
pub(super) fn round(page: &Page<'_>, pieces: &mut [Piece<'_>]) {
    let rounding = page.policy.rounding;
    match rounding.per {
        RoundPer::Entry => open(pieces).for_each(|piece| piece.body.rounded_seconds = rounding.of(piece.body.seconds)),
        RoundPer::Day => groups(page, pieces).into_values().for_each(|group| share(rounding, group)),
    }
}

fn open<'p, 'a>(pieces: &'p mut [Piece<'a>]) -> impl Iterator<Item = &'p mut Piece<'a>> {
    pieces.iter_mut().filter(|piece| piece.settled.is_none())
}

type Group = (Option<String>, Option<bool>);

fn groups<'p, 'a>(page: &Page<'_>, pieces: &'p mut [Piece<'a>]) -> BTreeMap<Group, Vec<&'p mut Piece<'a>>> {
    let mut groups: BTreeMap<Group, Vec<_>> = BTreeMap::new();
    for piece in pieces.iter_mut().filter(|piece| piece.is_here(page)) {
        groups.entry((piece.body.project.clone(), piece.body.billable)).or_default().push(piece);
    }
    groups
}

/// The rounded total less what settled entries carry goes to the open ones. Those that are held do not count yet (S4): they get what the
/// total grows by with them.
fn share(rounding: Rounding, group: Vec<&mut Piece<'_>>) {
    let exact = |pieces: &[&mut Piece<'_>]| pieces.iter().map(|piece| piece.body.seconds).sum::<i64>();
    let (settled, open): (Vec<_>, Vec<_>) = group.into_iter().partition(|piece| piece.settled.is_some());
    let (held, free): (Vec<_>, Vec<_>) = open.into_iter().partition(|piece| piece.body.held);
    let carried: i64 = settled.iter().filter_map(|piece| piece.settled).map(|entry| entry.body.rounded_seconds).sum();
    let counting = exact(&settled) + exact(&free);
    let total = rounding.of(counting + exact(&held));
    let given = give((rounding.of(counting) - carried).max(0), free);
    give((total - carried - given).max(0), held);
}

/// Shares seconds out by largest remainder, ties by start, then key. Says how many found a taker.
fn give(seconds: i64, mut to: Vec<&mut Piece<'_>>) -> i64 {
    let sum: i64 = to.iter().map(|piece| piece.body.seconds).sum();
    if sum == 0 {
        return 0;
    }
    to.sort_by_key(|piece| (-(piece.body.seconds * seconds).rem_euclid(sum), piece.body.start, piece.key));
    let floors: i64 = to.iter().map(|piece| piece.body.seconds * seconds / sum).sum();
    let mut left = seconds - floors;
    for piece in to {
        piece.body.rounded_seconds = piece.body.seconds * seconds / sum + i64::from(left > 0);
        left -= 1;
    }
    seconds
}

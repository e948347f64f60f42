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

/// The rounded total less what settled entries carry goes to the open ones by largest remainder; ties by start, then key.
fn share(rounding: Rounding, group: Vec<&mut Piece<'_>>) {
    let exact: i64 = group.iter().map(|piece| piece.body.seconds).sum();
    let carried: i64 = group.iter().filter_map(|piece| piece.settled).map(|entry| entry.body.rounded_seconds).sum();
    let mut open: Vec<_> = group.into_iter().filter(|piece| piece.settled.is_none()).collect();
    let sum: i64 = open.iter().map(|piece| piece.body.seconds).sum();
    let give = (rounding.of(exact) - carried).max(0);
    if sum == 0 {
        return;
    }
    open.sort_by_key(|piece| (-(piece.body.seconds * give).rem_euclid(sum), piece.body.start, piece.key));
    let floors: i64 = open.iter().map(|piece| piece.body.seconds * give / sum).sum();
    let mut left = give - floors;
    for piece in open {
        piece.body.rounded_seconds = piece.body.seconds * give / sum + i64::from(left > 0);
        left -= 1;
    }
}

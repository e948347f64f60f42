//! Merged entries go into the one that takes them in, which then covers all of it (SEMANTICS S12).

use super::{Piece, checks::Finding};
use crate::model::entry::{Body, EntryKey};

/// Joins what was merged, in whatever state the entry is that takes it in: what was submitted or approved with it carries it already
/// (S9). Where that one is not on this page, a piece stays by itself; so does one that was submitted by itself.
pub(super) fn join(pieces: &mut Vec<Piece<'_>>) {
    let takers: Vec<EntryKey> = (0..pieces.len()).map(|index| taker(pieces, index)).collect();
    let (taken, mut kept): (Vec<_>, Vec<_>) =
        std::mem::take(pieces).into_iter().zip(takers).partition(|(piece, taker)| piece.key != *taker);
    for (piece, taker) in taken {
        if let Some((target, _)) = kept.iter_mut().find(|(_, key)| *key == taker) {
            target.taken.push(piece);
        }
    }
    pieces.extend(kept.into_iter().map(|(piece, _)| piece));
    pieces.iter_mut().filter(|piece| !piece.taken.is_empty()).for_each(Piece::cover);
}

/// The entry that takes this one in, which may go on through another; itself, where none does or the way goes round in a circle.
fn taker(pieces: &[Piece<'_>], index: usize) -> EntryKey {
    let next = |at: usize| {
        let into = pieces[at].into.filter(|_| pieces[at].settled.is_none())?;
        pieces.iter().position(|other| other.key.meeting == into)
    };
    let way = std::iter::successors(Some(index), |at| next(*at));
    let last = way.take(pieces.len() + 1).enumerate().last();
    last.filter(|(steps, _)| *steps < pieces.len()).map_or(pieces[index].key, |(_, at)| pieces[at].key)
}

impl Piece<'_> {
    /// Covers what it took in: from the first start to the last end, and time that several cover counts once. What that is follows from
    /// this one; where it is does not, so that is asked about each.
    fn cover(&mut self) {
        let mut spans: Vec<_> = self.taken.iter().map(|part| (part.body.start, part.body.end)).collect();
        spans.push((self.body.start, self.body.end));
        spans.sort_unstable();
        let (mut until, mut seconds) = (spans[0].0, 0);
        for (start, end) in &spans {
            seconds += (*end - until.max(*start)).num_seconds().max(0);
            until = until.max(*end);
        }
        self.body = Body { start: spans[0].0, end: until, seconds, rounded_seconds: seconds, ..self.body.clone() };
        self.taken.iter_mut().for_each(|part| part.findings.retain(Finding::is_of_whereabouts));
    }
}

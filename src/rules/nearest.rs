//! Which code was probably meant by one that names no project.

use crate::model::catalog::Catalog;

/// So many slips still mean the same code.
const SLIPS: usize = 2;

/// Codes of projects, in upper case and as they are, each with the letters that it is made of.
#[derive(Debug)]
pub(super) struct Nearest(Vec<(u64, String, String)>);

impl Nearest {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let code = |code: &String| (letters(&code.to_uppercase()), code.to_uppercase(), code.clone());
        Self(catalog.projects().map(|(_, project)| code(&project.code)).collect())
    }

    /// The code with the fewest slips, at most two; of several the first in order.
    pub(super) fn to(&self, code: &str) -> Option<String> {
        let code = code.to_uppercase();
        let (own, length) = (letters(&code), code.chars().count());
        // Each slip changes the length by one at most, and which letters there are by two: comparing in full is dear, and rarely needed.
        let may = |(letters, known): (u64, &str)| {
            (letters ^ own).count_ones() as usize <= 2 * SLIPS && known.chars().count().abs_diff(length) <= SLIPS
        };
        let near = self.0.iter().filter(|(letters, upper, _)| may((*letters, upper)));
        let near = near.map(|(_, upper, known)| (strsim::damerau_levenshtein(upper, &code), known));
        near.filter(|(slips, _)| *slips <= SLIPS).min().map(|(_, known)| known.clone())
    }
}

/// Which letters there are, a bit for each; unlike ones may share a bit.
fn letters(text: &str) -> u64 {
    text.chars().fold(0, |letters, char| letters | 1 << (u32::from(char) % 64))
}

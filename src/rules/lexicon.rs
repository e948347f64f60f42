//! Every word, name and code that rules look for, found in one pass over a text. What they are for is not known here.

use daachorse::DoubleArrayAhoCorasick;
use rustc_hash::FxHashMap;

use super::{
    boundaries::is_boundary,
    fold::{Folded, folded},
    plain::Plain,
};

/// Number of a word.
pub(super) type WordId = u32;

/// All words, each once.
#[derive(Default)]
pub(super) struct Lexicon {
    ids: FxHashMap<String, WordId>,
    /// By number.
    words: Vec<Word>,
    /// None as long as there are no words.
    automaton: Option<DoubleArrayAhoCorasick<WordId>>,
}

/// Which ends of a word are letters, and so must not touch others.
struct Word {
    #[cfg(test)]
    text: String,
    bounded: (bool, bool),
}

/// A word at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) word: WordId,
    /// Bytes of the text as it was.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Not part of a longer word.
    pub(super) whole: bool,
}

impl Lexicon {
    /// The number of a word; a new one is found only after [`Self::seal`].
    pub(super) fn add(&mut self, word: &str) -> WordId {
        let word = folded(word);
        let next = WordId::try_from(self.words.len()).unwrap_or(WordId::MAX);
        if let Some(known) = self.ids.get(&word) {
            return *known;
        }
        self.words.push(Word {
            #[cfg(test)]
            text: word.clone(),
            bounded: edges(&word),
        });
        self.ids.insert(word, next);
        next
    }

    #[cfg(test)]
    pub(super) fn word(&self, id: WordId) -> &str {
        &self.words[id as usize].text
    }

    /// Makes everything that was added so far to be found.
    pub(super) fn seal(&mut self) {
        let words: Vec<_> = self.ids.iter().filter(|(word, _)| !word.is_empty()).map(|(word, id)| (word.as_str(), *id)).collect();
        self.automaton = (!words.is_empty())
            .then(|| DoubleArrayAhoCorasick::with_values(words).expect("words differ, and files are too small for 2^24 of them"));
    }

    /// All words in a text, those that overlap too.
    pub(super) fn scan(&self, plain: &Plain<'_>) -> Vec<Found> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let folded = Folded::new(&plain.text);
        let found = automaton.find_overlapping_iter(&folded.text).map(|hit| {
            let (left, right) = self.words[hit.value() as usize].bounded;
            let whole = (!left || is_boundary(&folded.text, hit.start())) && (!right || is_boundary(&folded.text, hit.end()));
            let (start, end) = plain.span((folded.origin(hit.start()), folded.origin(hit.end())));
            Found { word: hit.value(), start, end, whole }
        });
        found.collect()
    }
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} words", self.words.len())
    }
}

/// Whether the ends of a word are letters, digits or underscores: `C++` ends where it likes, and begins at a boundary.
pub(super) fn edges(word: &str) -> (bool, bool) {
    let is_letter = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    (is_letter(word.chars().next()), is_letter(word.chars().next_back()))
}

//! The permanent names of findings: Y for YAML, K for `kalends.yaml`, R for rule files. Each has a section in `rules/REFERENCE.md`. A code
//! that is no longer raised is never given to something else.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Worth knowing.
    Note,
    /// It may be meant, but seldom is.
    Warning,
    /// It cannot be meant: the files are not taken.
    Error,
}

impl Level {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Declares the codes, each with its level and its name in a few words.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $level:ident, $title:literal;)+) => {
        /// What kind of finding it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)+];

            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// How bad it usually is.
            pub(crate) const fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)+ }
            }

            /// The heading of its section in the reference.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    Syntax = "Y001", Error, "Not YAML";
    TooLarge = "Y002", Error, "A file that is too large";
    NestedTooDeep = "Y003", Error, "Nested too deep";
    Alias = "Y004", Error, "An anchor or alias";
    SecondDocument = "Y005", Error, "A second document";
    DuplicateKey = "Y006", Error, "A key that stands twice";
    NoValue = "Y007", Error, "A key without a value";
    UnknownKey = "Y008", Error, "An unknown key";
    MissingKey = "Y009", Error, "A missing key";
    WrongType = "Y010", Error, "A value of another kind";
    UnknownWord = "Y011", Error, "An unknown word";

    Setting = "K001", Error, "A setting that cannot be";
    Book = "K002", Error, "The book is not named";

    Twice = "R001", Error, "Named twice";
    WrongValue = "R002", Error, "A value that says nothing";
    Shadowed = "R003", Error, "A rule that can never count";
    Overlap = "R004", Warning, "Two rules that disagree";
    Dead = "R005", Warning, "A rule that gives nothing";
    Contradiction = "R006", Error, "Conditions that exclude each other";
    NeverMatches = "R007", Error, "A pattern that matches nothing";
    MatchesAll = "R008", Warning, "A pattern that matches everything";
    NoLiteral = "R009", Note, "A pattern without a word to look for";
    Capture = "R010", Error, "A gap that nothing fills";
    ReadBeforeSet = "R011", Error, "A field that is asked for too early";
    Unknown = "R012", Error, "A name that is not there";
    Closed = "R013", Warning, "Something that has ended";
    WeakName = "R014", Warning, "A name that is too common";
    NobodysDomain = "R015", Error, "A domain that is no client's";
    Billable = "R016", Warning, "A billable flag against the catalog";
    Split = "R017", Error, "Shares that make no whole";
    Over = "R018", Warning, "An `over` that goes over nothing";
    BehindEnd = "R019", Error, "Rules behind an end";
    ClockTrap = "R020", Warning, "A time of day that surprises";
    Trap = "R021", Warning, "A trap of YAML";
    Untested = "R022", Note, "A rule without a test";
    Unused = "R023", Note, "Something that nothing uses";
    HidesHours = "R024", Warning, "A guard that hides billable hours";
    Pattern = "R025", Error, "Not a regular expression";
    Header = "R026", Error, "A header that cannot stand here";
    NoEffect = "R027", Error, "Something without effect";
    Reason = "R028", Error, "A reason that cannot be raised";
    ReusedKey = "R029", Error, "A key that is used again";
    Allow = "R030", Error, "A suppression that suppresses nothing";
}

impl Code {
    /// Its section of the reference, without the heading.
    pub(crate) fn help(self) -> &'static str {
        let reference = include_str!("../../rules/REFERENCE.md");
        let heading = format!("\n### {self} ");
        let section = reference.split_once(&heading).map_or("", |(_, rest)| rest);
        let section = section.split("\n### ").next().unwrap_or_default().split("\n## ").next().unwrap_or_default();
        section.split_once('\n').map_or("", |(_, body)| body.trim())
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

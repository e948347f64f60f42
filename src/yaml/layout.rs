//! Files laid out evenly: indents, spaces, quotes and the breaking of long lines. What they say stays, comments too.

use std::collections::HashMap;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use serde_yaml::Value;

use super::{
    diagnostic::{Diagnostic, Source},
    gate,
};

const COLUMNS_MAX: usize = 180;

/// The file as it ought to look; none if it would say something else then.
///
/// # Errors
/// What stands in the way of reading it.
pub(crate) fn laid_out(source: &Source) -> Result<Option<String>, Vec<Diagnostic>> {
    let (_, findings) = gate::pass(source);
    if !findings.is_empty() {
        return Err(findings);
    }
    let text = pretty_yaml::format_text(&source.text, &options()).unwrap_or_default();
    let text = with_gaps(&source.text, &text);
    Ok(says_the_same(&source.text, &text).then_some(text))
}

fn options() -> FormatOptions {
    let language = LanguageOptions { brace_spacing: false, trailing_comma: false, ..LanguageOptions::default() };
    FormatOptions { layout: LayoutOptions { print_width: COLUMNS_MAX, ..LayoutOptions::default() }, language }
}

/// Whether layout leaves a character where it is.
fn is_kept(char: char) -> bool {
    !char.is_whitespace() && !"\"',".contains(char)
}

/// With as much room before comments as they had: people line them up.
fn with_gaps(before: &str, after: &str) -> String {
    // Each `#` behind spaces, by how many characters that are kept stand before it.
    let mut gaps: HashMap<usize, usize> = HashMap::new();
    let (mut kept, mut spaces) = (0, 0);
    for char in before.chars() {
        if char == '#' && spaces > 1 {
            gaps.insert(kept, spaces);
        }
        spaces = if char == ' ' { spaces + 1 } else { 0 };
        kept += usize::from(is_kept(char));
    }
    let (mut text, mut kept) = (String::with_capacity(before.len()), 0);
    for char in after.chars() {
        let is_behind = text.ends_with(' ') && !text.trim_end_matches(' ').ends_with('\n');
        if let Some(gap) = gaps.get(&kept).filter(|_| char == '#' && is_behind) {
            text.truncate(text.trim_end_matches(' ').len());
            text.extend(std::iter::repeat_n(' ', *gap));
        }
        text.push(char);
        kept += usize::from(is_kept(char));
    }
    text
}

/// Equal values, and every character but those of layout where it was: so no comment is lost.
fn says_the_same(before: &str, after: &str) -> bool {
    let value = |text: &str| serde_yaml::from_str::<Value>(text).ok();
    let bare = |text: &str| text.chars().filter(|char| is_kept(*char)).collect::<String>();
    value(before).is_some_and(|before| Some(before) == value(after)) && bare(before) == bare(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_mended_and_nothing_else() {
        let text = "# first\nrules:\n- { id: a,   when: {title: {regex: '^\\d+ #1'}} }   # last\n\n\n\n- id:   b\n  review: 'who''s?'\n";
        let out = laid_out(&Source::new("a.yaml", text)).expect("it can be read").expect("laid out");
        assert_eq!(out, "# first\nrules:\n  - {id: a, when: {title: {regex: '^\\d+ #1'}}}   # last\n\n  - id: b\n    review: 'who''s?'\n");
        assert_eq!(laid_out(&Source::new("a.yaml", &out)).expect("it can be read").as_deref(), Some(out.as_str()));
    }

    #[test]
    fn what_would_read_otherwise_is_told_apart() {
        assert!(says_the_same("a: 'x'  # why\n", "a: \"x\" # why\n"));
        for other in ["a: x\n", "a: y # why\n", "a: x # wh\n", "b: x # why\n", "a: [x] # why\n", "a: {\n"] {
            assert!(!says_the_same("a: x # why\n", other), "{other}");
        }
    }
}

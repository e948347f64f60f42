//! YAML that Kalends writes itself: values in blocks, and text that is read back as it was, whatever stands in it.

use std::ops::Range;

use serde_yaml::Value;

/// A value in lines that begin at an indent. Lists stand further in than their key, as `rules fmt` lays them out.
pub(crate) fn block(value: &Value, indent: usize) -> String {
    format!("{}{}\n", " ".repeat(indent), lines(value, indent))
}

/// A value that stands in a file, on one line and without comments.
pub(crate) fn on_one_line(file: &str, span: Range<usize>) -> String {
    let text = file.get(span.clone()).unwrap_or_default().trim();
    if text.starts_with(['[', '{', '"', '\'']) && !text.contains(['\n', '#']) {
        return text.to_owned();
    }
    // Lines of a block begin where its first one does.
    let column = file.get(..span.start).map_or(0, |before| before[before.rfind('\n').map_or(0, |at| at + 1)..].chars().count());
    serde_yaml::from_str(&format!("{}{text}", " ".repeat(column))).map_or_else(|_| text.to_owned(), |value| inline(&value))
}

fn inline(value: &Value) -> String {
    match value {
        Value::Sequence(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Mapping(map) => {
            format!("{{{}}}", map.iter().map(|(key, value)| format!("{}: {}", inline(key), inline(value))).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if text.contains([',', '[', ']', '{', '}', '\n']) => quoted(text),
        other => scalar(other, 0),
    }
}

/// A value on one line.
pub(crate) fn flow(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            format!("{{{}}}", map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Text in double quotes, with everything escaped that another program, or an eye, could lose: control characters, the line breaks of
/// older YAML, what has no width.
pub(crate) fn quoted(text: &str) -> String {
    let escaped = |char: char| match char {
        '"' | '\\' => format!("\\{char}"),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        char if is_lost(char) => format!("\\u{:04X}", u32::from(char)),
        char => char.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

fn is_lost(char: char) -> bool {
    char.is_control() || is_invisible(char) || matches!(char, '\u{2028}' | '\u{2029}')
}

/// Whether nobody sees it: it has no width, or turns the direction of what follows.
pub(crate) fn is_invisible(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// A value, from where its first line was begun to the end of its last.
fn lines(value: &Value, indent: usize) -> String {
    let (pad, inner) = (format!("\n{}", " ".repeat(indent)), indent + 2);
    let of_key = |(key, value): (&Value, &Value)| {
        let key = scalar(key, indent);
        if is_inner(value) {
            format!("{key}:\n{}{}", " ".repeat(inner), lines(value, inner))
        } else {
            format!("{key}: {}", scalar(value, inner))
        }
    };
    match value {
        Value::Mapping(map) if !map.is_empty() => map.iter().map(of_key).collect::<Vec<_>>().join(&pad),
        Value::Sequence(items) if !items.is_empty() => {
            items.iter().map(|item| format!("- {}", lines(item, inner))).collect::<Vec<_>>().join(&pad)
        }
        other => scalar(other, indent),
    }
}

fn is_inner(value: &Value) -> bool {
    match value {
        Value::Mapping(map) => !map.is_empty(),
        Value::Sequence(items) => !items.is_empty(),
        _ => false,
    }
}

/// What stands on one line, or a block of lines below it.
fn scalar(value: &Value, indent: usize) -> String {
    let plain = serde_yaml::to_string(value).unwrap_or_default();
    let plain = plain.trim_end_matches('\n');
    let Value::String(text) = value else { return plain.to_owned() };
    let is_odd = text.chars().any(|char| is_lost(char) && char != '\n');
    let is_long = text.contains('\n');
    // Of blocks only those that need to say nothing of their indent or their end.
    let is_block =
        is_long && plain.starts_with("|-\n") && !text.starts_with(char::is_whitespace) && text.lines().all(|line| line == line.trim_end());
    // Layout takes double quotes where neither kind needs an escape.
    let is_quoted = text.trim() != text || (plain.starts_with('\'') && !text.contains(['"', '\\']));
    match () {
        () if is_quoted || is_odd || (is_long && !is_block) => quoted(text),
        () if is_long => {
            let line = |line: &str| if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(indent)) };
            format!("|-\n{}", text.lines().map(line).collect::<Vec<_>>().join("\n"))
        }
        () => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{diagnostic::Source, gate, layout::laid_out};

    #[test]
    fn a_value_is_told_on_one_line_as_it_was_written_and_without_comments() {
        let file = "when:
  title: {words: [\"deal #4\", b]}   # why
  client: acme                       # why
  any:                               # why
    - {time: {outside: \"08:00-19:00\"}}   # why
    - weekday: [sat, sun]
      title:
        words:
        - a, b
        - \"1\"
  people:
    only: ours   # why
";
        let source = Source::new("a.yaml", file);
        let (positions, _) = gate::pass(&source);
        let told = |key: &str| on_one_line(file, positions.value(&format!("when.{key}")));
        assert_eq!(told("title"), "{words: [\"deal #4\", b]}");
        assert_eq!(told("client"), "acme");
        assert_eq!(told("any"), "[{time: {outside: 08:00-19:00}}, {weekday: [sat, sun], title: {words: [\"a, b\", \"1\"]}}]");
        assert_eq!(told("people"), "{only: ours}");
    }

    #[test]
    fn every_text_is_read_back_as_it_was_and_stands_in_the_layout_of_rule_files() {
        let texts = [
            "\u{a0}x\\",
            "",
            " ",
            "a",
            " a ",
            "yes",
            "1",
            "~",
            "# no comment",
            "a: b",
            "[x]",
            "it's \"so\"",
            "back\\slash",
            "tab\there",
            "a\nb",
            "a\n\n  b\n",
            "\na",
            "a \nb",
            "a\r\nb",
            "nel\u{85}here",
            "ls\u{2028}here",
            "ps\u{2029}here",
            "nul\0here",
            "bell\u{7}",
            "del\u{7f}",
            "bom\u{feff}",
            "zero\u{200b}",
            "nbsp\u{a0}",
            "😀",
            "- a",
            "--- a",
            "? a",
            "| a",
            "%a",
            "@a",
            "`a`",
            "*a",
            "&a",
            "!a",
            "a #b",
            "a:",
            "2026-03-09T10:00",
            "0x1f",
            "null",
            "'",
            "\"",
        ];
        for one in texts {
            let value: serde_yaml::Mapping =
                [("all".into(), Value::Sequence(vec![one.into()])), ("none".into(), Value::Sequence(vec![])), ("key".into(), one.into())]
                    .into_iter()
                    .collect();
            let text = block(&Value::Mapping(value.clone()), 0);
            let source = Source::new("a.yaml", &text);
            let found: Vec<_> = gate::pass(&source).1.iter().map(|one| one.draw(&source, crate::yaml::diagnostic::Paint::Plain)).collect();
            assert!(found.is_empty(), "{}\n{text}", found.join("\n"));
            assert_eq!(serde_yaml::from_str::<Value>(&text).expect("it is YAML"), Value::Mapping(value), "{text}");
            let even = laid_out(&source).expect("it can be read").ok();
            assert_eq!(even.as_deref(), Some(text.as_str()), "{one:?}");
        }
    }
}

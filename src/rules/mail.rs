//! Mail domains and addresses as people write them in files: what is one, and which one was probably meant.

/// Whether a text is a mail domain, such as `acme.example`.
pub(super) fn is_domain(text: &str) -> bool {
    text.contains('.') && has_labels(text)
}

/// Whether a text is a single address, such as `tom@acme.example`.
pub(super) fn is_address(text: &str) -> bool {
    let is_odd = |char: char| char.is_whitespace() || "<>()[],;:*\"@".contains(char);
    text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !local.contains(is_odd) && has_labels(domain))
}

fn has_labels(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|char| char.is_alphanumeric() || "-_".contains(char));
    text.split('.').all(is_label)
}

/// How to write a domain instead of `*.acme.example`, `@acme.example` or a link.
pub(super) fn written_domain(text: &str) -> String {
    let host = text.rsplit_once("://").map_or(text, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default().trim_start_matches("*.").trim_matches('.').trim();
    format!("write it as `{}`", if is_domain(host) { host } else { "acme.example" })
}

/// How to write an address instead of `Tom <tom@acme.example>`.
pub(super) fn written_address(text: &str) -> String {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest).trim_end_matches('>').trim().trim_start_matches("mailto:");
    format!("write it as `{}`", if is_address(inner) { inner } else { "tom@acme.example" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_domain_or_address_is_told_with_the_one_in_it() {
        for domain in ["acme.example", "EU.acme-x.example", "müller.example", "xn--mller-kva.example"] {
            assert!(is_domain(domain) && is_address(&format!("tom.o'b+x@{domain}")), "{domain}");
        }
        for odd in [
            "*.a.example",
            "@a.example",
            "https://a.example",
            "https://a.example:8443/x",
            "a.example/",
            "tom@a.example",
            ".a.example",
            "a.example.",
        ] {
            assert!(!is_domain(odd));
            assert_eq!(written_domain(odd), "write it as `a.example`", "{odd}");
        }
        for odd in ["Tom <tom@a.example>", "mailto:tom@a.example", "<tom@a.example>"] {
            assert!(!is_address(odd));
            assert_eq!(written_address(odd), "write it as `tom@a.example`", "{odd}");
        }
        assert!(!is_domain("studio") && !is_address("*@a.example") && !is_address("@a.example") && !is_address("a.example"));
    }
}

//! The patterns of `LIKE` and `ILIKE`, matched in memory where no database does it.
//!
//! As in the search grammar, `%` stands for any characters, `_` for one, and nothing escapes them.

/// Whether the whole of `text` is like `pattern`, case-sensitive.
pub fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Only the last `%` is ever tried again: what an earlier one takes can be left to the later one.
    let mut last_percent = None;
    let (mut at, mut done) = (0, 0);
    while done < text.len() {
        match pattern.get(at) {
            Some('%') => {
                at += 1;
                last_percent = Some((at, done));
            }
            Some(c) if *c == '_' || *c == text[done] => (at, done) = (at + 1, done + 1),
            _ => {
                let Some((behind, taken)) = last_percent else { return false };
                last_percent = Some((behind, taken + 1));
                (at, done) = (behind, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '%')
}

/// As [`like`], without regard to case.
pub fn ilike(pattern: &str, text: &str) -> bool {
    like(&pattern.to_lowercase(), &text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("_", "", false),
            ("_", "é", true),
            ("a%c", "abbc", true),
            ("a%c", "abcd", false),
            ("%ab%ab", "xabyabab", true),
            ("%a_", "aab", true),
            ("a\\%", "a\\b", true),
            ("A%", "abc", false),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
        assert!(ilike("É%c", "éABC"));
    }

    #[test]
    fn a_pattern_of_many_percents_ends_soon() {
        assert!(!like(&"%a".repeat(1_000), &"a".repeat(900)));
        assert!(!like(&format!("{}b", "%a".repeat(500)), &"a".repeat(4_000)));
    }
}

//! The `Range` header of a request for a file.

use std::ops::Range;

/// Which bytes of a file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Span {
    Whole,
    /// A part that is not empty.
    Part(Range<u64>),
    /// None, because the part begins behind the end.
    Unsatisfiable,
}

/// What `header` asks of a file of `size` bytes. Several parts at once, other units and what is not a range are
/// answered with the whole file, as HTTP allows.
pub(super) fn requested_span(header: Option<&str>, size: u64) -> Span {
    let Some((first, last)) = header.and_then(parse) else { return Span::Whole };
    let part = match (first, last) {
        (Some(first), Some(last)) if last < first => return Span::Whole,
        (Some(first), Some(last)) => first..size.min(last.saturating_add(1)),
        (Some(first), None) => first..size,
        (None, Some(length)) => size.saturating_sub(length)..size,
        (None, None) => return Span::Whole,
    };
    if part.start < part.end { Span::Part(part) } else { Span::Unsatisfiable }
}

/// The numbers before and after the dash.
fn parse(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, part) = header.split_once('=')?;
    let (first, last) = part.trim().split_once('-')?;
    let number = |digits: &str| match digits {
        "" => Some(None),
        _ => digits
            .bytes()
            .all(|digit| digit.is_ascii_digit())
            .then(|| digits.parse().unwrap_or(u64::MAX))
            .map(Some),
    };
    let is_bytes = unit.trim().eq_ignore_ascii_case("bytes");
    is_bytes.then_some((number(first.trim())?, number(last.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_end_of_the_file() {
        for (header, span) in [
            ("bytes=0-3", Span::Part(0..4)),
            ("bytes=4-", Span::Part(4..10)),
            ("bytes=-3", Span::Part(7..10)),
            ("bytes=-30", Span::Part(0..10)),
            ("bytes=8-99", Span::Part(8..10)),
            ("bytes=0-99999999999999999999999", Span::Part(0..10)),
            ("Bytes = 1-1", Span::Part(1..2)),
            ("bytes=10-", Span::Unsatisfiable),
            ("bytes=-0", Span::Unsatisfiable),
            ("bytes=3-2", Span::Whole),
            ("bytes=0-1,3-4", Span::Whole),
            ("bytes=-", Span::Whole),
            ("bytes=a-b", Span::Whole),
            ("rows=0-3", Span::Whole),
            ("", Span::Whole),
        ] {
            assert_eq!(requested_span(Some(header), 10), span, "{header}");
        }
        assert_eq!(requested_span(None, 0), Span::Whole);
        assert_eq!(requested_span(Some("bytes=0-0"), 0), Span::Unsatisfiable);
    }
}

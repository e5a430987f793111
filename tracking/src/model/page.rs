//! How many rows a page of a search may have.

use forebay_core::invalid::Invalid;

/// Most rows on one page of experiments or runs.
pub(crate) const MAX_SIZE: i64 = 50_000;

/// Checks `max_results`.
pub(crate) fn size(max_results: i64) -> Result<i64, Invalid> {
    match max_results {
        1..=MAX_SIZE => Ok(max_results),
        ..=0 => Err(refused(max_results, "a positive integer")),
        _ => Err(refused(max_results, &format!("at most {MAX_SIZE}"))),
    }
}

fn refused(max_results: i64, bound: &str) -> Invalid {
    Invalid::message(format!(
        "Invalid value {max_results} for parameter 'max_results' supplied. It must be {bound}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_out_of_bounds_are_told_in_mlflows_words() {
        let zero = size(0).unwrap_err().to_string();
        assert_eq!(
            zero,
            "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"
        );
        let much = size(50_001).unwrap_err().to_string();
        assert_eq!(
            much,
            "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"
        );
    }
}

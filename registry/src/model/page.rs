//! How many rows a page of a search may have.

use forebay_core::invalid::Invalid;

/// Checks `max_results` against the most that this search allows.
pub(crate) fn size(max_results: i64, most: i64) -> Result<i64, Invalid> {
    if max_results < 1 {
        return Err(Invalid::message(format!(
            "Invalid value for max_results. It must be a positive integer, but got {max_results}"
        )));
    }
    if max_results > most {
        return Err(Invalid::message(format!(
            "Invalid value for request parameter max_results. It must be at most {most}, but got value \
             {max_results}"
        )));
    }
    Ok(max_results)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_out_of_bounds_are_told_in_mlflows_words() {
        assert_eq!(size(1, 1), Ok(1));
        let zero = size(0, 1).unwrap_err().to_string();
        assert_eq!(zero, "Invalid value for max_results. It must be a positive integer, but got 0");
        let much = size(1_001, 1_000).unwrap_err().to_string();
        assert_eq!(
            much,
            "Invalid value for request parameter max_results. It must be at most 1000, but got value 1001"
        );
    }
}

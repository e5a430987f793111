//! Where a page of a search ends. The row behind it is asked for too: it tells whether there is a next page.

/// Cuts `rows`, of which one more than `size` was asked for, and returns how many the next page skips.
pub fn cut<T>(rows: &mut Vec<T>, size: i64, offset: i64) -> Option<i64> {
    let len = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = rows.len() > len;
    rows.truncate(len);
    has_more.then_some(offset + size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_page_with_a_row_behind_it_has_a_next_one() {
        let mut rows = vec![1, 2, 3];
        assert_eq!(cut(&mut rows, 2, 4), Some(6));
        assert_eq!(rows, [1, 2]);
        assert_eq!(cut(&mut rows, 2, 6), None);
    }
}

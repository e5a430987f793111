//! Where an element stands, in words.

/// The indices of an element, such as `[2, 0]`; the first is its row. The shape holds as many.
pub(super) fn place(shape: &[usize], position: usize) -> String {
    let mut left = position;
    let mut indices: Vec<usize> = shape
        .iter()
        .rev()
        .map(|length| {
            let length = (*length).max(1);
            let index = left % length;
            left /= length;
            index
        })
        .collect();
    indices.reverse();
    format!("{indices:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_found_by_its_indices() {
        assert_eq!(place(&[2, 3], 4), "[1, 1]");
        assert_eq!(place(&[5], 4), "[4]");
        assert_eq!(place(&[], 0), "[]");
        assert_eq!(place(&[0, 2], 1), "[0, 1]");
    }
}

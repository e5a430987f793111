//! A shape as callers send it.

/// The lengths of a tensor's dimensions and how many elements that makes.
///
/// # Errors
/// When a length is negative, or there are more elements than can be counted.
pub(super) fn shape(lengths: &[i64]) -> Result<(Vec<usize>, usize), String> {
    const MOST_DIMENSIONS: usize = 16;
    if lengths.len() > MOST_DIMENSIONS {
        return Err(format!("shape has {} dimensions, where {MOST_DIMENSIONS} are the most", lengths.len()));
    }
    let shape: Option<Vec<usize>> = lengths.iter().map(|length| usize::try_from(*length).ok()).collect();
    let shape = shape.ok_or_else(|| format!("shape {lengths:?} has a length below 0"))?;
    let n_elements = shape.iter().try_fold(1_usize, |n, length| n.checked_mul(*length));
    let n_elements =
        n_elements.ok_or_else(|| format!("shape {lengths:?} is of more elements than can be counted"))?;
    Ok((shape, n_elements))
}

//! The name that somebody probably meant: the one that the fewest slips of a finger part from what was written.

/// The nearest of `names`, if it is near enough to be meant: at most one slip for every three characters, and one more.
/// A slip is a character too many, too few or wrong, or two that changed places; capitals are no slip.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.to_lowercase().chars().collect();
    let most = written.len() / 3 + 1;
    let slips = |name: &str| slips(&written, &name.to_lowercase().chars().collect::<Vec<_>>());
    let near = names.into_iter().filter(|name| name.len() <= MAX_BYTES).map(|name| (slips(name), name));
    near.filter(|(slips, name)| *slips <= most && *slips < name.chars().count())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

/// `; did you mean 'temp'?` where a name is near, nothing otherwise.
pub fn did_you_mean<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(written, names).map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}

/// Nobody misspells a name that is longer.
const MAX_BYTES: usize = 300;

/// How many slips lead from one text to the other, where no character is touched twice.
fn slips(one: &[char], other: &[char]) -> usize {
    if one.len() > MAX_BYTES {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (above[j + 1] + 1).min(row[j] + 1).min(above[j] + usize::from(a != b));
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_with_the_fewest_slips_is_meant() {
        let names = ["temp", "humidity", "wind_speed", "time"];
        for (written, meant) in
            [("tmp", "temp"), ("tepm", "temp"), ("Humidty", "humidity"), ("windspeed", "wind_speed")]
        {
            assert_eq!(nearest(written, names), Some(meant), "{written}");
        }
        assert_eq!(did_you_mean("tmp", names), "; did you mean 'temp'?");
    }

    #[test]
    fn nothing_is_meant_where_nothing_is_near() {
        for written in ["", "x", "pressure", "visibility"] {
            assert_eq!(nearest(written, ["temp", "wind", "y", ""]), None, "{written}");
        }
        assert_eq!(did_you_mean("pressure", ["temp"]), "");
        assert_eq!(nearest(&"a".repeat(10_000), ["aaaa"]), None);
    }
}

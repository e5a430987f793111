//! Columns for people. What a server says is shown without the characters that move a terminal's cursor.

use std::fmt;

use unicode_width::UnicodeWidthStr as _;

const GAP: &str = "  ";

/// A header and rows.
pub(crate) struct Table(Vec<Vec<Cell>>);

/// The lines of a cell; usually one.
#[derive(Default)]
pub(crate) struct Cell(Vec<String>);

impl Table {
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        Table(vec![header.map(Cell::from).into()])
    }

    /// Names and what they stand for, without a header.
    pub(crate) fn of_pairs<const N: usize>(pairs: [(&str, Cell); N]) -> Self {
        Table(pairs.into_iter().map(|(name, value)| vec![Cell::from(name), value]).collect())
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.push(cells);
    }

    /// As many columns as there are.
    pub(crate) fn with_header(header: impl IntoIterator<Item = Cell>) -> Self {
        Table(vec![header.into_iter().collect()])
    }

    /// A row for such a header.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.0.push(cells.into_iter().collect());
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell(vec![plain(text)])
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::from(text.as_str())
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Cell::from(text.unwrap_or_default())
    }
}

impl From<Vec<String>> for Cell {
    fn from(lines: Vec<String>) -> Self {
        Cell(lines.iter().map(|line| plain(line)).collect())
    }
}

/// Line ends and tabs as spaces; other control characters, and those that turn the direction of writing, as `\u{…}`.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.trim_end().chars() {
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => shown.extend(character.escape_unicode()),
            _ if character.is_control() => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let n_columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let lines = self.0.iter().filter_map(|row| row.get(column)).flat_map(|cell| &cell.0);
            lines.map(|line| line.width()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..n_columns).map(width).collect();
        for row in &self.0 {
            let height = row.iter().map(|cell| cell.0.len()).max().unwrap_or_default();
            for n in 0..height.max(1) {
                let mut line = String::new();
                for (cell, width) in row.iter().zip(&widths) {
                    let text = cell.0.get(n).map_or("", String::as_str);
                    line.push_str(text);
                    line.extend(std::iter::repeat_n(' ', width - text.width()));
                    line.push_str(GAP);
                }
                writeln!(formatter, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(["NAME", "N"]);
        table.row(["模型".into(), "1".into()]);
        table.row(["ä".into(), "22".into()]);
        assert_eq!(table.to_string(), "NAME  N\n模型  1\nä     22\n");
    }

    #[test]
    fn a_cell_may_have_lines_and_an_empty_one_leaves_its_place() {
        let mut table = Table::new(["A", "B", "C"]);
        table.row([Cell::default(), vec!["x".to_owned(), "yy".to_owned()].into(), "1".into()]);
        table.row(["a".into(), Cell::default(), Cell::default()]);
        assert_eq!(table.to_string(), "A  B   C\n   x   1\n   yy\na\n");
    }

    #[test]
    fn nothing_that_a_server_says_moves_the_cursor() {
        assert_eq!(plain("a\nb\tc\u{1b}[2J\u{202e}d\n"), "a b c\\u{1b}[2J\\u{202e}d");
    }
}

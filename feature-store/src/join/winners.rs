//! Which row of a feature table each slot has, as far as rows have passed.
//!
//! A row holds for a range of the slots of its key. Where it holds until a greater one comes, it is put at the first of its
//! slots, and at the end each slot takes the greatest up to itself. Where it holds between two times, it is put at the few nodes
//! of a tree over the key's slots that together are its range, and at the end each slot takes the greatest above itself.

use std::ops::Range;

use super::spine::Spine;

/// Where a row is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) batch: u32,
    pub(crate) row: u32,
}

/// A row, as rows are compared: the greatest `(event, created, order)` wins. No two rows have the same order, which is that of
/// the table, so what wins does not depend on who reads what first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Winner {
    pub(crate) event: i64,
    /// The least number where it is not known.
    pub(crate) created: i64,
    /// From 1; 0 is no row.
    pub(crate) order: u64,
    pub(crate) place: Place,
}

/// How long rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Until a greater one comes.
    Onward,
    /// For a range of slots.
    Ranges,
}

/// What cells there are: one per slot, or two for each slot of a group, which are the nodes of its tree.
pub(crate) struct Winners {
    shape: Shape,
    cells: Vec<Winner>,
}

impl Winner {
    pub(crate) const NONE: Winner =
        Winner { event: i64::MIN, created: i64::MIN, order: 0, place: Place { batch: 0, row: 0 } };

    pub(crate) fn is_some(&self) -> bool {
        self.order > 0
    }

    fn improve(&mut self, other: &Winner) -> bool {
        let is_greater = (other.event, other.created, other.order) > (self.event, self.created, self.order);
        if is_greater {
            *self = *other;
        }
        is_greater
    }
}

impl Winners {
    pub(crate) fn new(shape: Shape, n_slots: usize) -> Self {
        Winners { shape, cells: vec![Winner::NONE; n_slots * shape.cells_per_slot()] }
    }

    pub(crate) fn cells(&self) -> &[Winner] {
        &self.cells
    }

    pub(crate) fn cells_mut(&mut self) -> &mut [Winner] {
        &mut self.cells
    }

    /// Lets a row hold for some slots of a group, and notes the cells that it gets.
    pub(crate) fn put(&mut self, group: &Range<u32>, held: &Range<u32>, row: &Winner, won: &mut Vec<usize>) {
        match self.shape {
            Shape::Onward => self.improve(held.start as usize, row, won),
            Shape::Ranges => {
                let (first, n_slots) = (group.start as usize * 2, group.len());
                let mut start = (held.start - group.start) as usize + n_slots;
                let mut end = (held.end - group.start) as usize + n_slots;
                while start < end {
                    if start % 2 == 1 {
                        self.improve(first + start, row, won);
                        start += 1;
                    }
                    if end % 2 == 1 {
                        end -= 1;
                        self.improve(first + end, row, won);
                    }
                    (start, end) = (start / 2, end / 2);
                }
            }
        }
    }

    fn improve(&mut self, cell: usize, row: &Winner, won: &mut Vec<usize>) {
        if self.cells[cell].improve(row) {
            won.push(cell);
        }
    }

    /// Takes what another one has that is greater; its batches come behind `n_batches` of ours.
    pub(crate) fn merge(&mut self, other: &Winners, n_batches: u32) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells).filter(|(_, theirs)| theirs.is_some()) {
            let place = Place { batch: theirs.place.batch + n_batches, ..theirs.place };
            mine.improve(&Winner { place, ..*theirs });
        }
    }

    /// The row of each slot.
    pub(crate) fn settle(mut self, spine: &Spine) -> Vec<Winner> {
        for group in (0..).take(spine.n_groups()) {
            let slots = spine.slots(group);
            match self.shape {
                Shape::Onward => self.carry_on(&slots),
                Shape::Ranges => self.push_down(&slots),
            }
        }
        self.cells.truncate(spine.n_slots());
        self.cells.shrink_to_fit();
        self.cells
    }

    fn carry_on(&mut self, slots: &Range<u32>) {
        let cells = &mut self.cells[slots.start as usize..slots.end as usize];
        let mut greatest = Winner::NONE;
        for cell in cells {
            cell.improve(&greatest);
            greatest = *cell;
        }
    }

    /// Leaves of the tree become the cells of the slots. Those before them are done with: each tree is as long as two slots.
    fn push_down(&mut self, slots: &Range<u32>) {
        let (first, n_slots) = (slots.start as usize * 2, slots.len());
        for node in 1..n_slots {
            let above = self.cells[first + node];
            self.cells[first + node * 2].improve(&above);
            self.cells[first + node * 2 + 1].improve(&above);
        }
        self.cells.copy_within(first + n_slots..first + n_slots * 2, slots.start as usize);
    }
}

impl Shape {
    pub(crate) fn cells_per_slot(self) -> usize {
        match self {
            Shape::Onward => 1,
            Shape::Ranges => 2,
        }
    }
}

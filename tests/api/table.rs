//! Tables that people read and tests hold to: a row for each act, a column for each state, and no cell left out.

use crate::actors::Reply;

/// The cells of a table: first word of the row, further words of the row, column, what is to happen.
pub struct Table {
    pub columns: Vec<&'static str>,
    pub rows: Vec<(&'static str, Vec<&'static str>)>,
}

impl Table {
    /// Reads a table whose first line names the columns.
    pub fn read(text: &'static str) -> Self {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty()).map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        let columns = lines.next().unwrap()[1..].to_vec();
        let rows: Vec<_> = lines.map(|cells| (cells[0], cells[1..].to_vec())).collect();
        for (row, cells) in &rows {
            assert_eq!(cells.len(), columns.len(), "a cell is missing in {row}");
            assert!(cells.iter().all(|cell| !cell.is_empty()), "a cell is empty in {row}");
        }
        Self { columns, rows }
    }

    /// Fails unless there is exactly one row for each of `roles` with each of `acts`, and one column for each of `states`.
    pub fn covers(&self, roles: &[&str], acts: &[&str], states: &[&str]) {
        let expected: Vec<String> = roles.iter().flat_map(|role| acts.iter().map(move |act| format!("{role} {act}"))).collect();
        let rows: Vec<&str> = self.rows.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, expected);
        assert_eq!(self.columns, states);
    }
}

/// What came of an act, in the words of the tables.
pub fn heard(reply: &Reply) -> String {
    if (200..300).contains(&reply.status) {
        return "ok".into();
    }
    let (status, kind) = reply.problem();
    match (status, kind.as_str()) {
        (401, "no-session" | "no-credential") => "401",
        (403, "not-allowed") => "no",
        (403, "own-request") => "own",
        (403, "not-authorised") => "unfit",
        (404, "unknown") => "hidden",
        (409, "already-decided") => "decided",
        (409, "asker-suspended") => "barred",
        (409, "over") => "over",
        (409, "cannot-speak") => "late",
        _ => panic!("{reply:?}"),
    }
    .into()
}

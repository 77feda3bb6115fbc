//! What came out, as a table in Markdown.

use std::fmt;

/// Rows in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    ours: String,
    other: String,
    ratio: String,
    wanted: String,
    holds: bool,
}

impl Report {
    /// Ours and nginx's cost of the same, in `unit`; their ratio should be at most `limit`
    /// (infinite: for information).
    pub(crate) fn ratio(&mut self, what: &str, unit: &str, ours: f64, other: f64, ratio: f64, limit: f64) {
        self.add(Row {
            what: what.to_owned(),
            ours: format!("{ours:.3} {unit}"),
            other: format!("{other:.3} {unit}"),
            ratio: format!("{ratio:.2}"),
            wanted: if limit.is_finite() { format!("≤ {limit:.2}") } else { String::new() },
            holds: ratio <= limit,
        });
    }

    /// A figure of ours alone.
    pub(crate) fn figure(&mut self, what: &str, ours: String, wanted: &str, holds: bool) {
        let (what, wanted) = (what.to_owned(), wanted.to_owned());
        self.add(Row { what, ours, other: String::new(), ratio: String::new(), wanted, holds });
    }

    fn add(&mut self, row: Row) {
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// Whether everything is as it should be.
    pub(crate) fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.holds)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | Silverlane | nginx | ratio | wanted | |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, ours, other, ratio, wanted, holds } = self;
        let holds = match (wanted.as_str(), holds) {
            ("", _) => "",
            (_, true) => "holds",
            (_, false) => "**missed**",
        };
        write!(f, "| {what} | {ours} | {other} | {ratio} | {wanted} | {holds} |")
    }
}

/// The middle of `values`.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

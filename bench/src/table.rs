//! Figures as a table, each beside what it should reach.

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    note: String,
    bound: Option<Bound>,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    /// A figure that only informs.
    #[must_use]
    pub fn figure(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, note: String::new(), bound: None }
    }

    /// Adds what a reader should know of it.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// Says how much it should reach.
    #[must_use]
    pub fn at_least(self, bound: f64) -> Self {
        Self { bound: Some(Bound::AtLeast(bound)), ..self }
    }

    /// Says what it should stay within.
    #[must_use]
    pub fn at_most(self, bound: f64) -> Self {
        Self { bound: Some(Bound::AtMost(bound)), ..self }
    }

    /// Whether it reaches its bound; a figure without one always does.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.bound {
            None => true,
            Some(Bound::AtLeast(bound)) => self.value >= bound,
            Some(Bound::AtMost(bound)) => self.value <= bound,
        }
    }
}

/// The rows as a Markdown table.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| what | measured | to reach | |\n|---|---|---|---|\n");
    for row in rows {
        let bound = match row.bound {
            None => String::new(),
            Some(Bound::AtLeast(bound)) => format!(">= {bound}{}", verdict(row)),
            Some(Bound::AtMost(bound)) => format!("<= {bound}{}", verdict(row)),
        };
        text.push_str(&format!(
            "| {} | {} {} | {bound} | {} |\n",
            row.what,
            number(row.value),
            row.unit,
            row.note
        ));
    }
    text
}

fn verdict(row: &Row) -> &'static str {
    if row.holds() { "" } else { " MISSED" }
}

fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

//! The text that Prometheus reads: its exposition format, version 0.0.4.

use std::fmt::{Display, Write as _};

/// A page of metrics in the making.
#[derive(Default)]
pub(super) struct Page(String);

/// What kind of number a family holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Page {
    /// Begins a family: everything of one name stands together under its help and its type.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a text cannot fail.
        let _written = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// One number of it.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.0.push(if index == 0 { '{' } else { ',' });
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _written = write!(self.0, "{label}=\"{text}\"");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _written = writeln!(self.0, " {value}");
    }

    /// A family of one number that only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, Kind::Counter, help);
        self.sample(name, &[], value);
    }

    /// A family of one number as it is now.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, Kind::Gauge, help);
        self.sample(name, &[], value);
    }

    /// A family of numbers that only grow, each under the texts of its labels.
    pub(super) fn tally<const LABELS: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: [&str; LABELS],
        counts: impl IntoIterator<Item = ([&'static str; LABELS], u64)>,
    ) {
        self.family(name, Kind::Counter, help);
        for (texts, count) in counts {
            let labels: Vec<_> = labels.into_iter().zip(texts).collect();
            self.sample(name, &labels, count);
        }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Milliseconds as the seconds that Prometheus counts in.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_leave_its_quotes() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "Help.");
        page.sample("a_total", &[("x", "1"), ("y", "\"}\\\n")], 3);
        page.gauge("b", "Other.", 4);
        assert_eq!(
            page.into_text(),
            "# HELP a_total Help.\n# TYPE a_total counter\na_total{x=\"1\",y=\"\\\"}\\\\\\n\"} 3\n\
             # HELP b Other.\n# TYPE b gauge\nb 4\n"
        );
        assert_eq!(seconds(12_034), "12.034");
    }
}

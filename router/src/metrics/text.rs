//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write};

/// What the format is called in an answer's header.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A text that grows by one metric after the other.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// A metric whose samples are being added.
#[derive(Debug)]
pub(super) struct Metric<'a> {
    text: &'a mut String,
    name: &'static str,
}

/// A sample's labels.
pub(super) type Labels<'a> = &'a [(&'static str, &'a str)];

impl Text {
    /// Something that only grows. Its name ends in `_total`.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Metric<'_> {
        self.metric(name, "counter", help)
    }

    /// Something that is as it is just now.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Metric<'_> {
        self.metric(name, "gauge", help)
    }

    /// How often something was how large.
    pub(super) fn histogram(&mut self, name: &'static str, help: &str) -> Metric<'_> {
        self.metric(name, "histogram", help)
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn metric(&mut self, name: &'static str, kind: &str, help: &str) -> Metric<'_> {
        write(&mut self.0, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Metric { text: &mut self.0, name }
    }
}

impl Metric<'_> {
    /// Adds a sample.
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        self.line("", labels, None, value);
    }

    /// Adds the samples of one histogram: how many values there were up to each bound (in the
    /// unit of the metric) and no other, how many beyond, and their sum.
    pub(super) fn buckets(&mut self, labels: Labels<'_>, buckets: &[(f64, u64)], beyond: u64, sum: f64) {
        let mut count = 0;
        for (bound, more) in buckets {
            count += more;
            self.line("_bucket", labels, Some(&bound.to_string()), count);
        }
        count += beyond;
        self.line("_bucket", labels, Some("+Inf"), count);
        self.line("_sum", labels, None, sum);
        self.line("_count", labels, None, count);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, bound: Option<&str>, value: impl Display) {
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        let bound = bound.map(|bound| ("le", bound));
        for (index, (label, value)) in labels.iter().copied().chain(bound).enumerate() {
            self.text.push(if index == 0 { '{' } else { ',' });
            self.text.push_str(label);
            self.text.push_str("=\"");
            escape(value, self.text);
            self.text.push('"');
        }
        let close = if labels.is_empty() && bound.is_none() { "" } else { "}" };
        write(self.text, format_args!("{close} {value}\n"));
    }
}

fn escape(value: &str, text: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

fn write(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes whatever it is given");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_look_as_prometheus_reads_them() {
        let mut text = Text::default();
        text.counter("a_total", "As.").sample(&[], 1);
        let mut gauge = text.gauge("b", "Bs.");
        gauge.sample(&[("realm", "com.\"x\\\n")], 2.5);
        gauge.sample(&[("realm", "y"), ("transport", "websocket")], 0);
        text.histogram("c_seconds", "Cs.").buckets(&[("of", "z")], &[(0.5, 1), (1.0, 0)], 2, 7.25);
        let expected = r#"# HELP a_total As.
# TYPE a_total counter
a_total 1
# HELP b Bs.
# TYPE b gauge
b{realm="com.\"x\\\n"} 2.5
b{realm="y",transport="websocket"} 0
# HELP c_seconds Cs.
# TYPE c_seconds histogram
c_seconds_bucket{of="z",le="0.5"} 1
c_seconds_bucket{of="z",le="1"} 1
c_seconds_bucket{of="z",le="+Inf"} 3
c_seconds_sum{of="z"} 7.25
c_seconds_count{of="z"} 3
"#;
        assert_eq!(text.finish(), expected);
    }
}

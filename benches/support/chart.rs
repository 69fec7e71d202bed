//! Bar charts as SVG: groups of bars, one bar for each series, on a logarithmic axis.

use std::fmt::Write;

use super::report::digits;

/// What a chart shows.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) series: &'a [String],
    /// A label, and a value for each series that has one.
    pub(crate) groups: &'a [(String, Vec<Option<f64>>)],
    /// Written after each value.
    pub(crate) unit: &'a str,
    /// Where bars begin: smaller values go to the left, larger ones to the right.
    pub(crate) base: f64,
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 150.0; // labels of the groups
const RIGHT: f64 = 70.0; // room for the value behind the longest bar
const TOP: f64 = 84.0; // title and legend
const BAR: f64 = 13.0;
const GAP: f64 = 12.0;
/// Distinguishable with any colour vision; the first two are for Wayleave.
const COLOURS: [&str; 6] = ["#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#999999", "#009e73"];

impl Chart<'_> {
    /// The chart as an SVG document.
    pub(crate) fn svg(&self) -> String {
        let axis = Axis::new(self);
        let group_height = BAR * self.series.len() as f64 + GAP;
        let bottom = TOP + group_height * self.groups.len() as f64;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n",
            height = bottom + 34.0,
        );
        text(
            &mut out,
            16.0,
            26.0,
            "start",
            &format!("<tspan font-size=\"16\">{}</tspan>", self.title),
        );
        self.legend(&mut out);
        for tick in axis.ticks() {
            let x = axis.x(tick);
            let colour = if tick == self.base { "#222" } else { "#ddd" };
            let _ = writeln!(out, "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"{colour}\"/>");
            text(&mut out, x, bottom + 18.0, "middle", &format!("{tick}{}", self.unit));
        }
        for (number, (label, values)) in self.groups.iter().enumerate() {
            let y = TOP + group_height * number as f64 + GAP / 2.0;
            text(&mut out, LEFT - 12.0, y + (group_height - GAP) / 2.0 + 4.0, "end", label);
            for (series, value) in values.iter().enumerate() {
                if let Some(value) = value {
                    self.bar(&mut out, &axis, y + BAR * series as f64, COLOURS[series % 6], *value);
                }
            }
        }
        out + "</svg>\n"
    }

    fn legend(&self, out: &mut String) {
        let mut x = LEFT;
        for (series, name) in self.series.iter().enumerate() {
            let colour = COLOURS[series % 6];
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"46\" width=\"11\" height=\"11\" fill=\"{colour}\"/>"
            );
            text(out, x + 16.0, 56.0, "start", name);
            x += 34.0 + 6.5 * name.len() as f64;
        }
    }

    fn bar(&self, out: &mut String, axis: &Axis, y: f64, colour: &str, value: f64) {
        let (from, to) = (axis.x(self.base), axis.x(value));
        let (x, width) = (from.min(to), (from - to).abs().max(1.0));
        let height = BAR - 2.0;
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
        );
        let label = format!("{}{}", digits(value), self.unit);
        text(out, from.max(to) + 4.0, y + BAR - 4.0, "start", &label);
    }
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, content: &str) {
    let _ =
        writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{content}</text>");
}

/// Values to positions, logarithmically.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn new(chart: &Chart<'_>) -> Self {
        let values = chart.groups.iter().flat_map(|(_, values)| values.iter().flatten().copied());
        let (low, high) = values.fold((chart.base, chart.base * 2.0), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        Self { low, high }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (value / self.low).ln() / (self.high / self.low).ln()
    }

    /// 1, 2 and 5 times each power of ten, as far as they are in range; powers alone when these
    /// would stand too close.
    fn ticks(&self) -> Vec<f64> {
        let wide = self.high / self.low > 500.0;
        let steps: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = [1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
        powers
            .iter()
            .flat_map(|power| steps.iter().map(move |step| step * power))
            .filter(|tick| (self.low..=self.high).contains(tick))
            .collect()
    }
}

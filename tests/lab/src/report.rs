//! What was reached, as a table in Markdown and as a picture.

use std::fmt::Write as _;

use crate::Outcome;

/// A rule and what it reached on a set, on average.
pub type Row = (String, Outcome);

/// A table of `rows`.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut out = String::from(
        "| rule | kbit/s | stalled | stalls | switches | change, kbit/s | start, s | QoE_lin | QoE_log |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (name, o) in rows {
        let _ = writeln!(
            out,
            "| {name} | {:.0} | {:.2} % | {:.1} | {:.1} | {:.0} | {:.1} | {:.3} | {:.3} |",
            o.rate,
            o.stalled * 100.0,
            o.stalls,
            o.switches,
            o.change,
            o.start / 1000.0,
            o.qoe_lin,
            o.qoe_log
        );
    }
    out
}

/// A dot for each of `rows`: to the right what stalls, upward what plays. Better is up and to the left.
#[must_use]
pub fn plot(title: &str, rows: &[Row]) -> String {
    let most = |figure: fn(&Outcome) -> f64| rows.iter().map(|r| figure(&r.1)).fold(0.0, f64::max);
    let (right, top) = (most(|o| o.stalled).max(0.001) * 1.1, most(|o| o.rate) * 1.1);
    let x = |o: &Outcome| LEFT + o.stalled / right * (WIDTH - LEFT - 150.0);
    let y = |o: &Outcome| HEIGHT - BELOW - o.rate / top * (HEIGHT - BELOW - 40.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"16\">{title}</text>\n\
         <path d=\"M{LEFT} 36V{base}H{end}\" fill=\"none\" stroke=\"#888\"/>\n\
         <text x=\"{LEFT}\" y=\"{below}\" fill=\"#555\">stalled, 0 to {percent:.1} % of the time</text>\n\
         <text x=\"18\" y=\"{base}\" fill=\"#555\" transform=\"rotate(-90 18 {base})\">mean kbit/s, 0 to {top:.0}</text>\n",
        base = HEIGHT - BELOW,
        end = WIDTH - 20.0,
        below = HEIGHT - 16.0,
        percent = right * 100.0,
    );
    for (name, o) in rows {
        let colour = match name.as_str() {
            "Silverlane" => "#0a7d32",
            "optimum" => "#999",
            _ => "#3465a4",
        };
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/><text x=\"{tx:.1}\" y=\"{ty:.1}\" fill=\"{colour}\">{name}</text>",
            x = x(o),
            y = y(o),
            tx = x(o) + 9.0,
            ty = y(o) + 4.0,
        );
    }
    out.push_str("</svg>\n");
    out
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 40.0;
const BELOW: f64 = 40.0;

//! `lab`: plays the public traces, and prints what each rule reaches.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use lab::engine::{self, Append};
use lab::replay;
use lab::report::{self, Row};
use lab::sets::{self, BASELINES, Set};
use lab::{Outcome, optimum, session};

/// Bitrate decisions in virtual time.
#[derive(Parser)]
struct Arguments {
    /// Only sets whose name contains this.
    #[arg(long, default_value = "")]
    set: String,
    /// Compute the optimum too; takes minutes.
    #[arg(long)]
    optimum: bool,
    /// Write a picture of each set into this folder.
    #[arg(long)]
    plots: Option<PathBuf>,
    /// Play one trace of the set, by its number, and tell every request of our rule.
    #[arg(long)]
    trace: Option<usize>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Play a recorded session again, and tell every decision with its reason.
    Replay {
        /// What the player of `make recorder` wrote down.
        file: PathBuf,
    },
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout().lock();
    if let Some(Command::Replay { file }) = &arguments.command {
        return replay::tell(&std::fs::read(file)?, &mut out);
    }
    for set in sets::all().into_iter().filter(|set| set.name.contains(&arguments.set)) {
        if let Some(number) = arguments.trace {
            watch(&set, number, &mut out)?;
            continue;
        }
        let rows = rows(&set, arguments.optimum);
        writeln!(out, "### {} ({} traces)\n\n{}", set.name, set.family.traces().len(), report::table(&rows))?;
        if let Some(folder) = &arguments.plots {
            std::fs::create_dir_all(folder)?;
            let file = format!("{}.svg", set.name.to_lowercase().replace(' ', "-"));
            std::fs::write(folder.join(file), report::plot(&set.name, &rows))?;
        }
    }
    Ok(())
}

fn rows(set: &Set, with_optimum: bool) -> Vec<Row> {
    let traces = set.family.traces();
    let mean = |name: &str, one: &dyn Fn(&lab::Trace) -> Outcome| {
        let all: Vec<_> = traces.iter().map(one).collect();
        (name.to_owned(), Outcome::mean(&all))
    };
    let ours = |append| move |t: &_| engine::play(&set.film, t, set.capacity, append).outcome;
    let mut rows: Vec<Row> = BASELINES
        .iter()
        .map(|(name, make)| {
            mean(name, &|t| session::play(&set.film, t, set.capacity, &mut *make(&set.film, set.capacity)))
        })
        .collect();
    rows.push(mean("Silverlane", &ours(Append::Whole)));
    rows.push(mean("Silverlane, as it appends", &ours(Append::Growing)));
    if with_optimum {
        rows.push(mean("optimum", &|t| optimum::play(&set.film, t, set.capacity)));
    }
    rows
}

fn watch(set: &Set, number: usize, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let traces = set.family.traces();
    let Some(trace) = traces.get(number) else { return writeln!(out, "{} has no trace {number}", set.name) };
    let played = engine::play(&set.film, trace, set.capacity, Append::Growing);
    writeln!(out, "{}, {}: {:?}", set.name, trace.name, played.outcome)?;
    for d in &played.decisions {
        let rate = set.film.rates[d.level];
        writeln!(out, "{:8.2} s  segment {:3}  {rate:6.0} kbit/s", d.at / 1000.0, d.segment)?;
    }
    Ok(())
}

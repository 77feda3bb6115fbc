//! `bitrates`: players in Chromium behind a network that does as a trace says, beside the laboratory.
//!
//! Players that we did not write come from where `make test` puts them; build the player first (`make dist`).

use std::time::Duration;

use clap::Parser;
use harness::browser::Browser;
use harness::encoder::{Level, Recipe};
use harness::files::{Files, Site};
use harness::shaper::Shaper;
use harness::splitter::Presentation;
use harness::{judges, origin, pages, viewing};
use lab::engine::{self, Append};
use lab::trace::{BELGIUM_4G, FCC_HD, FCC_SD, HSDPA_3G, SYNTHETIC};
use lab::{Outcome, Trace, report};

/// Plays traces in Chromium with several players, and prints a table for each family.
#[derive(Parser)]
struct Arguments {
    /// Only families whose name contains this.
    #[arg(long, default_value = "")]
    family: String,
    /// The trace of each family, by its number.
    #[arg(long, default_value_t = 3)]
    trace: usize,
    /// Seconds of each session.
    #[arg(long, default_value_t = 80)]
    seconds: u32,
    /// Seconds that each player may buffer.
    #[arg(long, default_value_t = 12)]
    room: u32,
    /// Only players whose name contains this.
    #[arg(long, default_value = "")]
    player: String,
    /// Do not measure: print the address of our page behind the trace, for a person to open.
    #[arg(long)]
    watch: bool,
}

/// Levels of the film. Each has a height of its own, by which it is known on the screen.
const LADDER: [Level; 5] = [
    Level { size: (128, 72), bitrate: 300_000 },
    Level { size: (192, 108), bitrate: 700_000 },
    Level { size: (224, 126), bitrate: 1_500_000 },
    Level { size: (288, 162), bitrate: 3_000_000 },
    Level { size: (320, 180), bitrate: 5_000_000 },
];
/// Mean rate to which a trace is scaled, in kbit/s: the middle of the ladder.
const MEAN: f64 = 2000.0;
/// From a request to its first byte, in milliseconds.
const LATENCY: f64 = 40.0;

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let recipe = Recipe {
        levels: LADDER.to_vec(),
        seconds: Some(arguments.seconds + 20),
        constant: true,
        ..Recipe::default()
    };
    let presentation = Presentation::encode(&recipe).pictures_only();
    let film = viewing::film(&presentation);
    let heights = LADDER.map(|level| u64::from(level.size.1));
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "film");
    let goal = arguments.room - 2;
    let players = [
        ("Silverlane", pages::smooth_video_with(&manifest, &format!("buffer-goal=\"{goal}\""))),
        ("rx-player", pages::rx_player_with(&manifest, &format!("wantedBufferAhead: {goal}"))),
        ("dash.js", pages::dash_js_with(&manifest, &dash_buffer(goal, ""))),
        ("dash.js, BOLA", pages::dash_js_with(&manifest, &dash_buffer(goal, BOLA))),
    ];
    site.folder("/player/", origin::dist()).folder("/judges/", judges::players());
    for (index, (_, page)) in players.iter().enumerate() {
        site.file(format!("/{index}.html"), page.clone());
    }
    let files = Files::serve(site).await;
    for family in [HSDPA_3G, BELGIUM_4G, FCC_SD, FCC_HD].into_iter().chain(SYNTHETIC) {
        if !family.name.contains(&arguments.family) {
            continue;
        }
        let traces = family.traces();
        let trace = scaled(&traces[arguments.trace % traces.len()]);
        if arguments.watch {
            let shaper = shaper(&files).await;
            println!("{}, {}: open {}/0.html", family.name, trace.name, shaper.url());
            viewing::follow(&shaper, &trace).await;
        }
        println!("### {}, {}\n", family.name, trace.name);
        let mut rows = Vec::new();
        for (index, (name, _)) in players.iter().enumerate() {
            if name.contains(&arguments.player) {
                let shaper = shaper(&files).await;
                let browser = Browser::start().await;
                let url = format!("{}/{index}.html", shaper.url());
                let seconds = f64::from(arguments.seconds);
                let outcome = viewing::watch(&browser, &url, &shaper, &trace, &film, &heights, seconds).await;
                rows.push(((*name).to_owned(), outcome));
            }
        }
        rows.push(("the laboratory's Silverlane".to_owned(), simulated(&film, &trace, &arguments)));
        println!("{}", report::table(&rows));
    }
}

async fn shaper(files: &Files) -> Shaper {
    Shaper::start(files.address(), 1_000_000, Duration::from_secs_f64(LATENCY / 1000.0)).await
}

/// With the mean rate that the ladder needs, and one latency.
fn scaled(trace: &Trace) -> Trace {
    let mut scaled = trace.clone();
    let factor = MEAN / trace.mean();
    for period in &mut scaled.periods {
        period.rate *= factor;
        period.latency = LATENCY;
    }
    scaled
}

fn simulated(film: &lab::Film, trace: &Trace, arguments: &Arguments) -> Outcome {
    let film = film.clone().lasting(f64::from(arguments.seconds));
    engine::play(&film, trace, f64::from(arguments.room) * 1000.0, Append::Growing).outcome
}

fn dash_buffer(goal: u32, rule: &str) -> String {
    format!(
        "buffer: {{ bufferTimeDefault: {goal}, bufferTimeAtTopQuality: {goal}, bufferTimeAtTopQualityLongForm: {goal} }}, {rule}"
    )
}

const BOLA: &str = "abr: { rules: { throughputRule: { active: false }, bolaRule: { active: true } } }";

//! The player in a browser behind a network that changes, beside the laboratory's account of the same session: so far
//! as the two agree, what the laboratory says of a rule holds for viewers.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::{Level, Recipe};
use harness::files::{Files, Site};
use harness::shaper::Shaper;
use harness::splitter::Presentation;
use harness::{origin, pages, viewing};
use lab::Trace;
use lab::engine::{self, Append};

const LADDER: [Level; 4] = [
    Level { size: (128, 72), bitrate: 250_000 },
    Level { size: (192, 108), bitrate: 600_000 },
    Level { size: (256, 144), bitrate: 1_200_000 },
    Level { size: (320, 180), bitrate: 2_400_000 },
];
const LATENCY: f64 = 40.0;
/// Seconds of the film.
const SECONDS: u32 = 64;
/// Milliseconds buffered at most.
const ROOM: f64 = 12_000.0;

#[tokio::test]
async fn a_browser_and_the_laboratory_agree() {
    let recipe =
        Recipe { levels: LADDER.to_vec(), seconds: Some(SECONDS), constant: true, ..Recipe::default() };
    let presentation = Presentation::encode(&recipe).pictures_only();
    let film = viewing::film(&presentation);
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "film");
    let goal = format!("buffer-goal=\"{}\"", (ROOM - film.segment) / 1000.0);
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video_with(&manifest, &goal));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;

    // Down, up, a hole of four seconds, and a slow climb.
    let rates = [(14e3, 3500.0), (12e3, 800.0), (10e3, 2200.0), (4e3, 0.0), (8e3, 900.0), (1e6, 3000.0)];
    let trace = Trace::steps("both", LATENCY, &rates);
    let shaper = Shaper::start(files.address(), 1_000_000, Duration::from_secs_f64(LATENCY / 1000.0)).await;
    let heights = LADDER.map(|level| u64::from(level.size.1));
    let patience = 2.0 * f64::from(SECONDS);
    let seen = viewing::watch(&browser, &shaper.url(), &shaper, &trace, &film, &heights, patience).await;
    let told = engine::play(&film, &trace, ROOM, Append::Growing);
    let asked = files.log().into_iter().map(|line| line.path).filter(|path| path.contains("Fragments"));
    println!("asked for in the browser: {:#?}", asked.collect::<Vec<_>>());
    println!("in the laboratory: {:#?}", told.decisions);
    let told = told.outcome;
    println!("browser    {seen:?}\nlaboratory {told:?}");
    browser.no_console_errors().await;

    let apart = (seen.rate / told.rate - 1.0).abs();
    assert!(apart < 0.15, "mean bitrates are {:.0} % apart", apart * 100.0);
    let stalled = |outcome: lab::Outcome| outcome.stalled * f64::from(SECONDS);
    assert!(
        (stalled(seen) - stalled(told)).abs() < 1.0,
        "stalled {} s and {} s",
        stalled(seen),
        stalled(told)
    );
    assert!((seen.switches - told.switches).abs() <= 3.0, "{} and {} changes", seen.switches, told.switches);
}

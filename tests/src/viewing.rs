//! Sessions of any player, counted by what its media element shows: which level, by the height of the picture,
//! and whether it moves. The figures are those of the laboratory, so that a browser and the simulator, and our
//! player and others, can be laid beside each other.

use std::time::Duration;

use lab::outcome::{Account, Outcome};
use lab::{Film, Trace};

use crate::browser::{Browser, GUARD};
use crate::shaper::Shaper;
use crate::splitter::Presentation;

/// Milliseconds between two looks.
const LOOK: f64 = 100.0;
/// Less than this part of the time that passed is no playing.
const MOVES: f64 = 0.25;

/// The film that a presentation of pictures is: sizes as its fragments have them.
///
/// # Panics
///
/// If it has no pictures, or unequal levels.
#[must_use]
pub fn film(presentation: &Presentation) -> Film {
    let video = presentation.streams.iter().find(|stream| stream.kind == "video").unwrap();
    let first = &video.levels[0].fragments[0];
    Film {
        segment: first.duration as f64 * 1000.0 / presentation.timescale as f64,
        rates: video.levels.iter().map(|level| f64::from(level.bitrate) / 1000.0).collect(),
        sizes: (0..video.levels[0].fragments.len())
            .map(|n| video.levels.iter().map(|level| level.fragments[n].bytes.len() as f64 * 8.0).collect())
            .collect(),
    }
}

/// Lets `shaper` do as `trace` says, from now on.
pub async fn follow(shaper: &Shaper, trace: &Trace) {
    let mut end = tokio::time::Instant::now();
    for period in trace.periods.iter().cycle() {
        shaper.set_rate((period.rate * 1000.0) as u64);
        end += Duration::from_secs_f64(period.duration / 1000.0);
        tokio::time::sleep_until(end).await;
    }
}

/// Opens `url` and watches the page for `seconds`, or to the end of the film, while the link does as `trace` says. `heights` are those of the
/// film's levels.
///
/// # Panics
///
/// If the page shows a height that no level has.
pub async fn watch(
    browser: &Browser,
    url: &str,
    shaper: &Shaper,
    trace: &Trace,
    film: &Film,
    heights: &[u64],
    seconds: f64,
) -> Outcome {
    let session = async {
        browser.open(url).await;
        browser
            .run(&format!(
                "window.__looks = [];
                 setInterval(() => {{
                   const m = window.__probe.media();
                   window.__looks.push([performance.timeOrigin + performance.now(), m?.currentTime ?? 0, m?.videoHeight ?? 0]);
                 }}, {LOOK})"
            ))
            .await;
        let over = format!("performance.now() > {} || window.__probe.media()?.ended", seconds * 1000.0);
        browser.until_within(GUARD + Duration::from_secs_f64(seconds), "the session is over", &over).await;
        let looks = browser.run("return [performance.timeOrigin, window.__looks]").await;
        outcome(&looks, film, heights)
    };
    tokio::select! {
        outcome = session => outcome,
        () = follow(shaper, trace) => unreachable!("a trace never ends"),
    }
}

fn outcome(looks: &serde_json::Value, film: &Film, heights: &[u64]) -> Outcome {
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let mut account = Account::new(film.segment, film.rates[0]);
    let (mut last, mut position, mut started, mut standing) = (number(&looks[0]), 0.0, false, false);
    // What is counted of each segment that plays is the level that its middle shows.
    let mut counted = 0_usize;
    for look in looks[1].as_array().unwrap() {
        let (at, now, height) = (number(&look[0]), number(&look[1]) * 1000.0, number(&look[2]) as u64);
        let (passed, moved) = (at - last, now - position);
        (last, position) = (at, now);
        if !started {
            started = moved > 0.0;
            if started {
                account.started(at - number(&looks[0]));
            }
            continue;
        }
        if now >= film.segment * film.len() as f64 - LOOK {
            break;
        }
        if moved >= passed * MOVES {
            standing = false;
            account.played(passed);
        } else {
            account.stood(passed, !standing);
            standing = true;
        }
        while now >= (counted as f64 + 0.5) * film.segment {
            counted += 1;
            let level = heights.iter().position(|&h| h == height).expect("a level's height");
            account.plays(film.rates[level]);
        }
    }
    account.outcome()
}

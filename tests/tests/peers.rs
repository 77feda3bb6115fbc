//! What a viewer gets from our player and from the others that play Smooth Streaming, on the same pages and the same link.
//!
//! With `SILVERLANE_LONG` set, all three, and the table of docs/peers.md is printed; else ours alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use harness::browser::Browser;
use harness::encoder::{LIVE, Level, Recipe};
use harness::files::{Files, Site};
use harness::origin::Origin;
use harness::peers::Peer;
use harness::shaper::Shaper;
use harness::splitter::Presentation;
use harness::{player, web};
use serde_json::Value;

#[tokio::test]
async fn start_seek_languages_captions_gap_and_live_edge() {
    let long = std::env::var_os("SILVERLANE_LONG").is_some();
    let peers = if long { &Peer::ALL[..] } else { &Peer::ALL[..1] };
    let mut table = Table::default();
    on_demand(peers, &mut table).await;
    gap(peers, &mut table).await;
    live(peers, &mut table).await;
    table.print(peers);
    // What no viewer should meet with ours, however fast the machine is.
    for row in [PAUSE, STALLS, LIVE_STALLS] {
        assert_eq!(table.ours(row), "0", "{row}");
    }
}

const PAUSE: &str = "Audio switch: picture stands still, ms";
const STALLS: &str = "Stalls while that was done";
const LIVE_DELAY: &str = "Live: s behind the encoder";
const LIVE_PACE: &str = "Live: s played per s";
const LIVE_STALLS: &str = "Live: stalls in 20 s";

/// One page over a link of 5 Mbit/s and 40 ms: start, seeks, the other language, captions.
async fn on_demand(peers: &[Peer], table: &mut Table) {
    let levels = [150_000, 400_000, 900_000].map(|bitrate| Level { size: (320, 180), bitrate }).to_vec();
    let recipe = Recipe { levels, seconds: Some(100), constant: true, ..Recipe::default() };
    let german = Recipe { levels: LIVE[..1].to_vec(), tone: 1320, constant: false, ..recipe.clone() };
    let presentation = Presentation::encode(&recipe)
        .in_two_languages(Presentation::encode(&german))
        .with_captions("captions", &player::seconds_as_ttml(100));
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "content");
    peers.iter().for_each(|peer| peer.put(&mut site, &manifest));
    let files = Files::serve(site).await;
    for &peer in peers {
        let link = Shaper::start(files.address(), 5_000_000, Duration::from_millis(40)).await;
        let browser = Browser::start().await;
        browser.open(&format!("{}{}", link.url(), peer.path())).await;
        let started =
            browser.until("it plays", "window.__probe.events.find((e) => e.name === 'playing')?.at").await;
        table.set(peer, "Start: page opened to playing, ms", &started);
        table.set(peer, "Start: bytes carried until then", &link.carried().into());
        browser.until("five seconds are played", "window.__probe.media().currentTime > 5").await;
        browser.run(WATCH).await;

        for (row, target) in [
            ("Seek to what is not loaded, ms to the picture", 72.3),
            ("Seek back 2 s, ms to the picture", -2.0),
        ] {
            let ms = browser.run(&format!("return window.seekTo({target})")).await;
            table.set(peer, row, &ms);
            let after = player::glance(&browser).await.position;
            browser.until("it plays on", &format!("window.__probe.media().currentTime > {after} + 4")).await;
        }

        browser.until("English is heard", "Math.abs(window.__probe.tone() - 440) < 20").await;
        let switched = browser.run("return window.switchAudio('ger', 1320)").await;
        table.set(peer, "Audio switch: ms until it is heard", &switched["heard"]);
        table.set(peer, "Audio switch: silence, ms", &switched["silent"]);
        table.set(peer, PAUSE, &switched["still"]);

        let shown = browser.run("return window.showCaptions()").await;
        table.set(peer, "Captions on: ms until one shows", &shown);
        table.set(peer, STALLS, &player::glance(&browser).await.dry.into());
        assert_eq!(browser.eval("window.failure ?? null").await, Value::Null, "{}", peer.name());
    }
}

/// Four seconds are missing from picture and sound alike, as where an encoder was away.
async fn gap(peers: &[Peer], table: &mut Table) {
    let recipe = Recipe { levels: LIVE.to_vec(), seconds: Some(40), ..Recipe::default() };
    let presentation = Presentation::encode(&recipe).with_hole(10.0, 14.0);
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "content");
    peers.iter().for_each(|peer| peer.put(&mut site, &manifest));
    let files = Files::serve(site).await;
    for &peer in peers {
        let browser = Browser::start().await;
        browser.open(&format!("{}{}", files.url(), peer.path())).await;
        player::playing(&browser).await;
        browser.run(WATCH).await;
        browser.until("it is near the hole", "window.__probe.media().currentTime > 8").await;
        table.set(
            peer,
            "Gap of 4 s: picture stands still, ms",
            &browser.run("return window.pass(14.5)").await,
        );
        table.set(
            peer,
            "Seek into a gap: ms until it plays",
            &browser.run("return window.seekTo(11.5)").await,
        );
    }
}

/// At the edge of a broadcast of our origin.
async fn live(peers: &[Peer], table: &mut Table) {
    let origin = Origin::start().await;
    let manifest = format!("{}/manifest", origin.point());
    let mut site = Site::default();
    peers.iter().for_each(|peer| peer.put(&mut site, &manifest));
    let files = Files::serve(site).await;
    let _encoder = Recipe::default().push_aligned(&origin.point()).await;
    web::until(&manifest, |xml| xml.matches("<c ").count() >= 24).await;
    for &peer in peers {
        let browser = Browser::start().await;
        browser.open(&format!("{}{}", files.url(), peer.path())).await;
        if browser.run(STARTS).await != Value::Bool(true) {
            for row in [LIVE_DELAY, LIVE_STALLS, LIVE_PACE] {
                table.set(peer, row, &Value::from("does not start"));
            }
            continue;
        }
        browser.run(WATCH).await;
        let before = player::glance(&browser).await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        let after = player::glance(&browser).await;
        // The number in the picture is the time of day at which it was made.
        let Some(number) = browser.run(NEXT_SECOND).await.as_f64() else {
            for row in [LIVE_DELAY, LIVE_STALLS, LIVE_PACE] {
                table.set(peer, row, &Value::from("stands still"));
            }
            continue;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
        table.set(peer, LIVE_DELAY, &format!("{:.1}", (now - number).rem_euclid(256.0)).into());
        table.set(peer, LIVE_STALLS, &(after.dry - before.dry).into());
        let pace = format!("{:.3}", player::pace(&[before, after]));
        table.set(peer, LIVE_PACE, &pace.into());
    }
}

/// Rows of figures, a column for each player.
#[derive(Default)]
struct Table(Vec<(&'static str, Vec<(Peer, String)>)>);

impl Table {
    fn set(&mut self, peer: Peer, row: &'static str, value: &Value) {
        let text = match value {
            Value::Number(number) => format!("{:.0}", number.as_f64().unwrap_or_default()),
            Value::String(text) => text.clone(),
            Value::Null => "never".to_owned(),
            other => other.to_string(),
        };
        println!("{}: {row}: {text}", peer.name());
        match self.0.iter_mut().find(|(name, _)| *name == row) {
            Some((_, cells)) => cells.push((peer, text)),
            None => self.0.push((row, vec![(peer, text)])),
        }
    }

    fn ours(&self, row: &str) -> &str {
        let cells = self.0.iter().find(|(name, _)| *name == row).map(|(_, cells)| cells);
        let cell = cells.and_then(|cells| cells.iter().find(|(peer, _)| *peer == Peer::Silverlane));
        cell.map_or("", |(_, text)| text)
    }

    fn print(&self, peers: &[Peer]) {
        let names: Vec<_> = peers.iter().map(|peer| peer.name()).collect();
        println!("| | {} |\n| --- |{}", names.join(" | "), " ---: |".repeat(peers.len()));
        for (row, cells) in &self.0 {
            let cells: Vec<_> = cells.iter().map(|(_, text)| text.as_str()).collect();
            println!("| {row} | {} |", cells.join(" | "));
        }
    }
}

/// Whether it plays within 20 s, which is less than the driver waits for a script.
const STARTS: &str = "return (async () => {
    const start = performance.now();
    while (performance.now() - start < 20000) {
        if ((window.__probe.media()?.currentTime ?? 0) > 0.2) return true;
        await new Promise((done) => setTimeout(done, 50));
    }
    return false;
})()";

/// The number of the next second that begins, at that moment; null if none does.
const NEXT_SECOND: &str = "return (async () => {
    const start = performance.now();
    const first = window.__probe.number();
    while (performance.now() - start < 10000) {
        const number = window.__probe.number();
        if (number !== first) return number;
        await new Promise((done) => setTimeout(done, 20));
    }
    return null;
})()";

/// Notes every frame that is shown, and what to ask by it.
const WATCH: &str = "
    const v = window.__probe.media();
    const shown = [];
    const note = (now, { mediaTime }) => { shown.push([now, mediaTime]); v.requestVideoFrameCallback(note); };
    v.requestVideoFrameCallback(note);
    const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    // Gives up after 20 s, before the driver does: null.
    const wait = async (ready) => {
        const start = performance.now();
        while (performance.now() - start < 20000) {
            if (ready()) return Math.round(performance.now() - start);
            await sleep(10);
        }
        return null;
    };
    // The longest time without a new frame since `from`, beyond a tenth of a second.
    const stood = (from) => {
        const frames = shown.map(([now]) => now).filter((now) => now >= from);
        const longest = Math.max(0, ...frames.slice(1).map((now, i) => now - frames[i]));
        return longest > 100 ? Math.round(longest) : 0;
    };
    // To a position, or back by so many seconds: until a frame of there is shown.
    window.seekTo = async (to) => {
        const target = to < 0 ? v.currentTime + to : to;
        shown.length = 0;
        v.currentTime = target;
        return wait(() => shown.some(([, time]) => time >= target - 0.05 && time < target + 4));
    };
    window.switchAudio = async (language, tone) => {
        const start = performance.now();
        let silent = 0;
        let before = start;
        window.peer.audio(language);
        const heard = await wait(() => {
            const now = performance.now();
            const hears = window.__probe.tone();
            if (hears === 0) silent += now - before;
            before = now;
            return Math.abs(hears - tone) < 20;
        });
        await sleep(1000);
        return { heard, silent: Math.round(silent), still: stood(start) };
    };
    window.showCaptions = async () => {
        window.peer.captions();
        return wait(() => window.peer.shown());
    };
    // Plays until beyond `to`.
    window.pass = async (to) => {
        const start = performance.now();
        const passed = await wait(() => v.currentTime > to);
        await sleep(500);
        return passed === null ? null : stood(start);
    };
";

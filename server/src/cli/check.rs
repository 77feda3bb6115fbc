//! `silverlane check`: reads a presentation as the player would, and says what plays, what does not,
//! and what to do about it.
//!
//! Exit status: 0 playable, 1 playable with findings, 2 not playable.

mod fragment;
mod reason;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ORIGIN};
use reqwest::{Client, Url};
use smooth::codec::Codec;
use smooth::manifest::{self, Manifest, QualityLevel};
use smooth::{Limits, Span, Timescale};

use self::fragment::Expected;
use super::{Failure, client};

pub use report::{Finding, Level, Report, Stream, Verdict};

/// The arguments of `silverlane check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the presentation or of its manifest
    url: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of one answer that are read.
const LONGEST: usize = 64 << 20;

/// Runs the subcommand.
///
/// # Errors
///
/// The HTTP client cannot be set up. Whatever is wrong with the presentation is in the report.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let report = check(&args.url).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    Ok(ExitCode::from(report.verdict as u8))
}

/// Reads the presentation at `address` (its own, or that of its manifest).
///
/// # Errors
///
/// The HTTP client cannot be set up.
pub async fn check(address: &str) -> Result<Report, Failure> {
    let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let wanted = smooth::url::manifest_url(&address);
    let mut report = Report { manifest: wanted.clone(), ..Report::default() };
    let Ok(url) = Url::parse(&wanted) else {
        let example = "It should look like http://server/live.isml/Manifest";
        report.findings.push(Finding::new("this is not an address", example));
        return Ok(report);
    };
    let http = client::new(&url)?;
    let answer = match load_manifest(&http, url).await {
        Ok(answer) => answer,
        Err(finding) => {
            report.findings.push(finding);
            return Ok(report);
        }
    };
    report.manifest = answer.url.to_string();
    let manifest = match manifest::read(&answer.body, &Limits::default()) {
        Ok(manifest) => manifest,
        Err(error) => {
            report.findings.push(unreadable(&answer.body, error));
            return Ok(report);
        }
    };
    describe(&manifest, &mut report);
    check_headers(&answer, &manifest, &mut report);
    for stream in &manifest.streams {
        let described = check_stream(&http, answer.url.as_str(), &manifest, stream).await;
        report.streams.push(described);
    }
    report.conclude();
    Ok(report)
}

/// An answer to a request.
struct Answer {
    url: Url,
    status: u16,
    allows_all_pages: bool,
    max_age: Option<u64>,
    body: Vec<u8>,
}

async fn get(http: &Client, url: Url) -> Result<Answer, String> {
    // As a page on another server would ask.
    let request = http.get(url).header(ORIGIN, "https://player.example").timeout(TIMEOUT);
    let mut response = request.send().await.map_err(|e| client::reason(&e))?;
    let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let mut answer = Answer {
        url: response.url().clone(),
        status: response.status().as_u16(),
        allows_all_pages: header(ACCESS_CONTROL_ALLOW_ORIGIN).is_some(),
        max_age: header(CACHE_CONTROL).as_deref().and_then(max_age),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await.map_err(|e| client::reason(&e))? {
        if answer.body.len() + chunk.len() > LONGEST {
            return Err(format!("the answer is longer than {LONGEST} bytes"));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// `max-age` of a `Cache-Control` header, in seconds.
fn max_age(header: &str) -> Option<u64> {
    header.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok())
}

/// The manifest at `url`; where there is none, the one that the address may have meant.
async fn load_manifest(http: &Client, url: Url) -> Result<Answer, Finding> {
    let unreachable =
        |e| Finding::new(format!("the server cannot be reached: {e}"), "Check address, port and network");
    let answer = get(http, url.clone()).await.map_err(unreachable)?;
    if answer.status == 200 {
        return Ok(answer);
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let mut other = url.clone();
    other.set_path(&format!("{path}/Manifest"));
    let known = path.to_ascii_lowercase().ends_with("/manifest");
    if !known
        && let Ok(answer) = get(http, other.clone()).await
        && answer.status == 200
    {
        return Ok(answer);
    }
    let tried = if known { url.to_string() } else { format!("{url} and {other}") };
    let remedy = match answer.status {
        401 | 403 => "The presentation is not for everyone: add the key or token to the address",
        404 | 410 => {
            "No such presentation, or its broadcast has not begun: start the encoder, check the address"
        }
        412 => "The broadcast has not begun: start the encoder",
        500.. => "Look at the server's log",
        _ => "Check the address",
    };
    Err(Finding::new(format!("the server answers {} (asked: {tried})", answer.status), remedy))
}

/// What the document is, if not a manifest of ours.
fn unreadable(body: &[u8], error: smooth::Error) -> Finding {
    let has = |needle: &[u8]| body.windows(needle.len()).take(1000).any(|w| w == needle);
    if body.starts_with(b"#EXTM3U") {
        return Finding::new("this is an HLS playlist", "Leave (format=m3u8-aapl) out of the address");
    }
    if has(b"<MPD") {
        return Finding::new("this is a DASH manifest", "Leave (format=mpd-time-csf) out of the address");
    }
    if has(b"<html") || has(b"<HTML") {
        let remedy = "Give the address of the presentation (….isml/Manifest), not that of its page";
        return Finding::new("this is a web page", remedy);
    }
    Finding::new(
        format!("the manifest cannot be read: {error}"),
        "Correct the encoder's or packager's output",
    )
}

fn describe(manifest: &Manifest, report: &mut Report) {
    let seconds = |ticks| manifest.timescale.seconds(ticks);
    report.live = manifest.is_live;
    report.duration = seconds(manifest.duration);
    report.dvr_window = seconds(manifest.dvr_window);
    report.look_ahead = manifest.look_ahead;
    report.findings.extend(manifest.skipped.iter().map(reason::skipped));
    if !manifest.protection.is_empty() {
        report.findings.push(Finding::new(
            "the presentation is encrypted",
            "It plays only where the browser has the same protection system and a licence server answers",
        ));
    }
    if manifest.streams.is_empty() {
        report.findings.push(Finding::new("nothing in it can be played", "See the reasons above"));
    }
}

fn check_headers(answer: &Answer, manifest: &Manifest, report: &mut Report) {
    if !answer.allows_all_pages {
        report.findings.push(Finding::new(
            "pages on other servers cannot play it: Access-Control-Allow-Origin is missing",
            "Let the server send `Access-Control-Allow-Origin: *` with manifests and fragments",
        ));
    }
    /// A cached live manifest may be this old, in seconds.
    const OLDEST: u64 = 10;
    if let Some(age) = answer.max_age.filter(|&age| manifest.is_live && age > OLDEST) {
        report.findings.push(Finding::new(
            format!("caches may keep the live manifest for {age} s"),
            "Viewers would join in the past: send `Cache-Control: max-age=1` with live manifests",
        ));
    }
}

async fn check_stream(http: &Client, base: &str, manifest: &Manifest, stream: &manifest::Stream) -> Stream {
    let (first, last) = (stream.chunks.first(), stream.chunks.last());
    let span = first.zip(last).map_or(0, |(first, last)| last.end().saturating_sub(first.time));
    let mut described = Stream {
        kind: stream.kind.as_str(),
        name: stream.name.clone(),
        language: stream.language.clone(),
        timescale: stream.timescale.get(),
        chunks: stream.chunks.len(),
        first: first.map(|c| c.time),
        last: last.map(|c| c.time),
        seconds: stream.timescale.seconds(span),
        levels: Vec::new(),
        findings: gaps(stream),
    };
    for level in &stream.levels {
        described.levels.push(check_level(http, base, manifest, stream, level).await);
    }
    described
}

/// Holes and overlaps of the chunk list, the first few of them.
fn gaps(stream: &manifest::Stream) -> Vec<Finding> {
    const SHOWN: usize = 5;
    // Half a frame of sound or picture at most: rounding.
    let slack = u64::from(stream.timescale.get()) / 50;
    let at = |time| seconds_of(stream.timescale, time);
    let mut found = Vec::new();
    for pair in stream.chunks.runs().windows(2) {
        let [before, after] = pair else { continue };
        if stream.parent.is_some() {
            continue;
        }
        if after.time > before.end().saturating_add(slack) {
            let missing = stream.timescale.seconds(after.time - before.end());
            found.push(Finding::new(
                format!("{missing:.1} s are missing at {}", at(before.end())),
                "The encoder or its connection paused there; players skip it",
            ));
        } else if before.end() > after.time.saturating_add(slack) {
            found.push(Finding::new(
                format!("chunks overlap at {}", at(after.time)),
                "The encoder's times jump back; let it write continuous times",
            ));
        }
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    if more > 0 {
        found.push(Finding::new(format!("and {more} more of these"), "Look at the encoder's log"));
    }
    found
}

fn seconds_of(timescale: Timescale, ticks: u64) -> String {
    format!("{:.3} s (tick {ticks})", timescale.seconds(ticks))
}

async fn check_level(
    http: &Client,
    base: &str,
    manifest: &Manifest,
    stream: &manifest::Stream,
    level: &QualityLevel,
) -> Level {
    let mut described = Level {
        bitrate: level.bitrate,
        codec: String::new(),
        width: level.width,
        height: level.height,
        playable: true,
        findings: Vec::new(),
    };
    match Codec::from_level(stream.kind, level, &stream.subtype) {
        Ok(codec) => described.codec = codec.codec_string(),
        Err(reason) => {
            let (problem, remedy) = reason::explain(&reason);
            described.playable = false;
            described.findings.push(Finding::new(problem, remedy));
        }
    }
    if stream.url.is_empty() {
        return described;
    }
    for chunk in probes(manifest, stream) {
        let (playable, findings) = check_chunk(http, base, manifest, stream, level, chunk).await;
        described.playable &= playable;
        for finding in findings {
            if !described.findings.contains(&finding) {
                described.findings.push(finding);
            }
        }
    }
    described
}

/// Chunks that are fetched: the first and the newest. Of a live presentation the first may leave the
/// window while we look, so it is a later one there.
fn probes(manifest: &Manifest, stream: &manifest::Stream) -> Vec<Span> {
    let early = if manifest.is_live && stream.chunks.len() > 4 { 2 } else { 0 };
    let first = stream.chunks.iter().nth(early);
    let last = stream.chunks.last().filter(|last| first.is_none_or(|first| first.time != last.time));
    first.into_iter().chain(last).collect()
}

async fn check_chunk(
    http: &Client,
    base: &str,
    manifest: &Manifest,
    stream: &manifest::Stream,
    level: &QualityLevel,
    chunk: Span,
) -> (bool, Vec<Finding>) {
    let at = seconds_of(stream.timescale, chunk.time);
    let bad = |problem: String, remedy: &str| (false, vec![Finding::new(problem, remedy)]);
    let url = smooth::url::expand(&stream.url, level, chunk.time)
        .ok()
        .and_then(|path| Url::parse(smooth::url::base(base)).ok()?.join(&path).ok());
    let Some(url) = url else {
        return bad(
            format!("its Url `{}` cannot be filled in", stream.url),
            "Correct the packager's settings",
        );
    };
    let answer = match get(http, url).await {
        Ok(answer) if answer.status == 200 => answer,
        Ok(answer) => {
            return bad(
                format!("the fragment at {at} is listed, but the server answers {}", answer.status),
                match answer.status {
                    412 => "This bitrate lags behind the others, or lacks the fragment: look at its encoder",
                    404 | 410 => "The fragment is lost: keep manifest and fragments for the same time",
                    _ => "Look at the server's log",
                },
            );
        }
        Err(error) => return bad(format!("the fragment at {at}: {error}"), "Look at the server's log"),
    };
    let expected = Expected {
        stream,
        chunk,
        announces: manifest.is_live && manifest.look_ahead.is_some_and(|n| n > 0),
        live: manifest.is_live,
        protected: !manifest.protection.is_empty(),
    };
    let (playable, findings) = fragment::examine(&answer.body, &expected);
    let name = |f: Finding| Finding::new(format!("the fragment at {at}: {}", f.problem), f.remedy);
    (playable, findings.into_iter().map(name).collect())
}

//! The connection to the publishing point: opened, fed by the clock, and opened again when it breaks.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Body, Client, Response, StatusCode, Url};
use smooth::boxes::build;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use super::clock::{Clock, seconds};
use super::error::PushError;
use super::pacing::Pacing;
use super::program::Program;
use super::target::Target;
use crate::cli::client;

/// How long a fragment may take to be taken off our hands, and an answer to come.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before the first new attempt; doubled up to [`LAST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// Ticks between two lines about how it goes.
const REPORT_EVERY: u64 = 60 * super::super::media::TICKS;

/// How to broadcast.
#[derive(Clone, Debug)]
pub struct Options {
    /// End after one round of the loop.
    pub once: bool,
    /// Say nothing but errors.
    pub quiet: bool,
    /// The time to keep to.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self { once: false, quiet: false, clock: Clock::System }
    }
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Fragments of all tracks, those that were sent again included.
    pub fragments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Connections that had to be opened again.
    pub reconnects: u64,
}

/// Broadcasts `program` to `target` until `stop` is ready, then says goodbye properly. A broken
/// connection is opened again, as often as it takes.
///
/// # Errors
///
/// [`PushError::Refused`] if the server answers with a reason that trying again does not cure; else only
/// what comes of the source or the machine.
pub async fn broadcast(
    program: Arc<Program>,
    target: &Target,
    options: Options,
    stop: impl Future<Output = ()>,
) -> Result<Report, PushError> {
    let http = client::new(&target.url).map_err(PushError::Client)?;
    let mut sender = Sender {
        pacing: Pacing::new(options.once),
        header: program.header()?,
        started: options.clock.now(),
        next_report: options.clock.now().saturating_add(REPORT_EVERY),
        program,
        http,
        target,
        options,
        report: Report::default(),
    };
    let mut stop = Stop { signal: pin!(stop), given: false };
    let mut pause = FIRST_PAUSE;
    loop {
        let before = sender.report.fragments;
        let lost = match sender.attempt(&mut stop).await? {
            End::Done => return Ok(sender.report),
            End::Lost(reason) => reason,
        };
        if sender.report.fragments > before {
            pause = FIRST_PAUSE;
        }
        sender.report.reconnects += 1;
        if !sender.options.quiet {
            tracing::warn!(url = %target.url, "{lost}; trying again in {:.1} s", pause.as_secs_f64());
        }
        tokio::select! {
            () = stop.wait() => return Ok(sender.report),
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// How a connection ended.
enum End {
    /// As asked.
    Done,
    /// It broke; why.
    Lost(String),
}

/// The wish to end, which may be asked about again after it was given.
struct Stop<'a, S> {
    signal: Pin<&'a mut S>,
    given: bool,
}

impl<S: Future<Output = ()>> Stop<'_, S> {
    async fn wait(&mut self) {
        if !self.given {
            self.signal.as_mut().await;
            self.given = true;
        }
    }
}

struct Sender<'a> {
    program: Arc<Program>,
    header: Bytes,
    http: Client,
    target: &'a Target,
    options: Options,
    pacing: Pacing,
    report: Report,
    started: u64,
    next_report: u64,
}

impl Sender<'_> {
    /// One connection, from the question whether the server is ready to the end.
    async fn attempt<S: Future<Output = ()>>(&mut self, stop: &mut Stop<'_, S>) -> Result<End, PushError> {
        let url = match self.greet().await? {
            Ok(url) => url,
            Err(lost) => return Ok(End::Lost(lost)),
        };
        // One fragment in hand at most: what waits here is not with the server yet.
        let (body, rest) = mpsc::channel::<io::Result<Bytes>>(1);
        let request = self.http.post(url).body(Body::wrap_stream(ReceiverStream::new(rest))).send();
        let mut request = pin!(request);
        let fed = {
            let mut feed = pin!(self.feed(body, stop));
            tokio::select! {
                answer = &mut request => return judge_early(answer).await,
                fed = &mut feed => fed?,
            }
        };
        // Either all is said and the server answers, or it broke the connection and may have said why.
        match timeout(SEND_TIMEOUT, request).await {
            Ok(answer) if fed => match judge_early(answer).await? {
                End::Lost(reason) if !reason.starts_with(ENDED) => Ok(End::Lost(reason)),
                _ => Ok(End::Done),
            },
            Ok(answer) => judge_early(answer).await,
            Err(_) if fed => Ok(End::Done),
            Err(_) => Ok(End::Lost("the connection is stuck".to_owned())),
        }
    }

    /// Asks with an empty request whether the server would take the broadcast. The address that it was
    /// led to, or why the server could not be asked.
    async fn greet(&self) -> Result<Result<Url, String>, PushError> {
        let request = self.http.post(self.target.url.clone()).header("content-length", 0).send();
        match timeout(SEND_TIMEOUT, request).await {
            Err(_) => Ok(Err("the server does not answer".to_owned())),
            Ok(Err(error)) => Ok(Err(client::reason(&error))),
            Ok(Ok(answer)) if answer.status().is_success() => Ok(Ok(answer.url().clone())),
            Ok(Ok(answer)) => refusal(answer).await.map(Err),
        }
    }

    /// Sends header and fragments. True after the end of the stream was sent, false if nobody takes them
    /// any more.
    async fn feed<S: Future<Output = ()>>(
        &mut self,
        body: mpsc::Sender<io::Result<Bytes>>,
        stop: &mut Stop<'_, S>,
    ) -> Result<bool, PushError> {
        let give =
            async |bytes: Bytes| matches!(timeout(SEND_TIMEOUT, body.send(Ok(bytes))).await, Ok(Ok(())));
        if !give(self.header.clone()).await {
            return Ok(false);
        }
        self.pacing.connected(&self.program, self.options.clock.now());
        while let Some((number, due)) = self.pacing.next(&self.program) {
            tokio::select! {
                biased;
                () = stop.wait() => break,
                () = self.options.clock.until(due) => {}
            }
            let program = Arc::clone(&self.program);
            let read = tokio::task::spawn_blocking(move || program.fragment(number));
            let tracks = read.await.map_err(|e| PushError::Client(e.into()))??;
            for fragment in tracks {
                let size = fragment.len() as u64;
                if !give(fragment).await {
                    return Ok(false);
                }
                self.report.fragments += 1;
                self.report.bytes += size;
            }
            self.pacing.sent(number);
            self.say();
        }
        Ok(give(Bytes::from_static(&build::EMPTY_MFRA)).await)
    }

    fn say(&mut self) {
        let now = self.options.clock.now();
        if self.options.quiet || now < self.next_report {
            return;
        }
        self.next_report = now.saturating_add(REPORT_EVERY);
        let live = seconds(now.saturating_sub(self.started)).max(1);
        tracing::info!(
            url = %self.target.url,
            minutes = live / 60,
            kbit_per_s = self.report.bytes / 125 / live,
            fragments = self.report.fragments,
            reconnects = self.report.reconnects,
            "broadcasting"
        );
    }
}

/// The server answered although more was to come, or it all was sent.
const ENDED: &str = "the server ended the connection";

async fn judge_early(answer: reqwest::Result<Response>) -> Result<End, PushError> {
    match answer {
        Err(error) => Ok(End::Lost(client::reason(&error))),
        Ok(answer) if answer.status().is_success() => Ok(End::Lost(ENDED.to_owned())),
        Ok(answer) => refusal(answer).await.map(End::Lost),
    }
}

/// An answer that is not a success: an error if it will be the same next time, else its reason.
async fn refusal(answer: Response) -> Result<String, PushError> {
    /// Characters of the server's words that are shown.
    const SHOWN: usize = 300;
    let status = answer.status();
    let text = timeout(SEND_TIMEOUT, answer.text()).await.ok().and_then(Result::ok).unwrap_or_default();
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT, StatusCode::TOO_EARLY];
    if status.is_client_error() && !passing.contains(&status) && status != StatusCode::TOO_MANY_REQUESTS {
        return Err(PushError::Refused { status: status.as_u16(), text });
    }
    Ok(format!("the server answers {status} {text}").trim_end().to_owned())
}

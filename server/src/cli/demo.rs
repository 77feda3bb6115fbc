//! `silverlane demo`: an origin with the built-in sample pushed into it, in one process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::Failure;
use super::client;
use super::page::{self, PageError};
use super::push::{Captions, Options, Program, Target, broadcast};
use crate::config::Settings;
use crate::http::stop_signal;

/// The arguments of `silverlane demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Folder for the publishing point and the pages; made if it is missing
    #[arg(long, default_value = "demo")]
    dir: PathBuf,
}

/// The publishing point of the demonstration.
const POINT: &str = "LiveSmoothStream.isml";
/// Ten minutes to go back, and a broadcast that a restarted encoder begins anew.
const DEFINITION: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="title" content="Silverlane" />
    <meta name="module" content="liveSmoothStreaming" />
    <meta name="sourceType" content="Push" />
    <meta name="publishing" content="Fragments;Streams;Archives" />
    <meta name="estimatedTime" content="0" />
    <meta name="lookaheadChunks" content="2" />
    <meta name="manifestWindowLength" content="600" />
    <meta name="startOnFirstRequest" content="True" />
    <meta name="restartOnEncoderReconnect" content="True" />
    <meta name="archiveSegmentLength" content="0" />
    <meta name="formats" content="m3u8-aapl" />
    <meta name="m3u8-aapl-segmentlength" content="4" />
  </head>
  <body />
</smil>
"#;

/// Between two looks whether the broadcast is on the air.
const UNTIL_ON_AIR: Duration = Duration::from_millis(100);

/// Runs the demonstration until it is told to stop.
///
/// # Errors
///
/// The folder cannot be written, the address is taken, or the origin fails.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let has_player = prepare(&args.dir)?;
    let listener = TcpListener::bind(args.listen).await.map_err(|e| taken(args.listen, &e))?;
    let address = listener.local_addr()?;
    let local = reachable(address);
    let target = Target::new(&format!("http://{local}/{POINT}"), None, "Silverlane")?;
    let program = Arc::new(Program::sample()?.with_captions(Captions::clock()));
    let summary = program.summary();

    let (stop_encoder, encoder_stopped) = oneshot::channel::<()>();
    let (stop_origin, origin_stopped) = oneshot::channel::<()>();
    // An error says that the other side is gone, which is a stop too.
    let until = |stop: oneshot::Receiver<()>| async move { drop(stop.await) };
    let settings = Settings { root: args.dir.clone(), listen: address, ..Settings::default() };
    let origin = tokio::spawn(crate::serve(settings, listener, until(origin_stopped)));
    let encoder =
        tokio::spawn(
            async move { broadcast(program, &target, Options::default(), until(encoder_stopped)).await },
        );
    // Who opens the page before there is anything to see finds an error in the browser's console.
    let manifest = format!("http://{local}/{POINT}/Manifest");
    let client = client::new(&manifest.parse()?)?;
    let banner = banner(local, &args.dir, &summary, has_player);
    let announcement = tokio::spawn(async move {
        while !client.get(&manifest).send().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(UNTIL_ON_AIR).await;
        }
        eprintln!("{banner}");
    });

    let (mut origin, mut encoder) = (origin, encoder);
    tokio::select! {
        () = stop_signal() => {
            // The encoder says goodbye while the origin still listens.
            drop(stop_encoder);
            encoder.await??;
            drop(stop_origin);
            origin.await??;
        }
        ended = &mut encoder => {
            ended??;
        }
        ended = &mut origin => {
            ended??;
        }
    }
    announcement.abort();
    Ok(ExitCode::SUCCESS)
}

/// Writes the definition and the pages into `dir`. False if this program has no pages.
fn prepare(dir: &Path) -> Result<bool, Failure> {
    let io = |path: &Path, e: std::io::Error| {
        format!("cannot write {}: {e}. Name another folder with --dir", path.display())
    };
    std::fs::create_dir_all(dir).map_err(|e| io(dir, e))?;
    let definition = dir.join(POINT);
    if !definition.exists() {
        std::fs::write(&definition, DEFINITION).map_err(|e| io(&definition, e))?;
    }
    match page::pages(&format!("{POINT}/manifest")) {
        Ok(files) => {
            page::write(&files, dir, false)?;
            Ok(true)
        }
        Err(PageError::NoPlayer) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn taken(address: SocketAddr, error: &std::io::Error) -> String {
    let (ip, other) = (address.ip(), address.port().checked_add(1).unwrap_or(8080));
    format!("cannot listen on {address}: {error}. Choose another address: --listen {ip}:{other}")
}

/// The address under which this machine reaches a listener on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn banner(address: SocketAddr, dir: &Path, summary: &str, has_player: bool) -> String {
    let host = if address.ip().is_loopback() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    };
    let watch = if has_player {
        format!(
            "  Watch        http://{host}/SmoothStreamingPlayer.html\n  Apple        http://{host}/apple.html\n  \
             Administer   http://{host}/admin/"
        )
    } else {
        "  Watch        (this silverlane was built without the player: run `make build`)".to_owned()
    };
    format!(
        "\n  Silverlane is on the air.\n\n{watch}\n  Manifest     http://{host}/{POINT}/Manifest\n  \
         Broadcast    {summary}\n  Folder       {}\n\n  Ctrl-C ends it.\n",
        dir.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_the_flag_and_a_free_one() {
        let error = std::io::Error::from(std::io::ErrorKind::AddrInUse);
        let text = taken(SocketAddr::from(([127, 0, 0, 1], 8080)), &error);
        assert!(text.contains("--listen 127.0.0.1:8081"), "{text}");
    }

    #[test]
    fn the_banner_shows_an_address_to_open() {
        let any = reachable(SocketAddr::from(([0, 0, 0, 0], 9000)));
        let text = banner(any, Path::new("demo"), "video 1k", true);
        assert!(text.contains("http://localhost:9000/SmoothStreamingPlayer.html"), "{text}");
        assert!(banner(any, Path::new("demo"), "", false).contains("make build"));
    }

    #[test]
    fn a_definition_that_is_there_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(POINT);
        std::fs::write(&file, "mine").unwrap();
        prepare(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    }
}

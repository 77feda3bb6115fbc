//! Recorded sessions, told in words.

use std::collections::HashMap;
use std::io::{Error, ErrorKind, Write};

use player::engine::{Command, Decision};
use player::record::Recording;

/// Plays a recorded session again and tells `out` every decision.
///
/// # Errors
///
/// If it is no recording, if this engine decides otherwise than the one that was recorded, or if `out` fails.
pub fn tell(recording: &[u8], out: &mut impl Write) -> std::io::Result<()> {
    let recording = Recording::read(recording).map_err(|invalid| {
        Error::new(ErrorKind::InvalidData, format!("no recording at byte {}", invalid.at))
    })?;
    writeln!(out, "     at s        from s   kbit/s  why              ahead s  network, kbit/s")?;
    let (mut decisions, mut written) = (0_usize, Ok(()));
    let mut levels = HashMap::new();
    let played = recording.replay(|entry, commands, made| {
        decisions += made.len();
        let given_up = commands.iter().any(|command| matches!(command, Command::Abort { .. }));
        let mut write = || {
            if given_up {
                writeln!(out, "{:9.3}  a request is given up", entry.now)?;
            }
            made.iter().try_for_each(|decision| {
                let before = levels.insert(decision.kind.as_str(), decision.bitrate);
                line(entry.now, decision, before == Some(decision.bitrate), out)
            })
        };
        if written.is_ok() {
            written = write();
        }
    });
    written?;
    match played {
        Ok(()) => writeln!(
            out,
            "{} events, {decisions} decisions: all as in the recording",
            recording.entries.len()
        ),
        Err(difference) => Err(Error::other(format!(
            "from event {} on, at {:.3} s, this engine decides otherwise\nrecorded: {:#?}\nnow: {:#?}",
            difference.entry,
            recording.entries[difference.entry].now,
            difference.recorded,
            difference.answered
        ))),
    }
}

/// One decision. Of one that `stays` with a level the engine's reason says only why it is not a higher one.
fn line(now: f64, decision: &Decision, stays: bool, out: &mut impl Write) -> std::io::Result<()> {
    let Decision { kind, position, bitrate, reason, ahead, throughput, .. } = decision;
    writeln!(
        out,
        "{now:9.3}  {:5} {position:8.2}  {:7}  {:15} {ahead:8.2}  {:7}",
        kind.as_str(),
        bitrate / 1000,
        if stays { "stays".to_owned() } else { format!("{reason:?}") },
        throughput / 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use player::engine::{Event, Settings};
    use player::record::Recorder;

    #[test]
    fn a_recording_is_told_and_what_is_no_longer_true_is_refused() {
        let mut recorder = Recorder::new(Settings::default());
        let _ = recorder.handle(0.0, Event::Load { url: "http://lab/film.ism", start: None });
        let mut told = Vec::new();
        tell(recorder.recording(), &mut told).unwrap();
        assert!(
            String::from_utf8(told).unwrap().ends_with("1 events, 0 decisions: all as in the recording\n")
        );
        let cut = recorder.recording().split_last().unwrap().1;
        assert_eq!(tell(cut, &mut Vec::new()).unwrap_err().kind(), ErrorKind::InvalidData);
        // Told another address, the engine asks for another.
        let mut other = recorder.recording().to_vec();
        let at = other.windows(4).position(|bytes| bytes == b"film").unwrap();
        other[at] = b'F';
        let refused = tell(&other, &mut Vec::new()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Other);
        assert!(refused.to_string().contains("http://lab/Film.ism/Manifest"), "{refused}");
    }
}

//! Writing a presentation: all of it, or nothing.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use smooth::Span;
use smooth::boxes::build;
use smooth::boxes::mfra::{self, TrackIndex};

use super::super::media::{Reel, Track};
use super::Target;
use super::error::PackageError;
use super::manifests::{self, Plan};

/// The track of each file.
pub(super) const TRACK_ID: u32 = 1;

/// Writes what `plan` says, and puts it in place. Ticks and bytes of the presentation.
pub(super) fn presentation(
    reel: &Reel,
    plan: &Plan,
    target: &Target,
    force: bool,
    bar: &ProgressBar,
    is_stopped: &AtomicBool,
) -> Result<(u64, u64), PackageError> {
    let bytes = reel.bytes();
    let beside = Beside::new(target).map_err(|e| PackageError::write(&target.folder, bytes, e))?;
    let (mut spans, mut written) = (Vec::new(), 0);
    for (track, name) in reel.tracks.iter().zip(&plan.media) {
        let path = beside.0.join(name);
        let failed = |e| PackageError::write(&path, bytes, e);
        let file = File::create(&path).map_err(failed)?;
        let mut out = Output { out: BufWriter::with_capacity(BUFFER, file), at: 0, bar };
        spans.push(fragments(reel, track, &mut out, is_stopped, &failed)?);
        written += out.at;
        let file = out.out.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
    }
    let (client, ticks) = manifests::client_manifest(reel, &spans);
    let manifests = [("ismc", client), ("ism", plan.server_manifest(reel))];
    for (ending, text) in manifests {
        let path = beside.0.join(format!("{}.{ending}", target.name));
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|e| PackageError::write(&path, bytes, e))?;
    }
    if !force {
        // Somebody may have been quicker.
        target.is_free(plan)?;
    }
    for name in plan.names() {
        let path = target.folder.join(&name);
        fs::rename(beside.0.join(&name), &path).map_err(|e| PackageError::write(&path, bytes, e))?;
    }
    Ok((ticks, written))
}

/// Writes the file of one track: header, fragments, index. Where its fragments lie in time.
fn fragments<W: Write>(
    reel: &Reel,
    track: &Track,
    out: &mut Output<'_, W>,
    is_stopped: &AtomicBool,
    failed: &impl Fn(io::Error) -> PackageError,
) -> Result<Vec<Span>, PackageError> {
    out.put(&build::protected_header(&[track.info(TRACK_ID)], reel.protection())).map_err(failed)?;
    let mut index = TrackIndex { track_id: TRACK_ID, entries: Vec::new() };
    let mut spans = Vec::new();
    for (number, sequence) in (0..track.fragments.len().saturating_sub(1)).zip(1..) {
        if is_stopped.load(Ordering::Relaxed) {
            return Err(PackageError::Stopped);
        }
        let Some(fragment) = reel.fragment(track, number, 0, (TRACK_ID, sequence))? else { continue };
        index.entries.push(mfra::Entry::fragment(fragment.span.time, out.at));
        spans.push(fragment.span);
        out.put(&fragment.head).map_err(failed)?;
        fragment.data.iter().try_for_each(|data| out.put(data)).map_err(failed)?;
    }
    out.put(&mfra::write(&[index])).map_err(failed)?;
    Ok(spans)
}

/// A file that knows how far it is.
struct Output<'a, W> {
    out: W,
    at: u64,
    bar: &'a ProgressBar,
}

impl<W: Write> Output<'_, W> {
    fn put(&mut self, data: &[u8]) -> io::Result<()> {
        self.out.write_all(data)?;
        self.at += data.len() as u64;
        self.bar.inc(data.len() as u64);
        Ok(())
    }
}

/// A folder beside the target, on the same disk. It goes with this value, whatever is in it.
struct Beside(PathBuf);

impl Beside {
    fn new(target: &Target) -> io::Result<Self> {
        fs::create_dir_all(&target.folder)?;
        let path = target.folder.join(format!(".{}.{}.part", target.name, std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(folder = %folder.display(), %error, "what was written so far cannot be removed");
    }
}

const BUFFER: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::super::super::media::{Media, Pace, TICKS};
    use super::*;

    /// A disk with room for so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            let n = data.len().min(self.0);
            self.0 -= n;
            if n == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(n) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_wherever_it_fills_up() {
        const SAMPLE: &[u8] = include_bytes!("../../../sample/sample.ismv");
        let pace = Pace { fragment: 2 * TICKS, longest: 10 * TICKS, is_round: false };
        let reel = Reel::new(vec![Media::memory("sample", SAMPLE.into())], &pace, |_| {}).unwrap();
        let path = Path::new("folder/.film.1.part/film_120000.ismv");
        let bar = ProgressBar::hidden();
        let write = |room| {
            let mut out = Output { out: Disk(room), at: 0, bar: &bar };
            let failed = |e| PackageError::write(path, reel.bytes(), e);
            let done = fragments(&reel, &reel.tracks[0], &mut out, &AtomicBool::new(false), &failed);
            (done, out.at)
        };
        let (done, len) = write(usize::MAX);
        assert_eq!(done.unwrap().len(), 12);
        let len = usize::try_from(len).unwrap();
        for room in [0, 100, len / 2, len - 1] {
            let error = write(room).0.unwrap_err();
            assert!(
                matches!(&error, PackageError::Full { folder, megabytes: 1.. } if folder == "folder"),
                "{error}"
            );
        }
        assert!(write(len).0.is_ok());
        let failed = |e| PackageError::write(path, 0, e);
        let mut out = Output { out: Disk(len), at: 0, bar: &bar };
        let stopped = fragments(&reel, &reel.tracks[0], &mut out, &AtomicBool::new(true), &failed);
        assert!(matches!(stopped, Err(PackageError::Stopped)));
    }
}

//! Where the fragments of sparse streams are, [MS-SSTR] 2.2.5: a stream whose fragments come now and then has
//! a parent, and each fragment of the parent says which one of the sparse stream came last. So a client
//! learns of new ones without asking. A sparse fragment says which one came before it.

use smooth::Timescale;

use crate::publishing_point::snapshot::{Snapshot, StreamView};

/// `ChildTrack="name=time,…"` for the fragment of `stream` at `time`; `None` if there is nothing to say.
#[must_use]
pub fn pointers(snapshot: &Snapshot, stream: &StreamView, time: u64) -> Option<String> {
    let children = snapshot.streams.iter().filter(|s| parent(s).is_some_and(|p| is_called(stream, p)));
    let own = parent(stream).map(|_| (stream, time.checked_sub(1)));
    let later = children.map(|child| (child, Some(until(time, stream.timescale, child.timescale))));
    let found: Vec<_> = own.into_iter().chain(later).filter_map(|(s, until)| pointer(s, until?)).collect();
    (!found.is_empty()).then(|| format!("ChildTrack=\"{}\"", found.join(",")))
}

/// The name of the stream that `stream` is sparse beside.
fn parent(stream: &StreamView) -> Option<&str> {
    stream.levels.first()?.spec.parent.as_deref()
}

fn is_called(stream: &StreamView, name: &str) -> bool {
    stream.name.eq_ignore_ascii_case(name)
}

/// `time` of a parent in ticks of its child; all of the ticks that begin by then.
fn until(time: u64, parent: Timescale, child: Timescale) -> u64 {
    if parent == child { time } else { parent.rescale(time, child) }
}

/// The last fragment of `stream` that begins by `until`. A name that would break the header is left out.
fn pointer(stream: &StreamView, until: u64) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b',' | b';' | b'=' | b'\\');
    let name = Some(&stream.name).filter(|name| name.bytes().all(is_plain))?;
    Some(format!("{name}={}", stream.chunks.floor(until)?.time))
}

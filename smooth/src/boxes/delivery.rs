//! A fragment's `moof` as the origin serves it: [MS-SSTR] 2.2.4.

use super::moof::{Moof, Tfhd, tfhd};
use super::rewrite::Rewriter;
use super::uuid::{TFRF, TFXD, Tfrf, Tfxd};
use super::walk::{Box, find, walk};
use crate::error::Error;
use crate::limits::Limits;
use crate::time::Span;

/// Rewrites `moof` (the whole box) for delivery: `tfxd` says `span`, `tfrf` says `look_ahead`, nearest
/// first, and is left out when that is empty. The data offset follows the new size. Every other byte
/// stays, but for a base data offset, which counts from the start of a file that the viewer does not
/// have: it is removed.
///
/// # Errors
///
/// As [`read_head`](super::read_head) with default limits on samples; size is not limited.
pub fn rewrite(moof: &[u8], span: Span, look_ahead: &[Span]) -> Result<Vec<u8>, Error> {
    let limits = Limits { moof_bytes: usize::MAX, look_ahead: usize::MAX, ..Limits::default() };
    let moof = Moof::read(moof, &limits)?;
    let mut new = Rewriter::new(&moof);
    for child in walk(moof.payload) {
        let child = child?;
        if child.kind == *b"traf" {
            rewrite_traf(&child, &moof, span, look_ahead, &mut new)?;
        } else {
            new.copy(&child);
        }
    }
    Ok(new.finish(moof.media_header_len()))
}

/// `moof` with the fragments' track called `track_id`; `None` if it is called so, or has no track.
#[must_use]
pub fn renumber(moof: &[u8], track_id: u32) -> Option<Vec<u8>> {
    let outer = walk(moof).next()?.ok()?;
    let traf = find(outer.payload, *b"traf").ok()??;
    let tfhd = find(traf.payload, *b"tfhd").ok()??;
    // After version and flags.
    let before = [outer.header_len, traf.offset, traf.header_len, tfhd.offset, tfhd.header_len, 4];
    let at = before.into_iter().fold(0_usize, usize::saturating_add);
    if *moof.get(at..)?.first_chunk()? == track_id.to_be_bytes() {
        return None;
    }
    let mut moof = moof.to_vec();
    *moof.get_mut(at..)?.first_chunk_mut()? = track_id.to_be_bytes();
    Some(moof)
}

fn rewrite_traf(
    traf: &Box<'_>,
    moof: &Moof<'_>,
    span: Span,
    look_ahead: &[Span],
    new: &mut Rewriter,
) -> Result<(), Error> {
    let at = new.out.open(*b"traf");
    let mut runs = moof.runs.iter();
    let mut timed = false;
    for child in walk(traf.payload) {
        let child = child?;
        match (&child.kind, &child.usertype) {
            (b"tfhd", _) if moof.header.base_data_offset.is_some() => rebase(&moof.header, new),
            (b"trun", _) => {
                if let Some(run) = runs.next() {
                    new.run(run, false);
                }
            }
            (_, Some(TFXD)) if !timed => {
                put_times(span, look_ahead, new);
                timed = true;
            }
            (_, Some(TFXD | TFRF)) => {}
            _ => new.copy(&child),
        }
    }
    if !timed {
        put_times(span, look_ahead, new);
    }
    new.out.close(at);
    Ok(())
}

fn put_times(span: Span, look_ahead: &[Span], new: &mut Rewriter) {
    Tfxd(span).put(&mut new.out);
    if !look_ahead.is_empty() {
        Tfrf::put(look_ahead, &mut new.out);
    }
}

/// Writes `header` without its base data offset.
fn rebase(header: &Tfhd, new: &mut Rewriter) {
    let at = new.out.open_full(*b"tfhd", 0, header.flags & !tfhd::BASE_DATA_OFFSET);
    new.out.u32(header.track_id);
    let optional = [header.description_index, header.duration, header.size, header.sample_flags];
    for field in optional.into_iter().flatten() {
        new.out.u32(field);
    }
    new.out.close(at);
}

#[cfg(test)]
mod tests {
    use super::super::read_head;
    use super::super::tests::{REFERENCE_MOOF, full, hex, sized};
    use super::*;

    const fn span(time: u64) -> Span {
        Span { time, duration: 20_000_000 }
    }

    #[test]
    fn the_same_times_give_the_same_bytes() {
        let moof = REFERENCE_MOOF();
        let ahead = [span(280_000_000), span(300_000_000)];
        assert_eq!(rewrite(&moof, span(260_000_000), &ahead), Ok(moof));
    }

    #[test]
    fn look_ahead_comes_and_goes_and_the_data_offset_follows() {
        let moof = REFERENCE_MOOF();
        let bare = rewrite(&moof, span(5), &[]).unwrap();
        assert_eq!(bare.len(), moof.len() - 61);
        let head = read_head(&bare, &Limits::default()).unwrap();
        assert_eq!((head.span, head.look_ahead.as_slice()), (Some(span(5)), &[][..]));
        assert_eq!(data_offset(&bare), bare.len() + 8);
        let again = rewrite(&bare, span(260_000_000), &[span(280_000_000), span(300_000_000)]);
        assert_eq!(again, Ok(moof));
    }

    #[test]
    fn a_track_is_called_otherwise_and_nothing_else_changes() {
        let moof = REFERENCE_MOOF();
        assert_eq!(renumber(&moof, 2), None);
        let other = renumber(&moof, 7).unwrap();
        assert_eq!(read_head(&other, &Limits::default()).unwrap().track_id, 7);
        assert_eq!(renumber(&other, 2), Some(moof));
        for broken in [&b"moof"[..], b"", b"\0\0\0\x08moof"] {
            assert_eq!(renumber(broken, 7), None);
        }
    }

    #[test]
    fn a_moof_that_was_rewritten_once_is_rewritten_like_the_first() {
        let tfhd = full(b"tfhd", 0, 0x21, &hex("00000001 0000000000001234 01010000"));
        let trun = full(b"trun", 0, 0x200, &hex("00000001 00000009"));
        let sdtp = hex("00000000 73647470 00000000");
        let bare = sized(b"moof", &sized(b"traf", &[tfhd, trun, sdtp].concat()));
        for moof in [REFERENCE_MOOF(), bare] {
            let stored = rewrite(&moof, span(7), &[]).unwrap();
            for ahead in [&[][..], &[span(9)], &[span(9), span(11)]] {
                assert_eq!(rewrite(&stored, span(7), ahead), rewrite(&moof, span(7), ahead));
            }
        }
    }

    fn data_offset(moof: &[u8]) -> usize {
        let moof = Moof::read(moof, &Limits { ..Limits::default() }).unwrap();
        usize::try_from(moof.runs[0].data_offset.unwrap()).unwrap()
    }

    #[test]
    fn times_are_added_where_there_are_none_and_a_file_offset_goes() {
        let tfhd = full(b"tfhd", 0, 0x21, &hex("00000001 0000000000001234 01010000"));
        let trun = full(b"trun", 0, 0x200, &hex("00000001 00000009"));
        let other = sized(b"uuid", &[7; 20]);
        let moof = sized(b"moof", &sized(b"traf", &[tfhd, trun, other.clone()].concat()));
        let new = rewrite(&moof, span(5), &[span(6)]).unwrap();
        let expected_tfhd = full(b"tfhd", 0, 0x20, &hex("00000001 01010000"));
        let offset = u32::try_from(new.len() + 8).unwrap().to_be_bytes();
        let expected_trun =
            full(b"trun", 0, 0x201, &[&hex("00000001"), &offset[..], &hex("00000009")].concat());
        let times = [Tfxd(span(5)).write(), Tfrf(vec![span(6)]).write()].concat();
        let traf = sized(b"traf", &[expected_tfhd, expected_trun, other, times].concat());
        assert_eq!(new, sized(b"moof", &traf));
    }

    #[test]
    fn a_last_box_without_a_size_does_not_swallow_the_times() {
        let tfhd = full(b"tfhd", 0, 0, &hex("00000001"));
        let moof = sized(b"moof", &sized(b"traf", &[tfhd, hex("00000000 73647470 00000000")].concat()));
        let head = read_head(&rewrite(&moof, span(5), &[]).unwrap(), &Limits::default()).unwrap();
        assert_eq!(head.span, Some(span(5)));
    }

    #[test]
    fn a_media_header_of_16_bytes_is_kept_in_the_data_offset() {
        let mut moof = REFERENCE_MOOF();
        let at = moof.windows(4).position(|w| w == [0, 0, 0, 0xd5]).unwrap();
        moof[at + 3] = 0xdd;
        let bare = rewrite(&moof, span(5), &[]).unwrap();
        assert_eq!(data_offset(&bare), bare.len() + 16);
    }

    #[test]
    fn several_runs_stay_at_their_distance() {
        let tfhd = full(b"tfhd", 0, 0, &hex("00000001"));
        let runs = [
            full(b"trun", 0, 0x201, &hex("00000001 00000080 00000009")),
            full(b"trun", 0, 0x200, &hex("00000001 00000003")),
            full(b"trun", 0, 0x201, &hex("00000001 0000008c 00000004")),
        ];
        let moof = sized(b"moof", &sized(b"traf", &[tfhd, runs.concat()].concat()));
        let new = rewrite(&moof, span(5), &[]).unwrap();
        let moof = Moof::read(&new, &Limits { ..Limits::default() }).unwrap();
        let offsets: Vec<_> = moof.runs.iter().map(|run| run.data_offset).collect();
        let first = i32::try_from(new.len()).unwrap() + 8;
        assert_eq!(offsets, [Some(first), None, Some(first + 12)]);
    }
}

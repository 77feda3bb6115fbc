//! Where the fragments of sparse streams are, [MS-SSTR] 2.2.5: `video/mp4;ChildTrack="name=time,name=time"`.

use crate::text::{digits, split_at_any};

/// Names and start times in ticks of the fragments that a header with `ChildTrack` points at; none in any other
/// header. What cannot be read is left out.
pub fn child_tracks(header: &str) -> impl Iterator<Item = (&str, u64)> {
    const NAME: &[u8] = b"childtrack=\"";
    let at = header.as_bytes().windows(NAME.len()).position(|part| part.eq_ignore_ascii_case(NAME));
    let list = at.and_then(|at| header.get(at.saturating_add(NAME.len())..)).unwrap_or_default();
    let mut rest = split_at_any(list, b"\"").map_or("", |(list, _)| list);
    core::iter::from_fn(move || {
        while !rest.is_empty() {
            let (pointer, more) = split_at_any(rest, b",;").unwrap_or((rest, ""));
            rest = more;
            if let Some((name, time)) = split_at_any(pointer.trim_ascii(), b"=")
                && let Some(time) = digits(time)
            {
                return Some((name, time));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(header: &str) -> Vec<(&str, u64)> {
        child_tracks(header).collect()
    }

    #[test]
    fn pointers_to_several_streams_to_the_tick() {
        let header = "video/mp4;ChildTrack=\"markers=17472959488675333,caps=0\"";
        assert_eq!(read(header), [("markers", 17_472_959_488_675_333), ("caps", 0)]);
        assert_eq!(read("childtrack=\"a=1 ;b=x, c=3,=4\"; more=\"d=5\""), [("a", 1), ("c", 3), ("", 4)]);
        for nothing in ["", "video/mp4", "ChildTrack=", "ChildTrack=\"\"", "ChildTrack=\"a=1", "é"] {
            assert_eq!(read(nothing), [], "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let quoted = ["ChildTrack=\"", &text, "\""].concat();
            let _ = (child_tracks(&text).count(), child_tracks(&quoted).count());
        }
    }
}

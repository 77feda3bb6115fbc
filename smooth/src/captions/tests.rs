//! Documents as they are met, and documents as nobody should write them.

use super::*;
use crate::Limits;
use proptest::prelude::*;

/// A seed of the fuzz target.
macro_rules! corpus {
    ($name:literal) => {
        include_str!(concat!("../../fuzz/corpus/captions/", $name, ".ttml"))
    };
}

fn read(text: &str) -> Document {
    read_ttml(text.as_bytes(), &Limits::default()).unwrap()
}

/// Begin, end and text of the cues in a body.
fn body(body: &str) -> Vec<(u64, u64, String)> {
    let document = read(&format!("<tt>{body}</tt>"));
    document.cues.into_iter().map(|cue| (cue.begin_ms, cue.end_ms, cue.text)).collect()
}

/// The text of the only cue in a paragraph that lasts a second.
fn paragraph(content: &str) -> String {
    let mut cues = body(&format!("<body><div><p end='1s'>{content}</p></div></body>"));
    assert_eq!(cues.len(), 1, "{content}: {cues:?}");
    cues.pop().unwrap().2
}

fn percents(region: Option<Region>) -> [f64; 4] {
    let region = region.unwrap();
    [region.x, region.y, region.width, region.height].map(Percent::to_f64)
}

#[test]
fn dfxp_of_expression_encoder() {
    let text = corpus!("dfxp");
    let document = read(text);
    let [first, second] = &document.cues[..] else { panic!() };
    assert_eq!((first.begin_ms, first.end_ms, &*first.text), (1000, 3500, "First line,\nsecond line"));
    assert_eq!(first.align, Align::Center);
    assert_eq!(first.region.unwrap().display, DisplayAlign::After);
    assert_eq!((second.begin_ms, second.end_ms), (4000, 6000));
    assert_eq!(second.text, "<c.yellow><i>Who &lt;is&gt; it?</i></c>");

    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(read_ttml(&utf16, &Limits::default()).unwrap(), document);
}

#[test]
fn ebu_tt_d() {
    let document = read(corpus!("ebu-tt-d"));
    let [first, second] = &document.cues[..] else { panic!() };
    assert_eq!((first.begin_ms, first.end_ms), (36_001_000, 36_002_000));
    assert_eq!(first.text, "<c.cyan>Guten Abend</c>\n<c.black.bg_white>schwarz</c>");
    assert_eq!((first.align, second.align), (Align::Center, Align::Start));
    assert_eq!(percents(first.region), [10.0, 10.0, 80.0, 80.0]);
    assert_eq!(percents(second.region), [10.0, 10.0, 80.0, 80.0]);
    assert_eq!(webvtt::cue_settings(first).line, Some(webvtt::Line::Row(-3)));
    assert_eq!(webvtt::cue_settings(second).line, Some(webvtt::Line::Top(Percent::from_hundredths(1000))));
}

#[test]
fn smpte_tt_with_images() {
    let document = read(corpus!("smpte-tt"));
    assert_eq!(document.cues.len(), 3);
    let cue = &document.cues[0];
    assert_eq!((cue.begin_ms, cue.end_ms, &*cue.text), (1000, 2480, ""));
    assert_eq!(percents(cue.region), [25.0, 80.0, 50.0, 10.0]);
    assert_eq!(document.images[cue.image.unwrap()].png().unwrap(), b"\x89PNG\r\n\x1a\n\0\0\0\r");
    let last = document.cues.iter().filter_map(|cue| cue.image).next_back().unwrap();
    assert_eq!(document.images[last].base64, "AAAA");
    assert_eq!(document.cues.iter().filter(|cue| cue.text == "text" && cue.image.is_none()).count(), 1);
}

#[test]
fn imsc_with_initial_values_and_ticks() {
    let document = read(corpus!("imsc"));
    let cue = &document.cues[0];
    assert_eq!((cue.begin_ms, cue.end_ms, cue.align), (1000, 2500, Align::End));
    assert_eq!(cue.text, "<c.yellow><b>two  spaces</b></c> <c.yellow><b><i>then</i></b></c>");
}

#[test]
fn mediaconvert_from_608() {
    let document = read(corpus!("608"));
    let cue = &document.cues[0];
    assert_eq!((cue.begin_ms, cue.end_ms, &*cue.text), (5000, 6501, "&gt;&gt; HELLO"));
    assert_eq!(percents(cue.region), [25.0, 84.66, 50.0, 5.33]);
}

#[test]
fn spans_of_ffmpeg_name_the_region() {
    let document = read(corpus!("ffmpeg"));
    let cue = &document.cues[0];
    assert_eq!((cue.begin_ms, cue.end_ms, &*cue.text), (1500, 3000, "Hello &amp; you\nsecond line"));
    assert_eq!((percents(cue.region), cue.align), ([3.0, 0.0, 97.0, 97.0], Align::Center));
}

#[test]
fn times_nest() {
    let p = |begin, end, text: &str| (begin, end, text.to_owned());
    for (xml, cues) in [
        (
            "<body begin='10s'><div begin='1s' end='5s'><p begin='1s' end='2s'>a</p><p begin='3s'>b</p></div></body>",
            vec![p(12_000, 13_000, "a"), p(14_000, 15_000, "b")],
        ),
        ("<body><p>a</p></body>", vec![p(0, Cue::OPEN, "a")]),
        (
            "<body dur='4s'><p begin='1s' dur='2s' end='9s'>a</p><p begin='3s' end='9s'>b</p></body>",
            vec![p(1000, 3000, "a"), p(3000, 4000, "b")],
        ),
        (
            "<body><div timeContainer='seq'><p dur='1s'>a</p><p begin='1s' dur='1s'>b</p><p end='1s'>c</p></div></body>",
            vec![p(0, 1000, "a"), p(2000, 3000, "b"), p(3000, 4000, "c")],
        ),
        (
            "<body timeContainer='seq'><div><p end='1s'>a</p><p end='3s'>b</p></div><div><p dur='1s'>c</p></div></body>",
            vec![p(0, 1000, "a"), p(0, 3000, "b"), p(3000, 4000, "c")],
        ),
        (
            "<body><p begin='1s' end='9s'>Say <span begin='2s' end='4s'>a</span> <span begin='3s'>b</span></p></body>",
            vec![
                p(1000, 3000, "Say"),
                p(3000, 4000, "Say a"),
                p(4000, 5000, "Say a b"),
                p(5000, 9000, "Say b"),
            ],
        ),
        (
            "<body><p>\n<span begin='1s' end='2s'>a</span><br/>\n<span begin='2s' end='3s'>b</span>\n</p></body>",
            vec![p(1000, 2000, "a"), p(2000, 3000, "b")],
        ),
        (
            "<body><p begin='2s' end='1s'>a</p><p begin='1s' end='1s'>a</p><p begin='nonsense' end='1s'>b</p></body>",
            vec![p(0, 1000, "b")],
        ),
        ("<body begin='9999999999999999h'><p begin='18446744073709551615ms'>a</p></body>", vec![]),
    ] {
        assert_eq!(body(xml), cues, "{xml}");
    }
}

#[test]
fn text_and_white_space() {
    for (content, text) in [
        ("  a \n\t b  <br/>  <br/> c ", "a b\n\nc"),
        ("<br/>a<br/>", "a"),
        ("<span xml:space='preserve'>a\r\n  b</span>", "a\n  b"),
        ("a<span> b</span><span> <span> c </span></span>d", "a b c d"),
        ("a &amp;&#38; <![CDATA[<b>]]>", "a &amp;&amp; &lt;b&gt;"),
        ("a<metadata>no <span>no</span></metadata><set>no</set><x>no</x>b", "ab"),
        (
            "<span tts:display='none'>a</span><span tts:visibility='hidden'>b<span tts:visibility='visible'>c</span></span>",
            "c",
        ),
        ("<span tts:opacity='0'>a<span tts:opacity='1'>b</span></span><span tts:opacity='0.5'>c</span>", "c"),
        (
            "a<span tts:textDecoration='underline overline'>b<span tts:textDecoration='noUnderline'>c</span></span>",
            "a<u>b</u>c",
        ),
        ("<span tts:color='red'>a<br/>b</span><span tts:color='red'>c</span>", "<c.red>a\nbc</c>"),
        ("<span tts:color='white'>a</span> <span tts:color='black'>b</span>", "a b"),
        (
            "<span tts:fontWeight='bold'>a <span tts:fontWeight='normal' tts:fontStyle='oblique'>b</span></span>",
            "<b>a</b> <i>b</i>",
        ),
    ] {
        assert_eq!(paragraph(content), text, "{content}");
    }
    assert!(body("<body><div><p> <br/> </p><p/>text<p tts:display='none'>a</p></div></body>").is_empty());
}

#[test]
fn styles_refer_in_chains_and_circles() {
    let styles = |styles: &str, p: &str| {
        let head = format!("<head><styling>{styles}</styling></head>");
        body(&format!("{head}<body><p end='1s' {p}>a</p></body>"))[0].2.clone()
    };
    let chain = "<style id='a' style='b' color='red'/><style id='b' style='c' fontStyle='italic'/><style id='c' color='blue' fontWeight='bold'/>";
    assert_eq!(styles(chain, "style='a'"), "<c.red><b><i>a</i></b></c>");
    assert_eq!(styles(chain, "style='a c'"), "<c.blue><b><i>a</i></b></c>");
    assert_eq!(styles(chain, "style='a' color='lime'"), "<c.lime><b><i>a</i></b></c>");
    assert_eq!(
        styles("<style id='a' style='b'/><style id='b' style='a' fontStyle='italic'/>", "style='a'"),
        "<i>a</i>"
    );
    assert_eq!(styles("<style id='a' style='a nothing'/>", "style='a nothing'"), "a");
}

#[test]
fn what_is_refused() {
    let limits = Limits { cues: 2, ..Limits::default() };
    let cues = |n: usize| format!("<tt><body>{}</body></tt>", "<p>a</p>".repeat(n));
    assert!(read_ttml(cues(2).as_bytes(), &limits).is_ok());
    assert_eq!(read_ttml(cues(3).as_bytes(), &limits), Err(Error::Limit { what: "cues", max: 2 }));
    for (text, expected) in [
        ("<html/>", Error::Invalid { what: "captions", rule: "the root element is not tt" }),
        ("<tt><body>", Error::Incomplete { what: "XML" }),
    ] {
        assert_eq!(read_ttml(text.as_bytes(), &limits), Err(expected), "{text}");
    }
    assert!(read_ttml(b"<!DOCTYPE tt><tt/>", &limits).is_err());
    let head = |n: u32| (0..n).map(|n| format!("<style id='{n}'/>")).collect::<String>();
    assert!(read_ttml(format!("<tt><head>{}</head></tt>", head(4096)).as_bytes(), &limits).is_ok());
    assert!(read_ttml(format!("<tt><head>{}</head></tt>", head(4097)).as_bytes(), &limits).is_err());
    for empty in ["", " \r\n", "\u{feff}", "<tt/>", "<tt><head/><body/></tt>"] {
        assert_eq!(read_ttml(empty.as_bytes(), &limits), Ok(Document::default()));
    }
}

#[test]
fn times_relative_to_the_fragment() {
    let document = |cues: &[(u64, u64)]| Document { cues: body_cues(cues), images: Vec::new() };
    fn body_cues(cues: &[(u64, u64)]) -> Vec<Cue> {
        let cue = |&(begin_ms, end_ms): &(u64, u64)| Cue {
            begin_ms,
            end_ms,
            text: "a".into(),
            region: None,
            align: Align::default(),
            image: None,
        };
        cues.iter().map(cue).collect()
    }
    for (cues, start, duration, relative) in [
        (&[(0, 2000)][..], 60_000, 2000, true),
        (&[(60_000, 62_000)], 60_000, 2000, false),
        (&[(500, 3500)], 60_000, 2000, true), // lasts into the next fragment
        (&[(59_000, 60_500)], 60_000, 2000, false), // began in the one before
        (&[(58_000, 59_900)], 60_000, 2000, false), // came late
        (&[(0, 1000), (60_000, 61_000)], 60_000, 2000, false),
        (&[(0, Cue::OPEN)], 60_000, 2000, true),
        (&[(60_000, Cue::OPEN)], 60_000, 2000, false),
        (&[(10, 20)], 60_000, 0, true), // sparse: no duration
        (&[], 60_000, 2000, false),
        (&[(0, 1000)], 0, 2000, false), // both readings are the same
        (&[(0, 1900)], 2000, 2000, true),
        (&[(1500, 2500)], 2000, 2000, false), // either may be meant
    ] {
        assert_eq!(document(cues).times_are_relative(start, duration), relative, "{cues:?} {start}");
    }
    let place = |cues, relative| {
        let mut document = document(cues);
        document.place(60_000, 2000, relative);
        document.cues.iter().map(|cue| (cue.begin_ms, cue.end_ms)).collect::<Vec<_>>()
    };
    assert_eq!(place(&[(500, 3500), (0, Cue::OPEN)], true), [(60_500, 63_500), (60_000, 62_000)]);
    assert_eq!(place(&[(60_500, 61_000), (61_000, Cue::OPEN)], false), [(60_500, 61_000), (61_000, 62_000)]);
    assert!(place(&[(70_000, Cue::OPEN)], false).is_empty());
}

/// Bytes that a document holds on to.
fn weight(document: &Document) -> usize {
    let texts: usize = document.cues.iter().map(|cue| cue.text.capacity()).sum();
    let images: usize = document.images.iter().map(|image| image.base64.capacity()).sum();
    document.cues.capacity() * size_of::<Cue>()
        + document.images.capacity() * size_of::<Image>()
        + texts
        + images
}

#[test]
fn memory_stays_in_proportion() {
    let limits = Limits { cues: usize::MAX, ..Limits::default() };
    for (head, part) in [
        ("", "<p>a</p>"),
        ("", "<p><![CDATA[&&&&&&&&&&&&&&&&]]></p>"),
        ("", "<p><span begin='1s'>a</span><span begin='2s'>b</span><span begin='3s'>c</span></p>"),
        (
            "<style id='a' color='fuchsia' backgroundColor='fuchsia' fontWeight='bold' fontStyle='italic' textDecoration='underline'/>",
            "<p><span style='a'>a</span>b<span style='a'>a</span>b<span style='a'>a</span>b</p>",
        ),
        ("", "<p backgroundImage='#a'/><image id='a'>A</image>"),
    ] {
        let text = format!("<tt><head>{head}</head><body>{}</body></tt>", part.repeat(4000));
        let document = read_ttml(text.as_bytes(), &limits).unwrap();
        let ratio = weight(&document) / text.len();
        assert!(ratio < 64, "{part}: {ratio}");
    }
    let mut rolling = String::from("<tt><body><p>");
    for n in 0..5000 {
        rolling += &format!("<span begin='{n}s'>abcdefgh</span>");
    }
    rolling += "</p></body></tt>";
    let document = read_ttml(rolling.as_bytes(), &limits).unwrap();
    assert_eq!(document.cues.len(), 5000);
    assert!(weight(&document) < 64 * rolling.len());
}

const SEEDS: [&str; 3] = [
    "<tt ttp:tickRate='10000000' tts:extent='10px 10px'><head><styling><style id='a' style='b' tts:color='#12345678'/></styling><layout><region id='r' tts:origin='1c 5%'/></layout></head><body region='r'><div timeContainer='seq'><p begin='1t' style='a' dur='00:00:01:12.3'>a<br/>b<span begin='1.5s'>&lt;</span></p></div></body></tt>",
    "<tt><body><div smpte:backgroundImage='#a' end='1s'><image id='a'>AAAA</image></div></body></tt>",
    "<tt xml:space='preserve'><body><p end='1s'>a\n b<span tts:display='none'>x</span></p></body></tt>",
];

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = read_ttml(&bytes, &Limits::default());
    }

    #[test]
    fn no_mutated_document_panics(
        seed in 0..SEEDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..8),
        piece in "[-#:.%0-9a-z'<>&; ]{0,12}",
    ) {
        let mut bytes = SEEDS[seed].as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.splice(at..at, piece.bytes())),
                _ => drop(bytes.drain(at..bytes.len().min(at + usize::from(byte % 16)))),
            }
            if bytes.is_empty() { break; }
        }
        if let Ok(document) = read_ttml(&bytes, &Limits::default()) {
            prop_assert!(weight(&document) <= 64 * bytes.len());
            let _ = webvtt::write(&document.cues);
            prop_assert!(document.cues.iter().all(|cue| cue.begin_ms < cue.end_ms));
        }
    }

    #[test]
    fn written_cues_come_back(
        cues in prop::collection::vec((0..1u64 << 40, 1..1u64 << 30, "[!-~ \u{a1}-\u{2ff}\u{1f600}][ -~\u{a1}-\u{2ff}]{0,20}(\n{1,2}[!-~]{1,9})?"), 0..5),
        language in "[a-z<\"&]{0,5}",
    ) {
        let cues: Vec<_> = cues.into_iter().map(|(begin_ms, dur, text)| SimpleCue {
            begin_ms,
            end_ms: begin_ms + dur,
            // spaces at the ends of lines are lost
            text: text.split('\n').map(|line| line.trim_matches(' ')).collect::<Vec<_>>().join("\n").trim().into(),
        }).filter(|cue| !cue.text.is_empty()).collect();
        let document = read(&write_ttml(&cues, &language));
        prop_assert_eq!(document.cues.len(), cues.len());
        for (read, cue) in document.cues.iter().zip(&cues) {
            prop_assert_eq!((read.begin_ms, read.end_ms), (cue.begin_ms, cue.end_ms));
            let plain = read.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            prop_assert_eq!(&plain, &cue.text);
        }
    }
}

//! Caption documents for the player's reader in JavaScript (`www/src/ttml.js`), judged by the one in `smooth`.

use fastrand::Rng;
use serde_json::Value;
use smooth::Limits;
use smooth::captions::{Cue, Document, Percent, read_ttml, webvtt};

use crate::browser::Browser;

/// Lets the player's reader read in this browser what there is, and `more` documents made up at random.
///
/// # Panics
///
/// If it finds other cues than the judge, or reads what it should refuse.
pub async fn readers_agree(browser: &Browser, more: usize) {
    let mut documents = documents();
    let mut seed = Rng::with_seed(20);
    documents.extend((0..more).map(|_| random(&mut seed)));
    let mut differ = Vec::new();
    for (document, read) in documents.iter().zip(read(browser, &documents).await) {
        let judged = judged(document);
        if read.as_ref().ok() != judged.as_ref() {
            differ.push(format!("{}\npage   {read:?}\norigin {judged:?}", String::from_utf8_lossy(document)));
        }
    }
    assert!(differ.is_empty(), "{} differ\n{}", differ.len(), differ[..differ.len().min(9)].join("\n\n"));
    for (name, document) in refused() {
        let read = read(browser, core::slice::from_ref(&document)).await.remove(0);
        assert_eq!((judged(&document), read.ok()), (None, None), "{name}");
    }
    // What the origin reads, and what would hold a page up.
    let attributes: String = (0..20_000).map(|n| format!("a{n}='>' ")).collect();
    for (name, document) in [
        ("too many tags", format!("<tt><body><p>{}</p></body></tt>", "<b/>".repeat(200_000))),
        ("a long tag", format!("<tt><body><p {attributes}>a</p></body></tt>")),
    ] {
        assert!(read(browser, &[document.into_bytes()]).await.remove(0).is_err(), "{name}");
    }
}

/// What the player's reader makes of `documents` in this browser: a line for each cue, in words of [`judged`], or why it
/// refuses the document.
async fn read(browser: &Browser, documents: &[Vec<u8>]) -> Vec<Result<Vec<String>, String>> {
    let mut all = Vec::new();
    // A script of a few megabytes at a time.
    for some in documents.chunks(200) {
        let script = format!(
            "{READER}
            const line = ({{ begin, end, text, look }}) => [begin, end, text, look.align, look.line, look.snapToLines,
                look.position, look.size, look.image, look.place].map((value) => value ?? '-').join('|');
            return {}.map((document) => {{
                try {{ return readCaptions(Uint8Array.from(document)).map(line); }} catch (error) {{ return String(error); }}
            }});",
            serde_json::to_string(some).unwrap()
        );
        let read = browser.run(&script).await;
        let text = |text: &Value| text.as_str().unwrap().to_owned();
        let lines = |read: &Value| Ok(read.as_array().ok_or_else(|| text(read))?.iter().map(text).collect());
        all.extend(read.as_array().unwrap().iter().map(lines));
    }
    all
}

const READER: &str = include_str!("../../www/src/ttml.js");

/// The same by `smooth`.
fn judged(document: &[u8]) -> Option<Vec<String>> {
    let document = read_ttml(document, &Limits::default()).ok()?;
    Some(document.cues.iter().map(|cue| line(cue, &document)).collect())
}

fn line(cue: &Cue, document: &Document) -> String {
    let number = |number: f64| number.to_string();
    let percent = |percent: Percent| number(percent.to_f64());
    let settings = webvtt::cue_settings(cue);
    let (line, snap) = match settings.line {
        Some(webvtt::Line::Row(row)) => (row.to_string(), "-"),
        Some(webvtt::Line::Top(top)) => (percent(top), "false"),
        None => ("-".into(), "-"),
    };
    let image = cue.image.map(|index| document.images[index].base64.clone());
    let place = cue.region.map_or_else(
        || "0,0,100,100".to_owned(),
        |region| [region.x, region.y, region.width, region.height].map(percent).join(","),
    );
    let none = || "-".to_owned();
    [
        number(cue.begin_ms as f64),
        number(cue.end_ms as f64),
        cue.text.clone(),
        settings.align.keyword().to_owned(),
        line,
        snap.to_owned(),
        settings.position.map_or_else(none, percent),
        settings.size.map_or_else(none, percent),
        image.clone().unwrap_or_else(none),
        image.map_or_else(none, |_| place),
    ]
    .join("|")
}

/// Documents as they are met, and of everything that the reader knows a little.
fn documents() -> Vec<Vec<u8>> {
    let corpus: [&[u8]; 8] = [
        include_bytes!("../../smooth/fuzz/corpus/captions/608.ttml"),
        include_bytes!("../../smooth/fuzz/corpus/captions/dfxp.ttml"),
        include_bytes!("../../smooth/fuzz/corpus/captions/ebu-tt-d.ttml"),
        include_bytes!("../../smooth/fuzz/corpus/captions/ffmpeg.ttml"),
        include_bytes!("../../smooth/fuzz/corpus/captions/imsc.ttml"),
        include_bytes!("../../smooth/fuzz/corpus/captions/nested.ttml"),
        include_bytes!("../../smooth/fuzz/corpus/captions/smpte-tt.ttml"),
        include_bytes!("../../smooth/fuzz/corpus/captions/utf16le.ttml"),
    ];
    let mut all: Vec<Vec<u8>> = corpus.map(<[u8]>::to_vec).to_vec();
    for body in BODIES {
        all.push(format!("<tt>{body}</tt>").into_bytes());
    }
    for parameters in CLOCKS {
        let times: String = TIMES.iter().map(|time| format!("<p begin='{time}'>{time}</p>")).collect();
        all.push(format!("<tt {parameters}><body>{times}</body></tt>").into_bytes());
    }
    let colors = COLORS.iter().map(|color| {
        format!("<p tts:color='{color}'>a</p><p tts:backgroundColor='{color}' tts:color='black'>a</p>")
    });
    all.push(format!("<tt><body>{}</body></tt>", colors.collect::<String>()).into_bytes());
    for parameters in [
        "",
        "tts:extent='640px 480px' ttp:cellResolution='50 30'",
        "ttp:cellResolution='0 0'",
        "tts:extent='0px 10px'",
        "tts:extent='auto'",
    ] {
        let lengths = LENGTHS
            .iter()
            .flat_map(|a| LENGTHS.map(|b| format!("<p tts:origin='{a}' tts:extent='{b}'>a</p>")));
        all.push(format!("<tt {parameters}><body>{}</body></tt>", lengths.collect::<String>()).into_bytes());
    }
    let utf16 =
        |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let text = "<?xml version='1.0' encoding='iso-8859-1'?><tt><body><p>ü𝄞&#x1d11e;</p></body></tt>";
    for text in [text.to_owned(), format!("\u{feff}{text}")] {
        all.extend([
            text.clone().into_bytes(),
            utf16(&text, u16::to_le_bytes),
            utf16(&text, u16::to_be_bytes),
        ]);
        all.push([text.as_bytes(), &[0, 0]].concat());
    }
    all.extend(
        ["", " \r\n", "\u{feff}", "<tt/>", "<tt><head/><body/></tt>"].map(|empty| empty.as_bytes().to_vec()),
    );
    all
}

/// Documents that are refused.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let bomb = (1..10).map(|n| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10)));
    let bomb = bomb.collect::<String>();
    vec![
        ("not TTML", b"<html/>".to_vec()),
        ("no XML", b"WEBVTT".to_vec()),
        ("cut short", b"<tt><body><p>".to_vec()),
        ("wrongly nested", b"<tt><body></tt></body>".to_vec()),
        ("two roots", b"<tt/><tt/>".to_vec()),
        ("an unknown entity", b"<tt><body><p>&nbsp;</p></body></tt>".to_vec()),
        ("a document type", b"<!DOCTYPE tt><tt/>".to_vec()),
        (
            "entities of entities",
            format!("<!DOCTYPE tt [<!ENTITY e0 'ha'>{bomb}]><tt><body><p>&e9;</p></body></tt>").into_bytes(),
        ),
        (
            "a file of the system",
            b"<!DOCTYPE tt [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><tt><body><p>&f;</p></body></tt>"
                .to_vec(),
        ),
        ("neither UTF-8 nor UTF-16", b"<tt><body><p>\xfc</p></body></tt>".to_vec()),
        (
            "spans too deep",
            format!("<tt><body><p>{}a{}</p></body></tt>", "<span>".repeat(40), "</span>".repeat(40))
                .into_bytes(),
        ),
        (
            "deeper than a stack",
            format!("<tt><body><div>{}</div></body></tt>", "<div>".repeat(100_000)).into_bytes(),
        ),
        ("too many cues", format!("<tt><body>{}</body></tt>", "<p>a</p>".repeat(10_001)).into_bytes()),
    ]
}

/// A document that nobody has seen before: what the format knows, put together at random.
fn random(random: &mut Rng) -> Vec<u8> {
    let mut out = String::new();
    if random.bool() {
        out += "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    }
    // Some forget to declare what they use.
    out += ["<tt", "<tt xmlns='http://www.w3.org/ns/ttml' xmlns:tts='http://www.w3.org/ns/ttml#styling'"]
        [random.usize(..2)];
    out += " ";
    out += pick(random, &CLOCKS);
    out += pick(
        random,
        &["", " tts:extent='640px 480px'", " ttp:cellResolution='50 30'", " xml:space='preserve'"],
    );
    out += pick(random, &["", " tts:color='lime'", " tts:displayAlign='after' tts:textAlign='end'"]);
    out += "><head><metadata><image id='i1'>AA\n AA</image></metadata><styling>";
    if random.u8(..4) == 0 {
        out += "<initial";
        style(random, &mut out, 2);
        out += "/>";
    }
    for id in 1..=4 {
        out += &format!("<style xml:id='s{id}'");
        references(random, &mut out);
        style(random, &mut out, 3);
        out += "/>";
    }
    out += "</styling><layout>";
    for id in 1..=3 {
        out += &format!("<region xml:id='r{id}'");
        references(random, &mut out);
        style(random, &mut out, 3);
        out += ">";
        for _ in 0..random.usize(..3) {
            out += "<style";
            references(random, &mut out);
            style(random, &mut out, 2);
            out += "/>";
        }
        out += "</region>";
    }
    out += "</layout></head>";
    element(random, &mut out, "body", 0);
    out += "</tt>";
    match random.u8(..6) {
        0 => out.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        1 => std::iter::once(0xfeff).chain(out.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
        _ => out.into_bytes(),
    }
}

fn element(random: &mut Rng, out: &mut String, name: &str, depth: usize) {
    *out += "<";
    *out += name;
    for attribute in ["begin", "end", "dur"] {
        if random.u8(..3) == 0 {
            let time = [
                pick(random, &TIMES[..TIMES.len() - 1]).to_owned(),
                format!("{}s", random.u8(..9)),
                format!("{}00ms", random.u8(..99)),
            ];
            *out += &format!(" {attribute}='{}'", time[random.usize(..8).min(2)]);
        }
    }
    if random.u8(..4) == 0 {
        *out += pick(
            random,
            &[
                " timeContainer='seq'",
                " timeContainer='par'",
                " xml:space='preserve'",
                " xml:space='default'",
            ],
        );
    }
    if random.u8(..3) == 0 {
        *out += pick(random, &[" region='r1'", " region='r2'", " region=' r3 '", " region='nowhere'"]);
    }
    if random.u8(..8) == 0 {
        *out += pick(
            random,
            &[" smpte:backgroundImage='#i1'", " smpte:backgroundImage='#i2'", " smpte:backgroundImage='i1'"],
        );
    }
    references(random, out);
    style(random, out, 1);
    *out += ">";
    for _ in 0..random.usize(..4) + if depth == 0 { 3 } else { 0 } {
        let inner = match name {
            "body" | "div" => ["div", "p", "p", "span", "metadata"][random.usize(..5)],
            "p" | "span" => ["span", "span", "", "", "br", "metadata"][random.usize(..6)],
            _ => "",
        };
        match inner {
            "" => *out += pick(random, &TEXTS),
            "br" => *out += "<br/>",
            "metadata" => {
                *out += "<ttm:desc xmlns:ttm='x'>no <image xml:id='i2'>BBBB</image><span>no</span></ttm:desc>"
            }
            inner if depth < 6 => element(random, out, inner, depth + 1),
            _ => {}
        }
    }
    if name == "p" {
        *out += pick(random, &TEXTS);
    }
    *out += &format!("</{name}>");
}

fn references(random: &mut Rng, out: &mut String) {
    if random.u8(..3) == 0 {
        let names = ["s1", "s2 s1", " s3\ns4", "s4 nothing s2", ""];
        *out += &format!(" style='{}'", pick(random, &names));
    }
}

fn style(random: &mut Rng, out: &mut String, most: usize) {
    let mut used = Vec::new();
    for _ in 0..random.usize(..=most) {
        let (name, value) = match random.u8(..7) {
            0 => ("color", pick(random, &COLORS)),
            1 => ("backgroundColor", pick(random, &COLORS)),
            2 => {
                let pair = [pick(random, &LENGTHS), pick(random, &LENGTHS)];
                if !used.contains(&"origin") {
                    used.push("origin");
                    *out += &format!(" tts:origin='{}'", pair[0]);
                }
                ("extent", pair[1])
            }
            _ => *pick(random, &WORDS),
        };
        if !used.contains(&name) {
            used.push(name);
            *out += &format!(" tts:{name}='{value}'");
        }
    }
}

fn pick<'t, T: ?Sized>(random: &mut Rng, list: &[&'t T]) -> &'t T {
    list[random.usize(..list.len())]
}

const WORDS: [&(&str, &str); 22] = [
    &("fontStyle", "italic"),
    &("fontStyle", "oblique"),
    &("fontStyle", "normal"),
    &("fontWeight", "bold"),
    &("fontWeight", "normal"),
    &("textDecoration", "underline overline"),
    &("textDecoration", "noUnderline"),
    &("textDecoration", "none"),
    &("visibility", "hidden"),
    &("visibility", "visible"),
    &("display", "none"),
    &("display", "auto"),
    &("opacity", "0.0"),
    &("opacity", "0.5"),
    &("textAlign", "start"),
    &("textAlign", "center"),
    &("textAlign", "justify"),
    &("textAlign", "right"),
    &("textAlign", "toString"),
    &("displayAlign", "center"),
    &("displayAlign", "after"),
    &("displayAlign", "before"),
];

const TEXTS: [&str; 12] = [
    "a",
    " b ",
    "\n  c\t",
    "d &amp; &lt;e&gt; &#65;",
    "<![CDATA[<f> & ]]>",
    "<!-- no -->g<?no no?>",
    "  ",
    "\r\n h\r\n",
    "ü𝄞",
    "note:i j:k",
    "&quot;&apos;",
    "&#10;l&#13;&#9;m",
];

const CLOCKS: [&str; 10] = [
    "",
    "ttp:frameRate='30' ttp:frameRateMultiplier='1000 1001'",
    "ttp:frameRate='30' ttp:frameRateMultiplier='1000:1001'",
    "ttp:frameRate='25'",
    "ttp:frameRate='25' ttp:subFrameRate='4'",
    "ttp:tickRate='10000000'",
    "ttp:tickRate='0' ttp:frameRate='0'",
    "ttp:timeBase='smpte' ttp:frameRate='30' ttp:frameRateMultiplier='1000 1001'",
    "ttp:timeBase='smpte' ttp:frameRate='30' ttp:frameRateMultiplier='1000 1001' ttp:dropMode='dropNTSC'",
    "ttp:timeBase='smpte'",
];

const TIMES: [&str; 48] = [
    "00:00:01",
    "00:00:01.5",
    "00:00:01,5",
    " 01:02:03.0045678901234567890 ",
    "100:00:00.000",
    "00:00:01:15",
    "1.5h",
    ".5m",
    "90s",
    "1.25s",
    "12ms",
    "1f",
    "7t",
    "00:00:00:24",
    "00:00:00:01.2",
    "50t",
    "01:00:00:00",
    "00:01:00:02",
    "30f",
    "0.5f",
    "00:00:.5",
    "1.s",
    "",
    ":",
    "::",
    "s",
    "1",
    "1 s",
    "-1s",
    "+1s",
    "1x",
    "1.x2s",
    "00:01",
    "0:0:0:0:0",
    "00:00:-1",
    "é",
    "00:00:1é",
    "99999999999999999999s",
    "9999999999999999999h",
    "wallclock(2024)",
    "00:00:01:99999999999999999999",
    "18446744073709551615ms",
    "1..5s",
    ".s",
    "00:00:.",
    "1e3s",
    "constructor",
    // beyond what counts exactly in a double: last, for sums of it differ in the last digits
    "17000000005000000t",
];

const COLORS: [&str; 32] = [
    "#ffff00",
    "#FFFF00FF",
    "#c0c0c0",
    "#101010",
    "#0080ff",
    "rgb(255,0,0)",
    "rgba( 0, 255, 0, 255 )",
    "green",
    "navy",
    "fuchsia",
    "white",
    "black",
    "red",
    "gray",
    "purple",
    "aqua",
    "teal",
    "transparent",
    "#12345600",
    "rgba(1,2,3,0)",
    "",
    "#",
    "#fff",
    "#ggffff",
    "#é1234",
    "rgb(1,2,3",
    "rgb(256,0,0)",
    "inherit",
    "mauve",
    "rgb()",
    "rgb(255)",
    "constructor",
];

const LENGTHS: [&str; 19] = [
    "10% 80.25%",
    "16c 15c",
    "-5%\n  120%",
    "50rw 5rh",
    "64px 240px",
    "5c 3c",
    "100% 100%",
    "0% 0%",
    "80% 15%",
    "33.333% 12.5%",
    "auto",
    "1em 1em",
    "10%",
    "10 10",
    "% %",
    "1e9% 1%",
    "",
    "1% 2% 3%",
    "0px 0px",
];

/// The bodies that the tests of `smooth` know the cues of.
const BODIES: [&str; 30] = [
    "<body begin='10s'><div begin='1s' end='5s'><p begin='1s' end='2s'>a</p><p begin='3s'>b</p></div></body>",
    "<body><p>a</p></body>",
    "<body dur='4s'><p begin='1s' dur='2s' end='9s'>a</p><p begin='3s' end='9s'>b</p></body>",
    "<body><div timeContainer='seq'><p dur='1s'>a</p><p begin='1s' dur='1s'>b</p><p end='1s'>c</p></div></body>",
    "<body timeContainer='seq'><div><p end='1s'>a</p><p end='3s'>b</p></div><div><p dur='1s'>c</p></div></body>",
    "<body><p begin='1s' end='9s'>Say <span begin='2s' end='4s'>a</span> <span begin='3s'>b</span></p></body>",
    "<body><p>\n<span begin='1s' end='2s'>a</span><br/>\n<span begin='2s' end='3s'>b</span>\n</p></body>",
    "<body><p begin='2s' end='1s'>a</p><p begin='1s' end='1s'>a</p><p begin='nonsense' end='1s'>b</p></body>",
    "<body begin='9999999999999999h'><p begin='18446744073709551615ms'>a</p></body>",
    "<body><p>  a \n\t b  <br/>  <br/> c </p></body>",
    "<body><p><br/>a<br/></p></body>",
    "<body><p><span xml:space='preserve'>a\r\n  b</span></p></body>",
    "<body><p>a<span> b</span><span> <span> c </span></span>d</p></body>",
    "<body><p>a &amp;&#38; <![CDATA[<b>]]></p></body>",
    "<body><p>a<metadata>no <span>no</span></metadata><set>no</set><x>no</x>b</p></body>",
    "<body><p><span tts:display='none'>a</span><span tts:visibility='hidden'>b<span tts:visibility='visible'>c</span></span></p></body>",
    "<body><p><span tts:opacity='0'>a<span tts:opacity='1'>b</span></span><span tts:opacity='0.5'>c</span></p></body>",
    "<body><p>a<span tts:textDecoration='underline overline'>b<span tts:textDecoration='noUnderline'>c</span></span></p></body>",
    "<body><p><span tts:color='red'>a<br/>b</span><span tts:color='red'>c</span></p></body>",
    "<body><p><span tts:color='white'>a</span> <span tts:color='black'>b</span></p></body>",
    "<body><p><span tts:fontWeight='bold'>a <span tts:fontWeight='normal' tts:fontStyle='oblique'>b</span></span></p></body>",
    "<body><div><p> <br/> </p><p/>text<p tts:display='none'>a</p></div></body>",
    "<head><style id='a' style='b' color='red'/><style id='b' style='c' fontStyle='italic'/><style id='c' color='blue' fontWeight='bold'/></head><body><p style='a'>a</p><p style='a c'>a</p><p style='a' color='lime'>a</p></body>",
    "<head><style id='a' style='b'/><style id='b' style='a' fontStyle='italic'/><style id='c' style='c nothing'/></head><body><p style='a'>a</p><p style='c nothing'>a</p></body>",
    "<body><div smpte:backgroundImage='#a' end='1s'><image id='a'>AAAA</image></div></body>",
    "<body><div smpte:backgroundImage='#a' tts:display='none'/><p smpte:backgroundImage='#a' region='r'>text</p></body><image id='a'>AA AA</image>",
    "<head><layout><region id='r' tts:displayAlign='center' tts:textAlign='right'/></layout></head><body><p region='r'>one<br/>two</p></body>",
    "<head><layout><region id='r' style='s' tts:origin='0% 0%'><style tts:origin='9% 9%' tts:extent='100% 90%'/><style tts:extent='1% 1%' tts:displayAlign='after'/></region></layout></head><body><p region='r'>one<br/>two<br/>three</p></body>",
    "<body><p>a<!-- <tt> --> b</p></body><!-- </tt> -->",
    "<body><p region='none' style='none'>&#x1d11e;<span style='toString'>x</span></p></body>",
];

use super::*;
use crate::boxes::tests::{REFERENCE_MOOF, full, sized};
use crate::manifest::Kind;

fn smil(tracks: &[(u32, &str)]) -> Vec<u8> {
    let mut manifest = LiveServerManifest::default();
    for &(id, name) in tracks {
        let mut track = TrackInfo::new(id, Kind::Video);
        track.name = name.into();
        manifest.tracks.push(track);
    }
    let text = live::write(&manifest);
    sized(b"uuid", &[&LIVE_SERVER_MANIFEST[..], &[0; 4], text.as_bytes()].concat())
}

/// A list of the broadcast's push streams.
fn listing(sources: &str) -> Vec<u8> {
    let text = format!("<smil><body><par>{sources}</par></body></smil>");
    sized(b"uuid", &[&STREAM_MANIFEST[..], &[0; 4], text.as_bytes()].concat())
}

fn fragment() -> Vec<u8> {
    [REFERENCE_MOOF(), sized(b"mdat", &[7; 1150])].concat()
}

fn run(stream: &[u8], piece: usize) -> (Vec<Event>, Option<Error>) {
    run_with(stream, piece, Limits::default())
}

fn run_with(stream: &[u8], piece: usize, limits: Limits) -> (Vec<Event>, Option<Error>) {
    let mut demuxer = Demuxer::new(limits);
    let mut events = Vec::new();
    for piece in stream.chunks(piece) {
        demuxer.push(Bytes::copy_from_slice(piece));
        loop {
            match demuxer.poll() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(demuxer.poll(), Err(error));
                    return (events, Some(error));
                }
            }
        }
    }
    (events, None)
}

fn names(events: &[Event]) -> String {
    events
        .iter()
        .map(|event| match event {
            Event::Header(header) => {
                if header.from_smil {
                    'H'
                } else {
                    'M'
                }
            }
            Event::Fragment(_) => 'F',
            Event::EndOfStream => 'E',
        })
        .collect()
}

fn failure(stream: &[Vec<u8>]) -> Option<Error> {
    run(&stream.concat(), 100).1
}

#[test]
fn a_manifest_alone_is_a_header() {
    let free = sized(b"free", &[0; 99]);
    let mfra = sized(b"mfra", &[]);
    let other = sized(b"uuid", &[9; 30]);
    let stream = [sized(b"ftyp", b"isml\0\0\0\x01"), other, free.clone(), smil(&[(2, "video")]), fragment()];
    let stream = [&stream.concat()[..], &free, &fragment(), &mfra].concat();
    let (events, error) = run(&stream, stream.len());
    assert_eq!((names(&events).as_str(), error), ("HFFE", None));
    for piece in [1, 2, 7, 24, 100, 1000] {
        assert_eq!(run(&stream, piece), (events.clone(), None));
    }
    let Event::Fragment(fragment) = &events[1] else { panic!() };
    assert_eq!((fragment.track_id, &fragment.moof[..]), (2, &REFERENCE_MOOF()[..]));
    assert_eq!(fragment.mdat.len(), 1158);
}

#[test]
fn pieces_pushed_without_polling_are_kept() {
    let stream = [smil(&[(2, "video")]), fragment()].concat();
    let mut demuxer = Demuxer::new(Limits::default());
    for piece in stream.chunks(33) {
        demuxer.push(Bytes::copy_from_slice(piece));
    }
    assert!(matches!(demuxer.poll(), Ok(Some(Event::Header(_)))));
    assert!(matches!(demuxer.poll(), Ok(Some(Event::Fragment(_)))));
    assert_eq!(demuxer.poll(), Ok(None));
}

#[test]
fn a_repeated_header_is_told_again() {
    let header = [sized(b"ftyp", &[]), smil(&[(2, "video")])].concat();
    let stream = [&header[..], &fragment(), &header, &fragment()].concat();
    assert_eq!(names(&run(&stream, 64).0), "HFHF");
}

/// As ffmpeg writes with `-movflags isml+delay_moov`, which E-AC-3 needs.
#[test]
fn a_manifest_before_ftyp_is_of_the_same_header() {
    let header = [smil(&[(2, "video")]), sized(b"ftyp", &[])].concat();
    let next = [smil(&[(2, "other")]), sized(b"ftyp", &[])].concat();
    let stream = [&header[..], &fragment(), &next, &fragment(), &sized(b"ftyp", &[]), &fragment()].concat();
    for piece in [1, 64, 10_000] {
        let (events, error) = run(&stream, piece);
        assert_eq!((names(&events).as_str(), error), ("HFHFF", None));
        let name = |at: usize| match &events[at] {
            Event::Header(header) => (header.from_smil, header.tracks[0].name.as_str()),
            other => panic!("{other:?}"),
        };
        assert_eq!((name(0), name(2)), ((true, "video"), (true, "other")));
    }
}

#[test]
fn a_header_names_the_streams_that_the_box_before_it_lists() {
    let ftyp = sized(b"ftyp", b"isml\0\0\0\x01");
    let list = listing("<ref src='Streams(a)'/><ref src='Events(1)/Streams(b)'/>");
    let header = [ftyp.clone(), list, smil(&[(2, "video")]), fragment()].concat();
    let again = [ftyp, smil(&[(2, "video")]), fragment()].concat();
    for piece in [1, 7, 100, 10_000] {
        let (events, error) = run(&[header.clone(), again.clone()].concat(), piece);
        assert_eq!((names(&events).as_str(), error), ("HFHF", None));
        let streams = |at: usize| match &events[at] {
            Event::Header(header) => &header.streams[..],
            other => panic!("{other:?}"),
        };
        let b = StreamRef { event: Some("1".into()), id: "b".into() };
        assert_eq!(streams(0), [StreamRef { event: None, id: "a".into() }, b]);
        assert_eq!(streams(2), [], "another header lists none");
    }
    let rule = "the root is not smil";
    let broken = sized(b"uuid", &[&STREAM_MANIFEST[..], &[0; 4], b"<a/>"].concat());
    assert_eq!(failure(&[broken]), Some(Error::Invalid { what: "stream manifest", rule }));
}

#[test]
fn fragments_that_do_not_fit_the_header() {
    let invalid = |rule| Some(Error::Invalid { what: "moof", rule });
    assert_eq!(failure(&[fragment()]), invalid("it comes before the header"));
    let header = smil(&[(3, "video")]);
    assert_eq!(failure(&[header, fragment()]), invalid("its track is not in the header"));
    let header = smil(&[(2, "video")]);
    assert_eq!(
        failure(&[header.clone(), REFERENCE_MOOF(), fragment()]),
        invalid("the one before it has no mdat")
    );
    let timeless = sized(b"moof", &sized(b"traf", &full(b"tfhd", 0, 0, &[0, 0, 0, 2])));
    assert_eq!(failure(&[header.clone(), timeless]), invalid("it has no time"));
    let invalid = |rule| Some(Error::Invalid { what: "mdat", rule });
    assert_eq!(failure(&[header.clone(), sized(b"mdat", &[])]), invalid("no moof stands before it"));
    // Its samples have 1150 bytes.
    let cut = |len: usize| failure(&[header.clone(), REFERENCE_MOOF(), sized(b"mdat", &vec![7; len])]);
    assert_eq!([1149, 1150, 1151].map(cut), [invalid("it is smaller than its samples"), None, None]);
}

#[test]
fn tfdt_stands_in_for_tfxd() {
    let tfhd = full(b"tfhd", 0, 8, &[0, 0, 0, 2, 0, 0, 0, 5]);
    let tfdt = full(b"tfdt", 0, 0, &[0, 0, 0, 100]);
    let trun = full(b"trun", 1, 0x800, &[0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0]);
    let moof = sized(b"moof", &sized(b"traf", &[tfhd, tfdt, trun].concat()));
    let stream = [smil(&[(2, "video")]), moof, sized(b"mdat", &[])].concat();
    let (events, _) = run(&stream, 1000);
    let Event::Fragment(fragment) = &events[1] else { panic!() };
    assert_eq!(fragment.head.span, Some(Span { time: 103, duration: 10 }));
}

#[test]
fn a_size_is_refused_before_its_bytes_arrive() {
    let announce = |kind: &[u8], size: u32| [&size.to_be_bytes()[..], kind, &[0; 24]].concat();
    let limit = |what, max| Some(Error::Limit { what, max });
    let header = smil(&[(2, "video")]);
    let huge = u32::MAX;
    assert_eq!(failure(&[announce(b"moov", huge)]), limit("header_bytes", 1 << 20));
    assert_eq!(failure(&[header.clone(), announce(b"moof", huge)]), limit("moof_bytes", 1 << 20));
    let stream = [header, REFERENCE_MOOF(), announce(b"mdat", huge)];
    assert_eq!(failure(&stream), limit("fragment_bytes", 64 << 20));
    let endless = announce(b"mdat", 0);
    assert!(matches!(failure(&[endless]), Some(Error::Unsupported { .. })));
    let headers = [smil(&[(2, "video")]), smil(&[(2, "video")])].concat();
    let limits = Limits { header_bytes: headers.len() - 1, ..Limits::default() };
    assert!(matches!(run_with(&headers, 50, limits).1, Some(Error::Limit { what: "header_bytes", .. })));
}

#[test]
fn a_long_mfra_ends_the_stream_when_it_ends() {
    let stream = [smil(&[(2, "video")]), fragment(), sized(b"mfra", &[1; 5000])].concat();
    assert_eq!(names(&run(&stream, 100).0), "HFE");
    assert_eq!(names(&run(&stream[..stream.len() - 1], 100).0), "HF");
}

//! The management resources of IIS, with every code of their table.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::call;
use crate::harness::{Origin, Parts, STREAM, capture};

const LIST: &str = "/services/smoothstreaming/publishingpoints.isml";
const ATOM: &str = "Content-Type: application/atom+xml\r\n";

fn entry(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><entry xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title>\
         <content type=\"application/xml\"><SmoothStreaming \
         xmlns=\"http://schemas.microsoft.com/iis/media/2011/03/streaming/management\">{content}\
         </SmoothStreaming></content></entry>"
    )
}

fn state(value: &str) -> String {
    entry(&format!("<State><Value>{value}</Value></State>"))
}

/// Text of the first element of this name, read by a reader that we did not write, which also checks the rest.
fn text(document: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(document);
    let (mut inside, mut found) = (false, None);
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{e}\n{document}")) {
            Event::Start(e) if e.name().as_ref() == name && found.is_none() => {
                inside = true;
                found = Some(String::new());
            }
            Event::End(e) if e.name().as_ref() == name => inside = false,
            Event::Text(t) if inside => found.get_or_insert_default().push_str(&t),
            Event::GeneralRef(name) if inside => {
                found.get_or_insert_default().push_str(if &*name == "amp" { "&" } else { "?" });
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_written_for_iis_makes_runs_and_removes_a_point() {
    let origin = Origin::start().await;
    let settings = "<Settings><Title>Cup &amp; more</Title><EstimatedDuration>PT2H</EstimatedDuration>\
        <AutoStart>true</AutoStart><Archive enabled=\"false\"><SegmentLength>PT10M</SegmentLength>\
        <Path useEventIdOnPath=\"true\">/srv/x</Path></Archive><ClientConnections enabled=\"true\">\
        <WindowLength>PT10M</WindowLength><LiveCacheLength>PT30S</LiveCacheLength>\
        <ClientManifestVersion>2.2</ClientManifestVersion></ClientConnections>\
        <ServerConnections enabled=\"false\"><SendEndOfStreamOnStop>false</SendEndOfStreamOnStop></ServerConnections>\
        <PushTo><PublishingPoints><PublishingPoint credentialName=\"c\">http://b/x.isml</PublishingPoint>\
        </PublishingPoints></PushTo><Modules><Module id=\"1\"><HLS><SegmentLength>PT6S</SegmentLength>\
        <MaxBitRate>900000</MaxBitRate><Encryption enabled=\"true\"><Key>000102030405060708090a0b0c0d0e0f</Key>\
        </Encryption></HLS></Module></Modules></Settings>";
    let headers = format!("{ATOM}Slug: /tv/cup.isml\r\n");
    let made = call(&origin, "POST", &format!("{LIST}/settings"), &headers, &entry(settings)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("location"), "http://localhost/tv/cup.isml/settings");
    assert_eq!(made.header("content-type"), "application/atom+xml; charset=utf-8");
    let shown = call(&origin, "GET", "/tv/cup.isml/settings", "", "").await;
    assert_eq!(shown.status, 200);
    for (name, value) in [
        ("Title", "Cup & more"),
        ("SourceType", "Push"),
        ("EstimatedDuration", "PT2H"),
        ("AutoStart", "true"),
        ("LookAheadChunks", "2"),
        ("Path", "/srv/x"),
        ("WindowLength", "PT10M"),
        ("LiveCacheLength", "PT30S"),
        ("ClientManifestVersion", "2.2"),
        ("SendEndOfStreamOnStop", "false"),
        ("PublishingPoint", "http://b/x.isml"),
        ("MaxBitRate", "900000"),
        ("Key", "000102030405060708090A0B0C0D0E0F"),
    ] {
        assert_eq!(text(&shown.text(), name).as_deref(), Some(value), "{name} in {}", shown.text());
    }
    for attribute in ["<Archive enabled=\"false\">", "useEventIdOnPath=\"true\"", "credentialName=\"c\""] {
        assert!(shown.text().contains(attribute), "{attribute}");
    }
    // What is not spoken of stays.
    let put = call(
        &origin,
        "PUT",
        "/tv/cup.isml/settings",
        ATOM,
        &entry("<Settings><Title>New</Title></Settings>"),
    )
    .await;
    assert_eq!((put.status, put.body.len()), (200, 0));
    let shown = call(&origin, "GET", "/TV/Cup.isml/Settings", "", "").await.text();
    assert_eq!(
        (text(&shown, "Title").unwrap(), text(&shown, "EstimatedDuration").unwrap()),
        ("New".into(), "PT2H".into())
    );

    let list = call(&origin, "GET", LIST, "", "").await.text();
    assert_eq!(text(&list, "title").as_deref(), Some("Publishing Point Collection"));
    assert!(list.contains("http://localhost/tv/cup.isml/state") && !list.contains("<Settings>"), "{list}");
    let list = call(&origin, "GET", &format!("{LIST}/settings"), "", "").await.text();
    assert_eq!(list.matches("<Settings>").count(), 2);

    assert_eq!(call(&origin, "PUT", "/tv/cup.isml/state", ATOM, &state("Started")).await.status, 200);
    let now = call(&origin, "GET", "/tv/cup.isml/state", "", "").await.text();
    assert_eq!(text(&now, "Value").as_deref(), Some("Starting"));
    let now = call(&origin, "GET", "/tv/cup.isml/statistics", "", "").await.text();
    assert!(now.contains("<OutputStream name=\"http://b/x.isml\">"), "{now}");
    // A point that runs is stopped first.
    let gone = call(&origin, "DELETE", "/tv/cup.isml/settings", "", "").await;
    assert_eq!((gone.status, gone.body.len()), (200, 0));
    assert_eq!(call(&origin, "GET", "/tv/cup.isml/state", "", "").await.status, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_code() {
    let origin = Origin::start().await;
    let settings = |content: &str| entry(&format!("<Settings>{content}</Settings>"));
    let started = async || {
        assert_eq!(call(&origin, "PUT", "/live.isml/state", ATOM, &state("Started")).await.status, 200)
    };
    let list = format!("{LIST}/settings");
    let slug = |value: &str| format!("{ATOM}Slug: {value}\r\n");
    let refused = async |method: &str, path: &str, headers: &str, body: &str, status: u16, code: &str| {
        let response = call(&origin, method, path, headers, body).await;
        let document = response.text();
        let said = (response.status, text(&document, "ErrorCode"));
        assert_eq!(said, (status, Some(format!("0x{code}"))), "{method} {path} {document}");
        assert!(text(&document, "ErrorMessage").is_some() && text(&document, "InternalError").is_some());
        assert_eq!(response.header("access-control-allow-origin"), "");
    };
    refused("DELETE", "/live.isml/state", "", "", 405, "80880020").await;
    refused("PUT", LIST, "", "", 405, "80880020").await;
    refused("PUT", "/live.isml/state", "", &state("Started"), 415, "80880021").await;
    refused("PUT", "/live.isml/settings", "Content-Type: application/json\r\n", "{}", 415, "80880021").await;
    refused("GET", "/live.isml/state", "X-Forwarded-For: 192.0.2.9\r\n", "", 401, "80880023").await;
    refused("PUT", "/live.isml/state", ATOM, &entry("<Settings/>"), 400, "80880024").await;
    refused("PUT", "/live.isml/state", ATOM, "<html/>", 400, "80880024").await;
    refused("PUT", "/live.isml/state", ATOM, "<entry><content>", 400, "80880025").await;
    refused("PUT", "/live.isml/state", ATOM, "Started", 400, "80880025").await;
    refused("PUT", "/live.isml/state", ATOM, &state("Broadcasting"), 400, "80880026").await;
    for wrong in [
        "<LookAheadChunks>many</LookAheadChunks>",
        "<LookAheadChunks>99</LookAheadChunks>",
        "<EstimatedDuration>2h</EstimatedDuration>",
        "<AutoStart>maybe</AutoStart>",
        "<SourceType>Pull</SourceType>",
    ] {
        refused("PUT", "/live.isml/settings", ATOM, &settings(wrong), 400, "80880026").await;
    }
    for transition in ["Starting", "Stopping", "ShuttingDown"] {
        refused("PUT", "/live.isml/state", ATOM, &state(transition), 400, "80880027").await;
    }
    refused("PUT", "/live.isml/state", ATOM, &state("Stopped"), 400, "80880028").await;
    refused("GET", "/live.isml/statistics", "", "", 400, "8088002F").await;
    started().await;
    refused("PUT", "/live.isml/settings", ATOM, &settings("<Title>x</Title>"), 400, "80880029").await;
    refused("POST", &list, &slug("/live.isml"), &settings(""), 400, "8088002B").await;
    refused("POST", &list, ATOM, &settings(""), 400, "8088002C").await;
    for wrong in ["/live", "/../x.isml", "%zz", "/.x.isml"] {
        refused("POST", &list, &slug(wrong), &settings(""), 400, "8088002D").await;
    }
    for (method, resource) in
        [("GET", "settings"), ("DELETE", "settings"), ("GET", "state"), ("GET", "statistics")]
    {
        refused(method, &format!("/none.isml/{resource}"), "", "", 404, "8088002E").await;
    }
    let long = settings(&format!("<Title>{}</Title>", "a".repeat(300_000)));
    refused("PUT", "/live.isml/settings", ATOM, &long, 413, "80070057").await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_to_sign_in_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials.toml");
    std::fs::write(&file, "[[user]]\nname = \"op\"\npassword = \"secret\"\nadmin = true\n").unwrap();
    let origin = Origin::with(&[], |s| s.credentials = file.clone()).await;
    let refused = call(&origin, "GET", "/live.isml/state", "", "").await;
    assert_eq!((refused.status, text(&refused.text(), "ErrorCode").unwrap()), (401, "0x80880022".into()));
    assert!(refused.header("www-authenticate").starts_with("Basic"));
    let allowed = call(&origin, "GET", "/live.isml/state", "Authorization: Basic b3A6c2VjcmV0\r\n", "").await;
    assert_eq!(allowed.status, 200);
    // The page asks by itself: with a challenge the browser would put its own dialog in front.
    let page = call(&origin, "GET", "/api/v1/points", "X-Requested-With: silverlane-admin\r\n", "").await;
    assert_eq!((page.status, page.header("www-authenticate")), (401, ""));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_name_streams_sources_and_tracks() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..6)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=60000000)", 200).await;
    let now = call(&origin, "GET", "/live.isml/statistics", "", "").await;
    let document = now.text();
    assert_eq!(now.status, 200);
    assert!(document.contains("<InputStream id=\"Encoder1\">"), "{document}");
    assert_eq!(document.matches("<Track id=").count(), 4);
    for part in [
        "<State>Started</State>",
        "<Source name=\"HTTP Push\">",
        "<Property name=\"Source IP\">127.0.0.1</Property>",
        "<Sink name=\"IIS Smooth Streaming\">",
        "<EncodedBitRate>100000</EncodedBitRate>",
        "<IncomingFragmentTimeStamp>100000000</IncomingFragmentTimeStamp>",
    ] {
        assert!(document.contains(part), "{part} in {document}");
    }
    drop(push);
    origin.stop().await;
}

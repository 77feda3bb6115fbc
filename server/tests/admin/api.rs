//! The JSON API.

use serde_json::{Value, json};

use crate::harness::{END, Origin, Parts, STREAM, capture};
use crate::{call, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_point_lives_from_its_making_to_its_removal() {
    let origin = Origin::start().await;
    let settings = json!({ "title": "A & B", "windowLength": 600, "appleOutput": true });
    let new = json!({ "path": "/sub/new point.isml", "settings": settings });
    let made =
        call(&origin, "POST", "/api/v1/points", "Content-Type: application/json\r\n", &new.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let address = made.header("location").to_owned();
    assert_eq!(address, "/api/v1/points/sub/new%20point.isml");
    let file = std::fs::read_to_string(origin.root().join("sub/new point.isml")).unwrap();
    assert!(file.contains("A &amp; B") && file.contains("m3u8-aapl"), "{file}");
    let (status, again) = json(&origin, "POST", "/points", &new).await;
    assert_eq!((status, &again["error"]), (409, &json!("exists")));
    assert!(again["fields"]["path"].is_string());

    let address = address.strip_prefix("/api/v1").unwrap();
    let (_, shown) = json(&origin, "GET", address, &Value::Null).await;
    assert_eq!(shown["settings"]["windowLength"], 600);
    assert_eq!(shown["settings"]["lookAheadChunks"], 2);
    assert_eq!(shown["urls"]["smooth"], "/sub/new%20point.isml/Manifest");
    let (_, list) = json(&origin, "GET", "/points", &Value::Null).await;
    let paths: Vec<_> = list["points"].as_array().unwrap().iter().map(|p| p["path"].clone()).collect();
    assert_eq!(paths, ["/live.isml", "/sub/new point.isml"]);

    let state = format!("{address}/state");
    let (status, reached) = json(&origin, "PUT", &state, &json!({ "state": "Started" })).await;
    assert_eq!((status, &reached["state"]), (200, &json!("Starting")));
    // Once it is so, asking again changes nothing.
    assert_eq!(json(&origin, "PUT", &state, &json!({ "state": "Started" })).await.0, 200);
    let (status, refused) = json(&origin, "PUT", address, &settings).await;
    assert_eq!((status, &refused["error"]), (409, &json!("state")));
    assert_eq!(json(&origin, "PUT", &state, &json!({ "state": "Stopped" })).await.1["state"], "Stopped");
    assert_eq!(json(&origin, "PUT", &state, &json!({ "state": "Started" })).await.0, 409);
    assert_eq!(json(&origin, "PUT", &state, &json!({ "state": "Idle" })).await.1["state"], "Idle");
    let (status, wrong) = json(&origin, "PUT", &state, &json!({ "state": "Stopping" })).await;
    assert_eq!((status, &wrong["error"]), (400, &json!("no-such-state")));

    assert_eq!(json(&origin, "DELETE", address, &Value::Null).await.0, 204);
    assert!(!origin.root().join("sub/new point.isml").exists());
    assert_eq!(json(&origin, "GET", address, &Value::Null).await.0, 404);
    assert_eq!(json(&origin, "DELETE", address, &Value::Null).await.0, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_settings_does_not_overwrite_what_came_after() {
    let origin = Origin::start().await;
    let put = async |tag: &str, body: Value| {
        let headers = format!("Content-Type: application/json\r\n{tag}");
        call(&origin, "PUT", "/api/v1/points/live.isml", &headers, &body.to_string()).await
    };
    let first = call(&origin, "GET", "/api/v1/points/live.isml", "", "").await;
    let tag = first.header("etag").to_owned();
    assert_eq!(put("", json!({})).await.status, 428);
    let changed = put(&format!("If-Match: {tag}\r\n"), json!({ "title": "One" })).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(put(&format!("If-Match: {tag}\r\n"), json!({ "title": "Two" })).await.status, 412);
    // An edit by hand counts, too, and what this version does not know stays.
    let tag = changed.header("etag").to_owned();
    let file = origin.root().join("live.isml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text =
        text.replace("\"One\"", "\"By hand\"").replace("</head>", "<meta name=\"x\" content=\"y\"/></head>");
    std::fs::write(&file, text).unwrap();
    assert_eq!(put(&format!("If-Match: {tag}\r\n"), json!({ "title": "Two" })).await.status, 412);
    assert_eq!(put("If-Match: *\r\n", json!({ "title": "Three" })).await.status, 200);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("Three") && text.contains("name=\"x\" content=\"y\""), "{text}");
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_say_what_is_wrong() {
    let origin = Origin::with(&[], |s| s.max_admin_body_bytes = 2000).await;
    for (method, path, body, status, error) in [
        ("GET", "/nothing", "", 404, "no-such-resource"),
        ("GET", "/points/none.isml", "", 404, "no-such-point"),
        ("GET", "/points/live.isml/none", "", 404, "no-such-resource"),
        ("PATCH", "/points/live.isml", "", 405, "method"),
        ("POST", "/settings", "", 405, "method"),
        ("POST", "/points", "{", 400, "bad-json"),
        ("POST", "/points", r#"{"path":"/a.isml","settings":{"titel":"x"}}"#, 400, "bad-json"),
        ("POST", "/points", r#"{"path":"/a.isml","settings":{"lookAheadChunks":-1}}"#, 400, "bad-json"),
        ("POST", "/points", r#"{"path":"/a.isml","settings":{"lookAheadChunks":11}}"#, 400, "bad-settings"),
        ("POST", "/points", r#"{"path":"/../a.isml"}"#, 400, "bad-path"),
        ("POST", "/points", r#"{"path":"/a.txt"}"#, 400, "bad-path"),
        ("POST", "/points", r#"{"path":"/live.isml"}"#, 409, "exists"),
        ("PUT", "/points/live.isml/state", r#"{"state":"Live"}"#, 400, "no-such-state"),
    ] {
        let headers = "Content-Type: application/json\r\n";
        let response = call(&origin, method, &format!("/api/v1{path}"), headers, body).await;
        let problem: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(
            (response.status, &problem["error"]),
            (status, &json!(error)),
            "{method} {path} {problem}"
        );
        assert!(problem["message"].is_string());
        assert_eq!(response.header("access-control-allow-origin"), "");
        assert_eq!(response.header("allow").is_empty(), status != 405);
    }
    let plain =
        call(&origin, "POST", "/api/v1/points", "Content-Type: text/plain\r\n", r#"{"path":"/a.isml"}"#)
            .await;
    assert_eq!(plain.status, 415);
    let long = format!(r#"{{"path":"/{}.isml"}}"#, "a".repeat(3000));
    let long = call(&origin, "POST", "/api/v1/points", "Content-Type: application/json\r\n", &long).await;
    assert_eq!(long.status, 413);
    assert!(!origin.root().join("a.isml").exists());
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_and_other_machines_are_kept_out() {
    let origin = Origin::start().await;
    let body = r#"{"path":"/evil.isml"}"#;
    for headers in [
        "Origin: http://evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "X-Forwarded-For: 192.0.2.1\r\n",
    ] {
        let headers = format!("Content-Type: application/json\r\n{headers}");
        assert_eq!(call(&origin, "POST", "/api/v1/points", &headers, body).await.status, 403, "{headers}");
    }
    // What a browser asks before: no leave is given.
    let preflight = call(&origin, "OPTIONS", "/api/v1/points", "Origin: http://evil.example\r\n", "").await;
    assert_eq!(preflight.header("access-control-allow-origin"), "");
    assert!(!origin.root().join("evil.isml").exists());
    for path in ["/api/v1/points", "/metrics"] {
        let read = call(&origin, "GET", path, "", "").await;
        assert_eq!((read.status, read.header("access-control-allow-origin")), (200, ""), "{path}");
    }
    // By another name than its own, it may be another site that speaks.
    let rebound = origin.get("/api/v1/points").await;
    assert_eq!(rebound.status, 403);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_follow_a_broadcast() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..8)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=100000000)", 200).await;
    let (status, now) = json(&origin, "GET", "/points/live.isml/statistics", &Value::Null).await;
    assert_eq!((status, &now["state"]), (200, &json!("Started")));
    let video = &now["streams"][0];
    assert_eq!((&video["kind"], &video["timescale"]), (&json!("video"), &json!(10_000_000)));
    let tracks = video["tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), 3);
    for track in tracks {
        assert!(track["codec"].as_str().unwrap().starts_with("avc1."), "{track}");
        assert_eq!(track["fragments"]["accepted"], 8);
        assert_eq!(track["last"]["time"], "140000000");
    }
    assert_eq!(now["sources"][0]["address"], "127.0.0.1");
    assert_eq!(now["outputs"][0]["name"], "IIS Smooth Streaming");
    assert!(
        now["window"]["seconds"].as_f64().unwrap() >= 14.0 && now["memoryBytes"].as_u64().unwrap() > 100_000
    );
    assert_eq!(now["archive"]["state"], "writing");
    let (_, list) = json(&origin, "GET", "/points", &Value::Null).await;
    assert_eq!(list["points"][0]["state"], "Started");
    push.piece(END).await;
    assert_eq!(push.finish().await.status, 200);
    let (_, now) = json(&origin, "GET", "/points/live.isml/statistics", &Value::Null).await;
    assert_eq!((&now["state"], &now["archive"]["state"]), (&json!("Stopped"), &json!("sealed")));
    assert!(now["archive"]["bytes"].as_u64().unwrap() > 100_000, "{}", now["archive"]);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_cannot_be_written_is_told_of_everywhere() {
    // A folder cannot be made in a file, not even by an administrator.
    let origin = Origin::with(&[], |s| s.archive_root = "live.isml".into()).await;
    let (_, idle) = json(&origin, "GET", "/points/live.isml", &Value::Null).await;
    assert_eq!(idle["archive"]["state"], "idle");
    assert_eq!(origin.get("/readyz").await.status, 200);
    let parts = Parts::of(&capture());
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..8)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=80000000)", 200).await;
    let now = loop {
        let (_, now) = json(&origin, "GET", "/points/live.isml/statistics", &Value::Null).await;
        if now["archive"]["state"] == "failing" {
            break now;
        }
    };
    assert_eq!(now["state"], "Started", "live goes on");
    assert!(now["archive"]["message"].is_string());
    let ready = origin.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("1 archive") && !ready.text().contains("live.isml"), "{}", ready.text());
    let metrics = call(&origin, "GET", "/metrics", "", "").await.text();
    assert!(metrics.contains("silverlane_archive_healthy{point=\"/live.isml\"} 0.0"), "{metrics}");
    drop(push);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_names_every_call_and_every_setting() {
    let origin = Origin::start().await;
    let (status, document) = json(&origin, "GET", "/openapi.json", &Value::Null).await;
    assert_eq!((status, &document["servers"][0]["url"]), (200, &json!("/api/v1")));
    for (path, methods) in [
        ("/server", &["get"][..]),
        ("/settings", &["get"]),
        ("/points", &["get", "post"]),
        ("/points/{path}", &["get", "put", "delete"]),
        ("/points/{path}/state", &["put"]),
        ("/points/{path}/statistics", &["get"]),
    ] {
        for method in methods {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for (at, _) in text.match_indices("#/components/schemas/") {
        let name = text[at..].split('"').next().unwrap().rsplit('/').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    let described = &document["components"]["schemas"]["PointSettings"]["properties"];
    let (_, schema) = json(&origin, "GET", "/settings", &Value::Null).await;
    for setting in schema["settings"].as_array().unwrap() {
        assert!(described[setting["name"].as_str().unwrap()].is_object(), "{setting}");
    }
    origin.stop().await;
}

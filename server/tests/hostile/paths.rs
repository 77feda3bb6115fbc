//! Paths that would lead out of the root, or into what is not public.

use proptest::prelude::*;

use crate::harness::{Origin, Parts, capture};

const SECRET: &str = "the secret of another folder";

/// An origin with secrets around and in it, and links to them.
async fn origin() -> (Origin, tempfile::TempDir) {
    // A secret of the server itself, with a name that tells nothing.
    let origin = Origin::with(&[], |s| s.tls_key = s.root.join("server-secret.txt")).await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.txt"), SECRET).unwrap();
    let root = origin.root();
    std::fs::copy(root.join("live.isml"), outside.path().join("other.isml")).unwrap();
    std::fs::create_dir_all(root.join("folder/.git")).unwrap();
    for hidden in ["folder/.git/config", ".env", "credentials.toml", "folder/Settings.TOML"] {
        std::fs::write(root.join(hidden), SECRET).unwrap();
    }
    std::fs::write(root.join("folder/page.html"), "page").unwrap();
    std::fs::create_dir(root.join("indexed")).unwrap();
    std::fs::write(root.join("server-secret.txt"), SECRET).unwrap();
    std::fs::write(root.join("server.pem"), SECRET).unwrap();
    #[cfg(unix)]
    for (target, link) in [
        (outside.path().to_owned(), "away"),
        (outside.path().join("secret.txt"), "folder/link.txt"),
        (outside.path().join("other.isml"), "linked.isml"),
        (outside.path().to_owned(), "folder/deep"),
        (outside.path().join("secret.txt"), "indexed/index.html"),
        (root.join(".env"), "public.txt"),
        (root.join("server-secret.txt"), "also.txt"),
    ] {
        std::os::unix::fs::symlink(target, root.join(link)).unwrap();
    }
    (origin, outside)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_root_or_to_what_is_hidden() {
    let (origin, outside) = origin().await;
    let name = outside.path().file_name().unwrap().to_str().unwrap().to_owned();
    for path in [
        "/../{}/secret.txt",
        "/folder/../../{}/secret.txt",
        "/%2e%2e/{}/secret.txt",
        "/%2e%2e%2f{}%2fsecret.txt",
        "/..%2f{}%2fsecret.txt",
        "/folder/%2e%2e/%2e%2e/{}/secret.txt",
        "/..%5c{}%5csecret.txt",
        "/..\\{}\\secret.txt",
        "/%252e%252e/{}/secret.txt",
        "/folder/..;/../{}/secret.txt",
        "//../{}/secret.txt",
        "/%c0%ae%c0%ae/{}/secret.txt",
        "/\u{2025}/{}/secret.txt",
        "/away/secret.txt",
        "/folder/link.txt",
        "/indexed/",
        "/indexed",
        "/public.txt",
        "/also.txt",
        "/server-secret.txt",
        "/server.pem",
        "/folder/deep/secret.txt",
        "/folder/.git/config",
        "/folder/%2egit/config",
        "/.env",
        "/credentials.toml",
        "/CREDENTIALS.toml",
        "/folder/settings.toml",
        "/folder/Settings.TOML",
        "/folder/Settings.TOML/",
        "/credentials.toml.",
        "/credentials.toml%20",
        "/credentials.toml%00.html",
        "/credentials.toml%00",
        "/credentials.toml::$DATA",
        "/live.isml",
        "/live.isml/",
        "/live.isml.",
        "/~x/credentials.toml",
        "/~x/../{}/secret.txt",
        "/~x/~y/.env",
    ] {
        let path = path.replace("{}", &name);
        // As bytes: what is no URL is sent as well.
        let response = origin.get(&path).await;
        assert!([400, 404].contains(&response.status), "{path}: {}", response.status);
        assert!(!response.text().contains(SECRET) && !response.text().contains("smil"), "{path}");
    }
    assert_eq!(origin.get("/folder/page.html").await.text(), "page");
    for path in ["/linked.isml/Manifest", "/away/other.isml/Manifest", "/folder/deep/other.isml/Manifest"] {
        assert!(origin.get(path).await.text().contains("no-such-point"), "{path}");
        let stream = path.replace("Manifest", "Streams(1)");
        let posted = origin.request("POST", &stream, "Content-Length: 0\r\n").await;
        assert_eq!(posted.status, 404, "{path}");
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_streams_and_events_are_not_paths() {
    let (origin, outside) = origin().await;
    let around = files(outside.path());
    let stream = Parts::of(&capture()).stream(0..4);
    for name in [
        "..%2f..%2fescaped",
        "%2e%2e",
        "%2fetc%2fescaped",
        "..%5cescaped",
        "a%00b",
        "away%2fescaped",
        "CON",
        "x.isml",
        "-rf",
        "%7e",
        "a%0ab",
    ] {
        for path in [format!("/live.isml/Streams({name})"), format!("/live.isml/Events({name})/Streams(1)")] {
            let status = origin.post(&path, &stream, 1 << 16).await.status;
            assert!([200, 400, 404, 409].contains(&status), "{path} {status}");
        }
    }
    assert_eq!(files(outside.path()), around);
    let all = [files(origin.root()), names(origin.root().parent().unwrap())].concat();
    assert!(
        all.iter().all(|file| !file.contains("escaped") || file.contains(origin.root().to_str().unwrap()))
    );
    assert!(!std::path::Path::new("/etc/escaped").exists());
    assert_eq!(origin.get("/live.isml/Streams(x)").await.status, 405);
    assert_eq!(origin.get("/healthz").await.status, 200);
    origin.stop().await;
}

fn names(folder: &std::path::Path) -> Vec<String> {
    std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path().display().to_string()).collect()
}

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        all.push(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&entry.path()));
        }
    }
    all.sort();
    all
}

/// Parts that a path may be made of, evil and good.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "..", ".", "", "%2e%2e", "%2E.", "..%2f", "%5c..", "..\\", "away", "folder", "deep", "link.txt",
            "secret.txt", ".git", "config", ".env", "credentials.toml", "Settings.TOML", "live.isml",
            "linked.isml", "indexed", "public.txt", "also.txt", "server-secret.txt", "server.pem", "Manifest", "%00", "~", "~x", "Streams(..)", "QualityLevels(1)", "page.html",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{0,6}",
        1 => "(%[0-9a-fA-F]{2}){1,3}",
    ]
}

#[test]
fn whatever_a_path_is_made_of_no_secret_comes_out() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (origin, outside) = runtime.block_on(origin());
    let name = outside.path().file_name().unwrap().to_str().unwrap().to_owned();
    let paths = prop::collection::vec(prop_oneof![4 => part(), 1 => Just(name)], 1..7);
    proptest!(ProptestConfig::with_cases(1500), |(parts in paths)| {
        let path: String = format!("/{}", parts.join("/")).replace([' ', '\r', '\n'], "%20");
        let response = runtime.block_on(origin.get(&path));
        prop_assert!(!response.text().contains(SECRET), "{}", path);
        prop_assert!(!response.text().contains("<smil"), "{}", path);
        prop_assert!(response.status < 500, "{} {}", path, response.status);
    });
    runtime.block_on(origin.stop());
}

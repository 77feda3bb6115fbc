//! Files that lie, are cut short, change, or lead elsewhere.

use smooth::Limits;
use smooth::boxes::mfra::{self, Entry, TrackIndex};

use super::Origin;
use super::files::{index_at, ism, ismc, ismv, put};

const FRAGMENT: &str = "/film.ism/QualityLevels(100000)/Fragments(video=20000000)";
const LAST: &str = "/film.ism/QualityLevels(100000)/Fragments(video=60000000)";

async fn checking_always() -> Origin {
    Origin::with(&[], |s| s.presentation_check_seconds = 0).await
}

/// The file with another index.
fn with_index(change: impl Fn(&mut Vec<TrackIndex>)) -> Vec<u8> {
    let at = index_at(ismv());
    let mut tracks = mfra::read(&ismv()[at..], &Limits::default()).unwrap();
    change(&mut tracks);
    [&ismv()[..at], &mfra::write(&tracks)].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lies_is_not_believed() {
    let origin = checking_always().await;
    put(origin.root(), ismv());
    let right = origin.get(FRAGMENT).await;
    assert_eq!(right.status, 200);
    let whole = |tracks: &[TrackIndex]| -> Vec<Entry> { tracks[0].entries.clone() };
    let second = mfra::read(&ismv()[index_at(ismv())..], &Limits::default()).unwrap()[1].entries.clone();
    let lies: [(&str, Vec<u8>); 8] = [
        ("beyond the file", with_index(|t| t[0].entries[1].moof_offset = 1 << 40)),
        ("at the very end", with_index(|t| t[0].entries[3].moof_offset = u64::MAX)),
        ("no moof there", with_index(|t| t[0].entries[1].moof_offset += 8)),
        ("another track's", with_index(|t| t[0].entries[1] = Entry { time: 20_000_000, ..second[1] })),
        ("times go back", with_index(|t| t[0].entries[2].time = 0)),
        ("one for all", with_index(|t| t[0].entries = vec![whole(t)[0]; 1000])),
        ("a track is missing", with_index(|t| drop(t.remove(0)))),
        ("a huge count", {
            let mut file = ismv().to_vec();
            let count = index_at(&file) + 8 + 8 + 4 + 4 + 4;
            file[count..count + 4].copy_from_slice(&u32::MAX.to_be_bytes());
            file
        }),
    ];
    for (what, file) in lies {
        put(origin.root(), &file);
        for (path, expected) in [(FRAGMENT, Some(&right.body)), (LAST, None)] {
            let response = origin.get(path).await;
            assert_eq!(response.status, 200, "{what}: {}", response.text());
            assert!(expected.is_none_or(|body| *body == response.body), "{what}: another fragment");
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_file_that_is_cut_short_what_is_whole_is_served() {
    let origin = checking_always().await;
    put(origin.root(), ismv());
    let at = |time: &str| super::files::index(ismv())[&1][time.parse::<usize>().unwrap()].2;
    assert_eq!(origin.get(LAST).await.status, 200);
    // In the middle of the last picture's media, and of its moof.
    for cut in [at("3") + 2000, at("3") + 20] {
        put(origin.root(), &ismv()[..cut]);
        assert_eq!(origin.get(FRAGMENT).await.status, 200);
        assert_eq!(origin.get(LAST).await.status, 404);
    }
    // Nothing whole at all.
    put(origin.root(), &ismv()[..at("0") + 20]);
    let response = origin.get(FRAGMENT).await;
    assert_eq!(response.status, 500);
    assert!(
        response.text().contains("film.ismv") && response.text().contains("silverlane package"),
        "{}",
        response.text()
    );
    for cut in [0, 4, 40, 400] {
        put(origin.root(), &ismv()[..cut]);
        assert_eq!(origin.get(FRAGMENT).await.status, 500, "{cut} bytes");
    }
    put(origin.root(), ismv());
    assert_eq!(origin.get(LAST).await.status, 200, "it is mended");
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_opened_anew_and_never_mixed() {
    let origin = Origin::start().await;
    put(origin.root(), ismv());
    let before = origin.get(FRAGMENT).await;
    // Another file takes its place: everything stands eight bytes further on.
    let moved = {
        let at = index_at(ismv());
        let mut tracks = mfra::read(&ismv()[at..], &Limits::default()).unwrap();
        tracks.iter_mut().flat_map(|t| &mut t.entries).for_each(|e| e.moof_offset += 8);
        [b"\0\0\0\x08free", &ismv()[..at], &mfra::write(&tracks)].concat()
    };
    // Written in place, below the eyes of the server: what is read is of the one or the other, or refused.
    put(origin.root(), &moved);
    loop {
        let now = origin.get(FRAGMENT).await;
        if now.status == 200 {
            assert_eq!(now.body, before.body);
            break;
        }
        assert_eq!(now.status, 500, "{}", now.text());
    }
    std::fs::remove_file(origin.root().join("film.ism")).unwrap();
    while origin.get(FRAGMENT).await.status != 404 {}
    put(origin.root(), ismv());
    assert_eq!(origin.get(FRAGMENT).await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_broken_is_named_with_the_remedy() {
    let origin = checking_always().await;
    let root = origin.root();
    let says = |words: &'static [&'static str]| {
        let origin = &origin;
        async move {
            let response = origin.get("/film.ism/Manifest").await;
            assert_eq!(response.status, 500, "{}", response.text());
            assert!(words.iter().all(|w| response.text().contains(w)), "{}", response.text());
            assert!(!response.text().contains(origin.root().to_str().unwrap()), "{}", response.text());
        }
    };
    put(root, ismv());
    std::fs::remove_file(root.join("film.ismv")).unwrap();
    says(&["film.ismv is not there"]).await;
    std::fs::write(root.join("film.ismv"), b"plain text, for a change, and long enough").unwrap();
    says(&["film.ismv"]).await;
    put(root, ismv());
    std::fs::write(root.join("film.ismc"), b"<SmoothStreamingMedia").unwrap();
    says(&["film.ismc"]).await;
    std::fs::write(root.join("film.ism"), b"<smil><body><video src='film.ismv'/></body></smil>").unwrap();
    says(&["film.ism", "systemBitrate"]).await;
    std::fs::write(root.join("film.ism"), b"<smil><body/></smil>").unwrap();
    says(&["film.ism", "trackID"]).await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_the_root_is_read() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("film.ismv"), ismv()).unwrap();
    std::fs::write(outside.path().join("film.ismc"), ismc(ismv())).unwrap();
    std::fs::write(outside.path().join("film.ism"), ism(&["film.ismv"; 3], Some("film.ismc"))).unwrap();
    let origin = checking_always().await;
    let root = origin.root();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), root.join("link")).unwrap();
        assert_eq!(origin.get("/link/film.ism/Manifest").await.status, 404);
        std::os::unix::fs::symlink(outside.path().join("film.ismv"), root.join("film.ismv")).unwrap();
        std::fs::write(root.join("film.ism"), ism(&["film.ismv"; 3], None)).unwrap();
        let response = origin.get("/film.ism/Manifest").await;
        assert!(
            response.status == 500 && response.text().contains("film.ismv is not there"),
            "{}",
            response.text()
        );
    }
    let absolute = outside.path().join("film.ismv");
    for src in
        ["../film.ismv", "/etc/passwd", "%2e%2e/film.ismv", absolute.to_str().unwrap(), "link/film.ismv"]
    {
        std::fs::write(root.join("film.ism"), ism(&[src; 3], None)).unwrap();
        let response = origin.get("/film.ism/Manifest").await;
        assert_eq!(response.status, 500, "{src}: {}", response.text());
    }
    for path in
        ["/../film.ism/Manifest", "/a/..%2Ffilm.ism/Manifest", "/.film.ism/Manifest", "/a%00.ism/Manifest"]
    {
        assert_eq!(origin.get(path).await.status, 404, "{path}");
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold() {
    let origin = Origin::with(&[], |s| {
        s.max_presentation_fragments = 15;
        s.max_presentations = 1;
    })
    .await;
    // 12 fragments and 8 chunks are too many, one track's 4 and 4 are not.
    put(origin.root(), ismv());
    let response = origin.get("/film.ism/Manifest").await;
    assert!(
        response.status == 500 && response.text().contains("max-presentation-fragments"),
        "{}",
        response.text()
    );
    let one = ism(&["film.ismv"; 3], None);
    let one =
        format!("{}</switch></body></smil>", one.split("<video").take(2).collect::<Vec<_>>().join("<video"));
    for name in ["a", "b", "c"] {
        std::fs::write(origin.root().join(format!("{name}.ism")), &one).unwrap();
    }
    for name in ["a", "b", "c", "a", "c", "b"] {
        let path = format!("/{name}.ism/QualityLevels(100000)/Fragments(video=20000000)");
        let response = origin.get(&path).await;
        assert_eq!(response.status, 200, "{}", response.text());
    }
    origin.stop().await;
}

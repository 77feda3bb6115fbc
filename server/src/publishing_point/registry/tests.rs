use super::*;

fn registry(change: impl FnOnce(&mut Settings)) -> (tempfile::TempDir, Arc<Registry>) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings { root: folder.path().to_owned(), ..Settings::default() };
    change(&mut settings);
    let registry = Registry::new(Arc::new(settings)).unwrap();
    (folder, Arc::new(registry))
}

fn paths(listing: &Listing) -> Vec<&str> {
    listing.points.iter().map(|p| p.path()).collect()
}

#[tokio::test]
async fn points_are_made_listed_found_and_removed() {
    let (folder, registry) = registry(|_| {});
    let definition = Definition { title: "One".into(), ..Definition::default() };
    let made = registry.create("/shows/today/One.isml", &definition).unwrap();
    assert_eq!(made.path(), "/shows/today/One.isml");
    assert_eq!(made.definition().title, "One");
    let file = folder.path().join("shows/today/One.isml");
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft is left");
    // Letter case is one and the same, in folders too.
    for taken in ["/shows/today/One.isml", "/SHOWS/today/one.ISML"] {
        assert!(matches!(registry.create(taken, &definition), Err(Failure::Exists)), "{taken}");
    }
    registry.create("/Shows/other.isml", &definition).unwrap();
    std::fs::write(folder.path().join("broken.isml"), "no definition").unwrap();
    std::fs::write(folder.path().join(".hidden.isml"), "").unwrap();
    std::fs::write(folder.path().join("page.html"), "").unwrap();
    let listing = registry.list();
    assert_eq!(paths(&listing), ["/shows/other.isml", "/shows/today/One.isml"]);
    assert_eq!(listing.unreadable.len(), 1);
    assert_eq!(listing.unreadable[0].path, "/broken.isml");
    assert!(!listing.unreadable[0].reason.is_empty() && !listing.is_cut);

    let found = registry.find("/Shows/Today/one.isml").await.unwrap();
    assert!(Arc::ptr_eq(&found, &made));
    made.start().unwrap();
    registry.remove("/shows/today/ONE.isml").unwrap();
    assert_eq!(made.state(), State::Idle);
    assert!(!file.exists());
    assert!(registry.find("/shows/today/One.isml").await.is_none());
    assert!(matches!(registry.remove("/shows/today/One.isml"), Err(Failure::Missing)));
}

#[test]
fn nothing_is_made_or_removed_outside_the_root() {
    let (folder, registry) = registry(|_| {});
    let outside = tempfile::tempdir().unwrap();
    let definition = Definition::default();
    for path in [
        "one.isml",
        "/../one.isml",
        "/.isml",
        "/a/./one.isml",
        "/a//one.isml",
        "/one.ism",
        "/a\\b.isml",
        "/",
        "",
    ] {
        assert!(matches!(registry.create(path, &definition), Err(Failure::Path)), "{path}");
        assert!(matches!(registry.remove(path), Err(Failure::Path)), "{path}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), folder.path().join("way")).unwrap();
        std::fs::write(outside.path().join("theirs.isml"), definition::write(&definition)).unwrap();
        assert!(matches!(registry.create("/way/out/one.isml", &definition), Err(Failure::Path)));
        assert!(matches!(registry.remove("/way/theirs.isml"), Err(Failure::Missing)));
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
        assert!(registry.list().points.is_empty());
    }
}

#[test]
fn a_list_has_limits() {
    let (_folder, registry) = registry(|s| (s.max_listed_points, s.max_folder_depth) = (3, 2));
    for n in 0..5 {
        registry.create(&format!("/{n}.isml"), &Definition::default()).unwrap();
    }
    let listing = registry.list();
    assert_eq!((listing.points.len(), listing.is_cut), (3, true));
    for n in 0..5 {
        registry.remove(&format!("/{n}.isml")).unwrap();
    }
    registry.create("/a/b/one.isml", &Definition::default()).unwrap();
    registry.create("/a/b/c/two.isml", &Definition::default()).unwrap();
    let listing = registry.list();
    assert_eq!((paths(&listing), listing.is_cut), (vec!["/a/b/one.isml"], true));
}

#[tokio::test]
async fn an_edited_file_counts_when_idle_and_a_deleted_one_is_gone_when_idle() {
    let (folder, registry) = registry(|_| {});
    let point = registry.create("/one.isml", &Definition::default()).unwrap();
    let file = folder.path().join("one.isml");
    let edit = |title: &str| {
        let definition = Definition { title: title.into(), ..Definition::default() };
        std::fs::write(&file, definition::write(&definition)).unwrap();
    };
    edit("edited");
    assert_eq!(registry.find("/one.isml").await.unwrap().definition().title, "edited");
    point.start().unwrap();
    edit("again");
    assert_eq!(registry.find("/one.isml").await.unwrap().definition().title, "edited");
    std::fs::remove_file(&file).unwrap();
    assert!(registry.find("/one.isml").await.is_some());
    assert_eq!(paths(&registry.list()), ["/one.isml"]);
    point.shut_down().unwrap();
    assert!(registry.find("/one.isml").await.is_none());
    assert!(registry.list().points.is_empty());
}

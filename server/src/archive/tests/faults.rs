//! Disks that are full, read-only, broken or stuck.

use std::io::ErrorKind;

use super::super::disk::faults::{Mood, Moody};
use super::*;

fn fast(settings: &mut Settings) {
    settings.archive_wait_ms = 20;
}

#[tokio::test]
async fn live_goes_on_while_writes_fail_and_everything_is_stored_when_they_do_not() {
    for kind in [ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem, ErrorKind::Other] {
        let disk = Arc::new(Moody::default());
        let mut show = Show::on(Arc::clone(&disk) as _, &Definition::default(), fast);
        show.open();
        show.push(0..4).await;
        disk.set(Mood::Failing(kind));
        show.push(4..9).await;
        assert_eq!(chunks(&show.point.snapshot()), [(0..9).collect::<Vec<_>>(), (0..9).collect()]);
        let status = show.until(|s| s.trouble.is_some()).await;
        let trouble = status.trouble.unwrap();
        assert!(trouble.reason.contains(&std::io::Error::from(kind).to_string()) && trouble.since_ms > 0);
        assert!(status.waiting > 0 && status.fragments < 9 * 3);
        disk.set(Mood::Fine);
        let status = show.until(|s| s.trouble.is_none()).await;
        assert_eq!((status.fragments, status.missing, status.waiting), (9 * 3, 0, 0));
        show.push(9..11).await;
        let show = show.restarted();
        assert!(show.point.resume().unwrap());
        assert_eq!(levels(&show.point.snapshot()), vec![(0..11).collect::<Vec<_>>(); 3]);
    }
}

#[tokio::test]
async fn a_write_that_does_not_return_holds_nobody_up_for_long() {
    let disk = Arc::new(Moody::default());
    let mut show = Show::on(Arc::clone(&disk) as _, &Definition::default(), fast);
    show.open();
    show.push(0..4).await;
    disk.set(Mood::Stuck);
    show.push(4..9).await;
    assert_eq!(levels(&show.point.snapshot()), vec![(0..9).collect::<Vec<_>>(); 3]);
    assert!(show.status().trouble.is_some());
    // Not even the end.
    show.point.stop().unwrap();
    assert!(!show.point.snapshot().is_live());
    disk.set(Mood::Fine);
    assert_eq!(show.until(|s| s.trouble.is_none()).await.missing, 0);
    let show = show.restarted();
    assert!(show.point.resume().unwrap());
    assert!(!show.point.snapshot().is_live());
    assert_eq!(levels(&show.point.snapshot()), vec![(0..9).collect::<Vec<_>>(); 3]);
}

#[tokio::test]
async fn an_archive_begins_when_its_disk_is_there() {
    let disk = Arc::new(Moody::default());
    disk.set(Mood::Failing(ErrorKind::PermissionDenied));
    let mut show = Show::on(Arc::clone(&disk) as _, &Definition::default(), fast);
    show.open();
    show.push(0..4).await;
    assert_eq!(show.status().folder, None);
    assert_eq!(chunks(&show.point.snapshot()), [[0, 1, 2, 3], [0, 1, 2, 3]]);
    disk.set(Mood::Fine);
    let status = show.until(|s| s.trouble.is_none()).await;
    assert_eq!((status.fragments, status.folder), (12, Some(show.folder().canonicalize().unwrap())));
}

#[tokio::test]
async fn what_left_the_window_before_it_could_be_stored_is_declared_lost() {
    let disk = Arc::new(Moody::default());
    let definition = Definition { manifest_window_length: 10, ..Definition::default() };
    let mut show = Show::on(Arc::clone(&disk) as _, &definition, fast);
    show.open();
    show.push(0..4).await;
    show.until(|s| s.fragments == 4 * 3).await;
    disk.set(Mood::Failing(ErrorKind::StorageFull));
    show.push(4..30).await;
    disk.set(Mood::Fine);
    let status = show.until(|s| s.trouble.is_none()).await;
    // What is held by nobody is gone: 21 of the 26, less what a look at the disk has caught.
    assert!((20 * 3..=21 * 3).contains(&status.missing), "{status:?}");
    assert_eq!(status.missing + status.fragments, 30 * 3);
    show.push(30..32).await;
    let window = levels(&show.point.snapshot());
    let show = show.restarted();
    assert!(show.point.resume().unwrap());
    assert_eq!(levels(&show.point.snapshot()), window);
    assert_eq!(show.status().missing, status.missing);
}

#[tokio::test]
async fn what_waits_for_a_disk_has_a_bound() {
    let disk = Arc::new(Moody::default());
    let mut show = Show::on(Arc::clone(&disk) as _, &Definition::default(), |s| {
        (s.archive_wait_ms, s.max_archive_queue) = (20, 10);
    });
    show.open();
    show.push(0..1).await;
    disk.set(Mood::Stuck);
    show.push(1..30).await;
    assert!(show.status().waiting <= 10, "{:?}", show.status());
    disk.set(Mood::Fine);
    let status = show.until(|s| s.trouble.is_none()).await;
    assert!(status.missing > 0);
    assert_eq!(status.missing + status.fragments, 30 * 3);
    assert_eq!(levels(&show.point.snapshot()), vec![(0..30).collect::<Vec<_>>(); 3]);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_outside_the_archives() {
    let outside = tempfile::tempdir().unwrap();
    let definition = Definition { event_id_on_path: true, ..Definition::default() };
    let mut show = Show::new(&definition);
    show.open_as(Some("../../../out"), "../../evil");
    show.push(0..2).await;
    let folder = show.folder();
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(folder.file_name().unwrap(), "_._.._.._out");
    assert!(names.iter().any(|n| n == "_._.._evil.ismv"), "{names:?}");

    let mut show = Show::on(Arc::new(System), &definition, fast);
    std::fs::create_dir(show.root.path().join("archives")).unwrap();
    std::os::unix::fs::symlink(outside.path(), show.root.path().join("archives/live-isml")).unwrap();
    show.open();
    show.push(0..2).await;
    let trouble = show.until(|s| s.trouble.is_some()).await.trouble.unwrap();
    assert!(trouble.reason.contains("no folder of its own"), "{trouble:?}");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

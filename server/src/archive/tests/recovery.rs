//! Archives taken up again, whole and damaged.

use super::super::journal::Record;
use super::super::layout::JOURNAL;
use super::super::reader::Reader;
use super::*;

fn all(n: u64) -> Vec<Vec<u64>> {
    vec![(0..n).collect(); 3]
}

/// The broadcast goes on with fragment `n`, and comes to its end.
async fn goes_on(mut show: Show, n: u64) {
    assert!(show.point.snapshot().is_live());
    show.open();
    show.push(n.saturating_sub(2)..n + 3).await;
    assert_eq!(levels(&show.point.snapshot()), all(n + 3));
    show.point.stop().unwrap();
    show.until(|s| s.waiting == 0).await;
    let show = show.restarted();
    assert!(show.point.resume().unwrap());
    assert!(!show.point.snapshot().is_live());
    assert_eq!(levels(&show.point.snapshot()), all(n + 3));
}

async fn recorded(n: u64) -> Show {
    let mut show = Show::new(&Definition::default());
    show.open();
    show.push(0..n).await;
    show
}

/// Where the records of a journal end.
fn ends(journal: &Path) -> Vec<u64> {
    let mut reader = Reader::new(std::fs::File::open(journal).unwrap()).unwrap();
    let mut ends = vec![reader.valid()];
    while reader.next().unwrap().is_some() {
        ends.push(reader.valid());
    }
    ends
}

fn cut(path: &Path, len: u64) {
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

#[tokio::test]
async fn a_torn_record_is_cut_off_at_every_byte() {
    let show = recorded(4).await;
    let ends = ends(&show.folder().join(JOURNAL));
    let [.., second, first, end] = ends[..] else { panic!() };
    for len in second..end {
        let torn = show.copy();
        cut(&torn.folder().join(JOURNAL), len);
        assert!(torn.point.resume().unwrap());
        // The last record is the audio's fragment 3, the one before it the video's.
        let video: Vec<_> = if len < first { (0..3).collect() } else { (0..4).collect() };
        let audio: Vec<_> = (0..3).collect();
        assert_eq!(levels(&torn.point.snapshot()), [video.clone(), video, audio], "{len}");
        if len == second || len == end - 1 {
            goes_on(torn, 4).await;
        }
    }
}

#[tokio::test]
async fn a_torn_fragment_is_forgotten_at_every_byte() {
    let show = recorded(4).await;
    let file = show.folder().join("Encoder1.ismv");
    let len = std::fs::metadata(&file).unwrap().len();
    let last = media(3, 3).size();
    for len in len - last..len {
        let torn = show.copy();
        cut(&torn.folder().join("Encoder1.ismv"), len);
        // As after a loss of power: the journal is there, the media is not.
        assert!(torn.point.resume().unwrap());
        assert_eq!(
            levels(&torn.point.snapshot()),
            [vec![0, 1, 2, 3], vec![0, 1, 2, 3], vec![0, 1, 2]],
            "{len}"
        );
        assert_eq!(torn.status().missing, 1);
    }
}

#[tokio::test]
async fn without_its_journal_an_archive_is_read_from_its_files() {
    for segment in [0, 6] {
        let definition = Definition { archive_segment_length: segment, ..Definition::default() };
        let mut show = Show::new(&definition);
        show.open();
        show.push(0..10).await;
        let before = show.point.snapshot();
        let lost = show.copy();
        std::fs::remove_file(lost.folder().join(JOURNAL)).unwrap();
        assert!(lost.point.resume().unwrap());
        let after = lost.point.snapshot();
        assert_eq!((chunks(&before), levels(&before)), (chunks(&after), levels(&after)));
        goes_on(lost, 10).await;
        // Damaged in the middle: what it says is believed up to there, the files say the rest.
        for byte in [13, 40] {
            let lost = show.copy();
            let journal = lost.folder().join(JOURNAL);
            let mut bytes = std::fs::read(&journal).unwrap();
            let at = ends(&journal)[4] as usize + byte;
            bytes[at] ^= 1;
            std::fs::write(&journal, bytes).unwrap();
            assert!(lost.point.resume().unwrap());
            assert_eq!(levels(&lost.point.snapshot()), all(10));
            goes_on(lost, 10).await;
        }
    }
}

#[tokio::test]
async fn a_point_that_was_shut_down_stays_so() {
    let mut show = recorded(4).await;
    show.point.shut_down().unwrap();
    show = show.restarted();
    assert!(!show.point.resume().unwrap());
    assert!(show.archives.unfinished().is_empty());
    // Nothing of the last broadcast is overwritten by the next.
    show.open();
    show.push(0..4).await;
    let runs = std::fs::read_dir(show.root.path().join("archives/live-isml")).unwrap();
    assert_eq!(runs.count(), 2);
}

#[tokio::test]
async fn segments_hold_every_fragment_once_and_are_presentations() {
    let definition = Definition { archive_segment_length: 6, ..Definition::default() };
    let mut show = Show::new(&definition);
    show.open();
    show.push(0..5).await;
    show = show.restarted();
    assert!(show.point.resume().unwrap());
    show.open();
    show.push(3..20).await;
    show.point.stop().unwrap();
    assert_eq!(levels(&show.point.snapshot()), all(20));
    show = show.restarted();
    let folder = show.folder();
    let mut seen = vec![Vec::new(); 3];
    let mut n = 1;
    while let Ok(client) = std::fs::read(folder.join(format!("Segment{n}/live.ismc"))) {
        let client = smooth::manifest::read(&client, &smooth::Limits::default()).unwrap();
        for (stream, levels) in client.streams.iter().zip([0..2, 2..3]) {
            for level in levels {
                seen[level].extend(stream.chunks.iter().map(|c| c.time / 20_000_000));
            }
        }
        assert!(folder.join(format!("Segment{n}/live.ism")).is_file());
        n += 1;
    }
    assert!((6..=8).contains(&n), "{n}");
    assert_eq!(seen, all(20));
}

#[tokio::test]
async fn a_sync_is_written_down() {
    let show = recorded(3).await;
    assert!(show.archives.logs().iter().all(|log| log.flush(Duration::from_secs(60))));
    show.archives.logs().iter().for_each(|log| log.sync());
    assert!(show.archives.logs().iter().all(|log| log.flush(Duration::from_secs(60))));
    let journal = show.folder().join(JOURNAL);
    let len = std::fs::metadata(&journal).unwrap().len();
    let mut reader = Reader::new(std::fs::File::open(&journal).unwrap()).unwrap();
    let records: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).collect();
    let Some(Record::Synced { upto }) = records.last() else { panic!("{records:?}") };
    assert!(*upto < len);
}

//! Programs that tests start: found or clearly missed, and always ended.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Where failed tests leave pictures and logs: `target/chain/` of the workspace.
#[must_use]
pub fn evidence() -> PathBuf {
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    let folder = folder.join("chain");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where things outside the clone are kept between runs, as in `scripts/lib.sh`.
#[must_use]
pub fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    std::env::var_os("SILVERLANE_CACHE").map_or_else(
        || std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("silverlane"),
        PathBuf::from,
    )
}

/// The full path of `program`, on `PATH` or among the tools that `scripts/test-setup.sh` keeps.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([cache().join("bin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The same. Panics with the command that installs it where it is missing.
#[must_use]
pub fn program(program: &str) -> PathBuf {
    find(program).unwrap_or_else(|| {
        panic!("`{program}` is not installed, and this test needs it: run `bash scripts/test-setup.sh` (or `make test`, which does)")
    })
}

/// A port of the loopback interface that was free a moment ago.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A child process that does not outlive its owner.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with what it prints going to a file under [`evidence`].
    pub fn start<S: AsRef<OsStr>>(name: &str, program: impl AsRef<OsStr>, args: &[S]) -> Self {
        let mut command = Command::new(program);
        command.args(args);
        Self::run(name, &mut command)
    }

    /// Starts `command` likewise.
    pub fn run(name: &str, command: &mut Command) -> Self {
        // A test may start the same program several times.
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = evidence().join(format!("{name}-{}-{number}.log", std::process::id()));
        let out = std::fs::File::create(&log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|e| panic!("{name} does not start: {e}"));
        Self { child, name: name.to_owned(), log }
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// It and all that it started stand still (`true`), as when a laptop sleeps, or go on.
    pub fn freeze(&self, on: bool) {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(&parent) = family.get(next) {
            // Each thread has its own.
            for thread in std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
                let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
                family.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
            }
            next += 1;
        }
        let ids: Vec<_> = family.iter().map(ToString::to_string).collect();
        let status = Command::new("kill").arg(if on { "-STOP" } else { "-CONT" }).args(&ids).status();
        assert!(status.is_ok_and(|status| status.success()), "kill of {ids:?}");
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until it prints a line that `wanted` makes something of. Panics when it ends before, or
    /// within `guard`.
    pub async fn line<T>(&mut self, guard: Duration, wanted: impl Fn(&str) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = self.log().lines().find_map(&wanted) {
                return found;
            }
            assert!(self.is_running(), "{} has ended:\n{}", self.name, self.log());
            assert!(
                start.elapsed() < guard,
                "{} has not said what was waited for:\n{}",
                self.name,
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if !std::thread::panicking() {
            let _ = std::fs::remove_file(&self.log);
        }
    }
}

//! The servers under load: each a process of its own on the first processor.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server. It ends with this value.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts the origin on `root` and waits until it listens.
    pub(crate) fn silverlane(root: &Path, address: SocketAddr, flags: &[&str]) -> Self {
        let mut command = on_first_processor(env!("CARGO_BIN_EXE_silverlane"));
        command.args(["serve", "--listen", &address.to_string(), "--root"]).arg(root).args(flags);
        command.env("SILVERLANE_LOG", "error");
        Self::start(command, address)
    }

    /// Starts nginx with `configuration`, a file, and waits until it listens.
    pub(crate) fn nginx(configuration: &Path, address: SocketAddr) -> Self {
        let mut command = on_first_processor("nginx");
        command.arg("-c").arg(configuration);
        Self::start(command, address)
    }

    fn start(mut command: Command, address: SocketAddr) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let mut server = Self { child: child.unwrap_or_else(|e| panic!("{command:?}: {e}")) };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let running = server.child.try_wait().unwrap().is_none();
            assert!(running && start.elapsed() < Duration::from_secs(20), "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    /// Processor time that it and its workers have been charged so far, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        self.processes().iter().map(|&pid| cpu(pid)).sum()
    }

    /// Bytes of its memory that are in use.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Waits until it has nothing left to do.
    pub(crate) async fn idle(&self) {
        let mut before = self.cpu();
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = self.cpu();
            if now <= before {
                return;
            }
            before = now;
        }
    }

    fn processes(&self) -> Vec<u32> {
        let own = self.child.id();
        let children =
            std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(own).chain(children).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's workers end when its master is asked to, not when it is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of the loopback interface that was free a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// User and system time of a process, all threads, in seconds: fields 14 and 15 of its `stat`.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    // Linux counts in hundredths everywhere.
    ticks as f64 / 100.0
}

fn on_first_processor(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0", program]);
    command
}

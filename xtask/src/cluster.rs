//! `cluster`: several nodes on one PostgreSQL database behind a load balancer, all on this machine, until Ctrl+C.

use crate::{
    Done, Steps, postgres,
    run::{ADDRESS, DISTRICT, RELEASE_STEPS, Release, release},
    tools::{debian, sh},
};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

const NODES: usize = 3;
const HAPROXY: &str = "/usr/sbin/haproxy";
/// What is shipped, with this machine's addresses in place of those in it.
const CONFIGURATION: &str = "docs/deploy/haproxy.cfg";

/// Longer than a node takes for the requests under way.
const LEAVES: Duration = Duration::from_secs(10);

/// A program that is told to stop, and waited for, when it goes out of scope.
struct Running(Child);

impl Running {
    /// It does not hear the terminal's Ctrl+C, at a second of which a node would leave at once.
    fn new(program: &mut Command) -> io::Result<Self> {
        program.process_group(0).spawn().map(Self)
    }
}

impl Drop for Running {
    /// One that was stopped (SIGSTOP), to see what happens, does not hear that: it is killed.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let told = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && told.elapsed() < LEAVES {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `arguments` go to each `usm serve`.
pub fn cluster(arguments: &[String]) -> Done {
    let mut steps = Steps::of(RELEASE_STEPS + 4);
    let release = release(&mut steps)?;
    steps.step("What is missing: HAProxy (10 s, once)", || debian(&[(HAPROXY, "haproxy")]).map(drop))?;
    // From here on nothing ends by itself at Ctrl+C.
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || _ = stop.send(()))?;
    let postgres = steps.step("PostgreSQL (1 min, once, where it is missing)", postgres::start_apart)?;
    let url = postgres.url("usm");
    // The passwords of the demo, and the configuration of the balancer.
    let folder = std::env::temp_dir().join(format!("usm-cluster-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let served = steps.step("Demo district (10 s)", || sh(usm(&release, &folder, &url).arg("demo").args(DISTRICT)));
    let served =
        served.and_then(|()| steps.step("Nodes and balancer; Ctrl+C stops them", || serve(&release, &folder, &url, arguments, &stopped)));
    drop(postgres);
    fs::remove_dir_all(&folder)?;
    served
}

fn serve(release: &Release, folder: &Path, url: &str, arguments: &[String], stopped: &mpsc::Receiver<()>) -> Done {
    let mut running = Vec::new();
    let mut nodes = Vec::new();
    for number in 0..NODES {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut node = usm(release, folder, url);
        node.args(["serve", "--listen", &address, "--trusted-proxies", "127.0.0.1", "--public-url"]).arg(format!("http://{ADDRESS}"));
        if number == 0 {
            node.arg("--demo-traffic");
        }
        node.args(arguments).env("LEPTOS_SITE_ROOT", &release.site.folder).env("LEPTOS_HASH_FILES", "true");
        running.push(Running::new(&mut node)?);
        nodes.push(address);
    }
    let configuration = folder.join("haproxy.cfg");
    fs::write(&configuration, here(&fs::read_to_string(CONFIGURATION)?, &nodes)?)?;
    let (mut gone, mut balancer) = ([false; NODES], Running::new(Command::new(HAPROXY).arg("-db").arg("-f").arg(&configuration))?);
    let mut told = false;
    loop {
        if !told && ready() {
            told = true;
            println!("\nBalancer: http://{ADDRESS}\nNodes:    {}\nDatabase: {url}\n", nodes.join(", "));
        }
        if stopped.recv_timeout(Duration::from_millis(200)).is_ok() {
            return Ok(());
        }
        // A node may be killed, to see what happens: the others go on.
        for (number, (Running(program), address)) in running.iter_mut().zip(&nodes).enumerate() {
            if !gone[number]
                && let Some(status) = program.try_wait()?
            {
                gone[number] = true;
                println!("\nThe node at {address} ended ({status}).\n");
            }
        }
        if let Some(status) = balancer.0.try_wait()? {
            return Err(format!("HAProxy ended ({status}); what it said stands above.").into());
        }
    }
}

/// The balancer has a node that is ready.
fn ready() -> bool {
    let Ok(mut stream) = TcpStream::connect(ADDRESS) else { return false };
    let mut answer = String::new();
    let asked = stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n").as_bytes());
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

fn usm(release: &Release, folder: &Path, url: &str) -> Command {
    let mut command = Command::new(&release.binary);
    command.current_dir(folder).env("USM_DATABASE_URL", url);
    command
}

/// The shipped configuration with the addresses of this machine.
fn here(shipped: &str, nodes: &[String]) -> Done<String> {
    let mut configuration = String::new();
    let mut seen = (0, 0);
    for line in shipped.lines() {
        let line = match line.trim_start() {
            bind if bind.starts_with("bind ") => {
                seen.0 += 1;
                format!("    bind {ADDRESS}")
            }
            server if server.starts_with("server ") => {
                seen.1 += 1;
                if seen.1 > 1 {
                    continue;
                }
                let lines: Vec<_> = (1..).zip(nodes).map(|(number, node)| format!("    server node{number} {node}")).collect();
                lines.join("\n")
            }
            log if log.starts_with("log ") && log.contains("/dev/log") => "    log stdout format raw local0".into(),
            // This user's.
            account if ["user ", "group "].iter().any(|word| account.starts_with(word)) => continue,
            // Two files for each connection, and two for its node's.
            most if most.starts_with("maxconn ") => "    maxconn 200".into(),
            _ => line.to_owned(),
        };
        configuration += &line;
        configuration.push('\n');
    }
    if seen == (1, 2) { Ok(configuration) } else { Err(format!("{CONFIGURATION} is not as this command knows it.").into()) }
}

//! `cluster`: several nodes on one PostgreSQL database behind a load balancer, all on this machine, until Ctrl+C.

use crate::{
    Done, Steps,
    postgres::Postgres,
    run::{RELEASE_STEPS, Release, release},
    tools::{debian, sh},
};
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command},
    sync::mpsc,
};

const NODES: usize = 3;
const ADDRESS: &str = "127.0.0.1:3000";
const HAPROXY: &str = "/usr/sbin/haproxy";
/// What is shipped, with this machine's addresses in place of those in it.
const CONFIGURATION: &str = "docs/deploy/haproxy.cfg";

/// A program that is told to stop, and waited for, when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// `arguments` go to each `usm serve`.
pub fn cluster(arguments: &[String]) -> Done {
    let mut steps = Steps::of(RELEASE_STEPS + 4);
    let release = release(&mut steps)?;
    steps.step("What is missing: HAProxy (10 s, once)", || debian(&[(HAPROXY, "haproxy")]).map(drop))?;
    let postgres = steps.step("PostgreSQL (1 min, once, where it is missing)", Postgres::start)?;
    let url = postgres.url("usm");
    // The passwords of the demo, and the configuration of the balancer.
    let folder = std::env::temp_dir().join(format!("usm-cluster-{}", std::process::id()));
    fs::create_dir(&folder)?;
    let served =
        steps.step("Demo district (10 s)", || sh(usm(&release, &folder, &url).args(["demo", "--accounts", "26545", "--sessions", "2400"])));
    let served = served.and_then(|()| steps.step("Nodes and balancer; Ctrl+C stops them", || serve(&release, &folder, &url, arguments)));
    drop(postgres);
    fs::remove_dir_all(&folder)?;
    served
}

fn serve(release: &Release, folder: &Path, url: &str, arguments: &[String]) -> Done {
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || _ = stop.send(()))?;
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
        running.push(Running(node.spawn()?));
        nodes.push(address);
    }
    let configuration = folder.join("haproxy.cfg");
    fs::write(&configuration, here(&fs::read_to_string(CONFIGURATION)?, &nodes)?)?;
    running.push(Running(Command::new(HAPROXY).arg("-db").arg("-f").arg(&configuration).spawn()?));
    println!("\nBalancer: http://{ADDRESS}\nNodes:    {}\nDatabase: {url}\n", nodes.join(", "));
    stopped.recv()?;
    // The balancer last: whoever comes meanwhile is told so.
    Ok(())
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
            _ => line.to_owned(),
        };
        configuration += &line;
        configuration.push('\n');
    }
    if seen == (1, 2) { Ok(configuration) } else { Err(format!("{CONFIGURATION} is not as this command knows it.").into()) }
}

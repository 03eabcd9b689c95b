//! nginx, Caddy and the load balancer by the configurations that we ship, as ordinary processes in the test's folder.

use crate::world::World;
use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
}

/// A running proxy, killed with the test.
pub struct Proxy {
    child: Child,
    pub address: String,
}

/// An address of this machine that no other test uses: neither program tells which port it chose, so they cannot be left to choose one.
pub fn place() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let id = std::process::id();
    format!("127.{}.{}.{}:{}", 64 + (id >> 16) % 64, (id >> 8) % 256, id % 256, NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Proxy {
    /// Before a server and an application.
    pub fn new(kind: Kind, world: &World, server: &str, application: &str) -> Self {
        let address = place();
        let command = match kind {
            Kind::Nginx => nginx(world, &address, server, application),
            Kind::Caddy => caddy(world, &address, server, application),
        };
        Self::run(&format!("{kind:?}"), world, address, command)
    }

    /// The shipped load balancer, before two nodes.
    pub fn balancer(address: String, world: &World, nodes: [&str; 2]) -> Self {
        let bind = format!("bind {address}");
        shipped(
            world,
            "haproxy.cfg",
            &[
                ("bind :443 ssl crt /etc/haproxy/sessions.example.org.pem alpn h2,http/1.1", &bind),
                ("log /dev/log local0", "log stderr format raw local0"),
                // The test's user has no other, and not so many open files.
                ("user haproxy", ""),
                ("group haproxy", ""),
                ("maxconn 20000", "maxconn 200"),
                ("10.0.0.11:3000", nodes[0]),
                ("10.0.0.12:3000", nodes[1]),
            ],
        );
        let mut command = Command::new("/usr/sbin/haproxy");
        command.args(["-db", "-f"]).arg(world.path("haproxy.cfg"));
        Self::run("HAProxy", world, address, command)
    }

    fn run(name: &str, world: &World, address: String, mut command: Command) -> Self {
        let log = fs::File::create(world.path("proxy.out")).expect("a file");
        command.current_dir(world.path("")).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a handle")).stderr(log);
        let missing = "it is missing. Install it by: sudo apt-get install -y nginx caddy haproxy";
        let mut proxy = Self { child: command.spawn().unwrap_or_else(|error| panic!("{name}: {error}; {missing}")), address };
        let begun = Instant::now();
        while TcpStream::connect(&proxy.address).is_err() {
            let ended = proxy.child.try_wait().expect("it can be waited for");
            let said = || fs::read_to_string(world.path("proxy.out")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(20), "{name} does not start: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nginx(world: &World, address: &str, server: &str, application: &str) -> Command {
    let listen = format!("listen {address};");
    let folder = world.path("");
    let folder = folder.to_str().expect("a plain path");
    shipped(
        world,
        "nginx.conf",
        &[
            ("listen 443 ssl http2;", &listen),
            ("ssl_certificate /etc/ssl/certs/example.org.pem;", ""),
            ("ssl_certificate_key /etc/ssl/private/example.org.key;", ""),
            ("/var/log/nginx/", folder),
            ("127.0.0.1:3000", server),
            ("127.0.0.1:8080", application),
        ],
    );
    // One process, so that it ends when it is killed.
    let main = format!(
        "daemon off;\nmaster_process off;\npid {folder}nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{}include {folder}nginx.conf;\n}}\n",
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {folder}{kind};\n")).concat()
    );
    fs::write(world.path("main.conf"), main).expect("a file");
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(folder).arg("-c").arg(world.path("main.conf")).args(["-e", "stderr"]);
    command
}

fn caddy(world: &World, address: &str, server: &str, application: &str) -> Command {
    let (host, port) = address.split_once(':').expect("a port");
    let (sessions, app) = (format!("\nhttp://sessions.example.org:{port} {{"), format!("\nhttp://app.example.org:{port} {{"));
    let global = format!("\n{{\n\tadmin off\n\tdefault_bind {host}\n");
    let folder = world.path("");
    shipped(
        world,
        "Caddyfile",
        &[
            ("\n{\n", &global),
            ("\nsessions.example.org {", &sessions),
            ("\napp.example.org {", &app),
            ("/var/log/caddy/", folder.to_str().expect("a plain path")),
            ("127.0.0.1:3000", server),
            ("127.0.0.1:8080", application),
        ],
    );
    let mut command = Command::new("/usr/bin/caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(world.path("Caddyfile"));
    command.envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name, world.path("caddy"))));
    command
}

/// Writes a file of `docs/deploy` into the test's folder, with nothing changed but what has to be.
fn shipped(world: &World, name: &str, changes: &[(&str, &str)]) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy").join(name);
    let mut text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for (there, here) in changes {
        assert!(text.contains(there), "{name} says {there}");
        text = text.replace(there, here);
    }
    fs::write(world.path(name), text).expect("a file");
}

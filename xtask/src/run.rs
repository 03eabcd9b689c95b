//! `run`, `build` and `open`.

use crate::{
    Done, Steps,
    site::{Kind, Site},
    tools::{cargo, install, sh, target_dir},
};
use std::{
    env,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::process::{CommandExt as _, parent_id},
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::Duration,
};

pub const ADDRESS: &str = "127.0.0.1:3000";
/// A district of the size that the demo is believable at: see `docs/quirks.md`.
pub const DISTRICT: [&str; 4] = ["--accounts", "26545", "--sessions", "2400"];

pub struct Release {
    pub binary: PathBuf,
    pub site: Site,
}

/// Steps of [`release`].
pub const RELEASE_STEPS: usize = 3;

/// The release build.
pub fn release(steps: &mut Steps) -> Done<Release> {
    steps.step("What is missing: WASM target, npm packages (10 s, once)", install)?;
    let site = steps.step("Browser code (2 min on two cores when nothing is built yet)", || Site::build(Kind::Small))?;
    steps.step("Server (4 min on two cores when nothing is built yet)", || sh(&mut cargo(&["build", "-p", "server", "--release"])))?;
    let binary = target_dir()?.join("release/usm");
    site.serve_by(&binary)?;
    Ok(Release { binary, site })
}

/// The release build, ready to be served from `target`.
pub fn build() -> Done {
    let release = release(&mut Steps::of(RELEASE_STEPS))?;
    println!("{}\n{}", release.binary.display(), release.site.folder.display());
    release.site.size_gate()
}

/// The value of an option, given as `--name value` or `--name=value`.
fn value<'a>(options: &[&'a String], name: &str) -> Option<&'a str> {
    let mut values = options.iter().enumerate().filter_map(|(at, option)| match option.strip_prefix(name)? {
        "" => options.get(at + 1).map(|next| next.as_str()),
        rest => rest.strip_prefix('='),
    });
    values.next()
}

/// Builds, fills the demo district, and becomes the server.
pub fn run(arguments: &[String]) -> Done {
    let mut options: Vec<&String> = arguments.iter().collect();
    let quiet = options.len();
    options.retain(|option| *option != "--no-open");
    let open = options.len() == quiet && (env::var_os("DISPLAY").is_some() || env::var_os("WAYLAND_DISPLAY").is_some());

    let mut steps = Steps::of(RELEASE_STEPS + 2);
    let Release { binary, site } = release(&mut steps)?;
    steps.step("Demo district in data/usm.db (5 s; a second start only tops up its sessions)", || {
        let database = value(&options, "--database-url").into_iter().flat_map(|url| ["--database-url", url]);
        sh(Command::new(&binary).arg("demo").args(DISTRICT).args(database))
    })?;
    steps.step("Serving; Ctrl+C stops it", || {
        let address = value(&options, "--listen").unwrap_or(ADDRESS);
        // Whoever listens there already is somebody else; the server says so.
        if open && is_free(address) {
            // Its own process, since this one becomes the server.
            Command::new(env::current_exe()?).args(["open", address]).spawn()?;
        }
        let error = Command::new(&binary)
            .args(["serve", "--demo-traffic"])
            .args(options)
            .env("LEPTOS_SITE_ROOT", &site.folder)
            .env("LEPTOS_HASH_FILES", "true")
            .exec();
        Err(format!("{} cannot be started: {error}", binary.display()).into())
    })
}

/// Opens `http://ADDRESS` in the person's browser once the product answers there; gives up with whoever asked for it, which may have become
/// the server, or after half a minute.
pub fn open(arguments: &[String]) -> Done {
    let address = arguments.first().map_or(ADDRESS, |address| &**address);
    let server = parent_id();
    for _ in 0..300 {
        let answers = answers(address);
        if parent_id() != server {
            return Ok(());
        }
        if answers {
            return sh(Command::new("xdg-open").arg(format!("http://{address}")));
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn is_free(address: &str) -> bool {
    TcpListener::bind(address).is_ok()
}

/// Whether `/healthz` says what ours says.
fn answers(address: &str) -> bool {
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nok"))
}

#[cfg(test)]
mod tests {
    use super::{answers, is_free, value};
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread::spawn,
    };

    #[test]
    fn an_option_has_its_value_beside_it_or_behind_it() {
        let options = ["--listen", "127.0.0.1:4000", "--database-url=sqlite://x.db"].map(str::to_owned);
        let options: Vec<_> = options.iter().collect();
        assert_eq!(value(&options, "--listen"), Some("127.0.0.1:4000"));
        assert_eq!(value(&options, "--database-url"), Some("sqlite://x.db"));
        assert_eq!(value(&options, "--data"), None);
    }

    #[test]
    fn only_our_own_page_on_a_port_that_was_free_is_opened() {
        for (answer, ours) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\nsomebody else", false),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\nok", false),
            ("", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("its address").to_string();
            assert!(!is_free(&address));
            let server = spawn(move || {
                let (mut stream, _) = listener.accept().expect("a client");
                let _ = stream.read(&mut [0; 1_024]).expect("a question");
                stream.write_all(answer.as_bytes()).expect("told");
            });
            assert_eq!(answers(&address), ours, "{answer}");
            server.join().expect("no panic");
            assert!(is_free(&address) && !answers(&address));
        }
    }
}

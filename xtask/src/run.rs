//! `run`, `build` and `open`.

use crate::{
    Done, Steps,
    site::{Kind, Site},
    tools::{cargo, install, sh, target_dir},
};
use std::{env, net::TcpStream, os::unix::process::CommandExt as _, path::PathBuf, process::Command, thread::sleep, time::Duration};

const ADDRESS: &str = "127.0.0.1:3000";
/// A district of the size that the demo is believable at: see `docs/quirks.md`.
const DISTRICT: [&str; 4] = ["--accounts", "26545", "--sessions", "2400"];

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

    let mut steps = Steps::of(5);
    let Release { binary, site } = release(&mut steps)?;
    steps.step("Demo district in data/usm.db (5 s; a second start only tops up its sessions)", || {
        let database = value(&options, "--database-url").into_iter().flat_map(|url| ["--database-url", url]);
        sh(Command::new(&binary).arg("demo").args(DISTRICT).args(database))
    })?;
    steps.step("Serving; Ctrl+C stops it", || {
        if open {
            // Its own process, since this one becomes the server.
            Command::new(env::current_exe()?).args(["open", value(&options, "--listen").unwrap_or(ADDRESS)]).spawn()?;
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

/// Opens `http://ADDRESS` in the person's browser once somebody listens there; gives up after half a minute.
pub fn open(arguments: &[String]) -> Done {
    let address = arguments.first().map_or(ADDRESS, |address| &**address);
    for _ in 0..300 {
        if TcpStream::connect(address).is_ok() {
            return sh(Command::new("xdg-open").arg(format!("http://{address}")));
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn an_option_has_its_value_beside_it_or_behind_it() {
        let options = ["--listen", "127.0.0.1:4000", "--database-url=sqlite://x.db"].map(str::to_owned);
        let options: Vec<_> = options.iter().collect();
        assert_eq!(value(&options, "--listen"), Some("127.0.0.1:4000"));
        assert_eq!(value(&options, "--database-url"), Some("sqlite://x.db"));
        assert_eq!(value(&options, "--data"), None);
    }
}

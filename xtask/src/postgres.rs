//! A PostgreSQL server of the tests' own, from Debian's packages: private, on a free port of the loopback, gone with its value.

use crate::{
    Done,
    tools::{debian, output, sh},
};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where Debian keeps the programs, by version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// It may not run as root; Debian's package makes this user.
const USER: &str = "postgres";

/// Databases, and how their transactions are isolated unless a program asks otherwise.
pub const DATABASES: [(&str, &str); 3] =
    [("usm", "read committed"), ("usm_repeatable_read", "repeatable read"), ("usm_serializable", "serializable")];

pub struct Postgres {
    folder: PathBuf,
    port: u16,
    postmaster: Child,
}

impl Postgres {
    /// Installed where it is missing, and started empty: nothing it holds outlives a crash of the machine.
    pub fn start() -> Done<Self> {
        let programs = programs()?;
        let folder = std::env::temp_dir().join(format!("usm-postgres-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let as_root = output(Command::new("id").arg("-u"))?.trim() == "0";
        let program = |name: &str| {
            let path = programs.join(name);
            if !as_root {
                return Command::new(path);
            }
            // In its place, not as its child: it is this process that is told to stop.
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(path);
            command
        };
        if as_root {
            sh(Command::new("chown").arg(USER).arg(&folder))?;
        }
        let data = folder.join("data");
        let init = ["--auth=trust", "--username=usm", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        output(program("initdb").args(init).arg("-D").arg(&data).current_dir(&folder))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = fs::File::create(folder.join("log"))?;
        let settings = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=500"];
        let mut postmaster = program("postgres");
        postmaster.arg("-D").arg(&data).arg("-k").arg(&folder).args(["-p", &port.to_string()]).current_dir(&folder);
        postmaster.args(settings.iter().flat_map(|setting| ["-c", setting])).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let postgres = Self { postmaster: postmaster.spawn()?, folder, port };
        postgres.ready(&programs)?;
        for (database, isolation) in DATABASES {
            postgres.sql(&programs, &format!("create database {database}"))?;
            postgres.sql(&programs, &format!("alter database {database} set default_transaction_isolation = '{isolation}'"))?;
        }
        Ok(postgres)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://usm@127.0.0.1:{}/{database}", self.port)
    }

    fn ready(&self, programs: &Path) -> Done {
        let until = Instant::now() + Duration::from_secs(30);
        let port = self.port.to_string();
        while !Command::new(programs.join("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port]).status()?.success() {
            if Instant::now() > until {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(format!("PostgreSQL does not start: {log}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn sql(&self, programs: &Path, sql: &str) -> Done {
        output(Command::new(programs.join("psql")).args(["-q", "-c", sql, &self.url("postgres")])).map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, its clients cut off.
        let _ = Command::new("kill").args(["-INT", &self.postmaster.id().to_string()]).status();
        let _ = self.postmaster.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the newest version's programs, installed where there is none.
fn programs() -> Done<PathBuf> {
    if newest().is_none() {
        debian(&[(VERSIONS, "postgresql")])?;
    }
    newest().ok_or_else(|| "PostgreSQL is not where Debian's packages put it.".into())
}

fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.filter_map(|version| version.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let programs = Path::new(VERSIONS).join(versions.max()?.to_string()).join("bin");
    programs.join("postgres").exists().then_some(programs)
}

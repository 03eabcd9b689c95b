//! A PostgreSQL server of one's own, from Debian's packages: private, on a free port of the loopback, gone with its value.

use std::{
    fs, io,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Where Debian keeps the programs, by version.
pub const VERSIONS: &str = "/usr/lib/postgresql";

/// It may not run as root; Debian's package makes this user.
const USER: &str = "postgres";

/// Nothing it holds outlives a crash of the machine; one of the server it does.
const SETTINGS: [&str; 3] = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=500"];

/// A running server, or one that was killed and may be started again.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    apart: bool,
    postmaster: Child,
}

impl Postgres {
    /// A new, empty cluster.
    ///
    /// # Errors
    /// What is missing, or what the server said where it does not start.
    pub fn start() -> io::Result<Self> {
        Self::new(false)
    }

    /// The same, deaf to the terminal's Ctrl+C: whoever started it stops it.
    ///
    /// # Errors
    /// As of [`Postgres::start`].
    pub fn start_apart() -> io::Result<Self> {
        Self::new(true)
    }

    fn new(apart: bool) -> io::Result<Self> {
        Self::made(apart, |program, data| {
            let init = ["--auth=trust", "--username=usm", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
            output(program("initdb").args(init).arg("-D").arg(data)).map(drop)
        })
    }

    /// A standby that follows this server.
    ///
    /// # Errors
    /// As of [`Postgres::start`].
    pub fn standby(&self) -> io::Result<Self> {
        Self::made(false, |program, data| {
            let mut backup = program("pg_basebackup");
            backup.args(["-h", "127.0.0.1", "-U", "usm", "-R", "-X", "stream", "-c", "fast", "-p", &self.port.to_string()]);
            output(backup.arg("-D").arg(data)).map(drop)
        })
    }

    fn made(apart: bool, make: impl FnOnce(&dyn Fn(&str) -> Command, &Path) -> io::Result<()>) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let programs = programs().ok_or_else(|| io::Error::other(format!("there is no PostgreSQL in {VERSIONS}")))?;
        let name = format!("usm-postgres-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder)?;
        if is_root()? {
            output(Command::new("chown").arg(USER).arg(&folder))?;
        }
        let filled = make(&|name| program(&programs, &folder, name), &folder.join("data"));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).map(|address| address.port());
        let postmaster = filled.and(port).and_then(|port| Ok((port, postmaster(&programs, &folder, port, apart)?)));
        match postmaster {
            Ok((port, postmaster)) => Ok(Self { folder, programs, port, apart, postmaster }),
            Err(error) => {
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://usm@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements; answers the rows, a line each, `|` between the columns.
    ///
    /// # Errors
    /// What the server said.
    pub fn sql(&self, database: &str, sql: &str) -> io::Result<String> {
        output(Command::new(self.programs.join("psql")).args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.url(database)]))
    }

    /// Backs a database up and restores it as another one.
    ///
    /// # Errors
    /// What the programs said.
    pub fn restore(&self, from: &str, to: &str) -> io::Result<()> {
        let dump = self.folder.join(format!("{to}.sql"));
        let text = output(Command::new(self.programs.join("pg_dump")).arg(self.url(from)))?;
        fs::write(&dump, text)?;
        self.sql("postgres", &format!("create database {to}"))?;
        output(Command::new(self.programs.join("psql")).args(["-qX", "-v", "ON_ERROR_STOP=1", "-f"]).arg(&dump).arg(self.url(to))).map(drop)
    }

    /// Makes a user who has to say his password; all others are believed.
    ///
    /// # Errors
    /// What the server said.
    pub fn ask_password(&self, user: &str, password: &str) -> io::Result<()> {
        let rules = self.folder.join("data/pg_hba.conf");
        let others = fs::read_to_string(&rules)?;
        fs::write(&rules, format!("host all {user} 127.0.0.1/32 scram-sha-256\n{others}"))?;
        self.sql("postgres", &format!("create role {user} superuser login password '{password}'"))?;
        self.sql("postgres", "select pg_reload_conf()").map(drop)
    }

    /// Lets it speak TLS as well, as `127.0.0.1`; answers the file of its certificate, which nobody else has signed.
    ///
    /// # Errors
    /// What OpenSSL or the server said.
    pub fn encrypt(&self) -> io::Result<PathBuf> {
        let settings = "[req]\nprompt=no\ndistinguished_name=who\nx509_extensions=what\n[who]\nCN=127.0.0.1\n\
                        [what]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n";
        fs::write(self.folder.join("openssl.cnf"), settings)?;
        let mut openssl = program(&self.programs, &self.folder, "/usr/bin/openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config", "openssl.cnf"]);
        output(openssl.args(["-keyout", "data/server.key", "-out", "data/server.crt"]))?;
        self.sql("postgres", "alter system set ssl = on")?;
        self.sql("postgres", "select pg_reload_conf()")?;
        Ok(self.folder.join("data/server.crt"))
    }

    /// Ends it as a crash does: nothing is written any more, all connections break.
    ///
    /// # Errors
    /// Where it cannot be told or waited for.
    pub fn kill(&mut self) -> io::Result<()> {
        self.signal("-QUIT")
    }

    /// Ends it as its administrator does who waits for nobody: what is under way is rolled back, all connections are closed.
    ///
    /// # Errors
    /// As of [`Postgres::kill`].
    pub fn shut_down(&mut self) -> io::Result<()> {
        self.signal("-INT")
    }

    fn signal(&mut self, name: &str) -> io::Result<()> {
        output(Command::new("kill").args([name, &self.postmaster.id().to_string()]))?;
        self.postmaster.wait().map(drop)
    }

    /// Starts it again on the same port.
    ///
    /// # Errors
    /// As of [`Postgres::start`].
    pub fn again(&mut self) -> io::Result<()> {
        self.postmaster = postmaster(&self.programs, &self.folder, self.port, self.apart)?;
        Ok(())
    }

    /// Makes a standby a server of its own, and waits until it is.
    ///
    /// # Errors
    /// What the server said.
    pub fn promote(&self) -> io::Result<()> {
        self.sql("postgres", "select pg_promote(true, 30)").map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the newest version's programs, where PostgreSQL is installed.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.filter_map(|version| version.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let programs = Path::new(VERSIONS).join(versions.max()?.to_string()).join("bin");
    programs.join("postgres").exists().then_some(programs)
}

fn is_root() -> io::Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

/// A program of the server, as the user that it runs as.
fn program(programs: &Path, folder: &Path, name: &str) -> Command {
    let path = programs.join(name);
    let mut command = if is_root().unwrap_or_default() {
        // In its place, not as its child: it is this process that is told to stop.
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    command.current_dir(folder);
    command
}

/// Starts a server and waits until it answers.
fn postmaster(programs: &Path, folder: &Path, port: u16, apart: bool) -> io::Result<Child> {
    let port = port.to_string();
    let log = folder.join("log");
    let said = fs::File::create(&log)?;
    let mut server = program(programs, folder, "postgres");
    server.arg("-D").arg(folder.join("data")).arg("-k").arg(folder).args(["-p", &port]);
    server.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
    if apart {
        server.process_group(0);
    }
    let mut server = server.spawn()?;
    let until = Instant::now() + Duration::from_secs(30);
    while !Command::new(programs.join("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port]).status()?.success() {
        if Instant::now() > until || server.try_wait()?.is_some() {
            let _ = server.kill();
            let _ = server.wait();
            return Err(io::Error::other(format!("PostgreSQL does not start: {}", fs::read_to_string(&log).unwrap_or_default())));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}

/// What a command printed; where it failed, what it said of that.
fn output(command: &mut Command) -> io::Result<String> {
    let done = command.stdin(Stdio::null()).output()?;
    if !done.status.success() {
        let name = command.get_program().to_string_lossy();
        return Err(io::Error::other(format!("{name}: {}", String::from_utf8_lossy(&done.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

//! A folder of its own for each test, `usm` in it, and a browser of the plainest kind.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// An empty folder in which `usm` is started; its database is `data/usm.db` there.
pub struct World {
    folder: TempDir,
}

/// What a command did.
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// A running `usm serve`, killed with the test.
pub struct Server {
    child: Child,
    /// `127.0.0.1:41234`
    pub address: String,
    /// What it printed up to its address.
    pub printed: String,
    logged: Arc<Mutex<Vec<String>>>,
}

/// What a server answered.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl World {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the database behind the program's back.
    pub fn change(&self, statement: &str) {
        let file = rusqlite::Connection::open(self.path("data/usm.db")).expect("the database");
        assert_eq!(file.execute(statement, []).expect("a statement"), 1);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usm"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("USM_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.folder.path()).env_remove("RUST_LOG");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command with variables and standard input.
    pub fn usm_with(&self, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Done {
        let mut child = self.command(arguments).envs(variables.iter().copied()).spawn().expect("usm starts");
        // It may end without having read.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        child.wait_with_output().expect("usm ends").into()
    }

    /// Starts a command and does not wait for it.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("usm starts")
    }

    /// Runs a command that must succeed, and answers what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        self.ok_with(arguments, "")
    }

    /// The same with standard input.
    pub fn ok_with(&self, arguments: &[&str], input: &str) -> String {
        let done = self.usm_with(arguments, &[], input);
        assert_eq!(done.status, 0, "usm {arguments:?}: {}", done.err);
        done.out
    }

    /// Runs a command that must be refused with this status and in one sentence, which it answers.
    pub fn refused(&self, status: i32, arguments: &[&str]) -> String {
        self.refused_with(status, arguments, &[], "")
    }

    /// The same with variables and standard input.
    pub fn refused_with(&self, status: i32, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> String {
        let done = self.usm_with(arguments, variables, input);
        assert_eq!((done.status, &*done.out), (status, ""), "usm {arguments:?}: {}", done.err);
        let sentence = done.err.strip_prefix("usm: ").unwrap_or_else(|| panic!("usm {arguments:?} says: {}", done.err));
        assert!(sentence.ends_with(".\n") && sentence.lines().count() == 1, "not a sentence on one line: {sentence}");
        sentence.to_owned()
    }

    /// Starts `usm serve` on a free port and waits for its address.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        self.serve_with(arguments, &[])
    }

    /// The same with variables.
    pub fn serve_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        self.serve_at("127.0.0.1:0", arguments, variables).at_printed_address()
    }

    /// The same on a given address, under whatever public one.
    pub fn serve_at(&self, address: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        let (server, err) = self.start(address, arguments, variables);
        // Whoever stops reading would stop the server.
        let log = Arc::clone(&server.logged);
        std::thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                log.lock().expect("no panic").push(line);
            }
        });
        server
    }

    /// `usm serve` whose standard error goes nowhere any more, as when what kept its log has died.
    pub fn serve_unheard(&self) -> Server {
        self.start("127.0.0.1:0", &[], &[("RUST_LOG", "debug")]).0.at_printed_address()
    }

    fn start(&self, address: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (Server, ChildStderr) {
        let mut command = self.command(&[&["serve", "--listen", address], arguments].concat());
        let mut child = command.envs(variables.iter().copied()).spawn().expect("usm starts");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut printed = String::new();
        while !printed.contains("://") {
            if out.read_line(&mut printed).expect("text") == 0 {
                let mut said = String::new();
                let _ = child.stderr.take().expect("piped").read_to_string(&mut said);
                panic!("usm serve ended: {said}");
            }
        }
        let err = child.stderr.take().expect("piped");
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        (Server { child, address: address.to_owned(), printed, logged: Arc::default() }, err)
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { status: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Server {
    /// Where it listens under its own address on a port that was free.
    fn at_printed_address(mut self) -> Self {
        self.address = self.printed.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("an address").into();
        self
    }

    /// Logs in; answers the cookie, or `None` where the log-in is refused.
    pub fn log_in(&self, user_name: &str, password: &str) -> Option<String> {
        let body = format!("user_name={user_name}&password={password}");
        let answer = self.ask("POST", "/sign-in", "", &body);
        answer.cookie().filter(|_| answer.status == 303)
    }

    /// The status of a page for the holder of a cookie.
    pub fn status(&self, path: &str, cookie: &str) -> u16 {
        self.ask("GET", path, cookie, "").status
    }

    /// A page as the holder of a cookie sees it.
    pub fn page(&self, path: &str, cookie: &str) -> String {
        self.ask("GET", path, cookie, "").body
    }

    pub fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        ask(&self.address, method, path, cookie, body).expect("the server answers")
    }

    /// The lines on its standard error so far.
    pub fn logged(&self) -> Vec<String> {
        self.logged.lock().expect("no panic").clone()
    }

    /// Sends a signal such as `-STOP`.
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it by SIGKILL; it must have run until then.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        assert_eq!(self.child.wait().expect("it can be waited for").signal(), Some(9), "it ended before it was killed");
    }

    /// Sends SIGTERM and waits for the end; answers its exit status.
    pub fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Answer {
    /// What its first cookie comes to in a request.
    pub fn cookie(&self) -> Option<String> {
        let cookie = self.head.lines().find_map(|line| line.strip_prefix("set-cookie: "))?;
        cookie.split(';').next().map(str::to_owned)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A form, or JSON for a server function, as it is sent.
pub fn request(address: &str, method: &str, path: &str, cookie: &str, body: &str) -> String {
    let kind = if path.starts_with("/api/") { "json" } else { "x-www-form-urlencoded" };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\nConnection: close\r\n\
         Content-Type: application/{kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Sends a request; an error where the server is not there or goes away before it answers.
pub fn ask(address: &str, method: &str, path: &str, cookie: &str, body: &str) -> io::Result<Answer> {
    exchange(address, &request(address, method, path, cookie, body))
}

/// Sends a request as it is written, which closes the connection, and reads the whole answer.
pub fn exchange(address: &str, request: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, _) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {head}"));
    Ok(Answer { status, head: head.to_owned(), body: answer })
}

/// Opens `/live` by this request; answers the stream behind the head.
pub fn open_page(address: &str, request: &str) -> BufReader<TcpStream> {
    let mut page = TcpStream::connect(address).map(BufReader::new).expect("connected");
    page.get_ref().set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    page.get_mut().write_all(request.as_bytes()).expect("asked");
    assert!(read_until(&mut page, "").starts_with("HTTP/1.1 200 "), "no stream");
    page
}

/// Reads on to this line; answers the first one.
pub fn read_until(page: &mut BufReader<TcpStream>, end: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    while lines.last().is_none_or(|line| line != end) {
        let mut line = String::new();
        assert_ne!(page.read_line(&mut line).expect("something is said"), 0, "no {end:?}");
        lines.push(line.trim_end().to_owned());
    }
    lines.swap_remove(0)
}

/// Opens `/live` by this request, brings the end of its session about, and answers how long it took until the page was told.
pub fn told_of_its_end(address: &str, request: &str, end: impl FnOnce()) -> Duration {
    let mut page = open_page(address, request);
    let begun = Instant::now();
    end();
    read_until(&mut page, "data: ended");
    begun.elapsed()
}

/// All but the slowest were told within a quarter of a second: the machine may be busy.
pub fn are_told_at_once(mut took: Vec<Duration>) {
    took.sort_unstable();
    println!("between an end and its page: {took:?}");
    assert!(took[took.len() - 2] < Duration::from_millis(250), "{took:?}");
}

pub fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().expect("kill runs").success());
}

/// Asks until it is so, for at most two seconds.
pub fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(2), "not within two seconds: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

//! An application of the plainest kind: it answers with what it was sent.

use super::proxy::place;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Answers until the test ends.
pub struct Application {
    pub address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Application {
    /// At an address that nobody else has had: somebody may still ask at that of a server that another test has killed.
    pub fn new() -> Self {
        let listener = TcpListener::bind(place()).expect("an address of its own");
        let address = listener.local_addr().expect("its address").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let noted = Arc::clone(&noted);
                thread::spawn(move || answer(stream, &noted));
            }
        });
        Self { address, seen }
    }

    /// The heads of all requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

/// One request a connection.
fn answer(stream: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let small = head.to_ascii_lowercase();
    let length = small.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    seen.lock().expect("no panic").push(head.clone());
    let answer = [head.as_bytes(), &body].concat();
    let line = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
    let _ = reader.get_mut().write_all(&[line.as_bytes(), &answer].concat());
}

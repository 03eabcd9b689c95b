//! A wire between a node and its database, which can be cut and led elsewhere.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To a port of the loopback.
    Leads(u16),
    /// Nothing gets through, nothing is refused: what was sent arrives when it leads somewhere again.
    Silent,
    /// Whoever connects is sent away, and who was connected is cut off.
    Refuses,
}

pub struct Wire {
    port: u16,
    state: Arc<Mutex<State>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let wire = Self {
            port: listener.local_addr().expect("an address").port(),
            state: Arc::new(Mutex::new(State::Leads(port))),
            open: Arc::default(),
        };
        let (state, open) = (Arc::clone(&wire.state), Arc::clone(&wire.open));
        thread::spawn(move || {
            for here in listener.incoming().map_while(Result::ok) {
                let (state, open) = (Arc::clone(&state), Arc::clone(&open));
                thread::spawn(move || connect(here, &state, &open));
            }
        });
        wire
    }

    pub fn url(&self) -> String {
        format!("postgres://usm@127.0.0.1:{}/usm", self.port)
    }

    pub fn leads(&self, port: u16) {
        self.set(State::Leads(port));
    }

    pub fn falls_silent(&self) {
        self.set(State::Silent);
    }

    pub fn refuses(&self) {
        self.set(State::Refuses);
        for stream in self.open.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn set(&self, state: State) {
        *self.state.lock().expect("no panic") = state;
    }
}

/// Waits while nothing gets through; answers where it leads then.
fn leads(state: &Mutex<State>) -> Option<u16> {
    loop {
        let now = *state.lock().expect("no panic");
        match now {
            State::Leads(port) => return Some(port),
            State::Refuses => return None,
            State::Silent => thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn connect(here: TcpStream, state: &Arc<Mutex<State>>, open: &Mutex<Vec<TcpStream>>) -> Option<()> {
    let there = TcpStream::connect(("127.0.0.1", leads(state)?)).ok()?;
    let clone = |stream: &TcpStream| stream.try_clone().expect("a handle");
    open.lock().expect("no panic").extend([clone(&here), clone(&there)]);
    let (back, forth) = ((clone(&there), clone(&here)), (here, there));
    let waits = Arc::clone(state);
    thread::spawn(move || carry(back.0, back.1, &waits));
    carry(forth.0, forth.1, state);
    Some(())
}

fn carry(mut from: TcpStream, mut to: TcpStream, state: &Mutex<State>) {
    let mut piece = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if leads(state).is_none() || to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

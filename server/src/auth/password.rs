//! Passwords: argon2id, computed on a bounded number of threads, so that a rush of log-ins cannot take the machine.
//!
//! OWASP's Password Storage Cheat Sheet gives the parameters: 19,456 KiB, two passes, one lane.

use app::{AppError, model::text::count};
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{PasswordHasher, phc},
};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Semaphore;

/// The longest password, in bytes. Longer ones are refused before anything is computed (Django's CVE-2013-1443).
pub const PASSWORD_BYTES: usize = 1024;

/// Log-ins that may wait for a free slot; more are told to come back in a few seconds.
const WAITING: usize = 64;

/// What is verified where there is no hash to verify: an unknown user name takes as long as a wrong password.
/// Right parameters, arbitrary salt and output.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdC4uLg$bm9ib2R5J3MgcGFzc3dvcmQgaGFzIG5vIGhhc2guLi4";

/// A password as typed: exact bytes, at most [`PASSWORD_BYTES`]. `Debug` does not tell it.
#[derive(Clone)]
pub struct Password(String);

/// What one verification found.
#[derive(Clone, PartialEq, Eq)]
pub enum Verified {
    No,
    /// The password is right. `upgraded` is its new hash where the stored one has older parameters.
    Yes {
        upgraded: Option<String>,
    },
}

/// The operating system had no random salt, or no memory was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashError;

/// Hashes and verifies, on as many threads as there are cores. Cloned, it is the same pool.
#[derive(Clone, Debug)]
pub struct Passwords {
    /// Places in all.
    most: usize,
    /// Everybody inside: at work or waiting.
    places: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    /// What the slots have computed in, for the next ones. Given back instead, the system's allocator keeps pieces of it for many threads:
    /// twenty log-ins at once left 400 MiB behind.
    memories: Arc<Mutex<Vec<Memory>>>,
    verifications: Arc<AtomicU64>,
}

/// What one hash is computed in; empty before the first. 19 MiB, unless a stored hash asks for more.
type Memory = Vec<Block>;

impl Password {
    /// `None` where it is longer than [`PASSWORD_BYTES`].
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (text.len() <= PASSWORD_BYTES).then_some(Self(text))
    }

    /// A new PHC string with a salt of its own. Takes tens of milliseconds and 19 MiB.
    ///
    /// # Errors
    /// [`HashError`]; then no password is set.
    pub fn hash(&self) -> Result<String, HashError> {
        let hash: Result<phc::PasswordHash, _> = argon2().hash_password(self.0.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|_| HashError)
    }

    /// Compares with a PHC string, by that string's own parameters. What cannot be parsed matches nothing.
    fn verify(&self, hash: &str, memory: &mut Memory) -> bool {
        self.compare(hash, memory).unwrap_or(false)
    }

    /// `None` where the PHC string is none of argon2, or there is no memory for it.
    fn compare(&self, hash: &str, memory: &mut Memory) -> Option<bool> {
        let hash = phc::PasswordHash::new(hash).ok()?;
        let (salt, right) = (hash.salt?, hash.hash?);
        let algorithm = Algorithm::new(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let blocks = params.block_count();
        if memory.len() < blocks {
            memory.try_reserve_exact(blocks - memory.len()).ok()?;
            memory.resize(blocks, Block::default());
        }
        let mut output = [0; phc::Output::MAX_LENGTH];
        let output = output.get_mut(..right.len())?;
        let argon2 = Argon2::new(algorithm, version, params);
        argon2.hash_password_into_with_memory(self.0.as_bytes(), &salt, output, &mut memory[..blocks]).ok()?;
        // Compared in constant time.
        Some(phc::Output::new(output).ok()? == right)
    }
}

impl Passwords {
    /// A pool with one slot for each core.
    pub fn new() -> Self {
        let slots = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let most = slots + WAITING;
        Self {
            most,
            places: Arc::new(Semaphore::new(most)),
            slots: Arc::new(Semaphore::new(slots)),
            memories: Arc::default(),
            verifications: Arc::default(),
        }
    }

    /// Verifies a password, once. `None` (no account, no password set, disabled) computes as much and answers [`Verified::No`].
    ///
    /// # Errors
    /// [`AppError::Busy`] where too many wait already.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<Verified, AppError> {
        let verifications = Arc::clone(&self.verifications);
        self.compute(move |memory| {
            verifications.fetch_add(1, Ordering::Relaxed);
            let right = password.verify(hash.as_deref().unwrap_or(NOBODY), memory);
            match hash {
                Some(hash) if right => Verified::Yes { upgraded: is_old(&hash).then(|| password.hash().ok()).flatten() },
                _ => Verified::No,
            }
        })
        .await
    }

    /// Verifications under way, and those that wait for a slot.
    pub fn under_way(&self) -> u32 {
        count(self.most - self.places.available_permits())
    }

    /// Verifications so far; a sign-in makes exactly one, whoever asks.
    pub fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }

    /// Runs on a blocking thread, in a slot that is given back when the work is done, not when the asker goes away.
    async fn compute<T: Send + 'static>(&self, work: impl FnOnce(&mut Memory) -> T + Send + 'static) -> Result<T, AppError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| AppError::Busy)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| AppError::Internal)?;
        let memories = Arc::clone(&self.memories);
        let computed = tokio::task::spawn_blocking(move || {
            let held = || memories.lock().unwrap_or_else(PoisonError::into_inner);
            let mut memory = held().pop().unwrap_or_default();
            let result = work(&mut memory);
            held().push(memory);
            drop((slot, place));
            result
        });
        computed.await.map_err(|_| AppError::Internal)
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// The hash was made with less than today's parameters.
fn is_old(hash: &str) -> bool {
    let Ok(hash) = phc::PasswordHash::new(hash) else { return true };
    let today = Params::default();
    let current = Params::try_from(&hash)
        .is_ok_and(|params| params.m_cost() >= today.m_cost() && params.t_cost() >= today.t_cost() && params.p_cost() >= today.p_cost());
    !current || hash.algorithm.as_str() != Algorithm::Argon2id.as_str() || hash.version != Some(Version::V0x13.into())
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password could not be hashed: no random bytes or no memory")
    }
}

impl std::error::Error for HashError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).expect("short enough")
    }

    #[test]
    fn aut_04_a_hash_has_the_documented_parameters_and_its_own_salt() {
        let (one, two) = (password("correct horse").hash().expect("a hash"), password("correct horse").hash().expect("a hash"));
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        assert!(!is_old(&one));
    }

    #[tokio::test]
    async fn aut_04_older_parameters_are_upgraded_when_the_password_is_right() {
        let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).expect("parameters"));
        let old: phc::PasswordHash = old.hash_password(b"correct horse").expect("a hash");
        let passwords = Passwords::new();
        let Ok(Verified::Yes { upgraded: Some(new) }) = passwords.verify(password("correct horse"), Some(old.to_string())).await else {
            panic!("the old hash is right and gets a new one")
        };
        assert!(passwords.verify(password("correct horse"), Some(new)).await == Ok(Verified::Yes { upgraded: None }));
        assert!(passwords.verify(password("wrong horse"), Some(old.to_string())).await == Ok(Verified::No));
        assert_eq!(passwords.verifications(), 3);
    }

    #[tokio::test]
    async fn nobody_takes_one_whole_verification() {
        assert!(!is_old(NOBODY), "it parses, with today's parameters");
        let hash = phc::PasswordHash::new(NOBODY).expect("a hash");
        assert!(hash.salt.is_some() && hash.hash.is_some_and(|output| output.len() == 32), "or verifying would stop early");
        let passwords = Passwords::new();
        assert!(passwords.verify(password(""), None).await == Ok(Verified::No));
        assert_eq!(passwords.verifications(), 1);
    }

    #[test]
    fn two_long_passwords_that_differ_at_the_end_do_not_match() {
        let long = "ä".repeat(200);
        let hash = password(&format!("{long}1")).hash().expect("a hash");
        let memory = &mut Memory::new();
        assert!(password(&format!("{long}1")).verify(&hash, memory));
        assert!(!password(&format!("{long}2")).verify(&hash, memory));
        assert!(!password(&format!("{long}1")).verify("not a hash", memory));
    }

    #[test]
    fn a_password_is_bounded_and_tells_nothing() {
        assert!(Password::new("x".repeat(PASSWORD_BYTES)).is_some());
        assert!(Password::new("x".repeat(PASSWORD_BYTES + 1)).is_none());
        assert_eq!(format!("{:?}", password("hunter2")), "Password(…)");
    }

    #[tokio::test]
    async fn what_one_hash_was_computed_in_serves_the_next() {
        let passwords = Passwords::new();
        let slots = passwords.slots.available_permits();
        let all: Vec<_> = (0..3 * slots).map(|_| passwords.verify(password("x"), None)).collect();
        assert!(futures::future::join_all(all).await.into_iter().all(|verified| verified == Ok(Verified::No)));
        let memories = passwords.memories.lock().expect("no panic");
        assert!((1..=slots).contains(&memories.len()), "{}", memories.len());
        assert!(memories.iter().all(|memory| memory.len() == Params::default().block_count()));
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_back() {
        let passwords = Passwords::new();
        let places = passwords.places.available_permits();
        let all = Arc::clone(&passwords.places).try_acquire_many_owned(u32::try_from(places).expect("few")).expect("all places");
        assert!(passwords.verify(password("x"), None).await == Err(AppError::Busy));
        drop(all);
        assert!(passwords.verify(password("x"), None).await == Ok(Verified::No));
    }
}

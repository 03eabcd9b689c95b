//! The people of a made-up school district, and what their user names tell of them.
//!
//! Shares as in a district of 12,000 pupils with 23 schools: as many parents' accounts, one teacher to 15 pupils, as many other staff.

use super::{
    chance::Chance,
    names::{FIRST, LAST, plain},
};
use std::collections::{HashMap, HashSet};

/// The demo's administrator, with a password.
pub const ADMINISTRATOR: &str = "admin01";
/// The demo's teacher, with a password.
pub const TEACHER: &str = "nate.miller";
/// A teacher without a password who is always signed in once.
pub const TEST: &str = "natetest";
/// An administrator who is signed in from two places at once.
pub const TRAVELLER: &str = "kruiz";
/// Fewest accounts of a district: those that are always there.
pub const FEWEST: u32 = 5;

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub user_name: String,
    pub last_name: String,
    pub first_name: String,
    /// Empty where there is none.
    pub email: String,
    /// Holds the SIS role.
    pub sis: bool,
    pub disabled: bool,
}

/// What somebody is in the district. It decides when, from where and with what he signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Pupil,
    Staff,
    Parent,
    /// A machine of a computer room: each has an account of its own.
    Lab,
    /// An account that all machines of a library share.
    Kiosk,
}

impl Part {
    /// As the user name tells: `29millern`, `nate.miller`, `nate@mail.example`, `lab07`, `kiosk-library`.
    pub fn of(user_name: &str) -> Self {
        match user_name.as_bytes() {
            [b'0'..=b'9', ..] => Self::Pupil,
            _ if user_name.contains('@') => Self::Parent,
            [b'l', b'a', b'b', b'0'..=b'9', b'0'..=b'9'] => Self::Lab,
            _ if user_name.starts_with("kiosk-") => Self::Kiosk,
            _ => Self::Staff,
        }
    }

    /// How much longer it takes until one of them signs in than until one of the staff does.
    pub fn patience(self) -> f64 {
        match self {
            Self::Staff => 1.0,
            Self::Pupil => 6.5,
            Self::Parent => 9.0,
            Self::Lab | Self::Kiosk => 0.0,
        }
    }
}

/// Everybody, the named ones first. The same number and seed give the same people.
pub fn people(number: u32, seed: u64) -> Vec<Person> {
    let mut district =
        District { chance: Chance::new(seed), taken: HashSet::new(), untried: HashMap::new(), people: Vec::with_capacity(number as usize) };
    for (user_name, last_name, first_name, sis) in [
        (ADMINISTRATOR, "Okafor", "Grace", true),
        ("admin02", "Lindqvist", "Paul", true),
        (TRAVELLER, "Ruiz", "Karla", true),
        (TEACHER, "Miller", "Nathan", false),
        (TEST, "Test", "Fake", false),
    ] {
        district.add(user_name, last_name, first_name, "", sis);
    }
    let labs = if number >= 1_000 { 30 } else { 0 };
    for lab in 1..=labs {
        district.add(&format!("lab{lab:02}"), "", "", "", false);
    }
    let kiosks = u32::from(number >= 100);
    if kiosks > 0 {
        district.add("kiosk-library", "", "", "", false);
    }
    let others = number.saturating_sub(FEWEST + labs + kiosks);
    let (staff, pupils) = (share(others, 60), share(others, 452));
    for _ in 0..staff {
        district.add_staff();
    }
    for _ in 0..pupils {
        district.add_pupil();
    }
    for _ in 0..others - staff - pupils {
        district.add_parent();
    }
    district.people
}

/// So many thousandths.
fn share(number: u32, thousandths: u32) -> u32 {
    u32::try_from(u64::from(number) * u64::from(thousandths) / 1_000).expect("a share is no more than the whole")
}

struct District {
    chance: Chance,
    taken: HashSet<String>,
    /// The first number behind a wanted user name that was not tried yet.
    untried: HashMap<String, u32>,
    people: Vec<Person>,
}

impl District {
    fn add_staff(&mut self) {
        let (last, first) = self.name();
        let user_name = self.free(&format!("{}.{}", plain(first), plain(last)), "");
        let email = format!("{user_name}@district.example");
        self.add(&user_name, last, first, &email, false);
    }

    /// Year of graduation, last name, initial: how many districts name pupils.
    fn add_pupil(&mut self) {
        let (last, first) = self.name();
        let year = 27 + self.chance.below(13);
        let (last_plain, first_plain) = (plain(last), plain(first));
        let user_name = self.free(&format!("{year}{}{}", &last_plain[..last_plain.len().min(8)], &first_plain[..1]), "");
        self.add(&user_name, last, first, "", false);
    }

    /// Parents sign in with the address of their mail.
    fn add_parent(&mut self) {
        let (last, first) = self.name();
        let (last_plain, first_plain) = (plain(last), plain(first));
        let wanted = match self.chance.below(3) {
            0 => format!("{first_plain}.{last_plain}"),
            1 => format!("{last_plain}{}", 60 + self.chance.below(40)),
            _ => format!("{}{last_plain}", &first_plain[..1]),
        };
        let host = self.chance.pick(&["@mail.example", "@post.example", "@inbox.example"]);
        let user_name = self.free(&wanted, host);
        self.add(&user_name, last, first, &user_name, false);
    }

    fn name(&mut self) -> (&'static str, &'static str) {
        (self.chance.pick(&LAST), self.chance.pick(&FIRST))
    }

    /// The wanted user name, with the first number behind it that makes it nobody else's.
    fn free(&mut self, wanted: &str, host: &str) -> String {
        let mut name = format!("{wanted}{host}");
        if self.taken.contains(&name) {
            let untried = self.untried.entry(name.clone()).or_insert(2);
            while self.taken.contains(&name) {
                name = format!("{wanted}{untried}{host}");
                *untried += 1;
            }
        }
        name
    }

    fn add(&mut self, user_name: &str, last_name: &str, first_name: &str, email: &str, sis: bool) {
        self.taken.insert(user_name.to_owned());
        // Two in a hundred, but nobody that a walkthrough needs.
        let disabled =
            self.people.len() >= FEWEST as usize && !matches!(Part::of(user_name), Part::Lab | Part::Kiosk) && self.chance.below(50) == 0;
        self.people.push(Person {
            user_name: user_name.to_owned(),
            last_name: last_name.to_owned(),
            first_name: first_name.to_owned(),
            email: email.to_owned(),
            sis,
            disabled,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_people() {
        assert_eq!(people(3_000, 7), people(3_000, 7));
        assert_ne!(people(3_000, 7), people(3_000, 8));
    }

    #[test]
    fn a_district_has_its_shares_and_no_name_twice() {
        let people = people(26_545, 1);
        assert_eq!(people.len(), 26_545);
        let names: HashSet<_> = people.iter().map(|person| &person.user_name).collect();
        assert_eq!(names.len(), people.len());
        let count = |part| people.iter().filter(|person| Part::of(&person.user_name) == part).count();
        assert_eq!((count(Part::Lab), count(Part::Kiosk)), (30, 1));
        assert!((11_500..12_500).contains(&count(Part::Pupil)));
        assert!((1_500..1_700).contains(&count(Part::Staff)));
        assert!((12_500..13_500).contains(&count(Part::Parent)));
        let disabled = people.iter().filter(|person| person.disabled).count();
        assert!((400..660).contains(&disabled), "{disabled}");
        assert_eq!(people.iter().filter(|person| person.sis && !person.disabled).count(), 3);
    }

    #[test]
    fn the_smallest_district_has_those_of_the_walkthrough() {
        let names: Vec<_> = people(FEWEST, 1).into_iter().map(|person| person.user_name).collect();
        assert_eq!(names, [ADMINISTRATOR, "admin02", "kruiz", TEACHER, TEST]);
    }
}

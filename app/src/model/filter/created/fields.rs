//! The fields of a date and time as far as they are typed: `03/09/2022 9:2`, `9:20 a`.

/// A number as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    pub value: u32,
    /// How many digits, leading zeros included.
    pub length: usize,
    /// Nothing stands behind it: more digits may come.
    pub open: bool,
}

/// A half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Am,
    Pm,
}

/// What is typed of a date and a time; each field implies the one before it, save that the hour needs no date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub month: Option<Digits>,
    pub day: Option<Digits>,
    pub year: Option<Digits>,
    pub hour: Option<Digits>,
    pub minute: Option<Digits>,
    pub second: Option<Digits>,
    pub half: Option<Half>,
}

impl Fields {
    /// Reads a folded text; `None` where it is no beginning of a date or time. Values are not checked.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = Rest(text.trim());
        let mut fields = Self::default();
        let first = rest.digits(2)?;
        if rest.skip("/") {
            fields.month = Some(first);
            fields.day = rest.digits(2);
            if fields.day.is_some() && rest.skip("/") {
                fields.year = rest.digits(4);
            }
            let has_blank = rest.blanks();
            if !rest.0.is_empty() {
                fields.hour = Some(rest.digits(2).filter(|_| has_blank && fields.day.is_some())?);
            }
        } else {
            fields.hour = Some(first);
        }
        if fields.hour.is_some() {
            if rest.skip(":") {
                fields.minute = rest.digits(2);
                if fields.minute.is_some() && rest.skip(":") {
                    fields.second = rest.digits(2);
                }
            }
            rest.blanks();
            fields.half = match std::mem::take(&mut rest.0) {
                "" => None,
                "a" | "am" => Some(Half::Am),
                "p" | "pm" => Some(Half::Pm),
                _ => return None,
            };
        }
        rest.0.is_empty().then_some(fields)
    }

    /// One number and nothing else: a month or an hour.
    pub fn single(&self) -> Option<Digits> {
        match *self {
            Self { month: None, hour: Some(hour), half: None, .. } if hour.open => Some(hour),
            _ => None,
        }
    }
}

struct Rest<'text>(&'text str);

impl Rest<'_> {
    /// Up to `most` digits, `None` where there is none.
    fn digits(&mut self, most: usize) -> Option<Digits> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(Digits { value: number.parse().ok()?, length, open: rest.is_empty() })
    }

    fn skip(&mut self, sign: &str) -> bool {
        let rest = self.0.strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn blanks(&mut self) -> bool {
        let before = self.0.len();
        self.0 = self.0.trim_start();
        self.0.len() < before
    }
}

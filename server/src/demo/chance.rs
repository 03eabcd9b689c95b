//! Chance that a seed repeats: which people a district has, never a secret.

/// `SplitMix64` (Steele, Lea, Flood 2014): the same seed gives the same numbers on every machine and in every version.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from 0, below `end`, which is not 0. The bias is at most `end` in 2⁶⁴.
    pub fn below(&mut self, end: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "what is below a u32 fits one")]
        let scaled = ((u128::from(self.next()) * u128::from(end)) >> 64) as u32;
        scaled
    }

    /// At least 0, below 1.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.below(u32::MAX)) / f64::from(u32::MAX)
    }

    /// Waiting time until what happens on average every `mean` (in its unit).
    pub fn waiting(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// One of a few.
    ///
    /// # Panics
    /// Where there is nothing to pick from.
    pub fn pick(&mut self, choices: &[&'static str]) -> &'static str {
        let end = u32::try_from(choices.len()).expect("a few");
        choices[self.below(end) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut chance = Chance::new(1_234_567);
        assert_eq!([chance.next(), chance.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn a_die_shows_every_side_about_as_often() {
        let mut chance = Chance::new(1);
        let mut sides = [0; 6];
        for _ in 0..60_000 {
            sides[chance.below(6) as usize] += 1;
        }
        assert!(sides.iter().all(|side| (9_500..10_500).contains(side)), "{sides:?}");
    }
}

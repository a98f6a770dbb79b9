//! The sums of an hour by everything that profiles say, all of it at once: so any of it can be asked for, of any of those
//! that a filter leaves.
//!
//! With their texts, not with the numbers of profiles: a site sees many more profiles in a month than can be looked up for
//! a screen.
//!
//! ```text
//! crossed   length of the texts | text* | cell*       sorted, so that the same sums are the same bytes
//! text      length | bytes                            all numbers LEB128
//! cell      index of its text by each feature, in the order of Feature::ALL | metrics, see `cells`
//! ```

use std::collections::HashMap;

use super::cells::{add, metrics, put_metrics, skip_metrics};
use super::sketch::{put, take};
use crate::live::facts::{METRICS, Metrics};
use crate::live::profiles::{FEATURES, Feature, OTHER, PRIVATE, Profile};

/// The index of a text, by feature.
type Indices = [u32; FEATURES];

/// Sums on their way to be stored.
#[derive(Debug, Default)]
pub(crate) struct Crossing {
    texts: HashMap<String, u32>,
    cells: HashMap<Indices, Metrics>,
}

impl Crossing {
    /// Adds the sums of a profile; of none: of visitors of whom nothing is known.
    pub(crate) fn add(&mut self, profile: Option<&Profile>, metrics: &Metrics) {
        let indices = Feature::ALL.map(|by| match profile {
            Some(profile) => self.index(&profile.name(by)),
            None => self.index(OTHER),
        });
        add(self.cells.entry(indices).or_insert([0; METRICS]), metrics);
    }

    fn index(&mut self, text: &str) -> u32 {
        if let Some(index) = self.texts.get(text) {
            return *index;
        }
        let index = self.texts.len() as u32;
        self.texts.insert(text.to_owned(), index);
        index
    }

    /// The bytes; none if every sum is 0.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let cells = self.cells.iter().filter(|(_, metrics)| metrics.iter().any(|value| *value != 0));
        let mut texts: Vec<(&String, u32)> = self.texts.iter().map(|(text, index)| (text, *index)).collect();
        texts.sort_unstable();
        let mut place = vec![0u32; texts.len()];
        let (mut bytes, mut body) = (Vec::new(), Vec::new());
        for (n, (text, index)) in texts.iter().enumerate() {
            if let Some(place) = place.get_mut(*index as usize) {
                *place = n as u32;
            }
            put(&mut body, text.len() as u64);
            body.extend_from_slice(text.as_bytes());
        }
        let sorted = |index: u32| place.get(index as usize).copied().unwrap_or(0);
        let mut cells: Vec<(Indices, &Metrics)> = cells.map(|(i, m)| (i.map(sorted), m)).collect();
        if cells.is_empty() {
            return bytes;
        }
        cells.sort_unstable_by_key(|(indices, _)| *indices);
        put(&mut bytes, body.len() as u64);
        bytes.append(&mut body);
        for (indices, metrics) in cells {
            indices.iter().for_each(|index| put(&mut bytes, u64::from(*index)));
            put_metrics(&mut bytes, metrics);
        }
        bytes
    }
}

/// Stored sums, looked at.
#[derive(Debug)]
pub(crate) struct Crossed<'a> {
    texts: Vec<&'a str>,
    cells: &'a [u8],
}

impl<'a> Crossed<'a> {
    /// `None` for bytes that are none.
    pub(crate) fn new(mut bytes: &'a [u8]) -> Option<Crossed<'a>> {
        let length = usize::try_from(take(&mut bytes)?).ok()?;
        let (mut body, cells) = bytes.split_at_checked(length)?;
        let mut texts = Vec::new();
        while !body.is_empty() {
            let length = usize::try_from(take(&mut body)?).ok()?;
            let (text, rest) = body.split_at_checked(length)?;
            texts.push(std::str::from_utf8(text).ok()?);
            body = rest;
        }
        Some(Crossed { texts, cells })
    }

    /// Hands out the sums of those who fit every word asked for, with their name by a feature.
    pub(crate) fn each(
        &self,
        asked: &[(Feature, &str)],
        by: Feature,
        mut each: impl FnMut(&'a str, &Metrics),
    ) -> Option<()> {
        let marked =
            |fits: &dyn Fn(&str) -> bool| -> Vec<bool> { self.texts.iter().map(|t| fits(t)).collect() };
        let mut asked: Vec<(Feature, Vec<bool>)> =
            asked.iter().map(|(by, word)| (*by, marked(&|text| text.eq_ignore_ascii_case(word)))).collect();
        if !asked.is_empty() {
            // Nothing is known of them, and so nothing that would fit.
            asked.push((Feature::Country, marked(&|text| text != PRIVATE && text != OTHER)));
        }
        let mut bytes = self.cells;
        while !bytes.is_empty() {
            let mut indices = [0usize; FEATURES];
            for index in &mut indices {
                *index = usize::try_from(take(&mut bytes)?).ok()?;
            }
            let at = |by: Feature| indices.get(by as usize).copied();
            let fits = asked.iter().all(|(by, marks)| at(*by).and_then(|n| marks.get(n)) == Some(&true));
            match fits {
                true => each(self.texts.get(at(by)?)?, &metrics(&mut bytes)?),
                false => skip_metrics(&mut bytes)?,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn profile(n: u8) -> Option<Profile> {
        (n != 0).then(|| Profile {
            private: n == 1,
            country: [None, Some(*b"FR"), Some(*b"DE")][n as usize % 3],
            source: ["", "private", "a.example"][n as usize / 3 % 3].into(),
            channel: n % 2,
            utm_campaign: ["", "June"][n as usize % 2].into(),
            ..Profile::default()
        })
    }

    proptest! {
        #[test]
        fn sums_come_back_by_every_feature_and_filter(
            added in proptest::collection::vec((0u8..30, any::<i32>()), 0..60),
            country in proptest::option::of(proptest::sample::select(vec!["fr", "", "private", "(other)"])),
            source in proptest::option::of(proptest::sample::select(vec!["", "private", "A.example"])),
        ) {
            let mut crossing = Crossing::default();
            for (n, value) in &added {
                let mut metrics = [0; METRICS];
                metrics[2] = i64::from(*value);
                crossing.add(profile(*n).as_ref(), &metrics);
            }
            let words = crate::report::Words {
                country: country.map(str::to_owned),
                source: source.map(str::to_owned),
                ..Default::default()
            };
            let asked: Vec<_> = words.features().collect();
            let bytes = crossing.encode();
            for by in Feature::ALL {
                let mut expected: HashMap<String, i64> = HashMap::new();
                for (n, value) in &added {
                    let profile = profile(*n);
                    if profile.as_ref().map_or(asked.is_empty(), |profile| words.fits(profile)) {
                        let name = profile.as_ref().map_or(OTHER.into(), |p| p.name(by).into_owned());
                        *expected.entry(name).or_default() += i64::from(*value);
                    }
                }
                let mut found: HashMap<String, i64> = HashMap::new();
                if !bytes.is_empty() {
                    let crossed = Crossed::new(&bytes).unwrap();
                    crossed.each(&asked, by, |name, m| *found.entry(name.into()).or_default() += m[2]).unwrap();
                }
                expected.retain(|_, sum| *sum != 0);
                found.retain(|_, sum| *sum != 0);
                prop_assert_eq!(found, expected);
            }
        }

        #[test]
        fn hostile_bytes_are_no_sums(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(crossed) = Crossed::new(&bytes) {
                let _ = crossed.each(&[(Feature::Source, "a")], Feature::Os, |_, _| ());
            }
        }
    }
}

//! What voices say of the charter's commitments, side by side: of one member the latest of each voice with the gap between
//! them, of many members how many stand at each level. Levels are counted and compared, never averaged: they are no
//! quantities. Pure.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{
    assessments::Level,
    evaluations::{Author, Voice},
    kernel::id::Identifier,
};

/// What a voice has said of a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// Id of the assessment.
    pub id: Identifier,
    /// Code of the commitment.
    pub commitment: String,
    /// Who says it.
    pub author: Author,
    /// How the commitment is kept.
    pub level: Level,
    /// The year that is assessed.
    pub year: i64,
    /// The day of the assessment.
    pub assessed_on: NaiveDate,
}

/// Of what is said of a commitment the latest year of each voice, where every organisation of civil society is a voice of
/// its own: the member first, then civil society by name, then the secretariat.
#[must_use]
pub fn latest(spoken: &[Spoken], commitment: &str) -> Vec<Spoken> {
    let mut own: Vec<&Spoken> = spoken.iter().filter(|one| one.commitment == commitment).collect();
    own.sort_by_key(|one| std::cmp::Reverse(one.year));
    let mut found: Vec<Spoken> = Vec::new();
    for one in own {
        if !found.iter().any(|other| other.author.is_same_as(&one.author)) {
            found.push(one.clone());
        }
    }
    found.sort_by(|a, b| {
        let key = |one: &Spoken| one.author.voice;
        key(a).cmp(&key(b)).then_with(|| a.author.organisation.cmp(&b.author.organisation))
    });
    found
}

/// By how many levels voices differ at the most; nothing where there are not two.
#[must_use]
pub fn gap(voices: &[Spoken]) -> Option<i64> {
    let levels = || voices.iter().map(|one| one.level.get());
    let (lowest, highest) = (levels().min()?, levels().max()?);
    (voices.len() > 1).then_some(highest - lowest)
}

/// Where a member stands, as a voice finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Code of the commitment.
    pub commitment: String,
    /// The voice.
    pub voice: Voice,
    /// Id of the member.
    pub member_id: Identifier,
    /// The level.
    pub level: Level,
}

/// How many members stand at each level, as a voice finds of a commitment, and how many it speaks of at all: who stands at
/// several levels is one of them.
#[must_use]
pub fn levels(standings: &[Standing], commitment: &str, voice: Voice) -> ([(Level, usize); 5], usize) {
    let own = standings.iter().filter(|one| one.commitment == commitment && one.voice == voice);
    let found: BTreeSet<(Level, &str)> = own.map(|one| (one.level, one.member_id.as_str())).collect();
    let members: BTreeSet<&str> = found.iter().map(|(_, member)| *member).collect();
    let at = |level| found.iter().filter(|(own, _)| *own == level).count();
    (Level::ALL.map(|level| (level, at(level))), members.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::new_id;
    use proptest::prelude::*;

    fn spoken((voice, organisation, year, level): (usize, usize, i64, usize)) -> Spoken {
        Spoken {
            id: new_id(),
            commitment: "visibility".to_owned(),
            author: Author { voice: Voice::ALL[voice], organisation: format!("o{organisation}") },
            level: Level::ALL[level],
            year,
            assessed_on: NaiveDate::MIN,
        }
    }

    #[test]
    fn the_gap_is_between_the_highest_and_the_lowest_voice() {
        let of = |levels: &[usize]| {
            let voices: Vec<Spoken> = levels.iter().map(|level| spoken((1, *level, 2025, *level))).collect();
            gap(&voices)
        };
        assert_eq!((of(&[]), of(&[3]), of(&[3, 3]), of(&[0, 4, 2])), (None, None, Some(0), Some(4)));
    }

    #[test]
    fn a_voice_that_was_renamed_is_still_one() {
        let said = [spoken((0, 1, 2024, 1)), spoken((0, 2, 2025, 3))];
        let found = latest(&said, "visibility");
        assert_eq!(found, said[1..]);
        assert!(latest(&said, "territorial-synergy").is_empty());
    }

    #[test]
    fn members_are_counted_by_level_once_each_and_never_averaged() {
        let standing = |member: &str, level: usize| Standing {
            commitment: "visibility".to_owned(),
            voice: Voice::CivilSociety,
            member_id: Identifier::stored(member.to_owned()),
            level: Level::ALL[level],
        };
        let all = [standing("a", 1), standing("a", 4), standing("b", 1), standing("c", 1), standing("c", 1)];
        let (counts, assessed) = levels(&all, "visibility", Voice::CivilSociety);
        assert_eq!((counts.map(|(_, members)| members), assessed), ([0, 3, 0, 0, 1], 3));
        for (commitment, voice) in [("visibility", Voice::Member), ("openness-norms", Voice::CivilSociety)] {
            let (none, nobody) = levels(&all, commitment, voice);
            assert_eq!((none.map(|(_, members)| members), nobody), ([0; 5], 0));
        }
    }

    proptest! {
        #[test]
        fn every_voice_stands_once_with_its_latest_year(
            all in prop::collection::btree_map((0usize..3, 0usize..3, 2022i64..2027), 0usize..5, 0..30),
        ) {
            // Each voice speaks once of a year: names tell only civil society apart.
            let all: Vec<Spoken> = all
                .into_iter()
                .filter(|((voice, organisation, _), _)| Voice::ALL[*voice] == Voice::CivilSociety || *organisation == 0)
                .map(|((voice, organisation, year), level)| spoken((voice, organisation, year, level)))
                .collect();
            let found = latest(&all, "visibility");
            prop_assert!(found.is_sorted_by_key(|one| one.author.voice));
            for one in &all {
                let standing: Vec<&Spoken> = found.iter().filter(|other| other.author.is_same_as(&one.author)).collect();
                prop_assert_eq!(standing.len(), 1);
                prop_assert!(standing[0].year >= one.year);
            }
            prop_assert!(found.iter().all(|one| all.contains(one)));
            let gap = gap(&found);
            prop_assert_eq!(gap.is_some(), found.len() > 1);
            prop_assert!(gap.is_none_or(|gap| (0..=4).contains(&gap)));
        }
    }
}

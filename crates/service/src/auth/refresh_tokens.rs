//! Refresh tokens: what takes a session up again. A token is good until it is changed for the next one, and only hashes of
//! tokens are stored.
//!
//! Every token of a session carries the session's family secret, of which the hash is stored as well. So every token that
//! was ever issued for a session is recognised, however old it is, with a constant number of stored hashes. A forged token
//! with the id of a session, which stands in every access token, lacks the family secret and changes nothing.
//!
//! What becomes of a token that is presented, in the order in which [`Known::recognise`] asks:
//!
//! - Current: it is changed for the next token. It is a former token from then on.
//! - Former, within [`GRACE`] of its change: an answer was lost, or two tabs sent the same token at once. It gets a token
//!   once more, a sibling of the one that was issued first, because only hashes are stored and the same answer can't be
//!   given again. Both are current, until one of them is changed: then both are former.
//! - Spent, which is every other token that was issued: two parties hold copies of it, nobody can tell who stole it, and
//!   the session ends with all its access tokens (RFC 9700, section 4.14.2).
//! - Foreign: nobody was given it, and nothing happens.
//!
//! What a thief gains by the grace: a stolen token that is used within [`GRACE`] of its change by the owner gives the thief a
//! sibling. The first use of either sibling makes the other one a former token, and its next use ends the session, unless
//! that happens within [`GRACE`], too, and nobody else has used it. The thief does not know when that is. A third use of a
//! token ends the session even within [`GRACE`], so that an owner whose place a thief has taken is noticed. Two honest tabs
//! that refresh at the same time go on with a token each.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::passwords::{hash_secret, random};
use crate::kernel::{codes::codes, id::is_id};

/// For how long after its change a former token gets a token once more.
const GRACE: TimeDelta = TimeDelta::seconds(30);
/// What refresh tokens begin with, so that they are told from access tokens, and found where they should not be.
const PREFIX: &str = "remacto_rt_";
/// The characters of a secret of 256 bits.
const SECRET_CHARS: usize = 43;
/// The characters of the check: 132 bits.
const CHECK_CHARS: usize = 22;

/// What takes a session up again: the session's id, the secret of its family, and a secret of its own, of 256 random bits
/// each.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    session: String,
    /// None in a token from before families.
    family: Option<String>,
    secret: String,
}

impl RefreshToken {
    /// The first token of a session.
    ///
    /// # Errors
    /// A sentence, when the system has no random numbers.
    pub fn new(session: &str) -> Result<Self, String> {
        Ok(Self { session: session.to_owned(), family: Some(random()?), secret: random()? })
    }

    /// Another token of the same session and family. A token from before families begins one, which follows from it: all
    /// that are issued for it are of one family.
    ///
    /// # Errors
    /// A sentence, when the system has no random numbers.
    pub fn successor(&self) -> Result<Self, String> {
        let family = self.family.clone().unwrap_or_else(|| self.begun_family());
        Ok(Self { session: self.session.clone(), family: Some(family), secret: random()? })
    }

    /// The family that a token from before families begins.
    fn begun_family(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("family.{}", self.secret)))
    }

    /// Reads what [`RefreshToken::text`] writes, and tokens from before families, which have a session and a secret only.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('.');
        let (session, first) = (parts.next()?, parts.next()?);
        let (second, check, rest) = (parts.next(), parts.next(), parts.next());
        let (family, secret) = second.map_or((None, first), |secret| (Some(first), secret));
        let is_secret = |text: &str| text.len() == SECRET_CHARS && text.bytes().all(|b| b.is_ascii_graphic());
        let sound = is_id(session) && is_secret(secret) && family.is_none_or(is_secret) && rest.is_none();
        let token = Self { session: session.to_owned(), family: family.map(str::to_owned), secret: secret.to_owned() };
        (sound && token.check().as_deref() == check).then_some(token)
    }

    /// The token as its holder keeps it.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { session, family, secret } = self;
        match (family, self.check()) {
            (Some(family), Some(check)) => format!("{PREFIX}{session}.{family}.{secret}.{check}"),
            _ => format!("{PREFIX}{session}.{secret}"),
        }
    }

    /// What tells a whole token from a damaged one, which must not count as a spent one of its family.
    fn check(&self) -> Option<String> {
        let family = self.family.as_ref()?;
        let digest = Sha256::digest(format!("{}.{family}.{}", self.session, self.secret));
        let mut text = URL_SAFE_NO_PAD.encode(digest);
        text.truncate(CHECK_CHARS);
        Some(text)
    }

    /// The session's id.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The hash that the database stores: 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_secret(&self.secret)
    }

    /// The hash of the family's secret, which the database stores, too.
    #[must_use]
    pub fn family_hash(&self) -> Option<String> {
        self.family.as_deref().map(hash_secret)
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({}, ***)", self.session)
    }
}

/// What a token is to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It is good.
    Current,
    /// It was good until a moment ago, and has not come again yet.
    Former,
    /// It was issued, and is good no more.
    Spent,
    /// It was never issued.
    Foreign,
}

/// Why a refresh token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It is no refresh token, or a damaged one.
    Malformed,
    /// There is no such session.
    Unknown,
    /// The session has ended, or its time is over.
    Ended,
    /// It was issued for the session, and changed already.
    Spent,
    /// It was never issued for the session.
    Foreign,
    /// The account is gone or disabled.
    Disabled,
}

codes!(Refusal {
    Malformed => "malformed",
    Unknown => "unknown",
    Ended => "ended",
    Spent => "spent",
    Foreign => "foreign",
    Disabled => "disabled",
});

/// By which a session knows its tokens again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The hash of the family's secret; none as long as the session is from before families.
    pub family: Option<String>,
    /// The hash of the token that is good.
    pub current: String,
    /// The hash of another good token, which was issued for a former one.
    pub sibling: Option<String>,
    /// The hashes of the tokens that were good before the last change, as long as none of them has come again.
    pub former: [Option<String>; 2],
    /// When the last change was, as long as there are former tokens.
    pub changed_at: DateTime<Utc>,
}

impl Known {
    /// What a token is.
    #[must_use]
    pub fn recognise(&self, token: &RefreshToken, now: DateTime<Utc>) -> Presented {
        // Hashes of random secrets are compared, so that the time it takes says nothing about a token.
        let (hash, family) = (Some(token.hash()), token.family_hash());
        if family == self.family && (hash.as_ref() == Some(&self.current) || hash == self.sibling) {
            return Presented::Current;
        }
        // A token from before families is known by its hash only.
        if self.former.contains(&hash) && (family == self.family || family.is_none()) {
            return if now - self.changed_at <= GRACE { Presented::Former } else { Presented::Spent };
        }
        let family = family.unwrap_or_else(|| hash_secret(&token.begun_family()));
        if self.family == Some(family) { Presented::Spent } else { Presented::Foreign }
    }

    /// The state after a current token was changed for the next one.
    #[must_use]
    pub fn changed(self, next: &RefreshToken, now: DateTime<Utc>) -> Self {
        let former = [Some(self.current), self.sibling];
        Self { family: next.family_hash(), current: next.hash(), sibling: None, former, changed_at: now }
    }

    /// The state after a former token got a token once more.
    #[must_use]
    pub fn repeated(self, sibling: &RefreshToken) -> Self {
        Self { sibling: Some(sibling.hash()), former: [None, None], ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::id::new_id;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn first() -> (RefreshToken, Known) {
        let token = RefreshToken::new(&new_id()).unwrap();
        let (family, current) = (token.family_hash(), token.hash());
        (token, Known { family, current, sibling: None, former: [None, None], changed_at: at(0) })
    }

    fn from_before(session: &str) -> RefreshToken {
        RefreshToken { session: session.to_owned(), family: None, secret: random().unwrap() }
    }

    #[test]
    fn a_refresh_token_is_read_back_and_not_printed() {
        let id = new_id();
        for token in [RefreshToken::new(&id).unwrap(), from_before(&id)] {
            assert_eq!(RefreshToken::parse(&token.text()), Some(token.clone()));
            assert!(!format!("{token:?}").contains(&token.secret));
            let text = token.text();
            let foreign = ["remacto_rt_".to_owned(), format!("{text}x"), format!("{text}."), format!("{text}.x")];
            for other in [text[1..].to_owned(), text[..text.len() - 1].to_owned()].iter().chain(&foreign) {
                assert_eq!(RefreshToken::parse(other), None, "{other}");
            }
        }
        let token = RefreshToken::new(&id).unwrap();
        let next = token.successor().unwrap();
        assert!(
            next.hash() != token.hash() && next.family_hash() == token.family_hash() && next.session() == id.as_str()
        );
    }

    #[test]
    fn a_damaged_token_is_none() {
        let text = RefreshToken::new(&new_id()).unwrap().text();
        for at in PREFIX.len() + 37..text.len() {
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let damaged = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_eq!(RefreshToken::parse(&damaged), None, "{damaged}");
        }
    }

    #[test]
    fn a_former_token_gets_another_once_and_in_time() {
        let (token, known) = first();
        assert_eq!(known.recognise(&token, at(0)), Presented::Current);
        let next = token.successor().unwrap();
        let known = known.changed(&next, at(100));
        assert_eq!(known.recognise(&next, at(100)), Presented::Current);
        assert_eq!(known.recognise(&token, at(130)), Presented::Former);
        assert_eq!(known.recognise(&token, at(131)), Presented::Spent);
        let sibling = token.successor().unwrap();
        let known = known.repeated(&sibling);
        assert_eq!(known.recognise(&token, at(110)), Presented::Spent, "a third time");
        assert!([&next, &sibling].iter().all(|good| known.recognise(good, at(110)) == Presented::Current));
        // Whoever of the two goes on first, the other one has the grace, and only one of them.
        let third = sibling.successor().unwrap();
        let known = known.changed(&third, at(200));
        assert_eq!(known.recognise(&next, at(230)), Presented::Former);
        assert_eq!(known.recognise(&next, at(231)), Presented::Spent);
        let known = known.repeated(&next.successor().unwrap());
        assert!([&token, &next, &sibling].iter().all(|old| known.recognise(old, at(201)) == Presented::Spent));
    }

    #[test]
    fn a_forged_token_is_foreign() {
        let (token, known) = first();
        let forged = RefreshToken::new(token.session()).unwrap();
        let stripped = RefreshToken { family: None, ..token.clone() };
        let elsewhere = RefreshToken { family: forged.family.clone(), ..token.clone() };
        for foreign in [forged, stripped, elsewhere, from_before(token.session())] {
            assert_eq!(known.recognise(&foreign, at(1)), Presented::Foreign);
        }
    }

    #[test]
    fn a_session_from_before_families_goes_on() {
        let token = from_before(&new_id());
        let known =
            Known { family: None, current: token.hash(), sibling: None, former: [None, None], changed_at: at(0) };
        assert_eq!(known.recognise(&token, at(0)), Presented::Current);
        assert_eq!(known.recognise(&RefreshToken::new(token.session()).unwrap(), at(0)), Presented::Foreign);
        assert_eq!(known.recognise(&from_before(token.session()), at(0)), Presented::Foreign);
        let next = token.successor().unwrap();
        let known = known.changed(&next, at(10));
        let sibling = token.successor().unwrap();
        let repeated = known.clone().repeated(&sibling);
        assert!([&next, &sibling].iter().all(|good| repeated.recognise(good, at(20)) == Presented::Current));
        assert_eq!(repeated.recognise(&token, at(20)), Presented::Spent, "a third time");
        assert_eq!(known.recognise(&token, at(20)), Presented::Former);
        assert_eq!(known.recognise(&token, at(50)), Presented::Spent);
        assert_eq!(known.recognise(&from_before(token.session()), at(20)), Presented::Foreign);
        assert_eq!(known.changed(&next.successor().unwrap(), at(60)).recognise(&next, at(100)), Presented::Spent);
    }

    proptest! {
        /// Whatever is presented in whatever order: at most two tokens are good, every token that was issued is recognised,
        /// and one that was not never is.
        #[test]
        fn every_issued_token_is_known_again(moves in prop::collection::vec((0_usize..100, 0_i64..60), 0..40)) {
            let (token, mut known) = first();
            let (mut issued, mut now) = (vec![token], 0);
            for (which, seconds) in moves {
                now += seconds;
                let token = issued[which % issued.len()].clone();
                let next = token.successor().unwrap();
                known = match known.recognise(&token, at(now)) {
                    Presented::Current => known.changed(&next, at(now)),
                    Presented::Former => known.repeated(&next),
                    Presented::Spent => break,
                    Presented::Foreign => panic!("an issued token is not recognised"),
                };
                issued.push(next);
                let good = |token: &&RefreshToken| known.recognise(token, at(now)) == Presented::Current;
                prop_assert!((1..=2).contains(&issued.iter().filter(good).count()));
                let forged = RefreshToken::new(issued[0].session()).unwrap();
                prop_assert_eq!(known.recognise(&forged, at(now)), Presented::Foreign);
            }
        }
    }
}

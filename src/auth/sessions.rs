//! Sessions: where a person is signed in. A session lasts as long as its refresh token is changed for a new one in time.
//! A refresh token is good once: when one comes back that was changed already, two hold copies of it, nobody can tell
//! who stole it, and the session ends (RFC 9700, section 4.14.2). Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::passwords::{hash_secret, random};
use crate::kernel::id::{is_id, new_id};

/// For how many days an unused session can be taken up again.
const IDLE_DAYS: i64 = 14;
/// For how many days a session lasts at most, however often it is used.
const LONGEST_DAYS: i64 = 90;
/// For how many hours a one-time secret for a new password is good.
pub const RESET_HOURS: i64 = 24;
/// How much is kept of how a browser calls itself, in characters.
const USER_AGENT_CHARS: usize = 200;

/// Where somebody is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When its refresh token was last changed.
    pub used_at: DateTime<Utc>,
    /// Until when it can be taken up again.
    pub expires_at: DateTime<Utc>,
    /// How the program calls itself that signed in, as far as it is printable.
    pub user_agent: Option<String>,
}

impl Session {
    /// A new one.
    #[must_use]
    pub fn begin(user_agent: Option<&str>, now: DateTime<Utc>) -> Self {
        let printable: String = user_agent.unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
        let user_agent =
            Some(printable.trim().chars().take(USER_AGENT_CHARS).collect()).filter(|text: &String| !text.is_empty());
        Self { id: new_id(), created_at: now, used_at: now, expires_at: last_moment(now, now), user_agent }
    }
}

/// Until when a session lasts that began and was used at these moments.
#[must_use]
pub fn last_moment(created_at: DateTime<Utc>, used_at: DateTime<Utc>) -> DateTime<Utc> {
    (used_at + TimeDelta::days(IDLE_DAYS)).min(created_at + TimeDelta::days(LONGEST_DAYS))
}

/// What takes a session up again: the session's id and 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    session: String,
    secret: String,
}

/// What refresh tokens begin with, so that they are told from access tokens, and found where they should not be.
const PREFIX: &str = "remacto_rt_";

impl RefreshToken {
    /// A new one of a session.
    ///
    /// # Errors
    /// A sentence, when the system has no random numbers.
    pub fn new(session: &str) -> Result<Self, String> {
        Ok(Self { session: session.to_owned(), secret: random()? })
    }

    /// Reads what [`RefreshToken::text`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (session, secret) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let sound = is_id(session) && secret.len() == 43 && secret.bytes().all(|b| b.is_ascii_graphic());
        sound.then(|| Self { session: session.to_owned(), secret: secret.to_owned() })
    }

    /// The token as its holder keeps it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}.{}", self.session, self.secret)
    }

    /// The session's id.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// What is stored of it: 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        hash_secret(&self.secret)
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({}, ***)", self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_is_read_back_and_not_printed() {
        let token = RefreshToken::new(&new_id()).unwrap();
        assert_eq!(RefreshToken::parse(&token.text()), Some(token.clone()));
        assert!(!format!("{token:?}").contains(&token.secret));
        let text = token.text();
        for other in [&text[1..], &text[..text.len() - 1], "remacto_rt_", "remacto_rt_x.y", &format!("{text}x")] {
            assert_eq!(RefreshToken::parse(other), None, "{other}");
        }
        assert_ne!(token.hash(), RefreshToken::new(token.session()).unwrap().hash());
    }

    #[test]
    fn a_session_lasts_while_it_is_used_but_not_for_ever() {
        let day = |days: i64| DateTime::UNIX_EPOCH + TimeDelta::days(days);
        assert_eq!(last_moment(day(0), day(0)), day(14));
        assert_eq!(last_moment(day(0), day(10)), day(24));
        assert_eq!(last_moment(day(0), day(80)), day(90));
    }

    #[test]
    fn what_a_browser_says_of_itself_is_cut_and_cleaned() {
        let agent = |text: Option<&str>| Session::begin(text, DateTime::UNIX_EPOCH).user_agent;
        assert_eq!(agent(Some(" Firefox\u{7}/1 ")).as_deref(), Some("Firefox/1"));
        assert_eq!(agent(Some(&"x".repeat(500))).unwrap().len(), 200);
        assert_eq!((agent(None), agent(Some(" "))), (None, None));
    }
}

//! Sessions: where a person is signed in. A session lasts as long as its refresh token is changed for a new one in time.
//! Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::kernel::id::new_id;

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
        Self {
            id: new_id().into_string(),
            created_at: now,
            used_at: now,
            expires_at: last_moment(now, now),
            user_agent,
        }
    }
}

/// Until when a session lasts that began and was used at these moments.
#[must_use]
pub fn last_moment(created_at: DateTime<Utc>, used_at: DateTime<Utc>) -> DateTime<Utc> {
    (used_at + TimeDelta::days(IDLE_DAYS)).min(created_at + TimeDelta::days(LONGEST_DAYS))
}

#[cfg(test)]
mod tests {
    use super::*;

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

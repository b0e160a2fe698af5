//! Secrets that people and machines prove who they are with. A password is stored as argon2id with OWASP's parameters
//! (19 MiB, two passes, one lane); a client's secret is 256 random bits, for which a plain SHA-256 is as good and cheap.
//!
//! A new password is measured by how many guesses it takes (NIST SP 800-63B, section 5.1.1.2): common passwords and words,
//! repetitions, sequences and dates, and what is known of the account, are guessed first. There are no rules about kinds of
//! characters.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use zxcvbn::{Score, zxcvbn};

use crate::kernel::text::hex;

/// The fewest characters of a password.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// The most characters of a password.
pub const MAX_PASSWORD_CHARS: usize = 200;

/// How many characters of a password are measured: the time grows faster than their number, and so many unguessable ones are
/// enough.
const MEASURED_CHARS: usize = 64;
/// The fewest characters of a word of an account that is looked for in its password.
const MIN_WORD_CHARS: usize = 3;
/// The fewest characters of a password beside the words of the account.
const MIN_OTHER_CHARS: usize = 8;
/// The name of the service, which is guessed first.
const SERVICE: &str = "remacto";

/// A hash that no password has, with the same cost, so that an unknown account answers as slowly as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a new password is long enough, and not too long to be hashed.
///
/// # Errors
/// A predicate for a sentence about the password.
pub fn check_password(password: &str) -> Result<(), String> {
    let length = password.chars().count();
    if (MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&length) {
        return Ok(());
    }
    Err(format!("has {length} characters, not {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS}"))
}

/// The words that describe an account: an attacker guesses them first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextWords(Vec<String>);

impl ContextWords {
    /// Of texts that describe an account, like the e-mail address, the organisation or the member: each as a whole, and its
    /// words.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let words = |text: &'a str| [text].into_iter().chain(text.split(|c: char| !c.is_alphanumeric()));
        let texts = [SERVICE].into_iter().chain(texts.into_iter().flat_map(words));
        let mut words: Vec<String> =
            texts.filter(|word| word.chars().count() >= MIN_WORD_CHARS).map(str::to_lowercase).collect();
        // The longest first, since shorter ones may be parts of them.
        words.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        words.dedup();
        Self(words)
    }

    /// The password without these words.
    fn taken_from(&self, password: &str) -> String {
        self.0.iter().fold(password.to_lowercase(), |left, word| left.replace(word, ""))
    }
}

/// Whether a new password of an account is hard to guess, and of a good length. It takes milliseconds.
///
/// # Errors
/// A predicate for a sentence about the password.
pub fn check_strength(password: &str, context: &ContextWords) -> Result<(), String> {
    check_password(password)?;
    let words: Vec<&str> = context.0.iter().map(String::as_str).collect();
    let is_hard = |text: &str| {
        let measured: String = text.chars().take(MEASURED_CHARS).collect();
        zxcvbn(&measured, &words).score() >= Score::Three
    };
    // Words of the account must not be what makes it long.
    let left = context.taken_from(password);
    if is_hard(password) && left.chars().count() >= MIN_OTHER_CHARS && is_hard(&left) {
        return Ok(());
    }
    Err("is too easy to guess: it is made of common passwords or words, repetitions, sequences, dates, or what is known \
         of the account; several words that have nothing to do with each other are hard to guess"
        .to_owned())
}

/// Hashes a new password. It takes tens of milliseconds and 19 MiB.
///
/// # Errors
/// A predicate for a sentence about the password, or about the system when it has no random numbers.
pub fn hash_password(password: &str) -> Result<String, String> {
    check_password(password)?;
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| format!("can't be hashed: {error}"))
}

/// Whether a password is the one of a hash; as slow for no hash at all. As costly as [`hash_password`].
#[must_use]
pub fn is_password(password: &str, hash: Option<&str>) -> bool {
    let matches = Argon2::default().verify_password(password.as_bytes(), hash.unwrap_or(NOBODY)).is_ok();
    matches && hash.is_some()
}

/// A new client secret: 256 random bits.
///
/// # Errors
/// A sentence, when the system has no random numbers.
pub fn new_secret() -> Result<String, String> {
    Ok(format!("remacto_{}", random()?))
}

/// 256 random bits, as 43 characters.
///
/// # Errors
/// A sentence, when the system has no random numbers.
pub fn random() -> Result<String, String> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// The hash of an account that has no password yet: no password has it.
#[must_use]
pub fn no_password() -> String {
    NOBODY.to_owned()
}

/// The hash that a client secret is stored as: 64 hexadecimal digits.
#[must_use]
pub fn hash_secret(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_nothing_else_is() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(is_password("correct horse battery", Some(&hash)));
        assert!(!is_password("correct horse batterY", Some(&hash)));
        assert!(!is_password("correct horse battery", None));
        assert_ne!(hash, hash_password("correct horse battery").unwrap(), "the salt differs");
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(hash_password("hunter2").is_err());
        assert!(hash_password(&"x".repeat(201)).is_err());
    }

    #[test]
    fn what_is_guessed_first_is_no_password() {
        let context =
            ContextWords::of(["fatima.zahra@commune-larache.example", "Averroès Institute", "commune-larache"]);
        for weak in [
            "password1234",
            "aaaaaaaaaaaa",
            "            ",
            "\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}",
            "123456789012",
            "qwertyuiop12",
            "abcabcabcabc",
            "P@ssw0rd1234",
            "fatima.zahra@commune-larache.example",
            "Fatima.Zahra@Commune-Larache.example",
            "fatimazahra1",
            "remacto-remacto",
            "REMACTO2026!",
            "remacto-2026-remacto",
            "fatima-zahra-larache-2026",
            "averroès2026",
            "commune-larache1",
            "larache-larache",
            "hunter2",
        ] {
            assert!(check_strength(weak, &context).is_err(), "{weak}");
        }
        for good in [
            "correct horse battery staple",
            "incorrect mule accumulator clamp",
            "nzr4kq7wvtxd",
            "ثلاث قطط تشرب القهوة",
            "le tajine froid danse mal",
            &random().unwrap(),
            &"x7 Kq-2v ".repeat(22),
        ] {
            assert_eq!(check_strength(good, &context), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_words_of_an_account_are_few_and_its_own() {
        let words = ContextWords::of(["a.benali@rabat.ma", "Ville de Rabat"]);
        assert_eq!(words.0, ["a.benali@rabat.ma", "ville de rabat", "remacto", "benali", "rabat", "ville"]);
        assert_eq!(words.taken_from("A.Benali@rabat.ma-2026-Ville"), "-2026-");
    }

    #[test]
    fn nobodys_hash_costs_as_much_as_anybodys() {
        let parsed = argon2::password_hash::phc::PasswordHash::new(NOBODY).unwrap();
        let own =
            argon2::password_hash::phc::PasswordHash::new(&hash_password("correct horse battery").unwrap()).unwrap();
        assert_eq!((parsed.algorithm, parsed.params), (own.algorithm, own.params));
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert!(one.len() == 51 && one != other);
        assert_eq!(hash_secret(&one).len(), 64);
    }
}

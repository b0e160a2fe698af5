//! Secrets that people and machines prove who they are with. A password is stored as argon2id with OWASP's parameters
//! (19 MiB, two passes, one lane); a client's secret is 256 random bits, for which a plain SHA-256 is as good and cheap.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::kernel::text::hex;

/// The fewest characters of a password.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// The most characters of a password.
pub const MAX_PASSWORD_CHARS: usize = 200;

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

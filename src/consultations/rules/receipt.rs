//! The secrets around a contribution.
//!
//! Whoever contributes gets a receipt of 256 random bits, by which they, and nobody else, can see what becomes of it. It is
//! stored as its digest only. Yet a request whose answer was lost must be answered alike when it is sent again, so the
//! receipt has to be found once more. It is therefore stored a second time, masked: combined bit by bit (XOR) with a digest
//! of the `Idempotency-Key` that the client made. The key itself is not stored, only another digest of it. So who sends the
//! same key again is handed the same receipt, and a copy of the database gives neither receipts nor keys: it takes a key
//! that can't be guessed, hence its shortest length. All digests begin with a purpose of their own and name the
//! consultation: none can stand for another, and one key at two consultations makes two unrelated masks.

use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::kernel::text::hex;

/// The bytes of a receipt.
const BYTES: usize = 32;
/// The shortest key that can't be guessed.
const SHORTEST_KEY: usize = 20;
/// The longest key.
const LONGEST_KEY: usize = 200;

/// By which somebody finds their own contribution again. It never prints itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Receipt([u8; BYTES]);

impl Receipt {
    /// The receipt of random bits.
    #[must_use]
    pub const fn of(bits: [u8; BYTES]) -> Self {
        Self(bits)
    }

    /// The receipt as 43 characters that can stand in an address.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest that it is stored as and looked for by, as 64 hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(self.0))
    }
}

/// Reads a receipt in its one form.
impl FromStr for Receipt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("is no receipt")
    }
}

/// The key that a client made for a contribution. It never prints itself.
#[derive(Clone)]
pub struct SenderKey(String);

impl SenderKey {
    /// What a key must be, as a predicate for a sentence about it.
    pub const RULE: &'static str = "must be given once, as 20 to 200 visible ASCII characters that nobody can guess";

    /// Reads a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (SHORTEST_KEY..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        sound.then(|| Self(text.to_owned()))
    }

    /// The digest that the key is known by at a consultation, as 64 hexadecimal digits.
    #[must_use]
    pub fn sha256(&self, consultation: &str) -> String {
        hex(&self.digest("remacto contribution key", consultation, b""))
    }

    /// The digest of a request with this key, as 64 hexadecimal digits. Without the key it can't be computed, so that it
    /// confirms no guess of what somebody wrote.
    #[must_use]
    pub fn request_sha256(&self, consultation: &str, request: &[u8]) -> String {
        hex(&self.digest("remacto contribution request", consultation, request))
    }

    /// A receipt that only the key makes readable, as 64 hexadecimal digits.
    #[must_use]
    pub fn mask(&self, consultation: &str, receipt: &Receipt) -> String {
        hex(&self.combined(consultation, receipt.0))
    }

    /// The receipt behind a mask; none for what is no mask.
    #[must_use]
    pub fn unmask(&self, consultation: &str, mask: &str) -> Option<Receipt> {
        let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        let masked: Option<Vec<u8>> = mask.as_bytes().chunks(2).map(byte).collect();
        Some(Receipt(self.combined(consultation, masked?.try_into().ok()?)))
    }

    fn combined(&self, consultation: &str, mut bits: [u8; BYTES]) -> [u8; BYTES] {
        let pad = self.digest("remacto contribution receipt", consultation, b"");
        bits.iter_mut().zip(pad).for_each(|(bit, pad)| *bit ^= pad);
        bits
    }

    fn digest(&self, purpose: &str, consultation: &str, rest: &[u8]) -> [u8; BYTES] {
        let mut digest = Sha256::new();
        for part in [purpose.as_bytes(), consultation.as_bytes(), self.0.as_bytes(), rest] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_the_same_key_at_the_same_consultation_gives_a_receipt_back(
            bits: [u8; 32], one in "[!-~]{20,200}", other in "[!-~]{20,200}",
        ) {
            let receipt = Receipt::of(bits);
            let (key, stranger) = (SenderKey::parse(&one).unwrap(), SenderKey::parse(&other).unwrap());
            let mask = key.mask("a", &receipt);
            prop_assert!(key.unmask("a", &mask) == Some(receipt));
            prop_assert!(key.unmask("b", &mask) != Some(receipt));
            prop_assert!(one == other || stranger.unmask("a", &mask) != Some(receipt));
            prop_assert!(receipt.text().parse() == Ok(receipt));
            let stored = [mask, key.sha256("a"), key.request_sha256("a", b""), receipt.sha256()];
            prop_assert!(stored.iter().all(|text| text.len() == 64 && *text != hex(&bits)));
            prop_assert_eq!(stored.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,70}") {
            let _ = text.parse::<Receipt>();
            let key = SenderKey::parse("01234567890123456789").unwrap();
            let _ = key.unmask("a", &text);
        }
    }

    #[test]
    fn a_key_that_could_be_guessed_is_none() {
        for text in ["", "1", "0123456789012345678", "0123456789 0123456789", "0123456789é0123456789"] {
            assert!(SenderKey::parse(text).is_none(), "{text}");
        }
        assert!(SenderKey::parse(&"k".repeat(201)).is_none() && SenderKey::parse(&"k".repeat(200)).is_some());
        assert!("short".parse::<Receipt>().is_err() && "A".repeat(43).parse::<Receipt>().is_ok());
    }
}

//! The keys that tokens are signed with: Ed25519, several at once, so that they can be changed without anybody
//! noticing. The first private key signs; all keys, also public ones alone, verify. Keys are changed in three steps, each
//! of them at every instance before the next one begins, so that none gets a token whose key it does not know: the new key
//! behind the old one; five minutes later, when nobody has an older key set, the new one in front; a quarter of an hour
//! later, when the last token that the old one signed has expired, the old one away.

use std::{fmt, fs, io::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{
    SigningKey, VerifyingKey,
    pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::kernel::id::new_id;

/// The file of the keys in the data folder.
const FILE: &str = "signing-keys.pem";

/// The keys of a server.
pub struct Keys {
    signing: (String, EncodingKey),
    verifying: Vec<(String, VerifyingKey, DecodingKey)>,
}

impl Keys {
    /// Reads keys from PEM texts, one after the other: PKCS #8 private keys and SPKI public keys.
    ///
    /// # Errors
    /// A predicate for a sentence about the text; it quotes nothing of it.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let (mut signing, mut verifying) = (None, Vec::new());
        for block in text.split_inclusive("-----END ") {
            let Some(start) = block.find("-----BEGIN ") else { continue };
            let (Some(label), Some(body)) = (block.get(start + 11..), block.strip_suffix("-----END ")) else {
                return Err("has a PEM block without an end");
            };
            let label = label.split("-----").next().unwrap_or_default();
            let pem = format!("{}-----END {label}-----\n", body.get(start..).unwrap_or_default());
            let public = match label {
                "PRIVATE KEY" => {
                    let key = SigningKey::from_pkcs8_pem(&pem);
                    let key = key.map_err(|_secret| "has a private key that is no Ed25519 key in PKCS #8")?;
                    let public = key.verifying_key();
                    let der = key.to_pkcs8_der().map_err(|_secret| "has a private key that can't be used")?;
                    signing.get_or_insert_with(|| (thumbprint(&public), EncodingKey::from_ed_der(der.as_bytes())));
                    public
                }
                "PUBLIC KEY" => VerifyingKey::from_public_key_pem(&pem)
                    .map_err(|_malformed| "has a public key that is no Ed25519 key")?,
                _ => return Err("has a PEM block that is neither PRIVATE KEY nor PUBLIC KEY"),
            };
            verifying.push((thumbprint(&public), public, DecodingKey::from_ed_der(public.as_bytes())));
        }
        let signing = signing.ok_or("has no private key (openssl genpkey -algorithm ed25519 makes one)")?;
        Ok(Self { signing, verifying })
    }

    /// The keys of a data folder; one is made where there is none, once, however many processes start at a time.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn of_folder(folder: &Path) -> Result<Self, String> {
        let file = folder.join(FILE);
        let failed = |error: std::io::Error| format!("the signing keys {} can't be used: {error}", file.display());
        if !file.exists() {
            let draft = folder.join(format!(".{FILE}.{}", new_id()));
            write_private(&draft, &generate()?).map_err(failed)?;
            // A link is made whole or not at all, and never replaces what another process has made.
            let linked = fs::hard_link(&draft, &file);
            fs::remove_file(&draft).map_err(failed)?;
            linked.or_else(|error| if file.exists() { Ok(()) } else { Err(error) }).map_err(failed)?;
        }
        close(&file);
        let text = fs::read_to_string(&file).map_err(failed)?;
        Self::read(&text).map_err(|why| format!("the file {} {why}", file.display()))
    }

    /// The id and the key to sign with.
    #[must_use]
    pub fn signing(&self) -> (&str, &EncodingKey) {
        (&self.signing.0, &self.signing.1)
    }

    /// The key with an id.
    #[must_use]
    pub fn verifying(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifying.iter().find(|(known, ..)| known == kid).map(|(.., key)| key)
    }

    /// The ids of all keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.verifying.iter().map(|(kid, ..)| kid.as_str())
    }

    /// The public keys as a JWK set (RFC 7517, RFC 8037).
    #[must_use]
    pub fn public(&self) -> Vec<Value> {
        let key = |(kid, public, _): &(String, VerifyingKey, DecodingKey)| json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(public), "kid": kid, "use": "sig", "alg": "EdDSA"});
        self.verifying.iter().map(key).collect()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.verifying.iter().map(|(kid, ..)| kid)).finish()
    }
}

/// A key's id: its JWK thumbprint (RFC 7638, RFC 8037).
fn thumbprint(key: &VerifyingKey) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(key));
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

/// A new private key as PEM.
///
/// # Errors
/// A sentence, when the system has no random numbers.
pub fn generate() -> Result<String, String> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    let pem = SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF);
    pem.map(|pem| pem.to_string()).map_err(|error| format!("the key can't be written down: {error}"))
}

/// Takes the right to read the keys from everybody but their owner.
fn close(file: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let is_open = fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o077 != 0);
        if is_open && let Err(error) = fs::set_permissions(file, fs::Permissions::from_mode(0o600)) {
            log::warn!("the signing keys {} are readable by others and can't be closed: {error}", file.display());
        }
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_private_key_signs_and_all_verify() {
        let (new, old) = (generate().unwrap(), generate().unwrap());
        let keys = Keys::read(&format!("comment\n{new}\n{old}")).unwrap();
        let only_new = Keys::read(&new).unwrap();
        assert_eq!(keys.signing().0, only_new.signing().0);
        assert_eq!(keys.public().len(), 2);
        assert!(keys.verifying(Keys::read(&old).unwrap().signing().0).is_some());
        assert!(only_new.verifying(Keys::read(&old).unwrap().signing().0).is_none());
    }

    #[test]
    fn what_openssl_writes_is_read() {
        // openssl genpkey -algorithm ed25519 | tee /dev/stderr | openssl pkey -pubout
        let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        let keys = Keys::read(&format!("{public}{private}")).unwrap();
        // The key pair and its thumbprint are the example of RFC 8037, appendix A.
        assert_eq!(keys.signing().0, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(keys.public()[0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    }

    #[test]
    fn what_can_not_sign_is_refused_and_never_quoted() {
        for (text, why) in [
            ("", "has no private key"),
            ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "no Ed25519 key"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
                "neither PRIVATE KEY nor PUBLIC KEY",
            ),
            ("-----BEGIN PRIVATE KEY-----\nhunter2", "without an end"),
        ] {
            let refused = Keys::read(text).unwrap_err();
            assert!(refused.contains(why) && !refused.contains("hunter2"), "{text}: {refused}");
        }
    }

    #[test]
    fn a_folder_keeps_its_key_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let together: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| Keys::of_folder(folder.path()).unwrap().signing().0.to_owned()))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(together.iter().all(|kid| *kid == together[0]), "{together:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

//! What is read again while the server runs, when SIGHUP asks for it: signing keys, outside issuers and log levels. Each by
//! itself: one that can't be read stays as it is, and the log says why.

use std::{io, sync::Arc};

use crate::{
    auth::{issuers::Issuers, keys::Keys, tokens::Tokens},
    config::ServeArgs,
    db::Target,
    logging,
};

/// What can be replaced, and where it is read from.
pub struct Reload {
    args: ServeArgs,
    target: Target,
    tokens: Arc<Tokens>,
    issuers: Arc<Issuers>,
}

impl Reload {
    /// Of a server with these settings.
    #[must_use]
    pub fn new(args: &ServeArgs, target: &Target, tokens: &Arc<Tokens>, issuers: &Arc<Issuers>) -> Self {
        let (tokens, issuers) = (Arc::clone(tokens), Arc::clone(issuers));
        Self { args: args.clone(), target: target.clone(), tokens, issuers }
    }

    /// Reads everything again, each time that SIGHUP comes, as long as the server runs.
    pub async fn at_hangup(self, mut hangups: Hangups) {
        let this = Arc::new(self);
        while hangups.next().await {
            let this = Arc::clone(&this);
            let done = tokio::task::spawn_blocking(move || this.read_again());
            if let Err(error) = done.await {
                log::error!("SIGHUP: reading the settings again was broken off: {error}");
            }
        }
    }

    fn read_again(&self) {
        match self.args.log_levels() {
            Ok(Some(levels)) => {
                logging::set_levels(&levels);
                log::info!("SIGHUP: logs {levels}");
            }
            Ok(None) => {}
            Err(why) => log::error!("SIGHUP: the former log levels stay: {why}"),
        }
        match self.args.keys(&self.target) {
            Ok(keys) => self.replace_keys(keys),
            Err(why) => log::error!("SIGHUP: the former signing keys stay: {why}"),
        }
        match self.args.issuers() {
            Ok(issuers) => {
                let names: Vec<String> = issuers.iter().map(|issuer| issuer.name().to_owned()).collect();
                self.issuers.replace(issuers);
                // What a former issuer has said is not believed any more.
                self.tokens.forget();
                log::info!("SIGHUP: believes {} outside issuers: {names:?}", names.len());
            }
            Err(why) => log::error!("SIGHUP: the former issuers stay: {why}"),
        }
        log::info!("SIGHUP: done");
    }

    fn replace_keys(&self, keys: Keys) {
        let before = self.tokens.keys();
        let (signing, all) = (keys.signing().0.to_owned(), keys.ids().map(str::to_owned).collect::<Vec<_>>());
        let is_same = before.signing().0 == signing && before.ids().eq(all.iter().map(String::as_str));
        if is_same {
            log::info!("SIGHUP: the signing keys are the same: signs with {signing}");
            return;
        }
        self.tokens.replace_keys(keys);
        log::info!("SIGHUP: signs with {signing}, believes {all:?}");
    }
}

/// SIGHUP, which ends a process that does not listen for it.
#[cfg(unix)]
pub struct Hangups(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    /// Listens from now on, for the whole life of the process. Within a runtime only.
    ///
    /// # Errors
    /// The system's.
    pub fn listen() -> io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map(Self)
    }

    async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

/// A system without SIGHUP.
#[cfg(not(unix))]
pub struct Hangups;

#[cfg(not(unix))]
impl Hangups {
    /// Nothing to listen for.
    ///
    /// # Errors
    /// None.
    pub fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        false
    }
}

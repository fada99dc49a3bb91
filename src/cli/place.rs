//! What the commands that work on this machine's own store and keys share.

use std::sync::Arc;

use super::Failure;
use crate::{
    clock::{Clock, ClockWatch, EARLIEST, SystemClock},
    config::{Settings, StoreAddress},
    entropy::{Entropy, SystemEntropy},
    files,
    issuer::{Checked, Custodian, Notary, Registry, Trust, time_by_hand},
    key_folder::{FolderVault, HeldFolder, KeyFolder},
    ledger::VerifierKey,
    store::{DeploymentKeys, Found, IssuerStore, LedgerStore, PostgresStore, SqliteStore, VerifierStore},
    token::SpokenWords,
};

/// An open store by its sides.
pub struct Stores {
    /// The issuer's.
    pub issuer: Arc<dyn IssuerStore>,
    /// The verifier's.
    pub verifier: Arc<dyn VerifierStore>,
    /// The notary's and the overseer's.
    pub ledger: Arc<dyn LedgerStore>,
    /// How long new spoken codes are where no setting says so.
    pub usual_words: SpokenWords,
}

impl Stores {
    async fn of(store: Arc<impl IssuerStore + VerifierStore + LedgerStore + 'static>) -> Result<Self, Failure> {
        let usual_words = store.usual_words().await?;
        Ok(Self { issuer: store.clone(), verifier: store.clone(), ledger: store, usual_words })
    }

    /// Opens the store for the issuer, who makes it or brings it up to date. A store of another deployment than the key folder's is
    /// refused before anything is written.
    pub async fn for_issuer(settings: &Settings, place: &Place) -> Result<Self, Failure> {
        Self::opened(store_address(settings)?, &place.deployment_keys(settings)?).await
    }

    /// The same for a command that acts. What it appends is signed with it where the ledger's key is here and this user's own; else the
    /// service signs it in its next round.
    pub async fn for_acts(settings: &Settings, place: &Place) -> Result<Self, Failure> {
        let (stores, folder) = (Self::for_issuer(settings, place).await?, KeyFolder::at(settings.keys()));
        if let Ok(passphrase) = settings.passphrase()
            && folder.has_own_ledger_key()
        {
            let notary = Notary::new(stores.ledger.clone(), Arc::new(folder.ledger(&settings.issuer()?, passphrase)));
            notary.sign_each_group()?;
            // What takes something back is never held up; why nothing can be signed the service says.
            let _ = notary.sign().await;
        }
        Ok(stores)
    }

    async fn opened(address: StoreAddress, keys: &DeploymentKeys) -> Result<Self, Failure> {
        match address {
            StoreAddress::Sqlite(path) => Self::of(Arc::new(SqliteStore::open_for_issuer(&path, keys)?)).await,
            StoreAddress::Postgres(address) => Self::of(Arc::new(PostgresStore::open_for_issuer(address, keys).await?)).await,
        }
    }

    /// Opens a store that was put back, for the issuer, and says which ledger key it is bound to. It may be from before that key was
    /// replaced, so only issuer name and root key are compared.
    pub async fn put_back(settings: &Settings, place: &Place) -> Result<(Self, VerifierKey), Failure> {
        let (address, mut keys) = (store_address(settings)?, place.deployment_keys(settings)?);
        if matches!(Self::found(settings).await?, Found::Bound(_)) {
            keys.ledger.clear();
        }
        let stores = Self::opened(address, &keys).await?;
        let Found::Bound(bound) = Self::found(settings).await? else {
            return Err(Failure::cannot_check("the store was exchanged meanwhile; try again"));
        };
        let wrong =
            |error| Failure::wrong(format!("the ledger key that the store is bound to cannot be used: {error}; put another copy back"));
        Ok((stores, bound.ledger_key.parse().map_err(wrong)?))
    }

    /// Opens the store for reading and for checks, which neither make nor migrate it. The same comparison is made.
    pub async fn for_verifier(settings: &Settings, place: &Place) -> Result<Self, Failure> {
        let (address, keys) = (store_address(settings)?, place.deployment_keys(settings)?);
        match address {
            StoreAddress::Sqlite(path) => Self::of(Arc::new(SqliteStore::open_for_verifier(&path, &keys)?)).await,
            StoreAddress::Postgres(address) => Self::of(Arc::new(PostgresStore::open_for_verifier(address, &keys).await?)).await,
        }
    }

    /// What is found where the store should be. Nothing is made or changed.
    pub async fn found(settings: &Settings) -> Result<Found, Failure> {
        Ok(match store_address(settings)? {
            StoreAddress::Sqlite(path) => SqliteStore::found(&path)?,
            StoreAddress::Postgres(address) => PostgresStore::found(&address).await?,
        })
    }
}

/// Where the store is; refused if others may read or change its file.
fn store_address(settings: &Settings) -> Result<StoreAddress, Failure> {
    let address = settings.store()?;
    if let StoreAddress::Sqlite(path) = &address {
        files::check_store(path)?;
    }
    Ok(address)
}

/// Clock and randomness of this machine.
#[derive(Clone)]
pub struct Place {
    /// The machine's clock, which was seen to be sane.
    pub clock: Arc<dyn Clock>,
    /// Whether that clock can still be believed; one for the process.
    pub watch: Arc<ClockWatch>,
    /// The machine's randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Place {
    /// Refuses a clock that has lost its time: every window would be wrong.
    pub fn here() -> Result<Self, Failure> {
        Self::with(Arc::new(SystemClock), Arc::new(SystemEntropy))
    }

    fn with(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, Failure> {
        if clock.now() < EARLIEST {
            return Err(Failure::wrong("this machine's clock stands before 2026; set it first"));
        }
        Ok(Self { watch: Arc::new(ClockWatch::new(clock.clone())), clock, entropy })
    }

    /// What a store is compared with.
    pub fn deployment_keys(&self, settings: &Settings) -> Result<DeploymentKeys, Failure> {
        let mut new_id = [0; 16];
        self.entropy.fill(&mut new_id)?;
        Ok(KeyFolder::at(settings.keys()).deployment_keys(&settings.issuer()?, new_id, settings.passphrase()?.as_ref())?)
    }

    /// The custodian of this machine's signing keys, on a store that is open.
    pub fn custodian(&self, store: Arc<dyn IssuerStore>, settings: &Settings, vault: FolderVault) -> Result<Custodian, Failure> {
        let root = KeyFolder::at(settings.keys()).root()?;
        let trust = Trust { root, issuer: settings.issuer()?, policy: settings.rotation()? };
        Ok(Custodian::new(store, Arc::new(vault), self.clock.clone(), self.entropy.clone(), trust))
    }

    /// The same on this machine's store, for a command that holds the folder, with the time as the operator vouches for it.
    pub async fn by_hand(&self, settings: &Settings, folder: &HeldFolder, clock_is_right: bool) -> Result<(Custodian, Checked), Failure> {
        let store = Stores::for_acts(settings, self).await?.issuer;
        let time = time_by_hand(&*store, &self.watch, clock_is_right).await?;
        Ok((self.custodian(store, settings, folder.vault(settings.passphrase()?))?, time))
    }

    /// The registry on this machine's store, for a command that only reads.
    pub async fn registry(&self, settings: &Settings) -> Result<Registry, Failure> {
        Ok(self.registry_on(Stores::for_issuer(settings, self).await?))
    }

    /// The same for one that acts.
    pub async fn acting_registry(&self, settings: &Settings) -> Result<Registry, Failure> {
        Ok(self.registry_on(Stores::for_acts(settings, self).await?))
    }

    fn registry_on(&self, stores: Stores) -> Registry {
        Registry::new(stores.issuer, self.clock.clone(), self.entropy.clone())
    }
}

/// Runs the asynchronous part of a command.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::cannot_check(format!("threads cannot be started ({error}); free some memory")))?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_clock_that_lost_its_time_is_refused() {
        let with = |now| Place::with(Arc::new(ManualClock::at(now)), Arc::new(SystemEntropy));
        assert!(with(EARLIEST).is_ok());
        for lost in [0, EARLIEST - 1] {
            let refused = with(lost).err().unwrap();
            assert_eq!(refused.sentence(), Some("this machine's clock stands before 2026; set it first"));
        }
    }
}

//! What the issuer does by itself, again and again, and once more before it ends.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Custodian, Notary, NotaryError};
use crate::{clock::Clock, health::alarm, store::IssuerStore};

/// Reports first checks to the ledger, drops old rows, keeps the keys in turn, and has the ledger signed.
pub struct Housekeeper {
    store: Arc<dyn IssuerStore>,
    clock: Arc<dyn Clock>,
    custodian: Arc<Custodian>,
    notary: Arc<Notary>,
    warned: Mutex<HashSet<String>>,
}

impl Housekeeper {
    /// Works on a store, with the keeper of its keys and the signer of its ledger.
    pub fn new(store: Arc<dyn IssuerStore>, clock: Arc<dyn Clock>, custodian: Arc<Custodian>, notary: Arc<Notary>) -> Self {
        Self { store, clock, custodian, notary, warned: Mutex::default() }
    }

    /// Does everything once. What fails goes to the log, keeps nothing else from being done, and is tried again the next time.
    /// Tells whether nothing failed.
    pub async fn round(&self) -> bool {
        let now = self.clock.now();
        let reported = self.store.report_first_checks(now).await;
        if let Err(error) = &reported {
            tracing::error!(kind = "first_checks", %error, "first checks could not be reported");
        }
        let purged = self.store.purge(now).await;
        if let Err(error) = &purged {
            tracing::error!(kind = "purge", %error, "old rows could not be purged");
        }
        let rotated = self.custodian.rotate().await;
        match &rotated {
            Ok(rotated) => self.warn(rotated.warnings.iter().map(ToString::to_string).collect()),
            Err(error) => tracing::error!(kind = "signing_keys", %error, "the signing keys could not be kept in turn"),
        }
        // Last, so that all of this is under the checkpoint.
        let signed = self.notary.sign().await;
        match &signed {
            Ok(_) => {}
            Err(NotaryError::Store(error)) => tracing::error!(kind = "ledger", %error, "the ledger could not be signed"),
            Err(error) => alarm("ledger", error),
        }
        reported.is_ok() && purged.is_ok() && rotated.is_ok() && signed.is_ok()
    }

    /// A warning is told when it comes up and when its sentence changes, not every time.
    fn warn(&self, warnings: HashSet<String>) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        for warning in warnings.difference(&warned) {
            tracing::warn!(kind = "signing_keys", "{warning}");
        }
        *warned = warnings;
    }
}

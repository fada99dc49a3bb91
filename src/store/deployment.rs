//! Which deployment a store belongs to. A store is bound to its deployment when it is made, and every process compares before
//! it writes anything: a key folder that belongs elsewhere must not change a key's stage.

use std::path::PathBuf;

use crate::{
    keyring::{IssuerName, KeyId, KeySet, PublicKey},
    ledger::{Checkpoint, VerifierKey},
};

/// The deployment that a store is bound to, as its one row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Random, so that two deployments of one name differ.
    pub id: [u8; 16],
    /// Rises when an older copy of the store is restored; from 1.
    pub epoch: i64,
    /// As the settings have it.
    pub issuer: String,
    /// Thumbprint of the root key (RFC 7638).
    pub root: KeyId,
    /// The ledger key in force, as `ledger.vkey` writes it.
    pub ledger_key: String,
}

/// The deployment that a key folder belongs to.
#[derive(Clone, Debug)]
pub struct DeploymentKeys {
    /// Where the keys are, for refusals.
    pub folder: PathBuf,
    /// The issuer name in the settings.
    pub issuer: IssuerName,
    /// The pinned root key.
    pub root: PublicKey,
    /// The ledger keys in the folder: none for a verifier, two while one replaces the other.
    pub ledger: Vec<VerifierKey>,
    /// The id of a store that is made now.
    pub new_id: [u8; 16],
}

/// What an older store holds that shows whose it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// The newest signed key set.
    pub key_set: Option<String>,
    /// The newest signed checkpoint.
    pub checkpoint: Option<String>,
}

impl DeploymentKeys {
    /// Compares with the row of a bound store. The sentence continues "the store ...".
    pub(super) fn check(&self, bound: &Deployment) -> Result<(), String> {
        let mut ledger: Vec<String> = self.ledger.iter().map(ToString::to_string).collect();
        // The public half as it was given out and its private half are mostly of one key.
        ledger.dedup();
        let differs = |what: &str, its: &str, ours: &str| format!("its {what} is {its}, theirs is {ours}");
        let root = differs("root key", &bound.root.to_string(), &self.root.id().to_string());
        match (bound.issuer == self.issuer.as_str(), bound.root == self.root.id()) {
            (false, true) => return Err(self.misnamed(&bound.issuer)),
            (false, false) => return Err(self.elsewhere(&format!("it is of {}, not of {}, and {root}", bound.issuer, self.issuer))),
            (true, false) => return Err(self.elsewhere(&root)),
            (true, true) => {}
        }
        if !ledger.is_empty() && !ledger.contains(&bound.ledger_key) {
            return Err(self.at_another_time(&differs("ledger key", &bound.ledger_key, &ledger.join(" or "))));
        }
        Ok(())
    }

    /// Whether a new store could be bound. Asked before one is made.
    pub(super) fn may_bind(&self) -> Result<(), String> {
        self.bind(&Evidence::default()).map(drop)
    }

    /// The row of a store that is bound now: only if what it holds already was signed by these keys.
    pub(super) fn bind(&self, evidence: &Evidence) -> Result<Deployment, String> {
        let Some(first) = self.ledger.first() else {
            return Err(format!(
                "is not bound to a deployment yet, and {} has no ledger key to bind it to; make one with `countersign keys publish --request FILE`",
                self.folder.display()
            ));
        };
        if let Some(Err(error)) = evidence.key_set.as_ref().map(|set| KeySet::read(set, &self.root, &self.issuer)) {
            return Err(self.elsewhere(&format!("its key set cannot be trusted under their root key ({error})")));
        }
        let signed = |note: &String| {
            let signed = self.ledger.iter().find(|key| Checkpoint::open(note, key).is_ok());
            signed.map_or_else(|| Checkpoint::open(note, first).map(|_| first), Ok)
        };
        let ledger =
            evidence.checkpoint.as_ref().map_or(Ok(first), signed).map_err(|error| {
                self.at_another_time(&format!("its newest checkpoint cannot be verified under their ledger key ({error})"))
            })?;
        Ok(Deployment {
            id: self.new_id,
            epoch: 1,
            issuer: self.issuer.as_str().to_owned(),
            root: self.root.id(),
            ledger_key: ledger.to_string(),
        })
    }

    /// Store and root key belong together, so that the issuer name alone is wrong.
    fn misnamed(&self, issuer: &str) -> String {
        let (folder, given) = (self.folder.display(), &self.issuer);
        format!(
            "belongs to {issuer}, as the root key in {folder} does, but the issuer name given is {given}; nothing was changed; give --issuer {issuer}"
        )
    }

    fn elsewhere(&self, how: &str) -> String {
        let folder = self.folder.display();
        format!(
            "belongs to another deployment than the keys in {folder}: {how}; nothing was changed; name the store and the key folder that belong together"
        )
    }

    /// Issuer name and root key are the same, so the ledger's key was replaced after one of both was copied.
    fn at_another_time(&self, how: &str) -> String {
        let folder = self.folder.display();
        format!(
            "is of another time than the keys in {folder}: {how}; nothing was changed; if the key folder is the older one, write the store's \
             key into its ledger.vkey, and bring private/ledger.pem if that still exists; if an older copy of the store was put back, run \
             `countersign keys ledger renew --restored`"
        )
    }
}

/// What is found where a store should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No store yet: none was made, or its database is empty.
    Nothing,
    /// A store from before stores were bound.
    Unbound,
    /// A store of this deployment.
    Bound(Deployment),
}

#[cfg(test)]
pub(super) mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::{keyring::SigningKey, ledger::ledger_key};

    const ISSUER: &str = "verify.example.org";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&Zeroizing::new([seed; 32]))
    }

    /// Of a deployment with these seeds.
    pub(in crate::store) fn keys(issuer: &str, root: u8, ledger: &[u8]) -> DeploymentKeys {
        let issuer: IssuerName = issuer.parse().unwrap();
        let ledger = ledger.iter().map(|seed| ledger_key(&issuer, key(*seed).public()).unwrap()).collect();
        DeploymentKeys { folder: "staging".into(), issuer, root: key(root).public(), ledger, new_id: [9; 16] }
    }

    #[test]
    fn keys_of_another_deployment_differ_by_each_of_the_three() {
        let bound = keys(ISSUER, 1, &[2]).bind(&Evidence::default()).unwrap();
        assert_eq!((bound.id, bound.epoch), ([9; 16], 1));
        for same in [keys(ISSUER, 1, &[2]), keys(ISSUER, 1, &[]), keys(ISSUER, 1, &[3, 2])] {
            assert_eq!(same.check(&bound), Ok(()));
        }
        for (other, what) in [
            (keys("other.example.org", 3, &[2]), "it is of verify.example.org, not of other.example.org, and its root key is "),
            (keys(ISSUER, 3, &[2]), "its root key is "),
            (keys(ISSUER, 3, &[3]), "its root key is "),
        ] {
            let refused = other.check(&bound).unwrap_err();
            assert!(refused.starts_with("belongs to another deployment than the keys in staging: ") && refused.contains(what), "{refused}");
        }
        for ledger in [2, 3] {
            assert_eq!(
                keys("other.example.org", 1, &[ledger]).check(&bound).unwrap_err(),
                "belongs to verify.example.org, as the root key in staging does, but the issuer name given is other.example.org; nothing was \
                 changed; give --issuer verify.example.org"
            );
        }
        let refused = keys(ISSUER, 1, &[3]).check(&bound).unwrap_err();
        let begins = "is of another time than the keys in staging: its ledger key is verify.example.org/ledger+";
        assert!(refused.starts_with(begins), "{refused}");
        for way_out in ["write the store's key into its ledger.vkey", "`countersign keys ledger renew --restored`"] {
            assert!(refused.contains(way_out), "{refused}");
        }
    }

    #[test]
    fn an_older_store_is_bound_only_to_the_keys_that_signed_what_it_holds() {
        let issuer: IssuerName = ISSUER.parse().unwrap();
        let published = crate::keyring::PublishedKey { key: key(5).public(), not_before: 0, expires_at: 9_000, revoked: None };
        let set = KeySet::new(issuer.clone(), 1, 0, 9_000, vec![published]).unwrap().sign(&key(1));
        let name = ledger_key(&issuer, key(2).public()).unwrap();
        let checkpoint = Checkpoint { size: 1, root: [7; 32] }.sign(&name, &key(2));
        let evidence = Evidence { key_set: Some(set), checkpoint: Some(checkpoint) };
        for same in [keys(ISSUER, 1, &[2]), keys(ISSUER, 1, &[3, 2])] {
            assert_eq!(same.bind(&evidence).unwrap().ledger_key, name.to_string());
        }
        for (other, what) in [
            (keys(ISSUER, 3, &[2]), "its key set cannot be trusted under their root key"),
            (keys(ISSUER, 1, &[3]), "its newest checkpoint cannot be verified under their ledger key"),
            (keys("other.example.org", 1, &[2]), "its key set cannot be trusted"),
            (keys(ISSUER, 1, &[]), "has no ledger key to bind it to"),
        ] {
            let refused = other.bind(&evidence).unwrap_err();
            assert!(refused.contains(what), "{refused}");
        }
    }
}

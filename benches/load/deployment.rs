//! Keys of a deployment that only stores without one are bound to.

use countersign::{keyring::SigningKey, ledger::ledger_key, store::DeploymentKeys};
use zeroize::Zeroizing;

pub fn keys() -> DeploymentKeys {
    let issuer = "verify.example.org".parse().expect("a name");
    let key = |seed| SigningKey::from_seed(&Zeroizing::new([seed; 32])).public();
    let ledger = vec![ledger_key(&issuer, key(5)).expect("a name without spaces")];
    DeploymentKeys { folder: "keys".into(), issuer, root: key(4), ledger, new_id: [1; 16] }
}

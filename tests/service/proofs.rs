//! A proof is of its time: it stays good when the ledger's key is replaced, and an old key makes no new ones.

use std::fs;

use countersign::{
    keyring::SigningKey,
    ledger::{Checkpoint, Proof, VerifierKey},
};

use crate::running::{Folder, Service};

/// A token is issued and its issue proven.
fn proven(folder: &Folder, name: &str) -> String {
    let service = Service::start(folder, &["--role", "all"]);
    let issue = ["issue", "--channel", "in-person", "--private-url", &service.private];
    let token = folder.json(&issue)["id"].as_str().unwrap().to_owned();
    assert!(service.terminate().0.success());
    let proof = folder.ok(&["ledger", "prove", &token]);
    folder.write(name, &proof);
    proof
}

#[test]
fn a_proof_is_verified_by_the_key_of_its_time() {
    let folder = Folder::ready();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    proven(&folder, "first.proof");
    let (first, stolen) = (read("keys/ledger.vkey"), read("keys/private/ledger.pem"));
    folder.ok(&["keys", "ledger", "renew"]);
    let second = read("keys/ledger.vkey");
    let later = proven(&folder, "second.proof");
    folder.write("both", &format!("{first}{second}"));
    let (first, second) = (first.trim(), second.trim());

    let verifies = |proof: &str, keys: &[&str]| {
        let keys: Vec<&str> = keys.iter().flat_map(|key| ["--key", key]).collect();
        folder.run(&[&["ledger", "verify", proof], &keys[..]].concat())
    };
    for proof in ["first.proof", "second.proof"] {
        for keys in [&[][..], &["both"], &[first, second], &[second, first], &["both", second]] {
            let said = verifies(proof, keys);
            assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{proof} {keys:?}");
        }
    }
    for (proof, key) in [("first.proof", second), ("second.proof", first)] {
        let said = verifies(proof, &[key]);
        let why = "countersign: its checkpoint cannot be believed: verify.example.org/ledger did not sign it with a key that is known here; if \
                   the ledger's key was replaced, name the one of the proof's time too\n";
        assert_eq!((said.code, said.stderr.as_str()), (1, why), "{proof}");
    }

    // Under a key that was replaced nothing new is proven where the ledger is known.
    let (key, name): (_, VerifierKey) = (SigningKey::from_pem(&stolen, None).unwrap(), first.parse().unwrap());
    let proof = Proof::read(&later).unwrap();
    let checkpoint = Checkpoint::open(&proof.checkpoint, &second.parse().unwrap()).unwrap();
    folder.write("forged.proof", &Proof { checkpoint: checkpoint.sign(&name, &key), ..proof }.write());
    let said = verifies("forged.proof", &[]);
    assert!(said.code == 1 && said.stderr.contains("a key that was not in force at its size"), "{}", said.stderr);
    assert_eq!(verifies("forged.proof", &[second]).code, 1);
}

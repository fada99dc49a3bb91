//! A COSE library that is not ours reads the same tokens, and what it would sign is what we verify.

use coset::{CborSerializable as _, CoseSign1, RegisteredLabelWithPrivate, TaggedCborSerializable as _, cwt::ClaimsSet, iana::Algorithm};

use crate::world::World;

#[test]
fn another_library_reads_and_verifies_what_we_sign() {
    let world = World::new();
    for bytes in world.samples() {
        let token = CoseSign1::from_tagged_slice(&bytes).unwrap();
        let header = &token.protected.header;
        assert_eq!(header.alg, Some(RegisteredLabelWithPrivate::Assigned(Algorithm::Ed25519)));
        assert!(token.unprotected.is_empty());
        let key = &world.keys.find(header.key_id.as_slice().try_into().unwrap()).unwrap().key;
        let aad = format!("countersign/1 {}", world.issuer);
        let verifies = |signature: &[u8], signed: &[u8]| key.verifies(signed, signature.try_into().unwrap()).then_some(()).ok_or(());
        assert_eq!(token.verify_signature(aad.as_bytes(), verifies), Ok(()));
        // Deterministic: it writes the claims and the whole as we do.
        let payload = token.payload.as_ref().unwrap();
        assert_eq!(&ClaimsSet::from_slice(payload).unwrap().to_vec().unwrap(), payload);
        assert_eq!(token.to_tagged_vec().unwrap(), bytes);
    }
}

//! What is signed is accepted, says the same, and is signed to the same bytes again.

use countersign::token::Rejection;
use proptest::prelude::*;

use crate::world::{NOW, World, claims};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_accepted_in_its_window_only(claims in claims()) {
        let world = World::new();
        let token = world.sign(&claims);
        prop_assert!((112..=256).contains(&token.as_bytes().len()));
        prop_assert_eq!(&world.sign(&claims), &token);
        let judge = |now| world.judge(token.as_bytes().to_vec(), now);
        prop_assert_eq!(judge(NOW), Ok(claims.clone()));
        let (start, end) = (claims.window().start(), claims.window().expires_at());
        prop_assert_eq!(judge(start - 60), Ok(claims.clone()));
        prop_assert_eq!(judge(start - 61), Err(Some(Rejection::NotYetValid)));
        prop_assert_eq!(judge(end + 59), Ok(claims.clone()));
        prop_assert_eq!(judge(end + 60), Err(Some(Rejection::Expired)));
    }
}

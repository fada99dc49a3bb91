//! Nothing about the person who asks is kept: not their number, not their attempt, not their address, no finer time.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use countersign::{hex, store::IssuerStore as _};
use serde_json::json;

use crate::{
    app::TestApp,
    world::{NOW, unknown_code},
};

const NUMBER: &str = "837465";
const ADDRESS: [u8; 4] = [127, 0, 0, 93];

/// A person who does everything that a person can.
async fn ask_in_every_way(app: &TestApp) -> Vec<u8> {
    let asker = app.anyone().at_address(ADDRESS[3]).with_number(NUMBER);
    let attempt = URL_SAFE_NO_PAD.decode(asker.attempt.as_ref().unwrap()).unwrap();
    let with = app.officer.issue(json!({"channel": "in-person", "challenge": NUMBER, "name": "Quillfeather", "place": "Zanzibar"})).await;
    let without = app.officer.issue_spoken().await;
    for (member, shown, verdict) in [
        ("token", &with.token, "genuine"),
        ("token", &without.token, "other_challenge"),
        ("code", &without.words, "other_challenge"),
        ("code", &unknown_code(1).words(), "unknown_code"),
        ("code", &"hello".to_owned(), "mistyped"),
    ] {
        assert_eq!(asker.verify(&asker.body(member, shown)).await.verdict(), verdict);
    }
    app.store.report_first_checks(NOW + 77).await.unwrap();
    attempt
}

#[tokio::test]
async fn tables_and_files_hold_none_of_it() {
    let app = TestApp::start().await;
    let attempt = ask_in_every_way(&app).await;
    let mut looked_for: Vec<Vec<u8>> = vec![attempt.clone(), NUMBER.into(), "Quillfeather".into(), "Zanzibar".into()];
    looked_for.extend([hex::encode(&attempt), URL_SAFE_NO_PAD.encode(&attempt), STANDARD.encode(&attempt)].map(String::into_bytes));
    looked_for.extend([b"127.0.0.93".to_vec(), ADDRESS.to_vec(), hex::encode(&ADDRESS).into_bytes()]);
    // As CBOR writes the number, which would mean that the bytes of a token that is not spoken were kept.
    looked_for.push([&[0x1a], NUMBER.parse::<u32>().unwrap().to_be_bytes().as_slice()].concat());

    let rows: String = app.dump().into_values().flatten().collect::<Vec<_>>().join("\n");
    let mut places = vec![("tables".to_owned(), rows.into_bytes())];
    for file in std::fs::read_dir(app.path().parent().unwrap()).unwrap().map(Result::unwrap) {
        places.push((file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()));
    }
    assert!(places.len() > 2, "the store and its log were read");
    for (place, content) in &places {
        for canary in &looked_for {
            let found = content.windows(canary.len()).any(|window| window == canary);
            assert!(!found, "{} in {place}", String::from_utf8_lossy(canary));
        }
    }
}

#[tokio::test]
async fn times_of_checks_are_whole_minutes() {
    let app = TestApp::start().await;
    ask_in_every_way(&app).await;
    let dump = app.dump();
    let minute: i64 = dump["marks"][0].split('|').nth(2).unwrap().parse().unwrap();
    assert_eq!(minute, NOW - NOW % 60);
    let columns: Vec<&str> = dump["marks"][0].split('|').collect();
    assert_eq!((columns.len(), dump["misses"].len()), (4, 1), "cti, hash of the attempt, minute, end of the token");
    assert!(dump["unreported"].iter().all(|row| row.split('|').count() == 3), "place in the queue, cti, end of the token");
    assert_eq!(dump["misses"][0].split('|').count(), 3, "budget, minute and count");
}

//! The pages speak the language that the browser asks for, with or without its program, and go out compressed.

use std::io::Read as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use reqwest::Method;
use sha2::{Digest as _, Sha384};

use crate::{actors::Reply, app::TestApp, world::unknown_code};

async fn get(app: &TestApp, path: &str, languages: &str) -> Reply {
    Reply::of(app.anyone().request(Method::GET, path).header("accept-language", languages)).await
}

#[tokio::test]
async fn the_browser_chooses_and_a_link_chooses_otherwise() {
    let app = TestApp::start().await;
    for (languages, tag, title) in [
        ("en-GB,en;q=0.9", "en", "Check who is contacting you"),
        ("cy-GB,cy;q=0.9,en;q=0.8", "cy", "Gwiriwch pwy sy’n cysylltu â chi"),
        ("fr", "en", "Check who is contacting you"),
        ("ur", "en", "Check who is contacting you"),
    ] {
        for path in ["/", "/check"] {
            let page = get(&app, path, languages).await;
            assert!(page.body.contains(&format!("<html lang=\"{tag}\" dir=\"ltr\">")), "{path} {languages}");
            assert!(page.body.contains(title), "{path} {languages}");
            let other = if tag == "en" { "cy" } else { "en" };
            assert!(page.body.contains(&format!("href=\"/check?lang={other}\"")), "{path} {languages}");
        }
    }
    assert!(get(&app, "/check?lang=cy", "en").await.body.contains("<html lang=\"cy\""));
    assert!(get(&app, "/check?lang=%22%3E%3Cscript%3E", "en").await.body.contains("<html lang=\"en\""));
    assert!(get(&app, "/check?lang=cy&lang=en", "en").await.body.contains("<html lang=\"en\""));
}

#[tokio::test]
async fn an_answer_is_in_the_language_of_its_form() {
    let app = TestApp::start().await;
    let code = unknown_code(1).words().replace(' ', "+");
    for (lang, title) in
        [("cy", "Nid ydym yn adnabod y cod hwn"), ("en", "We do not know this code"), ("", "Nid ydym yn adnabod y cod hwn")]
    {
        let form = app.anyone().request(Method::POST, "/check").header("sec-fetch-site", "same-origin").header("accept-language", "cy");
        let form = form.header("content-type", "application/x-www-form-urlencoded").body(format!("code={code}&challenge=&lang={lang}"));
        let reply = Reply::of(form).await;
        assert!(reply.body.contains(title), "{lang}: {}", reply.body);
        assert!(!reply.body.contains("class=\"languages\""), "a link away from an answer would lose it");
    }
}

#[tokio::test]
async fn files_of_the_page_go_out_compressed_to_those_who_can_read_that() {
    let app = TestApp::start().await;
    for path in ["/", "/scan.js", "/enter.js", "/language-cy.json", "/sw.js", "/icon.svg"] {
        let plain = app.anyone().get(path).await;
        let request = app.anyone().request(Method::GET, path).header("accept-encoding", "br;q=1.0, gzip, deflate");
        let compressed = request.send().await.unwrap();
        assert_eq!(compressed.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(compressed.headers()["cache-control"], "no-store", "{path}");
        let mut unpacked = String::new();
        GzDecoder::new(compressed.bytes().await.unwrap().as_ref()).read_to_string(&mut unpacked).unwrap();
        assert!(!plain.body.is_empty() && unpacked == plain.body, "{path}");
    }
}

/// A page has its own language in it, and names what it may load of the others by digest.
#[tokio::test]
async fn further_languages_are_files_that_the_page_names_by_digest() {
    let app = TestApp::start().await;
    let texts = async |tag: &str| get(&app, &format!("/language-{tag}.json"), "").await;
    for (own, other) in [("en", "cy"), ("cy", "en")] {
        let page = get(&app, "/", own).await.body;
        let (own, other) = (texts(own).await, texts(other).await);
        let digest = STANDARD.encode(Sha384::digest(&other.body));
        assert!(page.contains(&format!("\"integrity\":\"sha384-{digest}\"")), "{page}");
        assert!(page.contains(&own.body) && !page.contains(&other.body));
        assert_eq!(page.matches("\"integrity\":\"sha384-").count(), 1);
        assert_eq!((other.header("content-type"), other.header("cache-control")), ("application/json", "no-store"));
    }
    for path in ["/language-ur.json", "/language-xx.json", "/language-.json", "/language-cy", "/language-cy.json/", "/language-CY.json"] {
        assert_eq!(get(&app, path, "").await.status, 404, "{path}: the deployment does not have it");
    }
}

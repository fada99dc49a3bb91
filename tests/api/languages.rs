//! The pages speak the language that the browser asks for, with or without its program, and go out compressed.

use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::Method;

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
    for path in ["/", "/scan.js", "/sw.js", "/icon.svg"] {
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

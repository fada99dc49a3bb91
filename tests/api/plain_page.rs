//! `/check`: the same by plain HTML form, for browsers without our program.

use countersign::{
    token::{Reference, Token},
    words::{Catalogue, Language},
};
use reqwest::Method;
use serde_json::json;

use crate::{
    actors::{Asker, Reply},
    app::{PUBLIC_URL, Setup, TestApp},
    faults::Fault,
    world::unknown_code,
};

const SAME: [(&str, &str); 1] = [("sec-fetch-site", "same-origin")];

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02x}"))
}

async fn post(asker: &Asker, headers: &[(&str, &str)], code: &str, number: &str) -> Reply {
    let body = format!("code={}&challenge={}", encoded(code), encoded(number));
    let request = asker.request(Method::POST, "/check").header("content-type", "application/x-www-form-urlencoded").body(body);
    Reply::of(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// The title of the verdict, as people read it.
fn says(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    assert!(!reply.headers.contains_key("set-cookie"), "{reply:?}");
    assert!(!reply.body.contains("<script"), "{}", reply.body);
    assert!(!reply.body.contains("This code was made with your number"), "never says matched");
    let title = reply.body.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap();
    title.to_owned()
}

/// What is wrong with a text, each in its own sentence: the words of the table in `docs/page.md`.
const WRONG: [(&str, &str); 15] = [
    ("Good morning, may I come in?", "We see no code here. Look at your typing, or ask for the code again."),
    ("1. abacus 2. aba cus 3. abacus", "You have typed 3 of 5 words."),
    ("abacus abacus abacus abacus abacus abacus abacus", "You have typed 7 words. There should be 5 or 6."),
    ("abacus xqzz abacus qzzx abacus", "One word looks wrong: the second. Ask to hear it again."),
    ("abacus abacus abacus ? ?", "We can find one word, not two. Ask to hear the fifth again."),
    ("abacus zodiac abacus zodiac abacus", "One of these words is wrong. Look at each word, or ask to hear them again."),
    ("abacus abacus abacus abacus xbacus", "One word looks wrong: the fifth. Did you mean “abacus”?"),
    ("abacus ? abacus abacus abacus", "The word that you did not hear is most likely “abacus”."),
    ("depict marriage legroom museum remedy", "2 of these words look wrong. Did you mean these? legroom marriage depict museum remedy"),
    ("٤١٧ 092", "You have typed 6 of 15 digits."),
    ("0551 4054 7809 3030", "You have typed 16 digits. There should be 15 or 18."),
    ("O55 140 547 809 304", "One of these digits is wrong. Ask to hear them again."),
    ("https://eu.mimecast.com/s/x?domain=verify.example.org", "Your mail program changed this link."),
    ("See https://verify.example.org/", "There is no code in this link."),
    ("https://pay.example/verify?y=2", "This link does not lead to us. Do not open it. Ask for the words."),
];

#[tokio::test]
async fn only_our_own_page_may_post() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    let refused: [&[(&str, &str)]; 9] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "cross-site"), ("origin", PUBLIC_URL)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://verify.example.org.evil.example")],
    ];
    for headers in refused {
        let reply = post(&app.anyone(), headers, &issued.token, "").await;
        assert_eq!(reply.status, 403, "{headers:?}");
        assert!(reply.body.contains("It came from another page."), "{headers:?}");
        assert!(!reply.body.contains(&issued.token), "what the other site sent is not put into our form");
    }
    assert_eq!(app.count("marks"), 0);
    assert_eq!(says(&post(&app.anyone(), &[("origin", PUBLIC_URL)], &issued.token, "").await), "This code is genuine");
    let issued = app.officer.issue_plain().await;
    assert_eq!(says(&post(&app.anyone(), &SAME, &issued.token, "").await), "This code is genuine");
}

#[tokio::test]
async fn every_verdict_has_its_words() {
    let app = Setup { guesses: 3, ..Setup::default() }.start().await;
    let (plain, spoken, gone) = (app.officer.issue_plain().await, app.officer.issue_spoken().await, app.officer.issue_plain().await);
    let numbered = app.officer.issue(json!({"channel": "in-person", "challenge": "123456"})).await;
    let early = app.officer.issue(json!({"channel": "in-person", "not_before": crate::world::NOW + 900})).await;
    app.officer.withdraw(&gone.id).await;
    let forged = plain.token[..plain.token.len() - 1].to_owned();
    let unknown = unknown_code(1).words();
    let words = Catalogue::of(Language::English);
    for (code, number, title, verdict) in [
        (&plain.link, "", "This code is genuine", "genuine"),
        (&plain.token, "", "This code was checked before", "already_checked"),
        (&spoken.words, "", "This code is genuine", "genuine"),
        (&numbered.token, "", "This code needs a number", "challenge_needed"),
        (&numbered.token, "654321", "This code was not made with your number", "other_challenge"),
        (&gone.token, "", "This code was withdrawn", "withdrawn"),
        (&forged, "", "This code is not genuine", "not_genuine"),
        (&unknown, "", "We do not know this code", "unknown_code"),
        (&early.token, "", "It is too early for this code", "not_yet_valid"),
    ] {
        let reply = post(&app.anyone(), &SAME, code, number).await;
        let filled = [("organisation", "Example Police")];
        for part in ["means", "not", "do"]
            .map(|part| format!("verdict.{verdict}.{part}"))
            .iter()
            .map(String::as_str)
            .chain(["check.no_script", "safe.6"])
        {
            assert!(reply.body.contains(&words.text(part, &filled)), "{verdict}: {part}");
        }
        assert_eq!((reply.status, says(&reply).as_str()), (200, title), "{code}");
    }
    for (text, sentence) in WRONG {
        let mistyped = post(&app.anyone(), &SAME, text, "").await;
        assert_eq!(says(&mistyped), "Check your typing");
        assert!(mistyped.body.contains(sentence), "{text}: {}", mistyped.body);
    }
    app.clock.set(numbered.expires_at + 60);
    assert_eq!(says(&post(&app.anyone(), &SAME, &numbered.token, "123456").await), "This code has run out");
}

#[tokio::test]
async fn a_service_that_cannot_check_says_so() {
    let app = TestApp::start().await;
    let issued = app.officer.issue_plain().await;
    app.faults.set(Fault::Fails("use_once"));
    let reply = post(&app.anyone(), &SAME, &issued.token, "").await;
    assert_eq!((reply.status, says(&reply).as_str()), (503, "We cannot check right now"));
    assert!(reply.body.contains("class=\"reference\""), "it says to ring");
    assert!(!reply.body.contains("secret detail"));
}

#[tokio::test]
async fn a_right_number_is_never_called_a_match() {
    let app = TestApp::start().await;
    let issued = app.officer.issue(json!({"channel": "in-person", "challenge": "123456"})).await;
    let reply = post(&app.anyone(), &SAME, &issued.token, "1२3-4٥6").await;
    assert_eq!(says(&reply), "This code is genuine");
    assert!(
        reply.body.contains("This code was made with the number that you typed. That counts only if your own screen chose the number.")
    );
    assert!(!reply.body.contains("123456") && !reply.body.contains("123 456"));
    // No attempt is taken: pressing again is somebody else.
    assert_eq!(says(&post(&app.anyone(), &SAME, &issued.token, "123456").await), "This code was checked before");
}

#[tokio::test]
async fn a_form_that_cannot_be_read_comes_back_with_a_sentence() {
    let app = TestApp::start().await;
    for (code, number, wrong, key) in [
        ("", "", "code", "check.empty"),
        ("  \n", "", "code", "check.empty"),
        ("", "123456", "code", "check.empty"),
        ("abacus", "12345", "challenge", "check.challenge.wrong"),
        ("abacus", "abcdef", "challenge", "check.challenge.wrong"),
    ] {
        for language in [Language::English, Language::Welsh] {
            let body = format!("lang={}&code={}&challenge={number}", language.tag(), encoded(code));
            let reply = sent(&app.anyone(), &body).await;
            assert_eq!(reply.status, 422, "{code} {number}");
            let sentence = Catalogue::of(language).text(key, &[]);
            let said = format!("<p class=\"problem\" id=\"{wrong}-problem\" role=\"alert\">{sentence}</p>");
            assert!(reply.body.contains(&said), "{said}: {}", reply.body);
            is_at_fault(&reply.body, wrong);
        }
    }
    let request = app.anyone().request(Method::POST, "/check").header("sec-fetch-site", "same-origin");
    let reply = Reply::of(request.header("content-type", "text/plain").body("code=x")).await;
    assert_eq!(reply.status, 415);
    let typed = post(&app.anyone(), &SAME, "\"><script>alert(1)</script>", "<b>").await;
    assert_eq!(typed.status, 422);
    assert!(!typed.body.contains("<script>") && !typed.body.contains("<b>"), "what was typed is text: {}", typed.body);
}

/// Of the form's fields this one alone is invalid, described by its fault and where the browser goes first.
fn is_at_fault(body: &str, wrong: &str) {
    for field in ["code", "challenge"] {
        let tag = body.split('<').find(|tag| tag.contains(&format!("id=\"{field}\""))).unwrap();
        let described = if field == wrong { format!("\"{field}-problem {field}-hint\"") } else { format!("\"{field}-hint\"") };
        assert!(tag.contains(&format!("aria-describedby={described}")), "{tag}");
        for attribute in ["aria-invalid=\"true\"", " autofocus"] {
            assert_eq!(tag.contains(attribute), field == wrong, "{tag}");
        }
    }
}

#[tokio::test]
async fn hostile_names_and_places_are_text() {
    let app = TestApp::start().await;
    for hostile in ["<script>alert(1)", "<img src=x onerror=e>", "</p><h1>&lt;\"'`"] {
        let issued = app.officer.issue(json!({"channel": "in-person", "name": hostile, "place": hostile})).await;
        let reply = post(&app.anyone(), &SAME, &issued.token, "").await;
        assert_eq!(says(&reply), "This code is genuine");
        assert!(!reply.body.contains(hostile), "{}", reply.body);
        assert_eq!(reply.body.matches("<h1>").count(), 1);
        assert!(!reply.body.contains("<img"), "{}", reply.body);
    }
}

#[tokio::test]
async fn the_form_itself_asks_for_nothing_more() {
    let app = TestApp::start().await;
    let form = app.anyone().get("/check").await;
    assert_eq!(form.status, 200);
    for part in ["method=\"post\"", "action=\"/check\"", "name=\"code\"", "name=\"challenge\""] {
        assert!(form.body.contains(part), "{part}");
    }
    assert_eq!(
        form.body.matches("type=\"hidden\"").count(),
        5,
        "its language, its number and its proof; a language and where a button leads"
    );
    assert!(form.body.contains("name=\"lang\" value=\"en\"") && !form.body.contains("<script"));
    let head = Reply::of(app.anyone().request(Method::HEAD, "/check")).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn too_many_wrong_codes_are_held_back_here_too() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let unknown = async |n| says(&post(&asker, &SAME, &unknown_code(n).words(), "").await) == "We do not know this code";
    let mut tries = 0;
    while unknown(tries).await {
        tries += 1;
    }
    let held = post(&asker, &SAME, &unknown_code(30).words(), "").await;
    assert_eq!(held.status, 429);
    assert!(held.body.contains("Too many codes were tried from your connection."));
    assert_eq!(held.header("retry-after"), "780");
    let issued = app.officer.issue_plain().await;
    assert_eq!(says(&post(&asker, &SAME, &issued.token, "").await), "This code is genuine");
}

fn shown_number(reply: &Reply) -> String {
    assert!(reply.body.contains("class=\"number-value\""), "{} {}", reply.status, reply.body.split("<main>").nth(1).unwrap_or_default());
    let shown = reply.body.split("class=\"number-value\"").nth(1).unwrap().split(['>', '<']).nth(1).unwrap();
    shown.replace(' ', "")
}

#[tokio::test]
async fn the_form_draws_a_number_and_keeps_it_while_it_comes_back() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let (first, second) = (asker.get("/check").await, asker.get("/check").await);
    let number = shown_number(&first);
    assert_eq!(number.len(), 6);
    assert_ne!(number, shown_number(&second));
    let back = |own: String| {
        let request = asker.request(Method::POST, "/check").header("sec-fetch-site", "same-origin");
        Reply::of(request.header("content-type", "application/x-www-form-urlencoded").body(format!("code=hello+world&own={own}")))
    };
    assert_eq!(shown_number(&back(number.clone()).await), number);
    for forged in ["12345", "1234567", "abcdef", "%3Cscript%3E"] {
        let reply = back(forged.into()).await;
        assert_eq!(shown_number(&reply).len(), 6, "{forged}");
        assert!(!reply.body.contains("<script"));
    }
    let issued = app.officer.issue(json!({"channel": "in-person", "challenge": number})).await;
    assert_eq!(says(&post(&asker, &SAME, &issued.token, &number).await), "This code is genuine");
}

/// The proof that a form carries.
fn proof(reply: &Reply) -> String {
    let field = reply.body.split("name=\"form\" value=\"").nth(1).unwrap_or_else(|| panic!("{} without a proof", reply.status));
    field.split('"').next().unwrap().to_owned()
}

/// As a text browser sends it: no word of where it comes from.
async fn bare(asker: &Asker, form: &str, code: &str, number: &str) -> Reply {
    let body = format!("code={}&challenge={number}&form={form}&own=417092&lang=en", encoded(code));
    let request = asker.request(Method::POST, "/check").header("content-type", "application/x-www-form-urlencoded");
    Reply::of(request.body(body)).await
}

#[tokio::test]
async fn a_browser_that_names_no_page_is_known_by_the_form() {
    let app = TestApp::start().await;
    let (asker, elsewhere) = (app.anyone().at_address(41), app.anyone().at_address(42));
    let issued = app.officer.issue(json!({"channel": "in-person", "challenge": "417092"})).await;
    let form = proof(&asker.get("/check").await);
    // Copied from a visit of the attacker's own, made up, or changed.
    for (from, form) in [(&elsewhere, form.clone()), (&asker, String::new()), (&asker, "A".repeat(75)), (&asker, format!("{form}A"))] {
        let refused = bare(from, &form, &issued.token, "417092").await;
        assert_eq!(refused.status, 403, "{form}");
        assert!(refused.body.contains("It came from another page.") && !refused.body.contains(&issued.token), "{form}");
        assert_ne!(proof(&refused), form, "with a new one, for the person who reads this");
    }
    // What a browser says that does say something counts, whatever the form carries.
    for header in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", ""), ("origin", "null"), ("origin", "https://evil.example")] {
        let body = format!("code={}&form={form}", encoded(&issued.token));
        let request = asker.request(Method::POST, "/check").header("content-type", "application/x-www-form-urlencoded").body(body);
        assert_eq!(Reply::of(request.header(header.0, header.1)).await.status, 403, "{header:?}");
    }
    assert_eq!(app.count("marks"), 0);
    app.clock.set(crate::world::NOW + 601);
    let old = bare(&asker, &form, &issued.token, "417092").await;
    assert_eq!(old.status, 422);
    for kept in [issued.token.as_str(), "value=\"417092\"", "417 092", "This form is more than ten minutes old."] {
        assert!(old.body.contains(kept), "{kept}");
    }
    assert_eq!(app.count("marks"), 0, "nothing was checked");
    let issued = app.officer.issue_plain().await;
    assert_eq!(says(&bare(&asker, &proof(&old), &issued.token, "").await), "This code is genuine");
}

#[tokio::test]
async fn a_form_sent_twice_at_once_gets_one_answer_and_never_a_genuine_one_later() {
    let app = TestApp::start().await;
    let asker = app.anyone();
    let same = async |form: &str, code: &str| {
        let body = format!("code={}&form={form}", encoded(code));
        let request = asker.request(Method::POST, "/check").header("content-type", "application/x-www-form-urlencoded").body(body);
        Reply::of(request.header("sec-fetch-site", "same-origin")).await
    };
    let mut begun = crate::world::NOW;
    for is_spoken in [true, false] {
        app.clock.set(begun);
        let issued = if is_spoken { app.officer.issue_spoken().await } else { app.officer.issue_plain().await };
        let code = if is_spoken { &issued.words } else { &issued.token };
        let form = proof(&asker.get("/check").await);
        let other = proof(&asker.get("/check").await);
        app.clock.set(begun + 50);
        assert_eq!(says(&same(&form, code).await), "This code is genuine");
        for again in [0, 1, 10] {
            app.clock.set(begun + 50 + again);
            assert_eq!(says(&same(&form, code).await), "This code is genuine", "after {again} seconds");
            assert_eq!(says(&same(&other, code).await), "This code was checked before", "another form");
        }
        for later in [11, 60, 200] {
            app.clock.set(begun + 50 + later);
            let reply = same(&form, code).await;
            assert_eq!(says(&reply), "This code was checked before", "after {later} seconds");
            assert!(reply.body.contains("this code was checked, with this same form."), "after {later} seconds");
        }
        assert!(!same(&other, code).await.body.contains("this same form"));
        let reply = post(&asker, &SAME, code, "").await;
        assert!(!reply.body.contains("this same form"), "a page without a proof");
        begun += 300;
    }
    // The number is asked for first, and that uses nothing up.
    app.clock.set(begun);
    let numbered = app.officer.issue(json!({"channel": "in-person", "challenge": "123456"})).await;
    let form = proof(&asker.get("/check").await);
    assert_eq!(says(&same(&form, &numbered.token).await), "This code needs a number");
    assert_eq!(says(&bare(&asker, &form, &numbered.token, "123456").await), "This code is genuine");
    assert_eq!(says(&bare(&asker, &form, &numbered.token, "123456").await), "This code is genuine");
}

#[tokio::test]
async fn an_answer_that_says_to_ring_has_a_reference_to_quote() {
    let app = TestApp::start().await;
    let (gone, plain, spoken) = (app.officer.issue_plain().await, app.officer.issue_plain().await, app.officer.issue_spoken().await);
    app.officer.withdraw(&gone.id).await;
    let reference = |token: &str| Reference::of(Token::parse(token).unwrap().hash()).to_string();
    let forged = format!("{}A", &plain.token[..plain.token.len() - 1]);
    let quoted = async |code: &str, number: &str| {
        let reply = post(&app.anyone(), &SAME, code, number).await;
        reply.body.split("class=\"reference\"").nth(1).map(|rest| rest.split(['>', '<']).nth(1).unwrap().to_owned())
    };
    assert_eq!(quoted(&gone.token, "").await, Some(reference(&gone.token)));
    assert_eq!(quoted(&forged, "").await, Some(reference(&forged)));
    assert_eq!(quoted(&plain.link, "123456").await, Some(reference(&plain.token)), "another number");
    assert_eq!(quoted(&spoken.words, "").await, None, "genuine");
    assert_eq!(quoted(&spoken.words, "").await, Some(reference(&spoken.token)), "checked before");
    for (code, number) in [(unknown_code(1).words().as_str(), ""), ("hello", ""), (&plain.token, "")] {
        assert_eq!(quoted(code, number).await, None, "{code}");
    }
}

/// What a form of the page says besides its code, as a browser would send it.
async fn sent(asker: &Asker, form: &str) -> Reply {
    let request = asker.request(Method::POST, "/check").header("sec-fetch-site", "same-origin");
    Reply::of(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
}

#[tokio::test]
async fn every_way_without_a_code_ends_in_stop_within_two_steps() {
    let app = Setup { guesses: 100, ..Setup::default() }.start().await;
    let used = app.officer.issue_plain().await;
    assert_eq!(says(&post(&app.anyone(), &SAME, &used.token, "").await), "This code is genuine");
    let numbered = app.officer.issue(json!({"channel": "in-person", "challenge": "123456"})).await;
    let early = app.officer.issue(json!({"channel": "in-person", "not_before": crate::world::NOW + 900})).await;
    let gone = app.officer.issue_plain().await;
    app.officer.withdraw(&gone.id).await;
    let changed = format!("{}=", used.token);
    let unknown = unknown_code(1).words();
    let ways =
        [&used.token, &numbered.token, &early.token, &gone.token, &changed, &unknown, "apple river stone cloud paper", "123456789012345"];
    for code in ways {
        let asker = app.anyone();
        let first = post(&asker, &SAME, code, "").await;
        assert_ne!(says(&first), "Stop", "{code}");
        // A mistyped code leads to a form that remembers; any other to a button that leads to one.
        let form = if first.body.contains("name=\"tried\"") { first } else { sent(&asker, "lang=en&go=again").await };
        assert!(form.body.contains("name=\"tried\" value=\"1\""), "{code}");
        let second = sent(&asker, &format!("tried=1&code={}", encoded(code))).await;
        is_stop(&second);
        assert!(second.body.contains("Again no code that we can confirm.</p>"), "{code}");
        assert!(!second.body.contains("Check your typing"), "advice is no reason: {code}");
        is_stop(&sent(&asker, "go=stop").await);
    }
    // The answer that asks for a number has the code and a field for the number: no second try, if it fits.
    let asker = app.anyone();
    let asks = post(&asker, &SAME, &format!("They wrote: {} Regards", numbered.link), "").await;
    assert_eq!(says(&asks), "This code needs a number");
    assert!(asks.body.contains(&format!("name=\"code\" value=\"{}\"", numbered.token)), "{}", asks.body);
    let answered = sent(&asker, &format!("tried=1&code={}&challenge=123+456", numbered.token)).await;
    assert_eq!((says(&answered).as_str(), asks.body.matches("name=\"challenge\"").count()), ("This code is genuine", 1));
    // A slip in the form itself is no try, and neither is what follows a genuine code.
    let asker = app.anyone();
    assert_eq!(sent(&asker, "code=").await.body.matches("name=\"tried\"").count(), 0);
    let genuine = sent(&asker, &format!("tried=1&code={}", app.officer.issue_plain().await.token)).await;
    assert_eq!(says(&genuine), "This code is genuine");
    assert!(!genuine.body.contains("tried") && !genuine.body.contains("go\" value=\"again"), "{}", genuine.body);
    // No address says that somebody tried.
    assert!(!sent(&asker, "go=again").await.body.contains("?tried"));
}

fn is_stop(reply: &Reply) {
    assert_eq!(says(reply), "Stop");
    for part in [
        "Hang up, or close the door.",
        "Wait five minutes, or use another phone.",
        "href=\"tel:+442079460000\"",
        "href=\"tel:999\"",
        "href=\"https://www.example.org/report\"",
        "A genuine officer can always make a new code at once.",
    ] {
        assert!(reply.body.contains(part), "{part}: {}", reply.body);
    }
}

//! One form of `/check` at several verifiers of one store, as behind a load balancer, sent as a text browser does: with no word of
//! where it comes from.

use std::thread;

use crate::{
    roles::Job,
    running::{PATIENCE, faketime::FakeTime, get},
};

/// The proof in a new form.
fn form(public: &str) -> String {
    let (status, page) = get(&format!("{public}/check"));
    let field = page.split("name=\"form\" value=\"").nth(1).unwrap_or_else(|| panic!("{status} without a proof"));
    field.split('"').next().unwrap().to_owned()
}

/// The title of the answer, and whether it says that this form checked the code before.
fn send(public: &str, form: &str, code: &str) -> (String, bool) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    let request = ureq::Agent::from(config).post(format!("{public}/check"));
    let page = request.send_form([("code", code), ("form", form), ("lang", "en")]).unwrap().body_mut().read_to_string().unwrap();
    let title = page.split("<h1>").nth(1).unwrap_or_else(|| panic!("no title: {page}")).split("</h1>").next().unwrap();
    (title.to_owned(), page.contains("with this same form"))
}

fn genuine() -> (String, bool) {
    ("This code is genuine".into(), false)
}

fn checked_before(by_this_form: bool) -> (String, bool) {
    ("This code was checked before".into(), by_this_form)
}

/// The two requests of a double click at once, each at another verifier: both get the answer of one.
pub fn sent_twice_at_once(job: &Job, verifiers: [&str; 2]) {
    for made_by in [0, 1, 0, 1] {
        let (form, other) = (form(verifiers[made_by]), form(verifiers[1 - made_by]));
        let sheet = job.issue(&["--channel", ["telephone", "online"][made_by]]);
        let code = sheet.words.unwrap_or(sheet.link);
        let (sent_form, sent_code) = (&form, &code);
        let answers = thread::scope(|both| {
            let sent = verifiers.map(|public| both.spawn(move || send(public, sent_form, sent_code)));
            sent.map(|sent| sent.join().unwrap())
        });
        assert_eq!(answers, [genuine(), genuine()]);
        for public in verifiers {
            assert_eq!(send(public, &form, &code), genuine(), "pressed once more");
            assert_eq!(send(public, &other, &code), checked_before(false), "another form");
        }
    }
}

/// The same one after the other, where the second verifier's clock differs.
pub fn sent_again_by_another_clock(job: &Job, here: &str, other: &str, clock: &FakeTime) {
    let first = form(here);
    let sheet = job.issue(&["--channel", "online"]);
    assert_eq!(send(here, &first, &sheet.link), genuine());
    clock.set(-5);
    assert_eq!(send(other, &first, &sheet.link), genuine(), "five seconds behind");
    for ahead in [-25, 25] {
        clock.set(ahead);
        assert_eq!(send(other, &first, &sheet.link), checked_before(true), "{ahead} seconds ahead");
        let sheet = job.issue(&["--channel", "online"]);
        let its_form = form(other);
        assert_eq!(send(here, &its_form, &sheet.link), genuine(), "a form from {ahead} seconds ahead");
        assert_eq!(send(other, &its_form, &sheet.link), checked_before(true), "its own, {ahead} seconds ahead");
    }
}

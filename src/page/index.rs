use maud::{Markup, PreEscaped, html};

use super::{
    Document, Page, SCRIPT,
    deployment::texts,
    document::{UNFRAMED, script_policy},
};

impl Page<'_> {
    /// The page as the service gives it out.
    pub fn index(&self) -> Document {
        let policy = script_policy(self.api_origin());
        // Without our program the plain form can do more than what stands here: it draws a number.
        let head = html! { noscript { meta http-equiv="refresh" content={ "0;url=" (self.check()) }; } };
        Document { html: self.with_script(&head), policy: format!("{policy}; {UNFRAMED}") }
    }

    /// The page for a host that may send no headers of ours: what it can say of the policy, it says itself.
    pub(super) fn static_index(&self) -> Document {
        let policy = script_policy(self.api_origin());
        let head = html! { meta http-equiv="Content-Security-Policy" content=(policy); };
        Document { html: self.with_script(&head), policy: format!("{policy}; {UNFRAMED}") }
    }

    /// What the page says, as the file that a page in another language loads.
    pub fn texts(&self) -> String {
        texts(self.words).to_string()
    }

    fn api_origin(&self) -> &str {
        &self.site.deployment.api
    }

    fn with_script(&self, head: &Markup) -> String {
        let site = self.site;
        // `<` escaped: no value can close the element that holds the JSON (threat 24).
        let data = site.deployment.json(self.words, &site.catalogues).to_string().replace('<', "\\u003c");
        let foot = html! {
            script type="application/json" id="deployment" { (PreEscaped(data)) }
            script { (PreEscaped(SCRIPT)) }
        };
        let main = html! { (self.intro()) (self.plain_way()) (self.contact()) (self.safety()) };
        self.document(None, head, &self.menu(), &main, &foot)
    }

    /// What stands here until the script takes over, and for good where it cannot.
    fn plain_way(&self) -> Markup {
        // A page that is the same for everybody can hold no form: each has a proof of its own.
        html! { p.address { (self.t("check.plain")) " " a href=(self.check()) { (self.check()) } } }
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::{
        config::Organisation,
        keyring::SigningKey,
        page::{Deployment, Fields, Pages},
        words::Language,
    };

    #[test]
    fn no_setting_can_break_out_of_its_place() {
        let hostile = "</script><script>alert(1)</script>&\"'";
        let pages = Pages::new(Deployment {
            issuer: "verify.example.org".parse().unwrap(),
            public_url: hostile.into(),
            link_url: hostile.into(),
            api: String::new(),
            root: SigningKey::from_seed(&Zeroizing::new([1; 32])).public(),
            minimum_key_set: 1,
            organisation: Organisation {
                name: hostile.into(),
                telephone: hostile.into(),
                address: hostile.into(),
                emergency: hostile.into(),
                report: format!("https://{hostile}"),
                exit_url: Some(hostile.into()),
                time_zone: None,
                languages: Language::ALL.into(),
            },
        });
        for page in pages.each() {
            for Document { html, policy } in [page.index(), page.static_index(), page.form(None, &Fields::default())] {
                assert!(!html.contains("<script>alert"));
                assert!(policy.contains("style-src 'sha256-") && policy.contains("frame-ancestors 'none'"), "{policy}");
                assert!(!policy.contains("unsafe"), "{policy}");
            }
        }
    }
}

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Deployment, STYLE};
use crate::{
    config::Organisation,
    words::{Catalogue, Language, choose},
};

/// All pages of one deployment.
pub struct Pages {
    pub(super) deployment: Deployment,
    pub(super) catalogues: Vec<Catalogue>,
}

/// Writes pages in one language.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    pub(super) site: &'a Pages,
    /// Every word on them.
    pub words: &'a Catalogue,
}

impl Pages {
    /// The pages in each language of the deployment.
    pub fn new(deployment: Deployment) -> Self {
        let languages = &deployment.organisation.languages;
        let languages = if languages.is_empty() { Language::USUAL.as_slice() } else { languages };
        let catalogues = languages.iter().map(|language| Catalogue::of(*language)).collect();
        Self { deployment, catalogues }
    }

    /// The pages of the same deployment for an organisation that changed its texts.
    #[must_use]
    pub fn with_organisation(&self, organisation: Organisation) -> Self {
        Self::new(Deployment { organisation, ..self.deployment.clone() })
    }

    /// In each language, the deployment's first language first.
    pub fn each(&self) -> impl Iterator<Item = Page<'_>> {
        self.catalogues.iter().map(|words| Page { site: self, words })
    }

    /// In one language, if the deployment has it.
    pub fn in_language(&self, language: Language) -> Option<Page<'_>> {
        self.each().find(|page| page.words.language == language)
    }

    /// In the language that somebody would rather read, by an `Accept-Language` header or a single tag.
    pub fn for_reader(&self, wanted: &str) -> Page<'_> {
        let languages: Vec<Language> = self.catalogues.iter().map(|words| words.language).collect();
        // `choose` only chooses among them, and there is a catalogue at least.
        self.in_language(choose(&languages, wanted)).unwrap_or(Page { site: self, words: &self.catalogues[0] })
    }
}

impl Page<'_> {
    /// A text, with the organisation's name filled in.
    pub(super) fn t(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with more to fill in.
    pub(super) fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.text(key, &[values, &[("organisation", self.organisation().name.as_str())]].concat())
    }

    pub(super) fn organisation(&self) -> &Organisation {
        &self.site.deployment.organisation
    }

    /// A whole document around `main`, with the key of its own name. `head` and `foot` are what only some documents have.
    pub(super) fn document(&self, name: Option<&str>, head: &Markup, menu: &Markup, main: &Markup, foot: &Markup) -> String {
        let language = self.words.language;
        let markup = html! {
            (DOCTYPE)
            html lang=(language.tag()) dir=(language.direction()) {
                head {
                    meta charset="utf-8";
                    (head)
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="same-origin";
                    meta name="robots" content="noindex";
                    meta name="color-scheme" content="light dark";
                    // A phone must not turn the person's own number into something to ring.
                    meta name="format-detection" content="telephone=no";
                    title { @if let Some(name) = name { (self.t(name)) " – " } (self.t("page.title")) }
                    link rel="icon" href="icon.svg" type="image/svg+xml";
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        p.brand { (self.t("page.service")) " " span { (self.organisation().name) } }
                        @if let Some(exit) = &self.organisation().exit_url {
                            a.exit href=(exit) rel="noreferrer" { (self.t("page.exit")) }
                            " "
                        }
                        p.ring { (self.around("contact.line", "telephone", &self.telephone())) }
                        (menu)
                    }
                    main { (main) }
                    (foot)
                }
            }
        };
        markup.into_string()
    }

    /// Links to the plain form in the other languages.
    pub(super) fn menu(&self) -> Markup {
        let others: Vec<Language> =
            self.site.each().map(|page| page.words.language).filter(|other| *other != self.words.language).collect();
        html! {
            @if !others.is_empty() {
                nav.languages aria-label=(self.t("page.languages")) {
                    @for other in others {
                        a lang=(other.tag()) hreflang=(other.tag()) href={ (self.check()) "?lang=" (other.tag()) } { (other.own_name()) }
                        " "
                    }
                }
            }
        }
    }

    /// The address of the plain form.
    pub(super) fn check(&self) -> String {
        format!("{}/check", self.site.deployment.api)
    }

    pub(super) fn intro(&self) -> Markup {
        html! {
            div.intro { h1 { (self.t("start.title")) } p.lead { (self.t("start.you_may_stop")) } }
        }
    }

    pub(super) fn safety(&self) -> Markup {
        html! {
            section.safety { h2 { (self.t("safe.title")) } ol { @for n in 1..=6 { li { (self.t(&format!("safe.{n}"))) } } } }
        }
    }

    /// A text with markup in its gap, if it has that gap.
    pub(super) fn around(&self, key: &str, gap: &str, markup: &Markup) -> Markup {
        const GAP: &str = "\u{1}";
        let text = self.with(key, &[(gap, GAP)]);
        let Some((before, after)) = text.split_once(GAP) else { return html! { (text) } };
        if !markup.0.starts_with("<a ") {
            return html! { (before) (markup) (after) };
        }
        // A link is not broken where it fits on a line, so a full stop after it would break off; `bdi` sets it apart already.
        let [before, after] = [before.trim_end_matches('\u{2068}'), after.trim_start_matches('\u{2069}')];
        let mark = after.chars().next().filter(|sign| ".,،۔।".contains(*sign)).map_or(0, char::len_utf8);
        html! { (before) span.whole { (markup) (after[..mark]) } (after[mark..]) }
    }

    /// The organisation's number, to be pressed.
    pub(super) fn telephone(&self) -> Markup {
        let Organisation { telephone, .. } = self.organisation();
        if telephone.is_empty() {
            html! { (self.words.telephone(telephone)) }
        } else {
            reach(telephone)
        }
    }

    /// What to do where somebody may be false: end it, free the line, ring; danger; where reports go.
    pub(super) fn help(&self) -> Markup {
        let Organisation { emergency, report, .. } = self.organisation();
        html! {
            ol.steps { li { (self.t("stop.leave")) } li { (self.t("stop.wait")) } li { (self.around("stop.ring", "telephone", &self.telephone())) } }
            @if !emergency.is_empty() { p.danger { (self.around("stop.danger", "emergency", &reach(emergency))) } }
            @if !report.is_empty() { p { (self.around("stop.report", "report", &reach(report))) } }
        }
    }

    /// Name and address, under a heading, with the number.
    pub(super) fn contact(&self) -> Markup {
        let Organisation { name, address, .. } = self.organisation();
        html! {
            section.contact {
                h2 { (self.t("contact.title")) }
                div.telephone { (self.telephone()) }
                p { (name) @if !address.is_empty() { ", " (address) } }
            }
        }
    }
}

/// A telephone number or an address that begins with `https://`, to be pressed. Both are read from left to right in every language.
fn reach(to: &str) -> Markup {
    if let Some(shown) = to.strip_prefix("https://") {
        return html! { a href=(to) rel="noreferrer" { bdi dir="ltr" { (shown) } } };
    }
    let dial: String = to.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    html! { a href={ "tel:" (dial) } { bdi dir="ltr" { (to) } } }
}

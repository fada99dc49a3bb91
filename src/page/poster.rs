use maud::{DOCTYPE, Markup, html};
use serde::Serialize;

use super::Page;
use crate::{token::Fingerprint, words::Language};

/// A sheet for a wall or a letter: where to check, whom to ring, and how to do it safely.
#[derive(Serialize)]
pub struct Poster {
    #[serde(skip)]
    language: Language,
    title: String,
    organisation: String,
    type_this: String,
    /// As people type it: without a scheme.
    address: String,
    ring: String,
    telephone: String,
    safe_title: String,
    safe: Vec<String>,
    fingerprint_title: String,
    fingerprint: Fingerprint,
}

impl Poster {
    /// The sheet of a deployment.
    pub fn new(page: Page<'_>) -> Self {
        let (words, deployment) = (page.words, &page.site.deployment);
        let organisation = &deployment.organisation;
        let t = |key: &str| page.t(key);
        Self {
            language: words.language,
            title: t("poster.title"),
            organisation: organisation.name.clone(),
            type_this: t("poster.type"),
            address: deployment.host().to_owned(),
            ring: t("poster.ring"),
            telephone: words.telephone(&organisation.telephone),
            safe_title: t("safe.title"),
            safe: (1..=6).map(|n| t(&format!("safe.{n}"))).collect(),
            fingerprint_title: t("poster.fingerprint"),
            fingerprint: Fingerprint::of(&deployment.root),
        }
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let Self { title, organisation, type_this, address, ring, telephone, safe_title, fingerprint_title, fingerprint, .. } = self;
        let safe: Vec<String> = self.safe.iter().enumerate().map(|(i, line)| format!("  {}. {line}", i + 1)).collect();
        format!(
            "{title}\n{organisation}\n\n{type_this}\n\n    {address}\n\n{ring}\n\n    {telephone}\n\n{safe_title}\n\n{}\n\n\
             {fingerprint_title}\n\n  {}\n  {}",
            safe.join("\n"),
            fingerprint.words,
            fingerprint.grouped_digits(),
        )
    }

    /// As one page to print.
    pub fn html(&self) -> String {
        let markup: Markup = html! {
            (DOCTYPE)
            html lang=(self.language.tag()) dir=(self.language.direction()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    style { (STYLE) }
                }
                body {
                    header { p { (self.organisation) } h1 { (self.title) } }
                    main {
                        p { (self.type_this) }
                        p.big { bdi dir="ltr" translate="no" { (self.address) } }
                        p { (self.ring) }
                        p.big { bdi dir="ltr" { (self.telephone) } }
                        h2 { (self.safe_title) }
                        ol { @for line in &self.safe { li { (line) } } }
                    }
                    footer {
                        p { (self.fingerprint_title) }
                        p.fingerprint dir="ltr" lang="en" translate="no" { (self.fingerprint.words) br; (self.fingerprint.grouped_digits()) }
                    }
                }
            }
        };
        markup.into_string()
    }
}

/// One sheet of paper, black on white, whatever the printer.
const STYLE: &str = "
@page { size: A4; margin: 18mm; }
body { max-width: 174mm; margin: 0 auto; padding: 4mm; color: #000; background: #fff; font: 16pt/1.4 system-ui, 'Noto Sans', Arial, sans-serif; }
h1 { margin: 0 0 8mm; font-size: 34pt; line-height: 1.1; }
h2 { margin: 9mm 0 3mm; font-size: 20pt; }
p { margin: 0 0 2mm; }
.big { margin-bottom: 6mm; font-size: 28pt; font-weight: 700; overflow-wrap: anywhere; }
ol { margin: 0; padding-inline-start: 9mm; }
li { margin-bottom: 2mm; }
footer { margin-top: 9mm; padding-top: 4mm; border-top: 1pt solid #000; font-size: 10pt; }
.fingerprint { font-family: ui-monospace, monospace; }
";

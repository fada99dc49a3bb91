use serde_json::{Value, json};

use super::{ENTER, SCAN, document::integrity};
use crate::{
    config::Organisation,
    keyring::{IssuerName, PublicKey},
    words::Catalogue,
};

/// What a deployment tells its pages.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The issuer name.
    pub issuer: IssuerName,
    /// Where the public side is reached: scheme and host.
    pub public_url: String,
    /// What links begin with; it leads to the same service.
    pub link_url: String,
    /// Where the page finds the service: `public_url` for a page on another host, nothing for the service's own.
    pub api: String,
    /// The pinned root key.
    pub root: PublicKey,
    /// The lowest version of the key set that the page may believe (threat 32).
    pub minimum_key_set: u64,
    /// Who runs the service.
    pub organisation: Organisation,
}

impl Deployment {
    /// The address that people type.
    pub(super) fn host(&self) -> &str {
        self.public_url.split_once("://").map_or(&self.public_url, |(_, host)| host)
    }

    /// As the page's script reads it, on the page in the language of `own`. What it says in other languages are files of their own,
    /// which it loads by these digests alone.
    pub(super) fn json(&self, own: &Catalogue, catalogues: &[Catalogue]) -> Value {
        let organisation = &self.organisation;
        json!({
            "issuer": self.issuer.as_str(),
            "api": self.api,
            "own": [self.public_url, self.link_url],
            "root": self.root.jwk_x(),
            "minimum_key_set": self.minimum_key_set,
            "organisation": {
                "name": organisation.name, "telephone": organisation.telephone, "address": organisation.address,
                "emergency": organisation.emergency, "report": organisation.report,
            },
            "time_zone": organisation.time_zone.clone().unwrap_or_default().name(),
            "scan": integrity(SCAN),
            "enter": integrity(ENTER),
            // Each language has its texts in the order of the keys.
            "keys": pack(own.of_the_page().into_keys()),
            "texts": texts(own),
            "languages": catalogues.iter().map(|words| {
                let language = words.language;
                let (tag, name, direction) = (language.tag(), language.own_name(), language.direction());
                let digest = (language != own.language).then(|| integrity(&texts(words).to_string()));
                json!({"tag": tag, "name": name, "direction": direction, "integrity": digest})
            }).collect::<Vec<_>>(),
        })
    }
}

/// What the page says in one language.
pub(super) fn texts(words: &Catalogue) -> Value {
    json!(words.of_the_page().into_values().collect::<Vec<_>>())
}

/// Packs texts whose neighbours begin alike: of each a capital, for how much of the one before is kept, and then its rest. Keys
/// are ASCII without capitals, so every byte begins a character. `web/shared/packed.ts` unpacks it.
fn pack<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let (mut packed, mut last) = (String::new(), "");
    for text in texts {
        let alike = text.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).take(25).count();
        packed.extend(('A'..='Z').nth(alike));
        packed.push_str(&text[alike..]);
        last = text;
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_begin_alike_are_packed() {
        assert_eq!(pack(["card", "cat", "catalogue", "dog"].into_iter()), "AcardCtDalogueAdog");
        assert_eq!(pack(["a".repeat(30).as_str(), "a".repeat(31).as_str()].into_iter()), format!("A{}Z{}", "a".repeat(30), "a".repeat(6)));
    }
}

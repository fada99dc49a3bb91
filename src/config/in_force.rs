//! The settings as they are in force, without secrets: for the log.

use super::{ConfigError, LogFormat, LogLevel, Settings, StoreAddress};

/// What a running service can take over from changed settings.
const RELOADED: [&str; 2] = ["log", "organisation"];

impl Settings {
    /// Every setting that has a value, by its name in `countersign.toml`, with defaults. Of the store only the kind, because its
    /// address may hold a password.
    pub fn in_force(&self) -> Vec<(&'static str, String)> {
        let all = self.everything(|settings| settings.store_kind().to_owned());
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// `sqlite` or `postgres`.
    pub fn store_kind(&self) -> &'static str {
        match self.store() {
            Ok(StoreAddress::Sqlite(_)) => "sqlite",
            Ok(StoreAddress::Postgres(_)) => "postgres",
            Err(_) => "",
        }
    }

    /// The names of settings that are otherwise in `changed`, and that a running service cannot take over.
    pub fn needing_a_restart(&self, changed: &Self) -> Vec<&'static str> {
        let whole = |settings: &Self| settings.everything(|settings| settings.0.store.clone().unwrap_or_default());
        let (before, after) = (whole(self), whole(changed));
        let differ = before.into_iter().zip(after).filter(|(before, after)| before.1 != after.1).map(|(before, _)| before.0);
        differ.filter(|name| !RELOADED.contains(name)).collect()
    }

    fn everything(&self, store: impl Fn(&Self) -> String) -> Vec<(&'static str, String)> {
        let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let guessing = |of: fn(super::Guessing) -> String| shown(self.guessing().map(of));
        vec![
            ("config", path(&self.0.config)),
            ("store", store(self)),
            ("store_ca", path(&self.0.store_ca)),
            ("keys", self.keys().display().to_string()),
            ("passphrase_file", path(&self.0.passphrase_file)),
            ("issuer", shown(self.issuer())),
            ("public_url", shown(self.public_url())),
            ("link_url", shown(self.link_url())),
            ("public", shown(self.public())),
            ("private", shown(self.private())),
            ("metrics", shown(self.metrics_if_named().map(|named| named.map(|address| address.to_string()).unwrap_or_default()))),
            ("console_url", shown(self.console_url())),
            ("spoken_words", guessing(|guessing| guessing.words.to_string())),
            ("reader_level", self.reader_level().to_string()),
            ("max_live", guessing(|guessing| guessing.room.all.to_string())),
            ("guesses", guessing(|guessing| guessing.budgets.five.to_string())),
            ("page_origins", self.0.page_origins.join(",")),
            ("forwarded_from", self.0.forwarded_from.join(",")),
            ("proxy_protocol_from", self.0.proxy_protocol_from.join(",")),
            ("drain", shown(self.drain().map(|drain| format!("{}s", drain.as_secs())))),
            ("rotation.active", shown(self.rotation().map(|policy| format!("{}s", policy.active)))),
            ("rotation.published", shown(self.rotation().map(|policy| format!("{}s", policy.published)))),
            ("log", shown(self.log().map(LogLevel::as_str))),
            ("log_format", shown(self.log_format().map(LogFormat::as_str))),
            ("organisation", shown(self.organisation().map(|organisation| organisation.summary()))),
        ]
    }
}

/// A setting that is wrong, and that this role does not ask for, is not in force.
fn shown(value: Result<impl ToString, ConfigError>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Organisation};

    fn settings(change: impl FnOnce(&mut Flags)) -> Settings {
        let mut flags = Flags { issuer: Some("verify.example.org".into()), ..Flags::default() };
        change(&mut flags);
        Settings(flags)
    }

    #[test]
    fn a_password_is_never_shown_and_a_change_of_it_is_noticed() {
        let with = |password: &str| {
            let store = Some(format!("postgres://issuer:{password}@db.example.org/countersign"));
            settings(|flags| flags.store = store)
        };
        let (before, after) = (with("hunter2"), with("hunter3"));
        let shown = format!("{:?}", before.in_force());
        assert!(shown.contains("postgres") && !shown.contains("hunter2") && !shown.contains("db.example.org"), "{shown}");
        assert!(before.in_force().iter().all(|(name, value)| !value.is_empty() && *name != "config"), "{shown}");
        assert_eq!(before.needing_a_restart(&after), ["store"]);
        assert_eq!(before.needing_a_restart(&before), [] as [&str; 0]);
    }

    #[test]
    fn what_can_be_reloaded_needs_no_restart() {
        let plain = settings(|_| {});
        let organisation = Organisation { telephone: "143".into(), ..Organisation::default() };
        let changed = settings(|flags| (flags.log, flags.organisation) = (Some("debug".into()), Some(organisation)));
        assert_eq!(plain.needing_a_restart(&changed), [] as [&str; 0]);
        let changed = settings(|flags| (flags.public, flags.guesses) = (Some("127.0.0.1:1".into()), Some(7)));
        assert_eq!(plain.needing_a_restart(&changed), ["public", "guesses"]);
    }
}

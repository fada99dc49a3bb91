//! Settings that a running service takes over when it is asked to.

use std::sync::Arc;

use super::{
    Failure,
    serve::Side,
    sides::{self, warn_of_gaps},
};
use crate::{
    config::{Flags, Organisation, Settings},
    health::LIFECYCLE,
    http::{
        app::{PrivateApp, PublicApp},
        current::Site,
    },
    telemetry,
};

/// What was given at the start, and what is in force since.
pub struct Reload {
    side: Side,
    given: Flags,
    started_with: Settings,
}

/// Where the organisation's texts are shown.
#[derive(Default)]
pub struct Shown {
    /// On the pages for the person approached.
    pub public: Option<Arc<PublicApp>>,
    /// In the console.
    pub private: Option<Arc<PrivateApp>>,
}

impl Reload {
    /// Of a service that runs with `settings`, which were read with what was `given`.
    pub fn new(side: Side, given: Flags, settings: Settings) -> Self {
        Self { side, given, started_with: settings }
    }

    /// Reads the settings again. Everything is checked before anything is taken over.
    pub fn read_again(&self, shown: &Shown) {
        let changed = match self.changed() {
            Ok(changed) => changed,
            Err(failure) => {
                let error = failure.sentence().unwrap_or_default();
                return tracing::error!(kind = "reload", error, "the settings cannot be read again; those from before stay");
            }
        };
        let (settings, level, organisation) = changed;
        telemetry::set_level(level);
        shown.take(&organisation);
        tracing::info!(target: LIFECYCLE, kind = "reloaded", log = level.as_str(), "the settings were read again");
        for setting in self.started_with.needing_a_restart(&settings) {
            tracing::warn!(kind = "reload", setting, "this setting was changed and needs a restart");
        }
    }

    fn changed(&self) -> Result<(Settings, crate::config::LogLevel, Organisation), Failure> {
        let settings = self.given.clone().resolve()?;
        sides::check(self.side, &settings)?;
        settings.log_format()?;
        let (level, organisation) = (settings.log()?, settings.organisation()?);
        Ok((settings, level, organisation))
    }
}

impl Shown {
    fn take(&self, organisation: &Organisation) {
        if let Some(app) = &self.public {
            warn_of_gaps(organisation);
            let pages = app.site.get().pages.with_organisation(organisation.clone());
            app.site.set(Site::new(pages));
        }
        if let Some(app) = &self.private {
            app.organisation.set(organisation.name.clone());
        }
    }
}

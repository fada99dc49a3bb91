//! Whether the ways in were made, used and closed as they may be.

use std::collections::HashMap;

use super::{Event, Remarks, fault};
use crate::authority::{AccessId, Callsign};

#[derive(Default)]
pub(super) struct Ways {
    /// Whose they are; they stay known after they were revoked.
    known: HashMap<AccessId, Way>,
    /// They stay known after they were used.
    links: HashMap<AccessId, Link>,
    revocations: HashMap<Callsign, Vec<Revocation>>,
}

struct Link {
    owner: Callsign,
    expires_at: i64,
    used: bool,
}

struct Way {
    owner: Callsign,
    revoked: bool,
}

/// A revocation that withdrew tokens.
struct Revocation {
    access: AccessId,
    at: i64,
}

impl Ways {
    pub(super) fn follow(&mut self, remarks: &mut Remarks, event: &Event, at: i64) {
        match event {
            Event::CredentialMade { callsign, credential, .. } => self.made(remarks, AccessId(*credential), callsign),
            Event::LinkMade { callsign, link, expires_at, .. } => {
                let made = Link { owner: callsign.clone(), expires_at: *expires_at, used: false };
                let before = self.links.insert(*link, made);
                fault(remarks, before.is_some(), || format!("the link {link} was made before"));
            }
            Event::PasskeyRegistered { callsign, passkey, link } => {
                let good = |link: &Link| link.owner == *callsign && at < link.expires_at && !link.used;
                let before = self.links.get_mut(link).is_some_and(|link| {
                    let good = good(link);
                    link.used = true;
                    good
                });
                fault(remarks, !before, || format!("{callsign} had no link {link} to register a passkey with"));
                self.made(remarks, *passkey, callsign);
            }
            Event::PasskeyCounterRegressed { callsign, passkey } => {
                let theirs = self.known.get(passkey).is_some_and(|way| way.owner == *callsign);
                fault(remarks, !theirs, || format!("{callsign} had no passkey {passkey} to use"));
            }
            Event::AccessRevoked { callsign, access, withdrawn, .. } => {
                let way = self.known.get_mut(access).filter(|way| way.owner == *callsign && !way.revoked);
                fault(remarks, way.is_none(), || format!("{callsign} had no passkey or credential {access} to revoke"));
                if let Some(way) = way {
                    way.revoked = true;
                }
                if withdrawn.is_some() {
                    self.revocations.entry(callsign.clone()).or_default().push(Revocation { access: *access, at });
                }
            }
            _ => {}
        }
    }

    /// Whether this was a passkey or credential of theirs that was not revoked.
    pub(super) fn is_open(&self, access: AccessId, owner: &Callsign) -> bool {
        self.known.get(&access).is_some_and(|way| way.owner == *owner && !way.revoked)
    }

    /// When a token of theirs was withdrawn with the way in that it was issued with. Where the entry does not say which that
    /// was, it was withdrawn with each.
    pub(super) fn end_of(&self, owner: &Callsign, access: Option<AccessId>, issued_at: i64) -> Option<i64> {
        let later = self.revocations.get(owner)?.iter().filter(|revocation| revocation.at >= issued_at);
        later.filter(|revocation| access.is_none_or(|access| access == revocation.access)).map(|revocation| revocation.at).next()
    }

    fn made(&mut self, remarks: &mut Remarks, id: AccessId, callsign: &Callsign) {
        let before = self.known.insert(id, Way { owner: callsign.clone(), revoked: false });
        // An authenticator may offer a passkey that was revoked once more, under a new link.
        fault(remarks, before.is_some_and(|way| !way.revoked), || format!("the passkey or credential {id} was made before"));
    }
}

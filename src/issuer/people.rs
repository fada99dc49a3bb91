//! People and their ways in.

use serde::Serialize;

use super::{Credential, Link, Refused, Registry};
use crate::{
    authority::{Access, AccessId, Act, Actor, Attempt, Callsign, Officer, Reason, Role, Scopes, Why},
    ledger::{Entry, Event},
    store::{Earlier, Ended, Follows, Listed, NewCredential, NewLink, Once, Page, PersonPlace, Reinstated, Revoked, Wanted},
};

/// The longest that a credential may last. Seconds.
const MAX_CREDENTIAL: i64 = 366 * 86_400;
/// How long a one-time link lives. Seconds.
const LINK_LASTS: i64 = 30 * 60;

/// A one-time link, to be shown once.
#[derive(Debug)]
pub struct Offered {
    /// Its secret.
    pub link: Link,
    /// Until when it can be used. Seconds since 1970.
    pub expires_at: i64,
}

/// A one-time link as it is shown, once.
#[derive(Serialize)]
pub struct ShownLink {
    /// The link itself. The secret stands behind the `#`, which no server and no log gets to see.
    pub link: String,
    /// Until when it can be used. Seconds since 1970.
    pub link_expires_at: i64,
}

/// A person who was just enrolled, with their first link as it is shown, once.
#[derive(Serialize)]
pub struct Invited {
    /// Who.
    #[serde(flatten)]
    pub officer: Officer,
    /// How they come in.
    #[serde(flatten)]
    pub link: ShownLink,
}

impl Offered {
    /// As it leads into the console at this address.
    pub fn shown(&self, console_url: &str) -> ShownLink {
        ShownLink { link: format!("{console_url}/#{}", self.link.expose()), link_expires_at: self.expires_at }
    }
}

/// A person with their ways in.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Who.
    #[serde(flatten)]
    pub officer: Officer,
    /// Their passkeys and credentials.
    pub keys: Vec<Access>,
}

impl Registry {
    /// Enrols a person.
    pub async fn enrol(&self, actor: &Actor, callsign: Callsign, role: Role) -> Result<Officer, Refused> {
        self.administrates(actor, Act::Enrol).await?;
        let (officer, entry) = self.newcomer(actor, callsign, role);
        if self.store.enrol(officer.clone(), entry).await? { Ok(officer) } else { Err(taken(&officer)) }
    }

    /// Enrols a person together with their first one-time link, or not at all.
    pub async fn invite(&self, actor: &Actor, callsign: Callsign, role: Role) -> Result<(Officer, Offered), Refused> {
        self.invite_once(actor, callsign, role, None).await
    }

    /// The same, once where there is a key: the same request again gives another link in the place of the first.
    pub async fn invite_once(
        &self,
        actor: &Actor,
        callsign: Callsign,
        role: Role,
        once: Option<Once>,
    ) -> Result<(Officer, Offered), Refused> {
        self.administrates(actor, Act::Enrol).await?;
        let earlier = if let Some(earlier) = self.earlier(once.as_ref()).await? {
            earlier
        } else {
            let (officer, entry) = self.newcomer(actor, callsign.clone(), role);
            let (offered, link, made) = self.draw_link(actor, callsign.clone())?;
            let done = self.store.enrol_with_link_once((officer.clone(), entry), (link, made), once.clone()).await;
            match self.or_earlier(done, once.as_ref()).await? {
                Ok(true) => return Ok((officer, offered)),
                Ok(false) => return Err(taken(&officer)),
                Err(earlier) => earlier,
            }
        };
        let officer = self.person(&callsign).await?;
        Ok((officer, self.link_again(actor, callsign, &earlier, once).await?))
    }

    /// Makes a one-time link with which a person registers one more passkey. It is shown here and never again.
    pub async fn make_link(&self, actor: &Actor, callsign: &Callsign) -> Result<Offered, Refused> {
        self.make_link_once(actor, callsign, None).await
    }

    /// The same, once where there is a key: the same request again gives another link in the place of the first.
    pub async fn make_link_once(&self, actor: &Actor, callsign: &Callsign, once: Option<Once>) -> Result<Offered, Refused> {
        self.administrates(actor, Act::MakeLink).await?;
        let owner = self.person(callsign).await?.callsign;
        let earlier = if let Some(earlier) = self.earlier(once.as_ref()).await? {
            earlier
        } else {
            let (offered, link, made) = self.draw_link(actor, owner.clone())?;
            let done = self.store.add_link_once(link, once.clone(), made).await;
            match self.or_earlier(done, once.as_ref()).await? {
                Ok(()) => return Ok(offered),
                Err(earlier) => earlier,
            }
        };
        self.link_again(actor, owner, &earlier, once).await
    }

    /// Nobody has the secret of a link whose answer was lost, the store least of all.
    async fn link_again(&self, actor: &Actor, callsign: Callsign, earlier: &Earlier, once: Option<Once>) -> Result<Offered, Refused> {
        let (offered, link, made) = self.draw_link(actor, callsign)?;
        let once = once.ok_or(Refused::KeyReused)?;
        if self.store.replace_link(AccessId(earlier.subject), link, once, made).await? { Ok(offered) } else { Err(Refused::LinkOver) }
    }

    fn newcomer(&self, actor: &Actor, callsign: Callsign, role: Role) -> (Officer, Entry) {
        let now = self.clock.now();
        let entry = Event::OfficerEnrolled { callsign: callsign.clone(), role, by: actor.into() }.at(now);
        (Officer { callsign, role, enrolled_at: now, suspended_at: None }, entry)
    }

    fn draw_link(&self, actor: &Actor, callsign: Callsign) -> Result<(Offered, NewLink, Entry), Refused> {
        let (now, link) = (self.clock.now(), Link::draw(&*self.entropy)?);
        let (hash, expires_at) = (link.hash(), now + LINK_LASTS);
        let made = Event::LinkMade { callsign: callsign.clone(), link: hash.id(), expires_at, by: actor.into() }.at(now);
        Ok((Offered { link, expires_at }, NewLink { hash, callsign, expires_at }, made))
    }

    /// Suspends a person: they may do nothing any more; their sessions end, and live tokens that they issued or approved are
    /// withdrawn, all at once. Again is as good as once.
    pub async fn suspend(&self, actor: &Actor, callsign: Callsign) -> Result<Ended, Refused> {
        self.suspend_once(actor, callsign, None).await
    }

    /// The same, once where there is a key: the same request again suspends nobody whose suspension was lifted since.
    pub async fn suspend_once(&self, actor: &Actor, callsign: Callsign, once: Option<Once>) -> Result<Ended, Refused> {
        self.administrates(actor, Act::Suspend).await?;
        if let Some(earlier) = self.earlier(once.as_ref()).await? {
            return Ok(Ended::from_subject(earlier.subject));
        }
        let entry = Event::OfficerSuspended { callsign: callsign.clone(), by: actor.into() }.at(self.clock.now());
        let done = self.store.suspend_once(callsign.clone(), once.clone(), entry).await;
        match self.or_earlier(done, once.as_ref()).await? {
            Err(earlier) => Ok(Ended::from_subject(earlier.subject)),
            Ok(Some(ended)) => Ok(ended),
            Ok(None) if self.store.officer(callsign.clone()).await?.is_some() => Ok(Ended::default()),
            Ok(None) => Err(unknown_person(&callsign)),
        }
    }

    /// Lifts a suspension, for a reason that the ledger keeps. What it ended stays ended; what others approved for them, and what they
    /// approved, is as it was. Again is as good as once.
    pub async fn reinstate(&self, actor: &Actor, callsign: Callsign, reason: Reason, once: Option<Once>) -> Result<Officer, Refused> {
        self.administrates(actor, Act::Reinstate).await?;
        if self.earlier(once.as_ref()).await?.is_none() {
            let entry = Event::OfficerReinstated { callsign: callsign.clone(), reason, by: actor.into() }.at(self.clock.now());
            let done = self.store.reinstate(callsign.clone(), actor.into(), once.clone(), entry).await;
            match self.or_earlier(done, once.as_ref()).await? {
                Ok(Reinstated::Unknown) => return Err(unknown_person(&callsign)),
                Ok(Reinstated::NotAllowed) => return Err(Refused::Suspended),
                Ok(Reinstated::Done | Reinstated::Already) | Err(_) => {}
            }
        }
        self.store.officer(callsign.clone()).await?.ok_or_else(|| unknown_person(&callsign))
    }

    /// One person with their ways in, and what would follow if they were suspended.
    pub async fn one(&self, actor: &Actor, callsign: Callsign) -> Result<(Person, Follows), Refused> {
        self.administrates(actor, Act::ListPeople).await?;
        let officer = self.store.officer(callsign.clone()).await?.ok_or_else(|| unknown_person(&callsign))?;
        let keys = self.store.accesses(callsign.clone()..=callsign.clone()).await?.into_iter().map(|(_, key)| key).collect();
        Ok((Person { officer, keys }, self.store.follows(callsign, self.clock.now()).await?))
    }

    /// A page of everybody, by callsign, with their ways in.
    pub async fn people(&self, actor: &Actor, page: Page<PersonPlace>) -> Result<Listed<Person, PersonPlace>, Refused> {
        self.administrates(actor, Act::ListPeople).await?;
        let officers = self.store.officers(page.clone()).await?;
        let (Some(first), Some(last)) = (officers.first(), officers.last()) else { return Ok(Listed { items: vec![], next: None }) };
        let mut accesses = self.store.accesses(first.callsign.clone()..=last.callsign.clone()).await?;
        let mut keys_of = |callsign: &Callsign| accesses.extract_if(.., |(owner, _)| owner == callsign).map(|(_, key)| key).collect();
        let people: Vec<Person> = officers.into_iter().map(|officer| Person { keys: keys_of(&officer.callsign), officer }).collect();
        Ok(page.with(people, |last: &Person| PersonPlace(last.officer.callsign.clone())))
    }

    /// The same, searched and sorted.
    pub async fn people_sorted(&self, actor: &Actor, wanted: Wanted<Callsign>) -> Result<Listed<Person, Callsign>, Refused> {
        self.administrates(actor, Act::ListPeople).await?;
        let (mut people, Listed { items, next }) = (Vec::new(), self.store.sorted_officers(wanted).await?);
        // They do not stand together, so each is asked for their ways in; no more of them than a page.
        for officer in items {
            let keys = self.store.accesses(officer.callsign.clone()..=officer.callsign.clone()).await?;
            people.push(Person { keys: keys.into_iter().map(|(_, key)| key).collect(), officer });
        }
        Ok(Listed { items: people, next })
    }

    /// Makes a credential for a person's program; `lasts` in seconds. It is shown here and never again.
    pub async fn make_credential(&self, actor: &Actor, callsign: Callsign, scopes: Scopes, lasts: i64) -> Result<Credential, Refused> {
        self.administrates(actor, Act::MakeCredential).await?;
        if scopes.is_empty() {
            return Err(Refused::NoScope);
        }
        if !(1..=MAX_CREDENTIAL).contains(&lasts) {
            return Err(Refused::CredentialLasts);
        }
        let owner = self.person(&callsign).await?;
        let credential = Credential::draw(&*self.entropy)?;
        let (hash, added_at) = (credential.hash(), self.clock.now());
        let expires_at = added_at + lasts;
        let entry = Event::credential_made(callsign, hash, scopes.clone(), expires_at, actor.into()).at(added_at);
        self.store.add_credential(NewCredential { hash, callsign: owner.callsign, scopes, added_at, expires_at }, entry).await?;
        Ok(credential)
    }

    /// Revokes a passkey, with its sessions, or a program's credential, and withdraws the tokens that were issued with it.
    pub async fn revoke_access(&self, actor: &Actor, id: AccessId) -> Result<Revoked, Refused> {
        self.revoke_access_once(actor, id, None).await
    }

    /// The same, once where there is a key: the same request again gives the same answer.
    pub async fn revoke_access_once(&self, actor: &Actor, id: AccessId, once: Option<Once>) -> Result<Revoked, Refused> {
        self.administrates(actor, Act::RevokeAccess).await?;
        let before = |earlier: Earlier| earlier.callsign.map(|owner| Revoked { owner, withdrawn: u64::from_be_bytes(earlier.subject) });
        let revoked = if let Some(earlier) = self.earlier(once.as_ref()).await? {
            before(earlier)
        } else {
            let done = self.store.revoke_access_once(id, actor.into(), once.clone(), self.clock.now()).await;
            self.or_earlier(done, once.as_ref()).await?.unwrap_or_else(before)
        };
        revoked.ok_or_else(|| Refused::Unknown { what: "passkey or credential", id: id.to_string() })
    }

    /// The person with this callsign, if they may act.
    pub async fn person(&self, callsign: &Callsign) -> Result<Officer, Refused> {
        let officer = self.store.officer(callsign.clone()).await?.ok_or_else(|| unknown_person(callsign))?;
        if officer.suspended_at.is_none() { Ok(officer) } else { Err(Refused::Suspended) }
    }

    /// The person whose credential this is and what it is good for, if both are good.
    pub async fn recognise(&self, credential: &Credential) -> Result<Option<(Officer, Scopes)>, Refused> {
        let found = self.store.credential(credential.hash(), self.clock.now()).await?;
        if let Some((officer, _)) = &found
            && officer.suspended_at.is_some()
        {
            self.refusals.record(&officer.callsign, Attempt::to(Act::SignIn), Why::Suspended).await;
            return Ok(None);
        }
        Ok(found)
    }

    async fn administrates(&self, actor: &Actor, act: Act) -> Result<(), Refused> {
        let Actor::Person(officer) = actor else { return Ok(()) };
        let refused = Refused::NotAllowed("only administrators do this; ask an administrator");
        self.refusals.allow(officer, actor.may_administer(), Attempt::to(act), refused).await
    }
}

fn taken(officer: &Officer) -> Refused {
    Refused::Taken(officer.callsign.to_string())
}

pub(super) fn unknown_person(callsign: &Callsign) -> Refused {
    Refused::Unknown { what: "person who may act with the callsign", id: callsign.to_string() }
}

//! Whether each token was issued, touched and checked as it may be.

use std::cmp::Reverse;

use super::{Conduct, Event, Issued, JITTER, LATE, Remark, Remarks, Reviewed, fault, unusual};
use crate::{
    authority::{ActorName, Callsign, Role, State, TokenSelection},
    token::{Cti, LEEWAY, Window},
};

impl Conduct {
    /// The heart of it: at this moment there was an authorisation, approved by another person, and neither was suspended.
    pub(super) fn issued(&mut self, remarks: &mut Remarks, event: &Event, at: i64) {
        let Event::TokenIssued { cti, kid, channel, iat, nbf, exp, by, access, authorisation, .. } = event else { return };
        let (start, end) = (nbf.unwrap_or(*iat), *exp);
        unusual(remarks, *iat != at, || format!("token {cti} says that it was issued at another time"));
        fault(remarks, Window::new(*iat, *nbf, *exp).is_err(), || format!("token {cti} lived too long or was prepared too early"));
        fault(remarks, !self.keys.sign(*kid), || format!("token {cti} was not signed by the active key"));
        fault(remarks, self.is_suspended(by), || format!("token {cti} was issued to {by}, who was suspended"));
        if let Some(access) = access {
            let open = self.ways.is_open(*access, by);
            fault(remarks, !open, || format!("token {cti} was issued with {access}, which was no passkey or credential of {by}"));
        }
        let issued = Issued {
            order: self.order,
            authorisation: *authorisation,
            kid: *kid,
            at,
            access: *access,
            channel: *channel,
            window: (start, end),
            withdrawn_at: None,
            speakable: false,
            checked: false,
        };
        fault(remarks, self.tokens.insert(*cti, issued).is_some(), || format!("token {cti} was issued before"));
        let Some(permit) = self.permits.get(authorisation) else {
            return fault(remarks, true, || format!("token {cti} was issued under {authorisation}, which was never asked for"));
        };
        let refused = match &permit.decided_by {
            _ if permit.state != State::Approved => Some(format!("was {}", permit.state.as_str())),
            Some(approver) if self.is_suspended(approver) => Some(format!("was approved by {approver}, who was suspended")),
            _ if permit.asked_by != *by => Some(format!("was {}'s, not {by}'s", permit.asked_by)),
            _ if !permit.channels.contains(channel) => Some(format!("did not cover {}", channel.as_str())),
            _ if start < permit.from || permit.until < end => Some("did not cover its time".to_owned()),
            _ if permit.issued >= permit.max_tokens => Some("was used up".to_owned()),
            _ => None,
        };
        if let Some(why) = refused {
            remarks.push(Remark::Fault(format!("token {cti} was issued under {authorisation}, which {why}")));
        }
        if let Some(permit) = self.permits.get_mut(authorisation) {
            permit.issued = permit.issued.saturating_add(1);
        }
    }

    /// Only a token's officer, the approver of its authorisation and administrators may touch it.
    pub(super) fn touched(&self, remarks: &mut Remarks, cti: Cti, by: &Callsign) {
        self.acts(remarks, by);
        let Some(token) = self.tokens.get(&cti) else {
            return fault(remarks, true, || format!("token {cti} was never issued"));
        };
        let permit = self.permits.get(&token.authorisation);
        let own = permit.is_some_and(|permit| permit.asked_by == *by || permit.decided_by.as_ref() == Some(by));
        fault(remarks, !own && !self.has_role(by, Role::may_administer), || format!("token {cti} was not {by}'s to touch"));
    }

    pub(super) fn withdrawn(&mut self, remarks: &mut Remarks, cti: Cti, by: &Callsign, at: i64) {
        self.touched(remarks, cti, by);
        let before = self.tokens.get_mut(&cti).and_then(|token| token.withdrawn_at.replace(at));
        fault(remarks, before.is_some(), || format!("token {cti} was withdrawn before"));
    }

    /// Marked at once, because who approved an authorisation may change later.
    pub(super) fn withdrawn_together(
        &mut self,
        remarks: &mut Remarks,
        selection: &TokenSelection,
        withdrawn: u64,
        by: &ActorName,
        at: i64,
    ) {
        self.administrates(remarks, by);
        let left = self.tokens.iter().filter(|(_, token)| self.selects(selection, token) && self.ends_of(token).next().is_none());
        let mut left: Vec<(i64, Cti)> = left.map(|(cti, token)| (token.window.1, *cti)).collect();
        left.sort_unstable_by_key(|(end, _)| Reverse(*end));
        let found = left.partition_point(|(end, _)| *end > at.saturating_sub(LEEWAY));
        // By a clock that was ahead some had run out already. Those that end last were withdrawn all the same.
        let count = usize::try_from(withdrawn).unwrap_or(usize::MAX);
        unusual(remarks, !(found..=left.len()).contains(&count), || {
            format!("{withdrawn} tokens were withdrawn together, and {found} could be checked")
        });
        left.truncate(count.max(found));
        for (_, cti) in left {
            if let Some(token) = self.tokens.get_mut(&cti) {
                token.withdrawn_at = Some(at);
            }
        }
    }

    fn selects(&self, selection: &TokenSelection, token: &Issued) -> bool {
        match selection {
            TokenSelection::All => true,
            TokenSelection::Authorisation(id) => token.authorisation == *id,
            TokenSelection::Channel(channel) => token.channel == *channel,
            TokenSelection::Person(callsign) => {
                let permit = self.permits.get(&token.authorisation);
                permit.is_some_and(|permit| permit.asked_by == *callsign || permit.decided_by.as_ref() == Some(callsign))
            }
        }
    }

    pub(super) fn checked(&mut self, remarks: &mut Remarks, cti: Cti, minute: i64, at: i64) {
        let Some(token) = self.tokens.get_mut(&cti) else {
            return fault(remarks, true, || format!("token {cti} was checked, but never issued"));
        };
        fault(remarks, std::mem::replace(&mut token.checked, true), || format!("token {cti} was first checked before"));
        let (start, end) = token.window;
        let outside = start.saturating_sub(minute) >= 2 * JITTER || minute.saturating_sub(end) > JITTER;
        unusual(remarks, outside, || format!("token {cti} was checked outside of its time"));
        let after = self.tokens.get(&cti).is_some_and(|token| self.ends_of(token).any(|withdrawn| withdrawn < minute));
        unusual(remarks, after, || format!("token {cti} was checked after it was withdrawn"));
        let later = at.saturating_sub(minute);
        unusual(remarks, later > LATE, || format!("the check of token {cti} was reported {later} seconds later"));
    }

    /// When a token was withdrawn: itself, with its authorisation, by a review, with its officer or approver, with the passkey
    /// that confirmed it, or its key.
    fn ends_of(&self, token: &Issued) -> impl Iterator<Item = i64> {
        let permit = self.permits.get(&token.authorisation);
        // The first one since: what it ended stayed ended.
        let suspended = |callsign: &Callsign| {
            let since = self.people.get(callsign)?.suspensions.iter().find(|(order, _)| *order > token.order)?;
            Some(since.1)
        };
        let officer = permit.and_then(|permit| suspended(&permit.asked_by));
        let approver = permit.and_then(|permit| permit.decided_by.as_ref()).and_then(suspended);
        let key = self.keys.revoked.iter().find(|(key, _)| key.prefix() == token.kid).map(|(_, at)| *at);
        let covers = |review: &&Reviewed| review.channels.contains(&token.channel) && token.window.1 <= review.until;
        let later = permit.into_iter().flat_map(|permit| &permit.reviews).filter(|review| review.at >= token.at);
        let narrowed = later.filter(move |review| !covers(review)).map(|review| review.at).next();
        let access = permit.and_then(|permit| self.ways.end_of(&permit.asked_by, token.access, token.at));
        let with = [permit.and_then(|permit| permit.withdrawn_at), officer, approver, narrowed, access, key];
        token.withdrawn_at.into_iter().chain(with.into_iter().flatten())
    }
}

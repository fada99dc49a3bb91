//! `countersign keys publish --sign`: on the machine with the root key, which has no network.

use std::{io, path::Path};

use serde::Serialize;

use super::{Failure, Format, place::Place, publish::Summary, say, say_beside, terms};
use crate::{
    config::{LONGEST_KEY, Settings},
    files::{self, Draft, Kind},
    key_folder::HeldFolder,
    keyring::{
        KeyId, KeySet,
        signing::{Changes, compare},
    },
};

/// A request as it is shown before it is signed.
#[derive(Serialize)]
struct Review {
    #[serde(flatten)]
    summary: Summary,
    changes: Changes,
    signed: bool,
}

/// Shows what a request changes; signs it if `out` says where to. In JSON what is shown before goes to standard error, because
/// standard output is one object. The answer comes first and the record second, both durable beside their places before: who
/// cannot write the answer has used up nothing, and the same request can be signed again.
pub fn run(
    file: &Path,
    out: Option<&Path>,
    place: &Place,
    settings: &Settings,
    folder: &HeldFolder,
    format: Format,
) -> Result<(), Failure> {
    let name = file.display().to_string();
    let request = KeySet::read_request(files::read(file, Kind::Public)?.trim_end()).map_err(|error| cannot(&name, error))?;
    if let Some(issuer) = settings.issuer_if_named()?.filter(|issuer| issuer != request.issuer()) {
        return Err(cannot(&name, format!("it is for {}, and --issuer is {issuer}", request.issuer())));
    }
    let changes = check(&name, &request, folder, place.clock.now())?;
    let mut review = Review { summary: Summary::of(&request), changes, signed: false };
    // What would keep it from being signed is said before people compare anything.
    let passphrase = settings.passphrase()?;
    let root = out.map(|_| folder.private_root(passphrase.as_ref())).transpose()?;
    match format {
        Format::Text => say(&shown(&request, &review))?,
        Format::Json if root.is_some() => say_beside(&shown(&request, &review))?,
        Format::Json => {}
    }
    if let (Some(out), Some(root)) = (out, root) {
        let jwt = request.sign(&root);
        let unwritable = |error: io::Error| Failure::unwritable(out, &error);
        let answer = Draft::of(out, format!("{jwt}\n").as_bytes(), files::PUBLIC).map_err(unwritable)?;
        let record = folder.draft_key_set(&jwt)?;
        answer.replace().map_err(unwritable)?;
        record.replace().map_err(|error| Failure::unwritable(&folder.path().join("keyset.jwt"), &error))?;
        review.signed = true;
    }
    format.print(&review, |review| match out {
        Some(out) => format!("{} It is in {}.", review.summary.sentence("Signed"), out.display()),
        None => "Nothing is signed yet; with --out FILE it is.".into(),
    })
}

/// Refuses what may not follow the set that was signed here last, and says what changes.
pub fn check(name: &str, request: &KeySet, folder: &HeldFolder, now: i64) -> Result<Changes, Failure> {
    let last = folder.last_set(request.issuer())?;
    compare(request, last.as_ref(), LONGEST_KEY, now).map_err(|error| cannot(name, error))
}

fn cannot(name: &str, why: impl std::fmt::Display) -> Failure {
    Failure::wrong(format!("{name} cannot be signed: {why}"))
}

fn shown(request: &KeySet, Review { summary, changes, .. }: &Review) -> String {
    let since = match changes.since {
        None => "Nothing was signed here before; all of it is new:".into(),
        Some(since) if since == request.version() => format!("Key set {since} was signed here before, and this is the same:"),
        Some(since) => format!("Compared with key set {since}, which was signed here last:"),
    };
    let span = |id: &KeyId| {
        let key = request.keys().iter().find(|key| key.key.id() == *id);
        key.map_or_else(String::new, |key| format!("  from {} to {}", terms::shown(key.not_before), terms::shown(key.expires_at)))
    };
    let lines = |what: &'static str, ids: &[KeyId]| ids.iter().map(|id| format!("  {what:<8}{id}{}", span(id))).collect::<Vec<_>>();
    let listed = [("new", &changes.new), ("changed", &changes.changed), ("revoked", &changes.revoked), ("dropped", &changes.dropped)];
    let kept = changes.since.map(|_| format!("  kept    {} as before", changes.kept));
    let next = "The words and digits of the request, which must be those that the issuer saw:";
    [summary.sentence("Asked to sign"), since]
        .into_iter()
        .chain(listed.into_iter().flat_map(|(what, ids)| lines(what, ids)))
        .chain(kept)
        .chain([format!("{next}\n\n{}\n", summary.fingerprint())])
        .collect::<Vec<_>>()
        .join("\n")
}

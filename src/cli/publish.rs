//! `countersign keys publish`: the next key set, asked for by the issuer, signed where the root key is, and brought back.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    Failure, Format,
    keys::{ByHand, all_destroyed},
    place::{Place, Stores, block_on},
    sign, terms,
};
use crate::{
    config::Settings,
    files::{self, Kind},
    issuer::{Asked, Spares, VaultError},
    key_folder::{HeldFolder, KeyFolder},
    keyring::{KeyId, KeySet},
    store::Found,
    token::Fingerprint,
};

/// Integers of a set stay below 2^53; the next version has to fit.
const VERSIONS: std::ops::RangeInclusive<u64> = 0..=(1 << 53) - 2;

/// Which part of it; all at once if none is named.
#[derive(clap::Args)]
pub struct Args {
    /// On the issuer's machine: write what the root key is asked to sign, and make the signing keys in it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sign", "set"])]
    request: Option<PathBuf>,
    /// Make all new keys in the request, and destroy those of requests before, which may be in other hands
    #[arg(long, requires = "request")]
    fresh: bool,
    /// The highest version that was signed, where that set was never published
    #[arg(long, requires = "request", value_name = "VERSION", default_value_t = 0, value_parser = clap::value_parser!(u64).range(VERSIONS))]
    after: u64,
    /// On the machine with the root key: show what a request changes, and sign it if --out says where to
    #[arg(long, value_name = "FILE", conflicts_with = "set")]
    sign: Option<PathBuf>,
    /// Where the signed set is written
    #[arg(long, value_name = "FILE", requires = "sign")]
    out: Option<PathBuf>,
    /// On the issuer's machine: publish the signed set that was brought back
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    #[command(flatten)]
    by_hand: ByHand,
}

/// A set that is asked for, signed or published.
#[derive(Serialize)]
pub struct Summary {
    issuer: String,
    version: u64,
    expires_at: i64,
    keys: usize,
    /// Of the request, to compare between the two machines.
    fingerprint: Fingerprint,
}

impl Summary {
    pub fn of(set: &KeySet) -> Self {
        Self {
            issuer: set.issuer().to_string(),
            version: set.version(),
            expires_at: set.expires_at(),
            keys: set.keys().len(),
            fingerprint: Fingerprint::of_text(&set.request()),
        }
    }

    pub fn sentence(&self, did: &str) -> String {
        let (until, s) = (terms::shown(self.expires_at), if self.keys == 1 { "" } else { "s" });
        format!("{did} key set {} of {} with {} key{s}, until {until}.", self.version, self.issuer, self.keys)
    }

    pub fn fingerprint(&self) -> String {
        let Fingerprint { words, .. } = &self.fingerprint;
        format!("Words     {words}\nDigits    {}", self.fingerprint.grouped_digits())
    }
}

/// What was asked for, and what became of keys that are not in it.
#[derive(Serialize)]
struct Request {
    #[serde(flatten)]
    summary: Summary,
    destroyed: Vec<KeyId>,
    warnings: Vec<String>,
}

/// Runs the part that was asked for.
pub fn run(args: &Args, settings: &Settings, format: Format) -> Result<(), Failure> {
    let place = Place::here()?;
    let folder = KeyFolder::at(settings.keys());
    if !folder.is_there() {
        let path = folder.path().display();
        return Err(Failure::wrong(format!("{path}/root.jwk is not there; copy it from the machine where `keys init` made it")));
    }
    folder.root()?;
    let folder = folder.hold()?;
    let clock_is_right = args.by_hand.clock_is_right;
    match (&args.request, &args.sign, &args.set) {
        (Some(file), ..) => {
            let spares = if args.fresh { Spares::Destroyed } else { Spares::Used };
            let asked = block_on(request(&place, settings, &folder, (spares, args.after), clock_is_right))?;
            write(file, &asked.set.request())?;
            format.print(&report(&asked), asked_for)
        }
        (_, Some(file), _) => sign::run(file, args.out.as_deref(), &place, settings, &folder, format),
        (.., Some(file)) => {
            let set = block_on(publish(&place, settings, &folder, files::read(file, Kind::Public)?.trim(), clock_is_right));
            published(&set.map_err(|failure| failure.about(file))?, format)
        }
        _ => published(&block_on(all_at_once(&place, settings, &folder, clock_is_right))?, format),
    }
}

fn report(asked: &Asked) -> Request {
    let warning = |error: &VaultError| format!("a key that is here was not used: {error}");
    Request {
        summary: Summary::of(&asked.set),
        destroyed: asked.destroyed.clone(),
        warnings: asked.passed_over.iter().map(warning).collect(),
    }
}

fn asked_for(request: &Request) -> String {
    let destroyed = request.destroyed.iter().map(terms::destroyed);
    let warnings = request.warnings.iter().map(|warning| format!("Warning: {warning}."));
    let next = "Compare these words or digits on the machine that signs:".to_owned();
    let lines = [request.summary.sentence("Asked for")].into_iter().chain(destroyed).chain(warnings).chain([next]);
    format!("{}\n\n{}", lines.collect::<Vec<_>>().join("\n"), request.summary.fingerprint())
}

fn published(set: &KeySet, format: Format) -> Result<(), Failure> {
    format.print(&Summary::of(set), |set| set.sentence("Published"))
}

/// Asks, signs and publishes on a machine that has the root key itself, as a demonstration does.
pub async fn all_at_once(place: &Place, settings: &Settings, folder: &HeldFolder, clock_is_right: bool) -> Result<KeySet, Failure> {
    if !folder.has_private_root() {
        return Err(Failure::wrong("the root key is not on this machine; write a request for it with --request FILE"));
    }
    let asked = request(place, settings, folder, (Spares::Used, 0), clock_is_right).await?;
    sign::check("the next key set", &asked.set, folder, place.clock.now())?;
    let jwt = asked.set.sign(&folder.private_root(settings.passphrase()?.as_ref())?);
    folder.put_key_set(&jwt)?;
    publish(place, settings, folder, &jwt, clock_is_right).await
}

async fn request(
    place: &Place,
    settings: &Settings,
    folder: &HeldFolder,
    (spares, after): (Spares, u64),
    clock_is_right: bool,
) -> Result<Asked, Failure> {
    ledger_key(place, settings, folder).await?;
    let seen = folder.last_set(&settings.issuer()?)?.map_or(0, |set| set.version());
    let (custodian, _) = place.by_hand(settings, folder, clock_is_right).await?;
    Ok(custodian.next_set(seen.max(after), spares).await?)
}

/// A ledger key is made once for a deployment, before its store. Where there is a store and no ledger key, this is another machine
/// or the key was lost: a second key would sign checkpoints that nobody believes.
async fn ledger_key(place: &Place, settings: &Settings, folder: &HeldFolder) -> Result<(), Failure> {
    let (issuer, passphrase) = (settings.issuer()?, settings.passphrase()?);
    if folder.has_ledger_key() {
        return Ok(folder.ledger(&issuer, passphrase).publish_missing()?);
    }
    match Stores::found(settings).await? {
        Found::Nothing => Ok(folder.make_ledger_key(&issuer, &*place.entropy, passphrase.as_ref())?),
        Found::Unbound | Found::Bound(_) => {
            let path = folder.path().display();
            Err(Failure::wrong(format!(
                "{path}/private/ledger.pem is not there, and the store has a ledger already; bring the key and ledger.vkey from the machine that signs the ledger"
            )))
        }
    }
}

/// The store first: a verifier reads it there. A folder that is behind, as where this was killed, is brought up by publishing again.
async fn publish(place: &Place, settings: &Settings, folder: &HeldFolder, jwt: &str, clock_is_right: bool) -> Result<KeySet, Failure> {
    let (custodian, time) = place.by_hand(settings, folder, clock_is_right).await?;
    let in_store = custodian.published().await?.is_some_and(|(stored, _)| stored.jwt == jwt);
    let in_folder = folder.key_set().is_ok_and(|set| set == jwt);
    if !in_store || in_folder {
        custodian.publish(jwt).await?;
    }
    folder.put_key_set(jwt)?;
    all_destroyed(custodian.rotate(time).await?)?;
    KeySet::read(jwt, &folder.root()?, &settings.issuer()?).map_err(Failure::wrong)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    files::replace(path, format!("{text}\n").as_bytes(), files::PUBLIC).map_err(|error| Failure::unwritable(path, &error))
}

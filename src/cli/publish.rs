//! `countersign keys publish`: the next key set, asked for by the issuer, signed where the root key is, and brought back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    Failure, Format,
    keys::ByHand,
    place::{Place, Stores, block_on},
    terms,
};
use crate::{
    config::{Settings, read, reason},
    key_folder::KeyFolder,
    keyring::KeySet,
    store::Found,
    token::Fingerprint,
};

/// Which part of it; all at once if none is named.
#[derive(clap::Args)]
pub struct Args {
    /// On the issuer's machine: write what the root key is asked to sign, and make the signing keys in it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sign", "set"])]
    request: Option<PathBuf>,
    /// On the machine with the root key: sign what was asked for
    #[arg(long, value_name = "FILE", requires = "out", conflicts_with = "set")]
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

/// A set on its way.
#[derive(Serialize)]
struct Told {
    issuer: String,
    version: u64,
    expires_at: i64,
    keys: usize,
    /// Of the request, to compare between the two machines.
    fingerprint: Fingerprint,
}

impl Told {
    fn of(set: &KeySet) -> Self {
        Self {
            issuer: set.issuer().to_string(),
            version: set.version(),
            expires_at: set.expires_at(),
            keys: set.keys().len(),
            fingerprint: Fingerprint::of_text(&set.request()),
        }
    }

    fn sentence(&self, did: &str) -> String {
        let (until, s) = (terms::shown(self.expires_at), if self.keys == 1 { "" } else { "s" });
        format!("{did} key set {} of {} with {} key{s}, until {until}.", self.version, self.issuer, self.keys)
    }

    fn compared(&self, did: &str, next: &str) -> String {
        let Fingerprint { words, .. } = &self.fingerprint;
        format!("{}\n{next}\n\nWords     {words}\nDigits    {}", self.sentence(did), self.fingerprint.grouped_digits())
    }
}

/// Runs the part that was asked for.
pub fn run(args: &Args, settings: &Settings, format: Format) -> Result<(), Failure> {
    let place = Place::here()?;
    let folder = KeyFolder::at(settings.keys());
    if !folder.is_there() {
        let path = folder.path().display();
        return Err(Failure::wrong(format!("{path}/root.jwk is not there; copy it from the machine where `keys init` made it")));
    }
    let clock_is_right = args.by_hand.clock_is_right;
    match (&args.request, &args.sign, &args.out, &args.set) {
        (Some(file), ..) => {
            let set = block_on(request(&place, settings, &folder, clock_is_right))?;
            write(file, &set.request())?;
            let next = "Compare these words or digits on the machine that signs:";
            format.print(&Told::of(&set), |told| told.compared("Asked for", next))
        }
        (_, Some(file), Some(out), _) => {
            let set = KeySet::read_request(read(file)?.trim_end(), &settings.issuer()?);
            let set = set.map_err(|error| Failure::wrong(format!("{} cannot be signed: {error}", file.display())))?;
            write(out, &sign(&set, settings, &folder)?)?;
            let next = "These are the words and digits of the request:";
            format.print(&Told::of(&set), |told| told.compared("Signed", next))
        }
        (.., Some(file)) => {
            let set = block_on(publish(&place, settings, &folder, read(file)?.trim(), clock_is_right));
            published(&set.map_err(|failure| failure.about(file))?, format)
        }
        _ => published(&block_on(all_at_once(&place, settings, &folder, clock_is_right))?, format),
    }
}

fn published(set: &KeySet, format: Format) -> Result<(), Failure> {
    format.print(&Told::of(set), |told| told.sentence("Published"))
}

/// Asks, signs and publishes on a machine that has the root key itself, as a demonstration does.
pub async fn all_at_once(place: &Place, settings: &Settings, folder: &KeyFolder, clock_is_right: bool) -> Result<KeySet, Failure> {
    if !folder.has_private_root() {
        return Err(Failure::wrong("the root key is not on this machine; write a request for it with --request FILE"));
    }
    let set = request(place, settings, folder, clock_is_right).await?;
    publish(place, settings, folder, &sign(&set, settings, folder)?, clock_is_right).await
}

async fn request(place: &Place, settings: &Settings, folder: &KeyFolder, clock_is_right: bool) -> Result<KeySet, Failure> {
    ledger_key(place, settings, folder).await?;
    let seen = folder.last_set(&settings.issuer()?)?.map_or(0, |set| set.version());
    let (custodian, _) = place.custodian_by_hand(settings, clock_is_right).await?;
    Ok(custodian.next_set(seen).await?)
}

/// A ledger key is made once for a deployment, before its store. Where there is a store and no ledger key, this is another machine
/// or the key was lost: a second key would sign checkpoints that nobody believes.
async fn ledger_key(place: &Place, settings: &Settings, folder: &KeyFolder) -> Result<(), Failure> {
    if folder.has_ledger_key() {
        return Ok(());
    }
    match Stores::found(settings).await? {
        Found::Nothing => Ok(folder.make_ledger_key(&settings.issuer()?, &*place.entropy, settings.passphrase()?.as_ref())?),
        Found::Unbound | Found::Bound(_) => {
            let path = folder.path().display();
            Err(Failure::wrong(format!(
                "{path}/private/ledger.pem is not there, and the store has a ledger already; bring the key and ledger.vkey from the machine that signs the ledger"
            )))
        }
    }
}

/// Signs, unless it would take back what was signed here before. The folder remembers what it signed.
fn sign(set: &KeySet, settings: &Settings, folder: &KeyFolder) -> Result<String, Failure> {
    let root = folder.private_root(settings.passphrase()?.as_ref())?;
    if let Some(last) = folder.last_set(&settings.issuer()?)? {
        set.check_follows(&last).map_err(Failure::wrong)?;
    }
    let jwt = set.sign(&root);
    folder.put_key_set(&jwt)?;
    Ok(jwt)
}

/// The store first: a verifier reads it there, and a folder that is behind is brought up by publishing again.
async fn publish(place: &Place, settings: &Settings, folder: &KeyFolder, jwt: &str, clock_is_right: bool) -> Result<KeySet, Failure> {
    let (custodian, time) = place.custodian_by_hand(settings, clock_is_right).await?;
    custodian.publish(jwt).await?;
    folder.put_key_set(jwt)?;
    custodian.rotate(time).await?;
    KeySet::read(jwt, &folder.root()?, &settings.issuer()?).map_err(Failure::wrong)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::wrong(format!("{} cannot be written ({}); check the path and who may write there", path.display(), reason(&error)))
    };
    fs::write(path, format!("{text}\n")).map_err(unwritable)
}

//! `countersign demo`: the whole main job on this machine, with everything in `.countersign-demo/`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    Failure, issue,
    place::{Place, block_on},
    publish,
    reload::Reload,
    say,
    serve::{Service, Side},
    signals::{Signals, outlive_others},
};
use crate::{
    authority::{AccessKind, Actor, Authorisation, Callsign, Decision, Role, Scope},
    config::{Flags, Organisation, Settings},
    files::{self, reason},
    issuer::{Ask, Person, Registry},
    key_folder::KeyFolder,
    store::all_pages,
    token::Channel,
    words::{Language, Zone},
};

const FOLDER: &str = ".countersign-demo";
/// For the other commands, which know nothing of what the demonstration was given.
const SETTINGS: &str = ".countersign-demo/countersign.toml";
const OFFICER: &str = "falcon";
const APPROVER: &str = "heron";
const ADMINISTRATOR: &str = "kite";
/// A demonstration has its root key and publishes the next set before a set ends. Seconds.
const RENEW_BEFORE: i64 = 7 * 86_400;

/// Runs until it is stopped.
pub fn run(flags: Flags) -> Result<(), Failure> {
    let folder = Path::new(FOLDER);
    files::make_folder(folder, 0o700).map_err(|error| unwritable(folder, &error))?;
    let given = given(flags, folder);
    let settings = given.clone().resolve()?;
    let place = Place::here()?;
    let keys = KeyFolder::at(settings.keys());
    if !keys.is_there() {
        keys.init(&settings.issuer()?, place.clock.now(), &*place.entropy, None)?;
    }
    block_on(async {
        outlive_others()?;
        if keys.last_set(&settings.issuer()?)?.is_none_or(|set| set.expires_at() < place.clock.now() + RENEW_BEFORE) {
            // It may have been left for long, and nothing of it is worth a question.
            publish::all_at_once(&place, &settings, &keys.hold()?, true).await?;
        }
        let registry = place.acting_registry(&settings).await?;
        prepare(&registry, &place, &folder.join("officer.credential")).await?;
        let console = console(&registry, &settings.console_url()?).await?;
        let service = Service::start(Side::All, &settings, &place).await?;
        let (url, credential) = (settings.private_url()?, settings.credential()?);
        let body = json!({"channel": Channel::InPerson, "name": "Anna", "place": "Bridge Street", "spoken": true});
        // The client blocks, so it has a thread of its own.
        let issued = tokio::task::spawn_blocking(move || issue::request(&url, &credential, &body)).await;
        let issued = issued.map_err(|_| Failure::cannot_check("the first token could not be asked for; start the demo again"))??;
        // Heard from before anybody learns that the service runs: who stops it at once would otherwise end it half-way.
        let signals = Signals::new()?;
        write_settings(&given, &settings)?;
        say(&format!("{}\n\n{}", issue::sheet(&issued)?, advice(&settings, &console)?))?;
        service.until(signals, Reload::new(Side::All, given, settings)).await;
        Ok(())
    })
}

/// The demonstration's own settings, with whatever was given on the command line before them.
fn given(flags: Flags, folder: &Path) -> Flags {
    let public = flags.public.clone().unwrap_or_else(|| "127.0.0.1:8080".into());
    let private = flags.private.clone().unwrap_or_else(|| "127.0.0.1:8081".into());
    let port = public.rsplit_once(':').map_or("8080", |(_, port)| port).to_owned();
    Flags {
        store: Some(format!("sqlite:{}", folder.join("store.sqlite").display())),
        store_ca: None,
        keys: Some(folder.join("keys")),
        issuer: Some("verify.example.org".into()),
        public_url: flags.public_url.or(Some(format!("http://localhost:{port}"))),
        private_url: Some(format!("http://{private}")),
        console_url: flags.console_url,
        credential_file: Some(folder.join("officer.credential")),
        public: Some(public),
        private: Some(private),
        metrics: flags.metrics,
        organisation: Some(Organisation {
            name: "Example Organisation".into(),
            telephone: "01632 960 123".into(),
            emergency: "999".into(),
            report: "https://www.example.com/report".into(),
            address: "1 Example Street, Exampleton".into(),
            exit_url: Some("https://www.wikipedia.org/".into()),
            time_zone: Some(Zone::default()),
            languages: Language::USUAL.into(),
        }),
        config: flags.config,
        passphrase_file: flags.passphrase_file,
        spoken_words: flags.spoken_words,
        reader_level: flags.reader_level,
        link_url: flags.link_url,
        max_live: flags.max_live,
        guesses: flags.guesses,
        page_origins: flags.page_origins,
        forwarded_from: flags.forwarded_from,
        proxy_protocol_from: flags.proxy_protocol_from,
        drain: flags.drain,
        rotation: flags.rotation,
        log: flags.log,
        log_format: flags.log_format,
    }
}

/// An officer with a credential, an approver, an administrator, and an authorisation that the one asked for and the other approved.
async fn prepare(registry: &Registry, place: &Place, credential: &Path) -> Result<(), Failure> {
    let officer = person(registry, OFFICER, Role::Officer).await?;
    let approver = person(registry, APPROVER, Role::Approver).await?;
    person(registry, ADMINISTRATOR, Role::Administrator).await?;
    if !credential.exists() {
        let made = registry.make_credential(&Actor::Operator, officer.clone(), [Scope::Tokens].into(), 30 * 86_400).await?;
        let written = files::write_new(credential, format!("{}\n", made.expose()).as_bytes(), files::PRIVATE);
        written.map_err(|error| unwritable(credential, &error))?;
    }
    let now = place.clock.now();
    let usable = |a: &Authorisation| Channel::ALL.iter().all(|channel| a.is_live_for(*channel, now));
    let known = all_pages(async |page| registry.authorisations(&Actor::Operator, page).await).await?;
    if known.iter().any(|a| usable(a) && a.until > now + 3_600) {
        return Ok(());
    }
    let ask = Ask {
        reference: "DEMO-1".into(),
        purpose: "Show how it works".into(),
        channels: Channel::ALL.into(),
        from: None,
        until: now + 8 * 3_600,
        max_tokens: 200,
    };
    let asked = registry.ask(&registry.person(&officer).await?, ask).await?;
    registry.decide(&registry.person(&approver).await?, asked.id, Decision::Approve).await?;
    Ok(())
}

async fn person(registry: &Registry, callsign: &str, role: Role) -> Result<Callsign, Failure> {
    let callsign: Callsign = callsign.parse().map_err(Failure::wrong)?;
    let known = all_pages(async |page| registry.people(&Actor::Operator, page).await).await?;
    if !known.iter().any(|person| person.officer.callsign == callsign) {
        registry.enrol(&Actor::Operator, callsign.clone(), role).await?;
    }
    Ok(callsign)
}

/// The console's address, with a one-time link for each of the three who has no passkey yet.
async fn console(registry: &Registry, console_url: &str) -> Result<String, Failure> {
    let mut lines = vec![format!("The officers' console is at {console_url}. It wants a passkey: a browser's own will do.")];
    for Person { officer, keys } in all_pages(async |page| registry.people(&Actor::Operator, page).await).await? {
        if keys.iter().all(|key| key.kind != AccessKind::Passkey) {
            let link = registry.make_link(&Actor::Operator, &officer.callsign).await?.shown(console_url).link;
            lines.push(format!("To come in as {}, {}, open within 30 minutes, once:\n  {link}", officer.callsign, officer.role.as_str()));
        }
    }
    Ok(lines.join("\n"))
}

/// What `--config` reads: the names and addresses that the demonstration runs with. Of these a TOML string is written as Rust writes one.
fn write_settings(given: &Flags, settings: &Settings) -> Result<(), Failure> {
    let path = Path::new(SETTINGS);
    let file = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let entries = [
        ("issuer", given.issuer.clone()),
        ("store", given.store.clone()),
        ("keys", file(&given.keys)),
        ("credential_file", file(&given.credential_file)),
        ("public_url", Some(settings.public_url()?)),
        ("private_url", Some(settings.private_url()?)),
        ("console_url", Some(settings.console_url()?)),
    ];
    let text: String = entries.into_iter().filter_map(|(name, value)| Some(format!("{name} = {:?}\n", value?))).collect();
    files::replace(path, text.as_bytes(), files::PRIVATE).map_err(|error| unwritable(path, &error))
}

fn advice(settings: &Settings, console: &str) -> Result<String, Failure> {
    let public_url = settings.public_url()?;
    let program = std::env::args().next().unwrap_or_else(|| "countersign".into());
    Ok(format!(
        "Open {public_url} in a browser on this machine and type the words, or open the link.\n\
         A phone cannot open it: the link points at this machine itself.\n\n\
         From this folder in another terminal, issue the next one, verify its words, and see the people:\n  \
         {program} --config {SETTINGS} issue --channel in-person --spoken\n  \
         {program} --config {SETTINGS} verify \"the words that it printed\"\n  \
         {program} --config {SETTINGS} officers list\n\n\
         {console}\n\n\
         Everything is kept in {FOLDER}/. Press Control-C to stop."
    ))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::wrong(format!("{} cannot be written ({}); start the demo in a folder that you may write to", path.display(), reason(error)))
}

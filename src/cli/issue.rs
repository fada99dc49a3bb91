//! `countersign issue`

use serde_json::{Map, Value, json};

use super::{Failure, Format, client, client::Client, terms};
use crate::{
    authority::AuthorisationId,
    config::Settings,
    entropy::{Entropy as _, SystemEntropy},
    hex,
    issuer::Credential,
    token::{
        Challenge, Channel, Dialled, Name, Place, Token, group_digits,
        qr::{self, Symbol},
    },
};

/// What the token is to say.
#[derive(clap::Args)]
pub struct Args {
    /// in-person, telephone or online
    #[arg(long)]
    channel: Channel,
    /// Under which authorisation, if there are several
    #[arg(long, value_name = "ID")]
    authorisation: Option<AuthorisationId>,
    /// The six digits that the person reads to you from their own screen
    #[arg(long, value_name = "NUMBER")]
    challenge: Option<Challenge>,
    /// The name you use
    #[arg(long, value_parser = Name::enforced)]
    name: Option<Name>,
    /// Where you meet
    #[arg(long, value_parser = Place::enforced)]
    place: Option<Place>,
    /// The last three digits of the telephone number that you dialled
    #[arg(long, value_name = "DIGITS")]
    dialled: Option<Dialled>,
    /// How long it lives, at most 10m; 5m if not given, 10m by telephone
    #[arg(long, value_name = "DURATION", value_parser = terms::duration)]
    lifetime: Option<i64>,
    /// Prepare it for later: when it starts, at most 24 hours ahead
    #[arg(long, value_name = "TIME", value_parser = terms::moment)]
    not_before: Option<i64>,
    /// Give it spoken words, as telephone tokens always have
    #[arg(long)]
    spoken: bool,
}

/// Issues over the private API and prints what the officer shows.
pub fn run(args: Args, settings: &Settings, format: Format) -> Result<(), Failure> {
    let issued = request(&settings.private_url()?, &settings.credential()?, &body(args))?;
    let text = sheet(&issued)?;
    format.print(&issued, |_| text)
}

/// `POST /v1/tokens`
pub fn request(private_url: &str, credential: &Credential, body: &Value) -> Result<Value, Failure> {
    let mut key = [0; 16];
    SystemEntropy.fill(&mut key).map_err(Failure::wrong)?;
    match Client::new(private_url.to_owned()).post_once("/v1/tokens", credential, &hex::encode(&key), body)? {
        (201, issued) => Ok(issued),
        (status, problem) => Err(client::refused(status, &problem)),
    }
}

fn body(args: Args) -> Value {
    let Args { channel, authorisation, challenge, name, place, dialled, lifetime, not_before, spoken } = args;
    let mut body = Map::from_iter([
        ("channel".into(), json!(channel)),
        ("authorisation".into(), json!(authorisation)),
        ("challenge".into(), json!(challenge.map(|c| c.to_string()))),
        ("name".into(), json!(name.as_ref().map(Name::as_str))),
        ("place".into(), json!(place.as_ref().map(Place::as_str))),
        ("dialled".into(), json!(dialled.map(|d| d.to_string()))),
        ("lifetime".into(), json!(lifetime)),
        ("not_before".into(), json!(not_before)),
    ]);
    if spoken {
        body.insert("spoken".into(), true.into());
    }
    Value::Object(body)
}

/// What an officer shows and reads out: QR, words, digits, link, and when it runs out.
pub fn sheet(issued: &Value) -> Result<String, Failure> {
    let strange = || Failure::cannot_check("the answer is not a token; see that --private-url is the issuer's private listener");
    let link = issued["link"].as_str().ok_or_else(strange)?;
    let (link_url, _) = link.split_once("/#").ok_or_else(strange)?;
    let token = Token::parse(link).map_err(|_| strange())?;
    let symbol = Symbol::of(&token, link_url).map_err(Failure::wrong)?;
    let mut lines = vec![symbol.terminal()];
    if let (Some(words), Some(digits)) = (issued["spoken"]["words"].as_str(), issued["spoken"]["digits"].as_str()) {
        lines.push(format!("Words     {words}"));
        lines.push(format!("Digits    {}", group_digits(digits)));
    }
    lines.push(format!("Link      {link}"));
    lines.extend(issued["not_before"].as_i64().map(|starts| format!("Starts    {}", terms::shown(starts))));
    if symbol.version() > qr::READS_WELL {
        lines.push(format!(
            "Note      The QR code is large (version {}); an old phone may not read it. Leave out name or place, or set a shorter link_url.",
            symbol.version()
        ));
    }
    lines.push(format!("Runs out  {}", terms::shown(issued["expires_at"].as_i64().ok_or_else(strange)?)));
    lines.push(format!("Id        {}", issued["id"].as_str().ok_or_else(strange)?));
    Ok(lines.join("\n"))
}

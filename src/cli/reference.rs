//! `countersign reference`

use serde_json::Value;

use super::{Failure, Format, client, client::Client, terms};
use crate::{config::Settings, token::Reference};

/// Asks the running service, with an approver's or administrator's credential. Each look-up counts.
#[derive(clap::Args)]
pub struct Args {
    /// The eight digits that they read out; spaces may stand between them
    #[arg(required = true, value_name = "DIGITS")]
    digits: Vec<String>,
}

/// Looks it up.
pub fn run(args: &Args, settings: &Settings, format: Format) -> Result<(), Failure> {
    let reference: Reference =
        args.digits.join(" ").parse().map_err(|error: crate::token::NoReference| Failure::wrong(error.to_string()))?;
    let client = Client::new(settings.private_url()?);
    let path = format!("/v1/references/{}", reference.to_string().replace(' ', ""));
    let (status, body) = client.get(&path, &settings.credential()?)?;
    let body: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    if status != 200 {
        return Err(client::refused(status, &body));
    }
    format.print(&body, sheet)
}

fn sheet(body: &Value) -> String {
    let tokens = body["tokens"].as_array().map(Vec::as_slice).unwrap_or_default();
    if tokens.is_empty() {
        return "No code of ours has this reference, or it ran out more than 24 hours ago. Read the digits back to them.".into();
    }
    tokens.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(token: &Value) -> String {
    let time = |member: &str| {
        let shown = if member == "first_checked_at" { terms::shown_minute } else { terms::shown };
        token[member].as_i64().map(shown)
    };
    let text = |member: &str| token[member].as_str().unwrap_or_default();
    let times = [
        ("made", "issued_at"),
        ("from", "not_before"),
        ("until", "expires_at"),
        ("checked", "first_checked_at"),
        ("withdrawn", "withdrawn_at"),
    ];
    let times = times.iter().filter_map(|(what, member)| Some(format!("  {what} {}", time(member)?)));
    format!("{}  {}  {}{}", text("id"), text("state"), text("channel"), times.collect::<String>())
}

//! Names of settings that there are not.

use clap::{Args as _, Command};

use super::{ConfigError, Flags};
use crate::spelling::{nearest, one_slip};

const PREFIX: &str = "COUNTERSIGN_";
/// What to say of an entry that the settings file may not have, from what the parser says of it; `None` where it says something
/// else.
pub(super) fn entry(parser: &str) -> Option<String> {
    let words = parser.strip_prefix("unknown field ")?;
    let (typed, known) = words.split_once(", ")?;
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    Some(match nearest(typed.trim_matches('`'), known.iter().copied()) {
        Some(meant) => format!("there is no entry {typed}; did you mean `{meant}`?"),
        None => format!("there is no entry {typed}; take it out, or write one of {}", known.join(", ")),
    })
}

/// Refuses a variable that is a setting's with one slip. Others are left alone: whatever starts us may set some of its own, and
/// Kubernetes sets several for each of its services.
pub(super) fn variable() -> Result<(), ConfigError> {
    std::env::vars_os().try_for_each(|(name, _)| name.to_str().map_or(Ok(()), one_variable))
}

/// As their variables name them, without what all have in common.
fn settings() -> Vec<String> {
    let flags = Flags::augment_args(Command::new("countersign"));
    let variables = flags.get_arguments().filter_map(|flag| flag.get_env()?.to_str()?.strip_prefix(PREFIX));
    variables.map(str::to_owned).collect()
}

fn one_variable(name: &str) -> Result<(), ConfigError> {
    let Some(typed) = name.strip_prefix(PREFIX) else { return Ok(()) };
    let known = settings();
    match one_slip(typed, known.iter().map(String::as_str)) {
        Some(meant) => Err(ConfigError::Variable { name: name.to_owned(), meant: format!("{PREFIX}{meant}") }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_nearly_a_settings_is_refused() {
        for (name, meant) in [
            ("COUNTERSIGN_STROE", "COUNTERSIGN_STORE"),
            ("COUNTERSIGN_STORECA", "COUNTERSIGN_STORE_CA"),
            ("COUNTERSIGN_PRIVATEURL", "COUNTERSIGN_PRIVATE_URL"),
            ("COUNTERSIGN_LOGS", "COUNTERSIGN_LOG"),
        ] {
            let refused = one_variable(name).unwrap_err().to_string();
            assert_eq!(refused, format!("the variable {name} is no setting; did you mean {meant}?"));
        }
    }

    #[test]
    fn what_others_set_is_left_alone() {
        for name in [
            "COUNTERSIGN",
            "COUNTERSIGN_",
            "COUNTERSIGN_STORE",
            "COUNTERSIGN_LOG",
            "COUNTERSIGN_DOMAIN",
            "COUNTERSIGN_STORAGE",
            "COUNTERSIGN_PUBLIC_IP",
            "COUNTERSIGN_PUBLIC_KEY",
            "COUNTERSIGN_VERSION",
            "COUNTERSIGN_IMAGE",
            "HOME",
        ] {
            assert!(one_variable(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_of_any_such_name_is_left_alone() {
        let settings: Vec<String> = settings().iter().map(|setting| format!("COUNTERSIGN_{setting}_")).collect();
        for service in settings.iter().map(String::as_str).chain(["COUNTERSIGN_", "COUNTERSIGN_VERIFIER_", "COUNTERSIGN_CONSOLE_"]) {
            for name in [
                "PORT",
                "SERVICE_HOST",
                "SERVICE_PORT",
                "SERVICE_PORT_HTTP",
                "SERVICE_PORT_URL",
                "PORT_8080_TCP",
                "PORT_8080_TCP_ADDR",
                "PORT_8080_TCP_PORT",
                "PORT_8080_TCP_PROTO",
            ] {
                assert!(one_variable(&format!("{service}{name}")).is_ok(), "{service}{name}");
            }
        }
    }

    #[test]
    fn what_the_parser_says_of_other_things_stays() {
        assert_eq!(entry("invalid type: integer `1`, expected a string"), None);
        let one = entry("unknown field `actve`, expected `active` or `published`").unwrap();
        assert_eq!(one, "there is no entry `actve`; did you mean `active`?");
    }
}

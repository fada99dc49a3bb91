//! Names of settings that there are not.

use clap::{Args as _, Command};

use super::{ConfigError, Flags};
use crate::spelling::nearest;

const PREFIX: &str = "COUNTERSIGN_";
/// The one variable that is not a flag's.
const LOG: &str = "LOG";

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

/// Refuses a variable that is nearly a setting's. Others are left alone: whatever starts us may set some of its own.
pub(super) fn variable() -> Result<(), ConfigError> {
    std::env::vars_os().try_for_each(|(name, _)| name.to_str().map_or(Ok(()), one_variable))
}

fn one_variable(name: &str) -> Result<(), ConfigError> {
    let Some(typed) = name.strip_prefix(PREFIX) else { return Ok(()) };
    let flags = Flags::augment_args(Command::new("countersign"));
    let variables = flags.get_arguments().filter_map(|flag| flag.get_env()?.to_str()?.strip_prefix(PREFIX));
    let known: Vec<&str> = variables.chain([LOG]).collect();
    match nearest(typed, known.iter().copied()).filter(|_| !known.contains(&typed)) {
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
        // What Kubernetes sets for a service of our name, among others.
        for name in [
            "COUNTERSIGN",
            "COUNTERSIGN_PORT",
            "COUNTERSIGN_PORT_8080_TCP",
            "COUNTERSIGN_SERVICE_HOST",
            "HOME",
            "COUNTERSIGN_STORE",
            "COUNTERSIGN_LOG",
            "COUNTERSIGN_",
        ] {
            assert!(one_variable(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_the_parser_says_of_other_things_stays() {
        assert_eq!(entry("invalid type: integer `1`, expected a string"), None);
        let one = entry("unknown field `actve`, expected `active` or `published`").unwrap();
        assert_eq!(one, "there is no entry `actve`; did you mean `active`?");
    }
}

//! Why no connection was made, and what to do about it.

use std::{error::Error as _, io};

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// What will not mend without somebody is unusable; whatever else fails may work again in a moment.
pub(super) fn unreached(error: &tokio_postgres::Error) -> StoreError {
    let why = innermost(error);
    if let Some(wrong) = certificate(error) {
        return StoreError::Unusable(untrusted(wrong, &why));
    }
    StoreError::Unusable(match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            format!("does not open: {why}; check user and password in --store")
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => format!("does not open: {why}; prepare the database with deploy/postgresql.sql first"),
        // The driver has no other sign of it.
        None if why == "server does not support TLS" => {
            "offers no TLS, and nothing is said to another machine without it; switch it on there (ssl = on), or write sslmode=disable into --store where the network is encrypted anyway".into()
        }
        _ => return StoreError::Failed(format!("the database cannot be reached ({why}); start it, or check --store")),
    })
}

/// Another host may take writes, or this one in a moment.
pub(super) fn only_reads() -> StoreError {
    StoreError::Failed("the database cannot be reached (it takes no writes); give --store the address of the primary too".into())
}

fn certificate(error: &tokio_postgres::Error) -> Option<&CertificateError> {
    match error.source()?.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(wrong) => Some(wrong),
        _ => None,
    }
}

fn untrusted(wrong: &CertificateError, why: &str) -> String {
    match wrong {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "shows a certificate for another name; write into --store the name that it is for, or have one made for this name".into()
        }
        CertificateError::UnknownIssuer => {
            "shows a certificate by an authority that is not trusted here; name the authority's file with --store-ca (store_ca in countersign.toml)".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "shows a certificate that has expired; renew it there, or set this machine's clock".into()
        }
        _ => format!("shows a certificate that cannot be trusted ({why}); give the database one for its name, signed by the authority that --store-ca names"),
    }
}

fn innermost(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    // What the operating system says, without its numbers.
    cause.split(" (os error").next().unwrap_or(&cause).to_owned()
}

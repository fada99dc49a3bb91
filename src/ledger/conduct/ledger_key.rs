//! Whether the ledger's own key was replaced as it may be; whether the one before vouches for it is the checkpoints' matter.

use super::{Event, Remarks, fault, unusual};
use crate::ledger::VerifierKey;

#[derive(Default)]
pub(super) struct LedgerKeys {
    /// All that were named, the one in force last.
    known: Vec<VerifierKey>,
}

impl LedgerKeys {
    pub(super) fn changed(&mut self, remarks: &mut Remarks, event: &Event) {
        let Event::LedgerKeyChanged { old, new, size, cause, reason, .. } = event else { return };
        let because = cause.as_words();
        unusual(remarks, true, || {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("the ledger's key was replaced by {new} behind a checkpoint of {size} entries, because {because}{reason}")
        });
        if self.known.is_empty() {
            self.known.push((**old).clone());
        }
        fault(remarks, self.known.last() != Some(&**old), || format!("the ledger's key {old} was replaced, but was not the one in force"));
        fault(remarks, self.known.contains(new), || format!("the ledger's key {new} was used before"));
        fault(remarks, new.name() != old.name(), || format!("the ledger's key {new} is another ledger's"));
        self.known.push((**new).clone());
    }
}

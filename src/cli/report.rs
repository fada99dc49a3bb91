//! An audit's report, in a page.

use super::{Failure, Format, terms};
use crate::ledger::{FINDINGS, Finding, Report};

/// The most findings of one sort that people are shown; JSON has more.
const SHOWN: usize = 20;

/// Prints it, and says no if there is any fault.
pub fn print(report: &Report, format: Format) -> Result<(), Failure> {
    format.print(report, text)?;
    let verdict = if report.entries == 0 || report.checkpoints == 0 { "nothing was verified" } else { "the ledger is not sound" };
    match report.faults.as_slice() {
        [] => Ok(()),
        [Finding { entry: Some(entry), what }, ..] => Err(Failure::no(format!("{verdict}; entry {entry}: {what}"))),
        [Finding { entry: None, what }, ..] => Err(Failure::no(format!("{verdict}: {what}"))),
    }
}

fn text(report: &Report) -> String {
    let Report { ledger, entries, checkpoints, signed, .. } = report;
    let period =
        report.period.map_or_else(String::new, |(from, until)| format!(", from {} to {}", terms::shown(from), terms::shown(until)));
    let mut lines = vec![
        format!("Ledger       {ledger}"),
        format!("Entries      {entries}{period}"),
        format!("Checkpoints  {checkpoints}; the newest covers {signed} entries"),
    ];
    if !report.kept.is_empty() {
        let sizes: Vec<String> = report.kept.iter().map(ToString::to_string).collect();
        lines.push(format!("Kept         agrees with the checkpoints of {} entries", sizes.join(", ")));
    }
    lines.extend(report.counts.iter().map(|(kind, count)| format!("  {count:>8}  {}", kind.replace('_', " "))));
    let gap =
        report.longest_silence.filter(|gap| gap.seconds >= 60).map(|gap| format!("{}, before entry {}", span(gap.seconds), gap.before));
    lines.push(format!("Longest gap  {}", gap.unwrap_or_else(|| "under a minute".into())));
    lines.extend(findings("Unusual", &report.unusual, report.unusual_count));
    lines.extend(findings("Faults", &report.faults, report.fault_count));
    lines.join("\n")
}

fn findings(title: &str, found: &[Finding], count: u64) -> Vec<String> {
    let head = if found.is_empty() { "none".to_owned() } else { count.to_string() };
    let mut lines = vec![format!("{title:<11}  {head}")];
    lines.extend(found.iter().take(SHOWN).map(|Finding { entry, what }| match entry {
        Some(entry) => format!("  entry {entry}: {what}"),
        None => format!("  {what}"),
    }));
    if found.len() > SHOWN {
        let all = if count > FINDINGS as u64 { format!("the first {FINDINGS}") } else { "all".to_owned() };
        lines.push(format!("  and {} more; --format json tells {all}", count - SHOWN as u64));
    }
    lines
}

/// A span that people read.
fn span(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, _) => format!("{minutes} minutes"),
        (0, ..) => format!("{hours} hours {minutes} minutes"),
        _ => format!("{days} days {hours} hours"),
    }
}

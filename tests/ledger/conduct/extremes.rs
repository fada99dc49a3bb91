//! A ledger is somebody else's text: whatever times it names, the audit goes on to its end and says the right thing.

use countersign::ledger::{Entry, Report, Silence};

use crate::book::{Ask, Book, Issue, approved, checked, published};

const TIMES: [i64; 5] = [i64::MIN, i64::MIN + 1, 0, i64::MAX - 1, i64::MAX];

/// Every pair of times.
fn pairs() -> impl Iterator<Item = (i64, i64)> {
    TIMES.into_iter().flat_map(|first| TIMES.map(|second| (first, second)))
}

/// An audit of two more entries.
fn report(first: Entry, second: Entry) -> Report {
    let mut book = Book::opened();
    book.entries.extend([first, second]);
    book.report()
}

/// Whether this is remarked of the last entry.
fn remarked(report: &Report, says: &str) -> bool {
    report.unusual.iter().any(|finding| finding.entry == Some(report.entries) && finding.what.contains(says))
}

/// The first less the second, which may be more than their type holds.
fn less(first: i64, second: i64) -> i128 {
    i128::from(first) - i128::from(second)
}

#[test]
fn the_clock_is_found_set_back_by_any_time() {
    for (first, second) in pairs() {
        let report = report(published(2).at(first), published(3).at(second));
        assert_eq!(remarked(&report, "the clock was set back"), less(first, second) > 60, "{first}, then {second}");
    }
    let longest = report(published(2).at(i64::MIN), published(3).at(i64::MAX)).longest_silence;
    assert_eq!(longest, Some(Silence { seconds: i64::MAX, before: 12 }));
}

#[test]
fn an_approval_is_found_hasty_by_any_time() {
    for (first, second) in pairs() {
        let report = report(Ask::number(2).event().at(first), approved(2, "heron").at(second));
        assert_eq!(remarked(&report, "heron approved authorisation"), less(second, first) < 10, "{first}, then {second}");
    }
}

#[test]
fn a_check_is_found_outside_of_its_time_or_late_by_any_time() {
    for (iat, exp) in pairs() {
        for (minute, at) in pairs() {
            let report = report(Issue { exp, ..Issue::at(0) }.event().at(iat), checked(1, minute).at(at));
            let case = format!("until {exp}, checked at {minute}, reported at {at}");
            let outside = less(0, minute) >= 120 || less(minute, exp) > 60;
            assert_eq!(remarked(&report, "was checked outside of its time"), outside, "{case}");
            assert_eq!(remarked(&report, "seconds later"), less(at, minute) > 180, "{case}");
        }
        let report = report(Issue { iat, exp, ..Issue::at(0) }.event().at(iat), checked(1, exp).at(exp));
        assert_eq!(remarked(&report, "was checked outside of its time"), less(iat, exp) >= 120, "from {iat} until {exp}");
    }
}

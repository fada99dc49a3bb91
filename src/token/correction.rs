//! What may be wrong with a text that is no code. Only ever shown as a question, never applied. The page judges alike
//! (`web/shared/forgive.ts`), and both read the same vectors.

use super::{
    InputError, SpokenSize, Token,
    spoken::{WORDS, check_word, fitting, times_x_to},
    typed::{UNHEARD, digits, index_of, pieces, words},
};

/// What may have gone wrong. Positions count from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correction {
    /// With these words it would fit; those at `changed` are not what was typed.
    DidYouMean {
        /// All words of the code.
        words: Vec<&'static str>,
        /// Which of them differ.
        changed: Vec<usize>,
        /// One of them was not heard.
        unheard: bool,
    },
    /// The word at this position is none of ours.
    Word {
        /// Where it stands.
        position: usize,
        /// Words within one typing error of it, or of the same sound; may be empty.
        near: Vec<&'static str>,
    },
    /// The check word supplies one word that was not heard; this is the second.
    TwoUnheard(usize),
    /// Neither five nor six words, but so many.
    Count(usize),
    /// All are words of ours, but they do not fit together.
    Check,
    /// So many digits that do not fit together.
    Digits(usize),
    /// Two tokens in one text.
    Several,
    /// A mail program put a link of its own in place of ours.
    LinkChanged,
    /// A link that leads to somebody else.
    LinkForeign,
    /// A link to us without a code.
    LinkEmpty,
    /// Nothing like a code.
    NoCode,
}

/// The words are at least three letters apart; a word heard as another is seldom further.
const HEARD_ALIKE: usize = 3;

/// Finds out what may be wrong with a text in which there is neither a token nor a code. `own` are the addresses that lead to us.
pub fn correct(text: &str, own: &[String]) -> Correction {
    if Token::find(text) == Err(InputError::Several) {
        return Correction::Several;
    }
    fault_of_link(text, own).unwrap_or_else(|| correct_spoken(text))
}

/// Programs that put a link of their own in place of one in a message.
const CHANGED: [&str; 9] = ["safelinks", "urldefense", "proofpoint", "cudasvc", "mimecast", "/url?", "redirect", "?url=", "&url="];

/// Why a link holds no code, where there is a link.
fn fault_of_link(text: &str, own: &[String]) -> Option<Correction> {
    let links = hosts_in(text);
    if links.is_empty() {
        return None;
    }
    let text = text.to_lowercase();
    if CHANGED.into_iter().any(|sign| text.contains(sign)) {
        return Some(Correction::LinkChanged);
    }
    let ours = hosts_in(&own.join(" "));
    Some(if links.iter().all(|host| ours.contains(host)) { Correction::LinkEmpty } else { Correction::LinkForeign })
}

/// What ends a sentence behind a link. A comma within may be part of a host.
const MARKS: &str = ".,;:!)]}'’”»،۔।";

/// The hosts of all links in a text, as a browser reads them: what stands before an `@` is none, and `\` is as good as `/`.
fn hosts_in(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace("%3a", ":").replace("%2f", "/");
    let mut hosts = vec![];
    let mut rest = text.as_str();
    while let Some((start, scheme)) = ["http:", "https:", "www."].iter().filter_map(|sign| Some((rest.find(sign)?, *sign))).min() {
        let link = if scheme == "www." { &rest[start..] } else { rest[start + scheme.len()..].trim_start_matches(['/', '\\']) };
        let end = link.find(|c: char| c.is_whitespace() || "\\/?#<>\"".contains(c)).unwrap_or(link.len());
        let host = link[..end].trim_end_matches(|c| MARKS.contains(c));
        let host = host.rsplit('@').next().unwrap_or_default();
        let host = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|c| c.is_ascii_digit())).map_or(host, |(name, _)| name);
        hosts.push(host.strip_suffix('.').unwrap_or(host).to_owned());
        rest = &link[end..];
    }
    hosts
}

fn correct_spoken(text: &str) -> Correction {
    let pieces = pieces(text);
    if let Some(digits) = digits(&pieces) {
        return Correction::Digits(digits.len());
    }
    // The same letters are two codes, once in some millions: the one with the fewer words is asked about.
    if let Some(words) = fitting(&pieces).into_iter().min_by_key(Vec::len) {
        return did_you_mean(&words, vec![], false);
    }
    judge(&words(&pieces))
}

fn judge(typed: &[String]) -> Correction {
    let unheard = |i: &usize| typed[*i] == UNHEARD;
    let all = 0..typed.len();
    let known: Vec<Option<u16>> = typed.iter().map(|piece| index_of(piece)).collect();
    if !SpokenSize::ALL.iter().any(|size| size.words() == typed.len()) {
        let any = all.clone().any(|i| unheard(&i) || known[i].is_some());
        return if any { Correction::Count(typed.len()) } else { Correction::NoCode };
    }
    let near: Vec<Option<u16>> = all.clone().map(|i| known[i].or_else(|| only_near(&typed[i]))).collect();
    if all.clone().all(|i| near[i].is_none() && !unheard(&i)) {
        return Correction::NoCode;
    }
    let indexes: Vec<u16> = near.iter().map(|index| index.unwrap_or(0)).collect();
    let unknown: Vec<usize> = all.clone().filter(|i| known[*i].is_none()).collect();
    let not_heard: Vec<usize> = all.filter(unheard).collect();
    let differs = |words: &[u16]| (0..words.len()).filter(|i| known[*i] != Some(words[*i])).collect::<Vec<_>>();
    let suggest = |words: &[u16]| did_you_mean(words, differs(words), !not_heard.is_empty());
    if unknown.is_empty() {
        return repaired(typed, &indexes).map_or(Correction::Check, |words| suggest(&words));
    }
    if let Some(second) = not_heard.get(1) {
        return Correction::TwoUnheard(*second);
    }
    if near.iter().all(Option::is_some) && fits(&indexes) {
        return suggest(&indexes);
    }
    let position = *unknown.iter().find(|i| !not_heard.contains(i)).unwrap_or(&unknown[0]);
    // One that is near to a word which does not fit is not the only one that is wrong.
    if unknown.len() > 1 || near[position].is_some() {
        return Correction::Word { position, near: near_words(&typed[position]) };
    }
    suggest(&with(&indexes, position, solve(&indexes, position)))
}

fn did_you_mean(words: &[u16], changed: Vec<usize>, unheard: bool) -> Correction {
    Correction::DidYouMean { words: words.iter().map(|index| WORDS[usize::from(*index)]).collect(), changed, unheard }
}

fn with(indexes: &[u16], position: usize, word: u16) -> Vec<u16> {
    let mut words = indexes.to_vec();
    words[position] = word;
    words
}

/// All words are ours but do not fit together: two swapped, or one heard as another that looks or sounds like it. Only where there
/// is one such reading.
fn repaired(typed: &[String], indexes: &[u16]) -> Option<Vec<u16>> {
    let places = 0..indexes.len();
    let swapped = places.clone().flat_map(|i| (i + 1..indexes.len()).map(move |j| (i, j))).filter_map(|(i, j)| {
        let mut words = indexes.to_vec();
        words.swap(i, j);
        fits(&words).then_some(words)
    });
    let heard = places.filter_map(|i| {
        let solved = solve(indexes, i);
        let [meant, heard] = [solved, indexes[i]].map(|index| WORDS[usize::from(index)]);
        (distance(&typed[i], meant) <= HEARD_ALIKE || alike_by_ear(heard, meant)).then(|| with(indexes, i, solved))
    });
    let mut all = swapped.chain(heard);
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

fn fits(indexes: &[u16]) -> bool {
    indexes.split_last().is_some_and(|(check, data)| *check == check_word(data))
}

/// The one word that makes the check right at a position, given all others.
fn solve(indexes: &[u16], position: usize) -> u16 {
    let others = |i: usize| if i == position { 0 } else { indexes[i] };
    let last = indexes.len() - 1;
    let sum = (0..last).fold(others(last), |sum, i| sum ^ times_x_to(others(i), i + 1));
    // x has order 1,023, so dividing by x^i is multiplying by x^(1023 - i).
    if position == last { sum } else { times_x_to(sum, 1_023 - (position + 1)) }
}

/// The one word within one typing error, or the one that begins with the same four letters.
fn only_near(typed: &str) -> Option<u16> {
    let mut near = (0..).zip(WORDS.iter()).filter(|(_, word)| distance(typed, word) == 1).map(|(index, _)| index);
    let only = near.next().filter(|_| near.next().is_none());
    only.or_else(|| index_of(typed.get(..4)?))
}

fn near_words(typed: &str) -> Vec<&'static str> {
    WORDS.iter().copied().filter(|word| distance(typed, word) <= 1).collect()
}

/// The sound of each letter from a to z, roughly: those that are taken for each other by telephone are one.
const SOUNDS: [u8; 26] = *b"apktafk ajklnnapkrstaf xas";

/// Whether two words are easily heard as each other: the same sounds but for one.
fn alike_by_ear(one: &str, other: &str) -> bool {
    distance(&sound_of(one), &sound_of(other)) < 2
}

fn sound_of(word: &str) -> String {
    let written = word.replacen("ph", "f", 1).replacen("ps", "s", 1);
    // The first c that sounds like an s.
    let soft = ["ce", "ci"].iter().filter_map(|c| written.find(c)).min();
    let written: String = written.char_indices().map(|(i, c)| if Some(i) == soft { 's' } else { c }).collect();
    let written = written.strip_suffix(['e', 'h']).unwrap_or(&written);
    let sounds = written.bytes().filter_map(|letter| SOUNDS.get(usize::from(letter.wrapping_sub(b'a'))));
    let mut sounds: Vec<u8> = sounds.copied().filter(|sound| *sound != b' ').collect();
    sounds.dedup();
    sounds.into_iter().map(char::from).collect()
}

/// Edit distance in which two swapped neighbours count once.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Far is far.
    if a.len().abs_diff(b.len()) > HEARD_ALIKE {
        return HEARD_ALIKE + 1;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_a_swap_once() {
        assert_eq!(distance("voyage", "voyage"), 0);
        assert_eq!(distance("voayge", "voyage"), 1);
        assert_eq!(distance("vyage", "voyage"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn words_that_are_heard_as_each_other_are_alike() {
        for (one, other) in [("upbeat", "update"), ("fiscal", "physical"), ("arose", "arrive"), ("measure", "mother"), ("rhino", "runner")]
        {
            assert!(alike_by_ear(one, other), "{one} {other}");
        }
        assert!(!alike_by_ear("abacus", "zodiac"));
    }
}

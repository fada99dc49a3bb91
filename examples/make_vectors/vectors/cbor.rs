//! CBOR by hand (RFC 8949): the shortest form, and on request every form that is not.

/// Major types.
pub const UNSIGNED: u8 = 0;
pub const NEGATIVE: u8 = 1;
pub const BYTES: u8 = 2;
pub const TEXT: u8 = 3;
pub const ARRAY: u8 = 4;
pub const MAP: u8 = 5;
pub const TAG: u8 = 6;

/// Ends an item of indefinite length.
pub const BREAK: u8 = 0xff;

/// The head of an item in its shortest form.
pub fn head(major: u8, argument: u64) -> Vec<u8> {
    match argument {
        0..24 => vec![major << 5 | argument.to_be_bytes()[7]],
        24..0x100 => wide(major, argument, 1),
        0x100..0x1_0000 => wide(major, argument, 2),
        0x1_0000..0x1_0000_0000 => wide(major, argument, 4),
        _ => wide(major, argument, 8),
    }
}

/// The head with an argument of 1, 2, 4 or 8 bytes, needed or not.
pub fn wide(major: u8, argument: u64, bytes: usize) -> Vec<u8> {
    let info = match bytes {
        1 => 24,
        2 => 25,
        4 => 26,
        _ => 27,
    };
    join(&[&[major << 5 | info], &argument.to_be_bytes()[8 - bytes..]])
}

pub fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub fn int(value: i64) -> Vec<u8> {
    let negative = value < 0;
    head(u8::from(negative), if negative { (-1 - value).unsigned_abs() } else { value.unsigned_abs() })
}

fn sized(major: u8, content: &[u8]) -> Vec<u8> {
    join(&[&head(major, content.len() as u64), content])
}

pub fn bytes(content: &[u8]) -> Vec<u8> {
    sized(BYTES, content)
}

pub fn text(content: &str) -> Vec<u8> {
    sized(TEXT, content.as_bytes())
}

/// A text string whose bytes need not be UTF-8.
pub fn raw_text(content: &[u8]) -> Vec<u8> {
    sized(TEXT, content)
}

pub fn array(items: &[Vec<u8>]) -> Vec<u8> {
    join(&[&head(ARRAY, items.len() as u64), &items.concat()])
}

pub fn tag(number: u64, item: &[u8]) -> Vec<u8> {
    join(&[&head(TAG, number), item])
}

/// The same string with a length in `width` bytes.
pub fn long_length(major: u8, content: &[u8], width: usize) -> Vec<u8> {
    join(&[&wide(major, content.len() as u64, width), content])
}

/// The same string in two chunks of indefinite length.
pub fn chunked(major: u8, content: &[u8]) -> Vec<u8> {
    let (a, b) = content.split_at(content.len() / 2);
    join(&[&[major << 5 | 31], &sized(major, a), &sized(major, b), &[BREAK]])
}

/// The same items (of an array, or keys and values of a map) with indefinite length.
pub fn endless(major: u8, items: &[u8]) -> Vec<u8> {
    join(&[&[major << 5 | 31], items, &[BREAK]])
}

/// `depth` arrays of one item around a zero.
pub fn nested(depth: usize) -> Vec<u8> {
    let mut item = vec![0x81; depth];
    item.push(0);
    item
}

/// The entries of a map in the order in which they are written, repeated or not.
#[derive(Clone)]
pub struct Entries(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Entries {
    pub fn new(entries: &[(i64, Vec<u8>)]) -> Self {
        Self(entries.iter().map(|(key, value)| (int(*key), value.clone())).collect())
    }

    /// Changes the value of a key, or adds the key in its sorted place.
    pub fn set(&mut self, key: i64, value: Vec<u8>) {
        let key = int(key);
        match self.0.iter().position(|(k, _)| *k >= key) {
            Some(i) if self.0[i].0 == key => self.0[i].1 = value,
            Some(i) => self.0.insert(i, (key, value)),
            None => self.0.push((key, value)),
        }
    }

    pub fn remove(&mut self, key: i64) {
        self.0.retain(|(k, _)| *k != int(key));
    }

    /// Writes a key in another way.
    pub fn rename(&mut self, key: i64, to: &[u8]) {
        self.0.iter_mut().filter(|(k, _)| *k == int(key)).for_each(|(k, _)| *k = to.to_vec());
    }

    /// Keys and values without a head.
    pub fn content(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(key, value)| [key.as_slice(), value].concat()).collect()
    }

    pub fn encode(&self) -> Vec<u8> {
        join(&[&head(MAP, self.0.len() as u64), &self.content()])
    }
}

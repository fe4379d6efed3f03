use std::mem;

/// How many layers of escapes are taken away. A link in a link in a link, in JSON in a form, has six.
const LAYERS: usize = 8;

/// Reads bytes of any form, one layer of escapes after the other: those of JSON, of a URL, of HTML, and of mail.
///
/// What it reads is folded: in small letters, `+` as the space that it is in a form, and without the zeros of UTF-16.
#[derive(Default)]
pub(super) struct Reader {
    text: Vec<u8>,
    next: Vec<u8>,
}

impl Reader {
    /// Shows the text of each layer, and says whether all could be read.
    pub(super) fn read(&mut self, bytes: &[u8], mut show: impl FnMut(&[u8])) -> bool {
        self.text.clear();
        fold(bytes, &mut self.text);
        for _ in 0..=LAYERS {
            show(&self.text);
            // Apart from the others: the digits after `=` may as well be the beginning of a value.
            if unescape_mail(&self.text, &mut self.next) {
                show(&self.next);
            }
            if !unescape(&self.text, &mut self.next) {
                return true;
            }
            mem::swap(&mut self.text, &mut self.next);
        }
        false
    }
}

pub(super) fn fold(bytes: &[u8], folded: &mut Vec<u8>) {
    folded.reserve(bytes.len());
    for byte in bytes {
        push(folded, *byte);
    }
}

fn push(folded: &mut Vec<u8>, byte: u8) {
    match byte {
        0 => {}
        b'+' => folded.push(b' '),
        byte => folded.push(byte.to_ascii_lowercase()),
    }
}

/// Takes a layer of escapes away, and says whether there was one.
fn unescape(text: &[u8], unescaped: &mut Vec<u8>) -> bool {
    unescaped.clear();
    if memchr::memchr3(b'\\', b'%', b'&', text).is_none() {
        return false;
    }
    let mut is_changed = false;
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped = match first {
            b'\\' => Some(after_backslash(after)),
            b'%' => byte(after).map(|byte| (2, Escaped::Byte(byte))),
            b'&' => entity(after),
            _ => None,
        };
        let Some((length, escaped)) = escaped else {
            unescaped.push(*first);
            continue;
        };
        is_changed = true;
        rest = after.get(length..).unwrap_or_default();
        match escaped {
            Escaped::Nothing => {}
            Escaped::Byte(byte) => push(unescaped, byte),
            Escaped::Character(character) => {
                fold(character.encode_utf8(&mut [0; 4]).as_bytes(), unescaped);
            }
        }
    }
    is_changed
}

/// What an escape stands for.
enum Escaped {
    Nothing,
    Byte(u8),
    Character(char),
}

/// `\u002f`, `\x2f`, or a backslash that is only before something.
fn after_backslash(after: &[u8]) -> (usize, Escaped) {
    let escaped = match after {
        [b'u', digits @ ..] => code_unit(digits).and_then(|unit| {
            let (length, code) = pair(unit, digits).unwrap_or((0, unit));
            let character = char::from_u32(code)?;
            Some((5 + length, Escaped::Character(character)))
        }),
        [b'x', digits @ ..] => byte(digits).map(|byte| (3, Escaped::Byte(byte))),
        _ => None,
    };
    escaped.unwrap_or((0, Escaped::Nothing))
}

/// The character above U+FFFF that two escapes such as `\ud83d\ude00` are, and how much longer they are than the first.
fn pair(high: u32, digits: &[u8]) -> Option<(usize, u32)> {
    if !(0xd800..0xdc00).contains(&high) {
        return None;
    }
    let after = digits.get(4..)?;
    let slashes = after.iter().take_while(|byte| **byte == b'\\').count();
    let low = match after.get(slashes..)? {
        [b'u', digits @ ..] if slashes > 0 => code_unit(digits)?,
        _ => return None,
    };
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((slashes + 5, 0x10000 + ((high - 0xd800) << 10) + low))
}

fn code_unit(digits: &[u8]) -> Option<u32> {
    number(digits.get(..4)?, 16)
}

/// `&#47;`, `&#x2f;`, or one of the names that frameworks write.
fn entity(after: &[u8]) -> Option<(usize, Escaped)> {
    const MOST_DIGITS: usize = 7;

    let named = |length, byte| Some((length, Escaped::Byte(byte)));
    let (before, digits, base) = match after {
        [b'#', b'x', digits @ ..] => (2, digits, 16),
        [b'#', digits @ ..] => (1, digits, 10),
        [b'a', b'm', b'p', b';', ..] => return named(4, b'&'),
        [b'l', b't', b';', ..] => return named(3, b'<'),
        [b'g', b't', b';', ..] => return named(3, b'>'),
        [b'q', b'u', b'o', b't', b';', ..] => return named(5, b'"'),
        [b'a', b'p', b'o', b's', b';', ..] => return named(5, b'\''),
        [b's', b'o', b'l', b';', ..] => return named(4, b'/'),
        [b'p', b'l', b'u', b's', b';', ..] => return named(5, b'+'),
        [b'e', b'q', b'u', b'a', b'l', b's', b';', ..] => return named(7, b'='),
        [b'l', b'o', b'w', b'b', b'a', b'r', b';', ..] => return named(7, b'_'),
        _ => return None,
    };
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(base);
    let length = digits.iter().take(MOST_DIGITS).take_while(is_digit).count();
    let character = char::from_u32(number(digits.get(..length)?, base)?)?;
    let end = usize::from(digits.get(length) == Some(&b';'));
    Some((before + length + end, Escaped::Character(character)))
}

/// Takes the escapes of mail away, such as `=5f` and the end of a line that goes on, and says whether there was one.
fn unescape_mail(text: &[u8], unescaped: &mut Vec<u8>) -> bool {
    unescaped.clear();
    if memchr::memchr(b'=', text).is_none() {
        return false;
    }
    let mut is_changed = false;
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'=', [b'\r', b'\n', ..]) => Some((2, None)),
            (b'=', [b'\n', ..]) => Some((1, None)),
            (b'=', after) => byte(after).map(|byte| (2, Some(byte))),
            _ => None,
        };
        let length = match escaped {
            Some((length, byte)) => {
                is_changed = true;
                byte.into_iter().for_each(|byte| push(unescaped, byte));
                length
            }
            None => {
                unescaped.push(*first);
                0
            }
        };
        rest = after.get(length..).unwrap_or_default();
    }
    is_changed
}

/// The byte of two hex digits.
fn byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

fn number(digits: &[u8], base: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let mut digits = digits.iter();
    digits.try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        number.checked_mul(base)?.checked_add(digit)
    })
}

//! The words of a command as a shell would split it. Nothing is expanded and nothing is run.

use crate::error::Error;

/// The words of one simple command.
///
/// # Errors
///
/// Whatever a shell would replace or run, and a quote without its end.
pub(super) fn words(command: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let mut reader = Reader(command);
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    while let Some(byte) = reader.next() {
        match byte {
            b' ' | b'\t' | b'\r' => words.extend(word.take()),
            // The next line would be another command; only empty ones follow.
            b'\n' => {
                words.extend(word.take());
                if !reader.0.trim_ascii().is_empty() {
                    return Err(Error::usage(
                        "the command ends before the last line: end the other lines with a backslash, or quote the body",
                    ));
                }
            }
            b'\\' => match reader.next() {
                Some(b'\n') => {}
                Some(b'\r') if reader.0.first() == Some(&b'\n') => reader.skip(1),
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => {}
            },
            b'\'' => reader.single(word.get_or_insert_default())?,
            b'"' => reader.double(word.get_or_insert_default())?,
            b'$' if reader.0.first() == Some(&b'\'') => {
                reader.skip(1);
                reader.ansi_c(word.get_or_insert_default())?;
            }
            b'$' | b'`' => return Err(expansion()),
            b'^' if matches!(reader.0.first(), Some(b'\r' | b'\n' | b'"')) => {
                return Err(Error::usage(
                    "this command is for Windows: copy it as cURL for bash",
                ));
            }
            b'|' | b';' | b'&' | b'<' | b'>' | b'(' | b')' => {
                return Err(Error::usage(format!(
                    "there is a `{}` outside of quotes: quote the URL if it is a part of it, and give the `curl` command alone",
                    char::from(byte)
                )));
            }
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    Ok(words)
}

fn expansion() -> Error {
    Error::usage(
        "a shell would replace a part of the command (`$` or a backtick): write what it would be replaced with, or quote it with '",
    )
}

fn unended(quote: &str) -> Error {
    Error::usage(format!(
        "a {quote} has no end: copy the whole command, and write a ' within '…' as '\\''"
    ))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, count: usize) {
        self.0 = self.0.get(count..).unwrap_or_default();
    }

    fn single(&mut self, word: &mut Vec<u8>) -> Result<(), Error> {
        let end = self.0.iter().position(|byte| *byte == b'\'');
        let inner = end.and_then(|end| self.0.get(..end));
        let inner = inner.ok_or_else(|| unended("'"))?;
        word.extend_from_slice(inner);
        self.skip(inner.len() + 1);
        Ok(())
    }

    fn double(&mut self, word: &mut Vec<u8>) -> Result<(), Error> {
        loop {
            match self.next().ok_or_else(|| unended("\""))? {
                b'"' => return Ok(()),
                b'$' | b'`' => return Err(expansion()),
                b'\\' => match self.next() {
                    Some(b'\n') => {}
                    Some(escaped @ (b'"' | b'\\' | b'$' | b'`')) => word.push(escaped),
                    Some(other) => word.extend([b'\\', other]),
                    None => return Err(unended("\"")),
                },
                byte => word.push(byte),
            }
        }
    }

    /// `$'…'`, which browsers write where a body has quotes or characters beyond ASCII.
    fn ansi_c(&mut self, word: &mut Vec<u8>) -> Result<(), Error> {
        loop {
            match self.next().ok_or_else(|| unended("$'"))? {
                b'\'' => return Ok(()),
                b'\\' => {
                    let escape = self.next().ok_or_else(|| unended("$'"))?;
                    self.escape(escape, word)?;
                }
                byte => word.push(byte),
            }
        }
    }

    fn escape(&mut self, escape: u8, word: &mut Vec<u8>) -> Result<(), Error> {
        let byte = match escape {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 0x07,
            b'b' => 0x08,
            b'e' | b'E' => 0x1b,
            b'f' => 0x0c,
            b'v' => 0x0b,
            b'\\' | b'\'' | b'"' | b'?' => escape,
            b'x' | b'u' | b'U' => {
                let most = match escape {
                    b'x' => 2,
                    b'u' => 4,
                    _ => 8,
                };
                match (self.number(16, most), escape) {
                    (Some(byte), b'x') => word.push(u8::try_from(byte).unwrap_or_default()),
                    (Some(code), _) => {
                        let code = self.joined(code);
                        let character = char::from_u32(code).ok_or_else(|| {
                            Error::usage(
                                "an escape in $'…' is no character: copy the command again",
                            )
                        })?;
                        word.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    (None, _) => word.extend([b'\\', escape]),
                }
                return Ok(());
            }
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    let Some(digit) = self.number(8, 1) else {
                        break;
                    };
                    value = value * 8 + digit;
                }
                // Of three digits, a shell keeps eight bits.
                u8::try_from(value & 0xff).unwrap_or_default()
            }
            other => {
                word.extend([b'\\', other]);
                return Ok(());
            }
        };
        word.push(byte);
        Ok(())
    }

    /// The character of two escapes of UTF-16: browsers write an emoji as `\ud83d\ude00`, and sent it as UTF-8.
    fn joined(&mut self, high: u32) -> u32 {
        if !(0xd800..0xdc00).contains(&high) {
            return high;
        }
        let mut after = Reader(self.0.strip_prefix(b"\\u").unwrap_or_default());
        match after.number(16, 4) {
            Some(low @ 0xdc00..0xe000) => {
                self.0 = after.0;
                0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            _ => high,
        }
    }

    /// A number of at most so many digits, if there is one.
    fn number(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value = None;
        for _ in 0..most {
            let digit = self
                .0
                .first()
                .and_then(|byte| char::from(*byte).to_digit(radix));
            let Some(digit) = digit else { break };
            value = Some(value.unwrap_or(0) * radix + digit);
            self.skip(1);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        for (command, expected) in [
            ("a  b\tc", &["a", "b", "c"][..]),
            ("a \\\n  b\n\n", &["a", "b"]),
            ("a \\\r\n  b\r\n", &["a", "b"]),
            ("'a b''c' \"d e\"f", &["a bc", "d ef"]),
            ("'it'\\''s' ''", &["it's", ""]),
            (r#""a\"b\\c\nd""#, &[r#"a"b\c\nd"#]),
            (r"'a\nb$x`'", &[r"a\nb$x`"]),
            (r"$'a\'b\n\\\u00f1\x41\101\u0021'", &["a'b\n\\ñAA!"]),
            (r"$'\xc3\xb1\q'", &["ñ\\q"]),
            (r"$'\ud83d\ude00\u0021'", &["😀!"]),
            ("$'{\"a\":\"x\\r\\n\"}'", &["{\"a\":\"x\r\n\"}"]),
            ("", &[]),
        ] {
            let words = words(command.as_bytes()).unwrap();
            let words: Vec<_> = words.iter().map(|it| str::from_utf8(it).unwrap()).collect();
            assert_eq!(words, expected, "{command}");
        }
        assert_eq!(words(br"$'\xff'").unwrap(), [[0xff]]);
    }

    #[test]
    fn what_a_shell_would_do_more_is_refused() {
        for (command, expected) in [
            ("curl \"$TOKEN\"", "would replace"),
            ("curl $TOKEN", "would replace"),
            ("curl `id`", "would replace"),
            ("curl \"`id`\"", "would replace"),
            ("curl $(id)", "would replace"),
            ("curl http://a/?b=c&d=e", "`&`"),
            ("curl a | sh", "`|`"),
            ("curl a; rm b", "`;`"),
            ("curl a > b", "`>`"),
            ("curl a\nrm b", "ends before the last line"),
            ("curl 'a", "a ' has no end"),
            ("curl \"a", "a \" has no end"),
            ("curl $'a\\'", "a $' has no end"),
            ("curl ^\r\n -X POST", "Windows"),
            (r"$'\ud83d'", "no character"),
            (r"$'\ud83d\u0041'", "no character"),
            (r"$'\ude00\ud83d'", "no character"),
        ] {
            let error = words(command.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{command}: {error}");
        }
    }
}

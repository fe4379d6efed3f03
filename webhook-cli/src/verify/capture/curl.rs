//! Reads a `curl` command as the request that it would send. It is never run, and no other file is read.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request};
use url::Url;

use super::options::Meaning;
use super::{Captured, shell};
use crate::error::Error;

/// What follows the name of the command, if this is one.
pub(super) fn arguments(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"$ ").unwrap_or(text);
    let rest = text.strip_prefix(b"curl")?;
    let rest = rest.strip_prefix(b".exe").unwrap_or(rest);
    rest.first()
        .is_none_or(|byte| byte.is_ascii_whitespace() || *byte == b'\\')
        .then_some(rest)
}

/// Reads what follows the name of the command, with what is piped into it.
pub(super) fn parse(arguments: &[u8], piped: Option<Vec<u8>>) -> Result<Captured, Error> {
    let mut command = Command {
        piped,
        ..Command::default()
    };
    let mut words = shell::words(arguments)?.into_iter();
    let mut only_urls = false;
    while let Some(word) = words.next() {
        match &word[..] {
            _ if only_urls => command.url(&word)?,
            b"--" => only_urls = true,
            [b'-', b'-', name @ ..] => command.long(name, &mut words)?,
            [b'-', letters @ ..] if !letters.is_empty() => command.short(letters, &mut words)?,
            _ => command.url(&word)?,
        }
    }
    command.request()
}

#[derive(Default)]
struct Command {
    method: Option<Method>,
    url: Option<Url>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Headers that curl would not send.
    removed: Vec<HeaderName>,
    body: Option<Vec<u8>>,
    is_json: bool,
    /// What is on its stdin, until it is read.
    piped: Option<Vec<u8>>,
}

impl Command {
    fn long(
        &mut self,
        name: &[u8],
        words: &mut impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), Error> {
        let (name, inline) = match name.iter().position(|byte| *byte == b'=') {
            Some(at) => (name.get(..at), name.get(at + 1..)),
            None => (Some(name), None),
        };
        let name = String::from_utf8_lossy(name.unwrap_or_default());
        let shown = format!("--{}", crate::show::printable(&name));
        let meaning = Meaning::of_name(&name).ok_or_else(|| unknown(&shown))?;
        let value = match (meaning, inline) {
            (Meaning::Nothing, _) => return Ok(()),
            (Meaning::AnotherRequest, _) => return Err(unfit(&shown)),
            (_, Some(inline)) => inline.to_vec(),
            (_, None) => words.next().ok_or_else(|| no_value(&shown))?,
        };
        self.option(meaning, &shown, &value)
    }

    /// Options of one letter, several of which can be one word: `-sSXPOST`.
    fn short(
        &mut self,
        letters: &[u8],
        words: &mut impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), Error> {
        let mut rest = letters;
        while let Some((letter, after)) = rest.split_first() {
            let letter = char::from(*letter);
            let shown = format!("-{letter}");
            let meaning = Meaning::of_letter(letter).ok_or_else(|| unknown(&shown))?;
            match meaning {
                Meaning::Nothing => {
                    rest = after;
                    continue;
                }
                Meaning::AnotherRequest => return Err(unfit(&shown)),
                _ => {}
            }
            let value = match after {
                [] => words.next().ok_or_else(|| no_value(&shown))?,
                inline => inline.to_vec(),
            };
            return self.option(meaning, &shown, &value);
        }
        Ok(())
    }

    fn option(&mut self, meaning: Meaning, shown: &str, value: &[u8]) -> Result<(), Error> {
        match meaning {
            Meaning::Nothing | Meaning::NothingWithValue => {}
            Meaning::AnotherRequest => return Err(unfit(shown)),
            Meaning::Url => self.url(value)?,
            Meaning::Method => {
                let method = Method::from_bytes(value);
                self.method = Some(method.map_err(|_| {
                    Error::usage(format!("the value of {shown} is no method of HTTP"))
                })?);
            }
            Meaning::Header => self.header(value)?,
            Meaning::UserAgent => {
                let value = HeaderValue::from_bytes(value);
                let value = value.map_err(|_| unfit_header("user-agent"))?;
                self.headers.push((http::header::USER_AGENT, value));
            }
            Meaning::Data | Meaning::Json => {
                let value = self.data(shown, value)?;
                self.is_json |= meaning == Meaning::Json;
                match &mut self.body {
                    Some(body) => {
                        if meaning == Meaning::Data {
                            body.push(b'&');
                        }
                        body.extend_from_slice(&value);
                    }
                    None => self.body = Some(value.into_owned()),
                }
            }
        }
        Ok(())
    }

    /// What an option sends that is given this.
    fn data<'v>(&mut self, shown: &str, value: &'v [u8]) -> Result<Cow<'v, [u8]>, Error> {
        // Only this form of the option sends an at sign.
        if !value.starts_with(b"@") || shown == "--data-raw" {
            return Ok(Cow::Borrowed(value));
        }
        // The other forms leave out line ends of what they read.
        let piped = match (shown, value) {
            ("--data-binary", b"@-") => self.piped.take(),
            _ => None,
        };
        piped.map(Cow::Owned).ok_or_else(|| {
            Error::usage(format!(
                "{shown} names a file, and no file is read but the request: write what is in it in place of `@…`"
            ))
        })
    }

    /// `Name: value`; `Name:` removes a header of curl's own, and `Name;` sends one without a value.
    fn header(&mut self, text: &[u8]) -> Result<(), Error> {
        if text.starts_with(b"@") {
            return Err(Error::usage(
                "-H names a file, and no file is read but the request: write the headers in its place",
            ));
        }
        let colon = text.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(at) => (text.get(..at), text.get(at + 1..)),
            None => (text.strip_suffix(b";"), None),
        };
        let name = name.and_then(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
        let name = name
            .ok_or_else(|| Error::usage("a value of -H is no header: write it as 'NAME: VALUE'"))?;
        match value.map(<[u8]>::trim_ascii) {
            Some(b"") => self.removed.push(name),
            value => {
                let value = HeaderValue::from_bytes(value.unwrap_or_default());
                let value = value.map_err(|_| unfit_header(name.as_str()))?;
                self.headers.push((name, value));
            }
        }
        Ok(())
    }

    fn url(&mut self, word: &[u8]) -> Result<(), Error> {
        let wrong = || {
            Error::usage(
                "the URL of the command is wrong: write it like https://example.com/webhook",
            )
        };
        if self.url.is_some() {
            return Err(Error::usage(
                "the command has two URLs, or a word that belongs to none of its options: quote what has spaces",
            ));
        }
        let text = str::from_utf8(word).map_err(|_| wrong())?;
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        };
        self.url = Some(url.ok().filter(Url::has_host).ok_or_else(wrong)?);
        Ok(())
    }

    fn request(self) -> Result<Captured, Error> {
        let url = self
            .url
            .ok_or_else(|| Error::usage("the command has no URL: copy all of it"))?;
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = match (self.method, &self.body) {
            (Some(method), _) => method,
            (None, Some(_)) => Method::POST,
            (None, None) => Method::GET,
        };
        *request.uri_mut() = target.parse().map_err(|_| {
            Error::usage("the URL of the command has a character that no URL may have")
        })?;
        let headers = request.headers_mut();
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if let Some(body) = self.body {
            let own = match self.is_json {
                true => "application/json",
                false => "application/x-www-form-urlencoded",
            };
            let is_free = |name: &HeaderName| !self.removed.contains(name);
            if is_free(&CONTENT_TYPE) {
                headers
                    .entry(CONTENT_TYPE)
                    .or_insert(HeaderValue::from_static(own));
            }
            if self.is_json && is_free(&ACCEPT) {
                headers
                    .entry(ACCEPT)
                    .or_insert(HeaderValue::from_static(own));
            }
            // curl sends its own unless one is given; a copied one may be that of another body.
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            *request.body_mut() = body.into();
        }
        Ok(Captured {
            request,
            folded: Vec::new(),
            notes: Vec::new(),
        })
    }
}

fn unfit(option: &str) -> Error {
    Error::usage(format!(
        "{option} makes another body or URL than the one that is written: give the request with --data-raw, or as raw HTTP"
    ))
}

fn unknown(option: &str) -> Error {
    Error::usage(format!(
        "the option {option} of curl is not known here: remove it if the server does not see it"
    ))
}

fn no_value(option: &str) -> Error {
    Error::usage(format!("{option} has no value: copy the whole command"))
}

fn unfit_header(name: &str) -> Error {
    Error::usage(format!(
        "the value of the header {name} has a character that no header may have"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(command: &str) -> Result<Captured, Error> {
        let arguments = arguments(command.as_bytes()).expect("it is a curl command");
        parse(arguments, None)
    }

    #[test]
    fn a_command_is_the_request_that_it_would_send() {
        for (command, method, target, content_type, body) in [
            ("curl example.com", "GET", "/", None, ""),
            (
                "curl -X POST 'https://example.com/a?b=c&d=e' -H 'Content-Type: text/x' -d 'x y'",
                "POST",
                "/a?b=c&d=e",
                Some("text/x"),
                "x y",
            ),
            (
                "$ curl -sSXPUT -d a=1 -d b=2 --url http://x/y",
                "PUT",
                "/y",
                Some("application/x-www-form-urlencoded"),
                "a=1&b=2",
            ),
            (
                "curl --compressed -kL http://x/ --json '{\"a\":' --json '1}'",
                "POST",
                "/",
                Some("application/json"),
                "{\"a\":1}",
            ),
            (
                "curl 'http://x/' \\\n  -H 'content-type: application/json' \\\n  --data-raw $'{\"a\":\"\\u00f1\\'\\\\n\"}' \\\n  --insecure\n",
                "POST",
                "/",
                Some("application/json"),
                "{\"a\":\"ñ'\\n\"}",
            ),
            (
                "curl http://x/ --data-raw @a",
                "POST",
                "/",
                Some("application/x-www-form-urlencoded"),
                "@a",
            ),
            (
                "curl http://x/ -H 'Content-Type:' --data-binary ' a\n'",
                "POST",
                "/",
                None,
                " a\n",
            ),
            (
                "curl --request=POST http://x/ -o /dev/null -w '%{http_code}' -m 5",
                "POST",
                "/",
                None,
                "",
            ),
        ] {
            let captured = read(command).unwrap();
            let request = &captured.request;
            assert_eq!(request.method(), method, "{command}");
            assert_eq!(request.uri().to_string(), target, "{command}");
            let sent = request.headers().get("content-type");
            assert_eq!(
                sent.map(|it| it.to_str().unwrap()),
                content_type,
                "{command}"
            );
            assert_eq!(request.body(), body, "{command}");
        }
    }

    #[test]
    fn a_header_is_sent_as_often_as_it_is_given() {
        let captured = read("curl x -H 'A: 1' -H 'a: 2' -H 'B;' -A me").unwrap();
        let headers = captured.request.headers();
        assert_eq!(headers.get_all("a").iter().count(), 2);
        assert_eq!(headers["b"], "");
        assert_eq!(headers["user-agent"], "me");
    }

    #[test]
    fn what_is_not_understood_is_refused_without_showing_a_value() {
        for (command, expected) in [
            (
                "curl -G http://x/ -d s3cr3t",
                "-G makes another body or URL",
            ),
            ("curl --get http://x/", "--get makes another"),
            ("curl -F a=s3cr3t http://x/", "-F makes another"),
            (
                "curl --data-urlencode s3cr3t http://x/",
                "--data-urlencode makes another",
            ),
            ("curl -d @s3cr3t http://x/", "-d names a file"),
            (
                "curl --data-binary @s3cr3t http://x/",
                "--data-binary names a file",
            ),
            ("curl --json @s3cr3t http://x/", "--json names a file"),
            ("curl -H @s3cr3t http://x/", "-H names a file"),
            (
                "curl -u me:s3cr3t http://x/",
                "the option -u of curl is not known",
            ),
            (
                "curl --oauth2-bearer=s3cr3t http://x/",
                "the option --oauth2-bearer of curl is not known",
            ),
            ("curl http://x/ -H", "-H has no value"),
            ("curl http://x/ -H s3cr3t", "a value of -H is no header"),
            ("curl http://x/ s3cr3t", "two URLs"),
            ("curl -s", "no URL"),
            ("curl http://", "the URL of the command is wrong"),
            ("curl -X 'A B' x", "no method"),
        ] {
            let error = read(command).unwrap_err().to_string();
            assert!(error.contains(expected), "{command}: {error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn another_word_is_not_the_command() {
        for text in ["curly", "POST / HTTP/1.1", "curl/8.0"] {
            assert!(arguments(text.as_bytes()).is_none(), "{text}");
        }
    }
}

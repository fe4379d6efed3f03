use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

/// How a shell signs a request: as much of a scheme as that needs. The keys are those of a file for `SCHEMES`; others are
/// ignored, since the code that serves the sender has read them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Recipe {
    algorithm: String,
    credential: Credential,
    signs: String,
    headers: BTreeMap<String, Form>,
    time: Option<Time>,
    key: String,
    key_prefix: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Credential {
    header: String,
    bearer: bool,
    query_which_logs_show: String,
    prefix: String,
    pair: Option<String>,
    list: Option<char>,
    encoding: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Form {
    exactly: Option<String>,
    length: Option<usize>,
    /// The environment variable with its only value.
    variable: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Time {
    header: Option<String>,
    pair: Option<String>,
    body: Option<String>,
    unit: String,
    length: Option<usize>,
}

impl Recipe {
    /// How to sign as this preset does, if that is known.
    pub(crate) fn of_preset(module: &str) -> Option<Self> {
        let mut recipes: BTreeMap<String, Self> =
            toml::from_str(include_str!("presets.toml")).ok()?;
        recipes.remove(module)
    }

    /// A request to this path as a shell command, or a comment that says why there is none. `<url>` and `<secret>` are
    /// replaced later.
    pub(crate) fn curl(&self, path: &str) -> String {
        if self.algorithm == "ed25519" {
            return "# only the sender can sign a request: it has the private key".to_owned();
        }
        self.command(path)
            .unwrap_or_else(|| "# a shell cannot sign a request of this sender".to_owned())
    }

    fn command(&self, path: &str) -> Option<String> {
        let time = self.time.as_ref();
        let mut command = time.map(Time::assigned).unwrap_or_default();
        let query = self.query().unwrap_or_default();
        write!(command, "curl -fsSi -w '\\n' '<url>{path}'{query}").ok()?;
        let mut header =
            |name: &str, value: &str| write!(command, " -H \"{}: {value}\"", in_quotes(name)?).ok();
        if let Some(name) = time.and_then(|time| time.header.as_deref()) {
            header(name, "$t")?;
        }
        for name in self.signed_headers() {
            header(name, &self.value(name)?)?;
        }
        let credential = &self.credential;
        let body = self.body()?;
        if self.algorithm != "token" {
            let signature = self.signature(&body)?;
            header(&credential.header, &self.written(&signature)?)?;
        } else if credential.bearer {
            header("Authorization", "Bearer <secret>")?;
        } else if self.query().is_none() {
            let prefix = in_quotes(&credential.prefix)?;
            header(&credential.header, &format!("{prefix}<secret>"))?;
        }
        write!(command, " -H 'Content-Type: application/json' -d {body}").ok()?;
        Some(command)
    }

    /// The token in the query, percent-encoded byte by byte.
    fn query(&self) -> Option<String> {
        let parameter = percent_encoded(&self.credential.query_which_logs_show);
        let token = "$(printf %s \"<secret>\" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g')";
        (!parameter.is_empty()).then(|| format!("'?{parameter}='\"{token}\""))
    }

    /// The headers of the signed content.
    fn signed_headers(&self) -> impl Iterator<Item = &str> {
        let named = self.signs.split("{header:").skip(1);
        named.filter_map(|rest| rest.split('}').next())
    }

    /// A value that a signed header may have.
    fn value(&self, header: &str) -> Option<String> {
        let mut forms = self.headers.iter();
        let form = forms.find(|(name, _)| name.eq_ignore_ascii_case(header));
        let Some((_, form)) = form else {
            return Some("1".to_owned());
        };
        match (&form.variable, &form.exactly) {
            (Some(variable), _) => Some(format!("${{{variable}}}")),
            (None, Some(only)) => in_quotes(only),
            // A digit is among the characters of every form.
            (None, None) => Some("1".repeat(form.length.unwrap_or(1))),
        }
    }

    /// The body as a word of the shell.
    fn body(&self) -> Option<String> {
        let Some(path) = self.time.as_ref().and_then(|time| time.body.as_deref()) else {
            return Some(r#"'{"type":"test"}'"#.to_owned());
        };
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !path.bytes().all(is_plain) {
            return None;
        }
        let opened: String = path.split('.').map(|key| format!("{{\"{key}\":")).collect();
        let closed = "}".repeat(path.split('.').count());
        Some(format!(r#"'{opened}"'"$t"'"{closed}'"#))
    }

    fn signature(&self, body: &str) -> Option<String> {
        let (before, after) = match self.signs.split_once("{body}") {
            Some((before, after)) => (self.content(before)?, self.content(after)?),
            None => (self.content(&self.signs)?, String::new()),
        };
        let body = if self.signs.contains("{body}") {
            body
        } else {
            ""
        };
        let hash = self.algorithm.strip_prefix("hmac-")?;
        let output = match self.credential.encoding.as_str() {
            "hex" => " | sed 's/.* //'",
            "base64" => " -binary | openssl base64 -A",
            "base64url" => " -binary | openssl base64 -A | tr '+/' '-_'",
            _ => return None,
        };
        let key = self.key_option()?;
        Some(format!(
            "$(printf %s {before}{body}{after} | openssl dgst -{hash} {key}{output})"
        ))
    }

    /// A side of the signed content as a word of the shell.
    fn content(&self, template: &str) -> Option<String> {
        let mut content = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            content += &in_quotes(before)?;
            if let Some(after) = brace.strip_prefix("{{").or(brace.strip_prefix("}}")) {
                content += brace.get(..1)?;
                rest = after;
                continue;
            }
            let (part, after) = brace.strip_prefix('{')?.split_once('}')?;
            content += &match part.strip_prefix("header:") {
                Some(header) => self.value(header)?,
                None => "${t}".to_owned(),
            };
            rest = after;
        }
        content += &in_quotes(rest)?;
        Some(match content.is_empty() {
            true => content,
            false => format!("\"{content}\""),
        })
    }

    /// The key as an option of `openssl dgst`, which takes arbitrary bytes only as hex.
    fn key_option(&self) -> Option<String> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !self.key_prefix.bytes().all(is_word) {
            return None;
        }
        let bare = match self.key_prefix.as_str() {
            "" => String::new(),
            prefix => format!("s/^{prefix}//; "),
        };
        let secret = format!("printf %s \"<secret>\" | sed '{bare}");
        Some(match self.key.as_str() {
            "" | "text" => "-hmac \"<secret>\"".to_owned(),
            "hex" => format!("-mac HMAC -macopt \"hexkey:$({secret}')\""),
            "base64" => format!(
                "-mac HMAC -macopt \"hexkey:$({secret}{} | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')\"",
                r"s/^\(....\)*..$/&==/; s/^\(....\)*...$/&=/'"
            ),
            _ => return None,
        })
    }

    /// The signature as the header has it.
    fn written(&self, signature: &str) -> Option<String> {
        let Credential {
            pair, list, prefix, ..
        } = &self.credential;
        let Some(pair) = pair else {
            return Some(format!("{}{signature}", in_quotes(prefix)?));
        };
        let pair = in_quotes(pair)?;
        let time = self.time.as_ref().and_then(|time| time.pair.as_deref());
        Some(match time {
            Some(name) => {
                let separator = in_quotes(&list.unwrap_or(',').to_string())?;
                format!("{}=$t{separator}{pair}={signature}", in_quotes(name)?)
            }
            None => format!("{pair}={signature}"),
        })
    }
}

impl Time {
    /// The command that puts the current time into `$t`.
    fn assigned(&self) -> String {
        let now = match (self.unit.as_str(), self.length) {
            ("milliseconds", _) => "$(date +%s)000",
            ("rfc3339", Some(20)) => "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
            ("rfc3339", _) => "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)",
            _ => "$(date +%s)",
        };
        format!("t={now}; ")
    }
}

/// The name of a parameter of the query.
fn percent_encoded(name: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(encoded).collect()
}

/// Text inside double quotes. What does not fit into a line is not shown.
fn in_quotes(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    Some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_of_a_preset_makes_a_command() {
        let recipes: BTreeMap<String, Recipe> =
            toml::from_str(include_str!("presets.toml")).unwrap();
        assert!(!recipes.is_empty());
        for (module, recipe) in recipes {
            let signs = recipe.algorithm != "ed25519";
            assert_eq!(recipe.command("/x").is_some(), signs, "{module}");
        }
    }

    #[test]
    fn text_of_a_file_cannot_leave_its_quotes() {
        let recipe: Recipe = toml::from_str(
            r#"
            algorithm = "hmac-sha256"
            credential = { header = "x-signature", prefix = "\"$(id)`id`\\", encoding = "hex" }
            signs = "\"$(id).{body}"
            "#,
        )
        .unwrap();
        let command = recipe.command("/x").unwrap();
        assert!(
            command.contains(r#"-H "x-signature: \"\$(id)\`id\`\\$(printf %s "\"\$(id)."'{"#),
            "{command}"
        );
        let recipe: Recipe =
            toml::from_str("algorithm = \"token\"\ncredential.header = \"a\\nb\"").unwrap();
        assert_eq!(recipe.command("/x"), None);
    }
}

use std::borrow::Cow;
use std::env;
use std::io;

use webhook_core::{FromSecrets, IntoSecrets, Keyring, Secret};

use crate::StartError;
use crate::secrets::{Mistake, parse};

/// A sender that the receivers serve.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Its name, and where it posts to.
    pub title: Cow<'static, str>,
    /// The environment variable with its secrets, separated by commas, each with a label if it is written
    /// `label=secret`. A label consists of lowercase letters, digits and hyphens, and begins with a letter.
    pub variable: Cow<'static, str>,
    /// A request to try, as a shell command. `<url>` stands for the server, `<secret>` for a shell expression inside
    /// double quotes.
    pub curl: Cow<'static, str>,
    /// How the text becomes a key.
    pub form: Form,
}

/// How the text of a secret becomes a key.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// As this sender's secrets are encoded.
    Encoded,
    /// It is the key itself, if the sender's secrets are otherwise encoded.
    Raw,
    /// It is the public key of a sender that signs with a private one.
    PublicKey,
}

impl Sender {
    /// A sender whose secrets are encoded as it documents.
    pub const fn new(title: &'static str, variable: &'static str, curl: &'static str) -> Self {
        Self::in_form(Form::Encoded, title, variable, curl)
    }

    const fn in_form(
        form: Form,
        title: &'static str,
        variable: &'static str,
        curl: &'static str,
    ) -> Self {
        Self {
            title: Cow::Borrowed(title),
            variable: Cow::Borrowed(variable),
            curl: Cow::Borrowed(curl),
            form,
        }
    }

    /// Needs the token of a point of sale.
    pub const TUSFACTURAS: Self = Self::new(
        "TusFacturasAPP: POST /webhook",
        "TF_WEBHOOK_TOKEN",
        r#"curl -fsSi -w '\n' '<url>/webhook' -H "TF-WebhookToken: <secret>" -H 'Content-Type: application/json' -d '{"evento":"test","recurso":"test"}'"#,
    );

    /// Needs the private API key of a merchant. The digest is computed with what the system has: `sha256sum` on Linux,
    /// `shasum` on macOS.
    pub const MULTICAJA: Self = Self::new(
        "Multicaja/Klap: POST /webhook_confirm, /webhook_reject, /webhooks?webhook=confirm|reject, \
                and without a credential /webhook_validation",
        "MULTICAJA_API_KEY",
        r#"curl -fsSi -w '\n' '<url>/webhook_confirm' -H "Apikey: $(printf %s "ABC123<secret>" | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-64)" -H 'Content-Type: application/json' -d '{"reference_id":"ABC","order_id":"123"}'"#,
    );

    /// Needs a signing secret, base64 with or without the prefix `whsec_`. `openssl` accepts arbitrary keys only as
    /// hex.
    pub const STANDARD_WEBHOOKS: Self = Self::new(
        "Standard Webhooks: POST /standard",
        "STANDARD_WEBHOOKS_SECRET",
        r#"t=$(date +%s); curl -fsSi -w '\n' '<url>/standard' -H 'webhook-id: msg_1' -H "webhook-timestamp: $t" -H "webhook-signature: v1,$(printf %s "msg_1.$t."'{"type":"test"}' | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf %s "<secret>" | sed 's/^v1,whsec_//; s/^whsec_//; s/^\(....\)*..$/&==/; s/^\(....\)*...$/&=/' | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')" -binary | openssl base64 -A)" -H 'Content-Type: application/json' -d '{"type":"test"}'"#,
    );

    /// For senders that use the text of the secret as the key, such as Whop.
    pub const STANDARD_WEBHOOKS_RAW: Self = Self::in_form(
        Form::Raw,
        "Standard Webhooks with a raw key: POST /standard",
        "STANDARD_WEBHOOKS_RAW_SECRET",
        r#"t=$(date +%s); curl -fsSi -w '\n' '<url>/standard' -H 'webhook-id: msg_1' -H "webhook-timestamp: $t" -H "webhook-signature: v1,$(printf %s "msg_1.$t."'{"type":"test"}' | openssl dgst -sha256 -hmac "<secret>" -binary | openssl base64 -A)" -H 'Content-Type: application/json' -d '{"type":"test"}'"#,
    );

    /// For senders that sign with a private key. Only they can sign, so there is no request to try.
    pub const STANDARD_WEBHOOKS_PUBLIC_KEY: Self = Self::in_form(
        Form::PublicKey,
        "Standard Webhooks with a public key: POST /standard",
        "STANDARD_WEBHOOKS_PUBLIC_KEY",
        "# only the sender can sign a request: it has the private key",
    );

    /// Needs the secret of a webhook.
    pub const GITHUB: Self = Self::new(
        "GitHub: POST /github",
        "GITHUB_WEBHOOK_SECRET",
        r#"curl -fsSi -w '\n' '<url>/github' -H 'X-GitHub-Event: ping' -H "X-Hub-Signature-256: sha256=$(printf %s '{"hook_id":1}' | openssl dgst -sha256 -hmac "<secret>" | sed 's/.* //')" -H 'Content-Type: application/json' -d '{"hook_id":1}'"#,
    );

    /// Needs the signing secret of an endpoint.
    pub const STRIPE: Self = Self::new(
        "Stripe: POST /stripe",
        "STRIPE_WEBHOOK_SECRET",
        r#"t=$(date +%s); curl -fsSi -w '\n' '<url>/stripe' -H "Stripe-Signature: t=$t,v1=$(printf %s "$t."'{"type":"test"}' | openssl dgst -sha256 -hmac "<secret>" | sed 's/.* //')" -H 'Content-Type: application/json' -d '{"type":"test"}'"#,
    );

    /// Needs the secret signature of an application.
    pub const MERCADOPAGO: Self = Self::new(
        "Mercado Pago: POST /mercadopago",
        "MERCADOPAGO_WEBHOOK_SECRET",
        r#"t=$(date +%s); curl -fsSi -w '\n' '<url>/mercadopago?data.id=123&type=payment' -H 'x-request-id: request-1' -H "x-signature: ts=$t,v1=$(printf %s "id:123;request-id:request-1;ts:$t;" | openssl dgst -sha256 -hmac "<secret>" | sed 's/.* //')" -H 'Content-Type: application/json' -d '{"action":"payment.created","type":"payment","data":{"id":"123"}}'"#,
    );

    /// Needs the secret of events, not the private key.
    pub const WOMPI: Self = Self::new(
        "Wompi: POST /wompi",
        "WOMPI_WEBHOOK_SECRET",
        r#"t=$(date +%s); curl -fsSi -w '\n' '<url>/wompi' -H 'Content-Type: application/json' -d '{"event":"transaction.updated","data":{"transaction":{"id":"1-1","status":"APPROVED","amount_in_cents":100}},"environment":"test","signature":{"properties":["transaction.id","transaction.status","transaction.amount_in_cents"],"checksum":"'"$(printf %s "1-1APPROVED100$t<secret>" | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-64)"'"},"timestamp":'"$t"'}'"#,
    );

    /// The secrets in the variable; `None` if it is not set.
    ///
    /// # Errors
    ///
    /// If the variable is set to something useless, such as nothing.
    pub fn configured<P: FromSecrets>(self) -> Result<Option<Configured>, StartError> {
        let Some(secrets) = self.read()? else {
            return Ok(None);
        };
        // A set for this sender knows its rules: how many, how long, in which form.
        Keyring::<P::Store>::new(secrets.clone())
            .map_err(|error| StartError::setting(&self.variable, Mistake::from(error)))?;
        Ok(Some(Configured {
            sender: self,
            secrets,
            generated: false,
        }))
    }

    /// The secrets in the variable, or a random one if it is not set: trying a receiver for the first time needs no
    /// settings, and none accepts a secret that others know.
    ///
    /// # Errors
    ///
    /// If the variable is set to something useless, such as nothing.
    pub fn configured_or_generated<P: FromSecrets>(self) -> Result<Configured, StartError> {
        match self.clone().configured::<P>()? {
            Some(configured) => Ok(configured),
            None => self.generated(),
        }
    }

    /// A variable without a sender of its own.
    pub(crate) fn secret(variable: impl Into<Cow<'static, str>>) -> Self {
        Self {
            title: Cow::Borrowed(""),
            variable: variable.into(),
            curl: Cow::Borrowed(""),
            form: Form::Encoded,
        }
    }

    /// The secrets in the variable, not yet judged by a set for the sender.
    pub(crate) fn read(&self) -> Result<Option<Vec<Secret>>, StartError> {
        let Some(text) = env::var_os(&*self.variable) else {
            return Ok(None);
        };
        let text = text
            .into_string()
            .map_err(|_| StartError::setting(&self.variable, "is not UTF-8: check the value"))?;
        parse(&text, self.form)
            .map(Some)
            .map_err(|mistake| StartError::setting(&self.variable, mistake))
    }

    fn generated(self) -> Result<Configured, StartError> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(io::Error::from)?;
        let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let secrets = hex
            .into_secrets()
            .map_err(|error| StartError::setting(&self.variable, Mistake::from(error)))?;
        Ok(Configured {
            sender: self,
            secrets,
            generated: true,
        })
    }
}

/// A sender with its secrets.
#[derive(Clone, Debug)]
pub struct Configured {
    /// Which one.
    pub sender: Sender,
    /// At least one, and all fit for this sender.
    pub secrets: Vec<Secret>,
    /// Whether the secret was generated at startup.
    pub generated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_secret_is_different() {
        let made = || Sender::TUSFACTURAS.generated().unwrap().secrets;
        let [one, other] = [made(), made()].map(|secrets| {
            let secret = secrets.first().unwrap();
            secret.expose().to_owned()
        });
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}

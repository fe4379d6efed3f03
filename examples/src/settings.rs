use std::env;
use std::iter;
use std::net::TcpListener;
use std::time::Duration;

use webhook_core::github::Github;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::wompi::Wompi;
use webhook_core::{FromSecrets, IntoSecrets, Keyring, Secret};

use crate::secrets::Mistake;
use crate::work::{answer_by, handler_time};
use crate::{Configured, Described, Limits, Presets, Sender, Serves, StartError, schemes};

/// The settings of the receivers: the senders that all of them serve, how long a client may take, and how long a handler does.
#[derive(Debug)]
pub struct Settings {
    /// `HEAD_TIMEOUT_MS` and `BODY_TIMEOUT_MS`.
    pub limits: Limits,
    /// `HANDLER_MS`.
    pub handler: Duration,
    /// `ANSWER_BY_MS`.
    pub answer_by: Option<Duration>,
    /// `TF_WEBHOOK_TOKEN`.
    pub tusfacturas: Configured,
    /// `STANDARD_WEBHOOKS_SECRET`, `STANDARD_WEBHOOKS_RAW_SECRET` and `STANDARD_WEBHOOKS_PUBLIC_KEY`, those of all three
    /// in one set. This sender and those below are served only if they are configured: a generated secret would be
    /// useless, since the real sender would not know it.
    pub standard_webhooks: Option<Configured>,
    /// The same, by variable.
    standard_variables: Vec<Configured>,
    /// `GITHUB_WEBHOOK_SECRET`.
    pub github: Option<Configured>,
    /// `STRIPE_WEBHOOK_SECRET`.
    pub stripe: Option<Configured>,
    /// `MERCADOPAGO_WEBHOOK_SECRET`.
    pub mercadopago: Option<Configured>,
    /// `WOMPI_WEBHOOK_SECRET`.
    pub wompi: Option<Configured>,
    /// Those that differ only in data.
    pub described: AllDescribed,
}

/// The presets, and the senders in the file that `SCHEMES` names.
#[derive(Debug)]
pub struct AllDescribed {
    presets: Presets,
    own: Vec<Described>,
}

impl AllDescribed {
    /// Adds them to an app.
    pub fn serve<A: Serves>(self, app: A) -> A {
        let app = self.presets.serve(app);
        let own = self.own.into_iter();
        own.fold(app, |app, sender| app.add(&sender.path, sender.provider))
    }
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// If a variable is set to something useless, such as nothing.
    pub fn from_env() -> Result<Self, StartError> {
        let standard_variables: Vec<_> = [
            Sender::STANDARD_WEBHOOKS.configured::<StandardWebhooks>()?,
            Sender::STANDARD_WEBHOOKS_RAW.configured::<StandardWebhooks>()?,
            Sender::STANDARD_WEBHOOKS_PUBLIC_KEY.configured::<StandardWebhooks>()?,
        ]
        .into_iter()
        .flatten()
        .collect();
        Ok(Self {
            limits: Limits::from_env()?,
            handler: handler_time()?,
            answer_by: answer_by()?,
            tusfacturas: Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?,
            standard_webhooks: together(&standard_variables)?,
            standard_variables,
            github: Sender::GITHUB.configured::<Github>()?,
            stripe: Sender::STRIPE.configured::<Stripe>()?,
            mercadopago: Sender::MERCADOPAGO.configured::<MercadoPago>()?,
            wompi: Sender::WOMPI.configured::<Wompi>()?,
            described: AllDescribed {
                presets: Presets::from_env()?,
                own: schemes::from_env()?,
            },
        })
    }

    /// The senders that are served, with Klap if this receiver serves it.
    pub fn senders<'a>(
        &'a self,
        klap: Option<&'a Configured>,
    ) -> impl Iterator<Item = &'a Configured> {
        let others = [&self.github, &self.stripe, &self.mercadopago, &self.wompi];
        let described = &self.described;
        iter::once(&self.tusfacturas)
            .chain(klap)
            .chain(&self.standard_variables)
            .chain(others.into_iter().flatten())
            .chain(described.presets.senders())
            .chain(described.own.iter().map(|sender| &sender.configured))
    }

    /// How long the handlers at work may take to end once the server is asked to stop.
    pub fn stop(&self) -> Duration {
        self.limits.stop() + self.handler
    }
}

/// The secrets of several variables of one sender as one set.
fn together(variables: &[Configured]) -> Result<Option<Configured>, StartError> {
    let Some(last) = variables.last() else {
        return Ok(None);
    };
    let secrets = variables.iter().flat_map(|variable| &variable.secrets);
    let secrets = secrets
        .cloned()
        .collect::<Vec<Secret>>()
        .into_secrets()
        // The same key in two, or too many in total.
        .and_then(|secrets| {
            Keyring::<<StandardWebhooks as FromSecrets>::Store>::new(secrets.clone())
                .map(|_| secrets)
        })
        .map_err(|error| StartError::setting(&last.sender.variable, Mistake::from(error)))?;
    Ok(Some(Configured {
        secrets,
        ..last.clone()
    }))
}

/// Listens on the address in `ADDR`, or on 127.0.0.1:3000. Port 0 is any free one.
///
/// # Errors
///
/// If the variable has no address with a port, or the port is taken.
pub fn listen() -> Result<TcpListener, StartError> {
    let addr = env::var_os("ADDR").unwrap_or_else(|| "127.0.0.1:3000".into());
    TcpListener::bind(&*addr.to_string_lossy()).map_err(|error| {
        StartError::setting(
            "ADDR",
            format_args!(
                "cannot be used ({error}): set it to a free address and port such as 127.0.0.1:3000"
            ),
        )
    })
}

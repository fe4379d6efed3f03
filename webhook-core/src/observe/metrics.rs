use metrics::{Label, counter, histogram};

use super::{Observer, Outcome};

/// Counts deliveries through the [`metrics`](::metrics) facade: an app installs the exporter of its choice.
///
/// | metric | type | labels |
/// |---|---|---|
/// | `webhook_deliveries_total` | counter | `sender`, `outcome`, `kind` |
/// | `webhook_deliveries_without_id_total` | counter: those whose repeats cannot be recognized, although the layer should | `sender` |
/// | `webhook_delivery_seconds` | histogram: from the head of the request to the answer | `sender`, `outcome` |
///
/// `outcome` is [`Outcome::name`]; `kind` is empty for a request that was refused, greeted or ignored. The labels of secrets are left out
/// unless asked for: [`with_secret_labels`](Self::with_secret_labels).
///
/// ```
/// use webhook_core::driver::Verifier;
/// use webhook_core::observe::Metrics;
/// use webhook_core::tusfacturas::TusFacturas;
///
/// let verifier = Verifier::<TusFacturas>::try_new("s3cr3t")?.observer(Metrics::new());
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Metrics {
    secret_labels: bool,
}

impl Metrics {
    /// An observer that counts, without the labels of secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also puts the label of the secret that matched on the counter, as `label`. With one label for each of many tenants
    /// that makes many series.
    pub fn with_secret_labels(mut self) -> Self {
        self.secret_labels = true;
        self
    }
}

impl Observer for Metrics {
    fn reads_id(&self) -> bool {
        false
    }

    fn observe(&self, outcome: &Outcome<'_>) {
        let sender = Label::new("sender", outcome.sender.to_owned());
        let name = Label::from_static_parts("outcome", outcome.name());
        let kind = Label::new("kind", outcome.kind.unwrap_or_default().to_owned());
        let mut labels = vec![sender.clone(), name.clone(), kind];
        if self.secret_labels {
            let label = outcome.label.map(|label| label.as_str());
            labels.push(Label::new("label", label.unwrap_or_default().to_owned()));
        }
        counter!("webhook_deliveries_total", labels).increment(1);
        if outcome.unrecognizable {
            counter!("webhook_deliveries_without_id_total", vec![sender.clone()]).increment(1);
        }
        histogram!("webhook_delivery_seconds", vec![sender, name]).record(outcome.elapsed);
    }
}

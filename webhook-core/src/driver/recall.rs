//! Stored deliveries, made again.

use std::sync::Arc;

use super::{Accepted, InFlight, Verifier, decoding};
use crate::delivery::Delivery;
use crate::guarantee::{StoredDelivery, UnreadableRow};
use crate::observe::Watch;
use crate::provider::{Decoded, Provider};

impl<P: Provider> Verifier<P> {
    /// Makes the delivery again that was stored. It needs no secret and no clock, and is observed as one that arrives now.
    ///
    /// # Errors
    ///
    /// If the row is of another sender, if its body is sealed, or if its body or its facts do not decode, anymore.
    pub fn recall(&self, stored: &StoredDelivery) -> Result<Accepted<P::Event>, UnreadableRow> {
        let provider = self.provider();
        if stored.sender() != provider.name() {
            return Err(UnreadableRow::sender(stored.sender(), provider.name()));
        }
        if stored.is_sealed() {
            return Err(UnreadableRow::sealed());
        }
        let mut facts = serde_json::from_str(&stored.facts()).map_err(UnreadableRow::facts)?;
        let body = stored.body().clone();
        let (event, rule) = match decoding::decode(provider, &mut facts, &body) {
            Ok((Decoded::Event(event), json)) => {
                let mut rule = provider.acknowledge(&event, &json);
                rule.fill_received(provider.timing().received);
                (event, rule)
            }
            Ok((Decoded::Greeting(_), _)) => return Err(UnreadableRow::no_event()),
            Ok((Decoded::Ignored { .. }, _)) => return Err(UnreadableRow::ignored()),
            Err(error) => return Err(UnreadableRow::body(error)),
        };
        let (label, is_tenant) = stored.tenant_label();
        let observers = &self.shared.observers;
        let watch = Watch::start(observers);
        let observation = watch.accepted(observers, provider, &event, label.as_ref(), &body);
        let origin = Arc::clone(&self.shared);
        Ok(Accepted {
            delivery: Delivery::new(event, (label, is_tenant), body, Some(origin)),
            in_flight: InFlight::new(rule, observation),
        })
    }
}

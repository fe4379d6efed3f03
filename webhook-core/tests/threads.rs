//! What a multi-threaded runtime asks for: what waits for a body moves between threads, and what an app keeps is shared by
//! them.

use webhook_core::driver::{Accepted, BodyBuffer, EarlyReply, InFlight, Pending, Verifier};
use webhook_core::github::Github;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{Multicaja, MulticajaValidation};
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{
    BodyError, Delivery, FromSecrets, Identity, Keyring, Provider, Rejection, SecretsError,
};

fn crosses<T: Send>() {}

fn is_shared<T: Send + Sync>() {}

fn sender<P: Provider>() {
    is_shared::<P>();
    is_shared::<Verifier<P>>();
    is_shared::<Delivery<P::Event>>();
    crosses::<Pending<P>>();
    crosses::<Accepted<P::Event>>();
}

fn keyring<P: FromSecrets>() {
    sender::<P>();
    is_shared::<Keyring<P::Store>>();
}

#[test]
fn what_an_app_keeps_is_shared_by_threads_and_what_waits_moves_between_them() {
    keyring::<TusFacturas>();
    keyring::<Multicaja>();
    keyring::<StandardWebhooks>();
    keyring::<Github>();
    keyring::<Stripe>();
    keyring::<MercadoPago>();
    sender::<MulticajaValidation>();
    crosses::<BodyBuffer>();
    crosses::<InFlight>();
    crosses::<EarlyReply>();
    is_shared::<Identity>();
    is_shared::<Rejection>();
    is_shared::<BodyError>();
    is_shared::<SecretsError>();
}

//! Senders that are data: one file each, and one line in the list below, which is all that names it elsewhere.

pub mod asaas;
#[cfg(feature = "ed25519")]
#[cfg_attr(docsrs, doc(cfg(feature = "ed25519")))]
pub mod discord;
pub mod dlocal;
pub mod fintoc;
pub mod gitlab;
pub mod gitlab_signing;
pub mod khipu;
pub mod kushki;
pub mod linear;
pub mod meta;
pub mod shopify;
pub mod slack;
pub mod telegram;
pub mod tiendanube;
pub mod woocommerce;

/// Calls a macro with every preset: its module, its type, the name of its layer, and what it is called.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_preset {
    ($callback:ident) => {
        $callback! {
            asaas Asaas AsaasWebhookLayer "Asaas";
            #[cfg(feature = "ed25519")]
            #[cfg_attr(docsrs, doc(cfg(feature = "ed25519")))]
            discord Discord DiscordWebhookLayer "Discord";
            dlocal Dlocal DlocalWebhookLayer "dLocal";
            fintoc Fintoc FintocWebhookLayer "Fintoc";
            gitlab Gitlab GitlabWebhookLayer "GitLab with a secret token";
            gitlab_signing GitlabSigning GitlabSigningWebhookLayer "GitLab with a signing token";
            khipu Khipu KhipuWebhookLayer "Khipu";
            kushki Kushki KushkiWebhookLayer "Kushki";
            linear Linear LinearWebhookLayer "Linear";
            meta Meta MetaWebhookLayer "Meta: WhatsApp, Instagram and Messenger";
            shopify Shopify ShopifyWebhookLayer "Shopify";
            slack Slack SlackWebhookLayer "Slack";
            telegram Telegram TelegramWebhookLayer "Telegram";
            tiendanube Tiendanube TiendanubeWebhookLayer "Tiendanube";
            woocommerce WooCommerce WooCommerceWebhookLayer "WooCommerce";
        }
    };
}

/// Names the layer of each preset, in an adapter that has `WebhookLayer`, `SignedEvent` and `Value`.
#[doc(hidden)]
#[macro_export]
macro_rules! __preset_layers {
    ($($(#[$cfg:meta])* $module:ident $Sender:ident $Layer:ident $title:literal;)*) => {$(
        $(#[$cfg])*
        #[doc(inline)]
        pub use $crate::$module;

        #[doc = concat!(
            "The layer for ", $title, ", with payloads of type `T`; its event is [`SignedEvent<T>`](SignedEvent). See [`",
            stringify!($module), "`]."
        )]
        $(#[$cfg])*
        pub type $Layer<T = Value> = WebhookLayer<$module::$Sender<T>>;
    )*};
}

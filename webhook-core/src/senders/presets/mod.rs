//! Senders that are data: one file each, and one line in the list below, which is all that names it elsewhere.

pub mod slack;

/// Calls a macro with every preset: its module, its type, the name of its layer, and what it is called.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_preset {
    ($callback:ident) => {
        $callback! {
            slack Slack SlackWebhookLayer "Slack";
        }
    };
}

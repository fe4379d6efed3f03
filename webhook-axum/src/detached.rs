use axum_core::body::Body;
use webhook_core::Provider;
use webhook_core::provider::Authenticated;
use webhook_tower::Tasks;

use crate::WebhookLayer;

/// What [`WebhookLayer::detached`] makes.
pub type DetachedLayer<P> = webhook_tower::DetachedLayer<P, Body>;

impl<P: Provider> WebhookLayer<P> {
    /// Runs each handler in a task of its own, once its delivery is authentic: if the sender hangs up, the handler goes on
    /// to its end. Call it last, when everything else is set.
    ///
    /// `tasks` bounds how many run at once, and waits for them when the server stops; `axum::serve` does not. A sender that
    /// hangs up, or is told that the handler is [late](DetachedLayer::answer_by), repeats the delivery, maybe while it is
    /// still being handled. A handler that takes `Extension<Deadline>` can ask how long its sender still waits.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::{Router, routing::post};
    /// use webhook_axum::{Tasks, TfEvent, TfWebhookLayer, Webhook};
    ///
    /// async fn on_event(Webhook(event): Webhook<TfEvent>) {
    ///     println!("{}", event.evento);
    /// }
    ///
    /// # async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
    /// let tasks = Tasks::new();
    /// let layer = TfWebhookLayer::new("s3cr3t").detached(&tasks);
    /// let app = Router::new().route("/webhook", post(on_event).layer(layer));
    /// axum::serve(listener, app).await?;
    /// tasks.finish_within(Duration::from_secs(30)).await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the sender is a [`Scheme`](webhook_core::signing::Scheme) that signs neither the body nor an id.
    #[track_caller]
    pub fn detached(self, tasks: &Tasks) -> DetachedLayer<P>
    where
        P: Authenticated,
    {
        self.0.detached(tasks)
    }
}

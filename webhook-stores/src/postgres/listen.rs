use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Error, Socket};

use super::stir::{CHANNEL, Stirs};

/// How long a connection may be silent before it is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);
/// How long to wait before the next attempt to connect: twice as long each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Makes a connection to listen on, outside the pool.
#[derive(Clone)]
pub(super) struct Dial(Arc<dyn Fn() -> Dialed + Send + Sync>);

type Dialed = Pin<Box<dyn Future<Output = Result<(Client, Messages), Error>> + Send>>;
type Messages =
    Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> + Send>;

impl Dial {
    pub(super) fn new<T>(config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self(Arc::new(move || {
            let (config, tls) = (config.clone(), tls.clone());
            Box::pin(async move {
                let (client, mut connection) = config.connect(tls).await?;
                let messages: Messages = Box::new(move |context| connection.poll_message(context));
                Ok((client, messages))
            })
        }))
    }
}

/// A task that ends with this.
#[derive(Debug)]
pub(super) struct Listening(AbortHandle);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Stirs whenever another store says so, and connects again when the connection is lost.
pub(super) fn start(dial: Dial, stirs: Arc<Stirs>, answer_within: Duration) -> Listening {
    let task = tokio::spawn(async move {
        let mut pause = SHORTEST_PAUSE;
        loop {
            if let Ok(Ok((client, messages))) = timeout(answer_within, (dial.0)()).await
                && listen(client, messages, &stirs, answer_within).await
            {
                pause = SHORTEST_PAUSE;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    });
    Listening(task.abort_handle())
}

/// Listens until the connection is lost. `false` if it never listened.
async fn listen(
    client: Client,
    messages: Messages,
    stirs: &Arc<Stirs>,
    answer_within: Duration,
) -> bool {
    let mut receiving = tokio::spawn(receive(messages, Arc::clone(stirs)));
    let _ends_with_this = Listening(receiving.abort_handle());
    let ask = async |question: &str| {
        let answer = timeout(answer_within, client.batch_execute(question)).await;
        matches!(answer, Ok(Ok(())))
    };
    if !ask(&format!("listen {CHANNEL}")).await {
        return false;
    }
    // For what was said while nobody listened.
    stirs.here();
    while timeout(SILENCE, &mut receiving).await.is_err() {
        if !ask("").await {
            break;
        }
    }
    true
}

async fn receive(mut messages: Messages, stirs: Arc<Stirs>) {
    while let Some(Ok(message)) = std::future::poll_fn(&mut messages).await {
        if let AsyncMessage::Notification(said) = message
            && said.payload() != stirs.name()
        {
            stirs.here();
        }
    }
}

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_postgres::types::Type;
use webhook_core::guarantee::{Stored, StoredDelivery};

use super::fault::Fault;
use super::pool::Connections;
use super::rows::seconds;
use super::stir::Stirs;

/// How many deliveries share a transaction at most.
const MOST: usize = 128;
/// And how many bytes of bodies, beside those of the last delivery.
const MOST_BYTES: usize = 4 << 20;
/// How many transactions run at once: while one waits for the disk, the other is sent.
const IN_FLIGHT: usize = 2;
/// How many deliveries wait for a transaction before their callers wait for that.
const WAITING: usize = 1024;

/// The order of the rows is the order of the keys, so that two transactions with the same keys do not wait for each other.
/// A role or a database can have `synchronous_commit` off: what the sender is told would then be lost with the server.
const INSERT: &str = "\
with durable as materialized (
    select set_config('synchronous_commit', case level when 'off' then 'on' else level end, true) as level
    from current_setting('synchronous_commit') as level
)
insert into webhook_inbox
    (format, sender, endpoint, label, kind, delivery_id, key, keep_key, envelope, body, received_at)
select d.format, d.sender, d.endpoint, d.label, d.kind, d.delivery_id, d.key, make_interval(secs => d.keep_key), d.envelope,
    d.body, d.received_at
from durable, unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::float8[], $9::text[], $10::bytea[], $11::timestamptz[])
    as d (format, sender, endpoint, label, kind, delivery_id, key, keep_key, envelope, body, received_at)
where durable.level is not null
on conflict (key) do nothing
returning key";

/// A delivery that waits to be stored, and who waits for it.
pub(super) struct Waiting {
    pub(super) delivery: StoredDelivery,
    pub(super) caller: oneshot::Sender<Result<Stored, Fault>>,
}

/// Starts the task that stores what is sent to it. It ends when nobody can send to it.
pub(super) fn start(connections: Connections, stirs: Arc<Stirs>) -> mpsc::Sender<Waiting> {
    let (send, receive) = mpsc::channel(WAITING);
    tokio::spawn(collect(connections, stirs, receive));
    send
}

async fn collect(
    connections: Connections,
    stirs: Arc<Stirs>,
    mut receive: mpsc::Receiver<Waiting>,
) {
    let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
    // First the permit: what arrives until there is one shares the transaction.
    while let Ok(permit) = Arc::clone(&in_flight).acquire_owned().await {
        let Some(first) = receive.recv().await else {
            return;
        };
        let mut bytes = first.delivery.body().len();
        let mut batch = vec![first];
        while batch.len() < MOST && bytes < MOST_BYTES {
            let Ok(next) = receive.try_recv() else { break };
            bytes += next.delivery.body().len();
            batch.push(next);
        }
        // Who has given up has told the sender to repeat the delivery.
        batch.retain(|waiting| !waiting.caller.is_closed());
        let (connections, stirs) = (connections.clone(), Arc::clone(&stirs));
        tokio::spawn(async move {
            let any_new = store(&connections, batch).await;
            drop(permit);
            if any_new {
                stirs.all(&connections).await;
            }
        });
    }
}

/// Stores a batch, tells the callers, and returns whether any delivery was new.
async fn store(connections: &Connections, mut batch: Vec<Waiting>) -> bool {
    batch.sort_by(|one, other| one.delivery.key().cmp(&other.delivery.key()));
    match insert(connections, &batch).await {
        Err(fault) if fault.blames_a_row() && batch.len() > 1 => {
            let mut any_new = false;
            for waiting in batch {
                let alone = [waiting];
                let inserted = insert(connections, &alone).await;
                any_new |= tell(alone, inserted);
            }
            any_new
        }
        inserted => tell(batch, inserted),
    }
}

/// The keys of the rows that were inserted.
async fn insert(connections: &Connections, batch: &[Waiting]) -> Result<HashSet<String>, Fault> {
    if batch.is_empty() {
        return Ok(HashSet::new());
    }
    let deliveries = || batch.iter().map(|waiting| &waiting.delivery);
    let formats: Vec<_> = deliveries().map(|it| i32::from(it.format())).collect();
    let senders: Vec<_> = deliveries().map(StoredDelivery::sender).collect();
    let endpoints: Vec<_> = deliveries().map(StoredDelivery::endpoint).collect();
    let labels: Vec<_> = deliveries().map(StoredDelivery::label).collect();
    let kinds: Vec<_> = deliveries().map(StoredDelivery::kind).collect();
    let ids: Vec<_> = deliveries().map(StoredDelivery::id).collect();
    let keys: Vec<_> = deliveries().map(StoredDelivery::key).collect();
    let keep_keys: Vec<_> = deliveries().map(|it| seconds(it.keep_key())).collect();
    let envelopes: Vec<_> = deliveries().map(StoredDelivery::envelope).collect();
    let bodies: Vec<&[u8]> = deliveries().map(|it| &**it.body()).collect();
    let received: Vec<_> = deliveries().map(StoredDelivery::received_at).collect();
    let rows = connections
        .query(
            INSERT,
            &[
                (&formats, Type::INT4_ARRAY),
                (&senders, Type::TEXT_ARRAY),
                (&endpoints, Type::TEXT_ARRAY),
                (&labels, Type::TEXT_ARRAY),
                (&kinds, Type::TEXT_ARRAY),
                (&ids, Type::TEXT_ARRAY),
                (&keys, Type::TEXT_ARRAY),
                (&keep_keys, Type::FLOAT8_ARRAY),
                (&envelopes, Type::TEXT_ARRAY),
                (&bodies, Type::BYTEA_ARRAY),
                (&received, Type::TIMESTAMPTZ_ARRAY),
            ],
        )
        .await?;
    let keys = rows.iter().filter_map(|row| row.try_get(0).transpose());
    Ok(keys.collect::<Result<_, _>>()?)
}

/// A row without a key is always inserted. Of several with one key the first was.
fn tell(
    batch: impl IntoIterator<Item = Waiting>,
    inserted: Result<HashSet<String>, Fault>,
) -> bool {
    let mut any_new = false;
    let (mut keys, fault) = match inserted {
        Ok(keys) => (keys, None),
        Err(fault) => (HashSet::new(), Some(fault)),
    };
    for Waiting { delivery, caller } in batch {
        let stored = match (&fault, delivery.key()) {
            (Some(fault), _) => Err(fault.clone()),
            (None, Some(key)) if !keys.remove(key) => Ok(Stored::Duplicate),
            (None, _) => Ok(Stored::New),
        };
        any_new |= matches!(stored, Ok(Stored::New));
        // Who has given up has told the sender to repeat the delivery.
        let _ = caller.send(stored);
    }
    any_new
}

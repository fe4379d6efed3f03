use std::time::Duration;

use bytes::Bytes;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use webhook_core::Identity;
use webhook_core::guarantee::{
    Count, Filter, InboxRecords, Pruned, Record, RecordId, State, StoreFuture,
};

use super::PostgresStore;
use super::fault::Fault;
use super::pool::Value;
use super::rows::{self, FORMAT, columns, seconds};

/// How many rows one statement changes, so that it ends in time however many there are.
const PORTION: i64 = 1_000;

const LIST: &str = concat!(
    "select ",
    columns!(),
    "
from webhook_inbox
where ($1::text is null or state = $1)
    and ($2::text is null or endpoint = $2)
    and ($3::text is null or label = $3)
    and ($4::bigint is null or id < $4)
order by id desc
limit $5"
);

const SHOW: &str = concat!(
    "select body, ",
    columns!(),
    " from webhook_inbox where id = $1"
);

const RETRY: &str = "\
update webhook_inbox
set state = 'pending', attempts = 0, due_at = now(), finished_at = null
where id = $1 and state in ('dead', 'pending')
returning 1";

/// By id, so that what dies again meanwhile is not retried twice.
const RETRY_DEAD: &str = "\
with dead as materialized (
    select id as dead_id
    from webhook_inbox
    where state = 'dead' and ($1::text is null or endpoint = $1) and id > $2
    order by id
    limit $3
    for update
)
update webhook_inbox
set state = 'pending', attempts = 0, due_at = now(), finished_at = null
where id = any (array(select dead_id from dead))
returning id";

const FORGET: &str = "\
delete from webhook_inbox where id = $1 and state <> 'running' returning 1";

const FORGET_KEY: &str = "\
delete from webhook_inbox where key = $1 and state <> 'running' returning 1";

const PRUNE: &str = "\
with old as materialized (
    select id as old_id
    from webhook_inbox
    where state = 'done' and forget_at <= now() and finished_at <= now() - make_interval(secs => $1)
    order by forget_at
    limit $2
    for update skip locked
)
delete from webhook_inbox
where id = any (array(select old_id from old))
returning 1";

const PRUNE_BODIES: &str = "\
with old as materialized (
    select id as old_id
    from webhook_inbox
    where state = 'done' and body is not null and finished_at <= now() - make_interval(secs => $1)
    order by finished_at
    limit $2
    for update skip locked
)
update webhook_inbox
set body = null
where id = any (array(select old_id from old))
returning 1";

const COUNTS: &str = "\
select endpoint, state, count(*), min(received_at), count(*) filter (where format > $1)
from webhook_inbox
group by endpoint, state
order by endpoint, state";

impl PostgresStore {
    async fn retry_all_dead(&self, endpoint: Option<&str>) -> Result<u64, Fault> {
        let (mut retried, mut after) = (0, 0_i64);
        loop {
            let values: [Value<'_>; 3] = [
                (&endpoint, Type::TEXT),
                (&after, Type::INT8),
                (&PORTION, Type::INT8),
            ];
            let rows = self.connections().query(RETRY_DEAD, &values).await?;
            for row in &rows {
                after = after.max(row.try_get(0)?);
            }
            if rows.is_empty() {
                return Ok(retried);
            }
            retried += rows.len() as u64;
            self.stirs().all(self.connections()).await;
        }
    }

    /// Repeats a statement that changes a portion of the rows that are older, until none is left.
    async fn portions(&self, statement: &str, older: Duration) -> Result<u64, Fault> {
        let older = seconds(older);
        let values: [Value<'_>; 2] = [(&older, Type::FLOAT8), (&PORTION, Type::INT8)];
        let mut changed = 0;
        loop {
            let rows = self.connections().query(statement, &values).await?.len();
            changed += rows as u64;
            if i64::try_from(rows).is_ok_and(|rows| rows < PORTION) {
                return Ok(changed);
            }
        }
    }
}

impl InboxRecords for PostgresStore {
    fn list<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<Record>> {
        Box::pin(async move {
            let state = filter.state.map(State::name);
            let (endpoint, label) = (filter.endpoint.as_deref(), filter.label.as_deref());
            let before = filter.before.map(|RecordId(id)| id);
            let limit = i64::from(filter.limit);
            let values: [Value<'_>; 5] = [
                (&state, Type::TEXT),
                (&endpoint, Type::TEXT),
                (&label, Type::TEXT),
                (&before, Type::INT8),
                (&limit, Type::INT8),
            ];
            let rows = self.connections().query(LIST, &values).await;
            let records = rows.and_then(|rows| {
                let records = rows.iter().map(|row| record(row, Bytes::new()));
                records.collect()
            });
            records.map_err(|fault| fault.of("list deliveries"))
        })
    }

    fn show(&self, id: RecordId) -> StoreFuture<'_, Option<Record>> {
        Box::pin(async move {
            let values: [Value<'_>; 1] = [(&id.0, Type::INT8)];
            let rows = self.connections().query(SHOW, &values).await;
            let shown = rows.and_then(|rows| {
                let Some(row) = rows.first() else {
                    return Ok(None);
                };
                let body: Option<&[u8]> = row.try_get("body")?;
                let body = Bytes::copy_from_slice(body.unwrap_or_default());
                record(row, body).map(Some)
            });
            shown.map_err(|fault| fault.of("show a delivery"))
        })
    }

    fn retry(&self, id: RecordId) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let values: [Value<'_>; 1] = [(&id.0, Type::INT8)];
            let retried = self.connections().hits(RETRY, &values).await;
            let retried = retried.map_err(|fault| fault.of("retry a delivery"))?;
            if retried {
                self.stirs().all(self.connections()).await;
            }
            Ok(retried)
        })
    }

    fn retry_dead<'a>(&'a self, endpoint: Option<&'a str>) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let retried = self.retry_all_dead(endpoint).await;
            retried.map_err(|fault| fault.of("retry the dead deliveries"))
        })
    }

    fn forget(&self, id: RecordId) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let values: [Value<'_>; 1] = [(&id.0, Type::INT8)];
            let forgotten = self.connections().hits(FORGET, &values).await;
            forgotten.map_err(|fault| fault.of("forget a delivery"))
        })
    }

    fn forget_identity<'a>(&'a self, identity: &'a Identity) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let key = identity.key();
            let values: [Value<'_>; 1] = [(&key, Type::TEXT)];
            let forgotten = self.connections().hits(FORGET_KEY, &values).await;
            forgotten.map_err(|fault| fault.of("forget a delivery"))
        })
    }

    fn prune(&self, bodies: Duration) -> StoreFuture<'_, Pruned> {
        Box::pin(async move {
            let pruned = async {
                Ok(Pruned {
                    deliveries: self.portions(PRUNE, bodies).await?,
                    bodies: self.portions(PRUNE_BODIES, bodies).await?,
                })
            };
            pruned
                .await
                .map_err(|fault: Fault| fault.of("prune the inbox"))
        })
    }

    fn counts(&self) -> StoreFuture<'_, Vec<Count>> {
        Box::pin(async move {
            let rows = self.connections().query(COUNTS, &[(&FORMAT, Type::INT4)]);
            let counts = rows.await.and_then(|rows| rows.iter().map(count).collect());
            counts.map_err(|fault| fault.of("count deliveries"))
        })
    }
}

/// A row as an operator sees it. One that cannot be read is shown all the same, with the reason as its error: that someone
/// can find it and delete it.
fn record(row: &Row, body: Bytes) -> Result<Record, Fault> {
    let (delivery, unreadable) = match rows::delivery(row, body.clone())? {
        Ok(delivery) => (delivery, None),
        Err(why) => (rows::skeleton(row, body)?, Some(why.into())),
    };
    let (id, due_at) = (RecordId(row.try_get("id")?), row.try_get("due_at")?);
    let mut record = Record::new(id, state(row.try_get("state")?)?, due_at, delivery);
    let attempts: i32 = row.try_get("attempts")?;
    record.attempts = u32::try_from(attempts).unwrap_or_default();
    record.finished_at = row.try_get("finished_at")?;
    let last_error: Option<&str> = row.try_get("last_error")?;
    record.last_error = last_error.map(Into::into).or(unreadable);
    Ok(record)
}

fn count(row: &Row) -> Result<Count, Fault> {
    let endpoint: &str = row.try_get(0)?;
    let [deliveries, newer]: [i64; 2] = [row.try_get(2)?, row.try_get(4)?];
    let state = state(row.try_get(1)?)?;
    let mut count = Count::new(endpoint, state, deliveries.unsigned_abs(), row.try_get(3)?);
    count.newer_format = newer.unsigned_abs();
    Ok(count)
}

fn state(name: &str) -> Result<State, Fault> {
    State::from_name(name).ok_or_else(|| {
        Fault::new(format!(
            "a row has the state {name}, which this release does not know: update it"
        ))
    })
}

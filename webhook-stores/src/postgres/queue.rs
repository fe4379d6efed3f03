use std::time::Duration;

use bytes::Bytes;
use tokio_postgres::types::Type;
use webhook_core::guarantee::{Ending, InboxQueue, Job, StoreFuture, Ticket};

use super::PostgresStore;
use super::fault::Fault;
use super::rows::{self, FORMAT, columns, seconds, without_nul};

/// Takes 16 MiB of bodies, and one more, at most: the answer must arrive within the time limit of a statement.
///
/// How many each endpoint and format has among the longest due is counted first, so that only those are locked: another
/// worker takes the others at the same time. Each is one short scan of the index. They are updated by an array because the
/// planner cannot know how few are locked, and would read the whole table to join them.
const TAKE: &str = concat!(
    "\
with served as (
    select endpoint, format
    from (select distinct unnest($1::text[]) as endpoint) as endpoints, generate_series(1, $2::integer) as format
),
due as (
    select served.endpoint, served.format
    from served cross join lateral (
        select due_at
        from webhook_inbox as d
        where d.endpoint = served.endpoint and d.format = served.format
            and d.state in ('pending', 'running') and d.due_at <= now() and d.body is not null
        order by d.due_at
        limit $3
    ) as first
    order by first.due_at
    limit $3
),
shares as (
    select endpoint, format, count(*) as share
    from due
    group by endpoint, format
),
locked as materialized (
    select first.id as locked_id, first.due_at as was_due_at, first.bytes
    from shares cross join lateral (
        select d.id, d.due_at, octet_length(d.body) as bytes
        from webhook_inbox as d
        where d.endpoint = shares.endpoint and d.format = shares.format
            and d.state in ('pending', 'running') and d.due_at <= now() and d.body is not null
        order by d.due_at
        limit shares.share
        for update skip locked
    ) as first
),
bounded as (
    select locked_id, sum(bytes) over (
        order by was_due_at, locked_id rows between unbounded preceding and 1 preceding
    ) as bytes_before
    from locked
),
now_running as (
    update webhook_inbox
    set state = 'running', attempts = attempts + 1, taken = taken + 1, due_at = now() + make_interval(secs => $4)
    where id = any (array(select locked_id from bounded where coalesce(bytes_before, 0) < 16777216))
    returning body, ",
    columns!(),
    "
)
select now_running.*
from now_running join locked on id = locked_id
order by was_due_at, id"
);

const RENEW: &str = "\
update webhook_inbox
set due_at = now() + make_interval(secs => $3)
where id = $1 and taken = $2 and state = 'running'
returning 1";

const DONE: &str = "\
update webhook_inbox
set state = 'done', finished_at = now(),
    forget_at = case when key is null then now() else now() + keep_key end
where id = $1 and taken = $2 and state = 'running'
returning 1";

const AGAIN: &str = "\
update webhook_inbox
set state = 'pending', due_at = now() + make_interval(secs => $3), last_error = $5,
    attempts = case when $4 then attempts else greatest(attempts - 1, 0) end
where id = $1 and taken = $2 and state = 'running'
returning 1";

const DEAD: &str = "\
update webhook_inbox
set state = 'dead', finished_at = now(), last_error = $3
where id = $1 and taken = $2 and state = 'running'
returning 1";

impl PostgresStore {
    async fn take_due(
        &self,
        endpoints: &[&str],
        most: usize,
        lease: Duration,
    ) -> Result<Vec<Job>, Fault> {
        if endpoints.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let lease = seconds(lease);
        let rows = self
            .connections()
            .query(
                TAKE,
                &[
                    (&endpoints, Type::TEXT_ARRAY),
                    (&FORMAT, Type::INT4),
                    (&most, Type::INT8),
                    (&lease, Type::FLOAT8),
                ],
            )
            .await?;
        let mut jobs = Vec::with_capacity(rows.len());
        for row in rows {
            let ticket = Ticket {
                row: row.try_get("id")?,
                taken: row.try_get("taken")?,
            };
            let attempts: i32 = row.try_get("attempts")?;
            let body = Bytes::copy_from_slice(row.try_get("body")?);
            match rows::delivery(&row, body)? {
                Ok(delivery) => {
                    let attempt = u32::try_from(attempts).unwrap_or(u32::MAX);
                    jobs.push(Job::new(ticket, attempt, delivery));
                }
                // It must not keep the others from being handled, again and again.
                Err(why) => {
                    let why = why.into();
                    // Should that fail, its lease ends, and it is tried again.
                    drop(self.end(ticket, Ending::Dead { why }).await);
                }
            }
        }
        Ok(jobs)
    }

    async fn end(&self, ticket: Ticket, ending: Ending) -> Result<bool, Fault> {
        let Ticket { row, taken } = ticket;
        let connections = self.connections();
        let row = (&row as _, Type::INT8);
        let taken = (&taken as _, Type::INT8);
        match ending {
            Ending::Done => connections.hits(DONE, &[row, taken]).await,
            Ending::Again { after, counts, why } => {
                let (after, why) = (seconds(after), without_nul(&why));
                let after = (&after as _, Type::FLOAT8);
                let counts = (&counts as _, Type::BOOL);
                let why = (&why as _, Type::TEXT);
                let values = [row, taken, after, counts, why];
                connections.hits(AGAIN, &values).await
            }
            Ending::Dead { why } => {
                let why = without_nul(&why);
                let values = [row, taken, (&why as _, Type::TEXT)];
                connections.hits(DEAD, &values).await
            }
            _ => Err(Fault::new(
                "this release of webhook-stores does not know how the attempt ended: update it",
            )),
        }
    }
}

impl InboxQueue for PostgresStore {
    fn take<'a>(
        &'a self,
        endpoints: &'a [&'a str],
        most: usize,
        lease: Duration,
    ) -> StoreFuture<'a, Vec<Job>> {
        Box::pin(async move {
            let jobs = self.take_due(endpoints, most, lease).await;
            jobs.map_err(|fault| fault.of("take deliveries"))
        })
    }

    fn renew(&self, ticket: Ticket, lease: Duration) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let Ticket { row, taken } = ticket;
            let lease = seconds(lease);
            let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] = [
                (&row, Type::INT8),
                (&taken, Type::INT8),
                (&lease, Type::FLOAT8),
            ];
            let renewed = self.connections().hits(RENEW, &values).await;
            renewed.map_err(|fault| fault.of("renew a lease"))
        })
    }

    fn finish(&self, ticket: Ticket, ending: Ending) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let ended = self.end(ticket, ending).await;
            ended.map_err(|fault| fault.of("record how an attempt ended"))
        })
    }

    fn stirred(&self) -> StoreFuture<'_, ()> {
        self.listen();
        let next = self.stirs().next();
        Box::pin(async move {
            next.await;
            Ok(())
        })
    }
}

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{NoTls, Row};

use super::fault::Fault;

/// A value for a statement. Its type is said, so that one round trip does it and nothing is left on the connection: this
/// also works behind PgBouncer, and each statement is planned for the table as it is now.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// The pool, and how long an operation may take.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    pub(super) pool: Pool,
    pub(super) answer_within: Duration,
}

impl Connections {
    /// Runs one statement, which is a transaction of its own.
    pub(super) async fn query(
        &self,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Fault> {
        let deadline = Instant::now() + self.answer_within;
        let mut client = self.client(deadline).await?;
        let asked = client.get()?.query_typed(statement, values);
        let rows = match timeout_at(deadline, asked).await {
            Ok(rows) => rows,
            Err(_) => return Err(Fault::slow(self.answer_within)),
        };
        client.answered();
        Ok(rows?)
    }

    /// Runs one statement, and says whether it returned a row.
    pub(super) async fn hits(&self, statement: &str, values: &[Value<'_>]) -> Result<bool, Fault> {
        let rows = self.query(statement, values).await?;
        Ok(!rows.is_empty())
    }

    /// Runs several statements without values in one round trip. They must not leave a transaction open.
    pub(super) async fn run(&self, statements: &str) -> Result<(), Fault> {
        let deadline = Instant::now() + self.answer_within;
        let mut client = self.client(deadline).await?;
        let asked = client.get()?.batch_execute(statements);
        match timeout_at(deadline, asked).await {
            Ok(done) => done?,
            Err(_) => return Err(Fault::slow(self.answer_within)),
        }
        client.answered();
        Ok(())
    }

    /// A connection of the pool.
    pub(super) async fn client(&self, deadline: Instant) -> Result<Lent, Fault> {
        match timeout_at(deadline, self.pool.get()).await {
            Ok(client) => Ok(Lent(Some(client?))),
            Err(_) => Err(Fault::slow(self.answer_within)),
        }
    }
}

/// A connection that only goes back to the pool if what it was asked for was answered. Otherwise it is closed: the next
/// operation would wait behind this one.
pub(super) struct Lent(Option<Object>);

impl Lent {
    pub(super) fn get(&mut self) -> Result<&mut ClientWrapper, Fault> {
        match &mut self.0 {
            Some(client) => Ok(client),
            None => Err(Fault::new("the connection went back to the pool")),
        }
    }

    pub(super) fn answered(&mut self) {
        self.0 = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(client) = self.0.take() else { return };
        let client = Object::take(client);
        // The server would only notice when it answers. Over TLS it may refuse this; then it goes on until it has an answer.
        if let Ok(runtime) = Handle::try_current() {
            let cancel = client.cancel_token();
            runtime.spawn(async move {
                let _it_ends_by_itself =
                    timeout(Duration::from_secs(1), cancel.cancel_query(NoTls)).await;
            });
        }
    }
}

use std::env;

use tokio_postgres::{Client, Error, NoTls};
use webhook_core::guarantee::postgres;

async fn connect() -> Result<Client, Error> {
    let url = env::var("DATABASE_URL").expect("DATABASE_URL is set");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Whether the delivery was handled now.
async fn handle(db: &mut Client, key: &str, work: &str) -> Result<bool, Error> {
    let transaction = db.transaction().await?;
    if transaction.execute(postgres::CLAIM, &[&key, &"4s"]).await? == 0 {
        return Ok(false);
    }
    transaction.execute(work, &[]).await?;
    transaction.commit().await?;
    Ok(true)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut db = connect().await?;
    db.batch_execute(postgres::CREATE_TABLE).await?;
    db.batch_execute("create table work (id int)").await?;

    let work = "insert into work values (1)";
    assert!(
        handle(&mut db, "a", "insert into nowhere values (1)")
            .await
            .is_err()
    );
    assert!(handle(&mut db, "a", work).await?);
    assert!(!handle(&mut db, "a", work).await?);

    let mut other = connect().await?;
    for pair in 0..200 {
        let key = format!("pair {pair}");
        let (one, other) =
            tokio::join!(handle(&mut db, &key, work), handle(&mut other, &key, work));
        assert_ne!(one?, other?, "{key}");
    }
    let done = db.query_one("select count(*) from work", &[]).await?;
    assert_eq!(done.get::<_, i64>(0), 201);

    assert_eq!(db.execute(postgres::FORGET, &[&"a"]).await?, 1);
    assert_eq!(db.execute(postgres::PRUNE, &[&0.0f64]).await?, 200);
    Ok(())
}

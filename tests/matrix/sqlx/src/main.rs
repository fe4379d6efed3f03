use std::env;

use sqlx::PgPool;
use webhook_core::guarantee::postgres;

/// Whether the delivery was handled now.
async fn handle(db: &PgPool, key: &str, work: &'static str) -> sqlx::Result<bool> {
    let mut transaction = db.begin().await?;
    let claim = sqlx::query(postgres::CLAIM).bind(key).bind("4s");
    if claim.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(work).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> sqlx::Result<()> {
    let url = env::var("DATABASE_URL").expect("DATABASE_URL is set");
    let db = PgPool::connect(&url).await?;
    sqlx::query(postgres::CREATE_TABLE).execute(&db).await?;
    sqlx::query("create table work (id int)")
        .execute(&db)
        .await?;

    let work = "insert into work values (1)";
    assert!(
        handle(&db, "a", "insert into nowhere values (1)")
            .await
            .is_err()
    );
    assert!(handle(&db, "a", work).await?);
    assert!(!handle(&db, "a", work).await?);

    for pair in 0..200 {
        let key = format!("pair {pair}");
        let (one, other) = tokio::join!(handle(&db, &key, work), handle(&db, &key, work));
        assert_ne!(one?, other?, "{key}");
    }
    let done = sqlx::query("delete from work").execute(&db).await?;
    assert_eq!(done.rows_affected(), 201);
    Ok(())
}

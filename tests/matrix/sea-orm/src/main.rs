use std::env;

use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    Statement, TransactionTrait,
};
use webhook_core::guarantee::postgres;

/// Whether the delivery is new.
async fn claim(transaction: &DatabaseTransaction, key: &str) -> Result<bool, DbErr> {
    let values = [key.into(), "4s".into()];
    let claim = Statement::from_sql_and_values(DbBackend::Postgres, postgres::CLAIM, values);
    Ok(transaction.execute_raw(claim).await?.rows_affected() == 1)
}

/// Whether the delivery was handled now.
async fn handle(db: &DatabaseConnection, key: &str, work: &str) -> Result<bool, DbErr> {
    let transaction = db.begin().await?;
    if !claim(&transaction, key).await? {
        return Ok(false);
    }
    transaction.execute_unprepared(work).await?;
    transaction.commit().await?;
    Ok(true)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), DbErr> {
    let url = env::var("DATABASE_URL").expect("DATABASE_URL is set");
    let db = Database::connect(url).await?;
    db.execute_unprepared(postgres::CREATE_TABLE).await?;
    db.execute_unprepared("create table work (id int)").await?;

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
    let done = db.execute_unprepared("delete from work").await?;
    assert_eq!(done.rows_affected(), 201);
    Ok(())
}

use std::env;
use std::path::Path;
use std::thread;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Text};
use webhook_core::guarantee::sqlite;

fn connect(file: &Path) -> SqliteConnection {
    let mut db = SqliteConnection::establish(&file.to_string_lossy()).expect("it opens");
    db.batch_execute(sqlite::SET_LOCK_TIMEOUT)
        .expect("it is set");
    db
}

/// Whether the delivery was handled now.
fn handle(db: &mut SqliteConnection, key: &str, work: &str) -> Result<bool, Error> {
    db.immediate_transaction(|db| {
        let claim = diesel::sql_query(sqlite::CLAIM).bind::<Text, _>(key);
        if claim.execute(db)? == 0 {
            return Ok(false);
        }
        diesel::sql_query(work).execute(db)?;
        Ok(true)
    })
}

fn main() -> Result<(), Error> {
    let directory = env::temp_dir().join(format!("claim-diesel-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("a directory for the database");
    let file = directory.join("claim.db");
    let db = &mut connect(&file);
    db.batch_execute("pragma journal_mode = wal; create table work (id integer)")?;
    diesel::sql_query(sqlite::CREATE_TABLE).execute(db)?;

    let work = "insert into work values (1)";
    assert!(handle(db, "a", "insert into nowhere values (1)").is_err());
    assert!(handle(db, "a", work)?);
    assert!(!handle(db, "a", work)?);

    for pair in 0..200 {
        let key = format!("pair {pair}");
        let handled = thread::scope(|scope| {
            let both = [(); 2].map(|()| scope.spawn(|| handle(&mut connect(&file), &key, work)));
            both.map(|one| one.join().expect("no panic"))
        });
        let [one, other] = handled;
        assert_ne!(one?, other?, "{key}");
    }

    assert_eq!(
        diesel::sql_query(sqlite::FORGET)
            .bind::<Text, _>("a")
            .execute(db)?,
        1
    );
    let prune = diesel::sql_query(sqlite::PRUNE).bind::<BigInt, _>(-1);
    assert_eq!(prune.execute(db)?, 200);
    std::fs::remove_dir_all(&directory).expect("the directory is removed");
    Ok(())
}

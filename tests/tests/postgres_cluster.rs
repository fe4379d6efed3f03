//! The PostgreSQL that tests start.

#![cfg(unix)]

use std::path::Path;

use webhook_tests::postgres::shared;

#[test]
fn what_was_committed_outlives_a_crash_of_the_server() {
    let Some(cluster) = shared() else { return };
    let [one, other] = [cluster.create_database(), cluster.create_database()];
    cluster.sql(&one, "create table kept (number int)");
    cluster.sql(&one, "insert into kept values (7)");
    let data = cluster.sql(&one, "show data_directory");

    cluster.stop();
    cluster.restart();

    assert_eq!(cluster.sql(&one, "select number from kept"), "7");
    let tables = "select count(*) from pg_tables where tablename = 'kept'";
    assert_eq!(cluster.sql(&other, tables), "0");
    assert!(Path::new(&data).is_absolute(), "{data}");
}

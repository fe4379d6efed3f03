//! A process that is killed while it has a claim.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use sqlx::{Connection as _, PgConnection};
use webhook_axum::guarantee::{postgres, sqlite};
use webhook_tests::patience::PATIENCE;

const DATABASE: &str = "CLAIM_DATABASE";
const KEY: &str = "CLAIM_KEY";
const HELD: &str = "the claim is held";

/// Another process, which has claimed a delivery and does not end its transaction.
pub struct Holder(Child);

impl Holder {
    pub fn start(database: &str, key: &str) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::holds_a_claim",
                "--ignored",
                "--nocapture",
            ])
            .envs([(DATABASE, database), (KEY, key)])
            .stdout(Stdio::piped())
            .spawn();
        let mut holder = Self(child.unwrap());
        let stdout = BufReader::new(holder.0.stdout.take().unwrap());
        let held = stdout.lines().any(|line| line.unwrap().contains(HELD));
        assert!(held, "the other process ended without a claim");
        holder
    }

    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "it is the process that the others kill"]
async fn holds_a_claim() {
    let (Ok(database), Ok(key)) = (env::var(DATABASE), env::var(KEY)) else {
        return;
    };
    if database.starts_with("postgres:") {
        let mut db = PgConnection::connect(&database).await.unwrap();
        let mut transaction = db.begin().await.unwrap();
        let claim = sqlx::query(postgres::CLAIM).bind(key).bind("4s");
        let claimed = claim.execute(&mut *transaction).await.unwrap();
        assert_eq!(claimed.rows_affected(), 1);
        hold();
    } else {
        let db = Connection::open(database).unwrap();
        db.execute_batch(sqlite::BEGIN).unwrap();
        assert_eq!(db.execute(sqlite::CLAIM, [key]).unwrap(), 1);
        hold();
    }
}

#[expect(clippy::print_stdout, reason = "the other process reads it")]
fn hold() {
    println!("{HELD}");
    thread::sleep(PATIENCE + Duration::from_secs(10));
}

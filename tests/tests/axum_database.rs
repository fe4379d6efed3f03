//! The example with a database: only what is authentic becomes a row.

use axum::body::{Body, to_bytes};
use sqlx::SqlitePool;
use tower::ServiceExt;
use webhook_axum::testing::{self, TestRequest};
use webhook_axum::tusfacturas::TfEvento;
use webhook_axum::{TfEvent, TfWebhookLayer};
use webhook_examples::axum_database::{app, open};

const TOKEN: &str = "s3cr3t";

type Row = (String, Option<String>);

async fn answer(db: &SqlitePool, request: TestRequest) -> (u16, String) {
    let app = app(db.clone(), TfWebhookLayer::new(TOKEN));
    let response = app.oneshot(request.into_request::<Body>()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1000).await.unwrap();
    (status, String::from_utf8(body.into()).unwrap())
}

async fn rows(db: &SqlitePool) -> Vec<Row> {
    let rows = sqlx::query_as("select evento, external_reference from events");
    rows.fetch_all(db).await.unwrap()
}

fn issued() -> TfEvent {
    let mut event = TfEvent::new(TfEvento::Emitido);
    event.hook_id = Some("hook-1".to_owned());
    event.external_reference = Some("17032'; DROP TABLE events".to_owned());
    event
}

fn issued_row() -> Row {
    let event = issued();
    ("emitido".to_owned(), event.external_reference)
}

#[tokio::test]
async fn an_authentic_event_becomes_one_row_however_often_it_is_sent() {
    let db = open("sqlite::memory:").await.unwrap();
    for _ in 0..2 {
        let sent = testing::tusfacturas(&issued(), TOKEN);
        assert_eq!(answer(&db, sent).await, (200, "OK".to_owned()));
        assert_eq!(rows(&db).await, [issued_row()]);
    }
    // Events without an id cannot be told apart, and none may be lost.
    for _ in 0..2 {
        let sent = testing::tusfacturas(&TfEvent::new(TfEvento::Test), TOKEN);
        assert_eq!(answer(&db, sent).await.0, 200);
    }
    assert_eq!(rows(&db).await.len(), 3);
}

#[tokio::test]
async fn a_wrong_token_stores_no_row() {
    let db = open("sqlite::memory:").await.unwrap();
    let sent = testing::tusfacturas(&issued(), "guessed");
    assert_eq!(answer(&db, sent).await.0, 403);
    assert_eq!(rows(&db).await, []);
}

#[tokio::test]
async fn an_event_that_cannot_be_stored_is_not_acknowledged() {
    let db = open("sqlite::memory:").await.unwrap();
    sqlx::query("drop table events").execute(&db).await.unwrap();
    let sent = testing::tusfacturas(&issued(), TOKEN);
    assert_eq!(answer(&db, sent).await.0, 500);
}

#[tokio::test]
async fn a_database_in_a_file_keeps_its_rows() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("events.db");
    let _left_by_a_failure = std::fs::remove_file(&file);
    let url = format!("sqlite:{}?mode=rwc", file.display());
    for _ in 0..2 {
        let db = open(&url).await.unwrap();
        let sent = testing::tusfacturas(&issued(), TOKEN);
        assert_eq!(answer(&db, sent).await.0, 200);
        assert_eq!(rows(&db).await, [issued_row()]);
        db.close().await;
    }
    std::fs::remove_file(&file).unwrap();
}

//! The example with metrics: each outcome is counted, and no secret's label is shown.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;
use webhook_axum::TfWebhookLayer;
use webhook_axum::testing;
use webhook_examples::prometheus::{app, recorder};

#[tokio::test]
async fn prometheus_reads_a_counter_for_each_outcome_and_a_histogram() {
    let app = app(
        TfWebhookLayer::new([("pdv-3", "s3cr3t")]),
        recorder().unwrap(),
    );
    let deliver = async |body: &'static str, token| {
        let request = testing::tusfacturas_body(body, token).into_request::<Body>();
        app.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(deliver(r#"{"evento":"emitido"}"#, "s3cr3t").await, 200);
    assert_eq!(deliver(r#"{"evento":"emitido"}"#, "s3cr3t").await, 200);
    assert_eq!(deliver(r#"{"evento":"x\"} 1"}"#, "s3cr3t").await, 200);
    assert_eq!(deliver("{}", "s3cr3t").await, 400);
    assert_eq!(deliver("{}", "guessed").await, 403);

    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let text = to_bytes(response.into_body(), 10_000).await.unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    for line in [
        r#"webhook_deliveries_total{sender="tusfacturas",outcome="received",kind="emitido"} 2"#,
        r#"webhook_deliveries_total{sender="tusfacturas",outcome="received",kind="other"} 1"#,
        r#"webhook_deliveries_total{sender="tusfacturas",outcome="body_missing_field",kind=""} 1"#,
        r#"webhook_deliveries_total{sender="tusfacturas",outcome="credential_mismatch",kind=""} 1"#,
        r#"webhook_delivery_seconds_count{sender="tusfacturas",outcome="received"} 3"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("pdv-3"), "{text}");
}

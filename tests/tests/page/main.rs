//! The page of `webhook-rs listen`, in a browser.

mod browser;
mod listener;
mod looks;
mod strangers;
mod use_by_keyboard;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use webhook_tests::client::post;

use browser::Browser;
use listener::{Listener, TOKEN};

/// The rows that the page has at most.
const MOST_ROWS: u64 = 500;

/// Clicks a delivery, once it is in the list, and waits until it is shown.
async fn read(browser: &Browser, id: usize) {
    let row = format!("#d{id}");
    browser
        .until(&format!("!!document.querySelector('{row}')"))
        .await;
    browser.click(&row).await;
    browser
        .until(&format!(
            "!!document.querySelector('#details[data-id=\"{id}\"] .request')"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_appear_without_a_reload_and_a_forged_one_is_shown_as_forged() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    browser
        .until("document.querySelector('#live').textContent.trim() === 'Live'")
        .await;
    let command = browser.text(".command code").await;
    assert_eq!(
        command,
        format!(
            "webhook-rs send tusfacturas http://{0}/tusfacturas",
            listener.addr
        )
    );
    browser.eval("window.loadedOnce = true").await;

    listener.send("tusfacturas", "/tusfacturas", &["-e", "emitido"]);
    browser.rows(1).await;
    let row = browser.text(".row").await;
    for shown in ["tusfacturas", "emitido", "Authentic", "Received", "200"] {
        assert!(row.contains(shown), "{shown}: {row}");
    }

    listener.forge("forged-credential", &["--set", "evento=forgery"]);
    browser.rows(2).await;
    let row = browser.text(".row:first-child").await;
    for shown in ["Refused", "credential_mismatch", "Not received", "403"] {
        assert!(row.contains(shown), "{shown}: {row}");
    }
    browser.click(".row:first-child").await;
    browser
        .until("!!document.querySelector('.banner.refused')")
        .await;
    assert!(browser.text(".banner").await.contains("Forged"));
    assert_eq!(
        browser
            .eval("document.querySelectorAll('.card.proven').length")
            .await,
        0
    );
    assert!(
        browser
            .text(".conclusion")
            .await
            .contains("tries again: in 5 min")
    );

    browser
        .until("document.querySelector('#said').textContent.includes('arrived')")
        .await;
    assert_eq!(browser.eval("window.loadedOnce").await, true);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_proven_and_what_is_not_are_shown_apart() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    // Sender, path, what is shown as proven, and what as not.
    let cases = [
        (
            "multicaja",
            "/multicaja/webhook_confirm",
            "\"order_id\"",
            "\"amount\"",
        ),
        (
            "multicaja",
            "/multicaja/webhook_confirm",
            "\"reference_id\"",
            "\"endpoint\"",
        ),
        (
            "mercadopago",
            "/mercadopago",
            "x-request-id and the time",
            "\"payment.created\"",
        ),
        ("github", "/github", "the body", "the delivery's id"),
        (
            "stripe",
            "/stripe",
            "\"payload\"",
            "Nothing: the proof covers the whole event",
        ),
        ("telegram", "/telegram", "knows the token", "\"update_id\""),
        (
            "tusfacturas",
            "/tusfacturas",
            "knows the token",
            "\"external_reference\"",
        ),
        ("flow", "/flow", "Nothing", "\"hint\""),
    ];
    for (number, (sender, path, proven, unproven)) in cases.into_iter().enumerate() {
        listener.send(sender, path, &[]);
        read(&browser, number + 1).await;
        let cards = ["proven", "notProven"].map(|card| format!(".card.{card}"));
        let [is, is_not] = [browser.text(&cards[0]).await, browser.text(&cards[1]).await];
        assert!(
            is.contains(proven) && !is.contains(unproven),
            "{sender}: {is}"
        );
        assert!(is_not.contains(unproven), "{sender}: {is_not}");
    }
    // Nothing was proven by this one, so it is not called authentic.
    assert!(browser.text("#d8").await.contains("Unsigned"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filter_finds_by_sender_verdict_and_text_also_what_arrives_later() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("stripe", "/stripe", &["--set", "data.object.id=needle-1"]);
    listener.send("github", "/github", &[]);
    listener.forge("forged-credential", &[]);
    browser.open(&listener.page).await;
    browser.rows(3).await;

    let choose = "(value) => { const it = document.querySelector('#sender'); it.value = value; it.dispatchEvent(new Event('change', { bubbles: true })); }";
    browser.eval(&format!("({choose})('github')")).await;
    browser.rows(1).await;
    assert!(browser.text(".row").await.contains("github"));
    listener.send("stripe", "/stripe", &[]);
    listener.send("github", "/github", &[]);
    browser.rows(2).await;
    assert!(!browser.text(".row").await.contains("stripe"));
    browser.eval(&format!("({choose})('')")).await;
    browser.rows(5).await;

    browser.click("#filter label.refused").await;
    browser.rows(1).await;
    assert!(browser.text(".row").await.contains("credential_mismatch"));
    browser.click("#filter label").await;
    browser.rows(5).await;

    browser.press("/needle-").await;
    browser.rows(1).await;
    listener.send("stripe", "/stripe", &["--set", "data.object.id=needle-2"]);
    browser.rows(2).await;
    browser.press("nothing").await;
    browser
        .until("document.querySelector('#nothing').textContent.includes('No delivery matches')")
        .await;
    browser.click("#nothing button").await;
    browser.rows(6).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn send_again_signs_again_and_says_what_was_masked() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("multicaja", "/multicaja/webhook_confirm", &[]);
    browser.open(&listener.page).await;
    browser.rows(1).await;
    browser.click(".row").await;
    browser.until("!!document.querySelector('#again')").await;
    assert!(browser.text(".request .warning").await.contains("token_id"));
    browser.click("#again").await;
    browser
        .until("!!document.querySelector('#outcome .again .status')")
        .await;
    let outcome = browser.text("#outcome").await;
    for shown in [
        "Sent again to",
        "Signed again",
        "Not the original in: token_id",
        "200",
        "received",
    ] {
        assert!(outcome.contains(shown), "{shown}: {outcome}");
    }
    browser.rows(2).await;
    assert!(browser.text(".row:first-child").await.contains("Authentic"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_of_the_app_is_shown_with_what_the_sender_makes_of_it() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let app = app(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 11\r\nconnection: close\r\n\r\nno database",
    );
    let listener = Listener::with(&["--forward", &app]);
    browser.open(&listener.page).await;
    browser
        .until("document.querySelector('#details').textContent.includes('Forwarding to')")
        .await;
    listener.send("tusfacturas", "/tusfacturas", &[]);
    browser.rows(1).await;
    browser.click(".row").await;
    browser
        .until("!!document.querySelector('section.answer')")
        .await;
    let answer = browser.text("section.answer").await;
    for shown in [
        "503",
        "Your app answered",
        "no database",
        "NOT received: the sender counts only 200",
        "in 5 min",
    ] {
        assert!(answer.contains(shown), "{shown}: {answer}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_shown_while_the_app_is_at_work_and_then_its_answer() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let (release, released) = std::sync::mpsc::channel::<()>();
    let app = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", app.local_addr().unwrap());
    thread::spawn(move || {
        let Ok((mut stream, _)) = app.accept() else {
            return;
        };
        let _request = stream.read(&mut [0; 64 * 1024]);
        let _released = released.recv();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK";
        let _answered = stream.write_all(answer);
    });
    let listener = Listener::with(&["--forward", &url]);
    browser.open(&listener.page).await;
    // The sender has left by the time that the app answers.
    listener.send("tusfacturas", "/tusfacturas", &["--hang-up-after", "300ms"]);
    browser
        .until("document.querySelector('.row .outcome')?.textContent === '…'")
        .await;
    browser.click(".row").await;
    let says = |text: &str| {
        format!("document.querySelector('section.answer')?.textContent.includes('{text}')")
    };
    browser.until(&says("has not answered yet")).await;
    release.send(()).unwrap();
    browser
        .until("document.querySelector('.row .outcome')?.textContent.includes('200')")
        .await;
    browser.until(&says("Your app answered")).await;
    browser.close().await;
}

/// An app that gives this answer to every request, and ends with the test.
fn app(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().take(100) {
            let Ok(mut stream) = stream else { return };
            let _request = stream.read(&mut [0; 64 * 1024]);
            let _answered = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_is_copied_also_where_the_page_may_not_use_the_clipboard() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("stripe", "/stripe", &[]);
    browser.open(&listener.page).await;
    browser.allow_clipboard().await;
    browser.rows(1).await;
    browser.click(".row").await;
    browser.until("!!document.querySelector('#curl')").await;
    for forbid in [
        "",
        "navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden'))",
    ] {
        browser
            .resolve("navigator.clipboard.writeText('nothing')")
            .await;
        if !forbid.is_empty() {
            browser.eval(&format!("{forbid}, true")).await;
        }
        browser.click("#curl").await;
        browser
            .until("document.querySelector('#curl').textContent === 'Copied'")
            .await;
        let copied = browser.resolve("navigator.clipboard.readText()").await;
        let copied = copied.as_str().unwrap();
        assert!(
            copied.contains("curl ") && copied.contains("/stripe"),
            "{copied}"
        );
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_lost_the_connection_says_so_and_catches_up() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let mut listener = Listener::start();
    browser.open(&listener.page).await;
    listener.send("stripe", "/stripe", &[]);
    browser.rows(1).await;
    listener.stop();
    browser
        .until("document.querySelector('#live').textContent.includes('No connection')")
        .await;
    listener.restart();
    listener.send("github", "/github", &[]);
    browser.rows(2).await;
    browser
        .until("document.querySelector('#live').textContent.trim() === 'Live'")
        .await;
    // That the connection was refused, the browser has logged.
    let errors = browser.errors().await;
    assert!(
        errors.iter().all(|error| error.contains("ERR_")),
        "{errors:?}"
    );
    browser.close().await;
}

/// A browser opens six connections to a server, and each page that follows takes one.
#[tokio::test(flavor = "multi_thread")]
async fn many_tabs_are_all_usable() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("stripe", "/stripe", &[]);
    browser.open(&listener.page).await;
    browser.rows(1).await;
    for _ in 0..7 {
        browser.open_in_a_tab(&listener.page).await;
        browser.rows(1).await;
    }
    browser.first_tab().await;
    browser
        .until("document.querySelector('#live').dataset.state === 'live'")
        .await;
    listener.send("github", "/github", &[]);
    browser.rows(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_deliveries_at_five_hundred_a_second_leave_the_page_usable() {
    const DELIVERIES: u32 = 10_000;
    const PAUSE: Duration = Duration::from_millis(2);

    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    browser
        .until("document.querySelector('#live').textContent.trim() === 'Live'")
        .await;
    listener.send("stripe", "/stripe", &[]);
    browser.rows(1).await;
    let addr = listener.addr;
    let burst = thread::spawn(move || {
        let started = Instant::now();
        for number in 0..DELIVERIES {
            let body = format!(
                r#"{{"evento":"emitido","external_reference":"{number}","hook_id":"{number}"}}"#
            );
            let request = post("/tusfacturas", body).header("TF-WebhookToken", TOKEN);
            let response = request
                .header("Content-Type", "application/json")
                .send(addr);
            assert_eq!(response.status, 200);
            thread::sleep((started + PAUSE * number).saturating_duration_since(Instant::now()));
        }
    });
    let mut slowest = Duration::ZERO;
    let mut most = 0;
    while !burst.is_finished() {
        let rows = browser
            .eval("document.querySelectorAll('.row').length")
            .await;
        most = most.max(rows.as_u64().unwrap());
        let clicked = Instant::now();
        browser
            .eval("document.querySelector('.row:nth-child(1)').click()")
            .await;
        slowest = slowest.max(clicked.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    burst.join().unwrap();
    assert!((2..=MOST_ROWS).contains(&most), "{most} rows");
    // Far more than it takes, and far less than a page that draws every delivery would need.
    assert!(slowest < Duration::from_secs(2), "a click took {slowest:?}");

    browser.until("document.querySelector('.row').dataset.id === '10000' || document.querySelector('.row').dataset.id === '10001'").await;
    assert_eq!(
        browser
            .eval("document.querySelectorAll('.row').length")
            .await,
        MOST_ROWS
    );

    // What is older is a button away, and the list does not grow by it.
    let bottom = "document.querySelector('#scroll').scrollTop = 1e9, document.querySelector('#older').click(), true";
    browser.eval(bottom).await;
    browser
        .until("Number(document.querySelector('.row:last-child').dataset.id) < 9500")
        .await;
    assert_eq!(
        browser
            .eval("document.querySelectorAll('.row').length")
            .await,
        MOST_ROWS
    );
    browser.click("#newer").await;
    browser
        .until("Number(document.querySelector('.row').dataset.id) >= 10000")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arrivals_wait_while_somebody_reads_further_down() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send(
        "stripe",
        "/stripe",
        &["--repeat", "60", "--concurrency", "4"],
    );
    browser.open(&listener.page).await;
    browser.rows(60).await;
    browser
        .eval("document.querySelector('#scroll').scrollTop = 900")
        .await;
    listener.send("github", "/github", &[]);
    browser
        .until("!document.querySelector('#newer').hidden")
        .await;
    assert_eq!(browser.text("#newer").await, "1 new");
    assert_eq!(
        browser
            .eval("document.querySelectorAll('.row').length")
            .await,
        60
    );
    browser.click("#newer").await;
    browser.rows(61).await;
    assert!(browser.text(".row:first-child").await.contains("github"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_arrives_while_the_list_is_fetched_is_not_lost() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("stripe", "/stripe", &[]);
    browser.open(&listener.page).await;
    browser.rows(1).await;
    // The answer is there before the delivery, and gets to the page after it.
    browser
        .eval(
            "(() => {
                const own = window.fetch;
                window.fetch = async (path, options) => {
                    const answer = await own(path, options);
                    if (!path.startsWith('api/deliveries?')) return answer;
                    window.answered = true;
                    await new Promise((done) => { window.proceed = done; });
                    return answer;
                };
                document.querySelector('#filter label.authentic input').click();
            })()",
        )
        .await;
    browser.until("window.answered === true").await;
    listener.send("github", "/github", &[]);
    // Longer than the pause between two renderings.
    tokio::time::sleep(Duration::from_secs(1)).await;
    browser.eval("window.proceed()").await;
    browser.rows(2).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_deliveries_are_deleted_after_a_second_click() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("stripe", "/stripe", &[]);
    browser.open(&listener.page).await;
    browser.rows(1).await;
    browser.click("#clear").await;
    assert_eq!(browser.text("#clear").await, "Delete all of them?");
    assert_eq!(
        browser
            .eval("document.querySelectorAll('.row').length")
            .await,
        1
    );
    browser.click("#clear").await;
    browser.rows(0).await;
    listener.send("github", "/github", &[]);
    browser.rows(1).await;
    browser.close().await;
}

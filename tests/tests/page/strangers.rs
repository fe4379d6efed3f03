//! What strangers write is text, and what is secret is nowhere.

use serde_json::json;
use webhook_core::testing::multicaja_digest;
use webhook_tests::client::post;

use crate::browser::Browser;
use crate::listener::{API_KEY, Listener, TOKEN};
use crate::read;

/// Markup that would leave a mark if it ran, what a terminal obeys, and text that turns around what follows it.
const HOSTILE: &str =
    "<img src=x onerror='window.ran=1'><script>window.ran=2</script>\u{202e}\u{200b}";

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_write_is_shown_as_text() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    let before = browser
        .eval("document.querySelectorAll('img, script, iframe, a, style').length")
        .await;

    // In an authentic event, its header and its kind; then in a path and a body that are refused.
    let topic = format!("x-github-event: {HOSTILE}");
    let field = format!("note={HOSTILE}");
    listener.send("github", "/github", &["-H", &topic, "--set", &field]);
    let body = format!("{{\"evento\":\"{HOSTILE}\u{1b}[2J\"}}");
    let sent = post("/tusfacturas/%3Cb%3E\"onclick='window.ran=3'\u{202e}", body)
        .header("TF-WebhookToken", "wrong")
        .header("User-Agent", HOSTILE);
    sent.send(listener.addr);
    browser.rows(2).await;

    for id in [1, 2] {
        read(&browser, id).await;
        browser.until("document.querySelector('section.request').textContent.includes(\"<img src=x onerror='window.ran=1'>\")").await;
        for form in ["button:nth-child(2)", "button:nth-child(1)"] {
            let found = browser
                .eval(&format!(
                    "document.querySelector('section.request .forms {form}')?.click() ?? true"
                ))
                .await;
            assert_eq!(found, true);
        }
        let text = browser.text("main").await;
        for hidden in ['\u{202e}', '\u{200b}', '\u{1b}'] {
            assert!(!text.contains(hidden), "{hidden:?}: {text}");
        }
        assert!(text.contains("U+202E") && text.contains("U+200B"), "{text}");
        assert_eq!(browser.eval("window.ran === undefined").await, true);
        let now = browser
            .eval("document.querySelectorAll('img, script, iframe, a, style').length")
            .await;
        assert_eq!(now, before);
        let handlers = "[...document.querySelectorAll('*')].flatMap((it) => [...it.attributes]).filter((it) => it.name.startsWith('on') || it.name === 'style').length";
        assert_eq!(browser.eval(handlers).await, 0);
    }
    browser.close().await;
}

/// Whatever a sender can get into the kind, the id, the label or the reason of a delivery, today or later.
#[tokio::test(flavor = "multi_thread")]
async fn no_text_that_the_program_gives_the_page_becomes_markup() {
    let Some(browser) = Browser::start("es").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("multicaja", "/multicaja/webhook_confirm", &[]);
    browser.open(&listener.page).await;
    browser.rows(1).await;
    let elements = "document.querySelectorAll('img, script, iframe, a, style').length";
    let before = browser.eval(elements).await;
    let replace = format!(
        "(() => {{
            const own = window.fetch;
            const kept = ['at', 'verdict', 'body_is'];
            const missing = ['delivery_id', 'label', 'reason'];
            const is = (key, value) => value === null ? missing.includes(key) : typeof value === 'string' && !kept.includes(key);
            const hostile = (key, value) => is(key, value) ? {} : value;
            window.fetch = async (...request) => {{
                const answer = await own(...request);
                return new Response(JSON.stringify(await answer.json(), hostile));
            }};
        }})()",
        json!(HOSTILE)
    );
    browser.eval(&replace).await;
    // A row is not drawn again while it stays in the list.
    browser.click("#filter label.refused").await;
    browser.rows(0).await;
    browser.click("#filter label").await;
    browser.rows(1).await;
    browser
        .until("document.querySelector('.row').textContent.includes('<img')")
        .await;
    read(&browser, 1).await;
    browser.click("#again").await;
    browser
        .until("!!document.querySelector('#outcome .again')")
        .await;
    for place in [
        "h2",
        ".facts",
        ".card",
        ".headers th",
        ".headers td",
        ".conclusion",
        ".request pre",
        "#outcome",
    ] {
        let text = browser.text(place).await;
        assert!(
            text.contains("<script>window.ran=2</script>U+202EU+200B"),
            "{place}: {text}"
        );
    }
    assert_eq!(browser.eval(elements).await, before);
    assert_eq!(browser.eval("window.ran === undefined").await, true);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_shown_with_its_own_digits_and_as_bytes_if_it_is_no_text() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    // Neither a number nor an escape is another one afterwards.
    let precise = r#"{"a":12345678901234567890,"b":1.0e2,"c":"\u00e1<","a":{"d":[],"e":[1,2]}}"#;
    let binary = [0xff, 0x00, 0x3c, b'A'];
    // One after the other: what nobody has proven is answered before it is kept.
    post("/tusfacturas", precise).send(listener.addr);
    read(&browser, 1).await;
    let formatted = "{\n  \"a\": 12345678901234567890,\n  \"b\": 1.0e2,\n  \"c\": \"\\u00e1<\",\n  \"a\": {\n    \"d\": [],\n    \"e\": [\n      1,\n      2\n    ]\n  }\n}";
    assert_eq!(browser.text(".request pre").await, formatted);
    browser.click(".request .forms button:nth-child(2)").await;
    assert_eq!(browser.text(".request pre").await, precise);
    post("/tusfacturas", binary).send(listener.addr);
    read(&browser, 2).await;
    let dump = browser.text(".request pre").await;
    assert!(
        dump.starts_with("000000  ff 00 3c 41") && dump.ends_with("··<A"),
        "{dump}"
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_document() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    listener.send("stripe", "/stripe", &[]);
    listener.send("github", "/github", &[]);
    listener.send("tusfacturas", "/tusfacturas", &[]);
    listener.forge("forged-credential-1", &[]);
    // Where an app would echo it: a token in the path, in a field, and in a header of a stranger's.
    let leak = format!(r#"{{"evento":"emitido","external_reference":"{TOKEN}","hook_id":"1"}}"#);
    let leaking = post(&format!("/tusfacturas/{TOKEN}"), leak).header("TF-WebhookToken", TOKEN);
    leaking
        .header("User-Agent", TOKEN)
        .header("Cookie", "session=cookie-1")
        .send(listener.addr);
    let card =
        r#"{"reference_id":"order-1","order_id":"1","mc_code":"000","token_id":"tok_card_4111"}"#;
    let paid = post("/multicaja/webhook_confirm", card).signed("order-1", "1", API_KEY);
    paid.header("Content-Type", "application/json")
        .send(listener.addr);
    browser.rows(6).await;

    let mut secrets = listener.made_secrets();
    assert!(secrets.len() >= 2, "stripe and github have one");
    secrets.extend(
        [
            TOKEN,
            API_KEY,
            "tok_card_4111",
            "forged-credential-1",
            "cookie-1",
        ]
        .map(str::to_owned),
    );
    secrets.push(multicaja_digest("order-1", "1", API_KEY));
    for id in 1..=6 {
        read(&browser, id).await;
        browser.click("#again").await;
        browser
            .until("!!document.querySelector('#outcome .again')")
            .await;
        let document = browser.eval("document.documentElement.outerHTML").await;
        let answer = browser
            .resolve(&format!(
                "fetch('/api/deliveries/{id}').then((it) => it.text())"
            ))
            .await;
        for (place, text) in [("document", document), ("answer", answer)] {
            let text = text.as_str().unwrap();
            assert!(text.contains("hidden"), "{place}: {text}");
            let found = secrets.iter().find(|secret| text.contains(secret.as_str()));
            assert_eq!(found, None, "{place} of delivery {id}");
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_itself_needs_no_inline_code() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    browser
        .until("document.querySelector('#live').textContent.trim() === 'Live'")
        .await;
    // What the policy refuses is in the log of the browser, which is looked at in the end.
    let inline =
        "[...document.querySelectorAll('script')].filter((it) => !it.src || it.textContent).length";
    assert_eq!(browser.eval(inline).await, 0);
    let foreign = "performance.getEntriesByType('resource').filter((it) => !it.name.startsWith(location.origin) && !it.name.startsWith('data:')).length";
    assert_eq!(browser.eval(foreign).await, 0);
    browser.close().await;
}

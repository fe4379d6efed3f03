//! Without a mouse.

use crate::browser::Browser;
use crate::listener::Listener;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
const DOWN: &str = "\u{e015}";
const UP: &str = "\u{e013}";

#[tokio::test(flavor = "multi_thread")]
async fn keys_move_open_search_and_explain_themselves() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    for sender in ["stripe", "github", "tusfacturas"] {
        listener.send(sender, &format!("/{sender}"), &[]);
    }
    browser.open(&listener.page).await;
    browser.rows(3).await;
    let selected = |id: u32| {
        format!(
            "document.querySelector('[aria-selected=true]')?.id === 'd{id}' && document.querySelector('#list').getAttribute('aria-activedescendant') === 'd{id}'"
        )
    };
    for (keys, id) in [
        ("j", 3),
        ("j", 2),
        ("j", 1),
        ("j", 1),
        ("k", 2),
        (UP, 3),
        (DOWN, 2),
        ("g", 3),
    ] {
        browser.press(keys).await;
        browser.until(&selected(id)).await;
    }
    browser.press(ENTER).await;
    browser.until("document.activeElement.tagName === 'H2' && document.activeElement.textContent === 'emitido'").await;
    // A key that is held sends once.
    let held = "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'r', repeat: true, bubbles: true }))";
    browser.eval(held).await;
    assert_eq!(
        browser
            .eval("document.querySelector('#again').disabled")
            .await,
        false
    );
    browser.press("r").await;
    browser
        .until("!!document.querySelector('#outcome .again')")
        .await;
    browser.press(ESCAPE).await;
    browser.until("document.activeElement.id === 'list' && !document.querySelector('[aria-selected=true]')").await;

    browser.press("/stripe").await;
    browser.rows(1).await;
    // Letters are text there, and no commands.
    browser.press("jk?").await;
    assert_eq!(
        browser.eval("document.querySelector('#q').value").await,
        "stripejk?"
    );
    browser.press(ESCAPE).await;
    browser.rows(4).await;
    browser.press(ESCAPE).await;
    browser.press("?").await;
    browser.until("document.querySelector('#help').open").await;
    assert!(browser.text("#help").await.contains("Next delivery"));
    browser.press(ESCAPE).await;
    browser.until("!document.querySelector('#help').open").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_reached_by_tab_and_shows_that_it_has_the_focus() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("stripe", "/stripe", &[]);
    browser.open(&listener.page).await;
    browser.rows(1).await;
    browser.click(".row").await;
    browser.until("!!document.querySelector('#again')").await;
    let usable = "[...document.querySelectorAll('a, button, select, input:not([type=radio]), [tabindex=\"0\"]')].filter((it) => it.checkVisibility()).length";
    let usable = browser.eval(usable).await.as_u64().unwrap();
    browser
        .eval("document.activeElement.blur(), window.reached = new Set(), true")
        .await;
    for _ in 0..usable + 8 {
        browser.press(TAB).await;
        let unmarked = "(() => {
            const it = document.activeElement;
            if (it === document.body) return false;
            window.reached.add(it);
            const marked = it.matches('[type=radio]') ? it.nextElementSibling : it;
            return getComputedStyle(marked).outlineStyle === 'none' && it.outerHTML.slice(0, 200);
        })()";
        assert_eq!(browser.eval(unmarked).await, false);
    }
    let missed = "[...document.querySelectorAll('a, button, select, input:not([type=radio]), [tabindex=\"0\"]')].filter((it) => it.checkVisibility() && !window.reached.has(it)).map((it) => it.outerHTML.slice(0, 200)).join('\\n')";
    assert_eq!(browser.eval(missed).await, "");
    // And has a name that a screen reader says.
    let nameless = "[...document.querySelectorAll('button, select, input')].filter((it) => it.checkVisibility() && !(it.getAttribute('aria-label') || it.textContent.trim() || it.closest('label')?.textContent.trim())).map((it) => it.outerHTML).join('\\n')";
    assert_eq!(browser.eval(nameless).await, "");
    browser.close().await;
}

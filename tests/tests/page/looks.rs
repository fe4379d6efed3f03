//! Languages, colors and sizes.

use std::path::PathBuf;

use webhook_tests::client::post;

use crate::browser::Browser;
use crate::listener::Listener;
use crate::read;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_the_language_of_the_browser_or_the_one_that_was_chosen() {
    for (language, code, shown, chosen, other) in [
        ("es-CL", "es", "En vivo", "en", "Live"),
        ("es-AR", "es", "En vivo", "en", "Live"),
        ("en-US", "en", "Live", "es", "En vivo"),
        ("de-DE", "en", "Live", "es", "En vivo"),
    ] {
        let Some(browser) = Browser::start(language).await else {
            return;
        };
        let listener = Listener::start();
        // What cannot be sent again.
        let get = post("/tusfacturas", "").method("GET");
        get.send(listener.addr);
        browser.open(&listener.page).await;
        browser
            .until(&format!(
                "document.querySelector('#live').textContent.trim() === '{shown}'"
            ))
            .await;
        browser.rows(1).await;
        browser.click(".row").await;
        browser.until("!!document.querySelector('.banner')").await;
        assert_eq!(browser.eval("document.documentElement.lang").await, code);
        let choose = format!(
            "(() => {{ const it = document.querySelector('#language'); it.value = '{chosen}'; it.dispatchEvent(new Event('change')); }})()"
        );
        browser.eval(&choose).await;
        for again in [false, true] {
            if again {
                browser.reload().await;
            }
            browser
                .until(&format!(
                    "document.querySelector('#live').textContent.trim() === '{other}'"
                ))
                .await;
            browser.until("!!document.querySelector('.banner') && document.querySelectorAll('.row').length === 1").await;
            let text = browser.text("main").await;
            let [english, spanish] = ["Refused", "Rechazada"].map(|word| text.contains(word));
            assert_eq!(
                (english, spanish),
                (chosen == "en", chosen == "es"),
                "{text}"
            );
            browser.click("#again").await;
            browser
                .until("!!document.querySelector('#outcome .warning')")
                .await;
            let why = browser.text("#outcome").await;
            assert_eq!(why.contains("esto fue un GET"), chosen == "es", "{why}");
            let conclusion = browser.text(".conclusion").await;
            assert_eq!(
                conclusion.contains("el emisor reintenta"),
                chosen == "es",
                "{conclusion}"
            );
        }
        // A browser logs what it was refused.
        let logged = browser.errors().await;
        assert!(logged.iter().all(|line| line.contains("409")), "{logged:?}");
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_is_there_in_both_languages() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    // The names of all texts, and whether they are made of something.
    let names = "Promise.all([import('/en.js'), import('/es.js')]).then(([{ en }, { es }]) => {
        const names = (table) => Object.entries(table)
            .filter(([name]) => name !== 'said' && name !== 'patterns')
            .flatMap(([name, text]) => typeof text === 'object' ? Object.keys(text).map((it) => `${name}.${it}`) : `${name} ${typeof text} ${text.length === 0}`);
        return [names(en), names(es)];
    })";
    let names = browser.resolve(names).await;
    assert!(names[0].as_array().unwrap().len() > 80);
    assert_eq!(names[0], names[1]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn back_leads_from_a_delivery_to_the_list_on_a_narrow_screen() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    listener.send("stripe", "/stripe", &[]);
    browser.resize(360, 740, 1.0).await;
    browser.open(&listener.page).await;
    for back in ["history.back()", "document.querySelector('.back').click()"] {
        read(&browser, 1).await;
        assert_eq!(
            browser
                .eval("document.querySelector('#list').checkVisibility()")
                .await,
            false
        );
        browser.eval(back).await;
        browser
            .until("document.querySelector('#list').checkVisibility() && location.hash === ''")
            .await;
    }
    // The address of a delivery leads to it.
    browser.open(&format!("{}/#1", listener.page)).await;
    browser.reload().await;
    browser
        .until("!!document.querySelector('#details[data-id=\"1\"] .request')")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_the_screen_and_every_text_can_be_read() {
    let Some(browser) = Browser::start("es").await else {
        return;
    };
    let listener = Listener::start();
    let long = format!("note={}", "w".repeat(3000));
    listener.send("stripe", "/stripe", &["--set", &long]);
    listener.send("flow", "/flow", &[]);
    listener.send("multicaja", "/multicaja/webhook_confirm", &[]);
    listener.forge("forged-credential", &[]);
    browser.open(&listener.page).await;
    browser.rows(4).await;
    for scheme in ["light", "dark"] {
        browser.prefer("prefers-color-scheme", scheme).await;
        for (width, height) in [(360, 740), (860, 700), (1400, 900)] {
            browser.resize(width, height, 1.0).await;
            browser.until(&format!("innerWidth === {width}")).await;
            for id in [0, 1, 2, 3, 4] {
                match id {
                    0 => browser.click("#setup").await,
                    id => {
                        browser
                            .eval(&format!("document.querySelector('#d{id}').click(), true"))
                            .await;
                        browser
                            .until(&format!(
                                "!!document.querySelector('#details[data-id=\"{id}\"] .request')"
                            ))
                            .await;
                        browser
                            .eval("document.querySelector('#again').click(), true")
                            .await;
                        browser
                            .until("!!document.querySelector('#outcome .again')")
                            .await;
                    }
                }
                let place = format!("{scheme}, {width} pixels, {id}");
                // Colors pass into each other for a moment.
                browser.until("document.getAnimations().length === 0").await;
                let wide = browser.eval("document.documentElement.scrollWidth > innerWidth || document.querySelector('#details').scrollWidth > document.querySelector('#details').clientWidth || document.querySelector('#scroll').scrollWidth > document.querySelector('#scroll').clientWidth").await;
                assert_eq!(wide, false, "{place}");
                assert_eq!(browser.eval(FAINT).await, "", "{place}");
                let is_open = browser
                    .eval("document.querySelector('#details').checkVisibility()")
                    .await;
                assert_eq!(is_open, true, "{place}");
                let has_list = browser
                    .eval("document.querySelector('#list').checkVisibility()")
                    .await;
                assert_eq!(has_list, width >= 860, "{place}");
                if width < 860 {
                    browser.click(".back").await;
                    browser
                        .until("document.querySelector('#list').checkVisibility()")
                        .await;
                    assert_eq!(browser.eval(FAINT).await, "", "{place}, list");
                }
            }
        }
    }
    browser.close().await;
}

/// Texts with less contrast than WCAG 2 asks for at level AA: 4.5.
const FAINT: &str = r#"(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const over = (colors) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => rgb.map((it) => it / 255).map((it) => it <= .04045 ? it / 12.92 : ((it + .055) / 1.055) ** 2.4)
        .reduce((sum, it, at) => sum + it * [.2126, .7152, .0722][at], 0);
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest('.unseen, .skip, option, noscript')) continue;
        const behind = [];
        for (let it = element; it; it = it.parentElement) behind.unshift(getComputedStyle(it).backgroundColor);
        const below = over(['white', ...behind]);
        const [one, other] = [light(below), light(over(['white', ...behind, getComputedStyle(element).color]))].sort((a, b) => b - a);
        const contrast = (one + .05) / (other + .05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(2)}: ${element.className} ${texts.currentNode.data.slice(0, 40)}`);
    }
    return [...new Set(faint)].join('\n');
})()"#;

#[tokio::test(flavor = "multi_thread")]
async fn who_prefers_less_motion_sees_none() {
    let Some(browser) = Browser::start("en").await else {
        return;
    };
    let listener = Listener::start();
    browser.open(&listener.page).await;
    browser
        .until("document.querySelector('#live').textContent.trim() === 'Live'")
        .await;
    let moves = "[...document.querySelectorAll('*')].filter((it) => getComputedStyle(it).transitionDuration !== '0s' || getComputedStyle(it).animationName !== 'none').length";
    assert_ne!(browser.eval(moves).await, 0);
    browser.prefer("prefers-reduced-motion", "reduce").await;
    assert_eq!(browser.eval(moves).await, 0);
    browser.close().await;
}

/// Draws the pictures in `docs/images` into the directory that `WEBHOOK_SCREENSHOTS` names.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "WEBHOOK_SCREENSHOTS=docs/images draws the pictures of the documentation"]
async fn pictures_for_the_documentation() {
    let Some(directory) = std::env::var_os("WEBHOOK_SCREENSHOTS").map(PathBuf::from) else {
        return;
    };
    // Relative to the workspace, as its user means it.
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(directory);
    std::fs::create_dir_all(&directory).unwrap();
    for (name, language, scheme, width, height, scale) in [
        ("listen-light.png", "en", "light", 1180, 740, 1.0),
        ("listen-dark.png", "en", "dark", 1180, 740, 1.0),
        ("listen-narrow.png", "es-CL", "light", 360, 720, 1.5),
    ] {
        let Some(browser) = Browser::start(language).await else {
            return;
        };
        let listener = Listener::start();
        for (sender, path, arguments) in [
            ("slack", "/slack", &[][..]),
            ("flow", "/flow", &[]),
            ("shopify", "/shopify", &[]),
            ("github", "/github", &["-e", "push"]),
            ("stripe", "/stripe", &[]),
            ("tusfacturas", "/tusfacturas", &["-e", "encolado"]),
            ("mercadopago", "/mercadopago", &[]),
            ("tusfacturas", "/tusfacturas", &["-e", "emitido"]),
        ] {
            listener.send(sender, path, arguments);
        }
        listener.forge("guessed", &["-e", "emitido"]);
        listener.send("multicaja", "/multicaja/webhook_confirm", &[]);
        browser.prefer("prefers-color-scheme", scheme).await;
        browser.resize(width, height, scale).await;
        browser.open(&listener.page).await;
        browser.rows(10).await;
        if width > 860 {
            // The forged one in the dark.
            read(&browser, if scheme == "dark" { 9 } else { 10 }).await;
            browser.eval("document.activeElement.blur()").await;
        }
        browser.until("document.getAnimations().length === 0").await;
        std::fs::write(directory.join(name), browser.screenshot().await).unwrap();
        browser.close().await;
    }
}

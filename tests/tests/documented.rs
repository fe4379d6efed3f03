//! The table of senders says what each proves. Here it is compared with what the code checks.

use std::collections::BTreeMap;

use webhook_core::signing::Scheme;
use webhook_core::{Value, dlocal};

/// The scheme of a preset; dLocal's has the login of an account.
macro_rules! scheme_of {
    (dlocal $Sender:ident) => {
        dlocal::$Sender::<Value>::with_login("login", "s3cr3t")
            .expect("a login and a secret")
            .scheme()
            .clone()
    };
    ($module:ident $Sender:ident) => {
        webhook_core::$module::$Sender::<Value>::preset_scheme()
    };
}

macro_rules! schemes {
    ($($(#[$cfg:meta])* $module:ident $Sender:ident $Layer:ident $title:literal;)*) => {
        [$((stringify!($module), scheme_of!($module $Sender))),*]
    };
}

/// The rows that link to the module of a preset: credential, what is covered, what is not.
fn rows(page: &str) -> BTreeMap<&str, [&str; 3]> {
    const MODULES: &str = "](https://docs.rs/webhook-core/latest/webhook_core/";

    let lines = page.lines().filter(|line| line.starts_with("| ["));
    lines
        .filter_map(|line| {
            let (_, row) = line.split_once(MODULES)?;
            let (module, cells) = row.split_once("/) | ")?;
            let cells = cells.strip_suffix('|')?.trim_end();
            let mut cells = cells
                .splitn(3, " | ")
                .map(|cell| cell.trim_matches(['|', ' ']));
            Some((module, [(); 3].map(|()| cells.next().unwrap_or_default())))
        })
        .collect()
}

#[test]
fn the_table_of_senders_says_what_each_preset_proves() {
    let schemes: [(&str, Scheme); _] = webhook_core::__for_each_preset!(schemes);
    let english = include_str!("../../docs/senders.md");
    let spanish = include_str!("../../docs/es/emisores.md");
    for (page, [nothing, body, time]) in [
        (english, ["nothing", "body", "time"]),
        (spanish, ["nada", "el cuerpo", "la fecha"]),
    ] {
        let rows = rows(page);
        assert_eq!(rows.len(), schemes.len(), "{:?}", rows.keys());
        for (module, scheme) in &schemes {
            let [credential, covered, uncovered] = rows[module];
            let header = credential.split(['`', ':']).nth(1).expect("a header");
            let is_named = scheme
                .credential_headers()
                .iter()
                .any(|name| name.as_str().eq_ignore_ascii_case(header));
            assert!(is_named, "{module}: {header}");
            assert_eq!(covered == nothing, scheme.is_token(), "{module}: {covered}");
            assert_eq!(
                covered.contains(body),
                scheme.signs_body(),
                "{module}: {covered}"
            );
            assert_eq!(
                covered.contains(time),
                scheme.signs_time(),
                "{module}: {covered}"
            );
            assert!(
                scheme.signs_body() || uncovered.contains(body),
                "{module}: {uncovered}"
            );
            assert!(
                scheme.signs_time() || uncovered.contains(time.rsplit(' ').next().expect("a word")),
                "{module}: {uncovered}"
            );
        }
    }
}

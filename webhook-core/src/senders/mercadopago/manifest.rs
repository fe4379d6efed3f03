/// The signed text: the parts that are present.
pub(crate) fn manifest(data_id: Option<&str>, request_id: Option<&str>, ts: &str) -> String {
    let mut manifest = String::with_capacity(128);
    for (name, value) in [
        ("id:", data_id),
        ("request-id:", request_id),
        ("ts:", Some(ts)),
    ] {
        if let Some(value) = value {
            manifest.extend([name, value, ";"]);
        }
    }
    manifest
}

/// The lowercase id, if that is different.
pub(super) fn lower_cased(id: &str) -> Option<String> {
    id.bytes()
        .any(|byte| byte.is_ascii_uppercase())
        .then(|| id.to_ascii_lowercase())
}

/// The time in milliseconds: 10^11 seconds is the year 5138, 10^11 milliseconds was in 1973.
pub(super) fn milliseconds(ts: u64) -> u64 {
    if ts < 100_000_000_000 { ts * 1000 } else { ts }
}

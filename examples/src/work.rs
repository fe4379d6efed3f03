use std::env;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::StartError;

/// The longest time for a handler: a day, in milliseconds.
const MOST: u32 = 24 * 60 * 60 * 1000;

/// `HANDLER_MS`: how long a handler takes beside writing the event down, for trying what happens then. None by default.
pub(crate) fn handler_time() -> Result<Duration, StartError> {
    let milliseconds = number("HANDLER_MS", 0, MOST)?.unwrap_or(0);
    Ok(Duration::from_millis(milliseconds.into()))
}

/// `ANSWER_BY_MS`: how long after its head a request is answered at the latest. By default what its sender documents.
pub(crate) fn answer_by() -> Result<Option<Duration>, StartError> {
    let milliseconds = number("ANSWER_BY_MS", 1, MOST)?;
    Ok(milliseconds.map(|it| Duration::from_millis(it.into())))
}

/// `HANDLER_FAILS`: how many attempts of each delivery fail. None by default.
pub(crate) fn failing_attempts() -> Result<u32, StartError> {
    Ok(number("HANDLER_FAILS", 0, 1_000)?.unwrap_or(0))
}

/// `WORKERS`: how many deliveries are handled at once. 16 by default.
pub(crate) fn workers() -> Result<NonZeroU32, StartError> {
    let workers = number("WORKERS", 1, 10_000)?.unwrap_or(16);
    Ok(NonZeroU32::new(workers).unwrap_or(NonZeroU32::MIN))
}

fn number(variable: &str, least: u32, most: u32) -> Result<Option<u32>, StartError> {
    let Some(text) = env::var_os(variable) else {
        return Ok(None);
    };
    let number = text.to_str().and_then(|text| text.parse().ok());
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(StartError::setting(
            variable,
            format_args!(
                "is not a whole number from {least} to {most}: set it to one, or unset it"
            ),
        )),
    }
}

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

use crate::conclusion::when;
use crate::show::{length, note};

/// How often the line is written again, on a terminal.
const TICK: Duration = Duration::from_millis(200);

/// Waits for the next attempt of a sender, this many times faster than it does, with a line that says so.
pub(super) async fn wait(wait: Duration, speed: f64, (next, of): (usize, usize)) {
    // A wait that a clock cannot count is none that ends.
    let shortened = Duration::try_from_secs_f64(wait.as_secs_f64() / speed).unwrap_or(wait);
    let what = format!("attempt {next} of {of} {}", when(wait));
    let what = match speed == 1.0 {
        true => what,
        false => format!("{what}: {} at this speed", length(shortened)),
    };
    if !stderr().is_terminal() || shortened < 2 * TICK {
        note(&what);
        tokio::time::sleep(shortened).await;
        return;
    }
    let started = Instant::now();
    while let Some(left) = shortened.checked_sub(started.elapsed()) {
        rewrite(&format!("{what}, {} left", length(left)));
        tokio::time::sleep(left.min(TICK)).await;
    }
    rewrite(&what);
    note("");
}

/// Writes over the line of before.
fn rewrite(text: &str) {
    let mut stderr = stderr().lock();
    let _nobody_reads_it = write!(stderr, "\r\u{1b}[2K{text}").and_then(|()| stderr.flush());
}

//! How long a test waits for something that must happen.

use std::time::Duration;

/// A safety net, not a judgment of the machine: what never happens fails the test instead of hanging it, but what is
/// only slow because other processes are running does not. So it is far more than anything needs. A limit is tested by
/// what ends without the client's doing, and by nothing ending too early.
pub const PATIENCE: Duration = Duration::from_secs(120);

//! How long a test waits for what must come.

use std::time::Duration;

/// A safety net, not a judgment of the machine: what never comes fails the test instead of hanging it, and what only
/// takes long because other processes run beside it does not. So it is far more than anything needs. That a limit is
/// held is shown by what ends although the client did nothing for it, and by nothing that ends before its time.
pub const PATIENCE: Duration = Duration::from_secs(120);

use super::Provider;

/// The path with hyphens in place of the sender's credential, if it has one there.
///
/// It is as long as before, because routers keep positions in the path. A range that is not in the path hides all of it.
#[inline]
pub(crate) fn hidden_path<P: Provider + ?Sized>(provider: &P, path: &str) -> Option<String> {
    let secret = provider.secret_in_path(path)?;
    let parts = path
        .get(..secret.start)
        .zip(path.get(secret.clone()))
        .zip(path.get(secret.end..));
    Some(match parts {
        Some(((before, secret), after)) => [before, &"-".repeat(secret.len()), after].concat(),
        None => format!("/{}", "-".repeat(path.len().saturating_sub(1))),
    })
}

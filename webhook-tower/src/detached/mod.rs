//! Handlers in tasks of their own.

pub(crate) mod course;
mod future;
pub(crate) mod layer;
mod service;
mod tasks;

pub use self::future::DetachedFuture;
pub use self::layer::DetachedLayer;
pub use self::service::DetachedService;
pub use self::tasks::Tasks;

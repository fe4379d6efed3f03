use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use webhook_core::{Head, HeaderField, Headers};

/// actix's header map for the core, which knows the one of `http` 1 only.
pub(crate) struct ActixHeaders<'a>(&'a HeaderMap);

impl<'a> ActixHeaders<'a> {
    pub(crate) fn of(request: &'a ServiceRequest) -> Self {
        Self(request.headers())
    }

    pub(crate) fn head(&'a self, request: &'a ServiceRequest) -> Head<'a> {
        Head::new(
            request.method().as_str(),
            request.uri().path(),
            request.uri().query(),
            self,
        )
    }
}

impl Headers for ActixHeaders<'_> {
    fn field(&self, name: &'static str) -> HeaderField<'_> {
        // A lookup here: a scan would walk over the large buckets of actix's map.
        let mut values = self.0.get_all(HeaderName::from_static(name));
        match (values.next(), values.next()) {
            (None, _) => HeaderField::Absent,
            (Some(value), None) => HeaderField::Once(value.as_bytes()),
            (Some(_), Some(_)) => HeaderField::Repeated,
        }
    }
}

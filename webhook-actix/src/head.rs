use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
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
    fn field(&self, name: &str) -> HeaderField<'_> {
        let fields = self.0.iter();
        HeaderField::scan(
            fields.map(|(name, value)| (name.as_str(), value.as_bytes())),
            name,
        )
    }
}

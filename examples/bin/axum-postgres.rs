fn main() -> Result<(), webhook_examples::StartError> {
    webhook_examples::axum_postgres::run()
}

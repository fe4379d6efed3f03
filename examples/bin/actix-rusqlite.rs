fn main() -> Result<(), webhook_examples::StartError> {
    webhook_examples::actix_rusqlite::run()
}

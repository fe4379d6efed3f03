fn main() -> Result<(), webhook_examples::StartError> {
    webhook_examples::custom_provider::run()
}

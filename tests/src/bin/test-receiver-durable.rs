fn main() -> Result<(), webhook_examples::StartError> {
    webhook_examples::receiver::durable::run()
}

fn main() -> Result<(), webhook_examples::StartError> {
    webhook_examples::prometheus::run()
}

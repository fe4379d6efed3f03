//! error: E0080
//! message: a topic is in the table twice: remove one of them

webhook_tower::topics! {
    #[derive(Clone)]
    enum ShopEvent {
        "order/paid" => Paid,
        "order/cancelled" => Cancelled,
        "order/paid" => PaidAgain,
    }
}

fn main() {
    let _topics = ShopEvent::TOPICS;
}

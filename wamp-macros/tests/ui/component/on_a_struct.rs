use wamp_client::component;

#[component]
struct Counter;

fn main() {}

use std::rc::Rc;

use wamp_client::register;

#[register("com.example.count")]
async fn count(word: String) -> usize {
    let word = Rc::new(word);
    std::future::ready(()).await;
    word.len()
}

fn main() {}

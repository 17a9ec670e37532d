use wamp_client::register;

#[register("com.example.sum")]
async fn sum(numbers: &[i64]) -> i64 {
    numbers.iter().sum()
}

fn main() {}

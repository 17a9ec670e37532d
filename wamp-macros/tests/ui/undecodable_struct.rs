use wamp_client::register;

struct Point {
    x: f64,
}

#[register("com.example.move")]
async fn x_of(point: Point) -> f64 {
    point.x
}

fn main() {}

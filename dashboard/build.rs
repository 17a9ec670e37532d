//! Has the page embedded again when a file of it is added or removed.

fn main() {
    println!("cargo::rerun-if-changed=static");
}

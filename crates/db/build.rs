//! The migrations are embedded: a new one must reach the binary though no source names it.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}

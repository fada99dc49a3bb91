//! What must hold for every token and every code, tried on many: signing and verifying, damage, forms, spoken codes.

mod damage;
mod forms;
mod round_trip;
mod spoken;
mod world;

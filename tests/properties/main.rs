//! What must hold for every token and every code, tried on many: signing and verifying, damage, forms, spoken codes.

mod cose;
mod custody;
mod damage;
mod foreign;
mod forms;
mod given;
mod rotation;
mod round_trip;
mod spoken;
mod world;

use crate::{Run,Told}; pub fn story(_: &Run) -> Told { Told::NotRun(String::new()) } pub fn each_write_fails(_: &Run) -> Told { Told::NotRun(String::new()) }

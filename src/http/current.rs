//! What an operator may change while the service runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::assets::Assets;
use crate::page::Pages;

/// A value that is replaced whole: a request sees the one before or the one after.
pub struct Current<T>(RwLock<Arc<T>>);

impl<T> Current<T> {
    /// Holds `value` until the first [`Self::set`].
    pub fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// The value that was set last; it stays as it is however long a request keeps it.
    pub fn get(&self) -> Arc<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the value for the requests that come from now on.
    pub fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}

/// The pages for the person approached, and their files.
pub struct Site {
    /// The plain form and its answers.
    pub pages: Pages,
    /// The page and its files.
    pub assets: Assets,
}

impl Site {
    /// With its files, compressed.
    pub fn new(pages: Pages) -> Self {
        Self { assets: Assets::new(&pages), pages }
    }
}

//! Values that are stored as JSON texts: language maps, which are read whole and never searched.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::StoreError;

/// Reads a stored JSON text.
///
/// # Errors
/// [`StoreError::Corrupt`] when it does not have the expected shape.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}

/// Writes a value as JSON text.
///
/// # Errors
/// [`StoreError::Corrupt`] for a value that has no JSON form.
pub fn write(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::corrupt)
}

/// A value as JSON.
///
/// # Errors
/// [`StoreError::Corrupt`] for a value that JSON can't hold, which is a defect.
pub fn value(value: &impl Serialize) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(StoreError::corrupt)
}

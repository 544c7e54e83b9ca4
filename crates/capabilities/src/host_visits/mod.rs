//! Host visits: hosts of live rooms who come to each other, with their audiences.

use serde::{Deserialize, Serialize};

/// What the two live rooms of a visit tell each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {}

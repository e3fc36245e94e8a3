//! Bounded containers over slices that the storage lends: no allocation, no hash order.

pub(crate) mod deadlines;
pub(crate) mod list;
pub(crate) mod peer_index;
pub(crate) mod pool;
pub(crate) mod ring;

//! Query pools: result statuses and timestamps.

use std::sync::{Mutex, PoisonError};

use ash::vk;

/// One query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Whether it is available.
    pub(crate) available: bool,
    /// Its value: a time, or nothing for result status queries.
    pub(crate) value: u64,
    /// VkQueryResultStatusKHR.
    pub(crate) status: i32,
}

/// A query pool.
pub(crate) struct QueryPool {
    pub(crate) kind: vk::QueryType,
    queries: Mutex<Vec<Query>>,
}

impl QueryPool {
    pub(crate) fn new(kind: vk::QueryType, count: u32) -> Self {
        Self { kind, queries: Mutex::new(vec![Query::default(); count as usize]) }
    }

    /// Changes query `index`, if there is one.
    pub(crate) fn set(&self, index: u32, query: Query) {
        let mut queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = queries.get_mut(index as usize) {
            *slot = query;
        }
    }

    /// Resets `count` queries from `first` on.
    pub(crate) fn reset(&self, first: u32, count: u32) {
        for index in first..first.saturating_add(count) {
            self.set(index, Query::default());
        }
    }

    /// Query `index`.
    pub(crate) fn get(&self, index: u32) -> Query {
        let queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        queries.get(index as usize).copied().unwrap_or_default()
    }

    /// The bytes that `flags` ask for of query `index`; whether it is available.
    pub(crate) fn result(&self, index: u32, flags: vk::QueryResultFlags) -> (Vec<u8>, bool) {
        let query = self.get(index);
        let wide = flags.contains(vk::QueryResultFlags::TYPE_64);
        let mut bytes = Vec::new();
        let mut put = |value: i64| match wide {
            true => bytes.extend_from_slice(&value.to_ne_bytes()),
            false => bytes.extend_from_slice(&(value as i32).to_ne_bytes()),
        };
        if self.kind == vk::QueryType::TIMESTAMP {
            put(query.value as i64);
        }
        if flags.contains(vk::QueryResultFlags::WITH_STATUS_KHR) {
            put(query.status.into());
        } else if flags.contains(vk::QueryResultFlags::WITH_AVAILABILITY) {
            put(query.available.into());
        }
        (bytes, query.available)
    }
}

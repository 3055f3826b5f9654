//! Recorded commands: plain data with counted references, no pointer of the application.

use std::sync::{Arc, Mutex, PoisonError};

use ash::vk;

use crate::access::Dependency;
use crate::image::{Buffer, Image};
use crate::query::QueryPool;
use crate::sync::Counter;
use crate::video::op::{BeginOp, DecodeOp};
use crate::video::session::Session;

/// One command.
#[derive(Clone)]
pub(crate) enum Command {
    /// vkCmdCopyBuffer.
    CopyBuffer { src: Arc<Buffer>, dst: Arc<Buffer>, regions: Vec<vk::BufferCopy> },
    /// vkCmdCopyBufferToImage.
    CopyBufferToImage {
        src: Arc<Buffer>,
        dst: Arc<Image>,
        layout: vk::ImageLayout,
        regions: Vec<vk::BufferImageCopy>,
    },
    /// vkCmdCopyImageToBuffer.
    CopyImageToBuffer {
        src: Arc<Image>,
        layout: vk::ImageLayout,
        dst: Arc<Buffer>,
        regions: Vec<vk::BufferImageCopy>,
    },
    /// vkCmdCopyImage.
    CopyImage {
        src: Arc<Image>,
        dst: Arc<Image>,
        /// Of `src` and `dst`.
        layouts: (vk::ImageLayout, vk::ImageLayout),
        regions: Vec<vk::ImageCopy>,
    },
    /// vkCmdFillBuffer.
    FillBuffer { dst: Arc<Buffer>, offset: u64, size: u64, data: u32 },
    /// vkCmdUpdateBuffer.
    UpdateBuffer { dst: Arc<Buffer>, offset: u64, data: Vec<u8> },
    /// vkCmdClearColorImage of images whose texels are `texel`.
    ClearImage { dst: Arc<Image>, layout: vk::ImageLayout, texel: Vec<u8> },
    /// vkCmdPipelineBarrier, and what vkCmdWaitEvents has of it.
    Barrier(Box<Dependency>),
    /// vkCmdResetQueryPool.
    ResetQueries { pool: Arc<QueryPool>, first: u32, count: u32 },
    /// vkCmdBeginQuery.
    BeginQuery { pool: Arc<QueryPool>, index: u32 },
    /// vkCmdEndQuery.
    EndQuery { pool: Arc<QueryPool>, index: u32 },
    /// vkCmdWriteTimestamp.
    WriteTimestamp { pool: Arc<QueryPool>, index: u32 },
    /// vkCmdCopyQueryPoolResults.
    CopyQueryResults {
        pool: Arc<QueryPool>,
        first: u32,
        count: u32,
        dst: Arc<Buffer>,
        offset: u64,
        stride: u64,
        flags: vk::QueryResultFlags,
    },
    /// vkCmdSetEvent and vkCmdResetEvent.
    SetEvent { event: Arc<Counter>, value: u64 },
    /// vkCmdWaitEvents.
    WaitEvents(Vec<Arc<Counter>>),
    /// vkCmdBeginVideoCodingKHR.
    BeginVideo(Box<BeginOp>),
    /// vkCmdControlVideoCodingKHR with RESET.
    ResetVideo,
    /// vkCmdDecodeVideoKHR.
    Decode(Box<DecodeOp>),
    /// vkCmdEndVideoCodingKHR.
    EndVideo,
    /// vkCmdExecuteCommands.
    Execute(Vec<Arc<[Command]>>),
}

/// A command buffer.
#[derive(Default)]
pub(crate) struct CommandBuffer {
    recording: Mutex<Vec<Command>>,
    recorded: Mutex<Arc<[Command]>>,
}

impl CommandBuffer {
    /// vkBeginCommandBuffer and vkResetCommandBuffer.
    pub(crate) fn begin(&self) {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// Appends a command.
    pub(crate) fn push(&self, command: Command) {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner).push(command);
    }

    /// The video session of the coding scope that is being recorded.
    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        let recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        recording.iter().rev().find_map(|command| match command {
            Command::BeginVideo(begin) => Some(Arc::clone(&begin.session)),
            _ => None,
        })
    }

    /// vkEndCommandBuffer.
    pub(crate) fn end(&self) {
        let commands =
            std::mem::take(&mut *self.recording.lock().unwrap_or_else(PoisonError::into_inner));
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = commands.into();
    }

    /// What was recorded.
    pub(crate) fn commands(&self) -> Arc<[Command]> {
        Arc::clone(&self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

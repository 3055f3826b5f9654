//! The device functions that are looked at, with their hooks; the next layer's functions.

use std::ffi::CStr;

use ash::vk;

/// A function without its type.
pub(super) type Function = unsafe extern "system" fn();

/// Gives `$with` the list: member of [`Table`], type, hook, names.
macro_rules! functions {
    ($with:ident) => {
        $with! {
            destroy_device: vk::PFN_vkDestroyDevice = creation::destroy, [c"vkDestroyDevice"];
            get_device_queue: vk::PFN_vkGetDeviceQueue = creation::queue, [c"vkGetDeviceQueue"];
            get_device_queue2: vk::PFN_vkGetDeviceQueue2 = creation::queue2, [c"vkGetDeviceQueue2"];
            create_buffer: vk::PFN_vkCreateBuffer = objects::create_buffer, [c"vkCreateBuffer"];
            destroy_buffer: vk::PFN_vkDestroyBuffer = objects::destroy_buffer, [c"vkDestroyBuffer"];
            create_image: vk::PFN_vkCreateImage = objects::create_image, [c"vkCreateImage"];
            destroy_image: vk::PFN_vkDestroyImage = objects::destroy_image, [c"vkDestroyImage"];
            create_image_view: vk::PFN_vkCreateImageView =
                objects::create_image_view, [c"vkCreateImageView"];
            destroy_image_view: vk::PFN_vkDestroyImageView =
                objects::destroy_image_view, [c"vkDestroyImageView"];
            bind_buffer_memory: vk::PFN_vkBindBufferMemory =
                memory::bind_buffer, [c"vkBindBufferMemory"];
            bind_buffer_memory2: vk::PFN_vkBindBufferMemory2 =
                memory::bind_buffer2, [c"vkBindBufferMemory2", c"vkBindBufferMemory2KHR"];
            allocate_memory: vk::PFN_vkAllocateMemory = memory::allocate, [c"vkAllocateMemory"];
            free_memory: vk::PFN_vkFreeMemory = memory::free, [c"vkFreeMemory"];
            map_memory: vk::PFN_vkMapMemory = memory::map, [c"vkMapMemory"];
            unmap_memory: vk::PFN_vkUnmapMemory = memory::unmap, [c"vkUnmapMemory"];
            map_memory2: vk::PFN_vkMapMemory2KHR =
                memory::map2, [c"vkMapMemory2", c"vkMapMemory2KHR"];
            unmap_memory2: vk::PFN_vkUnmapMemory2KHR =
                memory::unmap2, [c"vkUnmapMemory2", c"vkUnmapMemory2KHR"];
            allocate_command_buffers: vk::PFN_vkAllocateCommandBuffers =
                commands::allocate, [c"vkAllocateCommandBuffers"];
            free_command_buffers: vk::PFN_vkFreeCommandBuffers =
                commands::free, [c"vkFreeCommandBuffers"];
            destroy_command_pool: vk::PFN_vkDestroyCommandPool =
                commands::destroy_pool, [c"vkDestroyCommandPool"];
            reset_command_pool: vk::PFN_vkResetCommandPool =
                commands::reset_pool, [c"vkResetCommandPool"];
            begin_command_buffer: vk::PFN_vkBeginCommandBuffer =
                commands::begin, [c"vkBeginCommandBuffer"];
            reset_command_buffer: vk::PFN_vkResetCommandBuffer =
                commands::reset, [c"vkResetCommandBuffer"];
            cmd_pipeline_barrier: vk::PFN_vkCmdPipelineBarrier =
                commands::barrier, [c"vkCmdPipelineBarrier"];
            cmd_pipeline_barrier2: vk::PFN_vkCmdPipelineBarrier2 =
                commands::barrier2, [c"vkCmdPipelineBarrier2", c"vkCmdPipelineBarrier2KHR"];
            create_session: vk::PFN_vkCreateVideoSessionKHR =
                video::create_session, [c"vkCreateVideoSessionKHR"];
            destroy_session: vk::PFN_vkDestroyVideoSessionKHR =
                video::destroy_session, [c"vkDestroyVideoSessionKHR"];
            create_parameters: vk::PFN_vkCreateVideoSessionParametersKHR =
                video::create_parameters, [c"vkCreateVideoSessionParametersKHR"];
            destroy_parameters: vk::PFN_vkDestroyVideoSessionParametersKHR =
                video::destroy_parameters, [c"vkDestroyVideoSessionParametersKHR"];
            cmd_begin_video: vk::PFN_vkCmdBeginVideoCodingKHR =
                video::begin, [c"vkCmdBeginVideoCodingKHR"];
            cmd_control_video: vk::PFN_vkCmdControlVideoCodingKHR =
                video::control, [c"vkCmdControlVideoCodingKHR"];
            cmd_decode_video: vk::PFN_vkCmdDecodeVideoKHR = video::decode, [c"vkCmdDecodeVideoKHR"];
            cmd_begin_query: vk::PFN_vkCmdBeginQuery = status::begin, [c"vkCmdBeginQuery"];
            cmd_end_query: vk::PFN_vkCmdEndQuery = status::end, [c"vkCmdEndQuery"];
            get_query_pool_results: vk::PFN_vkGetQueryPoolResults =
                status::results, [c"vkGetQueryPoolResults"];
            create_semaphore: vk::PFN_vkCreateSemaphore =
                queues::create_semaphore, [c"vkCreateSemaphore"];
            destroy_semaphore: vk::PFN_vkDestroySemaphore =
                queues::destroy_semaphore, [c"vkDestroySemaphore"];
            signal_semaphore: vk::PFN_vkSignalSemaphore =
                queues::signal_semaphore, [c"vkSignalSemaphore", c"vkSignalSemaphoreKHR"];
            queue_wait_idle: vk::PFN_vkQueueWaitIdle = queues::wait_idle, [c"vkQueueWaitIdle"];
            queue_bind_sparse: vk::PFN_vkQueueBindSparse =
                queues::bind_sparse, [c"vkQueueBindSparse"];
            queue_present: vk::PFN_vkQueuePresentKHR = queues::present, [c"vkQueuePresentKHR"];
            queue_submit: vk::PFN_vkQueueSubmit = submit::submit, [c"vkQueueSubmit"];
            queue_submit2: vk::PFN_vkQueueSubmit2 =
                submit::submit2, [c"vkQueueSubmit2", c"vkQueueSubmit2KHR"];
        }
    };
}
pub(super) use functions;

macro_rules! table {
    ($($field:ident: $type:ty = $hook:path, [$($name:literal),+];)*) => {
        /// The next layer's functions; `None` for those that it has not.
        pub(super) struct Table {
            $(pub(super) $field: Option<$type>,)*
        }

        impl Table {
            /// What `get` finds; of several names the first that is there.
            pub(super) fn new(get: impl Fn(&CStr) -> vk::PFN_vkVoidFunction) -> Self {
                Self {
                    $($field: {
                        let mut found = None;
                        $(found = found.or_else(|| get($name));)+
                        // SAFETY: a function of this name has this type.
                        unsafe { std::mem::transmute::<vk::PFN_vkVoidFunction, Option<$type>>(found) }
                    },)*
                }
            }
        }
    };
}

functions!(table);

//! The hooks of the device functions that are looked at.

use std::ffi::CStr;

use ash::vk;

use super::table::{Function, functions};
use super::{commands, creation, memory, objects, queues, status, submit, video};

macro_rules! hooks {
    ($($field:ident: $type:ty = $hook:path, [$($name:literal),+];)*) => {
        /// The hook of a function, if it has one.
        pub(super) fn hook(name: &CStr) -> Option<Function> {
            $(
                let hooked: $type = $hook;
                if [$($name),+].contains(&name) {
                    // SAFETY: function pointers have one size; callers give it its type again.
                    return Some(unsafe { std::mem::transmute::<$type, Function>(hooked) });
                }
            )*
            None
        }
    };
}

functions!(hooks);

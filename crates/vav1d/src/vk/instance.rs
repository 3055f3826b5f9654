//! The instance: version, layers, and the messenger that hears drivers and validation.
#![allow(unsafe_code, reason = "Vulkan calls, and a callback that the driver makes")]

use std::ffi::{CStr, CString, c_void};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ash::vk;

use super::entry::{self, Driver};
use super::validation::{self, Checks, VALIDATION};
use super::{ext, failed};
use crate::error::{DeviceError, Result};

/// How to make an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstanceOptions {
    /// Whether the validation layer watches; an error where it is not installed.
    pub validate: bool,
    /// Whether surfaces of windows are made; without effect where nothing can present.
    pub present: bool,
}

/// How grave a [`Message`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Progress and details.
    Info,
    /// Suspicious.
    Warning,
    /// Invalid use of the API, or a failure.
    Error,
}

/// What a driver or a layer had to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How grave it is.
    pub severity: Severity,
    /// Whether it is about invalid use of the API (validation).
    pub validation: bool,
    /// The message's identifier: a VUID, for validation.
    pub id: String,
    /// The text.
    pub text: String,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.as_str() {
            "" => f.write_str(&self.text),
            id => write!(f, "{id}: {}", self.text),
        }
    }
}

impl Message {
    /// What counts of `messages`: what a driver says of a failure that is told already is no second
    /// one.
    pub fn counting(mut messages: Vec<Self>, is_told: bool) -> Vec<Self> {
        messages.retain(|message| message.validation || !is_told);
        messages
    }
}

/// Messages of validation. What drivers say goes to the log alone, but for errors where the
/// validation layer was asked for.
#[derive(Debug, Default)]
struct Inbox {
    messages: Mutex<Vec<Message>>,
    /// Whether errors count whatever they are about.
    errors: bool,
}

impl Inbox {
    fn locked(&self) -> MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `message` says that something is not as it must be.
    fn counts(&self, message: &Message) -> bool {
        match message.validation {
            true => message.severity > Severity::Info,
            // The loader speaks of drivers and layers that are not those in use, too.
            false => self.errors && message.severity == Severity::Error && message.id != LOADER,
        }
    }
}

/// The identifier of what the Vulkan loader says.
const LOADER: &str = "Loader Message";

struct Messenger {
    fns: ash::ext::debug_utils::Instance,
    raw: vk::DebugUtilsMessengerEXT,
}

/// A Vulkan instance.
pub struct Instance {
    entry: ash::Entry,
    raw: ash::Instance,
    video: ext::InstanceTable,
    messenger: Option<Messenger>,
    /// The messenger points here: boxed, and freed after it.
    inbox: Box<Inbox>,
    driver: Driver,
    api_version: u32,
    /// VK_KHR_surface is enabled.
    presents: bool,
    /// The validation layer is there.
    validates: bool,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("driver", &self.driver)
            .field("api_version", &self.api_version)
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Loads `driver` and makes an instance of at most Vulkan 1.3.
    /// # Errors
    /// `DeviceError::None` without a loader, without Vulkan 1.1, or without the validation layer
    /// where it is wanted.
    pub fn new(driver: Driver, options: InstanceOptions) -> Result<Arc<Self>> {
        let (entry, direct) = entry::load(&driver, options.validate)?;
        // SAFETY: vkEnumerateInstanceVersion has no requirements.
        let version = unsafe { entry.try_enumerate_instance_version() }
            .map_err(failed("vkEnumerateInstanceVersion"))?
            .unwrap_or(vk::API_VERSION_1_0);
        if version < vk::API_VERSION_1_1 {
            return Err(DeviceError::None("Vulkan 1.1 is not available".into()).into());
        }
        let api_version = version.min(vk::API_VERSION_1_3);
        let layers = layers(&entry, options.validate)?;
        let debug_utils = has_debug_utils(&entry, &layers)?;
        let mut extensions = if options.present { surfaces(&entry)? } else { Vec::new() };
        let presents = extensions.contains(&ash::khr::surface::NAME);
        extensions.extend(debug_utils.then_some(ash::ext::debug_utils::NAME));
        let raw = create(&entry, api_version, &layers, extensions, direct)?;
        let video = ext::InstanceTable::new(&entry, &raw);
        let validates = options.validate;
        let inbox = Box::new(Inbox { errors: validates, ..Inbox::default() });
        let messenger = None;
        let mut instance =
            Self { entry, raw, video, messenger, inbox, driver, api_version, presents, validates };
        if debug_utils {
            instance.messenger = Some(instance.listen()?);
        }
        Ok(Arc::new(instance))
    }

    /// The driver that it was made for.
    pub fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Whether the validation layer is there.
    pub(super) fn validates(&self) -> bool {
        self.validates
    }

    /// Messages of validation since the last call, oldest first; under the validation layer errors of
    /// drivers, too.
    pub fn take_messages(&self) -> Vec<Message> {
        std::mem::take(&mut *self.inbox.locked())
    }

    pub(super) fn raw(&self) -> &ash::Instance {
        &self.raw
    }

    #[cfg(feature = "window")]
    pub(super) fn entry(&self) -> &ash::Entry {
        &self.entry
    }

    /// Whether surfaces can be made.
    pub fn presents(&self) -> bool {
        self.presents
    }

    pub(super) fn video(&self) -> &ext::InstanceTable {
        &self.video
    }

    /// The version that the instance was made for: caps the version usable on devices.
    pub(super) fn api_version(&self) -> u32 {
        self.api_version
    }

    /// Whether objects can be named.
    pub(super) fn has_debug_utils(&self) -> bool {
        self.messenger.is_some()
    }

    fn listen(&self) -> Result<Messenger> {
        use vk::DebugUtilsMessageSeverityFlagsEXT as Severity;
        use vk::DebugUtilsMessageTypeFlagsEXT as Type;
        let fns = ash::ext::debug_utils::Instance::new(&self.entry, &self.raw);
        let inbox: *const Inbox = &*self.inbox;
        let info = vk::DebugUtilsMessengerCreateInfoEXT::default()
            .message_severity(Severity::ERROR | Severity::WARNING | Severity::INFO)
            .message_type(Type::GENERAL | Type::VALIDATION | Type::PERFORMANCE)
            .pfn_user_callback(Some(hear))
            .user_data(inbox.cast_mut().cast());
        // SAFETY: VUID-VkDebugUtilsMessengerCreateInfoEXT-pfnUserCallback-01914: `hear` is a valid
        // callback; the user data outlives the messenger (see `Drop`).
        let raw = unsafe { fns.create_debug_utils_messenger(&info, None) }
            .map_err(failed("vkCreateDebugUtilsMessengerEXT"))?;
        Ok(Messenger { fns, raw })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(m) = &self.messenger {
            // SAFETY: made by this instance, destroyed once; no call is under way, as nobody else
            // holds the instance (VUID-vkDestroyDebugUtilsMessengerEXT-messenger-01915).
            unsafe { m.fns.destroy_debug_utils_messenger(m.raw, None) };
        }
        // SAFETY: VUID-vkDestroyInstance-instance-00629: devices hold an `Arc` of the instance.
        unsafe { self.raw.destroy_instance(None) };
    }
}

/// The validation layer, if wanted.
fn layers(entry: &ash::Entry, validate: bool) -> Result<Vec<&'static CStr>> {
    if !validate {
        return Ok(Vec::new());
    }
    // SAFETY: vkEnumerateInstanceLayerProperties has no requirements.
    let present = unsafe { entry.enumerate_instance_layer_properties() }
        .map_err(failed("vkEnumerateInstanceLayerProperties"))?;
    if !present.iter().any(|l| l.layer_name_as_c_str() == Ok(VALIDATION)) {
        let what = "VK_LAYER_KHRONOS_validation is not installed";
        return Err(DeviceError::None(what.into()).into());
    }
    Ok(vec![VALIDATION])
}

/// Whether VK_EXT_debug_utils comes from the implementation or from one of `layers`.
fn has_debug_utils(entry: &ash::Entry, layers: &[&'static CStr]) -> Result<bool> {
    for layer in std::iter::once(None).chain(layers.iter().copied().map(Some)) {
        // SAFETY: VUID-vkEnumerateInstanceExtensionProperties-pLayerName-parameter: null, or a
        // layer that is present.
        let list = unsafe { entry.enumerate_instance_extension_properties(layer) }
            .map_err(failed("vkEnumerateInstanceExtensionProperties"))?;
        let name = ash::ext::debug_utils::NAME;
        if list.iter().any(|e| e.extension_name_as_c_str() == Ok(name)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What surfaces of windows need, as far as it is there.
fn surfaces(entry: &ash::Entry) -> Result<Vec<&'static CStr>> {
    // SAFETY: vkEnumerateInstanceExtensionProperties without a layer has no requirements.
    let list = unsafe { entry.enumerate_instance_extension_properties(None) }
        .map_err(failed("vkEnumerateInstanceExtensionProperties"))?;
    let wanted = [
        ash::khr::surface::NAME,
        ash::khr::xlib_surface::NAME,
        ash::khr::xcb_surface::NAME,
        ash::khr::wayland_surface::NAME,
        ash::khr::win32_surface::NAME,
        ash::ext::metal_surface::NAME,
        ash::ext::swapchain_colorspace::NAME,
    ];
    let has = |name: &&CStr| list.iter().any(|e| e.extension_name_as_c_str() == Ok(*name));
    if !has(&ash::khr::surface::NAME) {
        return Ok(Vec::new());
    }
    Ok(wanted.into_iter().filter(has).collect())
}

/// Whether the loader can be given a driver: 1.3.247 was the first that could.
fn need_direct_driver_loading(entry: &ash::Entry) -> Result<()> {
    // SAFETY: vkEnumerateInstanceExtensionProperties without a layer has no requirements.
    let list = unsafe { entry.enumerate_instance_extension_properties(None) }
        .map_err(failed("vkEnumerateInstanceExtensionProperties"))?;
    let name = ash::lunarg::direct_driver_loading::NAME;
    if list.iter().any(|e| e.extension_name_as_c_str() == Ok(name)) {
        return Ok(());
    }
    let what = "layers above softvk need a Vulkan loader with VK_LUNARG_direct_driver_loading";
    Err(DeviceError::None(what.into()).into())
}

fn create(
    entry: &ash::Entry,
    api_version: u32,
    layers: &[&'static CStr],
    extensions: Vec<&'static CStr>,
    direct: Option<entry::Direct>,
) -> Result<ash::Instance> {
    let app = vk::ApplicationInfo::default()
        .application_name(c"vav1d")
        .application_version(1)
        .api_version(api_version);
    let layers: Vec<_> = layers.iter().map(|l| l.as_ptr()).collect();
    let mut extensions: Vec<_> = extensions.iter().map(|e| e.as_ptr()).collect();
    let checks = if layers.is_empty() { Checks::Core } else { Checks::of(entry)? };
    let on = 1_u32;
    let settings = validation::SETTINGS.map(|name| {
        let setting = vk::LayerSettingEXT::default()
            .layer_name(VALIDATION)
            .setting_name(name)
            .ty(vk::LayerSettingTypeEXT::BOOL32)
            .values(bytemuck::bytes_of(&on));
        // `values` counts bytes.
        vk::LayerSettingEXT { value_count: 1, ..setting }
    });
    let mut settings = vk::LayerSettingsCreateInfoEXT::default().settings(&settings);
    let mut features =
        vk::ValidationFeaturesEXT::default().enabled_validation_features(&validation::FEATURES);
    extensions.extend(checks.extension().map(CStr::as_ptr));
    let mut driver = vk::DirectDriverLoadingInfoLUNARG::default();
    if let Some(direct) = direct {
        need_direct_driver_loading(entry)?;
        extensions.push(ash::lunarg::direct_driver_loading::NAME.as_ptr());
        driver.pfn_get_instance_proc_addr = Some(direct);
    }
    let drivers = [driver];
    let mut list = vk::DirectDriverLoadingListLUNARG::default()
        .mode(vk::DirectDriverLoadingModeLUNARG::EXCLUSIVE)
        .drivers(&drivers);
    let mut info = vk::InstanceCreateInfo::default()
        .application_info(&app)
        .enabled_layer_names(&layers)
        .enabled_extension_names(&extensions);
    if direct.is_some() {
        info = info.push_next(&mut list);
    }
    info = match checks {
        Checks::Core => info,
        Checks::Settings => info.push_next(&mut settings),
        Checks::Features => info.push_next(&mut features),
    };
    // SAFETY: layers and extensions were found present; all pointers are locals of this frame.
    let raw = unsafe { entry.create_instance(&info, None) };
    match raw {
        Ok(raw) => Ok(raw),
        Err(vk::Result::ERROR_INCOMPATIBLE_DRIVER) => {
            Err(DeviceError::None("the Vulkan loader has no usable driver".into()).into())
        }
        Err(e) => Err(failed("vkCreateInstance")(e).into()),
    }
}

/// The messenger's callback: logs, and keeps what validation says.
unsafe extern "system" fn hear(
    severity: vk::DebugUtilsMessageSeverityFlagsEXT,
    kind: vk::DebugUtilsMessageTypeFlagsEXT,
    data: *const vk::DebugUtilsMessengerCallbackDataEXT<'_>,
    user: *mut c_void,
) -> vk::Bool32 {
    // SAFETY: the driver passes one valid structure, or null, for the time of the call.
    let Some(data) = (unsafe { data.as_ref() }) else { return vk::FALSE };
    // SAFETY: `user` is the `Inbox` of the instance, which outlives its messenger.
    let Some(inbox) = (unsafe { user.cast::<Inbox>().as_ref() }) else { return vk::FALSE };
    // SAFETY: null, or a string of the driver that is valid during the call.
    let text = unsafe { text(data.p_message) };
    // SAFETY: as above.
    let id = unsafe { self::text(data.p_message_id_name) };
    let severity = if severity.contains(vk::DebugUtilsMessageSeverityFlagsEXT::ERROR) {
        Severity::Error
    } else if severity.contains(vk::DebugUtilsMessageSeverityFlagsEXT::WARNING) {
        Severity::Warning
    } else {
        Severity::Info
    };
    use vk::DebugUtilsMessageTypeFlagsEXT as Type;
    let validation = kind.intersects(Type::VALIDATION | Type::PERFORMANCE);
    let level = match severity {
        _ if validation::is_silenced(&id) => return vk::FALSE,
        Severity::Error => log::Level::Error,
        Severity::Warning => log::Level::Warn,
        Severity::Info => log::Level::Debug,
    };
    match id.as_str() {
        "" => log::log!(target: "vulkan", level, "{text}"),
        id => log::log!(target: "vulkan", level, "{id}: {text}"),
    }
    let message = Message { severity, validation, id, text };
    if inbox.counts(&message) {
        inbox.locked().push(message);
    }
    vk::FALSE
}

/// A C string of the driver, or nothing.
///
/// # Safety
/// `text` is null or points to a string that ends with a zero.
unsafe fn text(text: *const std::ffi::c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    let text: CString = unsafe { CStr::from_ptr(text) }.to_owned();
    text.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(severity: Severity, validation: bool, id: &str) -> Message {
        Message { severity, validation, id: id.into(), text: "what is wrong".into() }
    }

    #[test]
    fn validation_counts_and_so_do_errors_of_drivers_where_it_was_asked_for() {
        use Severity::{Error, Info, Warning};
        for (severity, validation, id, without, with) in [
            (Error, true, "VUID-x", true, true),
            (Error, true, "", true, true),
            (Warning, true, "", true, true),
            (Info, true, "VUID-x", false, false),
            (Error, false, "", false, true),
            (Warning, false, "", false, false),
            (Error, false, LOADER, false, false),
        ] {
            let message = message(severity, validation, id);
            let counts =
                [false, true].map(|errors| Inbox { errors, ..Inbox::default() }.counts(&message));
            assert_eq!(counts, [without, with], "{message:?}");
        }
    }

    #[test]
    fn what_is_told_already_is_not_told_by_the_driver_again() {
        let of = |is_told| {
            let both =
                vec![message(Severity::Error, false, ""), message(Severity::Error, true, "")];
            Message::counting(both, is_told).len()
        };
        assert_eq!((of(false), of(true)), (2, 1));
        assert_eq!(message(Severity::Error, true, "").to_string(), "what is wrong");
        assert_eq!(message(Severity::Error, true, "VUID-x").to_string(), "VUID-x: what is wrong");
    }
}

//! Pictures and slots of a decode: extents, layouts, and what is said of references.

use super::{Check, Frame, ReferenceInfo, Resource, Slot, differences, header, rules, text};

/// VK_IMAGE_LAYOUT_UNDEFINED.
const UNDEFINED: i32 = 0;

impl Check<'_> {
    pub(super) fn resources(&mut self, frame: &Frame) {
        let number = Some(frame.number);
        let names = ["dstPictureResource", "pSetupReferenceSlot"];
        let setup = frame.setup.as_ref();
        let own = [Some(&frame.dst), setup.and_then(|setup| setup.resource.as_ref())];
        for (name, resource) in names.into_iter().zip(own) {
            let Some(resource) = resource else { continue };
            self.layout(frame, name, resource);
            self.extent(frame, name, resource, frame.number);
        }
        if let Some(setup) = setup {
            self.reference(frame, "pSetupReferenceSlot", setup, frame.number);
        }
        for (i, slot) in frame.references.iter().enumerate() {
            let name = format!("pReferenceSlots[{i}]");
            if let Some(resource) = &slot.resource {
                self.layout(frame, &name, resource);
            }
            let Some(held) = self.state.frame_in(slot.index) else {
                let right = "a slot that holds a picture";
                self.finding(
                    number,
                    format!("{name}.slotIndex"),
                    slot.index,
                    right,
                    "Vulkan",
                    None,
                );
                continue;
            };
            if let Some(resource) = &slot.resource {
                self.extent(frame, &name, resource, held);
            }
            self.reference(frame, &name, slot, held);
        }
        let intra = frame.info.as_ref().is_some_and(|info| matches!(info.frame_type, 0 | 2));
        for (i, name) in frame.names.iter().enumerate().filter(|(_, name)| !intra && **name >= 0) {
            if !frame.references.iter().any(|slot| slot.index == *name) {
                let member = format!("referenceNameSlotIndices[{i}]");
                self.finding(number, member, name, "a slot of pReferenceSlots", "Vulkan", None);
            }
        }
    }

    fn layout(&mut self, frame: &Frame, name: &str, resource: &Resource) {
        if resource.layout == Some(UNDEFINED) {
            let right = "VIDEO_DECODE_DST, VIDEO_DECODE_DPB or GENERAL";
            let member = format!("{name}, VkImageLayout");
            self.finding(Some(frame.number), member, "UNDEFINED", right, "Vulkan", None);
        }
    }

    /// The extent of the picture of the frame `of`.
    fn extent(&mut self, frame: &Frame, name: &str, resource: &Resource, of: u64) {
        let right = match (self.expected(of), self.frames.get(&of)) {
            // In the capture's own stream the size is what was handed over.
            (Some(expected), _) if !self.alone => {
                let size = &expected.header.frame_size;
                (size.upscaled_width, size.frame_height)
            }
            (_, Some(of)) => of.dst.extent,
            _ => return,
        };
        if resource.extent != right {
            let shown = |(width, height): (u32, u32)| format!("{width}x{height}");
            let member = format!("{name}.codedExtent");
            let section = rules::section("codedExtent");
            let given = shown(resource.extent);
            self.finding(Some(frame.number), member, given, shown(right), section, None);
        }
    }

    /// What is said of the picture of the frame `of`.
    fn reference(&mut self, frame: &Frame, name: &str, slot: &Slot, of: u64) {
        let Some(given) = &slot.std else {
            let member = format!("{name}.pStdReferenceInfo");
            self.finding(Some(frame.number), member, "NULL", "a structure", "Vulkan", None);
            return;
        };
        let Some(expected) = self.expected(of) else { return };
        let mut right: ReferenceInfo = header::reference(&expected.header);
        if let (Some(info), true) =
            (self.frames.get(&of).and_then(|of| of.info.as_ref()), self.alone)
        {
            right.frame_type = info.frame_type as u8;
        }
        let enable_order_hint = expected.sequence.enable_order_hint;
        for difference in differences(given, &right) {
            let (base, index) = rules::split(&difference.member);
            let harmless = match base {
                "flags.reserved" => Some("it is reserved"),
                _ if name == "pSetupReferenceSlot" => {
                    Some("of the frame itself a driver has pStdPictureInfo")
                }
                "SavedOrderHints" if index == Some(0) => {
                    Some("the entry of INTRA_FRAME is not used")
                }
                "SavedOrderHints" | "RefFrameSignBias" if matches!(right.frame_type, 0 | 2) => {
                    Some("an intra frame has no references")
                }
                "SavedOrderHints" | "RefFrameSignBias" | "OrderHint" if !enable_order_hint => {
                    Some("enable_order_hint is 0")
                }
                _ => None,
            };
            let section = rules::section(&difference.member);
            let member = format!("{name}.{}", difference.member);
            let (given, right) = (text(difference.first), text(difference.second));
            self.finding(Some(frame.number), member, given, right, section, harmless);
        }
    }
}

//! The chips that can be imitated, as data.

/// Which kernel driver the node speaks, with what the user-space driver asks about the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// `amdgpu`.
    Amdgpu(Amd),
    /// `i915`.
    I915(Intel),
    /// `xe`.
    Xe(Intel),
}

/// What an Intel chip is to ANV, beside what that knows from the PCI device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intel {
    /// Version of the graphics unit, major, minor, revision.
    pub graphics: [u16; 3],
    /// Version of the media unit.
    pub media: [u16; 3],
    /// Video memory of its own.
    pub local: bool,
    /// Dual subslices (Xe cores).
    pub subslices: u16,
}

/// What an AMD chip is to RADV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amd {
    /// `drm_amdgpu_info_device::family`.
    pub family: u32,
    /// `drm_amdgpu_info_device::external_rev`, which tells the chips of a family apart.
    pub external_rev: u32,
    /// Version of the graphics block, major, minor, revision.
    pub graphics: [u32; 3],
    /// Version of the copy engine.
    pub sdma: [u32; 3],
    /// Version of the video block (VCN).
    pub vcn: [u32; 3],
    /// Version word of the VCN firmware, see [`firmware`].
    pub vcn_firmware: u32,
    /// Register `GB_ADDR_CONFIG`: the layout of tiled surfaces.
    pub gb_addr_config: u32,
    /// `AMDGPU_IDS_FLAGS_FUSION`: memory is shared with the CPU.
    pub integrated: bool,
    /// MiB of video memory that the CPU sees, if not all of it: a machine without resizable BAR.
    pub window_mib: Option<u32>,
}

/// One chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chip {
    /// The word in `VAV1D_DRM_SIM`.
    pub name: &'static str,
    /// What it is sold as.
    pub what: &'static str,
    /// PCI vendor.
    pub vendor: u16,
    /// PCI device.
    pub device: u16,
    /// PCI revision.
    pub revision: u8,
    /// The kernel driver.
    pub kernel: Kernel,
}

/// `AMDGPU_FAMILY_NV`, `AMDGPU_FAMILY_GC_11_0_0`, `_11_0_1`, `_12_0_0`.
const FAMILY: [u32; 4] = [143, 145, 148, 152];

/// A VCN firmware's version word: decode interface in bits 24.., encode interface 1.`minor` in bits
/// 12..24, revision in the rest. RADV offers a video queue only from 1.33 (VCN 3) or 1.22 (VCN 4).
const fn firmware(minor: u32, decode: u32, revision: u32) -> u32 {
    (decode << 24) | (1 << 20) | (minor << 12) | revision
}

/// One AMD chip.
const fn amd(name: &'static str, what: &'static str, device: u16, revision: u8, amd: Amd) -> Chip {
    Chip { name, what, vendor: 0x1002, device, revision, kernel: Kernel::Amdgpu(amd) }
}

/// One Intel chip.
const fn intel(name: &'static str, what: &'static str, device: u16, kernel: Kernel) -> Chip {
    Chip { name, what, vendor: 0x8086, device, revision: 0x0C, kernel }
}

/// Every chip, by the order of its video block.
pub const CHIPS: [Chip; 9] = [
    amd(
        "navi21",
        "Radeon RX 6800 XT, VCN 3.0",
        0x73BF,
        0xC1,
        Amd {
            family: FAMILY[0],
            external_rev: 0x28,
            graphics: [10, 3, 0],
            sdma: [5, 2, 0],
            vcn: [3, 0, 0],
            vcn_firmware: firmware(33, 2, 0),
            gb_addr_config: 0x0000_0444,
            integrated: false,
            window_mib: Some(256),
        },
    ),
    amd(
        "phoenix",
        "Radeon 780M, VCN 4.0.2",
        0x15BF,
        0xC4,
        Amd {
            family: FAMILY[2],
            external_rev: 0x01,
            graphics: [11, 0, 1],
            sdma: [6, 0, 1],
            vcn: [4, 0, 2],
            vcn_firmware: firmware(24, 9, 0),
            gb_addr_config: 0x0000_0242,
            integrated: true,
            window_mib: None,
        },
    ),
    amd(
        "navi33",
        "Radeon RX 7600, VCN 4.0.4",
        0x7480,
        0xCF,
        Amd {
            family: FAMILY[1],
            external_rev: 0x10,
            graphics: [11, 0, 2],
            sdma: [6, 0, 2],
            vcn: [4, 0, 4],
            vcn_firmware: firmware(24, 9, 0),
            gb_addr_config: 0x0000_0343,
            integrated: false,
            window_mib: None,
        },
    ),
    amd(
        "gfx1201",
        "Radeon RX 9070 XT, VCN 5.0",
        0x7550,
        0xC0,
        Amd {
            family: FAMILY[3],
            external_rev: 0x50,
            graphics: [12, 0, 1],
            sdma: [7, 0, 1],
            vcn: [5, 0, 0],
            vcn_firmware: firmware(11, 10, 0),
            gb_addr_config: 0x0000_0345,
            integrated: false,
            window_mib: None,
        },
    ),
    intel(
        "adl",
        "Alder Lake-P, Iris Xe",
        0x46A6,
        Kernel::I915(Intel { graphics: [12, 0, 0], media: [12, 0, 0], local: false, subslices: 6 }),
    ),
    intel(
        "dg2",
        "Arc A770",
        0x56A0,
        Kernel::I915(Intel {
            graphics: [12, 55, 8],
            media: [12, 55, 8],
            local: true,
            subslices: 32,
        }),
    ),
    intel(
        "mtl",
        "Meteor Lake, Arc Graphics",
        0x7D55,
        Kernel::I915(Intel {
            graphics: [12, 71, 0],
            media: [13, 0, 0],
            local: false,
            subslices: 8,
        }),
    ),
    intel(
        "lnl",
        "Lunar Lake, Arc 140V",
        0x64A0,
        Kernel::Xe(Intel { graphics: [20, 4, 4], media: [20, 0, 4], local: false, subslices: 8 }),
    ),
    intel(
        "bmg",
        "Arc B580",
        0xE20B,
        Kernel::Xe(Intel { graphics: [20, 1, 4], media: [13, 1, 4], local: true, subslices: 20 }),
    ),
];

impl Chip {
    /// The chip of that name.
    pub fn named(name: &str) -> Option<Self> {
        CHIPS.into_iter().find(|chip| chip.name == name)
    }
}

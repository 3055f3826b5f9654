//! Words and personalities, read.

use super::*;
use crate::when::Told;

#[test]
fn words_are_read_and_the_rest_is_named() {
    let (config, unknown) =
        Config::parse("distinct, array,align=256/128,granularity=64x32,slots=8,slots=99,x");
    assert_eq!(unknown, ["slots=99", "x"]);
    assert!(config.distinct && !config.coincide && !config.separate);
    assert_eq!((config.align, config.granularity), ((256, 128), (64, 32)));
    assert_eq!(config.slots, 8);
    assert_eq!(Config::parse("").0, Config::default());
}

#[test]
fn versions_are_those_of_vulkan_1_3_and_1_4() {
    let (config, unknown) = Config::parse("api=1.4.321,graphics-bit");
    assert_eq!((unknown, config.graphics_bit), (vec![], true));
    assert_eq!(config.api_version, vk::make_api_version(0, 1, 4, 321));
    let wrong = ["api", "api=1.4", "api=1.2.9", "api=1.5.0", "api=1.4.4096", "api=2.4.0"];
    assert_eq!(Config::parse(&wrong.join(",")).1, wrong);
}

/// A loader calls no `set_config`.
#[test]
fn an_icd_has_formats_of_two_planes_as_other_drivers_have() {
    let planes = || Config::current().map(|config| config.planes);
    assert_eq!(planes(), Ok(Planes::Only(2)));
    set_config(None);
    assert_eq!(planes(), Ok(Planes::Unsaid));
    set_config(Some("all-planes"));
    assert_eq!(planes(), Ok(Planes::All));
}

#[test]
fn embedded_it_copies_by_the_host_where_no_driver_is_imitated() {
    let offered = || Config::current().map(|config| config.hardware.copies_by_host());
    assert_eq!(offered(), Ok(false));
    let words = [("", true), ("no-host-image-copy", false), ("nv-like", false)];
    for (text, is) in words.iter().chain(&[("nv-like,host-image-copy", true)]) {
        set_config(Some(text));
        assert_eq!(offered(), Ok(*is), "{text}");
    }
}

#[test]
fn personalities_are_made_of_words_and_can_be_changed() {
    for (name, _) in PERSONALITIES {
        let (config, unknown) = Config::parse(name);
        assert_eq!(unknown, [""; 0], "{name}");
        assert_ne!(config, Config::default(), "{name}");
    }
    let (config, _) = Config::parse("strict-min,slots=9");
    assert!(!config.separate && config.slots == 9);
}

#[test]
fn words_before_a_personality_are_named() {
    let (config, unknown) = Config::parse("queues=3,stderr,nv-like,slots=8");
    assert_eq!(unknown, ["queues=3 (before nv-like)", "stderr (before nv-like)"]);
    assert_eq!((config.queues, config.slots), (1, 8));
    assert_eq!(Config::parse("planar,nv-like").1, ["planar (before nv-like)"]);
}

#[test]
fn faults_are_all_kept() {
    let (config, unknown) = Config::parse("fault=pixel@3,fault=pixel@8,fault=range-end");
    assert_eq!(unknown, [""; 0]);
    let count = |frame| config.faults.of_frame(frame, &Told::default()).len();
    assert_eq!((count(3), count(8)), (1, 1));
    assert!(config.faults.has(crate::planted::Planted::RangeEnd));
    for wrong in ["fault=pixel", "fault=range-end@3", "fault=pixel@", "fault=pixel@-1"] {
        assert_eq!(Config::parse(wrong).1, [wrong]);
    }
    let conditions = "fault=when:OrderHint=7,fault=crash@when:UsesLr=1+TileCols=4,\
                      fault=set:loop_filter_level[0]=5@3,fault=set:OrderHint=1@when:TxMode=2";
    assert_eq!(Config::parse(conditions).1, [""; 0]);
    for wrong in ["fault=when:order=7", "fault=race@when:UsesLr=1", "fault=set:x=1@3"] {
        assert_eq!(Config::parse(wrong).1, [wrong]);
    }
}

//! Tests of the pacer, with a clock that is an argument.

use super::*;

const REFRESH: Duration = Duration::from_micros(16_667);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn frame(time: Duration, duration: Duration) -> Timed<u64> {
    Timed { time, duration, what: time.as_millis() as u64 }
}

/// A pacer with frames of 40 ms at the times `times`, in milliseconds.
fn pacer(times: &[u64]) -> Pacer<u64> {
    let mut pacer = Pacer::new(REFRESH);
    times.iter().for_each(|time| pacer.push(frame(ms(*time), ms(40))));
    pacer
}

#[track_caller]
fn shows(pacer: &mut Pacer<u64>, now: u64, what: u64) {
    match pacer.poll(ms(now)) {
        Decision::Present(timed) => assert_eq!(timed.what, what, "at {now}"),
        Decision::Wait(until) => panic!("at {now}: waits until {until:?}"),
    }
    pacer.presented(ms(now), Duration::ZERO);
}

#[track_caller]
fn waits(pacer: &mut Pacer<u64>, now: u64, until: Option<Duration>) {
    assert_eq!(pacer.poll(ms(now)), Decision::Wait(until), "at {now}");
}

#[test]
fn the_first_frame_starts_the_clock() {
    let mut pacer = pacer(&[0, 40, 80]);
    shows(&mut pacer, 1000, 0);
    waits(&mut pacer, 1001, Some(ms(1040) - REFRESH / 2));
    shows(&mut pacer, 1032, 40);
    assert_eq!(pacer.position(ms(1050)), Some(ms(50)));
    // Not beyond what is shown.
    assert_eq!(pacer.position(ms(2000)), Some(ms(80)));
}

#[test]
fn frames_that_another_one_follows_in_time_are_dropped() {
    let mut pacer = pacer(&[0, 40, 80, 120]);
    shows(&mut pacer, 0, 0);
    shows(&mut pacer, 90, 80);
    assert_eq!(pacer.statistics().dropped, 1);
    assert_eq!(pacer.statistics().late, 0);
    shows(&mut pacer, 140, 120);
    assert_eq!((pacer.statistics().late, pacer.statistics().worst), (1, ms(20)));
    assert_eq!(pacer.statistics().presented, 3);
}

#[test]
fn a_decoder_that_stalls_sets_the_clock_back() {
    let mut pacer = pacer(&[0]);
    shows(&mut pacer, 0, 0);
    waits(&mut pacer, 40, None);
    pacer.push(frame(ms(40), ms(40)));
    shows(&mut pacer, 500, 40);
    assert_eq!((pacer.statistics().stalls, pacer.statistics().late), (1, 1));
    pacer.push(frame(ms(80), ms(40)));
    waits(&mut pacer, 501, Some(ms(540) - REFRESH / 2));
}

#[test]
fn the_clock_can_stand() {
    let mut pacer = pacer(&[0, 40, 80, 120, 160]);
    shows(&mut pacer, 0, 0);
    pacer.pause(ms(10));
    waits(&mut pacer, 500, None);
    assert_eq!(pacer.position(ms(500)), Some(ms(10)));
    pacer.step(ms(500));
    pacer.step(ms(500));
    shows(&mut pacer, 501, 40);
    shows(&mut pacer, 501, 80);
    waits(&mut pacer, 502, None);
    pacer.resume(ms(1000));
    waits(&mut pacer, 1000, Some(ms(1040) - REFRESH / 2));
    shows(&mut pacer, 1040, 120);
    assert_eq!(pacer.statistics().dropped, 0);
}

#[test]
fn a_pause_before_the_first_frame_shows_it() {
    let mut pacer = pacer(&[]);
    pacer.pause(ms(0));
    waits(&mut pacer, 0, None);
    pacer.push(frame(ms(0), ms(40)));
    pacer.push(frame(ms(40), ms(40)));
    shows(&mut pacer, 5, 0);
    waits(&mut pacer, 100, None);
}

#[test]
fn a_seek_shows_its_frame_at_once() {
    let mut pacer = pacer(&[0, 40, 80]);
    shows(&mut pacer, 0, 0);
    pacer.reset();
    waits(&mut pacer, 10, None);
    pacer.push(frame(ms(9000), ms(40)));
    shows(&mut pacer, 20, 9000);
    pacer.push(frame(ms(9040), ms(40)));
    waits(&mut pacer, 21, Some(ms(60) - REFRESH / 2));
    // The same while the clock stands.
    pacer.pause(ms(30));
    pacer.reset();
    pacer.push(frame(ms(400), ms(40)));
    pacer.push(frame(ms(440), ms(40)));
    shows(&mut pacer, 31, 400);
    waits(&mut pacer, 500, None);
    assert_eq!(pacer.position(ms(500)), Some(ms(400)));
}

#[test]
fn what_begins_again_follows_on() {
    let mut pacer = pacer(&[0, 40, 80, 0, 40]);
    shows(&mut pacer, 0, 0);
    shows(&mut pacer, 40, 40);
    shows(&mut pacer, 80, 80);
    waits(&mut pacer, 81, Some(ms(120) - REFRESH / 2));
    shows(&mut pacer, 120, 0);
    shows(&mut pacer, 160, 40);
    assert_eq!((pacer.statistics().worst, pacer.statistics().dropped), (ms(0), 0));
}

#[test]
fn frames_may_last_unequally_long() {
    let mut pacer = pacer(&[0, 10, 1000, 1001]);
    shows(&mut pacer, 0, 0);
    shows(&mut pacer, 10, 10);
    waits(&mut pacer, 20, Some(ms(1000) - REFRESH / 2));
    // Both belong to one refresh.
    shows(&mut pacer, 1000, 1001);
    assert_eq!(pacer.statistics().dropped, 1);
}

#[test]
fn percentiles_are_of_buckets() {
    let mut pacer = pacer(&[0, 40, 80, 120, 160]);
    for now in [0, 40, 80, 121, 163] {
        let Decision::Present(_) = pacer.poll(ms(now)) else { panic!("nothing at {now}") };
        pacer.presented(ms(now), Duration::ZERO);
    }
    let statistics = pacer.statistics();
    assert_eq!(statistics.percentile(0.5), Duration::from_micros(500));
    assert_eq!(statistics.percentile(1.0), ms(3));
    assert_eq!(statistics.deviations().map(|(_, n)| n).sum::<u64>(), 4);
}

/// Plays 30 s of 30 frames a second on a display of 60 Hz; the caller wakes up late by what
/// `jitter` says, and then waits for the display's next refresh.
fn half_a_minute(mut jitter: impl FnMut() -> Duration) -> Statistics {
    let mut pacer = Pacer::new(REFRESH);
    let (mut now, mut pushed) = (ms(3), 0_u32);
    let interval = Duration::from_secs(1) / 30;
    while pushed < 900 || pacer.queued() > 0 {
        while pushed < 900 && pacer.queued() < 4 {
            pacer.push(frame(interval * pushed, interval));
            pushed += 1;
        }
        match pacer.poll(now) {
            Decision::Present(_) => {
                let refreshes = now.as_nanos() / REFRESH.as_nanos() + 1;
                let next = REFRESH * refreshes as u32;
                pacer.presented(next, next - now);
                now = next;
            }
            Decision::Wait(Some(until)) => {
                assert!(until > now, "{until:?} is past at {now:?}");
                now = until + jitter();
            }
            Decision::Wait(None) => panic!("nothing to wait for"),
        }
    }
    pacer.statistics().clone()
}

#[test]
fn half_a_minute_is_shown_within_a_refresh_of_its_times() {
    let mut state = 7_u64;
    let statistics = half_a_minute(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Duration::from_micros((state >> 33) % 5000)
    });
    assert_eq!((statistics.presented, statistics.dropped, statistics.late), (900, 0, 0));
    assert!(statistics.worst <= REFRESH, "{:?}", statistics.worst);
}

#[test]
fn a_stall_of_the_display_is_told() {
    let mut wakes = 0;
    let statistics = half_a_minute(|| {
        wakes += 1;
        if wakes == 300 { ms(100) } else { Duration::ZERO }
    });
    assert_eq!(statistics.presented + statistics.dropped, 900);
    assert!(statistics.dropped >= 2 && statistics.dropped <= 3, "{statistics:?}");
    assert_eq!(statistics.stalls, 0);
}

#[test]
fn a_frame_that_takes_long_to_draw_is_begun_earlier() {
    let mut pacer = pacer(&(0..100).map(|n| 40 * n).collect::<Vec<_>>());
    let (mut now, mut draws) = (ms(0), 0);
    loop {
        match pacer.poll(now) {
            Decision::Present(_) => {
                draws += 1;
                now += ms(if draws % 5 == 0 { 30 } else { 20 });
                pacer.presented(now, Duration::ZERO);
            }
            Decision::Wait(Some(until)) => now = until,
            Decision::Wait(None) => break,
        }
    }
    let statistics = pacer.statistics();
    assert_eq!((statistics.presented, statistics.dropped), (100, 0), "{statistics:?}");
    assert!(statistics.late == 0 && statistics.worst < REFRESH, "{statistics:?}");
}

#[test]
fn percentiles_are_known_where_everything_is_late() {
    let mut statistics = Statistics::default();
    for n in 1..=100 {
        statistics.note(ms(10 * n));
    }
    for (share, exact) in [(0.05, 50), (0.5, 500), (0.9, 900), (0.99, 990)] {
        let (known, exact) = (statistics.percentile(share), ms(exact));
        assert!(known >= exact && known <= exact.mul_f64(1.07), "{share}: {known:?}");
    }
    // The last bucket has no end.
    statistics.note(Duration::from_secs(3600));
    assert_eq!(statistics.percentile(1.0), Duration::from_secs(3600));
    assert!(bucket_end(BUCKETS as u32 - 1) > Duration::from_secs(60));
}

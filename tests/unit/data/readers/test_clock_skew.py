"""The skew of a recorder's clock is what the lower envelope of two stamps says, drifting, and robust."""

from __future__ import annotations

import numpy as np

from nowake.data.readers.clock_skew import beyond, corrected, lower_envelope

SECOND = 1_000_000_000
BEGIN = 1_723_161_253 * SECOND


def stamps(seconds, *, offset_ns, drift=0.0, seed=1, least_ns=2_000_000):
    """A hundred messages a second with exponential latency above a least, received by a clock that is off."""
    random = np.random.default_rng(seed)
    venue = BEGIN + np.sort(random.integers(0, seconds * SECOND, 100 * seconds))
    latency = least_ns + random.exponential(5e6, len(venue)).astype(np.int64)
    local = venue + latency + offset_ns + (drift * (venue - BEGIN)).astype(np.int64)
    order = np.argsort(local, kind="stable")
    return venue[order], local[order], latency[order]


def test_a_clock_that_is_behind_is_found_up_to_the_least_latency():
    venue, local, _ = stamps(300, offset_ns=-1_270_000_000)

    found = lower_envelope(venue, local).at(local)

    assert np.all(np.abs(found - (-1_270_000_000 + 2_000_000)) < 300_000)


def test_a_drift_of_five_microseconds_a_second_is_followed():
    venue, local, latency = stamps(1500, offset_ns=-1_270_000_000, drift=-5e-6)

    moved = corrected(venue, local, lower_envelope(venue, local))

    assert np.all(np.abs(moved - venue - (latency - 2_000_000)) < 500_000)  # Without the drift it would be 7.5 ms.


def test_no_message_arrives_before_it_was_sent_once_corrected():
    venue, local, _ = stamps(100, offset_ns=-50_000_000, drift=3e-5)

    moved = corrected(venue, local, lower_envelope(venue, local))

    assert 0 <= int((moved - venue).min()) < 100_000


def test_clocks_that_agree_are_left_alone():
    venue, local, _ = stamps(60, offset_ns=0)

    assert local.tolist() == corrected(venue, local, lower_envelope(venue, local)).tolist()


def test_a_damaged_stamp_does_not_pull_the_envelope_down():
    venue, local, _ = stamps(120, offset_ns=-1_270_000_000)
    local[6000] -= 400_000_000

    found = lower_envelope(venue, local).at(local)

    assert np.all(np.abs(found - (-1_268_000_000)) < 300_000)


def test_congestion_is_latency_and_not_skew():
    venue, local, _ = stamps(300, offset_ns=-1_270_000_000)
    slow = (venue - BEGIN > 100 * SECOND) & (venue - BEGIN < 160 * SECOND)
    local[slow] += 80_000_000

    moved = corrected(venue, local, lower_envelope(venue, local))

    assert np.all((moved - venue)[slow] > 79_000_000)


def test_one_message_is_enough():
    venue, local = np.array([BEGIN]), np.array([BEGIN - 7])

    assert [BEGIN] == corrected(venue, local, lower_envelope(venue, local)).tolist()


def test_a_stamp_far_beyond_those_around_it_and_beyond_its_receipt_is_told():
    local_ns = np.arange(20, dtype=np.int64) * SECOND
    venue_ns = local_ns - 1_000_000
    venue_ns[[0, 7, 8, 19]] += 90 * SECOND

    assert [0, 7, 8, 19] == np.flatnonzero(beyond(venue_ns, local_ns)).tolist()


def test_silences_and_clocks_that_were_set_make_no_stamp_false():
    venue_ns = np.arange(20, dtype=np.int64) * 3_600 * SECOND
    local_ns = venue_ns + np.where(np.arange(20) < 9, 0, -7_200 * SECOND)

    assert not beyond(venue_ns, local_ns).any()
    assert not beyond(venue_ns[:0], local_ns[:0]).any()

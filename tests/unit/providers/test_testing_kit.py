import pytest

from solvent.testing import ManualClock, SeededIds


def test_a_manual_clock_moves_only_when_told():
    clock = ManualClock()
    first = clock.now_us(), clock.monotonic_s()
    assert (clock.now_us(), clock.monotonic_s()) == first
    clock.advance(1_500_000)
    assert (clock.now_us(), clock.monotonic_s()) == (first[0] + 1_500_000, first[1] + 1.5)


def test_setting_the_calendar_back_lets_no_time_pass():
    clock = ManualClock(1000)
    clock.set(0)
    assert (clock.now_us(), clock.monotonic_s()) == (0, 0.0)


def test_time_does_not_pass_backwards():
    with pytest.raises(ValueError, match="forwards"):
        ManualClock().advance(-1)


def test_seeded_ids_repeat_by_seed_and_never_within_a_source():
    first, second, other = SeededIds(7), SeededIds(7), SeededIds(8)
    ids = [first.new("call", 1_000_000) for _ in range(100)]
    assert [second.new("call", 1_000_000) for _ in range(100)] == ids
    assert len(set(ids)) == 100
    assert other.new("call", 1_000_000) not in ids
    assert first.new("call", 2_000_000) > max(ids)

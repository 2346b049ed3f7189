"""The messages that tracks, artists and albums share."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from fonoteca.v1 import types_pb2 as pb
from service.validation import Check
from service.wire.types import (
    decode_credit,
    decode_credits,
    decode_partial_date,
    decode_source,
    decode_timestamp,
    encode_partial_date,
    encode_source,
)


@pytest.mark.parametrize(
    ("date", "stored"),
    [
        (pb.PartialDate(year=1999), "1999"),
        (pb.PartialDate(year=1999, month=3), "1999-03"),
        (pb.PartialDate(year=1999, month=3, day=8), "1999-03-08"),
        (pb.PartialDate(year=2000, month=2, day=29), "2000-02-29"),
        (pb.PartialDate(year=1), "0001"),
    ],
)
def test_a_partial_date_keeps_what_was_given(date: pb.PartialDate, stored: str) -> None:
    check = Check()
    assert decode_partial_date(check, "date", date) == stored
    assert encode_partial_date(stored) == date
    check.done()


def test_an_empty_date_is_none() -> None:
    assert decode_partial_date(Check(), "date", pb.PartialDate()) is None


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (0, 1, 1),
        (0, 0, 5),
        (-1, 0, 0),
        (10_000, 0, 0),
        (2**31 - 1, 1, 1),
        (1999, 13, 0),
        (1999, -1, 0),
        (1999, 0, 8),
        (1999, 2, 29),
        (1999, 4, 31),
        (1999, 4, -1),
    ],
)
def test_a_date_that_is_none_is_refused(year: int, month: int, day: int) -> None:
    check = Check()
    decode_partial_date(check, "date", pb.PartialDate(year=year, month=month, day=day))
    assert [violation.field for violation in check.violations] == ["date"]


def test_a_source_keeps_its_time_to_the_microsecond() -> None:
    source = pb.ExternalSource(type="spotify", id="7", uri="spotify:7", unavailable=True)
    source.sync_time.FromJsonString("2024-05-06T07:08:09.123456Z")
    check = Check()
    assert encode_source(decode_source(check, "source", source)) == source
    check.done()


@pytest.mark.parametrize(("seconds", "nanos"), [(2**62, 0), (-(2**40), 0), (0, -1), (0, 10**9)])
def test_a_time_beyond_the_calendar_is_refused(seconds: int, nanos: int) -> None:
    source = pb.ExternalSource(sync_time=Timestamp(seconds=seconds, nanos=nanos))
    check = Check()
    assert decode_timestamp(check, "sync_time", source, "sync_time") is None
    assert [violation.field for violation in check.violations] == ["sync_time"]


def test_the_path_to_a_bad_field_is_whole() -> None:
    check = Check()
    decode_credits(check, "credits", [pb.CreditedName(name="a"), pb.CreditedName()])
    decode_credit(check, "tracks[3].credits[0]", pb.CreditedName(artist_id="x", name=" "))
    assert [violation.field for violation in check.violations] == [
        "credits[1].name",
        "tracks[3].credits[0].name",
        "tracks[3].credits[0].artist_id",
    ]

"""Passwords are kept as Argon2id, a few at a time, and one that is not there is tried too."""

import asyncio
import time

import pytest

from server.staff import passwords
from server.staff.domain import Unavailable
from server.staff.passwords import Hashed, Passwords

KEPT = "d00b90c40f918cf889780d7d3a9ec3c2b1719df87dc5e4d4d93ea6163db04e17"


async def test_the_password_fits_and_another_does_not() -> None:
    keeper = Passwords()
    kept = await keeper.hashed("correct horse")
    assert await keeper.fits("correct horse", kept)
    assert not await keeper.fits("correct horsf", kept)
    assert not await keeper.fits("correct horse", None)


async def test_the_same_password_is_kept_differently_each_time() -> None:
    keeper = Passwords()
    first, second = await keeper.hashed("correct horse"), await keeper.hashed("correct horse")
    assert first.salt != second.salt
    assert first.value != second.value


async def test_one_spelling_of_a_password() -> None:
    keeper = Passwords()
    assert await keeper.fits("Jose\u0301 12345", await keeper.hashed("Jos\u00e9 12345"))


async def test_a_password_that_was_kept_before_fits_for_ever() -> None:
    """Other numbers of passes or memory would shut everybody out: they are not kept in the row."""
    kept = Hashed(bytes.fromhex(KEPT), bytes(range(16)))
    assert await Passwords().fits("correct horse", kept)


async def test_no_password_costs_as_much_as_a_wrong_one() -> None:
    keeper = Passwords()
    kept = await keeper.hashed("correct horse")

    async def seconds(of: Hashed | None) -> float:
        best = 60.0
        for _ in range(5):
            begun = time.perf_counter()
            await keeper.fits("wrong", of)
            best = min(best, time.perf_counter() - begun)
        return best

    assert 0.5 < await seconds(None) / await seconds(kept) < 2.0


async def test_too_many_at_once_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 3)
    keeper = Passwords()
    asked = (keeper.hashed("correct horse") for _ in range(5))
    said = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, Unavailable) for one in said) == 2
    assert isinstance(await keeper.hashed("correct horse"), Hashed), "the queue empties"

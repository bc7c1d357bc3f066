"""ZIP files written as they go: read by others, the same bytes every time, within limits."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from server.infra import archive as archives
from server.infra.archive import Archive, TooLarge


def packed(count: int = 3) -> bytes:
    out = io.BytesIO()
    with Archive(out) as archive:
        for number in range(count):
            archive.add(f"证据/{number}.html", b"page %d" % number)
        long = archive.open("long.csv")
        for _ in range(100):
            long.write(b"a line\n" * 1000)
        long.close()
        bare = archive.open("inner.xlsx", packed=False)
        bare.write(b"packed already")
        bare.close()
        archive.finish()
    return out.getvalue()


def test_it_is_a_zip_file_that_the_standard_library_reads(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed())) as read:
        assert read.testzip() is None
        assert read.namelist() == [
            *(f"证据/{n}.html" for n in range(3)),
            "long.csv",
            "inner.xlsx",
        ]
        assert read.read("证据/1.html") == b"page 1"
        assert read.read("long.csv") == b"a line\n" * 100_000
        assert read.getinfo("inner.xlsx").compress_type == zipfile.ZIP_STORED
        assert {info.date_time for info in read.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        read.extractall(tmp_path)
    assert (tmp_path / "证据" / "2.html").read_bytes() == b"page 2"


def test_the_same_contents_give_the_same_bytes() -> None:
    assert packed() == packed()


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536])
def test_more_members_than_sixteen_bits_count(count: int) -> None:
    out = io.BytesIO()
    with Archive(out) as archive:
        for number in range(count):
            archive.add(str(number), b"")
        archive.finish()
    with zipfile.ZipFile(out) as read:
        assert len(read.namelist()) == count
        assert read.read(str(count - 1)) == b""


def test_nothing_passes_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "BYTES_MAX", 10_000)
    with Archive(io.BytesIO()) as archive:
        member = archive.open("zeros")
        member.write(bytes(10_000))
        with pytest.raises(TooLarge):
            member.write(b"x")
    with Archive(io.BytesIO()) as archive:
        archive.add("noise", random.Random(1).randbytes(9_000))
        with pytest.raises(TooLarge):
            archive.add("more", random.Random(2).randbytes(2_000))


def test_a_long_directory_comes_in_pieces() -> None:
    out = io.BytesIO()
    with Archive(out) as archive:
        for number in range(30_000):
            archive.add(f"evidence/{number:036}.html", b"")
        before, pieces = out.tell(), []
        for _ in archive.endings():
            pieces.append(out.tell() - before)
            before = out.tell()
    assert len(pieces) == 3
    assert max(pieces) <= 1024 * 1024
    with zipfile.ZipFile(out) as read:
        assert len(read.namelist()) == 30_000

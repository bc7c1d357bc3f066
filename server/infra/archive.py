"""ZIP files written as they go, in memory that does not grow with the number of members.

The standard library keeps an object for every member until the file is closed, which is hundreds of
megabytes for half a million small files, and writes the time of the day into each. Here the central
directory waits in a temporary file, and every time is 1 January 1980, the format's first: the same
contents give the same bytes. The format is PKWARE's APPNOTE 6.3.3: deflate or stored, names in
UTF-8, and ZIP64 (4.3.14) for the directory once a file holds more members than 16 bits count.

One member is at most 2 GiB, and so is the file: nothing of ours is larger, and some spreadsheet
programs do not read larger members.
"""

import struct
import tempfile
import zlib
from collections.abc import Iterator
from typing import Protocol, Self

BYTES_MAX = 2 * 1024**3
"""Of one member and of the whole file."""
LEVEL = 3
"""Of compression: half the time of the usual 6, and files a few hundredths larger."""
SMALL_LEVEL = 6
"""Of a small member, which costs next to nothing: there may be half a million of them."""

_VERSION = 20
_VERSION_64 = 45
_UTF8 = 0x0800
_SIZES_AFTER = 0x0008
_STORED, _DEFLATED = 0, 8
_TIME, _DATE = 0, 0x0021
"""1 January 1980, midnight."""
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3 << 8
_SPOOLED_BYTES_MAX = 1024 * 1024
_COUNT_16 = 0xFFFF
_LOCAL = struct.Struct("<4s5H3L2H")
_AFTER = struct.Struct("<4s3L")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")


class TooLarge(Exception):
    """A member or the file would pass `BYTES_MAX`."""


class Sink(Protocol):
    """Whatever takes bytes in order."""

    def write(self, content: bytes, /) -> object:
        """Take some more."""
        ...


class Member:
    """A member that is being written; it ends with `close`, before the next one begins."""

    def __init__(self, archive: "Archive", name: str, method: int) -> None:
        self._archive = archive
        self._name = name.encode()
        self._method = method
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15) if method else None
        self._offset = archive.written
        self._crc = 0
        self.size = self._packed = 0
        """Bytes so far, before packing."""
        flags = _UTF8 | _SIZES_AFTER
        archive.put(_local(self._name, flags, method, 0, 0, 0))

    def write(self, content: bytes, /) -> None:
        """Some more of it. TooLarge."""
        self._crc = zlib.crc32(content, self._crc)
        self.size += len(content)
        if self.size > BYTES_MAX:
            raise TooLarge
        self._out(self._packer.compress(content) if self._packer else content)

    def close(self) -> None:
        """The end of it: sizes, and its place in the directory."""
        if self._packer is not None:
            self._out(self._packer.flush())
        sizes = self._crc, self._packed, self.size
        self._archive.put(_AFTER.pack(b"PK\x07\x08", *sizes))
        flags = _UTF8 | _SIZES_AFTER
        self._archive.note(self._name, flags, self._method, self._offset, *sizes)

    def _out(self, packed: bytes) -> None:
        self._packed += len(packed)
        self._archive.put(packed)


class Archive:
    """A ZIP file on its way into `sink`, which is never read or sought in.

    To be used with `with`, which forgets what waits when something fails; `finish` ends the file.
    """

    def __init__(self, sink: Sink) -> None:
        self.written = 0
        """Bytes so far."""
        self._sink = sink
        self._count = 0
        # The directory: 46 bytes and the name for each member.
        self._directory = tempfile.SpooledTemporaryFile(_SPOOLED_BYTES_MAX)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._directory.close()

    def add(self, name: str, content: bytes) -> None:
        """Add a small member, deflated. TooLarge."""
        packer = zlib.compressobj(SMALL_LEVEL, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        raw_name, offset = name.encode(), self.written
        sizes = zlib.crc32(content), len(packed), len(content)
        self.put(_local(raw_name, _UTF8, _DEFLATED, *sizes))
        self.put(packed)
        self.note(raw_name, _UTF8, _DEFLATED, offset, *sizes)

    def open(self, name: str, *, packed: bool = True) -> Member:
        """Begin a member of unknown size; unpacked where its content is packed already."""
        return Member(self, name, _DEFLATED if packed else _STORED)

    def finish(self) -> None:
        """Write the directory and end the file."""
        for _ in self.endings():
            pass

    def endings(self) -> Iterator[None]:
        """As `finish`, a piece at a time, so that a sink that buffers can be drained in between."""
        begin, size = self.written, self._directory.tell()
        self._directory.seek(0)
        while part := self._directory.read(_SPOOLED_BYTES_MAX):
            self.put(part)
            yield
        count = self._count
        if count >= _COUNT_16:
            end = self.written
            self.put(
                _END_64.pack(
                    b"PK\x06\x06",
                    _END_64.size - 12,
                    _UNIX | _VERSION_64,
                    _VERSION_64,
                    0,
                    0,
                    count,
                    count,
                    size,
                    begin,
                )
            )
            self.put(_LOCATOR_64.pack(b"PK\x06\x07", 0, end, 1))
        short = min(count, _COUNT_16)
        self.put(_END.pack(b"PK\x05\x06", 0, 0, short, short, size, begin, 0))

    def put(self, content: bytes) -> None:
        """Hand bytes on, counting. TooLarge."""
        self.written += len(content)
        if self.written > BYTES_MAX:
            raise TooLarge
        self._sink.write(content)

    def note(
        self, name: bytes, flags: int, method: int, offset: int, crc: int, packed: int, size: int
    ) -> None:
        """Keep a member's entry for the directory."""
        self._count += 1
        fields = (
            *(b"PK\x01\x02", _UNIX | _VERSION, _VERSION, flags, method, _TIME, _DATE),
            *(crc, packed, size, len(name), 0, 0, 0, 0, _REGULAR_FILE, offset),
        )
        self._directory.write(_CENTRAL.pack(*fields) + name)


def _local(name: bytes, flags: int, method: int, crc: int, packed: int, size: int) -> bytes:
    fields = b"PK\x03\x04", _VERSION, flags, method, _TIME, _DATE, crc, packed, size, len(name), 0
    return _LOCAL.pack(*fields) + name

"""An `Out` of the exports that keeps what it is given, for tests that look at a file."""

from dataclasses import dataclass, field


@dataclass
class Kept:
    """A file in memory, with every progress that was told."""

    content: bytearray = field(default_factory=bytearray)
    told: list[int] = field(default_factory=list)

    def write(self, content: bytes, /) -> None:
        self.content += content

    async def drain(self, rows_done: int) -> None:
        self.told.append(rows_done)

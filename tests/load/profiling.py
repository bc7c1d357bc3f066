"""py-spy beside a run: where the server's process was."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.load.figures import self_times, whole_times
from tests.load.stage import PROJECT, Server

if TYPE_CHECKING:
    from tests.load.bench import Options

RATE_HZ = 400
SHOWN = 40
EXTRA_SECONDS_MAX = 20.0


@contextmanager
def watch(server: Server, options: "Options", arm: str) -> Iterator[Path | None]:
    """Record the server's process while the run lasts; the folded profile, or None."""
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if options.profile != arm or spy is None:
        yield None
        return
    place = PROJECT / "reports" / f"bench-{arm}.folded"
    place.parent.mkdir(exist_ok=True)
    command = [spy, "record", "--format", "raw", "--rate", str(RATE_HZ)]
    command += ["--duration", str(max(1, int(options.seconds))), "--output", str(place)]
    command += ["--pid", str(server.process.pid)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spying:
        yield place
        spying.wait(options.seconds + EXTRA_SECONDS_MAX)


def summary(place: Path) -> str:
    """The functions most often at work."""
    if not place.exists():
        return "py-spy recorded nothing (it needs the right to trace: root, or ptrace_scope 0)"
    folded = place.read_text(encoding="utf-8")
    lines = [f"{place.relative_to(PROJECT)}: share of time, including what was called"]
    lines += [f"  {share:6.1%}  {name}" for share, name in whole_times(folded, SHOWN)]
    lines += ["share of time by function at work"]
    lines += [f"  {share:6.1%}  {name}" for share, name in self_times(folded, SHOWN)]
    return "\n".join(lines)

"""Nothing in the project names the machine it was made on, or where a package came from."""

import re

import pytest

from tests.architecture import tree

# Brackets keep this file from finding itself.
PLACES = re.compile(
    r"(?<![\w.])/[r]oot/|(?<![\w.])/[h]ome/\w+/|/[U]sers/\w+/|\.\.[/]shared"
    r"|\bpypi[.](?:org|tuna)|[f]iles\.pythonhosted|registry[.]npm|npmmirror[.]com"
    r"|mirrors?[.](?:aliyun|tuna|tencent|ustc)|[f]ile:///"
    r"|--(?:extra-)?index[-]url|\"resolved\":\s*\"[h]ttp|registry = \"[h]ttp"
)


def test_no_file_names_a_place_of_one_machine() -> None:
    here = f"{tree.PROJECT}/"
    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in tree.files()
        for number, line in enumerate(tree.text(path).splitlines(), start=1)
        if PLACES.search(line) or here in line
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["cd /r~oot/x", "/h~ome/li/x", "see ..~/shared/a", "at pypi~.org/x", "fi~le:///opt/wheels"],
)
def test_the_search_finds_what_it_should(line: str) -> None:
    assert PLACES.search(line.replace("~", ""))


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "scripts/uv.txt"])
def test_locks_pin_every_package_by_hash_and_name_no_source(lock: str) -> None:
    text = (tree.PROJECT / lock).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    packages = [line for line in lines if not line.startswith(" ")]
    assert packages
    assert all(re.match(r"[a-z0-9-]+==[^ ]+( ; [^\\]+)? \\$", line) for line in packages)
    hashes = [line for line in lines if line.startswith(" ")]
    assert all(re.match(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?$", line) for line in hashes)

"""Prints what this machine tells pip about indexes, as shell `export` lines for uv.

uv reads none of pip's settings. Where a machine reaches its package index through them (a mirror,
a proxy, a certificate), they are handed on for this one run; nothing is written anywhere. Whoever
has configured uv itself knows better, and nothing is handed on. Standard library only: it runs
before anything is installed.
"""

import configparser
import os
import shlex
import sys
from pathlib import Path

# Option of pip -> variable of uv. pip treats all indexes alike, and so does uv when told
# "unsafe-best-match"; that is safe here because the locks pin every file by its hash.
WORDS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
}
LISTS = {"extra-index-url": " ", "find-links": ",", "trusted-host": " "}


def pip_files(env: dict[str, str]) -> list[Path]:
    """Configuration files of pip in its order, later ones over earlier ones."""
    named = env.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path(env.get("HOME") or "/nonexistent")
    user = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf")]
    files += [home / ".pip/pip.conf", user / "pip/pip.conf", Path(sys.prefix, "pip.conf")]
    return files + ([Path(named)] if named else [])


def pip_settings(files: list[Path], env: dict[str, str]) -> dict[str, str]:
    """What pip would go by: [global], then [install], then PIP_* variables."""
    settings: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                settings |= dict(parser.items(section))
    for option in WORDS:
        variable = "PIP_" + option.upper().replace("-", "_")
        if env.get(variable):
            settings[option] = env[variable]
    return settings


def uv_exports(settings: dict[str, str], env: dict[str, str]) -> dict[str, str]:
    """The variables to set for uv; those already set are left alone."""
    exports = {}
    for option, variable in WORDS.items():
        value = settings.get(option, "").strip()
        if value and not env.get(variable):
            exports[variable] = LISTS.get(option, " ").join(value.split())
    if "UV_INDEX" in exports:
        exports["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return exports


def uv_is_configured(env: dict[str, str]) -> bool:
    """Whether this machine's owner has told uv itself where to look."""
    indexes = (
        "UV_DEFAULT_INDEX",
        "UV_INDEX_URL",
        "UV_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_CONFIG_FILE",
    )
    user = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or "/nonexistent") / ".config")
    files = (user / "uv/uv.toml", Path("/etc/uv/uv.toml"), Path("/etc/xdg/uv/uv.toml"))
    return any(env.get(name) for name in indexes) or any(os.access(file, os.R_OK) for file in files)


if __name__ == "__main__":
    environment = dict(os.environ)
    if not uv_is_configured(environment):
        found = uv_exports(pip_settings(pip_files(environment), environment), environment)
        for variable, value in found.items():
            print(f"export {variable}={shlex.quote(value)}")

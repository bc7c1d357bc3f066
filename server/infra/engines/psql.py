"""SQL on a server from synchronous code, through the wheel's own psql.

Asyncpg would need a running loop, and the callers (supervisor, fixtures) may or may not have one.
"""

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from server.infra.engines.errors import EngineFailure

CONNECT_SECONDS_MAX = 5
STATEMENT_SECONDS_MAX = 60.0


def run_sql(psql: Path, database_url: str, script: str, **names: str) -> str:
    """Run a script, stopping at the first error; what it printed, unaligned and without headers.

    `names` are for identifiers, written `:"name"` in the script. Raises EngineFailure with the
    server's words. The password goes through the environment: `ps` would show arguments.
    """
    target = urlsplit(database_url)
    environment = {
        "PATH": os.defpath,
        "PGHOST": target.hostname or "127.0.0.1",
        "PGPORT": str(target.port or 5432),
        "PGUSER": unquote(target.username or ""),
        "PGPASSWORD": unquote(target.password or ""),
        "PGDATABASE": unquote(target.path.lstrip("/")),
        "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS_MAX),
        "PGCLIENTENCODING": "UTF8",
    }
    variables = [f"--set={name}={value}" for name, value in names.items()]
    options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]
    try:
        done = subprocess.run(
            [str(psql), *options, *variables],
            input=script,
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=STATEMENT_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"数据库 {STATEMENT_SECONDS_MAX:.0f} 秒内没有答复。"
        raise EngineFailure(message) from error
    if done.returncode != 0:
        message = f"数据库拒绝了请求：{done.stderr.strip()[-1000:]}"
        raise EngineFailure(message)
    return done.stdout

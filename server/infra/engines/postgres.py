"""PostgreSQL 18: its data made in one step that is whole or absent, its settings, its process."""

import shutil
import socket
import subprocess
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from typing import ClassVar

from server.infra.engines.account import Account
from server.infra.engines.engine import ENVIRONMENT, LOOPBACK, Engine, launcher_command
from server.infra.engines.errors import EngineFailure
from server.infra.engines.home import State, sync_folder
from server.infra.engines.processes import command_line, pid_in
from server.infra.engines.psql import run_sql

ROLE = "huixiang"
"""The application's role, owner of the database of the same name; it may create databases."""
SUPERUSER = "engine"
PREPARE_SECONDS_MAX = 120.0
ATTEMPT_SECONDS_MAX = 2.0

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # A socket path is limited to 107 bytes; homes are not.
    "max_connections": "200",
    # Sized for a laptop with two cores, on which the server itself also runs.
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_parallel_workers_per_gather": "0",  # One report must not take both cores from claims.
    "random_page_cost": "1.1",
    "jit": "off",  # Our statements are short; compiling them costs more than they take.
    "wal_buffers": "16MB",
    "wal_compression": "on",
    "min_wal_size": "256MB",
    "max_wal_size": "4GB",  # A flash round must not be cut by a checkpoint.
    "checkpoint_timeout": "15min",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",  # We give it a file as standard error.
    "log_destination": "stderr",
    # Nothing of people may reach the log: no statements, no parameters, and terse errors, for
    # the DETAIL line of a unique violation quotes the row's values.
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""An answered commit survives a power cut."""
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "on",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A test's database lives for seconds; a worker of the superuser's in it could not be ended by
    # `drop_database`, which is nobody special.
    "autovacuum": "off",
}
"""For tests: nothing waits for the disk. An answered commit still survives SIGKILL of PostgreSQL
itself, for `synchronous_commit` hands it to the kernel first; a power cut would ruin all of it."""


class Postgres(Engine):
    """One PostgreSQL server on `data`."""

    program: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL"
    # Fast shutdown: sessions are ended and a checkpoint written. Then immediate shutdown, which
    # the next start repairs from the write-ahead log.
    stop_signals: ClassVar = ((SIGINT, 30.0), (SIGQUIT, 5.0))

    def __init__(
        self,
        bin_folder: Path,
        data: Path,
        account: Account,
        log: Path,
        state: State,
        *,
        durable: bool,
    ) -> None:
        super().__init__(data, account, log, state.postgres_port)
        self._bin = bin_folder
        self._state = state
        self._durable = durable

    @property
    def pid_file(self) -> Path:
        """PostgreSQL's own, in its data folder."""
        return self.data / "postmaster.pid"

    @property
    def url(self) -> str:
        """Where the application connects."""
        return f"postgres://{ROLE}:{self._state.application_password}@{LOOPBACK}:{self.port}/{ROLE}"

    def command(self) -> list[str]:
        """Settings go on the command line, so that this file alone says what holds."""
        settings = SETTINGS | (DURABLE if self._durable else THROWAWAY)
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        program = str(self._bin / self.program)
        return [program, "-D", str(self.data), "-p", str(self.port), *options]

    def configuration(self) -> bytes:
        """It reads nothing."""
        return b""

    def answers(self) -> bool:
        """Log in as the application and select."""
        try:
            # Cheaper than a psql process while the port is still closed.
            with socket.create_connection((LOOPBACK, self.port), ATTEMPT_SECONDS_MAX):
                pass
            return run_sql(self._bin / "psql", self.url, "SELECT 1").strip() == "1"
        except (OSError, EngineFailure) as error:
            self.last_refusal = str(error)
            return False

    def clear_orphan(self) -> None:
        """Stop an orphan; drop a pid file whose pid now belongs to a process of somebody else.

        PostgreSQL would take any living process of its account for itself and refuse to start.
        """
        super().clear_orphan()
        pid = pid_in(self.pid_file)
        arguments = command_line(pid) if pid else []
        # Only one that is seen to be another program; in doubt PostgreSQL decides.
        if arguments and self.program not in arguments[0]:
            self.pid_file.unlink(missing_ok=True)

    def prepare(self, *, set_passwords: bool) -> None:
        """Create the data folder where missing; give the roles the passwords of the state.

        The folder is made under another name and renamed when all of it is there, so that a
        crash leaves either nothing or a database that is ready.
        """
        if self.data.exists():
            self._account.adopt(self.data)
            if set_passwords:
                self.clear_orphan()
                self._single_user(self.data, self._password_sql())
            return
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._account.give(draft)
        self._initdb(draft)
        roles = [
            f"CREATE ROLE {ROLE} LOGIN CREATEDB",
            f"CREATE DATABASE {ROLE} OWNER {ROLE} STRATEGY file_copy",
        ]
        self._single_user(draft, [*roles, *self._password_sql()])
        draft.rename(self.data)
        if self._durable:
            # Otherwise a power cut could undo the rename after commits have been answered.
            sync_folder(self.data.parent)

    def _initdb(self, folder: Path) -> None:
        """Make an empty cluster: UTF-8, and an order of text that no system library changes."""
        password = folder.with_name("postgres.password")
        password.unlink(missing_ok=True)
        password.touch(mode=0o600, exist_ok=False)
        try:
            password.write_text(self._state.superuser_password, encoding="ascii")
            self._account.give(password)
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            access = [f"--username={SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={password}"]
            fast = [] if self._durable else ["--no-sync"]
            options = [*locale, *access, *fast, "--encoding=UTF8", "--no-instructions"]
            self._run("initdb", "-D", str(folder), *options, script="")
        finally:
            password.unlink()

    def _password_sql(self) -> list[str]:
        state = self._state
        return [
            f"ALTER ROLE {SUPERUSER} PASSWORD '{state.superuser_password}'",
            f"ALTER ROLE {ROLE} PASSWORD '{state.application_password}'",
        ]

    def _single_user(self, folder: Path, statements: list[str]) -> None:
        """Run statements without a server: no port is open and nobody can be first to it."""
        options = ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic"]
        if not self._durable:
            options += ["-c", "fsync=off"]
        script = "".join(statement + "\n" for statement in statements)
        self._run(self.program, "--single", "-D", str(folder), *options, "postgres", script=script)

    def _run(self, program: str, *arguments: str, script: str) -> None:
        """Run one of PostgreSQL's programs to its end under the account."""
        command = [str(self._bin / program), *arguments]
        try:
            done = subprocess.run(
                launcher_command(self._account, SIGKILL, *command),
                input=script,
                env=ENVIRONMENT,
                cwd=self.data.parent,
                capture_output=True,
                text=True,
                timeout=PREPARE_SECONDS_MAX,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            message = f"{program} 超过 {PREPARE_SECONDS_MAX:.0f} 秒未完成。"
            raise EngineFailure(message) from error
        if done.returncode != 0:
            tail = (done.stdout + done.stderr)[-2000:].strip()
            message = f"{program} 失败（状态 {done.returncode}）：\n{tail}"
            raise EngineFailure(message)

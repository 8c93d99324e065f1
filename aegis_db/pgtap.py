"""Run pgTAP files with pg_prove's semantics: one psql session per file, as command and in pytest.

A file passes when psql ended well, the plan was kept and no assertion outside TODO failed. Unlike
pg_prove, a file that committed its own plan fails: what it changed would meet the files after it.

As pytest plugin (``pytest_plugins = ["aegis_db.pgtap"]``) it collects ``tests/pgtap/**/*.sql``, one
item per file, run in the database that the fixture ``pgtap_dsn`` of the conftest names.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aegis_db.cluster import find_binaries
from aegis_db.database import connect
from aegis_db.errors import AegisError

if TYPE_CHECKING:
    import psycopg
    import pytest

TIMEOUT = 120.0  # seconds for one file
GRACE = 5.0  # seconds for a cancelled query to end

DEBIAN = "usr/share/postgresql/*/extension/pgtap--*.sql"

# TAP::Parser reads bytes, so \d, \s and \b mean ASCII here, too.
_PLAN = re.compile(r"1\.\.(\d+)\s*(.*)", re.ASCII | re.DOTALL)
_SKIP_ALL = re.compile(r"#\s*SKIP\S*\s+(.*)", re.ASCII | re.IGNORECASE)
_ASSERTION = re.compile(r"(not )?ok\b\s*(\d+)?\s*(.*)", re.ASCII)
_DIRECTIVE = re.compile(
    r"([^\\#]*(?:\\.[^\\#]*)*)#\s*(SKIP|TODO)\b\s*(.*)", re.ASCII | re.IGNORECASE
)
_BAIL_OUT = re.compile(r"\s*Bail out!\s*(.*)", re.ASCII)

# Runs after the file, in its session. Only a committed plan() survives the ROLLBACK.
_EPILOGUE = (
    r"\set SHOW_CONTEXT never",
    "SET client_min_messages = error",
    "ROLLBACK",
    """DO $$
    BEGIN
        IF to_regclass('pg_temp.__tcache__') IS NOT NULL THEN
            RAISE 'the file committed what it did'
                USING HINT = 'Put it between BEGIN and ROLLBACK.';
        END IF;
    END $$""",
)


@dataclass
class Assertion:
    """One ``ok`` or ``not ok`` line; ``directive`` is TODO, SKIP or empty, ``reason`` its text.

    ``diagnostics`` are the lines that explain it: its subtest before, its comments after it.
    """

    number: int
    ok: bool
    description: str = ""
    directive: str = ""
    reason: str = ""
    planned: bool = True
    diagnostics: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Return whether it counts as passed: a TODO always does, an unplanned one never."""
        return self.planned and (self.ok or self.directive == "TODO")


@dataclass
class Result:
    """What became of one file.

    ``problems`` are faults of the file as a whole; ``skipped`` and ``bailed_out`` hold the reason
    or None; ``tap`` and ``errors`` are psql's stdout and stderr; ``seconds`` the time it took.
    """

    name: str = ""
    tap: str = ""
    errors: str = ""
    seconds: float = 0.0
    assertions: list[Assertion] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    skipped: str | None = None
    bailed_out: str | None = None

    @property
    def passed(self) -> bool:
        """Return whether nothing is wrong with the file; a skipped file passes."""
        return not self.problems and not self.failed

    @property
    def failed(self) -> list[Assertion]:
        """Return the assertions that failed."""
        return [assertion for assertion in self.assertions if not assertion.passed]

    @property
    def surprises(self) -> list[Assertion]:
        """Return the assertions that passed although they are marked TODO."""
        return [one for one in self.assertions if one.ok and one.directive == "TODO"]

    def count(self, directive: str) -> int:
        """Return the number of assertions marked ``directive``: TODO or SKIP."""
        return sum(assertion.directive == directive for assertion in self.assertions)

    @property
    def verdict(self) -> str:
        """Return the outcome in one line, like ``3 assertions, 1 todo`` or ``no plan``."""
        total = _several(len(self.assertions), "assertion")
        if not self.passed:
            failed = [f"{len(self.failed)} of {total} failed"] if self.failed else []
            return "; ".join([*failed, *self.problems])
        if self.skipped is not None:
            return f"skipped: {self.skipped}"
        words = {"TODO": "todo", "SKIP": "skipped"}
        marks = [f"{n} {word}" for directive, word in words.items() if (n := self.count(directive))]
        if self.surprises:
            marks.append("todo passed: " + " ".join(str(one.number) for one in self.surprises))
        return ", ".join([total, *marks])

    @property
    def explanation(self) -> list[str]:
        """Return why the file failed: each failed assertion with its diagnostics, then stderr."""
        lines = []
        for one in self.failed:
            lines.append(f"not ok {one.number} {one.description}".rstrip())
            lines += [f"    {line}" for line in one.diagnostics]
        return [*lines, *self.errors.splitlines()]


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def parse(tap: str) -> Result:
    """Return the verdict on a TAP 12 stream, as TAP::Parser gives it."""
    result = Result(tap=tap)
    planned: int | None = None
    plan_is_last = False
    subtest: list[str] = []
    for line in tap.split("\n"):
        if test := _ASSERTION.fullmatch(line):
            if plan_is_last:
                result.problems.append("the plan is neither at the beginning nor at the end")
                plan_is_last = False
            position = len(result.assertions) + 1
            number = int(test[2] or position)
            if number != position:
                result.problems.append(f"out of sequence: found {number}, expected {position}")
            mark = _DIRECTIVE.fullmatch(test[3])
            description, directive, reason = mark.groups() if mark else (test[3], "", "")
            result.assertions.append(
                Assertion(
                    number,
                    ok=test[1] is None,
                    description=description.strip(),
                    directive=directive.upper(),
                    reason=reason.strip(),
                    planned=planned is None or position <= planned,
                    diagnostics=subtest,
                )
            )
            subtest = []
        elif bail_out := _BAIL_OUT.fullmatch(line):
            result.bailed_out = bail_out[1].strip()
            result.problems.append(f"bailed out: {result.bailed_out}".removesuffix(": "))
        elif line.startswith("#") and result.assertions:
            result.assertions[-1].diagnostics.append(line)
        elif line[:1] in (" ", "\t"):
            subtest.append(line)
        elif (plan := _PLAN.fullmatch(line)) and (plan[1].strip("0") == "" or not plan[2].strip()):
            if planned is not None:
                result.problems.append("more than one plan")
                continue
            planned, plan_is_last = int(plan[1]), bool(result.assertions)
            if planned == 0:
                reason_given = _SKIP_ALL.fullmatch(plan[2])
                result.skipped = reason_given[1].strip() if reason_given else "no reason given"
    if planned is None:
        result.problems.append("no plan")
    elif planned != len(result.assertions):
        result.problems.append(f"planned {planned} but ran {len(result.assertions)}")
    return result


def run_file(
    path: Path, dsn: str = "", *, psql: Path | None = None, timeout: float = TIMEOUT
) -> Result:
    """Run one file in a psql session of its own; the database is ``dsn``, the time in seconds.

    The session finds pgTAP and pg_catalog only. Raises AEK32 without psql.
    """
    target: dict[str, Any] = conninfo_to_dict(dsn)
    environment = {**os.environ, "PGCLIENTENCODING": "UTF8"}
    if password := target.pop("password", None):
        environment["PGPASSWORD"] = str(password)  # not for the list of processes
    target["options"] = " ".join(
        (
            str(target.get("options") or os.environ.get("PGOPTIONS", "")),
            "-c client_min_messages=warning -c search_path=tap,pg_catalog",
        )
    ).strip()
    command = [str(psql or find_psql()), "-XAtqw", "-P", "pager=off", "-v", "ON_ERROR_STOP=1"]
    command += [f"--dbname={make_conninfo('', **target)}", f"--file={path}"]
    command += [f"--command={statement}" for statement in _EPILOGUE]

    started = time.monotonic()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
    except OSError as error:
        raise _no_psql(str(error)) from error
    late = False
    with process:
        try:
            output = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
            output = _cancel(process)
        except BaseException:
            _cancel(process)
            raise
    # Decoded here: Popen would take a carriage return for the end of a line.
    tap, errors = (stream.decode("utf-8", "replace") for stream in output)
    result = parse(tap)
    result.name, result.errors = path.as_posix(), errors
    result.seconds = time.monotonic() - started
    if late:
        result.problems.append(f"no end after {timeout:g} s")
    elif process.returncode:
        result.problems.append(f"psql ended with status {process.returncode}")
    return result


def _cancel(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Let psql cancel its query on the server; return all that it wrote to stdout and stderr."""
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return each ``.sql`` file that ``paths`` name or hold, once; folders in order of name."""
    found = (sorted(path.rglob("*.sql")) if path.is_dir() else [path] for path in paths)
    return list(dict.fromkeys(path for group in found for path in group))


def run_files(
    paths: Sequence[Path], dsn: str = "", *, psql: Path | None = None, timeout: float = TIMEOUT
) -> Iterator[Result]:
    """Run files one after another; one that bails out is the last."""
    psql = psql or find_psql()
    for path in paths:
        result = run_file(path, dsn, psql=psql, timeout=timeout)
        yield result
        if result.bailed_out is not None:
            return


def find_psql() -> Path:
    """Return psql: of AEGIS_PG_BINDIR, else of PATH, else of any server found. Raises AEK32."""
    if not os.environ.get("AEGIS_PG_BINDIR") and (found := shutil.which("psql")):
        return Path(found)
    try:
        psql = find_binaries().program("psql")
    except AegisError as error:
        raise _no_psql(error.message) from error
    if not psql.exists():
        raise _no_psql(f"{psql} does not exist.")
    return psql


def _no_psql(detail: str) -> AegisError:
    return AegisError(
        "AEK32",
        "psql was not found",
        detail=detail,
        hint="Install PostgreSQL's client programs, or name their directory with AEGIS_PG_BINDIR.",
    )


def provide_pgtap(connection: psycopg.Connection[Any]) -> str:
    """Make pgTAP available in schema ``tap`` to everybody and return where it came from.

    The server's extension is preferred; without it the SQL file of an installed package is loaded.
    Does nothing when pgTAP is there; never call it inside a transaction that matters. Raises AEK30
    when there is no pgTAP, AEK31 when it is in another schema.
    """
    with connection.transaction():
        row = connection.execute(
            """
            SELECT to_regprocedure('tap.plan(integer)') IS NOT NULL,
                   obj_description(to_regnamespace('tap'), 'pg_namespace'),
                   (SELECT extnamespace::regnamespace::text
                      FROM pg_extension WHERE extname = 'pgtap'),
                   (SELECT default_version FROM pg_available_extensions WHERE name = 'pgtap')
            """
        ).fetchone()
        present, origin, installed_in, available = row or (False, None, None, None)
        if present:
            return str(origin or "pgTAP: already there")
        if installed_in:
            raise AegisError(
                "AEK31",
                f'pgTAP is installed in schema "{installed_in}", not in "tap"',
                hint="Move it: CREATE SCHEMA tap; ALTER EXTENSION pgtap SET SCHEMA tap;",
            )
        connection.execute("CREATE SCHEMA IF NOT EXISTS tap")
        if available:
            origin = f"extension pgtap {available}"
            connection.execute("CREATE EXTENSION pgtap SCHEMA tap")
        else:
            origin = str(file := _pgtap_sql())
            connection.execute("SET LOCAL search_path = tap, pg_catalog")
            connection.execute(file.read_bytes())
        connection.execute("GRANT USAGE ON SCHEMA tap TO PUBLIC")
        connection.execute("GRANT EXECUTE ON ALL ROUTINES IN SCHEMA tap TO PUBLIC")
        connection.execute(
            sql.SQL("COMMENT ON SCHEMA tap IS {}").format(sql.Literal(f"pgTAP: {origin}"))
        )
    return f"pgTAP: {origin}"


def _pgtap_sql() -> Path:
    """Return AEGIS_PGTAP_SQL, else the newest pgtap--VERSION.sql of Debian. Raises AEK30."""
    detail = "The server does not offer the extension, and no SQL file of it was found."
    if explicit := os.environ.get("AEGIS_PGTAP_SQL"):
        candidates = [Path(explicit)] if Path(explicit).is_file() else []
        detail = f'AEGIS_PGTAP_SQL "{explicit}" is no file.'
    else:
        candidates = [path for path in Path("/").glob(DEBIAN) if path.name.count("--") == 1]
    if not candidates:
        raise AegisError(
            "AEK30",
            "pgTAP is not installed",
            detail=detail,
            hint="apt-get install postgresql-15-pgtap, or name its SQL file with AEGIS_PGTAP_SQL.",
        )
    return max(candidates, key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)])


# --- pytest ---------------------------------------------------------------------------------------


@cache
def _provided(dsn: str) -> str:
    with connect(dsn) as connection:
        return provide_pgtap(connection)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect one item per file; it passes, fails without a traceback or is skipped."""
    tests = parent.config.rootpath / "tests"
    if file_path.suffix != ".sql" or not file_path.is_relative_to(tests / "pgtap"):
        return None
    import pytest  # noqa: PLC0415 - the runner works without

    def check(request: pytest.FixtureRequest, pgtap_dsn: str) -> None:
        try:
            _provided(pgtap_dsn)
        except AegisError as error:
            refuse = pytest.skip if error.sqlstate == "AEK30" else pytest.fail
            refuse(f"{error.sqlstate}: {error.message}. {error.hint}")
        result = run_file(Path(os.path.relpath(file_path)), pgtap_dsn)
        request.node.user_properties.append(("assertions", len(result.assertions)))
        if result.surprises:
            request.node.user_properties.append(("todo", result.verdict))
        if result.bailed_out is not None:
            request.session.shouldfail = f"{result.name} {result.problems[-1]}"
        if not result.passed:
            pytest.fail("\n".join([result.verdict, *result.explanation]), pytrace=False)
        if result.skipped is not None:
            pytest.skip(result.skipped)

    class Item(pytest.Function):
        def reportinfo(self) -> tuple[Path, None, str]:
            return file_path, None, file_path.relative_to(tests).as_posix()

    class File(pytest.File):
        def collect(self) -> Iterable[pytest.Item]:
            yield Item.from_parent(self, name="pgtap", callobj=check)

    return File.from_parent(parent, path=file_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many assertions ran, and which passed although they are marked TODO."""
    runs = [
        (report.nodeid, dict(report.user_properties))
        for category in ("passed", "failed", "skipped")
        for report in terminalreporter.getreports(category)
        if report.when == "call" and "assertions" in dict(report.user_properties)
    ]
    if runs:
        total = sum(properties["assertions"] for _, properties in runs)
        terminalreporter.write_line(
            f"pgTAP: {_several(total, 'assertion')} in {_several(len(runs), 'file')}"
        )
    for name, properties in runs:
        if "todo" in properties:
            terminalreporter.write_line(f"{name.partition('::')[0]}: {properties['todo']}")

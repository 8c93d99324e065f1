"""Run pgTAP files against a database and report as text, TAP or JUnit XML."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO
from xml.etree import ElementTree

import click
import psycopg

from aegis_db.cli.options import dsn_option
from aegis_db.database import connect
from aegis_db.errors import AegisError, reported
from aegis_db.pgtap import TIMEOUT, Result, find_files, provide_pgtap, run_files

SHIPPED = Path(__file__).resolve().parents[2] / "tests" / "pgtap"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@click.command(short_help="Run pgTAP files against the database.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(True, path_type=Path))
@click.option("--tap", is_flag=True, help="Print TAP, one subtest per file.")
@click.option(
    "--junit",
    metavar="FILE",
    type=click.File("w", encoding="utf-8", lazy=False, atomic=True),
    help="Write JUnit XML, too.",
)
@click.option("--list", "list_only", is_flag=True, help="Print the files instead of running them.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=TIMEOUT,
    show_default=True,
    help="How long one file may take.",
)
@dsn_option
def test(
    paths: tuple[Path, ...],
    tap: bool,
    junit: TextIO | None,
    list_only: bool,
    timeout: float,
    dsn: str,
) -> None:
    """Run the pgTAP files in PATH... (default: those of a checkout of AEGIS).

    Every file has a session of its own and rolls back what it does, so that a live database keeps
    nothing of it; locks that it takes last until then. pgTAP itself is put into schema tap.
    Exit code 1 if a file failed.
    """
    with reported():
        files = find_files(paths or _shipped())
        if not files:
            raise click.UsageError(f"no .sql file in {', '.join(map(str, paths))}")
        if list_only:
            for path in files:
                click.echo(path)
            return
        _prepare(dsn, len(files), aegis_needed=not paths)
        results = []
        if tap:
            click.echo(f"TAP version 13\n1..{len(files)}")
        width = max(len(str(path)) for path in files)
        for number, result in enumerate(run_files(files, dsn, timeout=timeout), start=1):
            results.append(result)
            for line in tap_lines(number, result) if tap else text_lines(result, width):
                click.echo(line)
        if junit:
            junit.write(junit_xml(results))
        click.echo(summary(results, len(files)), err=True)
    if not all(result.passed for result in results):
        sys.exit(1)


def _shipped() -> Sequence[Path]:
    """Return the folder of AEGIS's own tests, relative where possible; raises AEK33."""
    if not SHIPPED.is_dir():
        raise AegisError(
            "AEK33",
            "this installation carries no tests",
            detail="They are in tests/pgtap of a checkout.",
            hint="Name the files or folders to run: aegis-db test PATH...",
        )
    here = Path.cwd()
    return [SHIPPED.relative_to(here) if SHIPPED.is_relative_to(here) else SHIPPED]


def _prepare(dsn: str, files: int, *, aegis_needed: bool) -> None:
    """Put pgTAP into the database and say what will happen; raises AEK30, AEK31 and AEK34."""
    with connect(dsn, autocommit=True) as connection:
        place = _place(connection)
        row = connection.execute(
            "SELECT to_regclass('aegis.alembic_version') IS NULL, to_regnamespace('tap') IS NULL"
        ).fetchone()
        no_aegis, no_tap = row or (True, True)
        if aegis_needed and no_aegis:
            raise AegisError(
                "AEK34",
                f"AEGIS is not installed in {place}",
                hint="`aegis-db upgrade` installs it; name PATH... to run tests of your own.",
            )
        origin = provide_pgtap(connection)
    click.echo(f"{files} file{'s'[: files != 1]}, each rolled back, in {place}", err=True)
    gone = "; DROP SCHEMA tap CASCADE removes it" if no_tap else ""
    click.echo(f"{origin}, in schema tap{gone}", err=True)


def _place(connection: psycopg.Connection[Any]) -> str:
    info = connection.info
    version = ".".join(
        str(part) for part in (info.server_version // 10000, info.server_version % 100)
    )
    return f'database "{info.dbname}" of PostgreSQL {version} at {info.host}:{info.port}'


def summary(results: Sequence[Result], files: int) -> str:
    """Return the closing sentence on ``results``, out of ``files`` that were to run."""
    failed = sum(not result.passed for result in results)
    assertions = sum(len(result.assertions) for result in results)
    seconds = sum(result.seconds for result in results)
    text = f"{failed or 'none'} of {files} failed, {assertions} assertions, {seconds:.1f} s"
    if files > len(results):
        text += f"; {files - len(results)} not run after {results[-1].name} bailed out"
    return text


def text_lines(result: Result, width: int) -> Iterator[str]:
    """Yield the verdict on one file in a line, the name padded to ``width``, then its faults."""
    word, colour = ("ok", "green") if result.passed else ("FAILED", "red")
    dots = "." * (width - len(result.name) + 2)
    head = f"{result.name} {dots} {click.style(word, fg=colour)}"
    yield f"{head} {result.seconds:6.2f} s  {result.verdict}"
    if not result.passed:
        yield from (f"    {line}" for line in result.explanation)


def tap_lines(number: int, result: Result) -> Iterator[str]:
    """Yield one file as test point ``number`` of a TAP stream, with what it printed as subtest."""
    yield f"# Subtest: {result.name}"
    yield from (f"    {line}" for line in result.tap.rstrip("\n").split("\n"))
    word = "ok" if result.passed else "not ok"
    skip = f" # SKIP {result.skipped}" if result.passed and result.skipped is not None else ""
    yield f"{word} {number} - {result.name.replace('#', chr(92) + '#')}{skip}"
    if not result.passed:
        yield from (f"# {line}" for line in (result.verdict, *result.errors.splitlines()))
    if result.bailed_out is not None:
        yield f"Bail out! {result.bailed_out}".rstrip()


def junit_xml(results: Iterable[Result]) -> str:
    """Return JUnit XML: a suite per file, a case per assertion and one for the file's faults."""
    root = ElementTree.Element("testsuites", name="pgTAP")
    for result in results:
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(result.name))
        for one in result.assertions:
            case = _case(suite, result, f"{one.number} {one.description}".rstrip())
            if not one.passed:
                failure = ElementTree.SubElement(case, "failure", message=_xml(one.description))
                failure.text = _xml("\n".join(one.diagnostics))
            elif one.directive:
                ElementTree.SubElement(
                    case, "skipped", message=_xml(f"{one.directive} {one.reason}")
                )
        if result.problems:
            error = ElementTree.SubElement(_case(suite, result, "file"), "error")
            error.set("message", _xml("; ".join(result.problems)))
        elif result.skipped is not None:
            ElementTree.SubElement(
                _case(suite, result, "file"), "skipped", message=_xml(result.skipped)
            )
        suite.set("tests", str(len(suite)))
        for total, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(total, str(len(suite.findall(f"testcase/{kind}"))))
        suite.set("time", f"{result.seconds:.3f}")
        ElementTree.SubElement(suite, "system-err").text = _xml(result.errors)
    ElementTree.indent(root)
    return f"{_DECLARATION}\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _case(suite: ElementTree.Element, result: Result, name: str) -> ElementTree.Element:
    classname = Path(result.name).with_suffix("").as_posix().replace("/", ".")
    return ElementTree.SubElement(suite, "testcase", classname=_xml(classname), name=_xml(name))


def _xml(text: str) -> str:
    """Return ``text`` without the characters that XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)

"""Who may install, and where."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import conninfo
from sqlalchemy.exc import DBAPIError

from aegis_db import verify
from aegis_db.cluster import Cluster
from aegis_db.database import connect
from aegis_db.errors import AegisError, describe
from aegis_db.migrate import downgrade, upgrade

Dump = Callable[[str], str]


@pytest.fixture(scope="module")
def fresh(cluster: Cluster) -> Iterator[Cluster]:
    """A second cluster, in which nobody has made the AEGIS roles yet."""
    with Cluster.temporary(binaries=cluster.binaries, settings=("fsync=off",)) as running:
        yield running


def test_a_role_without_superuser_installs(
    fresh: Cluster, caplog: pytest.LogCaptureFixture, dump: Dump
) -> None:
    """CREATEROLE, and CREATE on the database, are enough; what is missing is said."""
    with psycopg.connect(fresh.dsn(), autocommit=True) as connection:
        connection.execute("CREATE ROLE installer LOGIN CREATEROLE")
        connection.execute("CREATE DATABASE plain")
        connection.execute("GRANT CREATE ON DATABASE plain TO installer")
    dsn = conninfo.make_conninfo(fresh.dsn("plain"), user="installer")

    with caplog.at_level(logging.WARNING, "aegis_db.migrate"):
        upgrade(dsn)
    assert "event trigger aegis_arm_partitions is not installed" in caplog.text
    with connect(dsn) as connection:
        assert verify.verify(connection) == []
        layers = verify.status(connection)["layers"]
    assert {name: layer["active"] for name, layer in layers.items()} == {
        "roles": True,
        "event triggers": False,
        "guards": True,
        "partitions": True,
    }

    schema = dump(fresh.dsn("plain"))
    downgrade(dsn, "base")
    upgrade(dsn)
    assert dump(fresh.dsn("plain")) == schema

    with psycopg.connect(fresh.dsn(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE whole")
    upgrade(fresh.dsn("whole"))
    with connect(fresh.dsn("whole")) as whole, connect(dsn) as plain:
        drifts = verify.differences(plain, whole)
    assert [drift.object for drift in drifts] == [
        f"event trigger {name}" for name in verify.EVENT_TRIGGERS
    ]


def test_a_role_that_may_nothing_is_told_so(fresh: Cluster) -> None:
    with psycopg.connect(fresh.dsn(), autocommit=True) as connection:
        connection.execute("CREATE ROLE nobody_special LOGIN")
        connection.execute("CREATE DATABASE closed")
    with pytest.raises(DBAPIError) as refused:
        upgrade(conninfo.make_conninfo(fresh.dsn("closed"), user="nobody_special"))
    assert describe(refused.value).sqlstate == "42501"


def test_a_database_of_a_newer_package_is_left_alone(new_database: Callable[..., str]) -> None:
    dsn = new_database("newer")
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE aegis.alembic_version SET version_num = '0999_future'")
    with pytest.raises(AegisError) as refused:
        upgrade(dsn)
    assert refused.value.sqlstate == "AEK10"
    with connect(dsn) as connection:
        assert [drift.check for drift in verify.verify(connection)] == ["revision"]

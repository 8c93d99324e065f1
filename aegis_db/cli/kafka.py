"""Take messages of Kafka into the database."""

from __future__ import annotations

from pathlib import Path

import click

from aegis_db.cli.ingest import reporting, serve, show, stopping
from aegis_db.cli.options import dsn_option, json_option
from aegis_db.errors import reported
from aegis_db.ingest.kafka import KafkaReader


def _pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = dict(value.partition("=")[::2] for value in values)
    for name, value in found.items():
        if not name or not value:
            raise click.BadParameter(f"{name!r} has no value: write {name or 'NAME'}=VALUE")
    return found


@click.command(short_help="Take messages of Kafka into the database, exactly once.")
@click.argument("topics", metavar="TOPIC=TABLE...", nargs=-1, required=True, callback=_pairs)
@click.option("--source", required=True, help="Row of aegis.data_sources.")
@click.option("--brokers", required=True, metavar="HOST:PORT,...", help="bootstrap.servers")
@click.option("--group", default="aegis", show_default=True, help="Consumer group.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of librdkafka's settings, name=value a line: security and the like.",
)
@click.option("-X", "--set", "settings", multiple=True, callback=_pairs, metavar="NAME=VALUE")
@click.option(
    "--field",
    "names",
    multiple=True,
    callback=_pairs,
    metavar="COLUMN=KEY",
    help="Key of the message that fills a column of another name.",
)
@click.option("--batch-rows", type=click.IntRange(1, 50_000), default=5_000, show_default=True)
@click.option(
    "--linger", type=click.FloatRange(0.01), default=0.5, show_default=True,
    help="Seconds after which messages are applied although the batch is not full.",
)  # fmt: skip
@click.option(
    "--accept-loss", is_flag=True, help="Read on where the broker deleted what was not read."
)
@click.option("--metrics-port", type=int, help="Serve metrics for Prometheus on 127.0.0.1.")
@json_option
@dsn_option
def kafka(
    topics: dict[str, str],
    source: str,
    brokers: str,
    group: str,
    config: Path | None,
    settings: dict[str, str],
    names: dict[str, str],
    batch_rows: int,
    linger: float,
    accept_loss: bool,
    metrics_port: int | None,
    as_json: bool,
    dsn: str,
) -> None:
    """Apply the JSON messages of TOPIC to TABLE until SIGTERM or Ctrl-C.

    Offsets are kept in aegis.stream_offsets and move with the rows; aegis.stream_lag shows how far
    each partition is. A message that cannot be read or believed is put into aegis.dead_letters.
    """
    with reported():
        lines = config.read_text("utf-8").splitlines() if config else []
        of_file = {
            name.strip(): value.strip()
            for name, is_setting, value in (line.partition("=") for line in lines)
            if is_setting and not name.lstrip().startswith("#")
        }
        reader = KafkaReader(
            dsn,
            {**of_file, **settings, "bootstrap.servers": brokers},
            topics,
            group=group,
            source=source,
            names=names,
            batch_rows=batch_rows,
            linger=linger,
            accept_loss=accept_loss,
        )
        if metrics_port is not None:
            serve(reader.metrics, metrics_port)
        try:
            with stopping(reader.stopped), reporting(reader.total):
                reader.run()
        finally:
            show(reader.total, as_json=as_json)

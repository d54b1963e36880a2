"""
The command line. Every command is thin: parse, call, print.

A wrong option, file, address or configuration gives one sentence on standard error and exit code 2, never a traceback.
"""

import math
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from plumewatch.commands.bench import bench_app
from plumewatch.commands.credentials import c2pa_app
from plumewatch.commands.log import log_app
from plumewatch.commands.models import models_app
from plumewatch.commands.nodes import node_app
from plumewatch.commands.operator import operator_app
from plumewatch.commands.options import AsJson, Data, Database
from plumewatch.commands.registry import registry_app
from plumewatch.commands.rules import rules_app
from plumewatch.commands.vault import vault_app
from plumewatch.failures import UsageError, sentence_for
from plumewatch.logs import configure
from plumewatch.processes import stop_on_eof
from vision.matrices import in_one_thread

app = typer.Typer(
    name="plumewatch",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(models_app, name="models")
app.add_typer(operator_app, name="operator")
app.add_typer(bench_app, name="bench")
app.add_typer(log_app, name="log")
app.add_typer(c2pa_app, name="c2pa")
app.add_typer(node_app, name="node")
app.add_typer(vault_app, name="vault")
app.add_typer(rules_app, name="rules")
app.add_typer(registry_app, name="registry")

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Worker configuration (TOML).")]
Sources = Annotated[list[str] | None, typer.Option("--source", "-s", help="Stream address or file; repeatable.")]
Redis = Annotated[str, typer.Option("--redis", envvar="PLUMEWATCH_REDIS_URL", help="Redis or Valkey address.")]


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        print(f"plumewatch {version('plumewatch')}")
        raise typer.Exit


@app.callback()
def every_command(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """青目 Plumewatch: camera streams in, evidence-stamped leads out."""


def main() -> NoReturn:
    """Run the command line; exit with 0, 1 (the answer is no) or 2 (the question was wrong)."""
    in_one_thread()
    try:
        code = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except typer.TyperException as error:
        said = error.format_message()
        # where no command is named, that is the help
        print(said if said.startswith("Usage: ") else f"plumewatch: {said}", file=sys.stderr)
        code = 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception as error:  # the edge: known faults become a sentence, unknown ones stay a traceback
        sentence = sentence_for(error)
        if sentence is None:
            raise
        print(f"plumewatch: {sentence}", file=sys.stderr)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """Yield an event that is set by SIGINT, SIGTERM or the end of a supervisor."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop_on_eof()
    yield stop


@app.command()
def up(
    config: Config = None,
    source: Sources = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the wall; 8080, or the next free one.")
    ] = None,
    data: Data = Path("plumewatch-data"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes; they share the cameras.")] = 1,
    redis: Annotated[
        str, typer.Option("--redis", envvar="PLUMEWATCH_REDIS_URL", help="Redis or Valkey address; empty: our own.")
    ] = "",
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Watch generated scenes.")] = False,
    once: Annotated[bool, typer.Option("--once", help="End after the first lead is filed and verified.")] = False,
    once_timeout_s: Annotated[float, typer.Option(help="Longest wait with --once, in seconds.")] = 180.0,
) -> None:
    """Run all of it on this machine: bus, API with the wall, worker."""
    from plumewatch.supervisor import Site, SiteOptions  # noqa: PLC0415

    configure()
    if not 0 < once_timeout_s < math.inf:
        raise UsageError(f"--once-timeout-s must be a number above 0, got {once_timeout_s:g}")
    options = SiteOptions(
        config=config, sources=tuple(source or ()), port=port, data=data, demo=demo, workers=workers, redis=redis
    )
    with _until_stopped() as stop:
        raise typer.Exit(Site(options).run(stop, once_timeout_s=once_timeout_s if once else None))


@app.command()
def api(
    data: Data = Path("plumewatch-data"),
    redis: Redis = "redis://127.0.0.1:6379/0",
    database: Database = "",
    vault: Annotated[str, typer.Option(envvar="PLUMEWATCH_VAULT_URL", help="Empty: a folder in --data.")] = "",
    host: Annotated[str, typer.Option(envvar="PLUMEWATCH_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PLUMEWATCH_PORT", min=0, max=65535, help="Port to listen on.")] = 8080,
) -> None:
    """Run the API with the wall."""
    from plumewatch.api_process import run_api  # noqa: PLC0415

    configure()
    stop_on_eof()
    run_api(data=data, redis=redis, database=database, vault=vault, host=host, port=port)


@app.command()
def worker(
    config: Config = None,
    source: Sources = None,
    data: Data = Path("plumewatch-data"),
    redis: Redis = "redis://127.0.0.1:6379/0",
    api: Annotated[str, typer.Option(envvar="PLUMEWATCH_API_URL", help="API address.")] = "http://127.0.0.1:8080",
    worker_key_file: Annotated[
        Path | None, typer.Option(envvar="PLUMEWATCH_WORKER_KEY_FILE", help="File that holds the worker's key.")
    ] = None,
    node: Annotated[str | None, typer.Option(help="Name of this node at its first start; the machine's.")] = None,
    max_cameras: Annotated[
        int | None, typer.Option(min=0, help="Cameras to watch at most; 0: as many as it can. Else as configured.")
    ] = None,
    shard: Annotated[str, typer.Option(help="Watch one part of the configured cameras: 2/4 for the second of 4.")] = "",
) -> None:
    """Run a worker: read cameras, detect, confirm, report."""
    from plumewatch.worker_process import run_worker  # noqa: PLC0415

    configure()
    with _until_stopped() as stop:
        run_worker(
            config=config,
            sources=tuple(source or ()),
            data=data,
            redis=redis,
            api=api,
            worker_key_file=worker_key_file,
            node=node,
            max_cameras=max_cameras,
            shard=shard,
            stop=stop,
        )


@app.command("worker-key")
def worker_key(
    name: Annotated[str, typer.Argument(help="Name of the worker that will use it; with --revoke: the key.")],
    data: Data = Path("plumewatch-data"),
    database: Database = "",
    *,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the key instead; what it filed stays.")] = False,
) -> None:
    """Make a key for one more worker and print it, once; or revoke one."""
    from plumewatch.api_process import make_worker_key, revoke_worker_key  # noqa: PLC0415

    configure(quiet=True)
    if revoke:
        revoke_worker_key(name, data=data, database=database)
    else:
        print(make_worker_key(name, data=data, database=database))


@app.command()
def outbox(
    data: Data = Path("plumewatch-data"),
    requeue: Annotated[str | None, typer.Option(help="Send this rejected lead again.")] = None,
) -> None:
    """Show the leads that wait for the API on this node, those it refused, with the reason, and damaged cases."""
    from plumewatch.offline import show_outbox  # noqa: PLC0415

    configure(quiet=True)
    for line in show_outbox(data, requeue):
        print(line)


@app.command()
def replay(
    files: Annotated[list[str], typer.Argument(help="Video files.")],
    config: Config = None,
    *,
    findings: Annotated[
        bool, typer.Option("--findings", help="Print what is wrong with the pictures instead, one JSON line each.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Analyse files as fast as possible; print each lead. The same files give the same leads every time."""
    from plumewatch.commands.reports import lead_json, lead_text  # noqa: PLC0415
    from plumewatch.offline import findings_in, replay_files  # noqa: PLC0415

    configure(quiet=True)
    if findings:
        for line in findings_in(files, config):
            print(line, flush=True)
        return
    for lead in replay_files(files, config):
        print(lead_json(lead) if as_json else lead_text(lead), flush=True)


@app.command()
def verify(
    package: Annotated[Path, typer.Argument(help="Evidence package: a folder or a .tar.")],
    roots: Annotated[Path | None, typer.Option(help="Certificates you trust (PEM), from elsewhere.")] = None,
    lang: Annotated[str | None, typer.Option(help="zh, en or both; as LANG says, both where it says neither.")] = None,
    revoked: Annotated[
        list[Path] | None,
        typer.Option(
            help="Revoked certificates, as you trust the roots: the JSON of /v1/trust/revoked.json, or an authority's "
            "CRL (PEM or DER); repeat for several. CRLs among the roots are read too."
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """
    Check a package offline; exit 0 only if all that was checked holds, 1 if not, 3 if only proofs are missing.

    Without --roots that is only that nothing has changed since it was signed, not by whom or when: anybody can make a
    package that holds in itself. GET /v1/trust/nodes.pem of a site gives its roots.
    """
    from plumewatch.offline import verify_one  # noqa: PLC0415

    report, verdict = verify_one(package, roots, lang, revoked or (), as_json=as_json)
    print(report)
    raise typer.Exit(verdict.exit_code)


@app.command()
def reverify(
    package: Annotated[Path, typer.Argument(help="Evidence package: a folder or a .tar.")],
    runtime: Annotated[
        str, typer.Option(help="Engine to judge with: auto, onnxruntime, openvino, openvino-int8, ...")
    ] = "auto",
    *,
    weights: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The recorded weights, where the model is retired: its file is in the project's git history.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a package's clip again, by its model, configuration and rule; exit 0 only for the same verdict."""
    from plumewatch.offline import reverify_one  # noqa: PLC0415

    configure(quiet=True)
    report, is_same = reverify_one(package, runtime, weights, as_json=as_json)
    print(report)
    raise typer.Exit(0 if is_same else 1)


@app.command("check-config")
def check_config(file: Annotated[Path, typer.Argument(help="Worker configuration (TOML).")]) -> None:
    """Check a configuration without touching a camera; name every wrong key (exit 1; 2 where no file can be read)."""
    from plumewatch.worker_process import read_config  # noqa: PLC0415
    from vision.config.worker import ConfigError, warnings_of  # noqa: PLC0415

    try:
        config = read_config(file, ())
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2 if isinstance(error.__cause__, OSError) else 1) from None
    for warning in warnings_of(config):
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{file}: cameras {len(config.cameras)}, rules {len(config.rules)}: holds")


@app.command()
def probe(
    url: Annotated[str, typer.Argument(help="Stream address or file.")],
    seconds: Annotated[float, typer.Option(help="How long to listen.")] = 6.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Open a stream and report codec, size, rate, GOP, clock source and time to the first frame."""
    from plumewatch.offline import probe_one  # noqa: PLC0415

    print(probe_one(url, seconds, as_json=as_json))


__all__ = ["UsageError", "app", "main"]

"""`pusher import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options
from pusher.cli.render import escaped
from pusher.cli.session import session
from pusher.errors import ConfigError, Problem
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.importer import Change, Imported

HELP = """Turn a query of another platform into models, and say what means something else in them.

QUERY is a file, or - for stdin. No file is ever replaced. Example: pusher import orders.sql --dialect snowflake"""


def import_(
    query: Annotated[Path, typer.Argument(metavar="QUERY", help="File of the query.", show_default=False)],
    *,
    dialect: Annotated[
        str, typer.Option("--dialect", help="presto, snowflake, bigquery or spark.", show_default=False)
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Name for the models; the file's without it.", show_default=False)
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option("--payload", help="What the view is pushed as; told by its columns.", show_default=False),
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Source of tables without a schema.")] = "platform",
    timezone: Annotated[str, typer.Option("--timezone", help="Zone of times without one, such as UTC.")] = "UTC",
    country: Annotated[
        str | None, typer.Option("--country", help="Country of phone numbers in national form.", show_default=False)
    ] = None,
    value_of: Annotated[
        str | None,
        typer.Option("--value-of", help="What `value` is the amount of: line or order.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the files, and write none.")] = False,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Import a query."""
    with session("import", as_json=json, quiet=quiet, no_color=no_color) as current:
        from pusher.importer import ImportOptions
        from pusher.importer.names import slug

        shown = "stdin" if str(query) == "-" else query.as_posix()
        text = _read(query)
        said = ImportOptions(
            name=slug(query.stem) if name is None else name,
            payload=payload,
            source=source,
            timezone=timezone,
            country=country.upper() if country is not None else None,
            value_of=value_of,
        )
        if name is None and shown == "stdin":
            raise ConfigError(Problem("usage", "A query from stdin has no name.", fix="Give it one: --name orders."))
        project = current.project(project_dir, profiles_dir, target, variables)
        imported = project.import_query(text, file=shown, dialect=dialect, options=said, dry_run=dry_run)
        current.body |= {
            "dialect": dialect,
            "view": imported.view,
            "payload": imported.payload,
            "dry_run": dry_run,
            "files": [{"path": path, "text": content} for path, content in imported.files.items()],
            "changes": [
                {
                    "kind": one.kind, "line": one.line, "column": one.column,
                    "old": one.old, "new": one.new, "why": one.why,
                }
                for one in imported.changes
            ],
        }  # fmt: skip
        if dry_run:
            current.text("\n".join(f"-- {path}\n{escaped_lines(text)}" for path, text in imported.files.items()))
        current.text(_written(imported, dry_run=dry_run))
        current.text(f"\n{counted(len(imported.changes), 'change')} of meaning:")
        current.text("\n".join(_line(shown, change) for change in imported.changes))
        if not dry_run:
            current.text(f"\nNext:\n  pusher lint\n  pusher build --select +{imported.view}")


def _read(query: Path) -> str:
    """Return the text of the query.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        content = sys.stdin.buffer.read() if str(query) == "-" else query.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        message = f"The query cannot be read: {error.strerror}."
        raise ConfigError(Problem("no-query", message, query.as_posix(), fix="Name the file of a query.")) from error
    except UnicodeDecodeError as error:
        fix = "Save it as UTF-8."
        raise ConfigError(Problem("no-query", "The query is no text in UTF-8.", query.as_posix(), fix=fix)) from error


def escaped_lines(text: str) -> str:
    """Return the lines of a file without what could steer a terminal."""
    return "\n".join(map(escaped, text.split("\n")))


def _written(imported: Imported, *, dry_run: bool) -> str:
    head = "would write" if dry_run else "wrote"
    listed = "\n".join(f"  {path}" for path in imported.files)
    return f"{head} {counted(len(imported.files), 'file')} for {imported.payload}:\n{listed}"


def _line(file: str, change: Change) -> str:
    verb = "is taken for" if change.kind == "assumed" else "becomes"
    new = f"{verb} `{change.new}`" if change.new else "is left out"
    old = f"`{change.old}` {new}" if change.old else f"added `{change.new}`"
    return escaped(f"{file}:{change.line}:{change.column}: {change.kind}: {old}. {change.why}")

"""`pusher auth`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pusher.cli import options, render
from pusher.cli.hidden import hidden_value
from pusher.cli.session import Session, session
from pusher.cli.signals import CutShort
from pusher.clock import SystemClock
from pusher.errors import ConfigError, Problem, PusherError
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.authorising import CredentialStanding, Kept, ViewStanding
    from pusher.project.facade import Project

GROUP_HELP = """Give pusher access to TikTok, look at it, end it: login, status, revoke, logout.

Example: pusher auth login"""
LOGIN_HELP = """Let somebody consent on TikTok's page, and keep the access token.

The developer app is TIKTOK_APP_ID with TIKTOK_APP_SECRET, or stands in the keyring. Whoever consents has to be Admin
or Operator of the ad account; Analyst is not enough.
Example: pusher auth login --name shop --description "Northwind, all accounts" """
STATUS_HELP = """Show the credentials, and what the views of the project still need.

Exit code 1 says that something is missing. Works outside of a project too. Example: pusher auth status"""
REVOKE_HELP = """End a token at TikTok, then forget it here.

Example: pusher auth revoke --name shop"""
LOGOUT_HELP = """Forget a token here; at TikTok it goes on working.

Example: pusher auth logout --name shop"""
# Words that are not understood may be a token: they are refused here, where nothing repeats them.
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}

_KINDS = ("events", "audience")

Name = Annotated[
    str | None,
    typer.Option(
        "--name", help="Name of the credential; the one that the target's settings ask for.", show_default=False
    ),
]


def login(
    context: typer.Context,
    *,
    name: Name = None,
    description: Annotated[str, typer.Option("--description", help="What the credential is for.")] = "",
    store: Annotated[
        str | None,
        typer.Option("--store", help="Where to keep the token: keyring, or file (private).", show_default=False),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Consent elsewhere: paste the address that the browser ends at.")
    ] = False,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Keep a token made in Events Manager, for events only.")
    ] = False,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Log in."""
    with session("auth login", as_json=json, quiet=quiet, no_color=no_color) as current, CutShort():
        from pusher.authorising import Person, Wish, keep_events_token, log_in, place_for, token_api
        from pusher.credentials import application, check_name

        _refuse_words(context, "login")
        if token_stdin and no_browser:
            fix = "Pass one of the two: a token of Events Manager needs no consent."
            raise ConfigError(Problem("usage", "--token-stdin and --no-browser exclude each other.", fix=fix))
        project = _project(current, project_dir, profiles_dir, target)
        # A token of Events Manager reaches no audience.
        chosen = check_name(_name(name, project, "login", ("events",) if token_stdin else _KINDS))
        clock = SystemClock()
        if token_stdin:
            wish = Wish(chosen, description, place_for(store, may_show=False))
            kept = keep_events_token(hidden_value("token of Events Manager (hidden): "), wish, clock)
        else:
            api = token_api(application(), project, clock=clock, listener=current.progress)
            wish = Wish(chosen, description, place_for(store, may_show=not json and _is_terminal(sys.stdout)))
            kept = log_in(api, wish, Person(_say, hidden_value, _browser()), pastes=no_browser)
        _show_kept(current, kept, project)


def status(
    context: typer.Context,
    *,
    name: Name = None,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Show credentials."""
    with session("auth status", as_json=json, quiet=quiet, no_color=no_color) as current:
        _refuse_words(context, "status")
        from pusher.authorising import credential_standings, view_standings

        credentials = credential_standings(name)
        current.body |= {"credentials": [one.as_json() for one in credentials], "target": None, "views": []}
        current.text(_credentials_text(credentials, SystemClock().now()))
        try:
            project = _project(current, project_dir, profiles_dir, target, variables)
            if project is None:
                return
            views = view_standings(project)
        except PusherError as error:
            # The credentials are the user's own; a project that is wrong hides none of them.
            current.exit_code, current.body["_problems"] = error.exit_code, error.problems
            return
        current.body |= {"target": project.profile.target, "views": [one.as_json() for one in views]}
        current.exit_code = 1 if any(one.missing for one in views) else 0
        current.text(_views_text(views, project.profile.target))


def revoke(
    context: typer.Context,
    *,
    name: Name = None,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Revoke a token."""
    with session("auth revoke", as_json=json, quiet=quiet, no_color=no_color) as current, CutShort():
        _refuse_words(context, "revoke")
        from pusher.authorising import revocable, revoke, token_api
        from pusher.credentials import application

        project = _project(current, project_dir, profiles_dir, target)
        credential = revocable(_name(name, project, "revoke"))
        worked = revoke(credential, token_api(application(), project, clock=SystemClock(), listener=current.progress))
        current.body |= {"name": credential.name, "revoked": True, "worked_before": worked}
        what = "The token is revoked" if worked else "TikTok says that the token was revoked before"
        current.text(f"{what}, and the credential {credential.name} is gone.")


def logout(
    context: typer.Context,
    *,
    name: Name = None,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """Forget a token."""
    with session("auth logout", as_json=json, quiet=quiet, no_color=no_color) as current:
        _refuse_words(context, "logout")
        from pusher.authorising import log_out
        from pusher.credentials import EVENTS

        found = log_out(_name(name, _project(current, project_dir, profiles_dir, target), "logout"))
        current.body |= {"name": found.name, "revoked": False}
        # It is forgotten here, so that `revoke` can end it no more.
        where = "in Events Manager, at the data source" if found.kind == EVENTS else "on TikTok's own pages"
        gone = f"The credential {found.name} is gone from this machine. Its token still works for whoever has a copy"
        current.text(render.wrapped(f"{gone}, until somebody ends it {where}.", ""))


def _refuse_words(context: typer.Context, command: str) -> None:
    """Refuse words that may be a token, without repeating them.

    Raises:
        ConfigError: There are some.
    """
    if context.args:
        message = f"{command} takes only the options of `pusher auth {command} --help`; a token is never an argument."
        fix = "Pipe a token of Events Manager into `pusher auth login --token-stdin`, or type it when asked."
        raise ConfigError(Problem("usage", message, fix=fix))


def _project(
    current: Session, project_dir: Path, profiles_dir: Path | None, target: str | None, variables: str | None = None
) -> Project | None:
    """Return the project, or None outside of one."""
    if project_dir == Path() and not Path("dbt_project.yml").exists():
        return None
    return current.project(project_dir, profiles_dir, target, variables)


def _name(given: str | None, project: Project | None, command: str, kinds: Sequence[str] = _KINDS) -> str:
    """Return the name of the credential that is meant.

    Raises:
        ConfigError: None is given, and the target asks for several.
    """
    from pusher.credentials import DEFAULT_NAME

    if given is not None or project is None:
        return given if given is not None else DEFAULT_NAME
    # A target without a block of the destination is told of here.
    project.account.in_profile  # noqa: B018
    names = project.account.tokens.asked_for(kinds)
    if len(names) > 1:
        asked = ", ".join(f"`{name}` for its {' and '.join(parts)}" for name, parts in names.items())
        message = f"Target {project.profile.target} asks for several credentials: {asked}."
        ways = " or ".join(f"`pusher auth {command} --name {name}`" for name in names)
        raise ConfigError(Problem("several-credentials", message, fix=f"Say which is meant: {ways}."))
    return next(iter(names))


def _say(text: str) -> None:
    """Print what a person has to do, on stderr whatever goes to stdout; an address stays on one line."""
    typer.echo(text if text.startswith(" ") else render.wrapped(text, ""), err=True)


def _is_terminal(stream: object) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)())


def _browser() -> Callable[[str], None] | None:
    """Return what opens a page, or None where nobody would see it."""
    import webbrowser

    has_display = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    # What a browser prints goes where our own output goes.
    if not has_display or not all(map(_is_terminal, (sys.stdin, sys.stdout, sys.stderr))):
        return None

    def open_url(url: str) -> None:
        # One that runs in the terminal returns only when it ends, and would wait for us meanwhile.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    return open_url


def _comes_first(project: Project | None) -> str | None:
    """Return what gives a token that is taken before any credential, for all views, or None."""
    from pusher.settings.tokens import TOKEN_VARIABLE

    if project is None or project.account.destination.name not in project.profile.destinations:
        return TOKEN_VARIABLE if os.environ.get(TOKEN_VARIABLE) else None
    firsts = [next(project.account.tokens.sources(kind)) for kind in ("events", "audience")]
    if any(one.credential is not None for one in firsts):
        return None
    given = [
        f"access_token of target {project.profile.target}" if one.secret and one.given else TOKEN_VARIABLE
        for one in firsts
    ]
    return " and ".join(dict.fromkeys(given))


def _show_kept(current: Session, kept: Kept, project: Project | None) -> None:
    from pusher.authorising import CredentialStanding, Place
    from pusher.credentials import DEFAULT_NAME

    comes_first = _comes_first(project)
    needed = {} if comes_first is not None else _still_needed(project, kept.credential.name)
    target = project.profile.target if project is not None else ""
    standing = CredentialStanding(kept.credential, str(kept.place))
    replaced = None if kept.replaced is None else f"{kept.replaced.isoformat()}Z"
    current.body |= {"credential": standing.as_json(), "replaced": replaced, "comes_first": comes_first, "views": []}
    current.body["still_needed"] = list(needed)
    current.text(_credential_text(standing, SystemClock().now()))
    if kept.place is Place.SHOWN:
        current.text(
            "\nThis system has no keyring, so the token is shown once, here. Keep it where only you can read it, and\n"
            f"set TIKTOK_ACCESS_TOKEN to it:\n\n{kept.credential.token.reveal()}\n"
        )
        return
    if kept.replaced is not None:
        current.text(
            render.wrapped(
                f"It replaces the one of {kept.replaced:%Y-%m-%d %H:%M} UTC, whose token may still work at TikTok.", ""
            )
        )
    name = kept.credential.name
    how = (
        "Targets without a `credential` of their own use it"
        if name == DEFAULT_NAME
        else (f"Targets with `credential: {name}` in profiles.yml use it")
    )
    current.text(render.wrapped(f"{how}, unless access_token or TIKTOK_ACCESS_TOKEN gives another token.", ""))
    for other, parts in needed.items():
        told = (
            f"Target {target} still needs `{other}` for its {' and '.join(parts)}: `pusher auth login --name {other}`."
        )
        current.complain(render.wrapped(told, ""))
    views = _views_of(project, name)
    current.body["views"] = [one.as_json() for one in views]
    for line in (
        *_lines_of("!", (problem for one in views for problem in one.missing)),
        *_lines_of("?", (problem for one in views for problem in one.unchecked)),
    ):
        current.complain(line)
    if comes_first is not None:
        told = f"warning: {comes_first} gives one here, so this credential is not used: take it away first."
        current.complain(render.wrapped(told, ""))


def _views_of(project: Project | None, name: str) -> list[ViewStanding]:
    """Return what the new token lacks for each view that it is for."""
    from pusher.authorising import view_standings

    if project is None or project.account.destination.name not in project.profile.destinations:
        return []
    try:
        return [one for one in view_standings(project) if one.credential == name]
    except PusherError:
        # The token is kept whatever the project says, and `auth status` tells what is wrong with it.
        return []


def _still_needed(project: Project | None, made: str) -> dict[str, list[str]]:
    """Return which other credentials the target asks for and nobody has made, with the parts that need them."""
    from pusher.credentials import CredentialStore

    if project is None or project.account.destination.name not in project.profile.destinations:
        return {}
    known = {made, *CredentialStore().names()}
    return {name: parts for name, parts in project.account.tokens.asked_for(_KINDS).items() if name not in known}


def _credentials_text(found: list[CredentialStanding], now: datetime) -> str:
    if not found:
        return "There are no credentials; `pusher auth login` makes one."
    return "\n\n".join(_credential_text(one, now) for one in found)


def _credential_text(one: CredentialStanding, now: datetime) -> str:
    """Return a credential in lines; ids are copied, so nothing is cut."""
    credential = one.credential
    age_d = (now.astimezone(UTC).replace(tzinfo=None) - credential.granted_at).days
    by = f", to app {credential.app_id}" if credential.app_id else ", by Events Manager"
    lines = [f"{credential.name} ({_PLACES[one.place]})"]
    if credential.description:
        lines.append(render.wrapped(render.escaped(credential.description), "  "))
    lines.append(f"  granted    {credential.granted_at:%Y-%m-%d %H:%M} UTC, {counted(age_d, 'day')} ago{by}")
    used = credential.last_used_at
    lines.append(f"  last used  {f'{used:%Y-%m-%d %H:%M} UTC' if used else 'never by a push'}")
    for number, (id_, account) in enumerate(credential.advertisers):
        lines.append(f"  {'' if number else 'accounts':<9}  {id_} {render.escaped(account)}".rstrip())
    if credential.kind == "events":
        lines.append("  scopes     events of one data source, nothing else")
    for number, scope in enumerate(one.scopes):
        lines.append(f"  {'' if number else 'scopes':<9}  {scope.name} ({scope.id})")
    return "\n".join(lines)


_PLACES = {"keyring": "in the keyring", "file": "in a private file", "shown": "kept nowhere"}


def _views_text(views: list[ViewStanding], target: str) -> str:
    lines = [f"\ntarget {target}" + ("" if views else ": no destination views")]
    for one in views:
        source = f"credential {one.credential}" if one.credential else _SOURCES[one.token]
        lines.append(f"  {one.model}: {source}" + ("" if one.missing or not one.credential else ", nothing is missing"))
        for problem in one.missing:
            lines.append(render.wrapped(problem.message, "    ! "))
            lines.append(render.wrapped(problem.fix or "", "      "))
    lines += _lines_of("?", (problem for one in views for problem in one.unchecked))
    return "\n".join(lines)


def _lines_of(mark: str, problems: Iterable[Problem]) -> list[str]:
    """Return problems that are the same for several views, each once."""
    return [
        text
        for problem in dict.fromkeys(problems)
        for text in (render.wrapped(problem.message, f"  {mark} "), render.wrapped(problem.fix or "", "    "))
    ]


_SOURCES = {
    "access_token": "access_token of profiles.yml, of which nothing is known",
    "environment": "TIKTOK_ACCESS_TOKEN, of which nothing is known",
    "not-needed": "needs no token",
    "missing": "no token",
}

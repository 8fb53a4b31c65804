"""dbt's words as Jinja sees them: ref, source, config, var, env_var, this, target and friends.

Every word notes what is wrong and lets the render go on, so that one compile shows all problems.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

from pusher.compile import configs, hooks
from pusher.compile.asked import Asked, is_plain
from pusher.compile.bounds import safe_set
from pusher.compile.budget import RenderLimit
from pusher.compile.environment import MacroReturn
from pusher.compile.model import Relation, SourceKey, missing
from pusher.compile.one_render import Render
from pusher.compile.query_answers import NeedsWarehouse, Table
from pusher.compile.relation_columns import RelationColumn
from pusher.compile.template_places import locate_word, template_line, template_lines
from pusher.compile.word_values import UNSUPPORTED_WORDS, ConfigWord, Raised, ThisWord, UnsupportedWord
from pusher.config import Profile, ProjectFile, suggest
from pusher.contracts import Column
from pusher.errors import Problem

_NOT_GIVEN: Any = object()
SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE_KEY|API_KEY")
_LONGEST_MESSAGE = 2_000
_MOST_PROBLEMS = 100
_MOST_NOTICES, _MOST_NOTICE_CHARS = 1_000, 100_000
ONE_EXPRESSION = re.compile(r"\s*\{\{-?(?P<expression>(?:(?!\{\{|\}\}).)*?)-?\}\}\s*", re.DOTALL)
"""A text that is nothing but one Jinja expression."""


def database_name(profile: Profile) -> str:
    """Return what DuckDB calls the database of a profile."""
    return "memory" if profile.database == ":memory:" else PurePath(profile.database).stem


def _variables(
    project: ProjectFile, packages: Iterable[ProjectFile], given: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    """Return the variables of the project, under an empty name, and of each package.

    What the project says for a package wins over what it says for all, and both over the package's own.
    """
    found: dict[str, Mapping[str, Any]] = {"": {**project.vars, **given}}
    for package in packages:
        own = project.vars_of_all.get(package.name)
        said = {**project.vars_of_all, **(own if isinstance(own, Mapping) else {})}
        found[package.name] = {**package.vars, **said, **given}
    return found


class Words:
    """The names that templates use, for the model in `render`.

    Args:
        project: The project's file.
        packages: Those of its packages.
        profile: The chosen target.
        variables: Values that win over the project's own variables.
        run_started_at: Moment of the run.
        standing: Incremental models whose table stands, for `is_incremental()`.
        texts: Template text by file, to find columns.
        relation: Returns the relation of a name with a configuration.
        relation_of: Returns what `ref()` renders for a model, or a problem, given its name and the package that the
            reference names, if any.
        source_of: Returns what `source()` renders, or a problem.
        environment: Values of environment variables that win over those of the process.
        columns_of: Returns the columns of a relation, or None while they are not known.
        secret: Key of what is noted about the questions of templates, or None to note nothing.
        answer_of: Returns the rows of a query that a template asks; None while no warehouse is open.

    Attributes:
        asked: What the template that is rendered asked so far.
        waiting: Relations whose columns were asked for and are not known, with the place of the first question.
        outside: Surrounds what is no work of the template.
    """

    def __init__(
        self,
        *,
        project: ProjectFile,
        packages: Sequence[ProjectFile] = (),
        profile: Profile,
        variables: Mapping[str, Any],
        run_started_at: datetime,
        standing: Collection[str],
        texts: Mapping[str, str],
        relation: Callable[[str, Mapping[str, Any]], Relation],
        relation_of: Callable[[str, str | None], str | Problem],
        source_of: Callable[[SourceKey], str | Problem],
        environment: Mapping[str, str] | None = None,
        columns_of: Callable[[str], Sequence[Column] | None] = lambda _: None,
        secret: bytes | None = None,
        answer_of: Callable[[Render, str], Table | Problem | None] = lambda _, __: None,
    ) -> None:
        self.render = Render("", "", {})
        self._answer_of = answer_of
        self.asked = Asked(secret)
        self._project, self._profile = project, profile
        self._vars = _variables(project, packages, variables)
        self._standing, self._environment = standing, environment or {}
        self._texts, self._relation_of, self._source_of = texts, relation_of, source_of
        self.relation = relation
        self._columns_of = columns_of
        self.waiting: dict[str, Problem] = {}
        self.outside: Callable[[], AbstractContextManager[None]] = nullcontext
        self.database = database_name(profile)
        self.names = self._names(run_started_at)

    def _names(self, run_started_at: datetime) -> dict[str, Any]:
        target = SimpleNamespace(
            name=self._profile.target,
            target_name=self._profile.target,
            profile_name=self._profile.name,
            schema=self._profile.schema,
            type="duckdb",
            database=self.database,
            dbname=self.database,
            threads=self._profile.threads or os.cpu_count() or 1,
        )
        unsupported = {word: UnsupportedWord(self, word) for word in UNSUPPORTED_WORDS}
        return {
            **unsupported,
            "ref": self._ref,
            "source": self._source,
            "config": ConfigWord(self),
            "var": self._var,
            "env_var": self._env_var,
            "target": target,
            "run_started_at": run_started_at,
            "is_incremental": self._is_incremental,
            "run_query": self.run_query,
            "execute": True,
            "return": _return,
            "log": self._log,
            "print": lambda message: self._log(message, info=True),
            "exceptions": SimpleNamespace(raise_compiler_error=self._raise, warn=self._warn),
            "modules": SimpleNamespace(
                datetime=SimpleNamespace(datetime=datetime, date=date, time=time, timedelta=timedelta)
            ),
            "project_name": self._project.name,
            "tojson": lambda value, default=None: _or(default, json.dumps, value),
            "fromjson": lambda text, default=None: _or(default, json.loads, text),
            "set": lambda value, default=None: _or(default, safe_set, value),
            "zip": lambda *values: list(zip(*values, strict=False)),
            "local_md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        }

    def answer(self, kind: str, what: Sequence[Any]) -> Any:
        """Return what a question of the template in `render` is answered with now; None for what nobody can compare."""
        match kind:
            case "ref":
                return _text(self._relation_of(what[0], what[1]))
            case "source":
                return _text(self._source_of((what[0], what[1])))
            case "var":
                known = self._vars.get(self.render.package, self._vars[""])
                return self.asked.digest(known[what[0]]) if what[0] in known else ""
            case "env_var":
                value = self._environment.get(what[0], os.environ.get(what[0]))
                return "" if value is None else self.asked.digest(value)
            case "columns":
                columns = self._columns_of(what[0])
                return None if columns is None else [[column.name, column.type] for column in columns]
            case "target":
                return self.asked.digest(vars(self.names["target"]))
            case "is_incremental":
                return self.render.name in self._standing
            case "this":
                relation = self.relation(self.render.name, configs.merge(self.render.base, what[0]))
                return [relation.database, relation.schema, relation.identifier]
            case _:
                return None

    def asks(self, kind: str, *what: Any) -> None:
        """Note a question of the template."""
        if self.asked.is_on:
            self.asked.note(kind, what, self.answer(kind, what) if is_plain(list(what)) else None)

    def start(self, render: Render) -> None:
        """Make all words speak about another model."""
        self.render = render
        self.names["model"] = SimpleNamespace(name=render.name, path=render.path, original_file_path=render.path)
        self.names["this"] = ThisWord(self)

    def note(self, problem: Problem, *patterns: str) -> None:
        """Note a problem at the running line of the template, at the column where the first of some patterns is."""
        if len(self.render.problems) >= _MOST_PROBLEMS:
            raise RenderLimit(f"More than {_MOST_PROBLEMS} mistakes in one template")
        self.render.problems.append(self.placed(problem, *patterns))

    def placed(self, problem: Problem, *patterns: str) -> Problem:
        """Return the problem with the place of the running template line."""
        file, line = template_line() or (self.render.path, 1)
        line, column = locate_word(self._texts.get(file, ""), line, *patterns)
        return Problem(problem.code, problem.message[:_LONGEST_MESSAGE], file, line, column, problem.fix)

    def note_config(self, given: Mapping[str, Any]) -> None:
        """Take the settings of a `config()` call."""
        accepted: dict[str, Any] = {}
        for key, value in given.items():
            problem = self.render.check(key, value)
            if problem is None and key in hooks.SPELLINGS:
                at = self.placed(Problem("", ""), rf"\b{key}\b")
                more = hooks.written(value, lambda *_, at=at: at)
                accepted = configs.merge(accepted, {hooks.SPELLINGS[key]: more})
            elif problem is None:
                accepted[key] = value
            else:
                self.note(problem, rf"\b{re.escape(key)}\b['\"]?\s*[=:]")
        self.render.config = configs.merge(self.render.config, accepted)

    def _ref(self, *names: str, **versions: Any) -> str:
        package, name = names if len(names) == 2 else (None, names[-1] if names else "")  # noqa: PLR2004 -- dbt's ref takes a package first
        patterns = (rf"\bref\s*\([^)]*['\"]{re.escape(str(name))}['\"]", r"\bref\s*\(")
        found: str | Problem
        if versions.keys() & {"v", "version"}:
            message, fix = "Model versions are not supported.", "Refer to the model by its name."
            found = Problem("unsupported-feature", message, fix=fix)
        elif versions or not 1 <= len(names) <= 2:  # noqa: PLR2004 -- as above
            message = "`ref()` takes the name of a model, and before it maybe that of its package."
            found = Problem("wrong-call", message, fix="Write ref('model').")
        else:
            found = self._relation_of(str(name), package)
        if isinstance(found, Problem):
            self.note(found, *patterns)
            return Relation.of(self.database, self._profile.schema, str(name))
        self.asks("ref", name, package)
        if name not in self.render.refs:
            place = self.placed(Problem("", ""), *patterns)
            self.render.refs[name] = (place.file or self.render.path, place.line or 1, place.column or 1)
        return found

    def _source(self, source_name: str, table: str) -> str:
        found = self._source_of((source_name, table))
        if isinstance(found, Problem):
            self.note(found, rf"\bsource\s*\([^)]*['\"]{re.escape(str(table))}['\"]", r"\bsource\s*\(")
            return Relation.of(self.database, str(source_name), str(table))
        self.asks("source", source_name, table)
        self.render.sources.setdefault((source_name, table))
        return found

    def columns_in(self, relation: Any) -> list[RelationColumn]:
        """Return the columns of a relation; none while they are not known, or it does not stand."""
        text = str(relation)
        self.asks("columns", text)
        found = self._columns_of(text)
        if found is None and self.render.name not in self._standing and text == str(self.names["this"]):
            # The table of an incremental model does not stand yet.
            found = ()
        if found is None:
            self.render.is_waiting = True
            message = f"The columns of {text} are not known."
            fix = (
                "Ask for those of a ref() or source(); run `pusher lint` without this model to see what is wrong there."
            )
            pattern = r"get_columns_in_relation|\bstar\b|union_relations"
            self.waiting.setdefault(text, self.placed(Problem("unknown-columns", message, fix=fix), pattern))
        return [RelationColumn(column.name, column.type) for column in found or ()]

    def run_query(self, sql: Any) -> Table | None:
        """Return the rows of a query; nothing while `execute` is false.

        Raises:
            NeedsWarehouse: No warehouse is open, and `execute` is true.
            Raised: The query may not run, or it failed.
        """
        # Its rows stand for no question that could be asked again.
        self.asked.give_up()
        pattern = r"\brun_query\b|\bget_(?:column_values|single_value|query_results_as_dict)\b"
        if self.render.query is None:
            place = self.placed(Problem("", ""), pattern)
            self.render.query = (place.file or self.render.path, place.line or 1, place.column or 1)
        with self.outside():
            found = self._answer_of(self.render, str(sql))
        if isinstance(found, Problem):
            raise Raised(self.placed(found, pattern))
        if found is None:
            self.render.is_open = True
            if self.names["execute"]:
                raise NeedsWarehouse
        return found

    def _is_incremental(self) -> bool:
        self.render.asks_incremental = True
        self.asks("is_incremental")
        return self.render.name in self._standing

    def _var(self, name: str, default: Any = _NOT_GIVEN) -> Any:
        self.asks("var", name)
        known = self._vars.get(self.render.package, self._vars[""])
        if name in known:
            return known[name]
        if default is not _NOT_GIVEN:
            return default
        problem = missing("missing-var", "Variable", name, list(known), suggest(name, known))
        fix = (
            problem.fix
            if (problem.fix or "").startswith("Did")
            else "Give it under `vars:` in dbt_project.yml or with --vars."
        )
        self.note(
            Problem(problem.code, problem.message, fix=fix),
            rf"\bvar\s*\(\s*['\"]{re.escape(name)}['\"]",
            r"\bvar\s*\(",
        )
        return ""

    def _env_var(self, name: str, default: str | None = None) -> str:
        patterns = (rf"\benv_var\s*\(\s*['\"]{re.escape(name)}['\"]", r"\benv_var\s*\(")
        if SECRET_NAME.search(name.upper()):
            message = f"A model may not read the secret {name}: compiled SQL is stored and shown."
            self.note(Problem("secret-in-model", message, fix="Use secrets in profiles.yml only."), *patterns)
            return ""
        self.asks("env_var", name)
        value = self._environment.get(name, os.environ.get(name, default))
        if value is None:
            fix = f"Set it: export {name}=..., or give a default: env_var('{name}', '...')."
            self.note(Problem("no-env-var", f"Environment variable {name} is not set.", fix=fix), *patterns)
            return ""
        return value

    def _log(self, message: Any, info: bool = False) -> str:  # noqa: FBT001, FBT002 -- dbt's signature
        if info:
            self._tell(str(message))
        return ""

    def _tell(self, notice: str) -> None:
        told = self.render.notices
        if len(told) >= _MOST_NOTICES or sum(map(len, told)) + len(notice) > _MOST_NOTICE_CHARS:
            message = f"The template says more than {_MOST_NOTICES:,} things, or {_MOST_NOTICE_CHARS:,} characters"
            raise RenderLimit(message)
        told.append(notice)

    def _warn(self, message: Any) -> str:
        place = self.placed(Problem("", ""), r"\bwarn\b").place
        self._tell(f"warning: {message} ({place})")
        return ""

    def _raise(self, message: Any) -> None:
        problem = Problem("raised-in-template", str(message), fix="The model or macro raises this itself.")
        problem = self.placed(problem, r"raise_compiler_error")
        if problem.file != self.render.path:
            # What a macro refuses is what its caller gave.
            line = next((line for file, line in template_lines() if file == self.render.path), None)
            if line is not None:
                fix = f"The macro raises this itself, at {problem.file}:{problem.line}; correct what it is given."
                line, column = locate_word(self._texts.get(self.render.path, ""), line, r"{[{%]")
                problem = Problem(problem.code, problem.message, self.render.path, line, column, fix)
        raise Raised(problem)


def _text(found: str | Problem) -> str | None:
    return None if isinstance(found, Problem) else str(found)


def _return(value: Any = None) -> None:
    raise MacroReturn(value)


def _or(default: Any, function: Callable[[Any], Any], value: Any) -> Any:
    try:
        return function(value)
    except (ValueError, TypeError):
        return default

"""Compares who a view names with who is known to be in its audience, and freezes what has to change.

Who is MAYBE is told again what the view wants now, so that a crash leaves nobody wrongly in or out. Works in an
in-memory DuckDB that spills to the state folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pusher.contracts import StagedFile
from pusher.ledger.barred import Barred
from pusher.ledger.members import (
    HOLD,
    IN,
    KEY,
    MAYBE_IN,
    MAYBE_OUT,
    MEMORY_LIMITS_MB,
    OUT,
    connect,
    create_known,
    create_suppressed,
    named_in,
    of,
    same,
    seconds,
    told_when_out_of_room,
    was_long_gone,
    with_enough_memory,
)
from pusher.ledger.state import PRIVATE_FILE, PRIVATE_FOLDER
from pusher.payload.sql import identifier, literal, path_list

_ROWS_PER_GROUP = 50_000
TEXT = "replace(cast(a as varchar), '-', '') || replace(cast(b as varchar), '-', '')"
"""A digest in hex."""


@dataclass(frozen=True, slots=True)
class MemberCounts:
    """How a view and its audience differ; identifiers, but for the first three.

    Attributes:
        rows: Rows of the view.
        no_identity: Rows without any identifier.
        dropped: Values that were no digests, or identified nobody.
        raw: Those of them that were no digests at all, such as an address as it is.
        members: Identifiers that the view wants in the audience, each once.
        suppressed: Identifiers of the view that only rows with a suppressed one name, each once.
        known: Those that were in the audience, or may have been, before.
        unchanged: In the audience and wanted.
        adds: To be added.
        deletes: To be taken out.
        suppressed_deletes: Those of the deletes that are suppressed.
        departures: Those of the deletes that were in the audience, or may have been, and are not suppressed.
        held: Those of the adds and deletes that have to wait.
        people: Rows with identifiers, none of them suppressed.
        unknown_deletes: Suppressed identifiers, and those beside them in their rows, that are taken out to be sure:
            nobody knows them to be in it, and somebody else may have put them there.
    """

    rows: int
    no_identity: int
    dropped: int
    raw: int
    members: int
    suppressed: int
    known: int
    unchanged: int
    adds: int
    deletes: int
    suppressed_deletes: int
    departures: int
    held: int
    people: int = 0
    unknown_deletes: int = 0


@dataclass(frozen=True, slots=True)
class FrozenChange:
    """A file of rows to add or to delete, under a temporary name.

    Attributes:
        action: `add` or `delete`.
        file: The file; a column for each kind of identifier, its cells digests as text.
        held_until: Moment before which none of them may be sent, or None.
        is_known: The ledger knows that they are in it, or may be.
    """

    action: str
    file: StagedFile
    held_until: datetime | None
    is_known: bool = True


@dataclass(slots=True)
class Comparison:
    """One comparison of a staged view with what is known of one audience.

    Args:
        folder: Folder for frozen changes and spilled data, made if need be.
        staged: Files of the view: a column for each of `schemas` with the halves of a digest, `_dropped` (values
            that are left out), `_raw` (those that are no digests at all) and `_nobody` (nothing is left).
        schemas: The kinds of identifier that the view has, each with whether its column holds lists of digests.
        kinds: All kinds of identifier; the member files keep the place of one in this list.
        members: Files that say who is in the audience, oldest first.
        suppressed: Identifiers that must not be in it.
        now: The run's clock.
        reassert: Tell TikTok again everything that is known.
        untold: Suppressed identifiers that the audience was not told of yet; they are taken out, known or not, and so
            is what only rows with one of them name.
        beside: Further kinds that the view has and the audience is not told: a suppressed one makes its row so.
    """

    folder: Path
    staged: Sequence[Path]
    schemas: Mapping[str, bool]
    kinds: Sequence[str]
    members: Sequence[Path]
    suppressed: Barred
    now: datetime
    reassert: bool = False
    untold: Sequence[tuple[str, str]] = ()
    beside: Mapping[str, bool] = field(default_factory=dict)
    _connection: Any = field(default=None, init=False)
    _barred: int = field(default=0, init=False)
    _barred_people: int = field(default=0, init=False)
    _has_barred_rows: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        self._connection = connect(self.folder, MEMORY_LIMITS_MB[0])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def compare(self) -> MemberCounts:
        """Work out what differs.

        Raises:
            StateError: Disk or memory ran out.
        """

        def more(limit_mb: int) -> None:
            self._connection.close()
            self._connection = connect(self.folder, limit_mb)

        return with_enough_memory(self._compare, more)

    @property
    def connection(self) -> Any:
        """The DuckDB that holds `known`, `wanted`, `suppressed` and `unknown` once they are compared."""
        return self._connection

    def _value(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchone()[0] or 0)

    def _compare(self) -> MemberCounts:
        run = self._connection.execute
        create_known(self._connection, self.members)
        create_suppressed(self._connection, self.suppressed, self.kinds)
        self._create_wanted()
        skipped = was_long_gone(self.now) if self.reassert else f"state = {OUT}"
        run(
            f"create temp table leaving as select {KEY}, {self._is_held('known', (IN, MAYBE_IN))}, "
            f"risk_s, state, exists (select 1 from suppressed where {same('suppressed', 'known')}) as is_suppressed "
            f"from known where not ({skipped}) and not exists (select 1 from wanted where {same('wanted', 'known')})"
        )
        self._create_unknown()
        skipped = "false" if self.reassert else f"state = {IN}"
        run(
            f"create temp table coming as select {of('new')}, new.place, "
            f"{self._is_held('risky', (OUT, MAYBE_OUT))}, risky.risk_s "
            f"from (select {KEY}, min(place) as place from wanted where not exists "
            f"(select 1 from known where {skipped} and {same('known', 'wanted')}) group by {KEY}) as new "
            f"left join (select * from known where {self._is_recent('known')}) as risky on {same('risky', 'new')}"
        )
        return self._counts()

    def _is_held(self, table: str, states: tuple[int, int]) -> str:
        return f"coalesce({self._is_recent(table)} and {table}.state in {states}, false) as is_held"

    def _is_recent(self, table: str) -> str:
        return f"{table}.risk_s > {seconds(self.now - HOLD)}"

    def _create_unknown(self) -> None:
        """Create `unknown`: who is taken out to be sure, though nobody knows them to be in the audience."""
        run = self._connection.execute
        if not self.untold:
            run("create temp table unknown (kind utinyint, a uuid, b uuid)")
            return
        create_suppressed(self._connection, Barred(self.untold), self.kinds, "untold")
        if self._has_barred_rows:
            # Somebody else may have put them there together.
            run(
                f"insert into untold select {KEY} from named where place in (select place from named where exists "
                f"(select 1 from untold where {same('untold', 'named')})) "
                f"and exists (select 1 from kept_out where {same('kept_out', 'named')})"
            )
        run(
            f"create temp table unknown as select distinct {KEY} from untold "
            f"where not exists (select 1 from leaving where {same('leaving', 'untold')})"
        )

    def _counts(self) -> MemberCounts:
        rows, no_identity, dropped, raw = 0, 0, 0, 0
        if self.staged:
            rows, no_identity, dropped, raw = self._connection.execute(
                "select count(*), count(*) filter (where _nobody), coalesce(sum(_dropped), 0), coalesce(sum(_raw), 0) "
                f"from read_parquet({path_list(self.staged)})"
            ).fetchone()
        known, inside = self._connection.execute(
            f"select count(*) filter (where state <> {OUT}), count(*) filter (where state = {IN}) from known"
        ).fetchone()
        deletes, leaving_inside, suppressed_deletes, departures, held_deletes = self._connection.execute(
            f"select count(*), count(*) filter (where state = {IN}), count(*) filter (where is_suppressed), "
            f"count(*) filter (where not is_suppressed and state <> {OUT}), count(*) filter (where is_held) "
            "from leaving"
        ).fetchone()
        adds, held_adds = self._connection.execute(
            "select count(*), count(*) filter (where is_held) from coming"
        ).fetchone()
        unchanged = 0 if self.reassert else inside - leaving_inside
        return MemberCounts(
            rows=rows,
            no_identity=no_identity,
            dropped=int(dropped),
            raw=int(raw),
            members=unchanged + adds,
            suppressed=self._barred,
            known=known,
            unchanged=unchanged,
            adds=adds,
            deletes=deletes,
            suppressed_deletes=suppressed_deletes,
            departures=departures,
            held=held_deletes + held_adds,
            people=rows - no_identity - self._barred_people,
            unknown_deletes=self._value("select count(*) from unknown"),
        )

    def _create_wanted(self) -> None:
        """Create `wanted`: each identifier of the view, and the row that it stands in.

        A row is one person, so a row with a suppressed identifier makes nobody a member. What such rows alone name is
        suppressed too from then on.
        """
        run, wanted = self._connection.execute, named_in(self.staged, self.schemas, self.kinds)
        self._barred = self._barred_people = 0
        self._has_barred_rows = False
        if self.suppressed:
            run(f"create temp view named as {named_in(self.staged, {**self.schemas, **self.beside}, self.kinds)}")
            run(
                "create temp table barred_rows as select distinct place from named "
                f"where exists (select 1 from suppressed where {same('suppressed', 'named')})"
            )
            is_barred = "exists (select 1 from barred_rows where barred_rows.place = named.place)"
            wanted = f"select * from ({wanted}) as named where not {is_barred}"
            told = ", ".join(str(self.kinds.index(kind)) for kind in self.schemas) or "null"
            is_told = f"kind in ({told})"
            self._barred_people = self._value(
                f"select count(distinct place) from named where {is_told} and {is_barred}"
            )
            self._has_barred_rows = bool(self._value("select count(*) from barred_rows"))
            if self._has_barred_rows:
                run(f"create temp table kept_out as select distinct {KEY} from named where {is_barred}")
                others = f"select * from named where not {is_barred}"
                named_too = f"select {KEY} from ({others}) as named where exists (select 1 from kept_out where "
                run(f"create temp table named_elsewhere as {named_too}{same('kept_out', 'named')})")
                run(
                    "delete from kept_out where exists "
                    f"(select 1 from named_elsewhere where {same('named_elsewhere', 'kept_out')})"
                )
                self._barred = self._value(f"select count(*) from kept_out where {is_told}")
                run(f"insert into suppressed select {KEY} from kept_out")
        # Read twice from its files: millions of rows would have to be spilled as a table.
        run(f"create temp view wanted as {wanted}")

    def freeze(self, *, suppressed_only: bool = False) -> list[FrozenChange]:
        """Write the rows to delete, then those to add, then both kinds that have to wait, then who goes to be sure.

        Args:
            suppressed_only: Leave everything as it is, but for suppressed identifiers, which are taken out.

        Raises:
            StateError: Disk or memory ran out.
        """
        with told_when_out_of_room():
            return self._freeze(suppressed_only=suppressed_only)

    def _freeze(self, *, suppressed_only: bool) -> list[FrozenChange]:
        frozen = []
        leaving = self._kinds("leaving", "is_suppressed" if suppressed_only else "true")
        coming = {} if suppressed_only else self._kinds("coming", "true")
        for waits, ending in ((False, ""), (True, "-held")):
            condition = "is_held" if waits else "not is_held"
            if kinds := leaving.get(waits):
                members = f"select {KEY} from leaving where {condition}{' and is_suppressed' * suppressed_only}"
                # It is not known which identifiers belong to one person.
                rows = self._each_alone(list(kinds), members)
                frozen.append(self._frozen("delete", rows, self.folder / f"delete{ending}.parquet", kinds))
            if kinds := coming.get(waits):
                members = f"select {KEY}, place from coming where {condition}"
                rows = (self._each_alone if len(kinds) == 1 else self._side_by_side)(list(kinds), members)
                frozen.append(self._frozen("add", rows, self.folder / f"add{ending}.parquet", kinds))
        # In requests of their own, so that nothing else depends on what becomes of them.
        found = self._connection.execute("select distinct kind from unknown order by kind").fetchall()
        if of_unknown := {kind: None for (kind,) in found}:
            rows = self._each_alone(list(of_unknown), f"select {KEY} from unknown")
            unknown = self._frozen("delete", rows, self.folder / "delete-unknown.parquet", of_unknown)
            frozen.append(replace(unknown, is_known=False))
        return frozen

    def _kinds(self, table: str, condition: str) -> dict[bool, dict[int, int | None]]:
        """Return the kinds of identifier of those who need not wait and of those who have to, each with its last risk.

        The risk is a Unix second, or None.
        """
        found: dict[bool, dict[int, int | None]] = {}
        for is_held, kind, risk_s in self._connection.execute(
            f"select is_held, kind, max(risk_s) from {table} where {condition} group by is_held, kind order by kind"
        ).fetchall():
            found.setdefault(is_held, {})[kind] = risk_s
        return found

    def _frozen(self, action: str, rows: str, path: Path, kinds: Mapping[int, int | None]) -> FrozenChange:
        (count,) = self._connection.execute(
            f"copy ({rows}) to {literal(path.as_posix())} "
            f"(format parquet, compression snappy, row_group_size {_ROWS_PER_GROUP})"
        ).fetchone()
        path.chmod(PRIVATE_FILE)
        until = None
        if path.stem.endswith("-held"):
            until = datetime.fromtimestamp(max(risk_s for risk_s in kinds.values() if risk_s is not None), UTC) + HOLD
        return FrozenChange(action, StagedFile(path, count), until)

    def _each_alone(self, kinds: Sequence[int], members: str) -> str:
        """Return a row for each identifier."""
        cells = ", ".join(
            f"case when kind = {kind} then {TEXT} end as {identifier(self.kinds[kind])}" for kind in kinds
        )
        return f"select {cells} from ({members})"

    def _side_by_side(self, kinds: Sequence[int], members: str) -> str:
        """Return a row for each person: the identifiers of one row of the view, in as many rows as it needs."""
        cells = ", ".join(
            f"max(case when kind = {kind} then {TEXT} end) as {identifier(self.kinds[kind])}" for kind in kinds
        )
        return (
            f"select {cells} from (select *, row_number() over (partition by place, kind order by a, b) as turn "
            f"from ({members})) group by place, turn"
        )

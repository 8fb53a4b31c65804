"""Guards taken out one by one: each must be missed by a proof, or the proof proves nothing.

A mutant is the package with one text replaced. It runs in a folder of its own, from a copy, and counts as caught when
the proof named for it fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 400
SEEDS = ("-m", "tests.torture", "seeds", "--seeds", "300")


AUDIENCES = ("-m", "tests.torture", "audiences", "--histories", "300")


def tests(*names: str) -> tuple[str, ...]:
    """Return the command that runs some tests."""
    return ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *names)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard that is gone.

    Attributes:
        name: What the program does now.
        file: The file, below the repository.
        old: Text that stands there exactly once.
        new: What it is replaced by.
        proof: Arguments of Python that must fail.
    """

    name: str
    file: str
    old: str
    new: str
    proof: tuple[str, ...] = SEEDS


MUTANTS = (
    Mutant(
        "the acknowledgement comes before the send",
        "pusher/ledger/store.py",
        "\"rows) values ('sending', ?",
        "\"rows) values ('accepted', ?",
    ),
    Mutant(
        "the intent is stored after the send",
        "pusher/push/deliver.py",
        """                claims = self._commit(claims)
                oldest_ack = None
                for attempt in claims:
                    self._submit(pool, attempt)
""",
        """                for attempt in claims:
                    self._submit(pool, attempt)
                self._commit(claims)
                oldest_ack = None
""",
    ),
    Mutant(
        "a retry is made from the view as it is now",
        "pusher/ledger/exclusion.py",
        "        if self.by.held:\n",
        "        if False:\n",
        tests("tests/push/test_push.py", "-k", "frozen_bytes_win"),
    ),
    Mutant(
        "no answer in time means refused",
        "pusher/push/policy.py",
        'return Decision(BatchState.UNKNOWN, "later" if exhausted else "again", risk)',
        'return Decision(BatchState.DEAD, "done", risk)',
    ),
    Mutant(
        "any HTTP 200 is success",
        "pusher/destinations/tiktok/responses.py",
        "    if status == HTTPStatus.OK:\n        return by_code\n",
        '    if status == HTTPStatus.OK:\n        return contract.classes["ACK"]\n',
    ),
    Mutant(
        "the text 0 is the code 0",
        "pusher/destinations/tiktok/responses.py",
        'type(value.get("code")) is not int:\n        return None\n',
        'not str(value.get("code")).isdigit():\n        return None\n    value["code"] = int(value["code"])\n',
    ),
    Mutant(
        "accepted in part is accepted",
        "pusher/destinations/tiktok/contract/responses.toml",
        '[classes.PARTIAL]\noutcome = "split"',
        '[classes.PARTIAL]\noutcome = "accepted"',
    ),
    Mutant(
        "nobody takes the lock",
        "pusher/ledger/state.py",
        "            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
        tests("tests/push/test_push.py", "-k", "second_push_is_refused"),
    ),
    Mutant(
        "what grew too old while a run waited is sent again",
        "pusher/push/deliver.py",
        "                claims = self._outcomes.park_old(claims)\n",
        "",
        tests("tests/faults/test_time_and_people.py", "-k", "grows_too_old"),
    ),
    Mutant(
        "a refused batch is replaced by some of its pieces",
        "pusher/push/outcomes.py",
        "for ranges in (*hinted, *pieces):",
        "for ranges in (*hinted, *pieces[:1]):",
    ),
    Mutant(
        "every piece of a refused batch is looked into before a smaller one",
        "pusher/push/queue.py",
        "heapq.heappush(self._pieces, (piece.batch.rows, piece.batch.id, piece))",
        "heapq.heappush(self._pieces, (-piece.batch.rows, piece.batch.id, piece))",
        tests("tests/push/test_refusals.py", "-k", "refused_behind_the_canary"),
    ),
    Mutant(
        "rows are unlinked before the commit that forgets them",
        "pusher/push/settle.py",
        """        now = self._now()
        with self._store.transaction():
            if shrunk""",
        """        now = self._now()
        (self._state.root / part.path).rename(self._state.root / f"{part.path}.gone")
        with self._store.transaction():
            if shrunk""",
    ),
    Mutant(
        "the 36 hours never end",
        "pusher/push/policy.py",
        "    if risk_at is None:\n        return False\n    age",
        "    return False\n    age",
        (*SEEDS[:-1], "1500"),
    ),
    Mutant(
        "whatever is in doubt is left to a person at once",
        "pusher/push/policy.py",
        "risk = risk_before or started_at\n            if is_past_resending(risk, now=now, limits=limits):\n",
        "risk = risk_before or started_at\n            if True:\n",
    ),
    Mutant(
        "answers of the last requests are not stored",
        "pusher/push/deliver.py",
        "        if self._finished and not self._is_broken:\n            self._commit([])\n",
        "        self._finished.clear()\n",
        tests("tests/faults/test_time_and_people.py", "-k", "50_a_signal"),
    ),
    Mutant(
        "rows that wait are no reason to run again",
        "pusher/push/receipt.py",
        '    if (total("pending") or elsewhere) and not gave_up:\n        return 4\n',
        "",
        tests("tests/faults/test_answers.py", "-k", "25_throttled_for_ever"),
    ),
    Mutant(
        "an attempt in doubt is no risk",
        "pusher/push/policy.py",
        "        case _:\n            risk = risk_before or started_at\n",
        "        case _:\n            risk = None\n",
        (*SEEDS[:-1], "1500"),
    ),
    Mutant(
        "a throttled attempt wipes the risk of the one before",
        "pusher/push/policy.py",
        'return Decision(BatchState.RETRY, "later" if exhausted else "again", risk_before)',
        'return Decision(BatchState.RETRY, "later" if exhausted else "again", None)',
        tests("tests/push/test_policy.py"),
    ),
    Mutant(
        "what is refused after a lost answer is only refused",
        "pusher/push/policy.py",
        "    if is_in_doubt:\n",
        "    if False:\n",
        tests("tests/push/test_refused_in_doubt.py"),
    ),
    Mutant(
        "two rows are refused for one",
        "pusher/push/policy.py",
        '        case "rejected" if rows == 1:',
        '        case "rejected" if rows <= 2:',
    ),
    Mutant(
        "a refused batch is not searched",
        "pusher/push/policy.py",
        'case "rejected":\n            return Decision(BatchState.SPLIT, "split", risk_before)',
        'case "rejected":\n            return Decision(BatchState.DEAD, "done", risk_before)',
    ),
    Mutant(
        "rows in doubt are cut again",
        "pusher/push/recovery.py",
        "        work.open_batches += 1\n        return [Try(batch if at_risk else",
        """        if batch.state is BatchState.UNKNOWN:
            self.store.set_state(batch, BatchState.SPLIT, now=self.now)
            return []
        work.open_batches += 1
        return [Try(batch if at_risk else""",
        (*SEEDS[:-1], "1500"),
    ),
    Mutant(
        "what another version made is sent all the same",
        "pusher/push/recovery.py",
        "        if batch.encoder != self.encoder:\n            return False\n",
        "",
        tests("tests/push/test_recovery.py", "tests/push/test_encode.py", "tests/push/test_delivery.py"),
    ),
    Mutant(
        "a commit that failed is followed by another",
        "pusher/push/deliver.py",
        "        if self._finished and not self._is_broken:\n",
        "        if self._finished:\n",
        tests("tests/torture/test_every_step.py", "-k", "fails_at"),
    ),
    Mutant(
        "redirects are followed",
        "pusher/transport/client.py",
        "follow_redirects=False,",
        "follow_redirects=True,",
        tests("tests/transport/test_client.py"),
    ),
    Mutant(
        "only single reads have a limit in time",
        "pusher/transport/client.py",
        "self._exchange.start(total_s)",
        "self._exchange.start(total_s + 10.0)",
        tests("tests/transport/test_client.py"),
    ),
    Mutant(
        "an answer may have any size",
        "pusher/transport/client.py",
        "            if len(body) > self._bounds.response_bytes:\n",
        "            if False:\n",
        tests("tests/transport/test_client.py"),
    ),
    Mutant(
        "TikTok's words are kept as they are",
        "pusher/destinations/tiktok/responses.py",
        "message=redact(envelope.message if envelope else _strange(answer)),",
        "message=envelope.message if envelope else _strange(answer),",
        tests("tests/destinations/test_responses.py", "tests/push/test_push.py"),
    ),
    Mutant(
        "the parts of a key run into one another",
        "pusher/payload/digests.py",
        "    return f\"strlen({column}), ':', {column}\"",
        '    return f"{column}"',
        tests("tests/payload"),
    ),
    Mutant(
        "frozen rows are sent whatever their age",
        "pusher/push/recovery.py",
        "    return tuple(found)\n",
        "    return ()\n",
        tests("tests/push/test_delivery.py", "-k", "too_old"),
    ),
    Mutant(
        "refused rows leave no trace",
        "pusher/push/settle.py",
        "    if rows is not None:\n        refused = ",
        "    if False:\n        refused = ",
        tests("tests/push/test_explained.py"),
    ),
    Mutant(
        "duplicated means delivered, whoever delivered it",
        "pusher/destinations/tiktok/responses.py",
        "if chosen.name == _DUPLICATE and any(_may_have_arrived(contract, one) for one in earlier):",
        "if chosen.name == _DUPLICATE:",
        tests("tests/destinations/test_responses.py"),
    ),
    Mutant(
        "test events count as sent",
        "pusher/project/pushing.py",
        "test_event_code=known_test_code(choice.test_event_code),",
        "test_event_code=None,",
        tests("tests/push/test_push.py", "-k", "test_events_have_a_key_space"),
    ),
    Mutant(
        "refused rows are sent again as they were",
        "pusher/ledger/exclusion.py",
        "        if self.by.reopened:\n",
        "        if False:\n",
        tests("tests/push/test_decisions.py", "-k", "not_corrected"),
    ),
    Mutant(
        "what was accepted once corrected is refused still",
        "pusher/ledger/reopen.py",
        "where not exists (select 1 from held where held.event_key = every.event_key) ",
        "where true ",
        tests("tests/push/test_decisions.py", "-k", "accepted or waits_to_be_sent"),
    ),
    Mutant(
        "what was called a duplicate may have arrived",
        "pusher/destinations/tiktok/responses.py",
        "known.outcome == _IN_DOUBT and response_class != _DUPLICATE",
        "known.outcome == _IN_DOUBT",
        tests("tests/faults/test_answers.py", "-k", "37"),
    ),
    Mutant(
        "who was suppressed while a request was on its way is in the next one",
        "pusher/push/deliver.py",
        "                claims = self._late.spare(claims, self._queue, run=self._run, clock=self._clock)\n",
        "",
        tests("tests/push/test_suppressions.py", "-k", "on_its_way"),
    ),
    Mutant(
        "rows that no view shows any more are given back",
        "pusher/push/giving_back.py",
        "for place, key in enumerate(keys) if key not in there",
        "for place, key in enumerate(keys) if False",
        tests("tests/push/test_stops.py", "-k", "given_back"),
    ),
    Mutant(
        "who is forgotten again was told of before",
        "pusher/push/forgetting.py",
        "            AudienceStore(store).tell_again(digests)\n",
        "            pass\n",
        tests("tests/push/test_told_again.py"),
    ),
    Mutant(
        "a file audience of unknown members holds nobody",
        "pusher/push/forgetting.py",
        "        untold += unsure_problems(members.unsure, bound.methods)\n",
        "",
        tests("tests/push/test_unsure_audiences.py"),
    ),
    Mutant(
        "a server that does not answer is asked for ever",
        "pusher/push/brakes.py",
        "        if self._probes == len(PROBE_AFTER_S):\n            return self._no_answer(verdict)\n",
        "        if self._probes == len(PROBE_AFTER_S):\n            self._probes -= 1\n",
        tests("tests/push/test_brakes.py"),
    ),
    Mutant(
        "who may be in an audience is in it",
        "pusher/ledger/members.py",
        'settled, doubtful = (IN, MAYBE_IN) if sent.action == "add" else (OUT, MAYBE_OUT)',
        'settled, doubtful = (IN, IN) if sent.action == "add" else (OUT, IN)',
        AUDIENCES,
    ),
    Mutant(
        "who may be in an audience is out of it",
        "pusher/ledger/members.py",
        'settled, doubtful = (IN, MAYBE_IN) if sent.action == "add" else (OUT, MAYBE_OUT)',
        'settled, doubtful = (IN, OUT) if sent.action == "add" else (OUT, OUT)',
        AUDIENCES,
    ),
    Mutant(
        "nobody is held while a request may still arrive",
        "pusher/ledger/members.py",
        "HOLD = timedelta(seconds=120)",
        "HOLD = timedelta(seconds=0)",
        AUDIENCES,
    ),
    Mutant(
        "held people are sent at once",
        "pusher/push/audience/deliver.py",
        "        if left <= 0:\n            return False\n",
        "        if left <= 1e9:\n            return False\n",
        AUDIENCES,
    ),
    Mutant(
        "what was in flight when a run died was never sent",
        "pusher/ledger/audiences.py",
        "update audience_chunk set state = 'unknown', at_risk = 1,",
        "update audience_chunk set state = 'retry', at_risk = 0,",
        AUDIENCES,
    ),
    Mutant(
        "who comes is told before who leaves",
        "pusher/push/audience/change_files.py",
        "for change in frozen]\n",
        "for change in sorted(frozen, key=lambda one: one.action)]\n",
        tests("tests/push/test_audiences.py", "-k", "told_before_who_comes"),
    ),
    Mutant(
        "a deletion that has to wait leaves when those before it tell nobody any more",
        "pusher/push/audience/deliver.py",
        "not in self._prepared or self._is_held(self._prepared[id(lane)]):",
        "not in self._prepared:",
        tests("tests/push/test_audiences.py", "-k", "late_request"),
    ),
    Mutant(
        "a suppressed person is looked for at plan only",
        "pusher/push/audience/run.py",
        "plan.newest_suppressed < newest and",
        "False and",
        tests("tests/push/test_audiences.py", "-k", "suppressed_during"),
    ),
    Mutant(
        "an audience that may have been made is made again",
        "pusher/push/audience/binding.py",
        "if asked is not None and self.clock.now() < asked + HOLD:",
        "if False and asked is not None:",
        AUDIENCES,
    ),
    Mutant(
        "a file without an answer may land on a replacement",
        "pusher/push/audience/files_plan.py",
        "        due_at = max(due_at, latest.asked_at + HOLD)\n",
        "        pass\n",
        tests("tests/push/test_audience_file_changes.py", "-k", "land_late"),
    ),
    Mutant(
        "a part is told while nobody knows what came of the one before",
        "pusher/push/audience/files_plan.py",
        "    if plan.due_at is None or is_open:\n",
        "    if plan.due_at is None:\n",
        tests("tests/push/test_audience_file_changes.py", "-k", "known_by_the_history"),
    ),
    Mutant(
        "people to forget leave where they are known only",
        "pusher/push/audience/plan.py",
        "    return store.suppressed(after=0 if reassert else audience.suppressed_told)\n",
        "    return ()\n",
        tests("tests/cli/test_forget.py", "-k", "another_system"),
    ),
    Mutant(
        "an audience that is found is not told of people forgotten before",
        "pusher/push/audience/run.py",
        "            plan.newest_suppressed = 0\n",
        "            pass\n",
        tests("tests/cli/test_forget.py", "-k", "adopted_later"),
    ),
    Mutant(
        "a list that came out empty lets everybody back in",
        "pusher/push/listing_guard.py",
        "        if had and (has == 0 or had - has > max(guard.members, guard.share * had)):\n",
        "        if False:\n",
        tests("tests/push/test_suppression_guard.py", "-k", "emptied"),
    ),
    Mutant(
        "events do not wait for the list",
        "pusher/push/run.py",
        "    parts = [] if listing.problem is not None else resumable(store, views, options, planning)\n    resumed",
        "    parts = resumable(store, views, options, planning)\n    resumed",
        tests("tests/push/test_suppression_guard.py", "-k", "events_wait"),
    ),
    Mutant(
        "nobody looks again after an audience was made",
        "pusher/push/audience/binding.py",
        "            self._refuse_twins(audience, made)\n",
        "",
        tests("tests/push/test_audience_races.py"),
    ),
    Mutant(
        "an emptied view empties its audience",
        "pusher/push/audience/plan.py",
        "    if guard.is_off or counts.known == 0:\n",
        "    if True:\n",
        tests("tests/push/test_audiences.py", "-k", "empty or three_in_ten"),
    ),
    Mutant(
        "suppressed people are planned",
        "pusher/ledger/exclusion.py",
        "        if self.by.barred:\n",
        "        if False:\n",
        tests("tests/push/test_suppressions.py", "-k", "keeps_rows_of_events_back"),
    ),
    Mutant(
        "the project's list is not read for members",
        "pusher/push/audience/plan.py",
        "Barred(store.suppressed() if store else (), listed)",
        "Barred(store.suppressed() if store else ())",
        tests("tests/push/test_suppressions.py", "-k", "keeps_members_out"),
    ),
    Mutant(
        "who was suppressed since the rows were frozen is sent again",
        "pusher/push/recovery.py",
        "gone = common(batch.ranges, barred)",
        "gone: Ranges = ()",
        tests("tests/push/test_suppressions.py", "-k", "leave_their_batch"),
    ),
    Mutant(
        "who is suppressed while others are sent is sent too",
        "pusher/push/deliver.py",
        "if not stopping and self._late.has_grown():",
        "if False:",
        tests("tests/push/test_suppressions.py", "-k", "while_others_are_sent"),
    ),
    Mutant(
        "rows of forgotten people keep their identifiers",
        "pusher/push/late.py",
        "None if reason is None and due in empty else place",
        "place",
        tests("tests/cli/test_forget.py", "-k", "rows_that_wait"),
    ),
    Mutant(
        "files of members remember who was forgotten",
        "pusher/push/forgetting.py",
        "        members.drop_suppressed()\n",
        "",
        tests("tests/cli/test_forget.py", "-k", "knows_whom"),
    ),
)


def is_caught(mutant: Mutant) -> bool:
    """Run a mutant's proof on a copy of the package; true if the proof fails."""
    with mutated(mutant) as folder:
        try:
            done = subprocess.run(
                [sys.executable, *mutant.proof], cwd=folder, capture_output=True, timeout=LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            # A proof that never ends does not pass.
            return True
    return done.returncode != 0


@contextmanager
def mutated(mutant: Mutant) -> Iterator[Path]:
    """Give a folder with the repository in which the package is a mutant."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in ROOT.iterdir():
            if path.name not in {"pusher", ".git", ".venv", ".cache", ".pusher"}:
                (folder / path.name).symlink_to(path)
        shutil.copytree(ROOT / "pusher", folder / "pusher", ignore=shutil.ignore_patterns("__pycache__"))
        target = folder / mutant.file
        target.write_text(replaced(mutant, target.read_text(encoding="utf-8")), encoding="utf-8")
        yield folder


def replaced(mutant: Mutant, text: str) -> str:
    """Return a file's text without the guard.

    Raises:
        ValueError: The guard does not stand there exactly once: the mutant is out of date.
    """
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: the text stands {text.count(mutant.old)} times in {mutant.file}")
    return text.replace(mutant.old, mutant.new)

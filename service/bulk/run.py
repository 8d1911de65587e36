"""Many files in, one row each out, whatever happens on the way."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path

from service.bulk.crew import Crew
from service.bulk.ending import Ending
from service.bulk.found import Found
from service.bulk.job import Content, Item, Job
from service.bulk.journal import Journal
from service.bulk.out import check_out, journal_of, write_out
from service.bulk.read import read
from service.bulk.rows import Outcome, Row, Rows
from service.errors import BadInputError, ServiceError

__all__ = ["Summary", "classify_many"]

BATCH_BYTES = 4 * 2**20  # of a batch's pictures, where this process reads them
LOOK_SECONDS = 0.1  # between two looks whether to end, while answers are waited for
TRIES = 2  # of a picture that nothing else was read beside, before it is held guilty of ending a process


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all files, those of earlier runs included.

    Attributes:
        outcomes: files of each outcome.
        n_passed_over: files that lay beside pictures in folders and archives.
    """

    outcomes: Mapping[Outcome, int]
    n_passed_over: int

    @property
    def n_files(self) -> int:
        """Count the rows."""
        return sum(self.outcomes.values())


def classify_many(
    found: Iterable[Found],
    out: Path,
    job: Job,
    crew: Crew,
    report: Callable[[int], object] = lambda _: None,
    *,
    ending: Ending | None = None,
) -> Summary:
    """Answer every file once and write the results, going on where an earlier run of the same job ended.

    Args:
        found: the files.
        out: the results; its name says in which format.
        job: what is done to each.
        crew: those who do it.
        report: told how many more files have an answer.
        ending: how the run is ended from outside; what is answered by then is kept.

    Raises:
        BadInputError: the results cannot be written there, an earlier run was of another job or still runs,
            or there are no files.
    """
    check_out(out)
    rows = job.rows()
    ending = ending or Ending()
    with Journal(journal_of(out), job.described(rows)) as journal, ending.held():
        run = _Run(journal, rows, crew, report, ending)
        run.answer_all(found)
        summary = Summary(journal.counts(), run.n_passed_over)
        if summary.n_files:
            with ending.at_once():
                write_out(out, journal, rows)
    journal.remove()
    if not summary.n_files:
        raise BadInputError("there are no pictures among the inputs; name some")
    return summary


class _Run:
    """One run of a job: so many batches in hand at a time, and no more of the files in memory than those."""

    def __init__(
        self, journal: Journal, rows: Rows, crew: Crew, report: Callable[[int], object], ending: Ending
    ) -> None:
        self.n_passed_over = 0
        self._journal = journal
        self._rows = rows
        self._crew = crew
        self._report = report
        self._ending = ending
        self._in_hand: dict[Future[list[Row]], list[Item]] = {}

    def answer_all(self, found: Iterable[Found]) -> None:
        for batch in self._batches(found):
            self._in_hand[self._crew.submit(batch)] = batch
            while len(self._in_hand) >= self._crew.capacity:
                self._collect()
        while self._in_hand:
            self._collect()

    def _batches(self, found: Iterable[Found]) -> Iterator[list[Item]]:
        items: list[Item] = []
        n_bytes = 0
        for name, content in self._unanswered(found):
            items.append((name, content))
            n_bytes += len(content) if isinstance(content, bytes) else 0
            if len(items) == self._crew.batch_items or n_bytes >= BATCH_BYTES:
                yield items
                items, n_bytes = [], 0
        if items:
            yield items

    def _unanswered(self, found: Iterable[Found]) -> Iterator[Item]:
        for each in self._ending.each(found):
            if not each.is_wanted:
                self.n_passed_over += 1
            elif each.name not in self._journal:
                try:
                    yield each.name, self._content(each)
                except ServiceError as error:
                    self._keep([self._rows.failed(each.name, error)])

    def _content(self, each: Found) -> Content:
        content = each.content()
        return read(content) if self._crew.brings_bytes and isinstance(content, str) else content

    def _collect(self) -> None:
        """Keep what has been answered, at least one batch."""
        suspects = self._take_first()
        if not suspects:
            return
        while self._in_hand:  # whichever it was: each suspect is to be alone with its process
            suspects += self._take_first()
        for batch in suspects:
            self._keep(self._answer_alone(batch))

    def _take_first(self) -> list[list[Item]]:
        """Keep the rows of the first batches that are done; return those whose process was ended."""
        broken: list[list[Item]] = []
        for future in self._first_of(self._in_hand):
            batch = self._in_hand.pop(future)
            try:
                self._keep(future.result())
            except self._crew.broken:
                broken.append(batch)
        return broken

    def _answer_alone(self, batch: Sequence[Item]) -> list[Row]:
        try:
            return self._answer(batch)
        except self._crew.broken:
            return [row for item in batch for row in self._answer_one(item)]

    def _answer_one(self, item: Item) -> list[Row]:
        """Answer a picture that may end the process that reads it."""
        for _ in range(TRIES):
            try:
                return self._answer([item])
            except self._crew.broken as error:
                last = error
        return [self._rows.failed(item[0], last)]

    def _answer(self, batch: Sequence[Item]) -> list[Row]:
        [done] = self._first_of([self._crew.submit(batch)])
        return done.result()

    def _first_of(self, futures: Collection[Future[list[Row]]]) -> set[Future[list[Row]]]:
        """Wait for at least one batch."""
        done: set[Future[list[Row]]] = set()
        while not done:
            self._ending.look()
            done, _ = wait(futures, LOOK_SECONDS, FIRST_COMPLETED)
        return done

    def _keep(self, rows: Sequence[Row]) -> None:
        self._journal.add(rows)
        self._report(len(rows))

"""Very many files at once: on this machine's cores, or on a Dask cluster (service.bulk.cluster)."""

from service.bulk.cores import Cores
from service.bulk.crew import Crew
from service.bulk.ending import Ending
from service.bulk.find import find
from service.bulk.job import Job
from service.bulk.out import check_out, journal_of
from service.bulk.rows import Outcome
from service.bulk.run import Summary, classify_many

__all__ = [
    "Cores",
    "Crew",
    "Ending",
    "Job",
    "Outcome",
    "Summary",
    "check_out",
    "classify_many",
    "find",
    "journal_of",
]

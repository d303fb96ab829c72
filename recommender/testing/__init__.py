"""Public fakes and contract suites, for our tests and for whoever writes a new part.

A new storage proves itself by a test class that inherits from `StorageContract` and gives a
`storage` fixture with an empty library, a new queue by one that inherits from `QueueContract`.
`WordEmbedder` is an embedder without a model: texts that share words are alike. Nothing here needs
pytest to be imported.
"""

from recommender.testing.access import AccessContract
from recommender.testing.backlog import BacklogContract
from recommender.testing.builders import (
    MODEL,
    NOW,
    fill,
    make_contact,
    make_interest,
    make_item,
    make_match,
    make_touch,
    raises,
)
from recommender.testing.embedder import WordEmbedder
from recommender.testing.intake import IntakeContract
from recommender.testing.library import LibraryContract
from recommender.testing.mail import MailContract
from recommender.testing.matching import MatchesContract
from recommender.testing.people import PeopleContract
from recommender.testing.pool import PoolContract
from recommender.testing.queueing import QueueContract
from recommender.testing.ranges import RangeContract
from recommender.testing.rhythm import RhythmContract
from recommender.testing.source import SourceContract

__all__ = [
    "MODEL",
    "NOW",
    "QueueContract",
    "SourceContract",
    "StorageContract",
    "WordEmbedder",
    "fill",
    "make_contact",
    "make_interest",
    "make_item",
    "make_match",
    "make_touch",
    "raises",
]


class StorageContract(
    PeopleContract,
    IntakeContract,
    PoolContract,
    MatchesContract,
    RangeContract,
    RhythmContract,
    AccessContract,
    MailContract,
    BacklogContract,
    LibraryContract,
):
    """What every storage must do. Inherit, and give a fixture `storage`: an empty library."""

"""What somebody writes about on their own site: interests to propose, with the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from recommender_models import all_subjects

from recommender.errors import IngestError, InvalidInput
from recommender.services.discovery import find_offers
from recommender.services.embedding import embed, embed_phrases, item_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from recommender_feeds import Entry, HttpClient, SourceRegistry

    from recommender.domain import Contact, Interest
    from recommender.services.matching import Matching

MOST_POSTS = 60
LEAST_POSTS = 3
LEAST_SHARE = 0.1
"""What a tenth of somebody's posts is about, they care about."""
MOST_PROPOSED = 5
ALIKE = 0.5
"""Likeness from which a second subject says nothing that the first does not."""


class OwnWords(NamedTuple):
    """A subject of somebody's own posts."""

    phrase: str
    n: int
    """Posts about it."""
    of: int
    """Posts looked at."""
    example: str
    """The title of the one that fits best."""


def interests_of_site(
    contact: Contact,
    known: Sequence[Interest],
    sources: SourceRegistry,
    client: HttpClient,
    matching: Matching,
) -> list[OwnWords]:
    """Subjects that a contact's own posts come back to, the most frequent first.

    Args:
        contact: Whose feeds, or else sites, are read.
        known: Their interests; what is among them, or is another name of one, is left out.
        sources: Reads feeds.
        client: Finds the feeds of a site.
        matching: Knows model and judge.

    Raises:
        InvalidInput: No site or feed of theirs is known.
        IngestError: None of them can be read.
    """
    addresses = [*contact.details.feeds, *(f"https://{host}/" for host in contact.own_sites)]
    if not addresses:
        raise InvalidInput(
            f"no site of {contact.first_name}'s is known: "
            f"`sawthis contacts edit {contact.slug} --own-site HOST`"
        )
    posts = _posts(addresses, sources, client)
    return _subjects(posts, [one.phrase for one in known], matching)


def _posts(addresses: Sequence[str], sources: SourceRegistry, client: HttpClient) -> list[Entry]:
    found: dict[str, Entry] = {}
    failed = None
    for address in addresses:
        try:
            offers = find_offers(sources, client, address)
        except IngestError as error:
            failed = error
            continue
        for entry in offers[0].entries:
            found.setdefault(entry.title + entry.text[:200], entry)
    if not found and failed is not None:
        raise failed
    return list(found.values())[:MOST_POSTS]


def _subjects(posts: Sequence[Entry], known: Sequence[str], matching: Matching) -> list[OwnWords]:
    """Subjects of all kinds that enough posts are about; of several alike only the first."""
    if not posts:
        return []
    judge = matching.judge
    texts = [(post.title, post.text) for post in posts]
    vectors = embed(matching.embedder, [item_text(title, text) for title, text in texts])
    fits = judge.subject_fits(vectors, texts)
    taken = [judge.background.centred(v[None])[0] for v in _known(known, matching)]
    found = []
    counts = (fits >= judge.model.threshold).sum(axis=1)
    for at in np.argsort(-counts, kind="stable").tolist():
        vector = judge.background.subjects[at]
        if counts[at] < max(LEAST_POSTS, LEAST_SHARE * len(posts)):
            break
        if all(float(vector @ other) < ALIKE for other in taken):
            taken.append(vector)
            best = posts[int(np.argmax(fits[at]))].title
            found.append(OwnWords(all_subjects()[at], int(counts[at]), len(posts), best))
    return found[:MOST_PROPOSED]


def _known(known: Sequence[str], matching: Matching) -> Sequence[NDArray[np.float32]]:
    return list(embed_phrases(matching.embedder, list(known))) if known else []

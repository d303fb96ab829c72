"""When an entry is an item the pool knows already, and when it may change it. Pure.

An entry comes with several names: the feed's id for it, its address, its content,
and its title with its minute (recommender_feeds.identity). Each of them lies at times: sites
move and give new ids, feeds count their ids anew every day, ten jokes share one address. So a
name may belong to several items, and one that is known must be borne out by something else
before two entries are taken for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from recommender.domain import NewItem

CONTENT = "content:"
ID = "id:"
TOLD = "told:"
LONGER = 1.5
"""Another feed may only replace a text by one that is longer by this factor."""


@dataclass(frozen=True, slots=True)
class KnownItem:
    """What deciding needs of an item in the pool."""

    item_id: int
    title: str
    url: str | None
    author: str | None
    published_at: datetime | None
    content_hash: str
    n_characters: int
    feed_id: int | None
    """The feed that brought it first."""
    came_from_this_feed: bool
    """Whether the feed that is being read brought it before."""
    last_hash: str | None
    """What that feed said of it then."""
    is_expired: bool


def choose(
    item: NewItem, candidates: Iterable[tuple[KnownItem, Collection[str]]]
) -> KnownItem | None:
    """The item an entry is, of those that share a name with it, or None for a new one.

    An item that has every name of the entry has met it before. Of several others, one with the
    same words comes first, then the one with the most trusted name.

    Args:
        item: The entry.
        candidates: (item, those of the entry's names that it is known by).
    """
    names = tuple(dict.fromkeys((*item.aliases, item.key)))
    ranked = []
    for known, held in candidates:
        shared = ((at, name) for at, name in enumerate(names) if name in held)
        proofs = [at for at, name in shared if is_same(item, known, name)]
        has_all = len(held) == len(names)
        if proofs or has_all:
            differs = known.content_hash != item.content_hash
            ranked.append((not has_all, differs, min(proofs, default=0), known.item_id, known))
    return min(ranked)[-1] if ranked else None


def is_same(item: NewItem, known: KnownItem, key: str) -> bool:
    """Whether the entry is the item that is known by one of its keys.

    By content: yes (the key holds title, text and day). By title and minute: in the same feed.
    By the feed's id: unless address, title and date all differ. By address: if the feed never
    brought the item under another id, or title, date or content agree.
    """
    if key.startswith(CONTENT):
        return True
    if key.startswith(TOLD):
        return known.came_from_this_feed
    agrees = (
        item.title.casefold() == known.title.casefold()
        or (_has_time(item.published_at) and item.published_at == known.published_at)
        or item.content_hash == known.content_hash
    )
    if key.startswith(ID):
        return agrees or (item.url is not None and item.url == known.url) or item.url is None
    has_id = any(alias.startswith(ID) for alias in item.aliases)
    return agrees or not has_id or not known.came_from_this_feed


def _has_time(at: datetime | None) -> bool:
    """Whether a date is a moment; midnight is what a date without a time is read as."""
    return at is not None and (at.hour, at.minute, at.second) != (0, 0, 0)


def may_rewrite(item: NewItem, known: KnownItem, feed_id: int | None) -> bool:
    """Whether a later reading replaces what is kept.

    What the feed that brought it says counts, if it says something new; another feed's version
    only where it is much longer, lest two feeds with a full and a short text take turns, and
    only of the same address, lest a stranger put words into somebody's article. A tombstone
    stays one.
    """
    if known.is_expired or item.content_hash in {known.content_hash, known.last_hash}:
        return False
    if known.feed_id is None or known.feed_id == feed_id:
        # Where it is not known what the feed said last, a longer text came from another.
        is_unknown = known.came_from_this_feed and known.last_hash is None
        return not (is_unknown and LONGER * len(item.text) < known.n_characters)
    if item.url is None or known.url is None:
        return False
    from recommender_feeds import canonical_url  # hashing has no place on the path of `suggest`

    is_here = canonical_url(item.url) == canonical_url(known.url)
    return is_here and len(item.text) > LONGER * known.n_characters


def changed_fields(item: NewItem, known: KnownItem) -> list[str]:
    """The names of what an update changes, "text" where nothing else does."""
    changed = [
        name for name in ("title", "author", "url") if getattr(item, name) != getattr(known, name)
    ]
    return [*changed, "text"] if len(item.text) != known.n_characters or not changed else changed

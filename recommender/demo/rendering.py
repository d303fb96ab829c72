"""The demo's feeds as the wire carries them: RSS 2.0, Atom, RDF (RSS 1.0) and JSON Feed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recommender.demo import DemoArticle, DemoFeed

CONTENT_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "rdf": "application/rdf+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}


def render_feed(feed: DemoFeed, now: datetime) -> bytes:
    """The feed's body with dates counted back from the day of `now`."""
    today = now.replace(hour=7, minute=0, second=0, microsecond=0)
    render = {"rss": _rss, "atom": _atom, "rdf": _rdf, "json": _json}[feed.format]
    return render(feed, today).encode()


def _link(feed: DemoFeed, article: DemoArticle) -> str:
    return f"{feed.site}{article.slug}"


def _html(article: DemoArticle) -> str:
    return "".join(f"<p>{escape(part.strip())}</p>" for part in article.text.split("\n\n"))


def _born(article: DemoArticle, today: datetime) -> datetime:
    return today - timedelta(days=article.days_ago)


def _rss(feed: DemoFeed, today: datetime) -> str:
    items = "".join(
        f"<item><title>{escape(a.title)}</title><link>{escape(_link(feed, a))}</link>"
        f"<guid isPermaLink='false'>{feed.name}/{a.slug}</guid>"
        f"<dc:creator>{escape(a.author)}</dc:creator>"
        f"<pubDate>{format_datetime(_born(a, today))}</pubDate>"
        + "".join(f"<category>{escape(tag)}</category>" for tag in a.tags)
        + f"<description>{escape(_html(a))}</description></item>"
        for a in feed.articles
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel>"
        f"<title>{escape(feed.title)}</title><link>{escape(feed.site)}</link>"
        f"<description>{escape(feed.description)}</description><language>en</language>"
        f"{items}</channel></rss>"
    )


def _atom(feed: DemoFeed, today: datetime) -> str:
    entries = "".join(
        f"<entry><title>{escape(a.title)}</title><link href='{escape(_link(feed, a))}'/>"
        f"<id>tag:{feed.name}.example,2026:{a.slug}</id>"
        f"<author><name>{escape(a.author)}</name></author>"
        f"<updated>{_born(a, today).isoformat()}</updated>"
        f"<published>{_born(a, today).isoformat()}</published>"
        + "".join(f"<category term='{escape(tag)}'/>" for tag in a.tags)
        + f"<content type='html'>{escape(_html(a))}</content></entry>"
        for a in feed.articles
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'>"
        f"<title>{escape(feed.title)}</title><subtitle>{escape(feed.description)}</subtitle>"
        f"<link href='{escape(feed.site)}'/><id>{escape(feed.site)}</id>"
        f"<updated>{today.isoformat()}</updated>{entries}</feed>"
    )


def _rdf(feed: DemoFeed, today: datetime) -> str:
    listed = "".join(f"<rdf:li resource='{escape(_link(feed, a))}'/>" for a in feed.articles)
    items = "".join(
        f"<item rdf:about='{escape(_link(feed, a))}'><title>{escape(a.title)}</title>"
        f"<link>{escape(_link(feed, a))}</link><dc:creator>{escape(a.author)}</dc:creator>"
        f"<dc:date>{_born(a, today).isoformat()}</dc:date>"
        f"<description>{escape(a.text)}</description>"
        f"<content:encoded>{escape(_html(a))}</content:encoded></item>"
        for a in feed.articles
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        "<rdf:RDF xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'"
        " xmlns:content='http://purl.org/rss/1.0/modules/content/'"
        " xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        f"<channel rdf:about='{escape(feed.site)}'><title>{escape(feed.title)}</title>"
        f"<link>{escape(feed.site)}</link><description>{escape(feed.description)}</description>"
        f"<items><rdf:Seq>{listed}</rdf:Seq></items></channel>{items}</rdf:RDF>"
    )


def _json(feed: DemoFeed, today: datetime) -> str:
    return json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": feed.site,
            "description": feed.description,
            "language": "en",
            "items": [
                {
                    "id": f"{feed.name}/{a.slug}",
                    "url": _link(feed, a),
                    "title": a.title,
                    "content_html": _html(a),
                    "date_published": _born(a, today).isoformat(),
                    "authors": [{"name": a.author}],
                    "tags": list(a.tags),
                }
                for a in feed.articles
            ],
        },
        ensure_ascii=False,
    )

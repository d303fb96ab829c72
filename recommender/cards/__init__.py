"""Address books: vCard, LDIF and CSV, read into cards and written from them. Pure parsing."""

from recommender.cards.csv_book import guess_mapping
from recommender.cards.reading import csv_columns, read_cards
from recommender.cards.types import BadCard, Card, CardInterest, NameParts
from recommender.cards.writing import write_vcards

__all__ = [
    "BadCard",
    "Card",
    "CardInterest",
    "NameParts",
    "csv_columns",
    "guess_mapping",
    "read_cards",
    "write_vcards",
]

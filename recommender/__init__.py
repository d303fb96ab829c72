"""Sawthis: "saw this, thought of you".

Finds the article or joke a friend would enjoy, and says why. Importing this
package imports nothing heavy; the faces (`recommender.cli`, `recommender.api`)
go through `recommender.wiring`.
"""

__version__ = "0.1.0"

"""`python -m recommender` is the `sawthis` command."""

from recommender.entry import run

if __name__ == "__main__":
    run()

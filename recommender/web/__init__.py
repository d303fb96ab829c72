"""The pages: plain HTML, no JavaScript, the house's look."""

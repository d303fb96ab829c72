"""`extension`: the browser extension, unpacked for a browser to load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recommender.cli.context import Json
from recommender.cli.output import emit_json, note, say

IN_FOLDER = """\
{n} files. Load it:
  Chromium, Chrome, Edge, Brave: open chrome://extensions, turn on Developer mode, press
    "Load unpacked" and choose this folder.
  Firefox: open about:debugging#/runtime/this-firefox, press "Load Temporary Add-on" and choose
    its manifest.json. It stays until Firefox is closed.
Then run `sawthis pair` and put the line it shows into the extension's options."""
IN_FILE = """\
{n} files. Load it:
  Firefox: open about:debugging#/runtime/this-firefox, press "Load Temporary Add-on" and choose
    this file. For good it must be signed, at addons.mozilla.org for yourself alone.
  Chromium and its like load a folder: `sawthis extension --out DIR`.
Then run `sawthis pair` and put the line it shows into the extension's options."""


def register(app: typer.Typer) -> None:
    """Hang the command on the tree."""
    app.command("extension")(extension)


def extension(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to unpack to: an empty one, or an earlier copy to replace."),
    ] = None,
    zip_file: Annotated[
        Path | None, typer.Option("--zip", metavar="FILE", help="Zip file to write instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Unpack the browser extension, and say how to load it."""
    from recommender.services.unpacking import pack, unpack

    if (out is None) == (zip_file is None):
        raise typer.BadParameter("say where to: --out DIR or --zip FILE", param_hint="--out")
    if out is not None:
        path, n_files, advice = out, unpack(out), IN_FOLDER
    else:
        assert zip_file is not None
        path, n_files, advice = zip_file, pack(zip_file), IN_FILE
    path = path.resolve()
    if as_json:
        emit_json({"path": str(path), "files": n_files})
        return
    say(str(path))
    note(advice.format(n=n_files))

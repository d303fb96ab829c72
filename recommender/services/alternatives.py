"""Other wordings of a note, from a language model the user runs or rents. Off unless configured.

This is the one place where what the user writes can leave the machine: only when an endpoint is
set, only when alternatives are asked for, and only the note with the contact's first name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recommender.errors import InvalidInput

if TYPE_CHECKING:
    from recommender.settings import Settings

N_ALTERNATIVES = 3
MAX_CHARACTERS = 2000
TIMEOUT_S = 60
_ASKED = (
    "Rewrite the note below in another way, in its own language, at most three sentences, warm and"
    " plain. Keep any address as it is. Claim nothing that the note does not say. Answer with the"
    " note alone."
)


def alternatives(settings: Settings, note: str, *, n: int = N_ALTERNATIVES) -> list[str]:
    """Other wordings of a note, none of them checked; show them as what they are.

    Args:
        settings: Name the endpoint (an OpenAI-compatible base address), model and key.
        note: What to reword.
        n: How many.

    Raises:
        InvalidInput: No endpoint is configured, or it does not answer as it should.
    """
    if not settings.writer_url:
        raise InvalidInput(
            "no language model is configured; set SAWTHIS_WRITER_URL and SAWTHIS_WRITER_MODEL "
            "(nothing leaves this machine otherwise)"
        )
    import httpx

    headers = {"Authorization": f"Bearer {settings.writer_key}"} if settings.writer_key else {}
    asked = {
        "model": settings.writer_model,
        "n": n,
        "messages": [
            {"role": "system", "content": _ASKED},
            {"role": "user", "content": note},
        ],
    }
    address = settings.writer_url.rstrip("/") + "/chat/completions"
    try:
        answer = httpx.post(address, json=asked, headers=headers, timeout=TIMEOUT_S)
        answer.raise_for_status()
        found = _texts(answer.json())
    except httpx.HTTPStatusError as error:
        raise InvalidInput(
            f"the language model answered {error.response.status_code}; check SAWTHIS_WRITER_KEY"
            " and SAWTHIS_WRITER_MODEL"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise InvalidInput(
            f"the language model can't be reached ({type(error).__name__}); "
            "check SAWTHIS_WRITER_URL"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput("the language model answered something else than texts") from error
    return found[:n]


def _texts(answer: Any) -> list[str]:  # noqa: ANN401  (JSON of a stranger)
    texts = [str(choice["message"]["content"]).strip() for choice in answer["choices"]]
    return list(dict.fromkeys(text[:MAX_CHARACTERS] for text in texts if text))

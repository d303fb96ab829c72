"""What strangers write stays text, and what other pages want of the service is refused."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.browser.conftest import PHONE, Look
from tests.browser.test_sweep import PAGES, too_wide
from tests.browser.watching import shoot

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

    from tests.browser.conftest import Visits
    from tests.browser.serving import Server
    from tests.site import Site

BREAKS_OUT = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>"
TEMPLATE, COMPUTED = "{{ 1213 * 1103 }}${1213*1103}", "1337939"
TURNED = "\u202egnp.exe\u202c\u2066"
ENDLESS = "Donaudampfschiff" * 30
HOSTILE = f"{BREAKS_OUT} {TEMPLATE} {TURNED} {ENDLESS}"
HEADER = "Hello\r\nBcc: evil@evil.example\r\n&bcc=evil@evil.example&body=other"
# What must hold of any page, whatever is in the library.
INJECTED = """() => [...document.querySelectorAll('*')].flatMap((e) => [
  ...(['SCRIPT'].includes(e.tagName) && !e.src ? [e.outerHTML] : []),
  ...(['IMG', 'IFRAME', 'OBJECT', 'EMBED', 'BASE'].includes(e.tagName) ? [e.outerHTML] : []),
  ...[...e.attributes].filter((a) => a.name.startsWith('on') || a.name === 'style'
    || (/^(href|action|formaction|src|hx-\\w+)$/.test(a.name) && /^\\s*(javascript|data|vbscript):/i
    .test(a.value))).map((a) => `${e.tagName} ${a.name}=${a.value.slice(0, 80)}`)])"""
POSTS = (
    ("/suggestions/{ref}/sent", "back=%2F"),
    ("/suggestions/{ref}/skip", "back=%2F"),
    ("/settings", "minutes=99&voice.sign_off=Evil"),
    ("/settings/erase", "word=DELETE"),
    ("/settings/pair", ""),
    ("/person/joe-ferraro/erase", ""),
    ("/people", "name=Evil"),
    ("/feeds", "url=https%3A%2F%2Fevil.example%2Ffeed"),
    ("/logout", ""),
)
READS = ("/", "/people", "/settings/export.jsonl", "/api/v1/contacts", "/static/sawthis.js")


def make_hostile(server: Server) -> None:
    """Hostile text wherever a stranger's words are kept."""
    slug = "joe-ferraro"
    server.change("UPDATE contacts SET name = ? || name, notes = ?, employer = ?", *[HOSTILE] * 3)
    server.change(
        "UPDATE contacts SET details = json_set(details, '$.phones', json_array(?)),"
        " groups = json_array(?) WHERE slug = ?",
        "javascript:alert(4)", HOSTILE, slug,
    )  # fmt: skip
    server.change("UPDATE interests SET phrase = substr(phrase, 1, 20) || ? || id", HOSTILE)
    server.change("UPDATE items SET title = ? || title, author = ?", HOSTILE, HOSTILE)
    server.change("UPDATE items SET url = 'javascript:alert(5)//' || id WHERE id % 2 = 0")
    server.change("UPDATE items SET feed_title = ?, tags = json_array(?)", HOSTILE, HOSTILE)
    server.change("UPDATE feeds SET title = ? || title, error = ?, failures = 9", HOSTILE, HOSTILE)
    server.change("UPDATE feeds SET site_url = 'javascript:alert(6)'")
    server.change("UPDATE matches SET span = ?", HOSTILE)
    server.change("UPDATE touches SET note = ?", HOSTILE)
    server.change("INSERT INTO mutes VALUES ('me', 'domain', ?, '2026-01-01T00:00:00Z')", HOSTILE)


@pytest.fixture
def hostile(server: Server) -> Server:
    """The service on a library that strangers wrote."""
    server.cli.ok("prefs", "set", "minutes", "120")
    make_hostile(server)
    return server


def wrong_with(page: Page) -> list[str]:
    """What was injected or computed, and what words make wider than the page."""
    computed = [COMPUTED] if COMPUTED in page.inner_text("main") else []
    return [*page.evaluate(INJECTED), *computed, *too_wide(page)]


def test_hostile_text_stays_text_on_every_page(visits: Visits, hostile: Server) -> None:
    page = visits.page(hostile, Look(PHONE))
    shown, wrong = set(), {}
    for name, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, name
        page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
        if found := wrong_with(page):
            wrong[name] = found
        shoot(page, f"hostile-{name}")  # leaves a mark on each field
        if "<script>alert(2)</script>" in page.inner_text("main"):
            shown.add(name)
    assert not wrong, json.dumps(wrong, indent=1)
    assert shown >= {"today", "people", "person", "pool", "feeds", "health"}
    assert visits.watch(page).programs == []


def test_hostile_text_stays_text_while_it_is_sent(visits: Visits, hostile: Server) -> None:
    hostile.change("UPDATE items SET title = ?", HEADER)
    page = visits.page(hostile)
    page.goto("/ideas")
    card = page.locator("[data-card]").first
    card.get_by_role("button", name=re.compile("^Send to ")).click()
    mail = card.get_by_role("button", name="Open in your mail program")
    link = mail.get_attribute("href") or ""
    assert "\n" not in link
    assert set(parse_qs(urlsplit(link).query)) == {"subject", "body"}
    assert "%0A" not in urlsplit(link).query.partition("&body=")[0]
    assert visits.watch(page).until_program_opens(page) == link
    assert not wrong_with(page)
    card.get_by_role("button", name="Yes, sent").click()
    card.get_by_role("button", name="Undo").wait_for()
    assert not wrong_with(page)


def test_hostile_text_typed_into_forms_stays_text(visits: Visits, server: Server) -> None:
    page = visits.page(server)
    for path in (f"/people?q={quote(HOSTILE)}", f"/pool?q={quote(HOSTILE)}"):
        page.goto(path)
        assert not wrong_with(page)
    page.goto(f"/login?code={quote(BREAKS_OUT)}")
    assert not wrong_with(page)
    page.goto("/start")
    page.get_by_label("Name").fill(BREAKS_OUT)
    page.get_by_role("button", name="Add").first.click()
    page.locator("#said", has_text=f"{BREAKS_OUT} is in.").wait_for()
    assert not wrong_with(page)


def _attack(home: str, ref: str) -> bytes:
    """A page that tries what it can on a service whose cookie the browser holds."""
    posts = [(home + path.format(ref=ref), body) for path, body in POSTS]
    return f"""<!doctype html><title>Evil</title><iframe src="{home}/"></iframe><script>
    const read = [];
    const type = "application/x-www-form-urlencoded";
    (async () => {{
      for (const [url, body] of {json.dumps(posts)}) {{
        const ways = [{{mode: "no-cors"}}, {{}}, {{headers: {{"HX-Request": "true"}}}}];
        for (const way of ways) {{
          await fetch(url, {{method: "POST", credentials: "include", body,
            headers: {{"Content-Type": type, ...way.headers}}, ...way}}).catch(() => 0);
        }}
        navigator.sendBeacon(url, new Blob([body], {{type}}));
      }}
      for (const path of {json.dumps(READS)}) {{
        for (const mode of ["cors", "no-cors"]) {{
          const answer = await fetch({json.dumps(home)} + path, {{mode, credentials: "include"}})
            .then((a) => a.text()).catch(() => "");
          if (answer) read.push(path + ": " + answer.slice(0, 80));
        }}
      }}
      try {{ read.push(frames[0].document.body.innerText); }} catch {{ }}
      document.title = "done " + JSON.stringify(read);
    }})();
    </script>""".encode()


def _form(url: str, body: str) -> bytes:
    fields = "".join(
        f'<input name="{name}" value="{values[0]}">' for name, values in parse_qs(body).items()
    )
    return (
        f'<!doctype html><title>Evil</title><form method="post" action="{url}">{fields}</form>'
        "<script>document.forms[0].submit()</script>"
    ).encode()


def _ref(server: Server) -> str:
    ((ref,),) = server.rows("SELECT suggestion_id FROM matches ORDER BY relevance DESC LIMIT 1")
    return str(ref)


# Another port of the same host is of the same site, so that even a strict cookie goes along;
# another name is of another site.
other_origins = pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])


@other_origins
def test_a_page_of_another_origin_can_neither_change_nor_read(
    visits: Visits, server: Server, site: Site, host: str
) -> None:
    page = visits.page(server)
    page.goto("/")
    ref, before = _ref(server), server.dump()
    evil = site.base.replace("127.0.0.1", host)
    watch = visits.watch(page)
    watch.allowed.append(evil)
    site.serve("/evil", _attack(server.base, ref), Content_Type="text/html")
    page.goto(f"{evil}/evil")
    page.wait_for_function("document.title.startsWith('done')")
    assert page.title() == "done []"
    assert all("Ferraro" not in frame.locator("html").inner_text() for frame in page.frames[1:])
    assert server.dump() == before
    page.goto("/people")
    assert "Ferraro" in page.inner_text("main")  # still logged in
    watch.forgive()
    # The same from a page of ours is carried out: the attack was no dud.
    page.evaluate(
        "([path, body]) => fetch(path, {method: 'POST', body, headers:"
        " {'Content-Type': 'application/x-www-form-urlencoded'}}).then((a) => a.text())",
        [POSTS[0][0].format(ref=ref), POSTS[0][1]],
    )
    assert server.dump() != before


@other_origins
def test_a_form_of_another_origin_is_refused(
    visits: Visits, server: Server, site: Site, host: str
) -> None:
    page = visits.page(server)
    page.goto("/")
    ref, before = _ref(server), server.dump()
    evil = site.base.replace("127.0.0.1", host)
    watch = visits.watch(page)
    watch.allowed.append(evil)
    for n, (path, body) in enumerate(POSTS):
        url = server.base + path.format(ref=ref)
        site.serve(f"/form{n}", _form(url, body), Content_Type="text/html")
        with page.expect_response(url) as refused:
            page.goto(f"{evil}/form{n}")
        assert refused.value.status in (401, 403), path
    assert server.dump() == before
    page.goto("/people")
    assert "Ferraro" in page.inner_text("main")
    watch.forgive()


def test_another_port_cannot_put_words_into_the_page(
    visits: Visits, server: Server, site: Site
) -> None:
    """Cookies know no ports: whoever serves on this host can plant one."""
    page = visits.page(server)
    planted = ["Your licence has expired", ["/people", {"name": "Evil"}, "Renew"], True]
    value = base64.urlsafe_b64encode(json.dumps(planted).encode()).decode()
    script = f'<script>document.cookie = "sawthis_said={value}; path=/"</script>'.encode()
    site.serve("/evil", script, Content_Type="text/html")
    visits.watch(page).allowed.append(site.base)
    page.goto(f"{site.base}/evil")
    assert "sawthis_said" in {cookie["name"] for cookie in page.context.cookies()}
    page.goto("/people")
    assert "Ferraro" in page.inner_text("main")
    assert "licence has expired" not in page.inner_text("body")
    assert page.get_by_role("button", name="Renew").count() == 0
    visits.watch(page).forgive()  # the evil page has no favicon


def test_a_name_that_points_here_is_refused(
    playwright: Playwright, chromium: str, server: Server
) -> None:
    """DNS rebinding: a page of evil.test, which by now resolves to this machine."""
    ref = _ref(server)
    browser = playwright.chromium.launch(
        executable_path=chromium,
        args=["--no-sandbox", "--host-resolver-rules=MAP evil.test 127.0.0.1"],
    )
    page = browser.new_page()
    for path in ("/", "/people", server.login_url().removeprefix(server.base)):
        answer = page.goto(f"http://evil.test:{server.port}{path}")
        assert answer is not None
        assert answer.status == 400
        text = page.inner_text("body")
        assert "Ferraro" not in text
        assert "Log in" not in text
    before = server.dump()  # with the code that was just made
    answers = page.evaluate(
        "(posts) => Promise.all(posts.map(([path, body]) => fetch(path, {method: 'POST', body,"
        " headers: {'Content-Type': 'application/x-www-form-urlencoded'}}).then((a) => a.status)))",
        [[path.format(ref=ref), body] for path, body in POSTS],
    )
    assert answers == [400] * len(POSTS)
    assert server.dump() == before
    browser.close()

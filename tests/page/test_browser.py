"""Numbers that a browser reads out of pages, compared with the engine's."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from chromium import opened

from shapelab.page import make_page, save_page
from shapelab.page.cells import read_cells
from shapelab.page.packing import quantised

SHOW = "window.shapelab.show"


@pytest.fixture(scope="session")
def texture_page(texture, tmp_path_factory):
    return save_page(tmp_path_factory.mktemp("pages") / "texture.html", make_page(texture))


@pytest.fixture(scope="session")
def tumbling_page(tumbling, tmp_path_factory):
    return save_page(tmp_path_factory.mktemp("pages") / "tumbling.html", make_page(tumbling))


def test_scalars_are_those_of_the_table(browser, texture_page, texture):
    opened(browser, texture_page)
    for name in ("energy", "area"):
        assert browser.run(f"{SHOW}.scalar('{name}')") == texture.scalars[name].tolist()


def test_a_field_is_what_was_saved_in_any_order(browser, texture_page, texture):
    opened(browser, texture_page)
    saved = texture.array(texture.record.layers[0])
    for index in (5, 0, 3, 4, 5, 1):
        read = browser.run(f"{SHOW}.renderers[0].series.unpack({index}).then(data => Array.from(data))")
        assert np.array_equal(read, quantised(np.asarray(saved[index]), -1, 1, 8).ravel())


def test_labels_in_space_are_what_was_saved(browser, solid_cells, tmp_path):
    opened(browser, save_page(tmp_path / "page.html", make_page(solid_cells)))
    item = next(item for item in solid_cells.record.layers if item.name == "cells")
    for index in (2, 0, 1):
        read = browser.run(f"{SHOW}.renderers[0].series.get({index}).then(data => Array.from(data))")
        assert np.array_equal(read, np.asarray(solid_cells.array(item)[index]).ravel())


def test_the_shader_gives_every_pixel_to_the_cell_that_the_engine_gives_it_to(browser, tumbling_page, tumbling):
    opened(browser, tumbling_page)
    for index in (0, 3, 5):
        rows = browser.run(f"{SHOW}.player.go({index}).then(() => Array.from({SHOW}.renderer.labels({SHOW}.colours)))")
        ids = np.concatenate([[0], read_cells(tumbling, [index]).frames[0]["ids"]]).astype(int)
        shown = ids[np.reshape(rows, (64, 64))]
        engine = np.asarray(tumbling.redrawn(1).layer(index).data)
        assert np.array_equal(shown, engine)


BAD = '<img src=x onerror="window.broken=1">&<script>window.broken=1</script>{{PROGRAM}}'


def test_names_stay_text(browser, texture, tmp_path):
    record = texture.record.model_copy(deep=True)
    record.preset, record.reason, record.device = BAD, BAD, f"</script>{BAD}"
    record.parameters |= {"sequence": BAD, BAD: BAD}
    record.versions |= {BAD: BAD}
    record.layers[0].name = BAD
    record.changes.append(type(texture.record).model_fields["changes"].annotation.__args__[0](step=3, parameters={BAD: BAD}))
    hostile = dataclasses.replace(texture, record=record)
    path = tmp_path / "page.html"
    path.write_text(make_page(hostile).text, encoding="utf-8")
    opened(browser, path)
    assert browser.run("window.broken") is None
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert BAD in browser.run("document.getElementById('title').textContent")
    assert browser.run("document.title").startswith(BAD)
    assert browser.run("document.getElementById('details').textContent").count(BAD) >= 4


def test_no_request_leaves_the_page(browser, tumbling_page):
    opened(browser, tumbling_page)
    sent = [event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"]
    assert [url for url in sent if not url.startswith(("blob:", "data:"))] == [tumbling_page.resolve().as_uri()]
    tries = "fetch('https://example.org/').then(() => 'sent', () => 'refused')"
    assert browser.run(tries) == "refused"
    image = "new Promise(done => { const i = new Image(); i.onload = () => done('sent'); i.onerror = () => done('refused');"
    assert browser.run(f"{image} i.src = 'https://example.org/a.png'; }})") == "refused"
    script = "const s = document.createElement('script'); s.textContent = 'window.broken = 1'; document.head.append(s); window.broken"
    assert browser.run(script) is None


def test_playing_stepping_and_turning_change_what_is_seen(browser, texture_page):
    opened(browser, texture_page)
    pixels = f"(() => {{ {SHOW}.draw(1); return {SHOW}.canvas.toDataURL(); }})()"
    first = browser.run(pixels)
    key = "document.getElementById('view').dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true, cancelable: true}))"
    browser.run(key % "ArrowLeft")
    turned = browser.run(pixels)
    assert turned != first
    browser.run(key % "0")
    assert browser.run(pixels) == first
    browser.run("document.getElementById('back').click()")
    browser.run(f"{SHOW}.drawn()")
    assert browser.run(f"{SHOW}.player.index") == 4
    browser.run("document.getElementById('play').click()")
    browser.run(f"new Promise(done => {{ const look = () => {SHOW}.player.index === 1 ? done() : setTimeout(look, 5); look(); }})")
    browser.run("document.getElementById('play').click()")
    assert browser.run(f"{SHOW}.player.playing") is False


@pytest.mark.parametrize("page", ["texture_page", "tumbling_page"])
def test_a_picture_comes_back_when_the_graphics_card_was_lost(browser, page, request):
    opened(browser, request.getfixturevalue(page))
    pixels = f"(() => {{ {SHOW}.draw(1); return {SHOW}.canvas.toDataURL(); }})()"
    before = browser.run(pixels)
    browser.run(
        f"new Promise(done => {{ const {{ graphics }} = {SHOW}; const loses = graphics.gl.getExtension('WEBGL_lose_context');"
        f" graphics.canvas.addEventListener('webglcontextlost', () => {{ {SHOW}.draw(1); setTimeout(() => loses.restoreContext()); }});"
        " graphics.canvas.addEventListener('webglcontextrestored', done); loses.loseContext(); })"
    )
    assert browser.run(pixels) == before


def test_a_still_picture_is_a_png(browser, texture_page):
    opened(browser, texture_page)
    start = browser.run(f"{SHOW}.still().then(b => b.arrayBuffer()).then(b => Array.from(new Uint8Array(b).subarray(0, 4)))")
    assert bytes(start) == b"\x89PNG"


def test_a_movie_holds_all_frames(browser, tumbling_page):
    opened(browser, tumbling_page)
    browser.run(f"{SHOW}.player.speed = 10")
    length = browser.run(
        f"new Promise(done => {{ const make = URL.createObjectURL; URL.createObjectURL = b => {{ URL.createObjectURL = make;"
        " const video = document.createElement('video'); video.onloadedmetadata = () => done(video.duration);"
        f" video.onerror = () => done(0); video.src = make.call(URL, b); return make.call(URL, b); }}; {SHOW}.movie(); }})"
    )
    assert length > 5 / 10  # six frames, each shown for a tenth of a second
    assert browser.run(f"{SHOW}.player.index") == 5


def test_a_phone_shows_all_of_it(browser, tumbling_page):
    browser.resize(390, 800, mobile=True)
    opened(browser, tumbling_page)
    assert browser.run("document.documentElement.scrollWidth") <= 390
    assert browser.run("document.getElementById('view').clientWidth") > 300
    small = "Array.from(document.querySelectorAll('button, select, input')).filter(e => e.offsetParent && e.offsetHeight < 44).length"
    assert browser.run(small) == 0
    edge = "document.getElementById('%s').getBoundingClientRect().%s"
    assert browser.run(edge % ("legend", "top")) >= browser.run(edge % ("stage", "bottom"))
    browser.resize(460, 420)


def test_everything_is_reached_and_named_without_a_mouse(browser, tumbling_page):
    opened(browser, tumbling_page)
    focusable = "Array.from(document.querySelectorAll('button, select, input, canvas[tabindex]')).filter(e => e.offsetParent)"
    named = f"{focusable}.filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label'))).length"
    assert browser.run(named) == 0
    assert browser.run(f"{focusable}.every(e => e.tabIndex === 0)")
    press = (
        f"(async () => {{ document.getElementById('plot').dispatchEvent(new KeyboardEvent('keydown', {{key: '%s', cancelable: true}}));"
        f" await {SHOW}.drawn(); return {SHOW}.player.index; }})()"
    )
    assert [browser.run(press % key) for key in ("Home", "ArrowRight", "ArrowLeft", "ArrowLeft", "End")] == [0, 1, 0, 0, 5]
    zoom = f"{SHOW}.view.zoom"
    key = "document.getElementById('view').dispatchEvent(new KeyboardEvent('keydown', {key: '%s', cancelable: true}))"
    browser.run(key % "+")
    assert browser.run(zoom) > 1
    browser.run(key % "0")
    assert browser.run(zoom) == 1
    assert browser.run("document.getElementById('play').getAttribute('aria-pressed')") == "false"


def test_whoever_wants_less_motion_has_it(browser, tumbling_page):
    wanted = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.call("Emulation.setEmulatedMedia", features=wanted)
    opened(browser, tumbling_page)
    assert browser.run(f"{SHOW}.player.speed") == 2
    assert browser.run(f"{SHOW}.player.playing") is False
    browser.call("Emulation.setEmulatedMedia", features=[])
    opened(browser, tumbling_page)
    assert browser.run(f"{SHOW}.player.speed") == 10

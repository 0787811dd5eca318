"""A run in a notebook: what Python sends and hears, and what the page in the frame makes of it."""

from __future__ import annotations

import base64
import gzip
import json
import sys
import threading

import comm
import numpy as np
import pytest
from comm.base_comm import BaseComm

import shapelab as sl
from shapelab.errors import InputError
from shapelab.page.live_run import LiveRun
from shapelab.page.scene import MOST_VOXELS, Scene
from shapelab.page.template import notebook_program
from shapelab.simulation import Frame, LayerData


def tumbling():
    return sl.Cells(scenario="run_and_tumble", shape=(64, 64), n_cells=16, seed=2)


def texture():
    return sl.Curvatubes(preset="tubes", shape=(12, 10, 14), seed=3)


class Channel(BaseComm):
    """What a kernel would send to the notebook."""

    sent: list

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        Channel.sent.append((msg_type, data or {}, buffers or []))


@pytest.fixture
def sent(monkeypatch):
    Channel.sent = []
    monkeypatch.setattr(comm, "create_comm", Channel)
    return Channel.sent


def contents(sent, kind):
    return [
        (data["content"], buffers)
        for _, data, buffers in sent
        if data.get("method") == "custom" and data["content"]["kind"] == kind
    ]  # fmt: skip


def said(view, content):
    """Let a view receive what a page sends."""
    view.widget._handle_custom_msg(content, [])


def finished(view):
    view.run.wait(120)
    assert not view.run.running


def test_a_view_shows_the_run_in_binary_frames(sent):
    simulation = tumbling()
    view = simulation.show(steps=3)
    [page] = [data["state"]["page"] for kind, data, _ in sent if kind == "comm_open" and "page" in data["state"]]
    assert "<canvas" in page
    said(view, {"kind": "open"})
    finished(view)
    assert simulation.step_number == 3
    frames = contents(sent, "frame")
    content, (columns, open_pixels) = frames[-1]
    assert content["row"][0] == 3
    [layer] = content["layers"]
    table = np.frombuffer(gzip.decompress(columns)).reshape(len(layer["columns"]), layer["count"])
    seeds = np.stack([table[layer["columns"].index(name)] for name in ("x0", "x1")], axis=1)
    assert np.array_equal(seeds, simulation.look(lambda state: np.array(state.positions)))
    assert len(gzip.decompress(open_pixels)) == 64 * 64
    assert contents(sent, "state")[-1][0] == {"kind": "state", "running": False, "text": "Step limit of 3 reached."}


def test_frames_wait_until_the_last_one_is_drawn(sent):
    """Steps go on while the page is busy, or not seen."""
    view = tumbling().show(steps=40)
    said(view, {"kind": "open"})
    finished(view)
    assert view.run.simulation.step_number == 40
    running = [content for content, _ in contents(sent, "frame") if content["rate"] is not None]
    assert len(running) <= 1
    assert contents(sent, "frame")[-1][0]["row"][0] == 40


def test_pressing_pause_play_and_stop(sent):
    simulation = texture()
    view = simulation.show(play=False)
    said(view, {"kind": "open"})
    assert not view.run.running
    for word in ("pause", "stop", "closed"):
        said(view, {"kind": "play"})
        assert view.run.running
        said(view, {"kind": word})
        finished(view)
    assert not simulation.done
    before = simulation.step_number
    simulation.step()
    assert simulation.step_number >= before


def test_sliders_change_the_run_as_it_goes(sent):
    simulation = texture()
    view = simulation.show(steps=2, play=False)
    said(view, {"kind": "update", "name": "b10", "value": -41})
    assert simulation.parameters.b10 == -41
    said(view, {"kind": "play"})
    said(view, {"kind": "update", "name": "tension", "value": 3.5})
    finished(view)
    assert simulation.parameters.tension == 3.5


@pytest.mark.parametrize(("name", "value"), [("b10", 1e9), ("b10", None), ("seed", 3), ("nonsense", 1), ("b10", "x" * 1000)])
def test_a_value_that_is_refused_is_said_and_put_back(sent, name, value):
    simulation = texture()
    view = simulation.show(play=False)
    before = simulation.parameters
    said(view, {"kind": "update", "name": name, "value": value})
    assert simulation.parameters == before
    assert len(contents(sent, "state")[-1][0]["text"]) > 20
    assert contents(sent, "values")[-1][0]["values"] == before.to_json()


def test_words_are_chosen_by_name(sent):
    simulation = sl.Foam("foam_sorting", shape=(32, 32), n_cells=6, seed=1)
    view = simulation.show(play=False)
    page = json.loads(view.widget.page.partition('id="page">')[2].partition("</script>")[0])
    assert [(item["name"], item["options"]) for item in page["remote"]["choices"]] == [("junctions", ["quick", "fine"])]
    said(view, {"kind": "update", "name": "junctions", "value": "fine"})
    assert simulation.parameters.junctions == "fine"


@pytest.mark.parametrize("content", [None, 3, [], {}, {"kind": []}, {"kind": "update"}, {"kind": "update", "name": {}, "value": {}}])
def test_messages_that_mean_nothing_change_nothing(sent, content):
    simulation = texture()
    view = simulation.show(play=False)
    before = simulation.parameters
    said(view, content)
    assert simulation.parameters == before
    assert simulation.step_number == 0


def test_an_error_is_one_sentence_and_the_last_frame_stays(sent, monkeypatch):
    simulation = texture()
    view = simulation.show(play=False)

    def fails(state):
        raise ZeroDivisionError("so it is\nand more")

    monkeypatch.setattr(simulation.model, "step", fails)
    said(view, {"kind": "play"})
    finished(view)
    text = contents(sent, "state")[-1][0]["text"]
    assert text == "The run stopped on an unexpected error (ZeroDivisionError: so it is)."
    assert contents(sent, "frame")[-1][0]["row"][0] == 0


def test_a_second_view_ends_the_first(sent):
    simulation = texture()
    first = simulation.show()
    said(first, {"kind": "open"})
    second = simulation.show(play=False)
    assert not first.run.running
    assert first.widget.comm is None
    said(second, {"kind": "open"})
    assert not second.run.running


def test_a_picture_of_the_last_frame_stays_where_there_is_no_kernel(sent, monkeypatch):
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: outputs.append(("new", data, options["display_id"])))
    monkeypatch.setattr("IPython.display.update_display", lambda data, **options: outputs.append(("again", data, options["display_id"])))
    view = tumbling().show(steps=1, play=False)
    view._ipython_display_()
    said(view, {"kind": "play"})
    finished(view)
    view.close()
    assert [way for way, _, _ in outputs] == ["new", "again", "again"]
    assert len({name for _, _, name in outputs}) == 1
    assert ["application/vnd.jupyter.widget-view+json" in data for _, data, _ in outputs] == [True, True, False]
    pictures = [base64.b64decode(data["image/png"]) for _, data, _ in outputs]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert pictures[0] != pictures[1] == pictures[2]


def test_without_a_notebook_or_anywidget_it_says_what_to_do(monkeypatch):
    with pytest.raises(InputError, match="There is no notebook here: call show"):
        texture().show()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(InputError, match=r"pip install 'napari-shapelab\[notebook\]'"):
        texture().show()


def test_large_volumes_are_thinned_and_it_is_said():
    simulation = texture()
    big = np.zeros((160, 160, 160), np.float32)
    frame = Frame(0, 0.0, (LayerData("field", big, "image", {"contrast_limits": (-1, 1), "scale": (0.5, 0.5, 0.5)}),), {})
    simulation.frame = lambda: frame
    scene = Scene(simulation)
    [volume] = scene.volumes
    assert np.prod(volume.shape) <= MOST_VOXELS
    assert volume.meta["scale"] == (1.0, 1.0, 1.0)
    assert "One voxel in 2" in scene.page()


def test_nothing_to_show_is_said():
    simulation = texture()
    simulation.frame = lambda: Frame(0, 0.0, (), {})
    with pytest.raises(InputError, match="A page shows images and labels"):
        Scene(simulation)


HOST = """<!doctype html><meta charset="utf-8"><body><script type="application/json" id="text">{page}</script><script type="module">
{program}
window.sent = [];
const listeners = {{}};
const model = {{
  get: () => JSON.parse(document.getElementById("text").textContent),
  on: (name, call) => (listeners[name] = call), off: (name) => delete listeners[name], send: (content) => window.sent.push(content),
}};
const end = render({{ model, el: document.body }});
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
window.give = (content, buffers) => listeners["msg:custom"](content, buffers.map((text) => new DataView(bytes(text).buffer)));
window.heard = (kind) => new Promise((done) => {{
  const look = () => (window.sent.some((content) => content.kind === kind) ? done(window.sent) : setTimeout(look, 5));
  look();
}});
window.shapelab = {{ end }};
</script>"""


@pytest.mark.parametrize("make", [tumbling, texture])
def test_the_page_in_the_frame_shows_the_frames_it_is_sent_and_answers(browser, tmp_path, make):
    simulation = make()
    run = LiveRun(simulation)
    program = notebook_program().replace("export default { render };", "")
    path = tmp_path / "notebook.html"
    path.write_text(HOST.format(page=json.dumps(run.scene.page()).replace("<", "\\u003c"), program=program), encoding="utf-8")
    browser.open(path)
    assert browser.run("heard('open')") == [{"kind": "open"}]
    sent = []
    run.send = lambda content, buffers: sent.append((content, buffers))
    for _ in range(3):
        simulation.step()
    run._look()
    run.show()
    for content, buffers in sent:
        texts = [base64.b64encode(buffer).decode() for buffer in buffers]
        browser.run(f"give({json.dumps(content)}, {json.dumps(texts)})")
    assert {"kind": "drawn"} in browser.run("heard('drawn')")
    with browser.inside():
        show = "window.shapelab.show"
        name = next(iter(simulation.frame().scalars))
        assert browser.run(f"{show}.scalar('{name}').at(-1)") == pytest.approx(simulation.frame().scalars[name], rel=1e-12)
        assert browser.run(f"{show}.page.frames.map(frame => frame.step)") == [0, 3]
        if make is tumbling:
            assert browser.run(f"Array.from({show}.renderer.cells.x0)") == simulation.look(lambda state: state.positions[:, 0].tolist())
            shown = np.reshape(browser.run(f"Array.from({show}.renderer.labels({show}.colours))"), (64, 64))
            assert np.array_equal(shown, np.asarray(simulation.frame()["cells"]))
        else:
            field = np.asarray(simulation.frame()["field"])
            assert (
                np.abs(np.reshape(browser.run(f"Array.from({show}.renderer.data)"), field.shape) / 127.5 - 1 - field.clip(-1, 1)).max()
                < 0.005
            )
        browser.run("document.querySelector('#live [data-name]').dispatchEvent(new Event('input'))")
        browser.run("document.querySelector('#live button').click()")
    answers = browser.run("heard('play')")
    changed = next(content for content in answers if content["kind"] == "update")
    assert changed["value"] == pytest.approx(getattr(simulation.parameters, changed["name"]), rel=0.05, abs=1)
    browser.run("shapelab.end()")
    assert browser.run("sent.at(-1)") == {"kind": "closed"}


def test_stepping_ends_with_the_run(sent):
    view = texture().show()
    said(view, {"kind": "open"})
    view.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "shapelab live run" and thread.is_alive()]

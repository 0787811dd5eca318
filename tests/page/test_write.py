"""What a page holds, read from the file itself."""

from __future__ import annotations

import getpass
import html
import json
import re
import shutil
from collections import Counter

import numpy as np
import pytest

from shapelab.cli import main
from shapelab.errors import InputError
from shapelab.page import make_page, write_page
from shapelab.page.packing import RESTART, Chunks, Column, pack_columns, quantised
from shapelab.page.template import MODULES, REMOTE, WORKER_MODULES, _read


def test_the_command_says_the_size_and_then_writes_the_file(texture, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["export", str(texture.path), str(out)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"page\.html: \d+ kB, all 6 frames, \d bits per voxel", said)
    assert str(out) in said
    assert out.read_text(encoding="utf-8") == make_page(texture).text


def test_no_file_is_replaced(texture, tmp_path, capsys):
    out = tmp_path / "page.html"
    out.write_text("mine")
    assert main(["export", str(texture.path), str(out)]) != 0
    assert "already exists" in capsys.readouterr().err
    assert out.read_text() == "mine"


@pytest.mark.parametrize("words", [["--layer", "field"], ["--resolution", "2"], ["--all-frames"], ["--max-size", "0"], ["--max-size=-3"]])
def test_options_that_a_page_cannot_honour_are_refused(texture, tmp_path, capsys, words):
    assert main(["export", str(texture.path), str(tmp_path / "page.html"), *words]) != 0
    assert capsys.readouterr().err.strip()
    assert not (tmp_path / "page.html").exists()


def test_only_pages_have_a_largest_size(texture, tmp_path, capsys):
    assert main(["export", str(texture.path), str(tmp_path / "all.tif"), "--max-size", "5"]) != 0
    assert "web pages only" in capsys.readouterr().err


def test_another_suffix_is_refused(texture, tmp_path):
    with pytest.raises(InputError, match=r"must end in \.html"):
        write_page(tmp_path / "page.pdf", texture)


def test_fewer_bits_then_fewer_frames_keep_a_page_small(texture):
    whole = make_page(texture)
    fewer_bits = make_page(texture, max_size=whole.size * 1.01 / 1e6)
    assert fewer_bits.frames == whole.frames == len(texture)
    assert fewer_bits.bits < whole.bits == 8
    limit = fewer_bits.size - 5000  # a part of what the frames take: the programs of a page are in every one
    fewer_frames = make_page(texture, max_size=limit / 1e6)
    assert fewer_frames.size <= limit
    assert fewer_frames.frames < len(texture)
    with pytest.raises(InputError, match="allow more than"):
        make_page(texture, max_size=0.001)


def test_nothing_of_the_machine_is_in_it(texture, tumbling):
    for run in (texture, tumbling):
        text = make_page(run).text
        assert run.path.name in text
        for secret in (str(run.path.parent), str(run.path.parent.parent), f"/{getpass.getuser()}/", "/home/", "/tmp/"):
            assert secret not in text, secret


def test_a_page_refers_to_nothing_outside_of_itself(texture):
    text = make_page(texture).text
    words = re.sub(r'<script type="application/octet-stream".*?</script>', "", text)
    assert not re.findall(r"https?://(?!www\.w3\.org)[^\s\"']+", words)
    assert "default-src &#x27;none&#x27;" in text


def test_no_two_modules_share_a_name():
    """They become one script, in which a name means one thing."""
    for modules in ((*MODULES, REMOTE), WORKER_MODULES):
        names = [
            name
            for module in modules
            for name in re.findall(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", _read(module), re.M)
        ]
        assert not [name for name, count in Counter(names).items() if count > 1]


@pytest.mark.parametrize("modules", [(*MODULES, REMOTE), WORKER_MODULES])
def test_modules_come_after_what_they_import(modules):
    for at, module in enumerate(modules):
        text = _read(module)
        assert text.startswith("// "), f"{module} does not say what it is for"
        for imported in re.findall(r'from "\./(\w+\.js)";', text):
            assert imported in modules[:at], f"{module} imports {imported}, which comes later"
        assert text.count("import ") == len(re.findall(r'^import \{[^}]*\} from "\./\w+\.js";\n', text, re.M))


def test_numbers_outside_the_range_are_cut_off():
    assert quantised(np.array([-2.0, -1, 0, 1, np.nan, 9]), -1, 1, 8).tolist() == [0, 0, 128, 255, 0, 255]
    assert quantised(np.ones(3), 1, 1, 4).tolist() == [0, 0, 0]


def test_equal_frames_are_stored_once_and_jumps_stay_short():
    chunks = Chunks()
    noise = np.random.default_rng(1).integers(0, 256, (8, 8, 8)).astype(np.uint8)
    for k in range(3 * RESTART):
        chunks.add_frame(noise + np.uint8(k % 2))
    in_a_row = "".join(str(way) for _, _, way in chunks.places)
    assert max(map(len, re.findall("2+", in_a_row)), default=0) < RESTART
    assert chunks.places[0][2] != 2
    assert sum(map(len, chunks.parts)) == max(end for _, end, _ in chunks.places)


def test_columns_that_never_change_cost_nothing():
    chunks, described = pack_columns([Column("p", [np.full(3, 2.0)] * 4), Column("x", [np.arange(3.0)] * 4)], 24)
    assert described[0] == {"name": "p", "value": 2.0}
    assert described[1]["once"]
    assert len(chunks.places) == 1


def test_a_comparison_is_a_page_of_both_sides_and_their_difference(tmp_path, capsys):
    labels = np.zeros((24, 30), np.uint16)
    labels[4:12, 3:20], labels[14:22, 5:25] = 1, 2
    np.save(tmp_path / "one.npy", labels)
    np.save(tmp_path / "two.npy", np.roll(labels, 2, 1))
    out = tmp_path / "both.html"
    assert main(["compare", str(tmp_path / "one.npy"), str(tmp_path / "two.npy"), "--no-transport", "--out", str(out)]) == 0
    page = page_of(out)
    assert [layer["name"] for layer in page["layers"]] == ["difference", "A: one", "B: two"]
    assert {item["name"] for item in page["layers"][0]["classes"]} == {"both", "only one", "only two"}
    numbers = {row["label"]: row["value"] for row in page["parameters"]}
    assert any(value == f"{2 * 15 * 8 + 2 * 18 * 8:d}" or "0.8" in value for value in numbers.values())
    assert str(tmp_path) not in out.read_text(encoding="utf-8")


def test_a_notebook_shows_the_page_in_a_frame_that_reaches_nothing_around_it(tumbling):
    page = make_page(tumbling)
    tag, inner = re.fullmatch(r'(<iframe .*?) srcdoc="([^"]*)"></iframe>', page._repr_html_(), re.S).groups()
    assert html.unescape(inner) == page.text
    assert "allow-scripts" in tag
    assert "allow-same-origin" not in tag


def test_meshes_are_no_page(tmp_path, capsys):
    from shapelab.convert import mask_to_mesh
    from shapelab.io import write_mesh

    ball = np.hypot(np.hypot(*np.mgrid[-6:7, -6:7, -6:7][:2]), np.mgrid[-6:7, -6:7, -6:7][2]) < 5
    for name in ("a", "b"):
        write_mesh(tmp_path / f"{name}.ply", mask_to_mesh(ball))
    words = ["compare", str(tmp_path / "a.ply"), str(tmp_path / "b.ply"), "--no-transport", "--out", str(tmp_path / "c.html")]
    assert main(words) != 0
    assert not (tmp_path / "c.html").exists()
    assert "images" in capsys.readouterr().err


def test_a_folder_of_any_name_is_text(texture, tmp_path, capsys):
    name = "sp ace ünï 😀 <b>&\"'.zarr"
    shutil.copytree(texture.path, tmp_path / name)
    out = tmp_path / "page.html"
    assert main(["export", str(tmp_path / name), str(out)]) == 0
    assert page_of(out)["folder"] == name
    assert {"label": "Run", "value": name} in page_of(out)["provenance"]
    text = out.read_text(encoding="utf-8")
    assert "<b>" not in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize("way", ["drawings", "arrays"])
def test_a_damaged_run_is_refused_or_said(tumbling, solid_cells, tmp_path, capsys, way):
    run, out = tmp_path / "run.zarr", tmp_path / "page.html"
    shutil.copytree((tumbling if way == "drawings" else solid_cells).path, run)
    damaged = sorted(run.glob("drawings/*") if way == "drawings" else run.glob("labels/cells/0/c/1/*/*/0"))[0]
    damaged.write_bytes(b"nonsense")
    failed = main(["export", str(run), str(out)])
    said = capsys.readouterr()
    if way == "drawings":
        assert not failed
        assert "cells with the pixels that were saved: The checkpoint" in said.out
        assert page_of(out)["layers"][0]["kind"] == "labels2"
    else:
        assert failed
        assert "is damaged" in said.err
        assert not out.exists()


@pytest.mark.parametrize(("data", "words"), [([[np.nan] * 3] * 4, "no finite value"), ([[np.inf, 1.0, np.nan], [0.0, 0.5, -np.inf]], "")])
def test_images_with_holes(tmp_path, capsys, data, words):
    np.save(tmp_path / "image.npy", np.array(data))
    failed = main(["export", str(tmp_path / "image.npy"), str(tmp_path / "image.html")])
    assert bool(failed) == bool(words)
    assert words in capsys.readouterr().err
    if not words:
        [layer] = page_of(tmp_path / "image.html")["layers"]
        assert (layer["low"], layer["high"]) == (0.0, 1.0)


def test_a_crystal_and_an_image_are_pages(tmp_path, capsys):
    from shapelab.crystals import fit_diagram

    labels = np.repeat(np.repeat(np.arange(1, 7).reshape(2, 3), 12, 0), 10, 1)
    fit_diagram(labels).diagram.save(tmp_path / "crystal.json", labels.shape)
    np.save(tmp_path / "labels.npy", labels)
    for name, word in (("crystal.json", "Crystal"), ("labels.npy", "labels")):
        assert main(["export", str(tmp_path / name), str(tmp_path / f"{name}.html")]) == 0
        page = page_of(tmp_path / f"{name}.html")
        assert word in page["title"]
        assert page["layers"][0]["kind"] == "labels2"


def page_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="page">(.*?)</script>', text, re.S).group(1))

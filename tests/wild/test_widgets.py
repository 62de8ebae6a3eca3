"""ipywidgets and the protocol of comms, as a front end with widgets speaks it; progress bars."""

from __future__ import annotations

from typing import Any

from .conftest import Notebook, Shown

SLIDER = (
    "import ipywidgets as widgets\n"
    "slider = widgets.IntSlider(value=3, max=10)\n"
    "seen = []\n"
    "def moved(change):\n    seen.append(change['new'])\n    print('moved to', change['new'])\n"
    "slider.observe(moved, 'value')\nslider"
)


def opened(shown: Shown) -> dict[str, dict[str, Any]]:
    """The state of each widget that was opened, by the name of its model."""
    states = {}
    for event in shown.of("comm_open"):
        assert event["content"]["target_name"] == "jupyter.widget"
        state = event["content"]["data"]["state"]
        states[state["_model_name"]] = {"comm_id": event["content"]["comm_id"]} | state
    return states


async def test_a_widget_is_a_view_of_its_model(notebook: Notebook) -> None:
    """Its models are opened as comms with their state; its value is a view of the last of them."""
    shown = await notebook.run(SLIDER)
    model = opened(shown)["IntSliderModel"]
    assert (model["value"], model["max"]) == (3, 10)
    view = shown.bundles[-1]["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == model["comm_id"]
    assert "IntSlider" in shown.bundles[-1]["text/plain"]


async def test_what_a_view_changes_reaches_python(notebook: Notebook) -> None:
    """A slider that is moved has its new value in the session; its callback's text is shown."""
    comm = opened(await notebook.run(SLIDER))["IntSliderModel"]["comm_id"]
    shown = await notebook.update(comm, value=7)
    assert shown.text == "moved to 7\n"
    assert (await notebook.run("slider.value, seen")).value == "(7, [7])"


async def test_what_python_changes_reaches_the_view(notebook: Notebook) -> None:
    """An assignment is an update of the model; closing it closes the comm."""
    comm = opened(await notebook.run(SLIDER))["IntSliderModel"]["comm_id"]
    shown = await notebook.run("slider.value = 5")
    updates = [event["content"] for event in shown.of("comm_msg")]
    assert [(each["comm_id"], each["data"]["state"]) for each in updates] == [(comm, {"value": 5})]
    shown = await notebook.run("slider.close()")
    assert [event["content"]["comm_id"] for event in shown.of("comm_close")] == [comm]


async def test_an_error_in_a_callback_is_shown_and_the_widget_lives(notebook: Notebook) -> None:
    """The error is in the output of the message that caused it."""
    code = "button = widgets.Button()\nbutton.on_click(lambda _: 1 / 0)\nbutton"
    comm = opened(await notebook.run("import ipywidgets as widgets\n" + code))["ButtonModel"][
        "comm_id"
    ]
    click = {"comm_id": comm, "data": {"method": "custom", "content": {"event": "click"}}}
    shown = await notebook.answer(notebook.send("comm_msg", click))
    assert "ZeroDivisionError" in str([event["content"] for event in shown])
    shown = await notebook.run("button.description = 'again'")
    assert shown.of("comm_msg")[0]["content"]["data"]["state"] == {"description": "again"}


async def test_interact_and_output_capture_what_a_function_shows(notebook: Notebook) -> None:
    """``interact`` calls again as its slider moves; what is shown goes into its Output widget."""
    code = (
        "import ipywidgets as widgets\n"
        "calls = []\n"
        "@widgets.interact(x=(0, 10))\n"
        "def double(x=4):\n    calls.append(x)\n    print('twice is', 2 * x)"
    )
    models = opened(await notebook.run(code))
    await notebook.update(models["IntSliderModel"]["comm_id"], value=9)
    assert (await notebook.run("calls")).value == "[4, 9]"


async def test_a_front_end_that_comes_later_learns_of_the_widgets(notebook: Notebook) -> None:
    """``comm_info_request`` lists the open comms of a target."""
    comm = opened(await notebook.run(SLIDER))["IntSliderModel"]["comm_id"]
    told = await notebook.request("comm_info_request", {"target_name": "jupyter.widget"})
    assert told["comms"][comm] == {"target_name": "jupyter.widget"}
    assert (await notebook.request("comm_info_request", {"target_name": "other"}))["comms"] == {}


async def test_comms_of_ones_own(notebook: Notebook) -> None:
    """A target that the user registers is opened by the front end, with buffers both ways."""
    code = (
        "import comm\n"
        "def opened(channel, message):\n"
        "    channel.on_msg(lambda m: channel.send({'got': m['content']['data']},"
        " buffers=[bytes(m['buffers'][0])[::-1]]))\n"
        "comm.get_comm_manager().register_target('mirror', opened)"
    )
    await notebook.run(code)
    content = {"comm_id": "one", "target_name": "mirror", "data": {}}
    await notebook.answer(notebook.send("comm_open", content))
    content = {"comm_id": "one", "data": {"n": 1}}
    shown = await notebook.answer(notebook.send("comm_msg", content, [b"abc"]))
    (reply,) = shown.of("comm_msg")
    assert reply["content"]["data"] == {"got": {"n": 1}}
    assert [bytes(buffer) for buffer in reply["buffers"]] == [b"cba"]
    unknown = {"comm_id": "two", "target_name": "nobody", "data": {}}
    shown = await notebook.answer(notebook.send("comm_open", unknown))
    assert [event["content"]["comm_id"] for event in shown.of("comm_close")] == ["two"]


async def test_tqdm_auto_is_a_widget(notebook: Notebook) -> None:
    """With ipywidgets at hand the bar is a widget that reaches its end, nested ones too."""
    code = (
        "from tqdm.auto import tqdm, trange\n"
        "for i in tqdm(range(3), desc='outer'):\n"
        "    for j in trange(2, leave=False):\n        pass"
    )
    shown = await notebook.run(code)
    bars = [
        event["content"]
        for event in shown.of("comm_open")
        if event["content"]["data"]["state"]["_model_name"] == "FloatProgressModel"
    ]
    assert [bar["data"]["state"]["max"] for bar in bars] == [3.0, 2.0, 2.0, 2.0]
    ends = [
        event["content"]["data"]["state"]["value"]
        for event in shown.of("comm_msg")
        if event["content"]["comm_id"] == bars[0]["comm_id"]
        and "value" in event["content"]["data"].get("state", {})
    ]
    assert ends[-1] == 3.0
    assert "TqdmWarning" not in shown.text


async def test_tqdm_auto_is_text_where_there_are_no_widgets(notebook: Notebook) -> None:
    """Nested bars are lines of text that reach their end, without a word on what is missing."""
    await notebook.run("import sys\nsys.modules['ipywidgets'] = None")
    code = (
        "from tqdm.auto import trange\n"
        "for i in trange(2, desc='outer'):\n"
        "    for j in trange(3, desc='inner'):\n        pass"
    )
    shown = await notebook.run(code)
    assert "Warning" not in shown.text
    assert shown.text.count("inner: 100%") == 2
    assert "outer: 100%" in shown.text
    assert shown.of("comm_open") == []


async def test_tqdm_writes_beside_its_widget(notebook: Notebook) -> None:
    """``tqdm.write`` is text of the cell, and a failed loop's bar is marked as such."""
    code = "from tqdm.auto import tqdm\nfor i in tqdm(range(2)):\n    tqdm.write(f'line {i}')"
    assert (await notebook.run(code)).text == "line 0\nline 1\n"
    shown = await notebook.run("for i in tqdm(range(2)):\n    1 / 0", error="ZeroDivisionError")
    after = await notebook.run("1")  # the bar is ended when the error's frames are freed
    told = [*shown.of("comm_msg"), *after.of("comm_msg")]
    assert any("danger" in str(event["content"]["data"]) for event in told)


async def test_tqdm_is_a_line_that_is_drawn_over(notebook: Notebook) -> None:
    """The plain bar is text on stderr, with carriage returns, and reaches its end."""
    shown = await notebook.run("from tqdm import tqdm\nfor i in tqdm(range(3)):\n    pass")
    assert "\r" in shown.text
    assert "100%" in shown.text
    assert {event["content"]["name"] for event in shown.of("stream")} == {"stderr"}

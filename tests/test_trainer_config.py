"""Training configurations: strict, one clear line an error, echoed exactly."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesnn.errors import ConfigError
from edgesnn.trainer.config import load_config, parse_config, preset, presets
from edgesnn.trainer.toml import to_toml

HIDDEN = "[[model.hidden]]\nwidth = 8\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "key model is missing"),
        ("[model]\n", "key model.hidden is missing"),
        (HIDDEN + "widht = 9\n", "unknown key model.hidden.0.widht"),
        ("[model]\nhidden = []\n", "model.hidden: List should have at least 1 item"),
        (HIDDEN + "bits = 3\n", "model.hidden.0.bits: Input should be 8, 4 or 2, got 3"),
        (HIDDEN + "taps = [256]\n", "model.hidden.0.taps.0: Input should be less than"),
        (HIDDEN + "[optimiser]\nepochs = 0\n", "optimiser.epochs: Input should be greater"),
        (HIDDEN + '[optimiser]\nrate = "fast"\n', "optimiser.rate: Input should be a valid number"),
        (HIDDEN + "[optimiser]\nrate = nan\n", "optimiser.rate: Input should be"),
        (HIDDEN + "[model.input]\ndelta = 4\n", "model.input: delta needs encoding = 'delta'"),
        ("name = 'Two Words'\n" + HIDDEN, "name: String should match pattern"),
        ("name = 'while'\n" + HIDDEN, "network name 'while' is not a C identifier"),
        (HIDDEN + "taps = [200]\naxonal_delay = 100\n", "together must not pass 255 steps"),
        (HIDDEN + "dead_zone = 7\n", "leaves no synapses of 4 bits, whose weights reach 7"),
        (HIDDEN + "[augment]\nnoise_snr_db = [30.0, 5.0]\n", "must be [lowest, highest]"),
        (HIDDEN + "[frontend]\nlow = 5000\nhigh = 4000\n", "frontend: front-end: "),
        ("model = [\n", "is not TOML"),
    ],
)
def test_faults_are_one_line(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_and_preset_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no configuration file .*nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="no preset 'gcs'; there are: accurate, balanced, gsc, "):
        preset("gcs")


@pytest.mark.parametrize("name", presets())
def test_presets_survive_their_echo(name):
    config = preset(name)
    assert parse_config(tomllib.loads(to_toml(config.model_dump())), name) == config


scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=8),
)
keys = st.text("abcxyz_", min_size=1, max_size=5)
values = st.one_of(scalars, st.lists(st.integers(-9, 9), max_size=3))
tables = st.recursive(
    st.dictionaries(keys, values, max_size=4),
    lambda inner: st.dictionaries(
        keys, st.one_of(values, inner, st.lists(inner, min_size=1, max_size=3)), max_size=3
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(tables)
def test_toml_reads_back_as_written(table):
    assert tomllib.loads(to_toml(table)) == table

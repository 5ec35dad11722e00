"""Exports: laid out as each build system wants it, and compiled as each would compile it."""

from __future__ import annotations

import configparser
import ctypes
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgesnn.cli.boundary import run
from edgesnn.codegen.export import FORMATS, Library, export
from edgesnn.codegen.toolchain import WARNINGS, host_compiler
from edgesnn.errors import FileFormatError, UsageError
from edgesnn.network import Detector, Network, save_network
from edgesnn.sim.engine import Engine

from .codegen_networks import keyword_network, tiny_network
from .strategies import clips


def _hearing() -> Network:
    """A network with front-end and detector."""
    network = keyword_network("hears")
    return replace(network, detector=Detector(threshold=9, rejected=network.classes[-1:]))


NETWORKS = {"features": tiny_network, "microphone": _hearing}


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Network:
    return NETWORKS[request.param]()


def _compile(folder: Path, *arguments: str) -> None:
    command = [*host_compiler().command, *WARNINGS, "-O1", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def _compile_cpp(folder: Path, *arguments: str) -> None:
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("no C++ compiler: pip install 'edgesnn[compile]'")
    command = [sys.executable, "-m", "ziglang", "c++", "-Wall", "-Wextra", "-Werror", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("form", FORMATS)
def test_every_file_states_its_licence_and_there_is_one(
    form: str, network: Network, tmp_path: Path
) -> None:
    done = export(Library(network), form, tmp_path / "out")
    assert "MIT No Attribution" in (tmp_path / "out" / "LICENSE").read_text()
    unstated = [
        name
        for name in done.files
        if name not in ("LICENSE", "README.md", "keywords.txt") and not name.endswith(".pack")
        and "MIT-0" not in (tmp_path / "out" / name).read_text()
    ]  # fmt: skip
    assert unstated == []


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_network_gives_the_same_bytes(form: str, tmp_path: Path) -> None:
    first = export(Library(_hearing()), form, tmp_path / "first")
    second = export(Library(_hearing()), form, tmp_path / "second")
    assert first.files == second.files
    for name in first.files:
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


def test_an_earlier_export_is_brought_up_to_date(tmp_path: Path) -> None:
    export(Library(tiny_network()), "arduino", tmp_path)
    (tmp_path / "notes.txt").write_text("the user's own")
    done = export(Library(tiny_network()), "cmake", tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*done.files, "notes.txt", "edgesnn-export.json"}


def test_what_is_refused(tmp_path: Path) -> None:
    library = Library(tiny_network())
    with pytest.raises(UsageError, match="no format is called 'make'; there are cmake, arduino"):
        export(library, "make", tmp_path)
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(UsageError, match="is not empty and holds no export"):
        export(library, "cmake", tmp_path)
    with pytest.raises(UsageError, match="is a file; name a folder"):
        export(library, "cmake", tmp_path / "letter.txt")
    with pytest.raises(UsageError, match=r"version '1\.0' is not three numbers"):
        Library(tiny_network(), version="1.0")
    with pytest.raises(UsageError, match="is no web address"):
        Library(tiny_network(), url="x\ny")


def test_a_hostile_manifest_removes_nothing_outside(tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    folder = tmp_path / "out"
    export(Library(tiny_network()), "single-file", folder)
    names = ["../victim.txt", str(victim), "src/../../victim.txt"]
    (folder / "edgesnn-export.json").write_text(json.dumps({"files": names}))
    export(Library(tiny_network()), "single-file", folder)
    assert victim.read_text() == "precious"
    (folder / "edgesnn-export.json").write_text("[")
    with pytest.raises(FileFormatError, match="is damaged; remove"):
        export(Library(tiny_network()), "single-file", folder)


def test_class_names_cannot_break_the_files(tmp_path: Path) -> None:
    network = tiny_network()
    names = ('a"\nname=x', "*/ int x; /*", "<b>&")
    strange = replace(network, classes=names[: len(network.classes)])
    for form in FORMATS:
        export(Library(strange), form, tmp_path / form)
    _compile(tmp_path / "single-file", "example.c", "-o", "example")
    ElementTree.parse(tmp_path / "cmsis-pack" / "edgesnn.tiny.pdsc")
    text = (tmp_path / "arduino" / "library.properties").read_text()
    assert text.count("\nname=") == 0 and text.startswith("name=edgesnn_tiny\n")


def test_cmake_configures_builds_and_runs(network: Network, tmp_path: Path) -> None:
    if importlib.util.find_spec("cmake") is None:
        pytest.skip("no CMake: pip install 'edgesnn[test]'")
    if shutil.which("make") is None:
        pytest.skip("CMake needs make")
    export(Library(network), "cmake", tmp_path)
    build = [sys.executable, "-m", "cmake", "-S", ".", "-B", "build"]
    for command in (build, [*build[:3], "--build", "build"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
    example = tmp_path / "build" / f"edgesnn_{network.name}_example"
    assert "decision: " in subprocess.run([example], capture_output=True, text=True).stdout


def test_arduino_library_and_sketch_compile(network: Network, tmp_path: Path) -> None:
    """The IDE compiles every source in src/ alone, and a sketch as C++ behind Arduino.h."""
    export(Library(network), "arduino", tmp_path)
    properties = configparser.ConfigParser()
    properties.read_string("[library]\n" + (tmp_path / "library.properties").read_text())
    library = properties["library"]
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", library["name"])
    assert set(library) >= {
        "name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
        "architectures",
    }  # fmt: skip
    assert (tmp_path / "src" / library["includes"]).is_file()
    for source in (tmp_path / "src").glob("*.c"):
        _compile(tmp_path / "src", "-c", source.name)
    (tmp_path / "Arduino.h").write_text(
        "#include <stdint.h>\nstruct Port { void begin(long) {} void println(const char *) {} };\n"
        "static Port Serial;\nvoid setup(); void loop();\n"
    )
    sketch = (tmp_path / "examples/listen/listen.ino").read_text()
    (tmp_path / "sketch.cpp").write_text(f'#include "Arduino.h"\n{sketch}')
    _compile_cpp(tmp_path, "-I.", "-Isrc", "-c", "sketch.cpp")


def test_platformio_manifest_and_layout(network: Network, tmp_path: Path) -> None:
    export(Library(network, version="2.1.0"), "platformio", tmp_path)
    manifest = json.loads((tmp_path / "library.json").read_text())
    assert re.fullmatch(r"[a-z0-9_.-]{1,100}", manifest["name"], re.I)
    assert manifest["version"] == "2.1.0" and manifest["license"] == "MIT-0"
    assert len(manifest["description"]) <= 255
    (example,) = manifest["examples"]
    paths = [f"{example['base']}/{name}" for name in example["files"]]
    paths += [f"{manifest['build']['includeDir']}/{name}" for name in manifest["headers"]]
    assert all((tmp_path / path).is_file() for path in paths)
    sources = [str(p.relative_to(tmp_path)) for p in (tmp_path / "src").glob("*.c")]
    _compile(tmp_path, "-Iinclude", "-Isrc", *sources, paths[0], "-o", "example")


def test_zephyr_module_is_found_configured_and_built(network: Network, tmp_path: Path) -> None:
    """With stand-ins for the few functions of Zephyr's CMake that the module calls."""
    yaml = pytest.importorskip("yaml")
    kconfiglib = pytest.importorskip("kconfiglib")
    export(Library(network), "zephyr", tmp_path)
    module = yaml.safe_load((tmp_path / "zephyr/module.yml").read_text())
    assert set(module) == {"name", "build", "samples"}
    assert (tmp_path / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    symbol = f"EDGESNN_{network.name.upper()}"
    kconfig = kconfiglib.Kconfig(str(tmp_path / module["build"]["kconfig"]), warn=True)
    kconfig.load_config(str(tmp_path / "samples/listen/prj.conf"))
    assert kconfig.syms[symbol].str_value == "y" and not kconfig.warnings
    sample = yaml.safe_load((tmp_path / "samples/listen/sample.yaml").read_text())
    assert list(sample["tests"]) == [f"sample.edgesnn.{network.name}"]
    (tmp_path / "zephyr/sys").mkdir()
    (tmp_path / "zephyr/sys/printk.h").write_text("#include <stdio.h>\n#define printk printf\n")
    listed = re.findall(
        r"zephyr_library_sources\((.*?)\)", (tmp_path / "zephyr/CMakeLists.txt").read_text()
    )
    sources = [str((tmp_path / "zephyr" / each).resolve()) for each in listed]
    _compile(
        tmp_path, "-I.", "-Iinclude", "-Isrc", "samples/listen/src/main.c", *sources, "-o", "sample"
    )
    assert (
        "decision: " in subprocess.run([tmp_path / "sample"], capture_output=True, text=True).stdout
    )


def test_the_pack_describes_every_file_that_it_carries(network: Network, tmp_path: Path) -> None:
    done = export(Library(network, version="1.2.3"), "cmsis-pack", tmp_path)
    (archive,) = (name for name in done.files if name.endswith(".pack"))
    described = f"edgesnn.{network.name}.pdsc"
    assert archive == f"edgesnn.{network.name}.1.2.3.pack"
    package = ElementTree.parse(tmp_path / described).getroot()
    assert package.findtext("vendor") == "edgesnn" and package.findtext("name") == network.name
    assert [each.get("version") for each in package.iter("release")] == ["1.2.3"]
    files = {str(each.get("name")) for each in package.iter("file")}
    with zipfile.ZipFile(tmp_path / archive) as pack:
        assert pack.testzip() is None
        names = set(pack.namelist())
        assert names == files | {described, "LICENSE"}
        assert all(pack.read(name) == (tmp_path / name).read_bytes() for name in names)
        pack.extractall(tmp_path / "unpacked")
    _compile(
        tmp_path / "unpacked", "-Iinclude", "-Isrc", f"src/{network.name}.c", "example/main.c",
        "-o", "program",
    )  # fmt: skip


def test_the_single_file_computes_the_network_and_serves_cpp(
    network: Network, tmp_path: Path
) -> None:
    export(Library(network), "single-file", tmp_path)
    _compile(tmp_path, "example.c", "-o", "example")
    (tmp_path / "user.cpp").write_text(
        f'#include "{network.name}.h"\n#include "{network.name}.h"\n'
        f"struct {network.name}_state state;\nvoid start() {{ {network.name}_init(&state); }}\n"
    )
    _compile_cpp(tmp_path, "-c", "user.cpp")
    library = tmp_path / "library.c"
    library.write_text(
        f'#define {network.name.upper()}_IMPLEMENTATION\n#include "{network.name}.h"\n'
        f"unsigned size(void) {{ return {network.name.upper()}_STATE_SIZE; }}\n"
    )
    _compile(tmp_path, "-shared", "-fPIC", "-Wno-missing-prototypes", "library.c", "-o", "lib.so")
    assert np.array_equal(_scores(network, tmp_path / "lib.so"), _expected(network))


def _features(network: Network) -> np.ndarray:
    return clips(network, 3, count=1, steps=20)


def _expected(network: Network) -> np.ndarray:
    return Engine(network, threads=1).run(_features(network)).v[network.readout.name][0]


def _scores(network: Network, path: Path) -> np.ndarray:
    library = ctypes.CDLL(str(path))
    function = {
        each: getattr(library, f"{network.name}_{each}")
        for each in ("init", "step_features", "scores")
    }
    function["scores"].restype = ctypes.POINTER(ctypes.c_int32)
    state = ctypes.create_string_buffer(int(library.size()))
    function["init"](state)
    scores = []
    for features in _features(network)[0]:
        function["step_features"](state, features.tobytes())
        scores.append(function["scores"](state)[: network.readout.size])
    return np.array(scores)


def test_export_as_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tiny.esnn"
    save_network(tiny_network(), path)
    out = str(tmp_path / "out")
    arguments = ["export", str(path), "--format", "platformio", "-o", out]
    assert run([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "platformio" and "library.json" in document["files"]
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    assert "library.json" in printed and "fast on         Cortex-M4, M7 and M33;" in printed
    assert run(["export", str(path), "--format", "eclipse", "-o", out]) == 2
    error = capsys.readouterr().err
    assert "no format is called 'eclipse'" in error and error.count("\n") == 1

"""Frozen dataclasses as safetensors: arrays are tensors, the rest one key of sorted JSON.

Nothing in a file is evaluated: it names classes out of a fixed list. A file is accepted only if
writing what it holds gives the same bytes again, so any damage is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from edgesnn.errors import FileFormatError
from edgesnn.network.arrays import IntArray

_KEY = "edgesnn"

#: What a description that is not one of ours makes its dataclasses raise.
_UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)

#: Fields with a form of their own.
_FRONTEND, _NOTES = "frontend", "notes"


def read_file(path: Path) -> bytes:
    """All bytes of `path`.

    Raises:
        FileFormatError: it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from error


class Codec:
    """Writes and reads one type of file.

    `what` names it, `version` is major and minor, `kinds` are the dataclasses that may occur, the
    outermost first. A reader takes files of its own major version and of no later minor. `since`
    gives fields that may be None the minor version that brought them: where it is None such a
    field is left out, and a file states the lowest minor version that has all its fields.
    """

    def __init__(
        self,
        what: str,
        version: tuple[int, int],
        kinds: tuple[type, ...],
        since: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.what, self.version, self.root, self.since = what, version, kinds[0], since
        self.kinds = {kind.__name__: kind for kind in kinds}

    def dumps(self, value: Any) -> bytes:
        """The file's bytes; the same value gives the same bytes."""
        from safetensors.numpy import save

        tensors: dict[str, IntArray] = {}
        content = self._encode(value, "", tensors)
        header = {
            "what": self.what,
            "format": [self.version[0], self._minor(value)],
            "content": content,
            "digest": _digest(content, tensors),
        }
        return bytes(save(tensors, {_KEY: json.dumps(header, sort_keys=True)}))

    def loads(self, data: bytes, name: str) -> Any:
        """Read a value back; `name` stands for the file in errors.

        Raises:
            FileFormatError: damaged, truncated, of another version or another type.
            NetworkError: intact, but the value breaks a rule.
        """
        tensors, header = self._open(data, name)
        try:
            value = self._decode(header["content"], "", tensors)
        except _UNREADABLE as error:
            raise self._damaged(name, f"unreadable description ({error!r})") from error
        if not isinstance(value, self.root) or self.dumps(value) != data:
            raise self._damaged(name, "its content does not match its checksum")
        return value

    def _minor(self, value: Any) -> int:
        later = (minor for name, minor in self.since.items() if getattr(value, name) is not None)
        return max(later, default=0)

    def _absent(self, name: str, value: Any) -> bool:
        return name in self.since and value is None

    def _damaged(self, name: str, why: str) -> FileFormatError:
        return FileFormatError(
            f"{name} is not an intact .{self.what} file: {why}; copy or build it again"
        )

    def _open(self, data: bytes, name: str) -> tuple[dict[str, IntArray], dict[str, Any]]:
        """Tensors and metadata, with version and checksum verified."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            tensors = load(data)
            length = int.from_bytes(data[:8], "little")
            header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])
            what, version = header["what"], header["format"]
            intact = header["digest"] == _digest(header["content"], tensors)
        except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._damaged(name, f"it cannot be parsed ({type(error).__name__})") from error
        self._check_version(what, version, name)
        if not intact:
            raise self._damaged(name, "its content does not match its checksum")
        return tensors, header

    def _check_version(self, what: object, version: object, name: str) -> None:
        if what != self.what:
            raise FileFormatError(f"{name} is a .{what} file; a .{self.what} file is needed")
        whole = isinstance(version, list) and [type(part) for part in version] == [int, int]
        if not isinstance(version, list) or not whole:
            raise self._damaged(name, "no format version")
        major, minor = self.version
        if version[0] != major or version[1] > minor:
            raise FileFormatError(
                f"{name} has format {version[0]}.{version[1]}, but this edgesnn reads {major}.0 to "
                f"{major}.{minor}; use the edgesnn that wrote it, or a newer one"
            )

    def _encode(self, value: Any, path: str, tensors: dict[str, IntArray]) -> Any:
        """`value` as plain JSON; arrays move to `tensors` and leave their name."""
        if isinstance(value, np.ndarray):
            tensors[path] = value
            return {"tensor": path}
        if isinstance(value, tuple):
            return [self._encode(item, f"{path}.{i}", tensors) for i, item in enumerate(value)]
        if isinstance(value, Mapping):
            return dict(value)
        if not is_dataclass(value) or isinstance(value, type):
            return value
        if type(value).__name__ not in self.kinds:  # the front-end has a form of its own
            return cast(Any, value).to_dict()
        parts = {
            each.name: self._encode(getattr(value, each.name), _join(path, each.name), tensors)
            for each in fields(value)
            if not self._absent(each.name, getattr(value, each.name))
        }
        return {_tag(type(value)): type(value).__name__, **parts}

    def _decode(self, value: Any, path: str, tensors: Mapping[str, IntArray]) -> Any:
        if isinstance(value, list):
            return tuple(self._decode(item, f"{path}.{i}", tensors) for i, item in enumerate(value))
        if isinstance(value, float):
            raise TypeError(f"{path} is {value!r}; scalars are whole numbers or text")
        if not isinstance(value, dict):
            return value
        if value.keys() == {"tensor"}:
            return tensors[value["tensor"]]
        kind = self.kinds[value["class" if "class" in value else "kind"]]
        known = {
            each.name: str(each.type)
            for each in fields(kind)
            if each.name not in self.since or each.name in value
        }
        if value.keys() != {_tag(kind), *known}:
            raise KeyError(f"{path or self.what} has not the fields of a {kind.__name__}")
        for each, annotation in known.items():
            _check_plain(annotation, value[each], _join(path, each))
        return kind(
            **{each: self._field(each, value[each], _join(path, each), tensors) for each in known}
        )

    def _field(self, key: str, value: Any, path: str, tensors: Mapping[str, IntArray]) -> Any:
        if key == _FRONTEND and value is not None:
            from edgesnn.frontend import FrontEnd

            return FrontEnd.from_dict(value)
        if key == _NOTES:
            if not all(isinstance(text, str) for pair in value.items() for text in pair):
                raise TypeError("notes must be text")
            return value
        return self._decode(value, path, tensors)


#: JSON types of the fields that are plain values, by their annotation.
_PLAIN: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "str": (str,),
    "Reset": (str,),
    "Kind": (str,),
    "Delay": (int, dict),
}
_PLAIN_ITEMS = {"tuple[int, ...]": int, "tuple[int, int]": int, "tuple[str, ...]": str}


def _check_plain(annotation: str, value: object, path: str) -> None:
    """Refuse a plain field of another type: `true` would pass for 1, and text for a list."""
    allowed = (str,) if annotation.startswith("Literal[") else _PLAIN.get(annotation)
    if allowed is not None and type(value) not in allowed:
        raise TypeError(f"{path} is {value!r}")
    item = _PLAIN_ITEMS.get(annotation)
    if item is None:
        return
    if not isinstance(value, list) or any(type(each) is not item for each in value):
        raise TypeError(f"{path} is {value!r}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _digest(content: object, tensors: Mapping[str, IntArray]) -> str:
    """SHA-256 over the description and every tensor's name, dtype, shape and bytes."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for key in sorted(tensors):
        array = tensors[key]
        digest.update(f"\0{key}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _tag(kind: type[Any]) -> str:
    """The key of a dataclass's name: `kind`, or `class` where it has a field of that name."""
    return "class" if "kind" in {each.name for each in fields(kind)} else "kind"

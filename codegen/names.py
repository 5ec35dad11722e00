"""Names in C: layers as struct members, whatever a user called them."""

from __future__ import annotations

#: Words that a layer may be called but a member of a struct in a header may not: C++ has more
#: keywords than C, and some compilers and standard headers define the rest as macros or types.
_TAKEN = frozenset(
    {
        "alignas", "alignof", "and", "and_eq", "asm", "bitand", "bitor", "bool", "catch",
        "char16_t", "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl",
        "concept", "const_cast", "consteval", "constexpr", "constinit", "decltype", "delete",
        "dynamic_cast", "explicit", "export", "false", "friend", "mutable", "namespace", "new",
        "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected",
        "public", "reinterpret_cast", "requires", "static_assert", "static_cast", "template",
        "this", "thread_local", "throw", "true", "try", "typeid", "typename", "using", "virtual",
        "wchar_t", "xor", "xor_eq", "typeof", "linux", "unix", "arm", "near", "far", "NULL",
        "EOF", "int8_t", "int16_t", "int32_t", "uint8_t", "uint16_t", "uint32_t",
    }
)  # fmt: skip


def member_names(layers: list[str]) -> dict[str, str]:
    """A member name for each layer: its own, with underscores behind it where that is taken."""
    names: dict[str, str] = {}
    used = set(layers)
    for layer in layers:
        name = layer
        while name in _TAKEN or (name != layer and name in used):
            name += "_"
        names[layer] = name
        used.add(name)
    return names

"""What the peers send each other, and when two values are the same."""

import base64

PAYLOADS = {
    "nothing": ([], {}),
    "args": (["one", 2, True, False, None], {}),
    "kwargs": ([], {"name": "web-1", "on": True, "count": 3}),
    "both": ([1, "two"], {"three": 3, "list": [1, [2, [3]]]}),
    "integers": ([0, -1, 255, 256, 2**31, -(2**31), 2**32, 2**53 - 1, 2**53], {}),
    "negative integers": ([-(2**32), 1 - 2**53, -(2**53)], {"low": -(2**40)}),
    "floats": ([1.5, -0.25, 1e300, 5e-324], {"x": 3.141592653589793}),
    "text": (
        ["", "Grüße, 世界 🦀", "\"quoted\" \\ / \n\t\b", "\u2028 \u007f \u0001", "x" * 70_000],
        {"schlüssel": "Wert"},
    ),
    "bytes": ([b"", bytes(range(256)), "text"], {"blob": b"\x00\xff", "in": {"deep": [b"ab"]}}),
    "64-bit integers": ([2**63 - 1, -(2**63), 2**64 - 1], {"odd": 2**53 + 1}),
    "nested": ([{"a": {"b": {"c": [None, {}, [], ""]}}}, []], {"empty": {}}),
}


def same(left, right):
    """Equal as WAMP values: 1 and 1.0 are one number, but True is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return left == right


def expect(what, got, wanted):
    if not same(got, wanted):
        raise AssertionError(f"{what}: got {short(got)}, wanted {short(wanted)}")


def short(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:200]} … {text[-60:]}"


def to_json(value):
    """As WAMP has it in JSON: bytes are a string of U+0000 and base64."""
    if isinstance(value, bytes):
        return "\0" + base64.b64encode(value).decode()
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(value):
    if isinstance(value, str) and value.startswith("\0"):
        return base64.b64decode(value[1:])
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if isinstance(value, dict):
        return {key: from_json(item) for key, item in value.items()}
    return value

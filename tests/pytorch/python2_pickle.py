"""Emits pickles, opcode by opcode, as Python 2.7's cPickle wrote them with protocol 2.

Names of opcodes are those of Python's pickletools. cPickle counts its memo from 1, remembers what more than one
object refers to (names, classes, lists, dicts, objects, but no tuple that was made on the way), and writes what it
knows as BINGET.
"""
import struct


class Pickle:
    def __init__(self):
        self.out = bytearray(b"\x80\x02")  # PROTO 2
        self.memo = {}

    def finish(self):
        return bytes(self.out + b".")  # STOP

    def raw(self, opcodes):
        self.out += opcodes

    def put(self, what):
        """Remembers the object on the top of the stack: BINPUT, LONG_BINPUT."""
        index = len(self.memo) + 1
        self.memo[what] = index
        self.raw(b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index))

    def get(self, what):
        """Pushes a remembered object, if it is one: BINGET, LONG_BINGET."""
        index = self.memo.get(what)
        if index is not None:
            self.raw(b"h" + bytes([index]) if index < 256 else b"j" + struct.pack("<I", index))
        return index is not None

    def none(self):
        self.raw(b"N")

    def boolean(self, value):
        self.raw(b"\x88" if value else b"\x89")  # NEWTRUE, NEWFALSE

    def integer(self, value):
        if 0 <= value < 256:
            self.raw(b"K" + struct.pack("<B", value))  # BININT1
        elif 0 <= value < 65536:
            self.raw(b"M" + struct.pack("<H", value))  # BININT2
        elif -2**31 <= value < 2**31:
            self.raw(b"J" + struct.pack("<i", value))  # BININT
        else:
            self.raw(b"I%d\n" % value)  # INT, in decimal

    def long(self, value):
        if value == 0:
            self.raw(b"\x8a\x00")
            return
        size = (value.bit_length() >> 3) + 1
        self.raw(b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True))  # LONG1

    def number(self, value):
        self.raw(b"G" + struct.pack(">d", value))  # BINFLOAT

    def string(self, text):
        """A byte string."""
        if self.get(("string", text)):
            return
        data = text.encode()
        if len(data) < 256:
            self.raw(b"U" + bytes([len(data)]) + data)  # SHORT_BINSTRING
        else:
            self.raw(b"T" + struct.pack("<i", len(data)) + data)  # BINSTRING
        self.put(("string", text))

    def name(self, module, name):
        if not self.get(("name", module, name)):
            self.raw(b"c%s\n%s\n" % (module.encode(), name.encode()))  # GLOBAL
            self.put(("name", module, name))

    def value(self, value):
        """A constant attribute of a module."""
        if value is None:
            self.none()
        elif isinstance(value, bool):
            self.boolean(value)
        elif isinstance(value, int):
            self.integer(value)
        elif isinstance(value, float):
            self.number(value)
        elif isinstance(value, str):
            self.string(value)
        else:
            self.tuple([lambda item=item: self.value(item) for item in value])

    def tuple(self, items):
        """Of items that functions push."""
        if not items:
            self.raw(b")")  # EMPTY_TUPLE
            return
        if len(items) > 3:
            self.raw(b"(")  # MARK
        for push in items:
            push()
        self.raw({1: b"\x85", 2: b"\x86", 3: b"\x87"}.get(len(items), b"t"))  # TUPLE1, 2, 3, TUPLE

    def list(self, items, what):
        """Of items that functions push, `what` naming the list in the memo."""
        self.raw(b"]")  # EMPTY_LIST
        self.put(what)
        for begin in range(0, len(items), 1000):
            batch = items[begin:begin + 1000]
            if len(items) == 1:
                batch[0]()
                self.raw(b"a")  # APPEND
                continue
            self.raw(b"(")
            for push in batch:
                push()
            self.raw(b"e")  # APPENDS

    def dict(self, items, what):
        """Of pairs of a string and a function that pushes the value."""
        self.raw(b"}")  # EMPTY_DICT
        self.put(what)
        if items:
            self.raw(b"(")
        for key, push in items:
            self.string(key)
            push()
        if items:
            self.raw(b"u")  # SETITEMS

    def ordered_dict(self, items, what):
        """collections.OrderedDict, which Python 2 makes of a list of lists of key and value."""
        def pair(key, push):
            return lambda: self.list([lambda: self.string(key), push], ("pair", what, key))
        self.name("collections", "OrderedDict")
        self.list([pair(key, push) for key, push in items], ("pairs", what))
        self.raw(b"\x85R")  # TUPLE1, REDUCE
        self.put(("ordered", what))

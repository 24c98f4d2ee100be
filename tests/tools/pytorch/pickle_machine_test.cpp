#include "tools/pytorch/pickle_machine.h"

#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernels/error.h"
#include "tests/support/support.h"
#include "tests/tools/pytorch/bytes.h"
#include "tools/pytorch/pickle_numbers.h"

namespace odin::pytorch {
namespace {

using test::bytes;
using test::global;
using test::integer;
using test::source_of;
using test::text;

// A value written as Python would show it, but for objects: "Maker(arguments)[items]{entries}!state".
// Byte strings are shown as strings. Only for values that do not contain themselves.
std::string show(const PickleNode* value);

std::string show_all(const PickleList& items) {
  std::string result;
  for (const PickleValue item : items)
    result += fmt::format("{}{}", result.empty() ? "" : ", ", show(item));
  return result;
}

std::string show_entries(const PickleEntries& entries) {
  std::string result;
  for (const auto& [key, value] : entries) {
    result += fmt::format("{}{}: {}", result.empty() ? "" : ", ", show(key), show(value));
  }
  return result;
}

struct Show {
  std::string operator()(PickleNone) const { return "None"; }
  std::string operator()(bool value) const { return value ? "True" : "False"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return fmt::format("{}f", value); }
  std::string operator()(const PickleBigInteger& value) const {
    std::string digits = "big";
    for (const char c : value.bytes)
      digits += fmt::format(" {:02x}", static_cast<unsigned char>(c));
    return digits;
  }
  std::string operator()(const PickleText& value) const { return fmt::format("'{}'", value.value); }
  std::string operator()(const PickleSequence& value) const {
    const std::string items = show_all(value.items);
    switch (value.kind) {
      case PickleSequence::Kind::kTuple:
        return fmt::format("({})", items);
      case PickleSequence::Kind::kList:
        return fmt::format("[{}]", items);
      default:
        return fmt::format("<{}>", items);
    }
  }
  std::string operator()(const PickleDict& value) const {
    return fmt::format("{{{}}}", show_entries(value.entries));
  }
  std::string operator()(const PickleGlobal& value) const { return name_of(value); }
  std::string operator()(const PickleObject& value) const {
    std::string result = show(value.maker) + show(value.arguments);
    if (!value.items.empty()) result += fmt::format("[{}]", show_all(value.items));
    if (!value.entries.empty()) result += fmt::format("{{{}}}", show_entries(value.entries));
    if (value.state != nullptr) result += fmt::format("!{}", show(value.state));
    return result;
  }
  std::string operator()(const PicklePersistent& value) const {
    return fmt::format("@{}", show(value.id));
  }
};

std::string show(const PickleNode* value) {
  return std::visit(Show{}, value->content);
}

std::string loaded(const std::string& content) {
  PickleHeap heap;
  ByteReader reader(source_of(content));
  return show(load_pickle(reader, heap));
}

// The sentence of the error, or what was loaded after all.
std::string refusal(const std::string& content) {
  PickleHeap heap;
  ByteReader reader(source_of(content));
  try {
    load_pickle(reader, heap);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& where, const std::string& what) {
  return where.find(what) != std::string::npos;
}

TEST_CASE("Every opcode pushes what Python's machine would push") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"N.", "None"},
      {bytes("\x88."), "True"},
      {bytes("\x89."), "False"},
      {"I00\n.", "False"},
      {"I01\n.", "True"},
      {"I-42\n.", "-42"},
      {"I140214738345984\n.", "140214738345984"},
      {bytes("J\xfe\xff\xff\xff."), "-2"},
      {bytes("K\xff."), "255"},
      {bytes("M\xe9\x03."), "1001"},
      {"L7L\n.", "7"},
      {"L-9223372036854775808L\n.", "-9223372036854775808"},
      {"L9223372036854775808L\n.", "big 00 00 00 00 00 00 00 80 00"},
      {"L119547037146038801333356L\n.", "big 6c fc 9c 46 f9 20 6a a8 50 19"},
      {"L-119547037146038801333356L\n.", "big 94 03 63 b9 06 df 95 57 af e6"},
      {bytes("\x8a\x00."), "0"},
      {bytes("\x8a\x01\x80."), "-128"},
      {bytes("\x8a\x02\x80\x00."), "128"},
      {bytes("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
       "big 6c fc 9c 46 f9 20 6a a8 50 19"},
      {bytes("\x8b\x02\x00\x00\x00\x00\x01."), "256"},
      {"F-1.5\n.", "-1.5f"},
      {"Finf\n.", "inff"},
      {bytes("G\x3f\xf8\x00\x00\x00\x00\x00\x00."), "1.5f"},
      {"S'a\\'b\\n\\x41'\n.", "'a'b\nA'"},
      {"S\"it's\"\n.", "'it's'"},
      {"Vcaf\\u00e9 \\U0001f600\n.", "'caf\xc3\xa9 \xf0\x9f\x98\x80'"},
      {bytes("U\x02hi."), "'hi'"},
      {bytes("T\x02\x00\x00\x00hi."), "'hi'"},
      {bytes("X\x02\x00\x00\x00hi."), "'hi'"},
      {bytes("\x8c\x02hi."), "'hi'"},
      {bytes("\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi."), "'hi'"},
      {bytes("C\x02hi."), "'hi'"},
      {bytes("B\x02\x00\x00\x00hi."), "'hi'"},
      {bytes("\x8e\x02\x00\x00\x00\x00\x00\x00\x00hi."), "'hi'"},
      {bytes("\x96\x02\x00\x00\x00\x00\x00\x00\x00hi."), "'hi'"},
      {").", "()"},
      {bytes("N\x85."), "(None)"},
      {bytes("K\x01K\x02\x86."), "(1, 2)"},
      {bytes("K\x01K\x02K\x03\x87."), "(1, 2, 3)"},
      {bytes("(K\x01K\x02K\x03K\x04t."), "(1, 2, 3, 4)"},
      {"(t.", "()"},
      {"].", "[]"},
      {bytes("(K\x01K\x02l."), "[1, 2]"},
      {bytes("]K\x01\x61."), "[1]"},
      {bytes("](K\x01K\x02\x65."), "[1, 2]"},
      {"}.", "{}"},
      {bytes("(K\x01K\x02\x64."), "{1: 2}"},
      {bytes("}K\x01K\x02s."), "{1: 2}"},
      {bytes("}(K\x01K\x02K\x03K\x04u."), "{1: 2, 3: 4}"},
      {bytes("\x8f(K\x01\x90."), "<1>"},
      {bytes("(K\x01\x91."), "<1>"},
      {bytes("K\x01K\x02\x30."), "1"},
      {bytes("K\x01(\x30."), "1"},
      {bytes("K\x01(K\x02K\x03\x31."), "1"},
      {bytes("K\x01\x32\x86."), "(1, 1)"},
      {bytes("K\x07p5\n0g5\n."), "7"},
      {bytes("K\x07q\x05\x30h\x05."), "7"},
      {bytes("K\x07r\x05\x00\x01\x00\x30j\x05\x00\x01\x00."), "7"},
      {bytes("K\x07\x94K\x08\x94\x30h\x00\x86."), "(7, 7)"},
      {"ccollections\nOrderedDict\n.", "collections.OrderedDict"},
      {bytes("\x8c\x05torch\x8c\x04Size\x93."), "torch.Size"},
      {bytes("ctorch\nSize\n)R."), "torch.Size()"},
      {bytes("cmodels\nNet\n)\x81."), "models.Net()"},
      {bytes("cmodels\nNet\n)}\x92."), "models.Net()"},
      {bytes("(cbuiltins\nset\nK\x01o."), "builtins.set(1)"},
      {bytes("(K\x01ibuiltins\nset\n."), "builtins.set(1)"},
      {bytes("cmodels\nNet\n)\x81}K\x01K\x02sb."), "models.Net()!{1: 2}"},
      {bytes("ccollections\nOrderedDict\n)RK\x01K\x02s."), "collections.OrderedDict(){1: 2}"},
      {bytes("ccollections\ndeque\n)RK\x01\x61."), "collections.deque()[1]"},
      {"P12\n.", "@'12'"},
      {bytes("K\x0cQ."), "@12"},
      {bytes("\x80\x05\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x01."), "1"},
  };
  for (const auto& [content, expected] : cases) {
    CAPTURE(printable(content));
    CHECK(loaded(content) == expected);
  }
}

TEST_CASE("Python's own pickles of protocol 0 to 5 give the same values") {
  const test::TemporaryFolder folder;
  const std::string script =
      "import pickle,collections,sys\n"
      "o=collections.OrderedDict([('a',[1,-2,300,70000,-3000000000,2**70,True,None,1.5]),"
      "('caf\\u00e9',(1,(2,3,4,5),{'k':'v'},{'x'}))]);o.loop=[]\n"
      "for p in range(6):\n"
      "  with open(sys.argv[1]+'/'+str(p),'wb') as f: pickle.dump(o,f,p)\n";
  std::ofstream(folder / "make.py") << script;
  const auto result = test::run_program(fmt::format(
      "{} '{}' '{}'", ODIN_PYTHON, (folder / "make.py").string(), folder.path().string()));
  if (result.exit_status != 0) {
    test::skip(fmt::format("{} does not run: {}", ODIN_PYTHON, result.errors));
    return;
  }
  for (int protocol = 0; protocol <= 5; ++protocol) {
    CAPTURE(protocol);
    PickleHeap heap;
    ByteReader reader(open_file(folder / std::to_string(protocol)));
    const auto* object = get_if<PickleObject>(load_pickle(reader, heap));
    REQUIRE(object != nullptr);
    CHECK(show(object->maker) == "collections.OrderedDict");
    CHECK(show(object->state) == "{'loop': []}");
    // Sets are written as a call before protocol 4.
    const std::string set = protocol < 4 ? (protocol < 3 ? "__builtin__.set" : "builtins.set") : "";
    const std::string shown_set = protocol < 4 ? set + "(['x'])" : "<'x'>";
    CHECK(
        show_entries(object->entries) ==
        "'a': [1, -2, 300, 70000, -3000000000, big 00 00 00 00 00 00 00 00 40, True, None, 1.5f], "
        "'caf\xc3\xa9': (1, (2, 3, 4, 5), {'k': 'v'}, " +
            shown_set + ")");
    CHECK(reader.remaining() == 0);
  }
}

TEST_CASE("A pickle that would run code is refused by name") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {global("os", "system") + text("touch x") + "\x85R.", "os.system"},
      {global("posix", "system") + text("touch x") + "\x85R.", "posix.system"},
      {global("builtins", "eval") + text("1+1") + "\x85R.", "builtins.eval"},
      {global("__builtin__", "eval") + text("1+1") + "\x85R.", "__builtin__.eval"},
      {text("builtins") + text("exec") + "\x93" + text("pass") + "\x85R.", "builtins.exec"},
      {bytes("(") + global("os", "system") + text("touch x") + "o.", "os.system"},
      {bytes("(") + text("touch x") + "ios\nsystem\n.", "os.system"},
      {"(isubprocess\nPopen\n.", "subprocess.Popen"},
      {global("builtins", "getattr") + global("os", "path") + text("x") + "\x86R.",
       "builtins.getattr"},
      {global("torch.hub", "load") + text("x") + "\x85R.", "torch.hub.load"},
      {global("torch.storage", "_load_from_bytes") + text("x") + "\x85R.",
       "torch.storage._load_from_bytes"},
      // An object that calls os.system for each item of a list, and is then made into a list.
      {global("builtins", "map") + global("os", "system") + "]" + text("touch x") + "a\x86\x81.",
       "builtins.map"},
      {global("copyreg", "__newobj__") + global("builtins", "map") + "\x85R.", "builtins.map"},
      // The second argument of _reconstructor is called.
      {global("copy_reg", "_reconstructor") + global("models", "Net") +
           global("subprocess", "Popen") + text("touch x") + "\x87R.",
       "subprocess.Popen"},
      // A partial function is an object; calling it is refused as such.
      {global("functools", "partial") + global("os", "system") + "\x85R" + text("touch x") +
           "\x85R.",
       "an object of functools.partial"},
      {text("os.system") + text("touch x") + "\x85R.", "the text 'os.system'"},
  };
  for (const auto& [content, name] : cases) {
    CAPTURE(name);
    const std::string why = refusal(content);
    CHECK_MESSAGE(contains(why, "calls " + name + " at byte"), why);
    CHECK_MESSAGE(contains(why, "nothing was run"), why);
  }
}

TEST_CASE("Pickles that make no sense are errors") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "cut short"},
      {"N", "cut short"},
      {".", "makes no sense"},
      {"(.", "makes no sense"},
      {"0.", "makes no sense"},
      {"1.", "makes no sense"},
      {"2.", "makes no sense"},
      {bytes("N\x86."), "makes no sense"},
      {bytes("N(\x85."), "makes no sense"},  // no pop reaches below a mark
      {"a.", "makes no sense"},
      {"Na.", "makes no sense"},
      {bytes("NK\x01\x61."), "makes no sense"},
      {bytes(")K\x01\x61."), "makes no sense"},  // tuples do not grow
      {"}(Nu.", "makes no sense"},
      {"](NNu.", "makes no sense"},
      {"(Nd.", "makes no sense"},
      {"h\x05.", "makes no sense"},
      {"g-1\n.", "makes no sense"},
      {"q\x01.", "makes no sense"},
      {"NNb.", "makes no sense"},
      {bytes("cmodels\nNet\n)\x81}b}b."), "makes no sense"},  // a second state
      {bytes("ctorch\nSize\nNR."), "makes no sense"},
      {bytes("N)\x81."), "calls None"},
      {"(o.", "makes no sense"},
      {bytes("NN\x93."), "makes no sense"},
      {bytes("ccopy_reg\n_reconstructor\n)R."), "makes no sense"},
      {bytes("ccopyreg\n__newobj__\n)R."), "makes no sense"},
      {"Ix\n.", "integer"},
      {"L\n.", "integer"},
      {bytes("I") + std::string(101, '1') + "\n.", "integer"},
      {bytes("I") + std::string(2000, '1') + "\n.", "line of more than"},
      {"F1.5x\n.", "number"},
      {"Sabc\n.", "without quotes"},
      {"S'a\\q'\n.", "unknown escape"},
      {"S'a\\x4'\n.", "unknown escape"},
      {"V\\u12\n.", "unknown escape"},
      {"V\\U00110000\n.", "impossible character"},
      {bytes("\x80\x06N."), "protocol 6"},
      {bytes("\x82\x01."), "extension"},
      {bytes("\x97."), "outside of the file"},
      {bytes("\xff."), "no opcode"},
      {bytes("\x8b\xff\xff\xff\xff."), "an integer of 4294967295 bytes"},
      {bytes("\x95\xff\xff\xff\xff\xff\xff\xff\xffN."), "makes no sense"},
  };
  for (const auto& [content, sentence] : cases) {
    CAPTURE(printable(content));
    const std::string why = refusal(content);
    CHECK_MESSAGE(contains(why, sentence), why);
  }
}

TEST_CASE("Lying sizes are found before memory is taken for them") {
  CHECK(contains(refusal(bytes("X\xff\xff\xff\xff") + "abc."), "cut short"));
  CHECK(contains(refusal(bytes("\x8d\xff\xff\xff\xff\xff\xff\xff\xff") + "abc."), "cut short"));
  CHECK(contains(refusal(bytes("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f") + "abc."), "cut short"));
  CHECK(contains(refusal(bytes("T\xff\xff\xff\xff") + "abc."), "cut short"));
}

TEST_CASE("Memory is limited whatever the opcodes ask for") {
  const std::string limit = fmt::format("{} MiB", PickleHeap::kMostBytes >> 20);
  const auto repeated = [](const std::string& opcodes, std::size_t count) {
    std::string result;
    for (std::size_t i = 0; i < count; ++i) result += opcodes;
    return result;
  };
  SUBCASE("a tower of marks") {
    CHECK(contains(refusal(std::string(1 << 20, '(') + "."), "nested"));
  }
  SUBCASE("a tower of lists") {
    const std::string why = refusal(repeated("]", 1 << 20) + ".");
    CHECK_MESSAGE(contains(why, "nested"), why);
  }
  SUBCASE("copies of the top of the stack") {
    CHECK(contains(refusal(bytes("N") + std::string(1 << 20, '2') + "."), "nested"));
  }
  SUBCASE("tuples in tuples") {
    CHECK(contains(refusal(bytes("N") + repeated("\x85", 1 << 20) + "."), limit));
  }
  SUBCASE("a memo bomb") {
    CHECK(contains(refusal(bytes("N") + std::string(1 << 20, '\x94') + "."), "numbers an object"));
  }
  SUBCASE("a sparse memo") {
    CHECK(contains(refusal(bytes("K\x07r\xff\xff\xff\xff.")), "numbers an object 4294967295"));
    CHECK(contains(refusal("K\x07p9223372036854775807\n."), "numbers an object"));
    CHECK(contains(refusal(bytes("K\x07r\x05\x00\x01\x00\x30h\x05.")), "makes no sense"));
    CHECK(
        contains(refusal(bytes("K\x07r\x05\x00\x01\x00\x30j\xff\xff\xff\xff.")), "makes no sense"));
  }
  SUBCASE("a list appended to again and again") {
    // Each round doubles: the list's 1000 items are pushed from the memo, then appended.
    CHECK(contains(refusal(bytes("]q") + bytes("\x00") +
                           repeated(bytes("(") + repeated(bytes("h\x00"), 1000) + "e", 3000) + "."),
                   limit));
  }
  SUBCASE("long strings") {
    const std::string one = text(std::string(1 << 20, 'x')) + "0";
    CHECK(contains(refusal(repeated(one, 40) + "N."), limit));
  }
  SUBCASE("nothing, for very long") {
    CHECK(contains(refusal(repeated("N0", 1 << 25) + "N."), "longer than"));
  }
}

TEST_CASE("Values may contain themselves") {
  PickleHeap heap;
  ByteReader reader(source_of(bytes("]q\x00h\x00\x61}q\x01(h\x01h\x01u\x86.")));
  const PickleList* pair = tuple_items(load_pickle(reader, heap));
  REQUIRE(pair != nullptr);
  CHECK(sequence_items((*pair)[0])->front() == (*pair)[0]);
  CHECK(std::get<PickleDict>((*pair)[1]->content).entries.front().second == (*pair)[1]);
}

TEST_CASE("Names from a file cannot play with the terminal") {
  const std::string why = refusal(global("\x1b[2Jos", "sys\x07tem") + ")R.");
  CHECK_MESSAGE(contains(why, "\\x1b[2Jos.sys\\x07tem"), why);
  CHECK(printable(std::string(1000, 'a')).size() < 200);
}

TEST_CASE("Several pickles follow one another in one file") {
  PickleHeap heap;
  ByteReader reader(source_of(bytes("K\x01.K\x02.")));
  CHECK(show(load_pickle(reader, heap)) == "1");
  CHECK(show(load_pickle(reader, heap)) == "2");
  CHECK(reader.remaining() == 0);
}

TEST_CASE("Integers are read from bytes and text alike") {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{127},
                                   std::int64_t{-129}, INT64_MAX, INT64_MIN}) {
    CAPTURE(value);
    CHECK(std::get<std::int64_t>(integer_from_text(std::to_string(value))) == value);
    const std::string wide = test::little(static_cast<std::uint64_t>(value), 8) +
                             std::string(5, value < 0 ? '\xff' : '\0');
    CHECK(std::get<std::int64_t>(integer_from_bytes(wide)) == value);
  }
}

}  // namespace
}  // namespace odin::pytorch

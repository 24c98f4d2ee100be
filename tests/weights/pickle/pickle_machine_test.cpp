#include "weights/pickle/pickle_machine.h"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/bytes.h"
#include "tests/support/support.h"
#include "tests/weights/pickle/pickles.h"
#include "weights/files/printable.h"
#include "weights/pickle/pickle_numbers.h"

namespace odin {
namespace {

using test::bytes;
using test::load_and_show;
using test::show;
using test::show_entries;
using test::source_of;

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
    CHECK(load_and_show(content) == expected);
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
    ByteReader reader(in_file(InputFile(folder / std::to_string(protocol))));
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

TEST_CASE("Values may contain themselves") {
  PickleHeap heap;
  ByteReader reader(source_of(bytes("]q\x00h\x00\x61}q\x01(h\x01h\x01u\x86.")));
  const PickleList* pair = tuple_items(load_pickle(reader, heap));
  REQUIRE(pair != nullptr);
  CHECK(sequence_items((*pair)[0])->front() == (*pair)[0]);
  CHECK(std::get<PickleDict>((*pair)[1]->content).entries.front().second == (*pair)[1]);
}

TEST_CASE("Several pickles in one file are read one by one") {
  PickleHeap heap;
  ByteReader reader(source_of(bytes("K\x01.K\x02.")));
  CHECK(show(load_pickle(reader, heap)) == "1");
  CHECK(show(load_pickle(reader, heap)) == "2");
  CHECK(reader.remaining() == 0);
}

TEST_CASE("Integers are the same from bytes and from text") {
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
}  // namespace odin

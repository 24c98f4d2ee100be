// Pickles that are damaged, or built to run code or to use up memory.
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/bytes.h"
#include "tests/support/support.h"
#include "tests/weights/pickle/pickles.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

using test::bytes;
using test::contains;
using test::global;
using test::pickle_refusal;
using test::text;

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
      // A partial function is an object. Calling it is refused.
      {global("functools", "partial") + global("os", "system") + "\x85R" + text("touch x") +
           "\x85R.",
       "an object of functools.partial"},
      {text("os.system") + text("touch x") + "\x85R.", "the text 'os.system'"},
  };
  for (const auto& [content, name] : cases) {
    CAPTURE(name);
    const std::string why = pickle_refusal(content);
    CHECK_MESSAGE(contains(why, "calls " + name + " at byte"), why);
    CHECK_MESSAGE(contains(why, "nothing was run"), why);
  }
}

TEST_CASE("Invalid pickles are refused") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "cut short"},
      {"N", "cut short"},
      {".", "is invalid at byte"},
      {"(.", "is invalid at byte"},
      {"0.", "is invalid at byte"},
      {"1.", "is invalid at byte"},
      {"2.", "is invalid at byte"},
      {bytes("N\x86."), "is invalid at byte"},
      {bytes("N(\x85."), "is invalid at byte"},  // no pop reaches below a mark
      {"a.", "is invalid at byte"},
      {"Na.", "is invalid at byte"},
      {bytes("NK\x01\x61."), "is invalid at byte"},
      {bytes(")K\x01\x61."), "is invalid at byte"},  // tuples do not grow
      {"}(Nu.", "is invalid at byte"},
      {"](NNu.", "is invalid at byte"},
      {"(Nd.", "is invalid at byte"},
      {"h\x05.", "is invalid at byte"},
      {"g-1\n.", "is invalid at byte"},
      {"q\x01.", "is invalid at byte"},
      {"NNb.", "is invalid at byte"},
      {bytes("cmodels\nNet\n)\x81}b}b."), "is invalid at byte"},  // a second state
      {bytes("ctorch\nSize\nNR."), "is invalid at byte"},
      {bytes("N)\x81."), "calls None"},
      {"(o.", "is invalid at byte"},
      {bytes("NN\x93."), "is invalid at byte"},
      {text(std::string(5000, 'm')) + text("name") + "\x93.", "is invalid at byte"},
      {bytes("ccopy_reg\n_reconstructor\n)R."), "is invalid at byte"},
      {bytes("ccopyreg\n__newobj__\n)R."), "is invalid at byte"},
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
      {bytes("\x95\xff\xff\xff\xff\xff\xff\xff\xffN."), "is invalid at byte"},
  };
  for (const auto& [content, sentence] : cases) {
    CAPTURE(printable(content));
    const std::string why = pickle_refusal(content);
    CHECK_MESSAGE(contains(why, sentence), why);
  }
}

TEST_CASE("Wrong sizes are found before memory is allocated for them") {
  CHECK(contains(pickle_refusal(bytes("X\xff\xff\xff\xff") + "abc."), "cut short"));
  CHECK(contains(pickle_refusal(bytes("\x8d\xff\xff\xff\xff\xff\xff\xff\xff") + "abc."),
                 "cut short"));
  CHECK(contains(pickle_refusal(bytes("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f") + "abc."),
                 "cut short"));
  CHECK(contains(pickle_refusal(bytes("T\xff\xff\xff\xff") + "abc."), "cut short"));
}

TEST_CASE("Memory is limited, whatever the opcodes ask for") {
  const std::string limit = fmt::format("{} MiB", PickleHeap::kMostBytes >> 20);
  const auto repeated = [](const std::string& opcodes, std::size_t count) {
    std::string result;
    for (std::size_t i = 0; i < count; ++i) result += opcodes;
    return result;
  };
  SUBCASE("a tower of marks") {
    CHECK(contains(pickle_refusal(std::string(1 << 20, '(') + "."), "nested"));
  }
  SUBCASE("a tower of lists") {
    const std::string why = pickle_refusal(repeated("]", 1 << 20) + ".");
    CHECK_MESSAGE(contains(why, "nested"), why);
  }
  SUBCASE("copies of the top of the stack") {
    CHECK(contains(pickle_refusal(bytes("N") + std::string(1 << 20, '2') + "."), "nested"));
  }
  SUBCASE("tuples in tuples") {
    CHECK(contains(pickle_refusal(bytes("N") + repeated("\x85", 1 << 20) + "."), limit));
  }
  SUBCASE("a memo bomb") {
    CHECK(contains(pickle_refusal(bytes("N") + std::string(1 << 20, '\x94') + "."),
                   "numbers an object"));
  }
  SUBCASE("a sparse memo") {
    CHECK(
        contains(pickle_refusal(bytes("K\x07r\xff\xff\xff\xff.")), "numbers an object 4294967295"));
    CHECK(contains(pickle_refusal("K\x07p9223372036854775807\n."), "numbers an object"));
    CHECK(
        contains(pickle_refusal(bytes("K\x07r\x05\x00\x01\x00\x30h\x05.")), "is invalid at byte"));
    CHECK(contains(pickle_refusal(bytes("K\x07r\x05\x00\x01\x00\x30j\xff\xff\xff\xff.")),
                   "is invalid at byte"));
  }
  SUBCASE("a list appended to again and again") {
    // Each round doubles: the list's 1000 items are pushed from the memo, then appended.
    CHECK(contains(
        pickle_refusal(bytes("]q") + bytes("\x00") +
                       repeated(bytes("(") + repeated(bytes("h\x00"), 1000) + "e", 3000) + "."),
        limit));
  }
  SUBCASE("long strings") {
    const std::string one = text(std::string(1 << 20, 'x')) + "0";
    CHECK(contains(pickle_refusal(repeated(one, 40) + "N."), limit));
  }
  SUBCASE("nothing, for very long") {
    CHECK(contains(pickle_refusal(repeated("N0", 1 << 25) + "N."), "longer than"));
  }
}

TEST_CASE("Control characters in names are escaped") {
  const std::string why = pickle_refusal(global("\x1b[2Jos", "sys\x07tem") + ")R.");
  CHECK_MESSAGE(contains(why, "\\x1b[2Jos.sys\\x07tem"), why);
  CHECK(printable(std::string(1000, 'a')).size() < 200);
}

}  // namespace
}  // namespace odin

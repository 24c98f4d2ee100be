#include "eval/data/class_names.h"

#include <doctest/doctest.h>

#include "tests/eval/data/data_support.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

using Names = std::vector<std::string>;
using Classes = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("class names: a file has one per line, whatever ends its lines") {
  const TemporaryFolder folder;
  for (const char* text :
       {"cat\nT-shirt/top\nAnkle boot\n", "cat\r\nT-shirt/top\r\nAnkle boot\r\n\r\n",
        "cat\nT-shirt/top\nAnkle boot"}) {
    write_bytes(folder / "names.txt", text);
    CHECK(read_class_names(folder / "names.txt", 3) == Names{"cat", "T-shirt/top", "Ankle boot"});
  }
  CHECK(read_class_names(folder / "absent.txt", 3).empty());
  const auto error = [&](const std::string& text) {
    write_bytes(folder / "names.txt", text);
    return error_of([&] { read_class_names(folder / "names.txt", 3); });
  };
  CHECK(holds(error("cat\ndog\n"), {"names.txt", "names 2 classes, where 3 are needed"}));
  CHECK(holds(error(""), {"names 0 classes"}));
  CHECK(holds(error("cat\ndog\ncat\n"), {"names the class 'cat' twice"}));
  CHECK(holds(error(std::string(2 << 20, '\n')), {"too many"}));
}

TEST_CASE("class names: those of folders are matched with the network's") {
  const Names network = {"T-shirt/top", "Trouser", "Ankle boot"};
  CHECK(classes_by_name(Names{"Ankle boot", "T-shirt_top", "Trouser"}, network) ==
        Classes{2, 0, 1});
  CHECK(classes_by_name(Names{"Trouser"}, network) == Classes{1});
  CHECK(classes_by_name(Names{"Trouser", "Coat"}, network).empty());
  CHECK(classes_by_name(Names{"trouser"}, network).empty());
  // A name as it is goes before one with another character, and no class is taken twice.
  CHECK(classes_by_name(Names{"a_b", "a/b"}, Names{"a/b", "a_b"}) == Classes{1, 0});
  CHECK(classes_by_name(Names{"a_b", "a/b"}, Names{"a/b", "c"}).empty());
}

TEST_CASE("class names: numbers from 0 are classes") {
  CHECK(classes_by_number(Names{"0", "1", "10", "2", "3", "4", "5", "6", "7", "8", "9"}) ==
        Classes{0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(classes_by_number(Names{"00", "01"}) == Classes{0, 1});
  for (const Names& names : {Names{"1", "2"},
                             {"0", "2"},
                             {"0", "00"},
                             {"0", "-1"},
                             {"0", "1a"},
                             {"0", ""},
                             {"0", "99999999999"}}) {
    CAPTURE(names[1]);
    CHECK(classes_by_number(names).empty());
  }
}

}  // namespace odin::test

// Storages, and tensors that view them, in each of the three containers.
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"
#include "tests/tools/pytorch/small_containers.h"
#include "tests/weights/pickle/pickles.h"
#include "tools/conversion/network_file.h"

namespace odin::pytorch {
namespace {

using test::bytes;
using test::contains;
using test::dict;
using test::file_refusal;
using test::Files;
using test::global;
using test::integer;
using test::kNoError;
using test::kStorages;
using test::kWeight;
using test::little;
using test::source_of;
using test::storage_id;
using test::tensor;
using test::text;

TEST_CASE("Storages of the ZIP container must be what the pickle says") {
  const std::string object = dict({{"w", kWeight}});
  const auto refused = [&](const Files& storages, const std::string& sentence) {
    const std::string why = file_refusal(test::zip_container(object, storages));
    CHECK_MESSAGE(contains(why, sentence), why);
  };
  refused({}, "no entry 'archive/data/0'");
  refused({{"0", test::counted_floats(5)}}, "20 bytes where 6 elements of 4");
  refused({{"0", test::counted_floats(6) + "x"}}, "25 bytes where 6 elements of 4");
  refused({{"0", ""}}, "0 bytes where 6 elements of 4");
  const std::string twice = dict({{"w", kWeight}, {"v", tensor("0", 5, {5}, {1})}});
  CHECK(contains(file_refusal(test::zip_container(twice, kStorages)), "'0'"));
  const std::string unknown = storage_id("StringStorage", "0", 6);
  CHECK(contains(file_refusal(test::zip_container(unknown, kStorages)),
                 "torch.StringStorage is not known"));
  const std::string foreign =
      fmt::format("({}{}{}{}{}tQ", text("storage"), global("os", "FloatStorage"), text("0"),
                  text("cpu"), integer(6));
  CHECK(contains(file_refusal(test::zip_container(foreign, kStorages)), "not a class of PyTorch"));
  CHECK(contains(file_refusal(test::zip_container(storage_id("FloatStorage", "0", -6), kStorages)),
                 "the length of a storage is the integer -6"));
  CHECK(contains(file_refusal(test::zip_container("K\x05Q", kStorages)), "no storage"));
  // Many objects may share a long text.
  const std::string long_text(2000, 'k');
  CHECK(contains(
      file_refusal(test::zip_container(storage_id("FloatStorage", long_text, 6), kStorages)),
      "the key of a storage or tensor is the text 'kkk"));
  const std::string far =
      fmt::format("({}{}{}{}{}tQ", text("storage"), global("torch", "FloatStorage"), text("0"),
                  text(long_text), integer(6));
  CHECK(contains(file_refusal(test::zip_container(far, kStorages)),
                 "the place of a storage is the text 'kkk"));
  // Keys are names, so they could try to lead out of the archive.
  const std::string slip = storage_id("FloatStorage", "../../../etc/passwd", 6);
  CHECK(contains(file_refusal(test::zip_container(slip, kStorages)), "holds no entry"));
}

TEST_CASE("Storages of the magic-number container must be what the pickle says") {
  const std::string object = dict({{"w", kWeight}});
  const auto refused = [&](const Files& storages, const std::string& sentence) {
    const std::string why = file_refusal(test::magic_container(object, storages));
    CHECK_MESSAGE(contains(why, sentence), why);
  };
  refused({}, "the storage '0' is missing");
  refused({{"0", test::counted_floats(5)}}, "5 elements where 6");
  refused({{"0", test::counted_floats(6)}, {"0", test::counted_floats(6)}}, "listed twice");
  refused({{"0", test::counted_floats(6)}, {"1", ""}}, "nothing refers to it");
  std::string lying = test::magic_container(object, {{"0", test::counted_floats(6)}});
  lying.resize(lying.size() - 1);
  CHECK(contains(file_refusal(lying), "cut short"));
  const std::string huge = dict({{"w", tensor("0", std::int64_t{1} << 61, {6}, {1})}});
  std::string content = test::magic_container(huge, {{"0", ""}});
  content.replace(content.size() - 8, 8, little(std::uint64_t{1} << 61, 8));
  CHECK(contains(file_refusal(content), "cut short"));
}

TEST_CASE("Views of a storage are read, unless they reach beyond it") {
  const auto viewed = [](std::int64_t offset, std::int64_t count) {
    const std::string view = fmt::format("{}{}{}\x87", text("v"), integer(offset), integer(count));
    const std::string id =
        fmt::format("({}{}{}{}{}{}tQ", text("storage"), global("torch.cuda", "FloatStorage"),
                    text("0"), text("cuda:1"), integer(6), view);
    return test::magic_container(dict({{"w", global("torch._utils", "_rebuild_tensor") + "(" + id +
                                                 "K\x01K\x02\x85K\x01\x85tR"}}),
                                 {{"0", test::counted_floats(6)}});
  };
  const NetworkFile file(source_of(viewed(2, 3)));
  const Tensor& tensor = file.network().tensors[0].tensor;
  CHECK(read_elements(tensor) == std::vector<float>{3, 4});
  CHECK(tensor.storage->location == "cuda:1");
  CHECK(contains(file_refusal(viewed(2, 5)), "beyond its storage of 6"));
  CHECK(contains(file_refusal(viewed(7, 0)), "beyond its storage of 6"));
  CHECK(contains(file_refusal(viewed(INT64_MAX, INT64_MAX)), "beyond its storage of 6"));
  CHECK(contains(file_refusal(viewed(-1, 2)), "the offset of a view"));
  CHECK(
      contains(file_refusal(viewed(0, 2)), "beyond its storage of 2"));  // the tensor, of its view
}

TEST_CASE("A TAR container that contradicts itself is refused") {
  const auto number = [](int value) {
    return test::pickle(bytes("K") + little(static_cast<unsigned>(value), 1));
  };
  const auto triple = [](int key, const std::string& second, const std::string& third) {
    return test::pickle(bytes("K") + little(static_cast<unsigned>(key), 1) + second + third +
                        "\x87");
  };
  const std::string storage = triple(1, text("cpu"), global("torch", "FloatStorage")) +
                              little(6, 8) + test::counted_floats(6);
  const std::string metadata = little(1, 8) + little(3, 8) + little(1, 8) + little(2, 8);
  const std::string tensor = triple(2, "K\x01", global("torch", "FloatTensor")) + metadata;
  const std::string object = test::pickle(dict({{"w", text("2") + "Q"}}));
  const auto refused = [&](const std::string& storages, const std::string& tensors,
                           const std::string& pickle, const std::string& sentence) {
    const std::string why =
        file_refusal(test::tar({{"storages", storages}, {"tensors", tensors}, {"pickle", pickle}}));
    CHECK_MESSAGE(contains(why, sentence), why);
  };
  const std::string storages = number(1) + storage + test::pickle("]");
  const std::string tensors = number(1) + tensor;
  refused(storages, tensors, object, kNoError);
  refused(number(2) + storage + test::pickle("]"), tensors, object,
          "a storage is described by a list");
  refused(number(200) + storage, tensors, object, "cut short");
  refused(test::pickle("N"), tensors, object, "the number of storages is None");
  refused(number(1) + storage.substr(0, storage.size() - 1), tensors, object, "cut short");
  refused(number(1) + storage + test::pickle("N"), tensors, object, "its list of views is None");
  refused(number(1) + storage + test::pickle("](K\x05K\x09K\x01te"), tensors, object,
          "is invalid at byte");
  refused(number(1) + storage + test::pickle("]((K\x05K\x09K\x01K\x01te"), tensors, object,
          "the storage '9' is missing");
  refused(number(1) + storage + test::pickle("]((K\x05K\x01K\x07K\x01te"), tensors, object,
          "beyond its storage of 6");
  // No view replaces a storage, so that no chain of views grows; nor does a storage.
  refused(number(1) + storage + test::pickle("]((K\x01K\x01K\x01K\x01te"), tensors, object,
          "the storage '1' is there twice");
  refused(number(2) + storage + storage + test::pickle("]"), tensors, object,
          "the storage '1' is there twice");
  refused(storages, test::pickle("]"), object, "the number of tensors is a list of 0");
  refused(storages, number(2) + tensor, object, "cut short");
  refused(storages, number(1) + triple(2, "K\x09", "N") + metadata, object, "'9' is missing");
  refused(storages, number(1) + triple(2, "K\x01", "N") + little(65, 8), object, "65 axes");
  refused(storages,
          number(1) + triple(2, "K\x01", "N") + little(1, 8) + little(7, 8) + little(1, 8) +
              little(0, 8),
          object, "beyond its storage of 6");
  refused(storages, tensors, test::pickle(dict({{"w", text("3") + "Q"}})), "'3' is missing");
  refused(storages, tensors, test::pickle(dict({{"w", "NQ"}})),
          "the key of a storage or tensor is None");
  // A tensor without elements has no storage, as the first releases wrote it.
  refused(storages, number(2) + tensor + triple(3, "N", "N") + little(0, 16), object, kNoError);
}

TEST_CASE("Big-endian storages are read as such") {
  std::string swapped;
  for (int i = 0; i < 6; ++i) {
    std::string element = test::counted_floats(6).substr(static_cast<std::size_t>(4 * i), 4);
    swapped.append(element.rbegin(), element.rend());
  }
  const NetworkFile file(source_of(test::zip({{"a/data.pkl", test::pickle(dict({{"w", kWeight}}))},
                                              {"a/byteorder", "big"},
                                              {"a/data/0", swapped}})));
  CHECK(read_elements(file.network().tensors[0].tensor) == std::vector<float>{0, 1, 2, 3, 4, 5});
}

}  // namespace
}  // namespace odin::pytorch

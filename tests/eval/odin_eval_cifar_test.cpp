// odin_eval on both versions of CIFAR-10 that are published.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/data/python_batch.h"
#include "tests/eval/odin_eval_support.h"

using namespace odin;
using namespace odin::test;
namespace fs = std::filesystem;

TEST_CASE("the figures on CIFAR-10's Python version are those on its binary version") {
  const EvalWorkspace w;
  const std::string records = content_of(w.folder / "cifar-10-batches-bin/test_batch.bin");
  std::vector<int> labels;
  std::string pixels;
  for (std::size_t at = 0; at < records.size(); at += 3073) {
    labels.push_back(static_cast<unsigned char>(records[at]));
    pixels += records.substr(at + 1, 3072);
  }
  REQUIRE(labels.size() == EvalWorkspace::kImages);
  fs::create_directory(w.folder / "cifar-10-batches-py");
  write_bytes(w.folder / "cifar-10-batches-py/test_batch", python_batch("labels", labels, pixels));

  const auto run = [&](const std::string& set, const std::string& name) {
    const std::string arguments = fmt::format(
        "{} --out uniform --skip 3 --device cpu --csv {}.csv --scores {}", set, name, name);
    return w.succeed(arguments).output;
  };
  const std::string network = "--weights densenet10.h5 --in cifar10:";
  const std::string binary = run(network + "cifar-10-batches-bin", "binary");
  CHECK(binary.find("ccuracy") != std::string::npos);
  CHECK(run(network + "cifar-10-batches-py", "python") == binary);
  const auto same_files = [&](const std::string& name) {
    CHECK(content_of(w.folder / (name + ".csv")) == content_of(w.folder / "binary.csv"));
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(w.folder / "binary")) {
      if (!entry.is_regular_file()) continue;
      const fs::path same = w.folder / name / fs::relative(entry.path(), w.folder / "binary");
      CHECK(content_of(same) == content_of(entry.path()));
      ++files;
    }
    CHECK(files > 0);
  };
  same_files("python");

  // The authors' names find it as well.
  fs::remove_all(w.folder / "cifar-10-batches-bin");
  w.succeed("--nn densenet10 --out_dataset Uniform --skip 3 --device cpu --csv by_name.csv");
  CHECK(content_of(w.folder / "by_name.csv").find("CIFAR-10") != std::string::npos);
}

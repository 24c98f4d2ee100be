#include "eval/data/training_half.h"

#include <doctest/doctest.h>

using namespace odin;

TEST_CASE("the training half of a test set has the set's own names") {
  CHECK(training_half("cifar10:data") == "cifar10-train:data");
  CHECK(training_half("cifar100:~/a:b") == "cifar100-train:~/a:b");
  CHECK(training_half("idx:d/t10k-images-idx3-ubyte.gz") == "idx:d/train-images-idx3-ubyte.gz");
  CHECK(training_half("idx:t10k-images-idx3-ubyte") == "idx:train-images-idx3-ubyte");
  CHECK(training_half("svhn:d/test_32x32.mat") == "svhn:d/train_32x32.mat");
  CHECK(training_half("folder:photos/test") == "folder:photos/train");
  CHECK(training_half("folder:photos/val/") == "folder:photos/train");
}

TEST_CASE("nothing is guessed for other sets") {
  for (const char* spec :
       {"cifar10-train:data", "idx:d/images", "folder:photos", "folder:photos/tests",
        "npy:test.npy", "uniform", "folder:test/photos", "svhn:d/test"}) {
    CAPTURE(spec);
    CHECK(training_half(spec) == std::nullopt);
  }
}

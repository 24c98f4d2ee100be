// The images that a network was trained on, beside the set that it is tested on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace odin {

// The specification of the training half of a test set, by the names that the sets' own files have:
// cifar10:DIR gives cifar10-train:DIR, idx:DIR/t10k-images-idx3-ubyte.gz gives
// idx:DIR/train-images-idx3-ubyte.gz, svhn:DIR/test_32x32.mat gives svhn:DIR/train_32x32.mat, and
// folder:DIR/test or DIR/val gives folder:DIR/train. Nothing for another set. Whether it exists is
// not looked at.
std::optional<std::string> training_half(std::string_view spec);

}  // namespace odin

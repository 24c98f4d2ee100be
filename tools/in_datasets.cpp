#include "tools/in_datasets.h"

#include <algorithm>

namespace odin {
namespace {

// The ODIN authors' code normalises CIFAR-10 and CIFAR-100 in the same way.
const std::vector<float> kCifarMean = {125.3F / 255, 123.0F / 255, 113.9F / 255};
const std::vector<float> kCifarStd = {63.0F / 255, 62.1F / 255, 66.7F / 255};

const std::vector<std::string> kCifar10 = {"airplane", "automobile", "bird",  "cat",  "deer",
                                           "dog",      "frog",       "horse", "ship", "truck"};

const std::vector<std::string> kCifar100 = {
    "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
    "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
    "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
    "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
    "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
    "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
    "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
    "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
    "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
    "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
    "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
    "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
    "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
    "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
    "table",       "tank",          "telephone", "television", "tiger",        "tractor",
    "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
    "willow_tree", "wolf",          "woman",     "worm",
};

const std::vector<std::string> kFashionMnist = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                                "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                                "Bag",         "Ankle boot"};

}  // namespace

const std::vector<InDataset>& known_in_datasets() {
  static const std::vector<InDataset> kKnown = {
      {"cifar10", kCifarMean, kCifarStd, kCifar10},
      {"cifar100", kCifarMean, kCifarStd, kCifar100},
      {"fashion_mnist", {0.2860F}, {0.3530F}, kFashionMnist},
  };
  return kKnown;
}

const InDataset* find_in_dataset(std::string_view name) {
  const auto& known = known_in_datasets();
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const InDataset& dataset) { return dataset.name == name; });
  return found == known.end() ? nullptr : &*found;
}

std::optional<std::vector<float>> for_channels(const std::vector<float>& values, int channels) {
  const auto count = static_cast<std::size_t>(channels);
  if (values.size() == count) return values;
  if (values.size() != 1) return std::nullopt;
  return std::vector<float>(count, values[0]);
}

}  // namespace odin

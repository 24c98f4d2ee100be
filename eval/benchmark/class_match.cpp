#include "eval/benchmark/class_match.h"

#include <algorithm>
#include <numeric>

#include "eval/data/class_names.h"
#include "kernels/error.h"
#include "weights/files/lower_case.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

// Class names that a note quotes at most.
constexpr std::size_t kMostQuoted = 3;

// "CIFAR-10" as "cifar10".
std::string plain(std::string_view name) {
  std::string letters = lower_case(name);
  std::erase_if(letters, [](char c) { return !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z'); });
  return letters;
}

// "'cat', 'dog', 'frog' and 7 others".
std::string quoted(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostQuoted); ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "" : ", ", printable(names[i], 40, Characters::kUtf8));
  }
  if (names.size() <= kMostQuoted) return text;
  const std::size_t others = names.size() - kMostQuoted;
  return fmt::format("{} and {} other{}", text, others, others == 1 ? "" : "s");
}

std::string counted(std::size_t classes) {
  return fmt::format("{} class{}", classes, classes == 1 ? "" : "es");
}

std::string other_names(const Dataset& images, const NetworkClasses& network) {
  const std::vector<std::string> ours(network.names.begin(), network.names.end());
  std::vector<std::string> strange;
  for (const std::string& name : images.class_names()) {
    if (classes_by_name(std::span(&name, 1), network.names).empty()) strange.push_back(name);
  }
  // All are there if two of them are the same class.
  if (strange.empty()) strange = {images.class_names().begin(), images.class_names().end()};
  return fmt::format(
      "No accuracy: the classes of {} are not the network's: {}, where the network has {}. Class "
      "folders have the names of the network's classes, with '_' for '/', or their numbers from 0.",
      images.name(), quoted(strange), quoted(ours));
}

// Of a network without class names.
std::string order_taken(const Dataset& images, std::span<const std::int32_t> by_value) {
  std::vector<std::string> names(images.class_names().begin(), images.class_names().end());
  for (std::size_t i = 0; i < by_value.size(); ++i) {
    names[static_cast<std::size_t>(by_value[i])] = images.class_names()[i];
  }
  return fmt::format(
      "The network has no class names: those of {} are taken as its classes in {} order ({}). The "
      "accuracy holds only if it was trained in this order.",
      images.name(), by_value.empty() ? "alphabetical" : "numerical", quoted(names));
}

}  // namespace

SetOrigin set_origin(DatasetKind kind, std::string_view trained_on) {
  const std::string network = plain(trained_on);
  if (network.empty()) return SetOrigin::kUnknown;
  const auto is = [&](std::string_view set) {
    return network == set ? SetOrigin::kSame : SetOrigin::kOther;
  };
  switch (kind) {
    case DatasetKind::kCifar10:
    case DatasetKind::kCifar10Training:
      return is("cifar10");
    case DatasetKind::kCifar100:
    case DatasetKind::kCifar100Training:
      return is("cifar100");
    case DatasetKind::kIdx:  // grey images
      return network == "cifar10" || network == "cifar100" ? SetOrigin::kOther
                                                           : SetOrigin::kUnknown;
    default:
      return SetOrigin::kUnknown;
  }
}

std::vector<std::string> origin_notes(std::string_view images, std::string_view trained_on,
                                      DatasetKind kind) {
  const SetOrigin origin = set_origin(kind, trained_on);
  if (origin == SetOrigin::kOther) {
    return {fmt::format("The network was trained on {}, but the in-distribution set is {}.",
                        printable(trained_on, 80, Characters::kUtf8), images)};
  }
  const bool training_half =
      kind == DatasetKind::kCifar10Training || kind == DatasetKind::kCifar100Training;
  if (origin == SetOrigin::kSame && training_half) {
    return {fmt::format(
        "The network was trained on the images of {}, which score higher than new ones.", images)};
  }
  return {};
}

ClassMatch match_classes(const Dataset& images, const NetworkClasses& network, SetOrigin origin) {
  ClassMatch match;
  if (!images.labelled()) return match;
  const auto of_set = static_cast<std::size_t>(images.num_classes());
  const auto of_network = static_cast<std::size_t>(network.count);
  const bool named = !images.class_names().empty() && !network.names.empty();
  if (named) match.classes = classes_by_name(images.class_names(), network.names);
  if (!match.classes.empty()) {
    if (of_set < of_network) {
      match.notes.push_back(fmt::format("{} has {} of the network's {}.", images.name(), of_set,
                                        counted(of_network)));
    }
    return match;
  }
  if (of_set != of_network) {
    match.notes.push_back(
        fmt::format("No accuracy: {} has {}, but the network has {}{}.", images.name(),
                    counted(of_set), of_network,
                    network.trained_on.empty()
                        ? ""
                        : fmt::format(" (it was trained on {})",
                                      printable(network.trained_on, 80, Characters::kUtf8))));
    return match;
  }
  std::vector<std::int32_t> same(of_network);
  std::iota(same.begin(), same.end(), 0);
  match.classes = classes_by_number(images.class_names());
  if (!match.classes.empty()) {
    if (named || match.classes != same) {
      match.notes.push_back(fmt::format(
          "The class folders of {} are numbers, taken as the network's classes 0 to {}.",
          images.name(), of_network - 1));
    }
  } else if (!named || origin == SetOrigin::kSame) {
    match.classes = classes_by_value(images.class_names());
    if (!images.class_names().empty() && origin != SetOrigin::kSame) {
      match.notes.push_back(order_taken(images, match.classes));
    }
    if (match.classes.empty() || origin == SetOrigin::kSame) match.classes = std::move(same);
  } else {
    match.notes.push_back(other_names(images, network));
  }
  return match;
}

ClassMatch match_classes(const Dataset& images, const Checkpoint& checkpoint, DatasetKind kind) {
  ClassMatch match = match_classes(
      images, {num_classes(checkpoint.architecture), checkpoint.class_names, checkpoint.in_dataset},
      set_origin(kind, checkpoint.in_dataset));
  const std::vector<std::string> notes = origin_notes(images.name(), checkpoint.in_dataset, kind);
  match.notes.insert(match.notes.begin(), notes.begin(), notes.end());
  return match;
}

}  // namespace odin

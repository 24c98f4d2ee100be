#include "tools/train/images/split.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "eval/data/random_order.h"
#include "kernels/error.h"

namespace odin::training {
namespace {

void require_enough(const Dataset& images, std::int64_t held_out, std::int64_t least) {
  require(images.size() - held_out >= least,
          "of {} images, {} are held out (--held-out), which leaves too few for a batch of {}: "
          "{}",
          images.size(), held_out, least,
          images.size() > least
              ? fmt::format("hold out at most {}, or lower --batch-size", images.size() - least)
              : "give more images, or lower --batch-size and --held-out");
}

Split split(const std::shared_ptr<const Dataset>& images, std::vector<std::int64_t> trained,
            std::vector<std::int64_t> held_out) {
  return {selection(images, std::move(trained)),
          held_out.empty() ? nullptr : selection(images, std::move(held_out))};
}

}  // namespace

void require_classes(const Dataset& images, std::string_view spec) {
  require(
      images.labelled(),
      "{} has no labels to train with: a folder needs a folder of images for each class, and an "
      "idx: or npy: file its file of labels",
      spec);
  const std::set<std::int32_t> present(images.labels().begin(), images.labels().end());
  if (present.size() >= 2) return;
  std::vector<std::string> names;
  for (const std::int32_t label : present) {
    if (!images.class_names().empty()) {
      names.push_back(images.class_names()[static_cast<std::size_t>(label)]);
    }
  }
  fail("{} has images of one class, but a network tells at least two apart{}", spec,
       names.empty() ? std::string()
                     : fmt::format(". Found the class '{}': name the folder that holds a folder "
                                   "for each class",
                                   fmt::join(names, "', '")));
}

Split stratified_split(const std::shared_ptr<const Dataset>& images, std::int64_t held_out,
                       std::uint64_t seed, std::int64_t least) {
  require_enough(*images, held_out, least);
  const auto labels = images->labels();
  std::vector<std::int64_t> left(static_cast<std::size_t>(images->num_classes()));
  for (const std::int32_t label : labels) ++left[static_cast<std::size_t>(label)];
  std::vector<std::int64_t> trained;
  std::vector<std::int64_t> drawn;
  for (const std::int64_t image : stratified_order(labels, seed)) {
    std::int64_t& of_class =
        left[static_cast<std::size_t>(labels[static_cast<std::size_t>(image)])];
    if (static_cast<std::int64_t>(drawn.size()) < held_out && of_class > 1) {
      --of_class;
      drawn.push_back(image);
    } else {
      trained.push_back(image);
    }
  }
  require(static_cast<std::int64_t>(drawn.size()) == held_out,
          "of {} images, {} cannot be held out, because each class needs one to train on: hold out "
          "at most {}",
          images->size(), held_out, drawn.size());
  std::ranges::sort(trained);
  std::ranges::sort(drawn);
  return split(images, std::move(trained), std::move(drawn));
}

Split last_images_split(const std::shared_ptr<const Dataset>& images, std::int64_t held_out,
                        std::int64_t least) {
  require_enough(*images, held_out, least);
  std::vector<std::int64_t> trained(static_cast<std::size_t>(images->size() - held_out));
  std::vector<std::int64_t> last(static_cast<std::size_t>(held_out));
  std::iota(trained.begin(), trained.end(), std::int64_t{0});
  std::iota(last.begin(), last.end(), images->size() - held_out);
  return split(images, std::move(trained), std::move(last));
}

}  // namespace odin::training

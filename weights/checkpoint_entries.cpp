#include "weights/checkpoint_entries.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

using hdf5::check;
using hdf5::Handle;

// A Wide-ResNet-28-10 has 189 entries, five groups deep.
constexpr std::size_t kMaxEntries = 50'000;
constexpr int kMaxDepth = 16;

struct Link {
  std::string name;
  H5L_type_t type = H5L_TYPE_ERROR;
};

// A callback of H5Literate. No exception may pass through the library.
herr_t collect_link(hid_t, const char* name, const H5L_info_t* info, void* links) {
  try {
    auto& collected = *static_cast<std::vector<Link>*>(links);
    if (collected.size() > kMaxEntries) return 1;  // too many: ends the iteration
    collected.push_back({name, info->type});
    return 0;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

class Lister {
 public:
  explicit Lister(const EntryVisitor& visitor) : visitor_(visitor) {}

  void list_group(const Handle& group, const std::string& prefix, int depth);

 private:
  void list_link(const Handle& group, const Link& link, const std::string& path, int depth);

  const EntryVisitor& visitor_;
  std::size_t visits_ = 0;
};

void Lister::list_group(const Handle& group, const std::string& prefix, int depth) {
  require(depth <= kMaxDepth, "its groups are nested more than {} deep", kMaxDepth);
  std::vector<Link> links;
  check(H5Literate(group.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_link, &links),
        "the entries of its group /{} cannot be listed", printable(prefix));
  const auto same_name = [](const Link& a, const Link& b) { return a.name == b.name; };
  std::ranges::sort(links, {}, &Link::name);
  const auto twice = std::ranges::adjacent_find(links, same_name);
  require(twice == links.end(), "its group /{} is damaged: it has two entries of one name",
          printable(prefix));
  for (const Link& link : links) {
    // Visits are counted, not entries: groups that share their contents are each visited.
    require(++visits_ <= kMaxEntries, "it has more than {} entries", kMaxEntries);
    const std::string path = prefix.empty() ? link.name : prefix + "/" + link.name;
    list_link(group, link, path, depth);
  }
}

void Lister::list_link(const Handle& group, const Link& link, const std::string& path, int depth) {
  const auto stray = [&](std::string_view problem) {
    visitor_.stray(fmt::format("{} {}", printable(path), problem));
  };
  if (link.type != H5L_TYPE_HARD) {
    return stray("is a soft or external link, which is not followed");
  }
  if (link.name.find_first_of("./") != std::string::npos) {
    return stray("has a '.' or '/' in its name");
  }
  Handle object(check(H5Oopen(group.get(), link.name.c_str(), H5P_DEFAULT),
                      "its entry {} cannot be opened", printable(path)));
  switch (H5Iget_type(object.get())) {
    case H5I_GROUP:
      return list_group(object, path, depth + 1);
    case H5I_DATASET: {
      std::string name = path;
      std::replace(name.begin(), name.end(), '/', '.');
      return visitor_.dataset(name, std::move(object));
    }
    default:
      return stray("is neither a group nor a data set");
  }
}

}  // namespace

void list_entries(const Handle& root, const EntryVisitor& visitor) {
  Lister(visitor).list_group(root, "", 0);
}

}  // namespace odin

// The container of PyTorch 1.6 and later: a ZIP archive with NAME/data.pkl and NAME/data/KEY.
#include <algorithm>
#include <string_view>

#include "kernels/error.h"
#include "tools/archives/zip_archive.h"
#include "tools/pytorch/container.h"
#include "tools/pytorch/persistent_id.h"
#include "weights/files/printable.h"
#include "weights/pickle/pickle_machine.h"

namespace odin::pytorch {
namespace {

constexpr std::string_view kPickle = "/data.pkl";

constexpr std::string_view kSaveStateDict =
    "load it in PyTorch and save its state_dict() with torch.save";

template <class Condition>
std::size_t count_entries(const ZipArchive& archive, Condition condition) {
  return static_cast<std::size_t>(std::ranges::count_if(
      archive.entries(), [&](const auto& named) { return condition(named.first); }));
}

// The names of the first entries, for errors.
std::string some_names(const ZipArchive& archive) {
  constexpr std::size_t kMost = 3;
  std::string names;
  std::size_t count = 0;
  for (const auto& [name, entry] : archive.entries()) {
    if (count++ == kMost) return names + ", ...";
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", printable(name));
  }
  return names;
}

// Refuses the archives of others, and those that PyTorch writes otherwise than with torch.save.
void require_saved(const ZipArchive& archive) {
  const auto any = [&](auto condition) { return count_entries(archive, condition) > 0; };
  const auto contains = [](std::string_view part) {
    return [part](const std::string& name) { return name.find(part) != std::string::npos; };
  };
  const auto ends_with = [](std::string_view end) {
    return [end](const std::string& name) { return name.ends_with(end); };
  };
  const std::size_t arrays = count_entries(archive, ends_with(".npy"));
  require(arrays == 0 || arrays < archive.entries().size(),
          "it is a NumPy archive (.npz) of {} arrays: save {{name: torch.from_numpy(array)}} with "
          "torch.save",
          arrays);
  require(!any(ends_with("serialized_exported_program.json")) &&
              !any(ends_with("archive_format")) && !any(contains("/models/")),
          "it is an archive of torch.export (.pt2): {}", kSaveStateDict);
  require(!any(ends_with("/constants.pkl")) && !any(contains("/code/")) &&
              !any(ends_with("/model.json")),
          "it is a TorchScript archive: {}", kSaveStateDict);
  require(any(ends_with(kPickle)),
          "its ZIP archive holds no data.pkl, so PyTorch did not write it; it holds {} (if one of "
          "these is the checkpoint, unpack it)",
          archive.entries().empty() ? "nothing" : some_names(archive));
}

// "NAME", which PyTorch makes of the name of the file.
std::string find_folder(const ZipArchive& archive) {
  require_saved(archive);
  std::string folder;
  for (const auto& [name, entry] : archive.entries()) {
    if (!name.ends_with(kPickle) || name.find('/') != name.size() - kPickle.size()) continue;
    require(folder.empty(), "its ZIP archive holds two checkpoints: {} and {}", printable(folder),
            printable(name));
    folder = name.substr(0, name.size() - kPickle.size());
  }
  require(!folder.empty(),
          "the data.pkl of its ZIP archive is not in a folder of its own: it holds {}",
          some_names(archive));
  return folder;
}

bool is_big_endian(const ZipArchive& archive, const std::string& folder) {
  const std::string name = folder + "/byteorder";
  if (archive.find(name) == nullptr) return false;  // before PyTorch 2.1
  ByteReader reader(archive.open(name));
  require(reader.remaining() <= 16, "its byte order is given by {} bytes", reader.remaining());
  const std::string order = reader.text(reader.remaining());
  require(order == "little" || order == "big", "its byte order is '{}'", printable(order));
  return order == "big";
}

}  // namespace

Contents read_zip_container(const SharedSource& file) {
  const ZipArchive archive(file);
  const std::string folder = find_folder(archive);
  const bool big_endian = is_big_endian(archive, folder);
  Contents contents;
  contents.container = "ZIP container (PyTorch 1.6 and later)";
  ByteReader reader(archive.open(folder + std::string(kPickle)));
  std::vector<PickleValue> persistent;
  contents.object = load_pickle(reader, *contents.heap, &persistent);

  std::map<std::string, std::shared_ptr<const Storage>> storages;
  for (const PickleValue value : persistent) {
    const PickleValue id = get_if<PicklePersistent>(value)->id;
    if (contents.outside.contains(id)) continue;
    const auto parsed = parse_storage_id(id);
    require(parsed.has_value() && !parsed->view,
            "its pickle refers to something outside that is no storage");
    std::shared_ptr<const Storage>& storage = storages[parsed->key];
    if (storage == nullptr) {
      const SharedSource bytes = archive.open(fmt::format("{}/data/{}", folder, parsed->key));
      const std::uint64_t size = parsed->type->size;
      require(bytes->size() % size == 0 && bytes->size() / size == parsed->count,
              "the storage '{}' has {} bytes where {} elements of {} are expected",
              printable(parsed->key), bytes->size(), parsed->count, size);
      storage = std::make_shared<Storage>(
          Storage{parsed->type, parsed->count, bytes, big_endian, parsed->location});
      contents.stored_elements += parsed->count;
    }
    require(storage->type == parsed->type && storage->count == parsed->count,
            "the storage '{}' is described in two ways", printable(parsed->key));
    contents.outside.emplace(id, storage);
  }
  return contents;
}

}  // namespace odin::pytorch

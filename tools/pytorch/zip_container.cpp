// The container of PyTorch 1.6 and later: a ZIP archive with NAME/data.pkl and NAME/data/KEY.
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

// "NAME", which PyTorch makes of the name of the file.
std::string find_folder(const ZipArchive& archive) {
  std::string folder;
  for (const auto& [name, entry] : archive.entries()) {
    if (!name.ends_with(kPickle) || name.find('/') != name.size() - kPickle.size()) continue;
    require(folder.empty(), "its ZIP archive holds two checkpoints: {} and {}", printable(folder),
            printable(name));
    folder = name.substr(0, name.size() - kPickle.size());
  }
  require(!folder.empty(), "its ZIP archive holds no data.pkl, so PyTorch did not write it");
  require(archive.find(folder + "/constants.pkl") == nullptr,
          "it is a TorchScript archive; save the network's state_dict() with torch.save instead");
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

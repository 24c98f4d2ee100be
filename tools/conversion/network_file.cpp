#include "tools/conversion/network_file.h"

#include <algorithm>
#include <utility>

#include "kernels/error.h"
#include "tools/archives/tar_archive.h"
#include "tools/archives/zip_archive.h"
#include "tools/conversion/known_network.h"
#include "tools/conversion/unwrap.h"
#include "tools/pytorch/container.h"
#include "tools/pytorch/find_network.h"
#include "tools/pytorch/saved_object.h"
#include "tools/tensors/safetensors.h"
#include "weights/files/file_kind.h"
#include "weights/files/printable.h"
#include "weights/files/signatures.h"
#include "weights/pickle/pickle_calls.h"
#include "weights/pickle/pickle_machine.h"

namespace odin::pytorch {
namespace {

// Whether a pickle holds tensors as pickle.dump writes them: each as a file of torch.save.
bool is_pickled_tensors(const SharedSource& file) {
  constexpr std::string_view kFunction = "_load_from_bytes";
  constexpr std::uint64_t kMostBegin = 1 << 16;
  std::string begin(static_cast<std::size_t>(std::min(file->size(), kMostBegin)), '\0');
  file->read(0, std::as_writable_bytes(std::span(begin)));
  return begin.find(kFunction) != std::string::npos;
}

// Says what a file is that begins like none of those that are read.
[[noreturn]] void refuse(const SharedSource& file) {
  require(file->size() > 0, "it is empty");
  require(!looks_like_hdf5(*file),
          "it is an HDF5 file, not a PyTorch file (is it already converted?)");
  if (const auto other = recognise_other_file(*file)) fail("{}", *other);
  require(
      !is_pickled_tensors(file),
      "it was written by pickle.dump, not by torch.save: load it in Python with pickle.load, and "
      "save the network's state_dict() with torch.save");
  Contents contents;
  ByteReader reader(file);
  std::string why;
  try {
    contents.object = load_pickle(reader, *contents.heap);
  } catch (const HarmfulCall&) {
    throw;
  } catch (const Error& error) {
    why = recognise_text(*file).value_or(error.what());
  }
  require(contents.object != nullptr, "it is not a file that PyTorch saved: {}", why);
  fail("it is not a file that PyTorch saved, but a pickle of {}: {}", describe(contents.object),
       why_no_network(contents, contents.object));
}

// What torch.save wrote, in any of its containers.
Contents read_contents(const SharedSource& file) {
  if (looks_like_zip(*file)) return read_zip_container(file);
  if (looks_like_tar(*file)) return read_tar_container(read_tar(file));
  if (looks_like_magic(file)) return read_magic_container(file);
  refuse(file);
}

}  // namespace

NetworkFile::NetworkFile(const SharedSource& file, const std::string& key) {
  const SharedSource inner = unwrap(file);
  if (looks_like_safetensors(*inner)) {
    container_ = "safetensors file";
    network_ = read_safetensors(inner);
    for (const NamedTensor& named : network_.tensors) {
      stored_elements_ += named.tensor.storage->count;
    }
    if (!key.empty()) {
      keep_prefix(network_, key);
      network_.kind += fmt::format(" under '{}'", printable(key));
    }
    return;
  }
  const Contents contents = read_contents(inner);
  container_ = contents.container;
  stored_elements_ = contents.stored_elements;
  network_ = find_network(contents, key);
}

Naming NetworkFile::naming() const {
  return name_parameters(network_.tensors);
}

Architecture NetworkFile::architecture() const {
  return architecture_of(network_);
}

ParameterMap NetworkFile::parameters() const {
  return parameters_of(network_, stored_elements_);
}

}  // namespace odin::pytorch
